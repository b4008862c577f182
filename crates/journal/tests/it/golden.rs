//! The formats are permanent: `testdata/journal/` holds what version 1 wrote, and this program must write the same bytes and
//! read them. A difference is not to be "updated away": it needs a new version number beside the old reader.
//!
//! `JOURNAL_GOLDEN_WRITE=1` writes files that do not exist yet (for a new version); existing ones are never touched.

use std::path::PathBuf;
use std::sync::Arc;

use journal::disk::{Disk, ModelDisk};
use journal::encoding::{decode, encode};
use journal::{Config, Durability, From, Journal, Preparation, Reader, Tail};
use types::Time;

use crate::commands::{KINDS, kind, of_every_kind};
use crate::script::dir;

fn testdata() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "testdata", "journal"].iter().collect()
}

fn compare(name: &str, written: &[u8]) {
    let path = testdata().join(name);
    if std::env::var_os("JOURNAL_GOLDEN_WRITE").is_some() && !path.exists() {
        std::fs::create_dir_all(testdata()).unwrap();
        std::fs::write(&path, written).unwrap();
    }
    let golden = std::fs::read(&path).unwrap();
    let differs = golden.iter().zip(written).position(|(a, b)| a != b);
    assert!(golden == written, "{name} is written differently, from byte {differs:?} on");
}

fn entries() -> Vec<(Time, types::Command)> {
    let times = (1_700_000_000_000_000_000..).map(Time);
    times.zip(of_every_kind()).collect()
}

#[test]
fn every_kind_is_in_the_golden_files() {
    let kinds: std::collections::BTreeSet<_> = of_every_kind().iter().map(kind).collect();
    assert_eq!(kinds.len(), KINDS);
}

#[test]
fn commands_are_written_as_version_1_wrote_them() {
    let mut text = String::new();
    for (at, command) in entries() {
        let mut bytes = Vec::new();
        encode(at, &command, &mut bytes).unwrap();
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        text += &format!("{} {hex}\n", kind(&command));
    }
    compare("commands-v1.txt", text.as_bytes());
}

#[test]
fn files_are_written_as_version_1_wrote_them() {
    let model = ModelDisk::default();
    let config = Config {
        durability: Durability::Fsync,
        segment_len: 8192,
        preparation: Preparation::OnDemand,
        disk: Arc::new(model.clone()) as Arc<dyn Disk>,
    };
    let (mut journal, _) = Journal::open(&dir(), &config).unwrap();
    for (index, (at, command)) in entries().iter().enumerate() {
        let mut bytes = Vec::new();
        encode(*at, command, &mut bytes).unwrap();
        journal.append(index as u64 + 1, &bytes).unwrap();
        if index % 4 == 3 {
            journal.commit().unwrap();
        }
    }
    let last = journal.sync().unwrap();
    journal.snapshots().write(last / 2, b"a state").unwrap();
    let names = model.list(&dir()).unwrap();
    assert!(names.len() >= 2);
    for name in names {
        compare(&name, &model.content(&dir().join(&name)).unwrap());
    }
}

#[test]
fn files_of_version_1_are_read() {
    let entries = entries();
    let mut reader = Reader::open(&testdata(), From::Oldest, Tail::Final).unwrap();
    for (index, (at, command)) in entries.iter().enumerate() {
        let record = reader.records.next().unwrap().unwrap();
        assert_eq!(record.seq, index as u64 + 1);
        assert_eq!(decode(record.payload).as_ref(), Ok(&(*at, command.clone())));
    }
    assert_eq!(reader.records.next().unwrap(), None);
    let mut reader = Reader::open(&testdata(), From::Newest, Tail::Final).unwrap();
    let snapshot = reader.snapshot.unwrap();
    assert_eq!((snapshot.seq, &*snapshot.bytes), (entries.len() as u64 / 2, &b"a state"[..]));
    assert_eq!(reader.records.next().unwrap().map(|r| r.seq), Some(snapshot.seq + 1));
}
