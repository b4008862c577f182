//! The next segment file, made by a thread of its own so that no commit waits for megabytes of zeros.
//!
//! One thread per file, ended when the file is there. Dropping waits for it, so that a later opener of the directory never
//! meets a writer from before.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::disk::{Disk, DiskFile};
use crate::{Failure, segment};

type Prepared = Result<Box<dyn DiskFile>, Failure>;

/// A file that is being made, or was made.
#[derive(Debug)]
pub(crate) struct Spare {
    thread: Option<JoinHandle<Prepared>>,
    made: Arc<AtomicBool>,
}

impl Spare {
    /// Starts to make a file of `len` bytes. Where no thread can be had there is none, and the file is made when needed.
    pub(crate) fn start(disk: &Arc<dyn Disk>, dir: &Path, len: u64) -> Self {
        let (disk, dir, made) = (Arc::clone(disk), dir.to_owned(), Arc::new(AtomicBool::new(false)));
        let told = Arc::clone(&made);
        let work = move || {
            let prepared = segment::prepare(&*disk, &dir, len);
            told.store(prepared.is_ok(), Ordering::Release);
            prepared
        };
        Self { thread: std::thread::Builder::new().name("journal-spare".into()).spawn(work).ok(), made }
    }

    /// True when [`Spare::take`] will give a file without waiting.
    pub(crate) fn is_made(&self) -> bool {
        self.made.load(Ordering::Acquire)
    }

    /// True when no file came or will come.
    pub(crate) fn has_failed(&self) -> bool {
        !self.is_made() && self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// The file, or why there is none; waits for the thread. `None` without a thread.
    pub(crate) fn take(mut self) -> Option<Prepared> {
        self.thread.take().and_then(|thread| thread.join().ok())
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been printed; the file is simply not there.
            let _ = thread.join();
        }
    }
}
