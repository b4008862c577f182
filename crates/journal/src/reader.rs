//! Reading a journal without changing it: for `verify`, for audits, while a server is running or not.

use std::path::Path;
use std::sync::Arc;

use crate::disk::{Disk, RealDisk};
use crate::records::{Records, Span, Tail};
use crate::recovery::{from, list, newest_good, proven};
use crate::snapshot::{self, Snapshot};
use crate::writer::Note;
use crate::{Failure, segment};

/// Where a reader starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// At the first record of all if it is still there, else at the oldest snapshot, which must be good.
    Oldest,
    /// At the newest good snapshot, as recovery does.
    Newest,
    /// At the newest good snapshot from before this number, else at the first record of all.
    Before(u64),
}

/// A read-only view of a journal directory: a state and the records after it.
///
/// Safe beside a running server: it changes nothing, and with [`Tail::Growing`] ends before what is being written. When
/// the server prunes what is being read, [`Failure::Pruned`] asks to start again.
#[derive(Debug)]
pub struct Reader {
    /// The state to start from; `None` for the very beginning.
    pub snapshot: Option<Snapshot>,
    /// Everything after it.
    pub records: Records,
    /// Damaged snapshots that were passed over.
    pub notes: Vec<Note>,
}

impl Reader {
    /// Opens `dir` for reading. Says [`Failure::Missing`] where there is no journal.
    pub fn open(dir: &Path, start: From, tail: Tail) -> Result<Self, Failure> {
        Self::open_on(&(Arc::new(RealDisk) as Arc<dyn Disk>), dir, start, tail)
    }

    /// [`Reader::open`] on another file system.
    pub fn open_on(disk: &Arc<dyn Disk>, dir: &Path, start: From, tail: Tail) -> Result<Self, Failure> {
        let names = list(&**disk, dir)?;
        let segments = segment::in_names(&names);
        let mut notes = Vec::new();
        let snapshot = match start {
            From::Newest => newest_good(&**disk, dir, &names, &mut notes)?,
            From::Before(seq) => {
                let older = |name: &&String| {
                    snapshot::in_names(std::slice::from_ref(*name)).first().is_none_or(|at| *at < seq)
                };
                let names: Vec<String> = names.iter().filter(older).cloned().collect();
                newest_good(&**disk, dir, &names, &mut notes)?
            }
            From::Oldest if segments.first() == Some(&1) => None,
            From::Oldest => oldest(&**disk, dir, &names)?,
        };
        let after = snapshot.as_ref().map_or(0, |s| s.seq);
        let needed = from(dir, &segments, after, !notes.is_empty())?;
        let span = Span { after, until: u64::MAX, proven: proven(&names), tail };
        Ok(Self { snapshot, records: Records::start(disk, dir, needed, span)?, notes })
    }
}

fn oldest(disk: &dyn Disk, dir: &Path, names: &[String]) -> Result<Option<Snapshot>, Failure> {
    let Some(seq) = snapshot::in_names(names).first().copied() else { return Ok(None) };
    let damaged = || Failure::Corrupt {
        path: snapshot::path(dir, seq),
        offset: 0,
        seq: seq + 1,
        what: "a snapshot whose checksum does not fit",
    };
    snapshot::load(disk, dir, seq)?.ok_or_else(damaged).map(Some)
}
