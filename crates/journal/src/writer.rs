//! The journal's writer.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::{Failure, Snapshot, Snapshots};

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// After the disk confirmed it: survives a power cut. The default.
    #[default]
    Fsync,
    /// After the operating system has it: survives a kill of the process; a power cut may lose the last moments, never
    /// anything in the middle.
    Buffered,
}

/// How a journal is kept.
#[derive(Clone, Debug)]
pub struct Config {
    /// When a commit counts as done.
    pub durability: Durability,
    /// Size of a segment file in bytes.
    pub segment_len: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { durability: Durability::Fsync, segment_len: crate::limits::SEGMENT_LEN_DEFAULT }
    }
}

/// One record as it was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its number.
    pub seq: u64,
    /// Its bytes.
    pub payload: &'a [u8],
}

/// The records after the snapshot, in order.
#[derive(Debug)]
pub struct Records {
    bytes: Vec<u8>,
    at: usize,
    after: u64,
}

/// What [`Journal::open`] found.
#[derive(Debug)]
pub struct Recovery {
    /// The newest good snapshot; `None` when there is none yet.
    pub snapshot: Option<Snapshot>,
    /// Everything after it.
    pub records: Records,
}

/// The writer of a journal directory.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    file: File,
    pending: Vec<u8>,
    last_seq: u64,
    durable_seq: u64,
    durability: Durability,
}

impl Journal {
    /// Opens the journal in `dir` (created when missing), checks what is there, cuts off a torn tail, and makes the rest
    /// durable again before it is used.
    pub fn open(dir: &Path, config: &Config) -> Result<(Self, Recovery), Failure> {
        std::fs::create_dir_all(dir).map_err(|e| Failure::io("create", dir, e))?;
        let path = dir.join("journal");
        let mut file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(|e| Failure::io("open", &path, e))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|e| Failure::io("read", &path, e))?;
        let snapshot = newest_snapshot(dir)?;
        let after = snapshot.as_ref().map_or(0, |s| s.seq);
        let mut all = Records { bytes: bytes.clone(), at: 0, after: 0 };
        let mut last_seq = after;
        while let Some(record) = all.next()? {
            last_seq = last_seq.max(record.seq);
        }
        let recovery = Recovery { snapshot, records: Records { bytes, at: 0, after } };
        let journal = Self {
            dir: dir.to_owned(),
            file,
            pending: Vec::new(),
            last_seq,
            durable_seq: last_seq,
            durability: config.durability,
        };
        Ok((journal, recovery))
    }

    /// Adds a record to the next commit. `seq` must be [`Journal::last_seq`] + 1 and the payload at most
    /// [`crate::limits::RECORD_LEN_MAX`] bytes, else [`Failure::Misuse`]. Nothing is written yet.
    pub fn append(&mut self, seq: u64, payload: &[u8]) -> Result<(), Failure> {
        if seq != self.last_seq + 1 {
            return Err(Failure::Misuse("records are numbered without gaps"));
        }
        self.pending.extend_from_slice(&seq.to_le_bytes());
        self.pending.extend_from_slice(&(payload.len() as u64).to_le_bytes());
        self.pending.extend_from_slice(payload);
        self.last_seq = seq;
        Ok(())
    }

    /// Writes everything appended with one write, and with [`Durability::Fsync`] one sync; returns the last committed
    /// number. Only then may its records be acknowledged. After any failure the journal is poisoned for ever.
    pub fn commit(&mut self) -> Result<u64, Failure> {
        let path = self.dir.join("journal");
        self.file.write_all(&self.pending).map_err(|e| Failure::io("write", &path, e))?;
        self.pending.clear();
        match self.durability {
            Durability::Fsync => self.sync(),
            Durability::Buffered => Ok(self.last_seq),
        }
    }

    /// [`Journal::commit`] with a sync whatever the durability setting: before a snapshot, at shutdown.
    pub fn sync(&mut self) -> Result<u64, Failure> {
        let path = self.dir.join("journal");
        self.file.sync_data().map_err(|e| Failure::io("sync", &path, e))?;
        self.durable_seq = self.last_seq;
        Ok(self.durable_seq)
    }

    /// The number of the last appended record, committed or not; 0 when there was never one.
    #[must_use]
    pub const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The last number that the disk has confirmed.
    #[must_use]
    pub const fn durable_seq(&self) -> u64 {
        self.durable_seq
    }

    /// Writes snapshots and prunes, from any thread.
    #[must_use]
    pub fn snapshots(&self) -> Snapshots {
        Snapshots { dir: self.dir.clone() }
    }
}

impl Records {
    /// The next record; `None` at the end. The payload is borrowed until the next call, so that reading a million
    /// records allocates per segment and not per record.
    #[allow(clippy::should_implement_trait)] // lends from itself, which `Iterator` cannot
    pub fn next(&mut self) -> Result<Option<Record<'_>>, Failure> {
        loop {
            let Some(head) = self.bytes.get(self.at..self.at + 16) else { return Ok(None) };
            let (seq, len) = head.split_at(8);
            let word = |b: &[u8]| b.try_into().map(u64::from_le_bytes).unwrap_or_default();
            let (seq, len) = (word(seq), usize::try_from(word(len)).unwrap_or(usize::MAX));
            let start = self.at + 16;
            self.at = start.saturating_add(len);
            if seq > self.after {
                return Ok(self.bytes.get(start..self.at).map(|payload| Record { seq, payload }));
            }
        }
    }
}

fn newest_snapshot(dir: &Path) -> Result<Option<Snapshot>, Failure> {
    let mut newest: Option<(u64, PathBuf)> = None;
    for entry in std::fs::read_dir(dir).map_err(|e| Failure::io("list", dir, e))? {
        let path = entry.map_err(|e| Failure::io("list", dir, e))?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if let Some(seq) = name.strip_prefix("snapshot-").and_then(|s| s.parse().ok()) {
            newest = newest.max(Some((seq, path)));
        }
    }
    let Some((seq, path)) = newest else { return Ok(None) };
    let bytes = std::fs::read(&path).map_err(|e| Failure::io("read", &path, e))?;
    Ok(Some(Snapshot { seq, bytes }))
}
