//! What one group commit made durable, as everybody downstream gets it.

use std::sync::Arc;

use types::{Event, Time};

/// The effects of one group commit: durable, in order, views already updated. Cheap to clone behind its `Arc`.
#[derive(Debug)]
pub struct Batch {
    /// One entry per command that took effect, `seq` rising by one (also from batch to batch).
    pub applied: Vec<Applied>,
}

/// One command's effect.
#[derive(Clone, Debug)]
pub struct Applied {
    /// When the command was taken in.
    pub at: Time,
    /// Its number in the log.
    pub seq: u64,
    /// What happened, in order.
    pub events: Arc<[Event]>,
}

impl Applied {
    /// The same as history takes it.
    pub(crate) fn as_fed(&self) -> history::Applied<'_> {
        history::Applied { seq: self.seq, at: self.at, events: &self.events }
    }
}
