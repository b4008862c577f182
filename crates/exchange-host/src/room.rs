//! Whether there is disk space for new commands.
//!
//! A commit that meets a full disk stops the exchange for good (D1). So new commands are refused while there is still space:
//! the segment at hand is made in advance, and what is left in it and on the file system is watched. Cancels, amendments and
//! the operator's halt go on, because they are small and what somebody needs most then. The state ends by itself when there is
//! space again. Cost: one call of the system every [`LOOK_EVERY`] while commands come.

use std::path::{Path, PathBuf};
use std::time::Duration;

use journal::Journal;
use types::Command;

use crate::limits::{DISK_ENOUGH, DISK_LOW, JOURNAL_ENOUGH, JOURNAL_LAST};

/// How often the file system is asked.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What was seen last.
#[derive(Debug)]
pub(crate) struct Room {
    dir: PathBuf,
    free: fn(&Path) -> Option<u64>,
    /// Space in ready segments that is enough for new commands.
    enough: u64,
    looked: Option<Duration>,
    low: bool,
}

/// Bytes that the journal and the file system have left.
#[derive(Clone, Copy, Debug)]
struct Left {
    /// On the file system; `None` where it does not tell.
    disk: Option<u64>,
    /// In segments that are made already.
    journal: u64,
    /// No further segment could be made.
    stuck: bool,
}

impl Room {
    /// Watches the file system of `dir`; segments have `segment_len` bytes.
    pub(crate) fn new(dir: PathBuf, segment_len: u64) -> Self {
        Self { dir, free: free_bytes, enough: JOURNAL_ENOUGH.min(segment_len), looked: None, low: false }
    }

    /// True while only small commands are taken in.
    pub(crate) const fn is_low(&self) -> bool {
        self.low
    }

    /// Looks again if it is time; true if the answer changed. `now` is monotonic.
    pub(crate) fn look(&mut self, now: Duration, journal: &mut Journal) -> bool {
        if self.looked.is_some_and(|at| now < at + LOOK_EVERY) {
            return false;
        }
        self.looked = Some(now);
        if self.low {
            journal.retry();
        }
        let disk = (self.free)(&self.dir);
        self.judge(Left { disk, journal: journal.room(), stuck: journal.is_stuck() })
    }

    fn judge(&mut self, left: Left) -> bool {
        let was = self.low;
        self.low = if was {
            // Not before there is clearly enough, so that it does not change with every command.
            left.stuck || left.disk.is_some_and(|free| free < DISK_ENOUGH) || left.journal < self.enough
        } else {
            left.disk.is_some_and(|free| free < DISK_LOW) || (left.stuck && left.journal < self.enough)
        };
        was != self.low
    }

    /// Whether a command may be taken in.
    pub(crate) fn admits(&self, command: &Command, journal: &Journal) -> bool {
        let short = self.low || (journal.is_stuck() && journal.room() < self.enough);
        !short || (is_small(command) && journal.room() >= JOURNAL_LAST)
    }
}

/// Commands that make the exchange smaller or calmer, and are some hundred bytes.
const fn is_small(command: &Command) -> bool {
    matches!(
        command,
        Command::Cancel(_)
            | Command::CancelAll { .. }
            | Command::CancelList { .. }
            | Command::Amend { .. }
            | Command::SetTrading { .. }
    )
}

/// What a process without privileges may still write to the file system of `path`, in bytes.
fn free_bytes(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_seen_early_and_the_end_of_it_late() {
        let mut room = Room::new(PathBuf::from("."), 16 << 20);
        let plenty = Left { disk: Some(1 << 40), journal: 32 << 20, stuck: false };
        for (left, low) in [
            (plenty, false),
            (Left { disk: None, ..plenty }, false),
            (Left { disk: Some(DISK_LOW - 1), ..plenty }, true),
            // A little more is not enough to change back.
            (Left { disk: Some(DISK_LOW + 1), ..plenty }, true),
            (Left { disk: Some(DISK_ENOUGH), ..plenty }, false),
            // The next segment is only late: commits wait for it, nobody is refused.
            (Left { journal: 0, ..plenty }, false),
            (Left { journal: JOURNAL_ENOUGH, stuck: true, ..plenty }, false),
            (Left { journal: JOURNAL_ENOUGH - 1, stuck: true, ..plenty }, true),
            (Left { journal: JOURNAL_ENOUGH - 1, ..plenty }, true),
            (plenty, false),
        ] {
            let before = room.is_low();
            assert_eq!(room.judge(left), before != low, "{left:?}");
            assert_eq!(room.is_low(), low, "{left:?}");
        }
    }

    #[test]
    fn the_file_system_tells_what_is_left() {
        let dir = tempfile::tempdir().unwrap();
        assert!(free_bytes(dir.path()).is_some_and(|free| free > 0));
        assert_eq!(free_bytes(&dir.path().join("nothing")), None);
    }
}
