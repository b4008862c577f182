//! Segment files: a header sector, then blocks, then zeros.
//!
//! ```text
//! 0 magic [u8; 8] · 8 version u32 · 12 link u32 · 16 first_seq u64 · 24 segment_len u64 · 32 crc u32 (of bytes 0..32)
//! zeros up to 512, then blocks (see `block`)
//! ```
//! A segment is made under a temporary name: zero-filled to its full length, header written, synced, renamed, directory
//! synced. So a file under a segment's name was complete once, and appending changes neither its length nor its allocation:
//! an fdatasync then writes the data and nothing else, no file-system journal (measured in `bench/README.md`).
//! `link` is the checksum chain's value at the end of the segment before.

use std::path::{Path, PathBuf};

use crate::block::{ALIGN, CHAIN_START, SECTOR, u32_at, u64_at};
use crate::disk::{Access, Disk, DiskFile, read_all, write_all};
use crate::{Failure, limits};

/// Where the first block starts: the header has a sector of its own and is never written again.
pub(crate) const BLOCKS_START: usize = SECTOR;
/// The next segment while it is made.
pub(crate) const SPARE_NAME: &str = "spare.tmp";
const MAGIC: [u8; 8] = *b"TWjrnl\r\n";
const VERSION: u32 = 1;
const HEADER_LEN: usize = 36;
/// Zeros are written in steps of this many bytes. Linux caches a file in pieces as large as its writes were, and syncs of small
/// writes into large pieces are slower (measured: a tenth for 1 MiB, a third for 16 MiB).
const FILL_STEP: usize = 64 * 1024;

/// A segment's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) first_seq: u64,
    pub(crate) segment_len: u64,
    pub(crate) link: u32,
}

impl Header {
    fn write(self) -> [u8; SECTOR] {
        let mut out = [0; SECTOR];
        out[..8].copy_from_slice(&MAGIC);
        out[8..12].copy_from_slice(&VERSION.to_le_bytes());
        out[12..16].copy_from_slice(&self.link.to_le_bytes());
        out[16..24].copy_from_slice(&self.first_seq.to_le_bytes());
        out[24..32].copy_from_slice(&self.segment_len.to_le_bytes());
        let crc = crc32c::crc32c(&out[..32]);
        out[32..36].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads and checks the header of the segment whose name says `first_seq`.
    fn read(path: &Path, first_seq: u64, bytes: &[u8]) -> Result<Self, Failure> {
        let corrupt = |what| Failure::Corrupt { path: path.to_owned(), offset: 0, seq: first_seq, what };
        let raw = bytes.get(..SECTOR).ok_or(corrupt("the file ends within its header"))?;
        let crc_fits = u32_at(raw, 32) == Some(crc32c::crc32c(&raw[..32]));
        if raw[..8] != MAGIC || !crc_fits || raw[HEADER_LEN..].iter().any(|b| *b != 0) {
            return Err(corrupt("no valid segment header"));
        }
        let version = u32_at(raw, 8).unwrap_or_default();
        if version != VERSION {
            return Err(Failure::Version { path: path.to_owned(), version });
        }
        let header = Self {
            link: u32_at(raw, 12).unwrap_or_default(),
            first_seq: u64_at(raw, 16).unwrap_or_default(),
            segment_len: u64_at(raw, 24).unwrap_or_default(),
        };
        if header.first_seq != first_seq {
            return Err(corrupt("a file that was renamed: its header says another number"));
        }
        if !(limits::SEGMENT_LEN_MIN..=limits::SEGMENT_LEN_MAX).contains(&header.segment_len)
            || (first_seq == 1 && header.link != CHAIN_START)
        {
            return Err(corrupt("a segment header with impossible values"));
        }
        Ok(header)
    }
}

/// A segment's content in memory.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
    /// As long as the header says: what a shortened file lacks counts as zeros.
    pub(crate) bytes: Vec<u8>,
    /// True when the file is shorter than it was made.
    pub(crate) shortened: bool,
}

/// The file of the segment that starts with `first_seq`.
pub(crate) fn path(dir: &Path, first_seq: u64) -> PathBuf {
    dir.join(format!("segment-{first_seq:020}.log"))
}

/// The first numbers of all segments in `names`, rising.
pub(crate) fn in_names(names: &[String]) -> Vec<u64> {
    let mut found: Vec<u64> = names.iter().filter_map(|n| number(n, "segment-", ".log")).collect();
    found.sort_unstable();
    found
}

/// Largest number of a record: far beyond any log, and adding to it cannot overflow.
const SEQ_MAX: u64 = u64::MAX / 2;

/// The number in a file name of ours.
pub(crate) fn number(name: &str, before: &str, after: &str) -> Option<u64> {
    let digits = name.strip_prefix(before)?.strip_suffix(after)?;
    let plain = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok().filter(|number| *number <= SEQ_MAX) } else { None }
}

/// Reads a segment, using `buffer`'s allocation.
pub(crate) fn load(
    disk: &dyn Disk,
    dir: &Path,
    first_seq: u64,
    mut buffer: Vec<u8>,
) -> Result<Segment, Failure> {
    let path = path(dir, first_seq);
    let file = disk.open(&path, Access::Read).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Failure::Pruned { path: path.clone() },
        _ => Failure::io("open", &path, e),
    })?;
    read_all(&*file, limits::SEGMENT_LEN_MAX, &mut buffer).map_err(|e| Failure::io("read", &path, e))?;
    let header = Header::read(&path, first_seq, &buffer)?;
    let len = usize::try_from(header.segment_len).map_err(|_| Failure::Corrupt {
        path: path.clone(),
        offset: 24,
        seq: first_seq,
        what: "a segment too large for this machine",
    })?;
    let shortened = buffer.len() < len;
    buffer.resize(len, 0);
    Ok(Segment { path, header, bytes: buffer, shortened })
}

/// Makes an empty file of zeros under [`SPARE_NAME`], durably but for its name.
pub(crate) fn prepare(disk: &dyn Disk, dir: &Path, len: u64) -> Result<Box<dyn DiskFile>, Failure> {
    let path = dir.join(SPARE_NAME);
    let file = disk.open(&path, Access::Create).map_err(|e| Failure::io("create", &path, e))?;
    match fill(&*file, 0, len).and_then(|()| file.sync()) {
        Ok(()) => Ok(file),
        Err(error) => {
            // On a full disk half a file would only take what others need. If this fails too, the next opener does it.
            let _ = disk.remove(&path);
            Err(Failure::io("fill", &path, error))
        }
    }
}

/// Turns a prepared file into the segment that starts with `header.first_seq`, durably.
pub(crate) fn adopt(disk: &dyn Disk, dir: &Path, file: &dyn DiskFile, header: Header) -> Result<(), Failure> {
    put_header(dir, file, header)?;
    put_name(disk, dir, header.first_seq)
}

/// The first half of [`adopt`]: the header, durably.
pub(crate) fn put_header(dir: &Path, file: &dyn DiskFile, header: Header) -> Result<(), Failure> {
    let spare = dir.join(SPARE_NAME);
    write_all(file, &header.write(), 0).map_err(|e| Failure::io("write", &spare, e))?;
    file.sync().map_err(|e| Failure::io("sync", &spare, e))
}

/// The second half of [`adopt`]: the name, durably.
pub(crate) fn put_name(disk: &dyn Disk, dir: &Path, first_seq: u64) -> Result<(), Failure> {
    let (spare, path) = (dir.join(SPARE_NAME), path(dir, first_seq));
    disk.rename(&spare, &path).map_err(|e| Failure::io("rename", &path, e))?;
    disk.sync_dir(dir).map_err(|e| Failure::io("sync", dir, e))
}

/// Writes zeros from `from` to `to`.
pub(crate) fn fill(file: &dyn DiskFile, from: u64, to: u64) -> std::io::Result<()> {
    let zeros = vec![0; FILL_STEP];
    let mut at = from;
    while at < to {
        let step = usize::try_from(to - at).map_or(FILL_STEP, |left| left.min(FILL_STEP));
        write_all(file, &zeros[..step], at)?;
        at += step as u64;
    }
    Ok(())
}

/// Length of a segment that must hold a block of `block_len` bytes and is `wanted` bytes long otherwise.
pub(crate) fn len_for(block_len: usize, wanted: u64) -> u64 {
    let needed = (BLOCKS_START + block_len).next_multiple_of(ALIGN) as u64;
    wanted.max(needed).next_multiple_of(SECTOR as u64)
}
