//! Layer 4: models as things that are trained, kept, compared and asked.
//!
//! * [`Request`] says what to train on which bars; [`run()`] carries it out: search, hold-out evaluation, final training.
//! * [`Steering`] ends a training that somebody cancels or that takes too long, and lets it pause while memory is short. Who trains
//!   when is the business of the jobs' queue.
//! * [`Registry`] keeps every version of every model with its data window, parameters, scores, code version and content hash.
//! * [`Predictor`] answers from models that are loaded once, in batches, with a cache.
//!
//! Bars come from a [`BarSource`]; whoever puts the program together chooses it. Forbids the import of drivers and venues.

pub mod limits;
mod memory;
mod predict;
mod registry;
mod request;
mod run;
mod search;
mod steer;

pub use memory::{Memory, memory};
pub use predict::{Answer, Ask, PredictError, Predictor, Statistics};
pub use registry::{Metrics, Record, Registry, RegistryError, TrialRecord, model_id};
pub use request::{BarSource, Choice, Request, RequestError};
pub use run::{Control, Outcome, Progress, RunError, evaluate, run, score};
pub use steer::Steering;
