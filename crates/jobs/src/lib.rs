//! Long work beside the requests: back-tests, sweeps, training, exports.
//!
//! A job is a row of the store's queue. [`Queue`] puts it there; [`Workers`] of any process that knows its kind take it,
//! hold a lease on it while they work, write its progress, and end it. What the crate promises:
//!
//! * a job is in the hands of one worker at a time; one whose worker died is taken again, or marked as crashed when it was
//!   taken as often as it may be; what a worker does after its lease is lost does not count;
//! * cancelling reaches a running job of the same process at once, one of another process within one renewal of its lease;
//! * stopping the workers gives running jobs back to the queue, without costing an attempt.
//!
//! Work must look at [`Task::must_end`] now and then; work that computes for long belongs on a blocking thread.

mod queue;
mod task;
mod workers;

pub use queue::Queue;
pub use task::{Ending, Outcome, Task};
pub use workers::{Timing, Work, Workers};
