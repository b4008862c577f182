//! How good a forecast was: rolling origins, scores, and each score beside that of the naive forecast.

mod score;
mod walk;

pub use score::{Report, Scores, compare, scores};
pub use walk::{Origin, Walk, WalkError, walk};
