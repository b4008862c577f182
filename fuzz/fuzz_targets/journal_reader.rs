//! A small journal with any changes, checksums of headers repaired on demand so that hostile values get past them: opening
//! and reading never panic, and what they give is a prefix of what was written, or a refusal.
#![no_main]

use std::path::Path;
use std::sync::Arc;

use journal::disk::{Disk, ModelDisk};
use journal::{Config, Durability, From, Journal, Preparation, Reader, Records, Tail};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((shape, edits)) = bytes.split_first_chunk::<4>() else { return };
    let (model, disk) = made(*shape);
    let names = model.list(dir()).expect("the directory is there");
    for edit in edits.chunks_exact(5) {
        let [operation, file, low, high, value] = *edit else { continue };
        let path = dir().join(&names[usize::from(file) % names.len()]);
        let mut content = model.content(&path).expect("it was listed");
        let at = usize::from(u16::from_le_bytes([low, high])) % (content.len() + 1);
        change(&mut content, operation, at, value);
        model.put(&path, &content);
    }
    for (from, tail) in [(From::Oldest, Tail::Growing), (From::Newest, Tail::Final)] {
        if let Ok(mut reader) = Reader::open_on(&disk, dir(), from, tail) {
            let after = reader.snapshot.map_or(0, |s| s.seq);
            walk(&mut reader.records, after, shape[0]);
        }
    }
    if let Ok((mut journal, mut found)) = Journal::open(dir(), &config(&disk)) {
        let after = found.snapshot.map_or(0, |s| s.seq);
        let last = walk(&mut found.records, after, shape[0]).expect("what was opened can be read");
        assert_eq!(last, journal.last_seq());
        journal.append(last + 1, b"goes on").expect("nothing has failed");
        journal.commit().expect("nothing fails in memory");
        drop(journal);
        assert_eq!(Journal::open(dir(), &config(&disk)).map(|(j, _)| j.last_seq()).ok(), Some(last + 1));
    }
});

fn dir() -> &'static Path {
    Path::new("/journal")
}

fn config(disk: &Arc<dyn Disk>) -> Config {
    Config {
        durability: Durability::Buffered,
        segment_len: 8192,
        preparation: Preparation::OnDemand,
        disk: Arc::clone(disk),
    }
}

fn payload(seq: u64, salt: u8) -> Vec<u8> {
    vec![salt ^ seq as u8; (seq as usize * 37) % 300]
}

/// A journal whose commits, snapshot and syncs follow `shape`.
fn made(shape: [u8; 4]) -> (ModelDisk, Arc<dyn Disk>) {
    let model = ModelDisk::default();
    let disk: Arc<dyn Disk> = Arc::new(model.clone());
    let [salt, count, sync, snapshot] = shape;
    let (mut journal, _) = Journal::open(dir(), &config(&disk)).expect("an empty disk");
    for seq in 1..=u64::from(count % 96) {
        journal.append(seq, &payload(seq, salt)).expect("in order");
        if seq % 3 == 0 {
            journal.commit().expect("in memory");
        }
        if seq == u64::from(sync) {
            journal.sync().expect("in memory");
        }
        if seq == u64::from(snapshot) {
            journal.sync().expect("in memory");
            journal.snapshots().write(seq, b"state").expect("in memory");
        }
    }
    journal.commit().expect("in memory");
    (model, disk)
}

fn change(content: &mut Vec<u8>, operation: u8, at: usize, value: u8) {
    match operation % 6 {
        0 => content.truncate(at),
        1 => content.extend(std::iter::repeat_n(value, 9)),
        2 => content.iter_mut().skip(at).take(512).for_each(|b| *b = value),
        // A block's header: the checksum of its first 36 bytes follows them.
        3 => {
            let at = at & !7;
            if let Some(header) = content.get_mut(at..at + 40) {
                let crc = crc32c::crc32c(&header[..36]);
                header[36..].copy_from_slice(&crc.to_le_bytes());
            }
        }
        // A file's header: the checksum of the first 32 bytes.
        4 => {
            if let Some(header) = content.get_mut(..36) {
                let crc = crc32c::crc32c(&header[..32]);
                header[32..].copy_from_slice(&crc.to_le_bytes());
            }
        }
        _ => content.iter_mut().skip(at).take(1).for_each(|b| *b = value),
    }
}

/// Reads to the end; the last number, or `None` when it was refused on the way.
fn walk(records: &mut Records, after: u64, salt: u8) -> Option<u64> {
    let mut last = after;
    while let Some(record) = records.next().ok()? {
        last += 1;
        assert_eq!(record.seq, last);
        assert_eq!(record.payload, payload(last, salt));
    }
    Some(last)
}
