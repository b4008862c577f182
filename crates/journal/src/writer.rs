//! The writer: collects records, commits them as one block, rolls to the next segment.
//!
//! Invariants: a block is written only when everything before it is durable, or the setting is `Buffered`; a segment is begun
//! only when the one before is durable, whatever the setting; after a failed write, sync, create or rename the journal is
//! poisoned (a failed fsync may have dropped the data from memory while marking it clean, so trying again would lie).
//! Cost of a commit: one checksum over the bytes, one write, one fdatasync; no allocation once the buffer has grown. With
//! `Buffered` no commit waits for the disk: the change to the next segment goes on beside the commits (see `roll`).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::block::Builder;
use crate::disk::{Disk, DiskFile, RealDisk, write_all};
use crate::roll::Roll;
use crate::segment::{self, Header};
use crate::spare::Spare;
use crate::{Failure, Records, Snapshot, Snapshots, limits, recovery};

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// After the disk confirmed it: survives a power cut. The default.
    #[default]
    Fsync,
    /// After the operating system has it: survives a kill of the process. A power cut may lose what was committed since the
    /// last [`Journal::sync`] or the last new segment, from some command on; never anything before or between.
    Buffered,
}

/// When the next segment file is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preparation {
    /// In a thread of its own, while the present one fills: no commit waits for it.
    #[default]
    Ahead,
    /// When it is needed: the commit that needs it waits. For tests that count disk operations.
    OnDemand,
    /// As `Ahead`, but without threads: the file is made when it is first needed, and a change to the next segment is done
    /// one step per commit. For tests that stop between any two steps.
    Stepwise,
}

/// How a journal is kept.
#[derive(Clone, Debug)]
pub struct Config {
    /// When a commit counts as done.
    pub durability: Durability,
    /// Size of a segment file in bytes, clamped to [`limits::SEGMENT_LEN_MIN`] and [`limits::SEGMENT_LEN_MAX`]. A larger
    /// commit gets a larger segment.
    pub segment_len: u64,
    /// When the next segment file is made.
    pub preparation: Preparation,
    /// The file system.
    pub disk: Arc<dyn Disk>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            durability: Durability::Fsync,
            segment_len: limits::SEGMENT_LEN_DEFAULT,
            preparation: Preparation::Ahead,
            disk: Arc::new(RealDisk),
        }
    }
}

/// What [`Journal::open`] found.
#[derive(Debug)]
pub struct Recovery {
    /// The newest good snapshot; `None` when there is none yet.
    pub snapshot: Option<Snapshot>,
    /// Everything after it, checked already and durable.
    pub records: Records,
    /// What was cut off or passed over on the way. Worth a warning.
    pub notes: Vec<Note>,
}

/// Something that recovery put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A write had been interrupted. What followed number `after` was never acknowledged and is cut off.
    TornTail {
        /// The segment.
        path: PathBuf,
        /// Where it was cut, in bytes.
        offset: u64,
        /// The last number that stays.
        after: u64,
    },
    /// The newest segment was shorter than it was made: not by us, and no power cut does it. What it held behind number
    /// `after`, if anything, is gone.
    Shortened {
        /// The segment.
        path: PathBuf,
        /// The last number that is there.
        after: u64,
    },
    /// A snapshot was damaged; an older one and a longer tail were used.
    DamagedSnapshot {
        /// The snapshot.
        path: PathBuf,
    },
}

/// Where the next block goes.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) file: Box<dyn DiskFile>,
    pub(crate) path: PathBuf,
    pub(crate) at: usize,
    pub(crate) len: usize,
    pub(crate) link: u32,
    pub(crate) last_seq: u64,
}

impl Place {
    fn has_room_for(&self, block_len: usize) -> bool {
        block_len <= self.len - self.at
    }

    /// True when so much of the segment is used that the change to the next one should begin.
    fn is_almost_full(&self) -> bool {
        self.len - self.at < self.len / ROLL_AT_REST
    }

    /// Writes the block and moves behind it.
    fn write(&mut self, block: &mut Builder, durable_seq: u64) -> Result<(), Failure> {
        let bytes = block.finish(self.at, durable_seq);
        write_all(&*self.file, bytes, self.at as u64).map_err(|e| Failure::io("write", &self.path, e))?;
        self.at += bytes.len();
        Ok(())
    }
}

/// A change beside the commits begins when less than one part in so many of a segment is left: 4 MiB of the default, the work
/// of a tenth of a second at 200,000 commands a second, and the change takes a fifth of that.
const ROLL_AT_REST: usize = 4;

/// The writer of a journal directory. There must be one only: the caller holds a lock over the directory.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    config: Config,
    place: Place,
    block: Builder,
    last_seq: u64,
    written_seq: u64,
    durable_seq: Arc<AtomicU64>,
    spare: Option<Spare>,
    /// The change to the next segment that is under way beside the commits.
    roll: Option<Roll>,
    poison: Option<String>,
}

impl Journal {
    /// Opens the journal in `dir` (made when missing). Checks every record after the newest good snapshot, cuts off a torn
    /// tail, and writes and syncs again what may not have reached the disk, before any of it is used. Damage is refused
    /// without a change to any segment.
    pub fn open(dir: &Path, config: &Config) -> Result<(Self, Recovery), Failure> {
        let mut config = config.clone();
        config.segment_len = config.segment_len.clamp(limits::SEGMENT_LEN_MIN, limits::SEGMENT_LEN_MAX);
        let (place, recovery) = recovery::recover(&config, dir)?;
        let last_seq = place.last_seq;
        let mut journal = Self {
            dir: dir.to_owned(),
            block: Builder::new(last_seq + 1, place.link),
            place,
            last_seq,
            written_seq: last_seq,
            durable_seq: Arc::new(AtomicU64::new(last_seq)),
            spare: None,
            roll: None,
            poison: None,
            config,
        };
        journal.prepare_spare();
        Ok((journal, recovery))
    }

    /// Adds a record to the next commit. `seq` must be [`Journal::last_seq`] + 1, the payload at most
    /// [`limits::RECORD_LEN_MAX`] bytes and everything uncommitted at most [`limits::PENDING_LEN_MAX`], else
    /// [`Failure::Misuse`]. Nothing is written yet.
    pub fn append(&mut self, seq: u64, payload: &[u8]) -> Result<(), Failure> {
        self.check_poison()?;
        if seq != self.last_seq + 1 {
            return Err(Failure::Misuse("records are numbered without gaps"));
        }
        if payload.len() > limits::RECORD_LEN_MAX {
            return Err(Failure::Misuse("a record longer than RECORD_LEN_MAX"));
        }
        if self.block.len() + payload.len() > limits::PENDING_LEN_MAX {
            return Err(Failure::Misuse("more than PENDING_LEN_MAX bytes without a commit"));
        }
        self.block.push(seq, payload);
        self.last_seq = seq;
        Ok(())
    }

    /// Writes everything appended with one write, and with [`Durability::Fsync`] one sync; returns the last committed
    /// number. Only then may its records be acknowledged. After any failure the journal is poisoned for ever.
    pub fn commit(&mut self) -> Result<u64, Failure> {
        self.commit_to(self.config.durability)
    }

    /// [`Journal::commit`] with a sync whatever the setting: before a snapshot, and at shutdown.
    pub fn sync(&mut self) -> Result<u64, Failure> {
        self.commit_to(Durability::Fsync)
    }

    fn commit_to(&mut self, durability: Durability) -> Result<u64, Failure> {
        self.check_poison()?;
        let done = self.write_pending().and_then(|()| match durability {
            Durability::Fsync => self.end_roll().and_then(|()| self.sync_written()),
            Durability::Buffered => Ok(()),
        });
        match done {
            Ok(()) => Ok(self.written_seq),
            Err(failure) => {
                self.poison = Some(failure.to_string());
                Err(failure)
            }
        }
    }

    fn write_pending(&mut self) -> Result<(), Failure> {
        if self.block.is_empty() {
            return Ok(());
        }
        let len = self.block.len();
        if self.roll.as_mut().map_or(Ok(false), Roll::is_done)? {
            self.end_roll()?;
        }
        if !self.place.has_room_for(len) || self.roll.as_ref().is_some_and(|r| !r.next.has_room_for(len)) {
            self.end_roll()?;
        }
        if !self.place.has_room_for(len) {
            self.roll(len)?;
        } else if self.config.durability == Durability::Buffered
            && self.roll.is_none()
            && self.place.is_almost_full()
        {
            self.begin_roll(len)?;
        }
        let durable_seq = self.durable_seq.load(Ordering::Relaxed);
        self.place.write(&mut self.block, durable_seq)?;
        if let Some(roll) = &mut self.roll {
            roll.next.write(&mut self.block, durable_seq)?;
        }
        self.block.restart(self.last_seq + 1);
        self.written_seq = self.last_seq;
        Ok(())
    }

    /// Begins the change to the next segment beside the commits, if its file is there and can hold a block of `block_len`
    /// bytes; else the segment is filled up first.
    fn begin_roll(&mut self, block_len: usize) -> Result<(), Failure> {
        let segment_len = self.config.segment_len;
        if segment::len_for(block_len, segment_len) != segment_len {
            return Ok(());
        }
        let (disk, dir) = (&self.config.disk, &self.dir);
        let file = match self.config.preparation {
            Preparation::OnDemand => return Ok(()),
            Preparation::Stepwise => segment::prepare(&**disk, dir, segment_len)?,
            Preparation::Ahead if !self.spare.as_ref().is_some_and(Spare::is_made) => return Ok(()),
            Preparation::Ahead => match self.spare.take().and_then(Spare::take) {
                Some(Ok(file)) => file,
                Some(Err(_)) | None => return Ok(()),
            },
        };
        let header = Header { first_seq: self.written_seq + 1, segment_len, link: self.block.link() };
        let next = self.place_in(file, &header);
        self.roll = Some(Roll::begin(disk, dir, &self.place, next, header, self.config.preparation)?);
        Ok(())
    }

    /// Waits for the change to the next segment, if one is under way, and goes on there alone.
    fn end_roll(&mut self) -> Result<(), Failure> {
        let Some(mut roll) = self.roll.take() else { return Ok(()) };
        roll.wait()?;
        self.durable_seq.fetch_max(roll.boundary, Ordering::Release);
        let Place { file, path, at, len, link, last_seq } = &mut roll.next;
        std::mem::swap(file, &mut self.place.file);
        self.place.path = std::mem::take(path);
        (self.place.at, self.place.len, self.place.link, self.place.last_seq) = (*at, *len, *link, *last_seq);
        self.prepare_spare();
        Ok(())
    }

    fn place_in(&self, file: Box<dyn DiskFile>, header: &Header) -> Place {
        Place {
            file,
            path: segment::path(&self.dir, header.first_seq),
            at: segment::BLOCKS_START,
            len: usize::try_from(header.segment_len)
                .expect("no larger than PENDING_LEN_MAX or SEGMENT_LEN_MAX"),
            link: header.link,
            last_seq: header.first_seq - 1,
        }
    }

    fn sync_written(&mut self) -> Result<(), Failure> {
        // Only this thread stores, so a relaxed load sees its own last store.
        if self.durable_seq.load(Ordering::Relaxed) < self.written_seq {
            self.place.file.sync().map_err(|e| Failure::io("sync", &self.place.path, e))?;
            self.durable_seq.store(self.written_seq, Ordering::Release);
        }
        Ok(())
    }

    /// Begins the next segment, which must hold a block of `block_len` bytes.
    fn roll(&mut self, block_len: usize) -> Result<(), Failure> {
        self.sync_written()?;
        let (disk, dir) = (&*self.config.disk, &*self.dir);
        let segment_len = segment::len_for(block_len, self.config.segment_len);
        let ready = self.spare.take().and_then(Spare::take);
        let file = match ready {
            // The thread may have failed for lack of space that is there now.
            Some(Ok(file)) if segment_len == self.config.segment_len => file,
            _ => segment::prepare(disk, dir, segment_len)?,
        };
        let first_seq = self.written_seq + 1;
        let header = Header { first_seq, segment_len, link: self.block.link() };
        segment::adopt(disk, dir, &*file, header)?;
        self.place = self.place_in(file, &header);
        self.prepare_spare();
        Ok(())
    }

    fn prepare_spare(&mut self) {
        if self.config.preparation == Preparation::Ahead {
            self.spare = Some(Spare::start(&self.config.disk, &self.dir, self.config.segment_len));
        }
    }

    fn check_poison(&self) -> Result<(), Failure> {
        match &self.poison {
            None => Ok(()),
            Some(reason) => Err(Failure::Poisoned { reason: reason.clone() }),
        }
    }

    /// The number of the last appended record, committed or not; 0 when there was never one.
    #[must_use]
    pub const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The last number that the disk has confirmed.
    #[must_use]
    pub fn durable_seq(&self) -> u64 {
        self.durable_seq.load(Ordering::Relaxed)
    }

    /// Bytes that can certainly be committed without waiting for disk space. Small for long means that the next segment file
    /// cannot be made ([`Journal::retry`]): a caller that refuses new work in time never meets a full disk in a commit. Cheap.
    #[must_use]
    pub fn room(&self) -> u64 {
        let place = self.roll.as_ref().map_or(&self.place, |roll| &roll.next);
        let here = (place.len - place.at).saturating_sub(self.block.len()) as u64;
        let more = self.spare.as_ref().is_some_and(Spare::is_made);
        if more { here + self.config.segment_len } else { here }
    }

    /// True when the next segment file could not be made and is not being tried again at this moment.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.roll.is_none() && self.spare.as_ref().is_some_and(Spare::has_failed)
    }

    /// Tries again to make the next segment file, if that has failed. Does not wait for it.
    pub fn retry(&mut self) {
        if self.spare.as_ref().is_some_and(Spare::has_failed) {
            self.prepare_spare();
        }
    }

    /// Writes snapshots and prunes, from any thread.
    #[must_use]
    pub fn snapshots(&self) -> Snapshots {
        Snapshots::new(&self.config.disk, &self.dir, &self.durable_seq)
    }
}
