//! Opening: newest good snapshot, then every block after it, then repair of the tail. What may be repaired and what is refused
//! is decided in `block` and `records`; nothing is changed before everything was checked.
//!
//! Why the tail is **written again**: a process that was killed between write and sync leaves a block that only the memory
//! of the system holds, and after a failed sync a system may count data as clean that never reached the disk. Recovery will
//! tell the world what it read, so it first makes sure that it is there: all blocks of the last segment that no later
//! block or snapshot proves durable are written once more with the same bytes, the torn rest is zeroed, and both synced.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use crate::Failure;
use crate::block::{CHAIN_START, TRAILER};
use crate::disk::{Access, Disk, write_all};
use crate::records::{Cursor, End, Records, Span, Tail};
use crate::segment::{self, BLOCKS_START, Header, SPARE_NAME, Segment};
use crate::snapshot::{self, Snapshot, TEMPORARY_NAME};
use crate::writer::{Config, Note, Place, Recovery};

/// Does what `Journal::open` promises.
pub(crate) fn recover(config: &Config, dir: &Path) -> Result<(Place, Recovery), Failure> {
    let disk = &config.disk;
    disk.create_dir(dir).map_err(|e| Failure::io("create", dir, e))?;
    let names = list(&**disk, dir)?;
    for unfinished in names.iter().filter(|n| *n == SPARE_NAME || *n == TEMPORARY_NAME) {
        let path = dir.join(unfinished);
        disk.remove(&path).map_err(|e| Failure::io("remove", &path, e))?;
    }
    let mut notes = Vec::new();
    let snapshot = newest_good(&**disk, dir, &names, &mut notes)?;
    let after = snapshot.as_ref().map_or(0, |s| s.seq);
    let mut segments = segment::in_names(&names);
    if segments.is_empty() && snapshot::in_names(&names).is_empty() {
        begin(config, dir)?;
        segments.push(1);
    }
    let needed = from(dir, &segments, after, !notes.is_empty())?;
    let mut span = Span { after, until: u64::MAX, proven: proven(&names), tail: Tail::Final };
    let walked = walk(disk, dir, needed, span)?;
    // A process that ended between a rename and its sync left a name that only the memory of the system holds.
    disk.sync_dir(dir).map_err(|e| Failure::io("sync", dir, e))?;
    let place = repair(&**disk, walked, &mut notes)?;
    span.until = place.last_seq;
    let records = Records::start(disk, dir, needed, span)?;
    Ok((place, Recovery { snapshot, records, notes }))
}

pub(crate) fn list(disk: &dyn Disk, dir: &Path) -> Result<Vec<String>, Failure> {
    disk.list(dir).map_err(|e| Failure::io("list", dir, e))
}

/// The newest snapshot that checks out.
pub(crate) fn newest_good(
    disk: &dyn Disk,
    dir: &Path,
    names: &[String],
    notes: &mut Vec<Note>,
) -> Result<Option<Snapshot>, Failure> {
    for seq in snapshot::in_names(names).into_iter().rev() {
        match snapshot::load(disk, dir, seq)? {
            Some(snapshot) => return Ok(Some(snapshot)),
            None => notes.push(Note::DamagedSnapshot { path: snapshot::path(dir, seq) }),
        }
    }
    Ok(None)
}

/// The highest number that a snapshot was made of. Even a damaged one proves that its number was durable: it got its name
/// only after that.
pub(crate) fn proven(names: &[String]) -> u64 {
    snapshot::in_names(names).last().copied().unwrap_or(0)
}

/// The segments that hold what comes after number `after`.
pub(crate) fn from<'a>(
    dir: &Path,
    segments: &'a [u64],
    after: u64,
    snapshots_damaged: bool,
) -> Result<&'a [u64], Failure> {
    let start = segments.partition_point(|first| *first <= after + 1);
    start.checked_sub(1).and_then(|start| segments.get(start..)).ok_or_else(|| {
        let what = if snapshots_damaged {
            "newer snapshots are damaged, and the segments that an older state needs are not there"
        } else {
            "there is no segment that starts at or before it"
        };
        Failure::Missing { dir: dir.to_owned(), from: after + 1, what }
    })
}

/// Makes the first segment of a new journal.
fn begin(config: &Config, dir: &Path) -> Result<(), Failure> {
    let disk = &*config.disk;
    let segment_len = segment::len_for(0, config.segment_len);
    let file = segment::prepare(disk, dir, segment_len)?;
    segment::adopt(disk, dir, &*file, Header { first_seq: 1, segment_len, link: CHAIN_START })
}

/// What a walk to the end found.
struct Walked {
    segment: Segment,
    cursor: Cursor,
    end: End,
    /// Where the first block starts that nothing proves durable; the cursor's place when all are proven.
    unproven_at: usize,
}

/// Checks every block.
fn walk(disk: &Arc<dyn Disk>, dir: &Path, segments: &[u64], span: Span) -> Result<Walked, Failure> {
    let mut records = Records::start(disk, dir, segments, span)?;
    // Offset and last number of the blocks of the present segment that nothing proves durable.
    let mut unproven: VecDeque<(usize, u64)> = VecDeque::new();
    let mut present = 0;
    while let Some(block) = records.next_block()? {
        let (first_seq, cursor) = records.position();
        if first_seq != present {
            // A segment is begun only when the one before is durable.
            present = first_seq;
            unproven.clear();
        }
        let start = cursor.at - block.len;
        let proven = block.header.durable_seq.max(span.proven);
        while unproven.front().is_some_and(|(_, last)| *last <= proven) {
            unproven.pop_front();
        }
        if cursor.seq - 1 > proven {
            unproven.push_back((start, cursor.seq - 1));
        }
    }
    let (segment, cursor, end) = records.into_end();
    // A walk that ended without a last segment's blocks has nothing unproven there.
    let in_segment = segment.header.first_seq == present;
    let unproven_at = unproven.front().filter(|_| in_segment).map_or(cursor.at, |(start, _)| *start);
    Ok(Walked { segment, cursor, end, unproven_at })
}

/// Writes again what may not be on the disk, zeroes what follows, and gives the place for the next block.
fn repair(disk: &dyn Disk, walked: Walked, notes: &mut Vec<Note>) -> Result<Place, Failure> {
    let Walked { segment: Segment { path, header, mut bytes, shortened }, cursor, end, unproven_at } = walked;
    let after = cursor.seq - 1;
    if end == End::Torn {
        notes.push(Note::TornTail { path: path.clone(), offset: cursor.at as u64, after });
    }
    if shortened {
        notes.push(Note::Shortened { path: path.clone(), after });
    }
    if cursor.at > BLOCKS_START {
        // The very last byte may be missing; see `block`.
        bytes[cursor.at - TRAILER.len()..cursor.at].copy_from_slice(&TRAILER);
    }
    let rubbish = bytes[cursor.at..].iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    let zeros_to = if shortened { header.segment_len } else { (cursor.at + rubbish) as u64 };
    let file = disk.open(&path, Access::Write).map_err(|e| Failure::io("open", &path, e))?;
    if unproven_at < cursor.at || zeros_to > cursor.at as u64 {
        write_all(&*file, &bytes[unproven_at..cursor.at], unproven_at as u64)
            .and_then(|()| segment::fill(&*file, cursor.at as u64, zeros_to))
            .and_then(|()| file.sync())
            .map_err(|e| Failure::io("repair", &path, e))?;
    }
    Ok(Place { file, path, at: cursor.at, len: bytes.len(), link: cursor.link, last_seq: after })
}
