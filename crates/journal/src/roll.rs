//! Changing to the next segment while commits go on, for the setting `Buffered`.
//!
//! A segment may only begin when everything before it is durable, which takes a sync of megabytes and three more of the disk's
//! round trips. Without a roll of this kind the commit that fills a segment would wait for all of it (measured: 10 to 20 ms).
//! So the change begins early, at a *boundary* in the last quarter of a segment, and is done beside the commits: the old
//! segment is synced, the spare file gets its header, its name and its place in the directory. Meanwhile every block is written
//! to both: into the old segment, where a killed process finds it, and into the new one, where it will stay. When the change is
//! done the writer goes on in the new segment alone; what the old one holds behind the boundary is surplus, and readers leave a
//! segment where the next one begins.
//!
//! Invariant, the same as without: a file under a segment's name has its header, and everything before its first number is
//! durable. A power cut in between finds the old segment and, at most, a spare file without a name.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::disk::{Access, Disk, DiskFile};
use crate::segment::{self, Header, SPARE_NAME};
use crate::writer::Place;
use crate::{Failure, Preparation};

/// A change that is under way.
#[derive(Debug)]
pub(crate) struct Roll {
    /// Where the next block goes in the new segment.
    pub(crate) next: Place,
    /// The last number before it.
    pub(crate) boundary: u64,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Thread {
        thread: Option<JoinHandle<Result<(), Failure>>>,
        done: Arc<AtomicBool>,
    },
    Steps(Adoption),
    /// Was waited for already.
    Ended,
}

impl Roll {
    /// Begins to turn the spare file into the segment behind `old`. `next.file` writes to that same file. Opens both files
    /// once more, for the work beside the commits.
    pub(crate) fn begin(
        disk: &Arc<dyn Disk>,
        dir: &Path,
        old: &Place,
        next: Place,
        header: Header,
        how: Preparation,
    ) -> Result<Self, Failure> {
        let spare = dir.join(SPARE_NAME);
        let open = |path: &Path| disk.open(path, Access::Write).map_err(|e| Failure::io("open", path, e));
        let mut adoption = Adoption {
            disk: Arc::clone(disk),
            dir: dir.to_owned(),
            old: (open(&old.path)?, old.path.clone()),
            new: open(&spare)?,
            header,
            done: 0,
        };
        let boundary = header.first_seq - 1;
        let done = Arc::new(AtomicBool::new(false));
        let work = if how == Preparation::Stepwise {
            Work::Steps(adoption)
        } else {
            let told = Arc::clone(&done);
            let work = move || {
                let outcome = adoption.run();
                told.store(true, Ordering::Release);
                outcome
            };
            let thread = std::thread::Builder::new().name("journal-roll".into()).spawn(work);
            let thread = thread.map_err(|e| Failure::io("start a thread for", &spare, e))?;
            Work::Thread { thread: Some(thread), done }
        };
        Ok(Self { next, boundary, work })
    }

    /// True when the change is done; with `Stepwise` does one more step of it.
    pub(crate) fn is_done(&mut self) -> Result<bool, Failure> {
        match &mut self.work {
            Work::Thread { done, .. } if !done.load(Ordering::Acquire) => Ok(false),
            Work::Thread { .. } => self.wait().map(|()| true),
            Work::Steps(adoption) => adoption.step(),
            Work::Ended => Ok(true),
        }
    }

    /// Waits until the change is done.
    pub(crate) fn wait(&mut self) -> Result<(), Failure> {
        match std::mem::replace(&mut self.work, Work::Ended) {
            Work::Thread { mut thread, .. } => match thread.take().map(JoinHandle::join) {
                Some(Ok(outcome)) => outcome,
                // Its panic has been printed. What it left undone is unknown.
                Some(Err(_)) | None => {
                    Err(Failure::Misuse("the change to the next segment was never finished"))
                }
            },
            Work::Steps(mut adoption) => adoption.run(),
            Work::Ended => Ok(()),
        }
    }
}

impl Drop for Roll {
    fn drop(&mut self) {
        // So that a later opener of the directory never meets a writer from before.
        if let Work::Thread { thread, .. } = &mut self.work {
            let _ = thread.take().map(JoinHandle::join);
        }
    }
}

/// The work, in the order that the invariant asks for.
#[derive(Debug)]
struct Adoption {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    old: (Box<dyn DiskFile>, PathBuf),
    new: Box<dyn DiskFile>,
    header: Header,
    done: u8,
}

impl Adoption {
    /// One step; true when it was the last.
    fn step(&mut self) -> Result<bool, Failure> {
        match self.done {
            0 => self.old.0.sync().map_err(|e| Failure::io("sync", &self.old.1, e))?,
            1 => segment::put_header(&self.dir, &*self.new, self.header)?,
            2 => segment::put_name(&*self.disk, &self.dir, self.header.first_seq)?,
            _ => return Ok(true),
        }
        self.done += 1;
        Ok(self.done > 2)
    }

    fn run(&mut self) -> Result<(), Failure> {
        while !self.step()? {}
        Ok(())
    }
}
