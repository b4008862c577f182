//! Every single changed byte and every truncation of a small journal (invariant D4).
//!
//! The rule: a change of one byte is refused, or nothing of what was committed is lost; a shortened file gives everything
//! that lies wholly before the cut, is noted, or is refused.

use journal::disk::ModelDisk;
use journal::{Durability, Failure, Note};

use crate::script::{World, dir, newest_segment};

/// A journal of two segments, the first one full; gives the world and, per commit into the newest segment, the number
/// committed and the offset after it, beginning with what the older segment holds.
fn small() -> (World, Vec<(u64, usize)>) {
    small_in(0)
}

/// The same with other bytes of the same lengths.
fn small_in(life: u64) -> (World, Vec<(u64, usize)>) {
    let mut world = World::new(Durability::Fsync);
    world.life = life;
    let mut journal = world.open(0).unwrap();
    let (mut ends, mut before) = (Vec::new(), 0);
    let mut newest = newest_segment(&world.model);
    for round in 0..28 {
        world.commit(&mut journal, 1 + round % 3).unwrap();
        if newest != newest_segment(&world.model) {
            newest = newest_segment(&world.model);
            ends = vec![(before, 512)];
        }
        let used = used(&world.model.content(&newest).unwrap());
        ends.push((world.acked, used));
        before = world.acked;
    }
    assert!(ends.len() > 5 && world.model.content(&newest).is_some());
    (world, ends)
}

fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1)
}

/// Opens a copy of the world whose file `path` has other bytes; `Ok` gives the last number found.
fn open_with(world: &World, path: &std::path::Path, bytes: &[u8]) -> Result<(u64, Vec<Note>), Failure> {
    let model: ModelDisk = world.model.copy();
    model.put(path, bytes);
    let mut other = World::new(Durability::Fsync);
    other.log.clone_from(&world.log);
    other.replace_disk(model);
    let mut journal = other.open(0)?;
    let (found, notes) = (journal.last_seq(), std::mem::take(&mut other.notes));
    // What was put right stays right: the journal goes on and is opened again without a word.
    other.commit(&mut journal, 2).unwrap();
    drop(journal);
    other.open(found + 2).unwrap();
    assert_eq!(other.notes, []);
    Ok((found, notes))
}

#[test]
fn every_single_changed_byte_is_refused_or_costs_nothing() {
    let (world, ends) = small();
    let newest = newest_segment(&world.model);
    let (all, end) = *ends.last().unwrap();
    for path in world_files(&world) {
        let bytes = world.model.content(&path).unwrap();
        for at in 0..bytes.len() {
            for change in [1 << (at % 8), bytes[at]] {
                if change == 0 {
                    continue;
                }
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                match open_with(&world, &path, &damaged) {
                    Err(Failure::Corrupt { path: told, .. }) => assert_eq!(told, path),
                    Err(Failure::Version { .. }) => assert!((8..12).contains(&at), "byte {at}"),
                    Err(other) => panic!("byte {at} of {}: {other}", path.display()),
                    // Accepted: behind everything (taken for a torn write and removed), the very last byte of all, or
                    // behind the last block of an older segment, which is left where the next one begins.
                    Ok((found, notes)) => {
                        assert_eq!(found, all, "byte {at} of {} lost something", path.display());
                        let unused = if path == newest { end - 1 } else { used(&bytes) };
                        assert!(at >= unused, "byte {at} was not seen");
                        assert_eq!(notes.len(), usize::from(path == newest && at >= end));
                    }
                }
            }
        }
    }
}

fn world_files(world: &World) -> Vec<std::path::PathBuf> {
    use journal::disk::Disk;
    world.model.list(&dir()).unwrap().into_iter().map(|name| dir().join(name)).collect()
}

#[test]
fn every_truncation_of_the_newest_segment_keeps_what_lies_before_it() {
    let (world, ends) = small();
    let newest = newest_segment(&world.model);
    let bytes = world.model.content(&newest).unwrap();
    for len in 0..bytes.len() {
        match open_with(&world, &newest, &bytes[..len]) {
            Err(Failure::Corrupt { .. }) => assert!(len < 512, "cut at {len} was refused"),
            Err(other) => panic!("cut at {len}: {other}"),
            Ok((found, notes)) => {
                // A block that lacks its very last byte has all its records.
                let whole = ends.iter().rev().find(|(_, end)| *end <= len + 1).unwrap();
                assert_eq!(found, whole.0, "cut at {len}");
                assert!(notes.iter().any(|n| matches!(n, Note::Shortened { .. })), "cut at {len} unnoticed");
            }
        }
    }
}

#[test]
fn a_truncation_of_an_older_segment_is_refused() {
    let (world, _) = small();
    let oldest = dir().join(format!("segment-{:020}.log", 1));
    let bytes = world.model.content(&oldest).unwrap();
    for len in (0..used(&bytes)).step_by(7) {
        let failure = open_with(&world, &oldest, &bytes[..len]).unwrap_err();
        assert!(
            matches!(failure, Failure::Corrupt { .. } | Failure::Missing { .. }),
            "cut at {len}: {failure}"
        );
    }
}

#[test]
fn a_commit_that_was_followed_by_another_is_never_taken_for_torn() {
    let (world, ends) = small();
    let newest = newest_segment(&world.model);
    let bytes = world.model.content(&newest).unwrap();
    for pair in ends.windows(2) {
        let (start, end) = (pair[0].1, pair[1].1);
        let last = end == ends.last().unwrap().1;
        // Wiped wholly, at the end, or from its start to the end of a sector, as a write that was lost would leave it.
        for (from, to) in [(start, end), (end - 8, end), (start, end.min((start + 1).next_multiple_of(512)))]
        {
            let mut damaged = bytes.clone();
            damaged[from..to].fill(0);
            match open_with(&world, &newest, &damaged) {
                Ok((found, _)) => assert!(last && found == pair[0].0, "{from}..{to} lost something"),
                Err(failure) => {
                    assert!(!last && matches!(failure, Failure::Corrupt { .. }), "{from}..{to}: {failure}");
                }
            }
        }
    }
}

#[test]
fn a_segment_of_another_journal_does_not_fit() {
    let (world, _) = small();
    let (other, _) = small_in(7);
    for path in world_files(&world) {
        let theirs = other.model.content(&path).expect("the same commits fill the same files");
        assert_ne!(theirs, world.model.content(&path).unwrap());
        let failure = open_with(&world, &path, &theirs).unwrap_err();
        assert!(matches!(failure, Failure::Corrupt { .. }), "{failure}");
    }
    // Even without a record in it: what would be appended could never be read.
    let path = newest_segment(&world.model);
    let mut theirs = other.model.content(&path).unwrap();
    theirs[512..].fill(0);
    let failure = open_with(&world, &path, &theirs).unwrap_err();
    assert!(matches!(failure, Failure::Corrupt { .. }), "{failure}");
}

#[test]
fn a_journal_that_ends_before_its_snapshot_is_refused() {
    let mut world = World::new(Durability::Fsync);
    let mut journal = world.open(0).unwrap();
    world.commit(&mut journal, 5).unwrap();
    let path = newest_segment(&world.model);
    let end = used(&world.model.content(&path).unwrap());
    world.commit(&mut journal, 1).unwrap();
    world.snapshot(&mut journal).unwrap();
    drop(journal);
    // The last commit is wiped out, which without the snapshot would look like a write that never came.
    let mut bytes = world.model.content(&path).unwrap();
    bytes[end..].fill(0);
    let failure = open_with(&world, &path, &bytes).unwrap_err();
    assert!(matches!(failure, Failure::Missing { from: 6, .. }), "{failure}");
    // Or only in part.
    let mut bytes = world.model.content(&path).unwrap();
    let last = used(&bytes);
    bytes[last - 4..].fill(0);
    let failure = open_with(&world, &path, &bytes).unwrap_err();
    assert!(matches!(failure, Failure::Corrupt { seq: 6, .. }), "{failure}");
}

#[test]
fn pruning_keeps_what_the_oldest_kept_snapshot_needs() {
    for at in 1..=90 {
        let mut world = World::new(Durability::Fsync);
        let mut journal = world.open(0).unwrap();
        world.commit(&mut journal, at).unwrap();
        world.snapshot(&mut journal).unwrap();
        for _ in 0..90 {
            world.commit(&mut journal, 1).unwrap();
        }
        journal.snapshots().prune(1).unwrap();
        drop(journal);
        world.open(at + 90).unwrap();
    }
}
