//! The rules of this repository that the compiler cannot check, as ordinary tests over its files.
//!
//! Every rule is a function from a [`Tree`] to [`Finding`]s and lives in a file of its own together with a test that
//! shows it firing on a small bad sample; `tests/it/main.rs` holds the tree itself to each of them.
//! Why each rule exists stands in CONVENTIONS.md and ARCHITECTURE.md.

pub mod banned;
pub mod code;
pub mod features;
pub mod functions;
pub mod layers;
pub mod links;
pub mod names;
pub mod paths;
pub mod purity;
pub mod size;
mod tree;

pub use tree::{File, Finding, Tree};
