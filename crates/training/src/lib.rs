//! Layer 4: models as things that are trained, kept, compared and asked.
//!
//! * [`Request`] says what to train on which bars; [`run()`] carries it out: search, hold-out evaluation, final training.
//! * [`Queue`] runs requests on threads of its own, a few at once, with priorities, time limits, cancellation and a memory bound;
//!   what it does is on disk, so that a crash leaves an interrupted job and not a riddle.
//! * [`Registry`] keeps every version of every model with its data window, parameters, scores, code version and content hash.
//! * [`Predictor`] answers from models that are loaded once, in batches, with a cache.
//!
//! Bars come from a [`BarSource`]; whoever puts the program together chooses it. Forbids the import of drivers and venues.

pub mod limits;
mod memory;
mod predict;
mod queue;
mod registry;
mod request;
mod run;
mod search;

pub use memory::{Memory, memory};
pub use predict::{Answer, Ask, PredictError, Predictor, Statistics};
pub use queue::{Job, JobError, JobState, Queue, QueueLimits};
pub use registry::{Metrics, Record, Registry, RegistryError, TrialRecord, model_id};
pub use request::{BarSource, Choice, Request, RequestError};
pub use run::{Control, Outcome, Progress, RunError, evaluate, run, score};
