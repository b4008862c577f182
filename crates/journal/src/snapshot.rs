//! Snapshots: the state after a command, so that recovery need not start at the first one.
//!
//! ```text
//! 0 magic [u8; 8] · 8 version u32 · 12 body crc u32 · 16 seq u64 · 24 body_len u64 · 32 crc u32 (of bytes 0..32) · body
//! ```
//! A snapshot is written under a temporary name, synced, renamed, and the directory synced: a file under a snapshot's
//! name was complete once. It is only ever made of what is durable in the journal, so it also proves that its number was.
//! Writing and pruning never touch the newest segment or the spare, so they need no lock against the journal's writer;
//! among clones of one [`Snapshots`] they take turns.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::block::{u32_at, u64_at};
use crate::disk::{Access, Disk, read_all, write_all};
use crate::{Failure, limits, segment};

/// A snapshot while it is written.
pub(crate) const TEMPORARY_NAME: &str = "snapshot.tmp";
const MAGIC: [u8; 8] = *b"TWsnap\r\n";
const VERSION: u32 = 1;
const HEADER_LEN: usize = 36;

/// A state and the number of the last command it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last command in it.
    pub seq: u64,
    /// The state, in the caller's format.
    pub bytes: Vec<u8>,
}

/// Writes and prunes snapshots. Cheap to clone, and may be used from another thread than the journal's.
#[derive(Clone, Debug)]
pub struct Snapshots {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    durable_seq: Arc<AtomicU64>,
    /// Held while files are changed. Two calls at once would share the temporary name.
    turn: Arc<Mutex<()>>,
}

impl Snapshots {
    pub(crate) fn new(disk: &Arc<dyn Disk>, dir: &Path, durable_seq: &Arc<AtomicU64>) -> Self {
        Self {
            disk: Arc::clone(disk),
            dir: dir.to_owned(),
            durable_seq: Arc::clone(durable_seq),
            turn: Arc::default(),
        }
    }

    /// Stores the state after command `seq`, durably. `seq` must be durable already ([`crate::Journal::durable_seq`]) and
    /// `bytes` at most [`limits::SNAPSHOT_LEN_MAX`], else [`Failure::Misuse`]. A failure leaves the older snapshots and the
    /// journal as they were, and may be tried again.
    pub fn write(&self, seq: u64, bytes: &[u8]) -> Result<(), Failure> {
        if seq > self.durable_seq.load(Ordering::Acquire) {
            return Err(Failure::Misuse("a snapshot of something not durable"));
        }
        if bytes.len() as u64 > limits::SNAPSHOT_LEN_MAX {
            return Err(Failure::Misuse("a snapshot longer than SNAPSHOT_LEN_MAX"));
        }
        // The lock guards files, not memory: a panic of another holder left nothing half-changed that matters.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (temporary, path) = (self.dir.join(TEMPORARY_NAME), path(&self.dir, seq));
        let disk = &*self.disk;
        let file = disk.open(&temporary, Access::Create).map_err(|e| Failure::io("create", &temporary, e))?;
        write_all(&*file, &header(seq, bytes), 0)
            .and_then(|()| write_all(&*file, bytes, HEADER_LEN as u64))
            .and_then(|()| file.sync())
            .map_err(|e| {
                // On a full disk half a file would only take what others need. If this fails too, the next opener does it.
                let _ = disk.remove(&temporary);
                Failure::io("write", &temporary, e)
            })?;
        disk.rename(&temporary, &path).map_err(|e| Failure::io("rename", &path, e))?;
        disk.sync_dir(&self.dir).map_err(|e| Failure::io("sync", &self.dir, e))
    }

    /// Keeps the newest `keep` (at least 1) snapshots and removes older ones, and the segments that only recovery from those
    /// would need. The kept ones are read and checked first. Does nothing while there are fewer than `keep` good ones, so a
    /// damaged newest snapshot can always fall back.
    pub fn prune(&self, keep: usize) -> Result<(), Failure> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let disk = &*self.disk;
        let names = disk.list(&self.dir).map_err(|e| Failure::io("list", &self.dir, e))?;
        let snapshots = in_names(&names);
        let Some(oldest_kept) = self.oldest_kept(&snapshots, keep.max(1))? else { return Ok(()) };
        let remove = |path: &Path| disk.remove(path).map_err(|e| Failure::io("remove", path, e));
        let old = snapshots.iter().take_while(|seq| **seq < oldest_kept);
        old.map(|seq| path(&self.dir, *seq)).try_for_each(|old| remove(&old))?;
        disk.sync_dir(&self.dir).map_err(|e| Failure::io("sync", &self.dir, e))?;
        // A segment is covered when the next one starts no later than recovery does. Oldest first: no gap at any moment.
        let segments = segment::in_names(&names);
        let covered = segments.windows(2).take_while(|pair| pair[1] <= oldest_kept + 1);
        covered.map(|pair| segment::path(&self.dir, pair[0])).try_for_each(|old| remove(&old))?;
        disk.sync_dir(&self.dir).map_err(|e| Failure::io("sync", &self.dir, e))
    }

    /// The oldest of the newest `keep` good ones; `None` when there are fewer.
    fn oldest_kept(&self, snapshots: &[u64], keep: usize) -> Result<Option<u64>, Failure> {
        let mut good = 0;
        for seq in snapshots.iter().rev() {
            good += usize::from(load(&*self.disk, &self.dir, *seq)?.is_some());
            if good == keep {
                return Ok(Some(*seq));
            }
        }
        Ok(None)
    }
}

/// The file of the snapshot after `seq`.
pub(crate) fn path(dir: &Path, seq: u64) -> PathBuf {
    dir.join(format!("snapshot-{seq:020}.bin"))
}

/// The numbers of all snapshots in `names`, rising.
pub(crate) fn in_names(names: &[String]) -> Vec<u64> {
    let mut found: Vec<u64> = names.iter().filter_map(|n| segment::number(n, "snapshot-", ".bin")).collect();
    found.sort_unstable();
    found
}

/// Reads a snapshot; `None` when it is damaged. A version of the future is a failure, not damage.
pub(crate) fn load(disk: &dyn Disk, dir: &Path, seq: u64) -> Result<Option<Snapshot>, Failure> {
    let path = path(dir, seq);
    let file = disk.open(&path, Access::Read).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Failure::Pruned { path: path.clone() },
        _ => Failure::io("open", &path, e),
    })?;
    let mut bytes = Vec::new();
    let len_max = limits::SNAPSHOT_LEN_MAX + HEADER_LEN as u64;
    read_all(&*file, len_max, &mut bytes).map_err(|e| Failure::io("read", &path, e))?;
    let Some((head, body)) = bytes.split_first_chunk::<HEADER_LEN>() else { return Ok(None) };
    if head[..8] != MAGIC || u32_at(head, 32) != Some(crc32c::crc32c(&head[..32])) {
        return Ok(None);
    }
    let version = u32_at(head, 8).unwrap_or_default();
    if version != VERSION {
        return Err(Failure::Version { path, version });
    }
    let fits = u64_at(head, 16) == Some(seq)
        && u64_at(head, 24) == Some(body.len() as u64)
        && u32_at(head, 12) == Some(crc32c::crc32c(body));
    bytes.drain(..HEADER_LEN);
    Ok(fits.then_some(Snapshot { seq, bytes }))
}

fn header(seq: u64, body: &[u8]) -> [u8; HEADER_LEN] {
    let mut out = [0; HEADER_LEN];
    out[..8].copy_from_slice(&MAGIC);
    out[8..12].copy_from_slice(&VERSION.to_le_bytes());
    out[12..16].copy_from_slice(&crc32c::crc32c(body).to_le_bytes());
    out[16..24].copy_from_slice(&seq.to_le_bytes());
    out[24..32].copy_from_slice(&(body.len() as u64).to_le_bytes());
    let crc = crc32c::crc32c(&out[..32]);
    out[32..].copy_from_slice(&crc.to_le_bytes());
    out
}
