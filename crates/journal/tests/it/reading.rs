//! A reader beside a writer, at the worst moments: the writer commits in the middle of the reader's reading of a file.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use journal::disk::{Access, Disk, DiskFile, ModelDisk};
use journal::{Config, Durability, From, Journal, Preparation, Reader, Tail};

use crate::script::dir;

type Hook = Arc<Mutex<dyn FnMut() + Send>>;

/// A disk that calls a hook in the middle of every read of a whole segment, at byte `at`.
struct Meanwhile {
    model: ModelDisk,
    at: usize,
    hook: Hook,
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Meanwhile at {}", self.at)
    }
}

impl Disk for Meanwhile {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.model.create_dir(dir)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.model.list(dir)
    }
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn DiskFile>> {
        let inner = self.model.open(path, access)?;
        Ok(Box::new(SplitFile { inner, at: self.at, hook: Arc::clone(&self.hook) }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.model.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.model.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.model.sync_dir(dir)
    }
}

struct SplitFile {
    inner: Box<dyn DiskFile>,
    at: usize,
    hook: Hook,
}

impl fmt::Debug for SplitFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl DiskFile for SplitFile {
    fn size(&self) -> io::Result<u64> {
        self.inner.size()
    }
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset != 0 || into.len() <= self.at {
            return self.inner.read_at(into, offset);
        }
        let first = self.inner.read_at(&mut into[..self.at], 0)?;
        (self.hook.lock().unwrap())();
        Ok(first + self.inner.read_at(&mut into[first..], first as u64)?)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.inner.write_at(bytes, offset)
    }
    fn sync(&self) -> io::Result<()> {
        self.inner.sync()
    }
}

#[test]
fn commits_in_the_middle_of_a_read_are_not_taken_for_damage() {
    for (durability, preparation) in [
        (Durability::Fsync, Preparation::OnDemand),
        (Durability::Buffered, Preparation::OnDemand),
        (Durability::Buffered, Preparation::Stepwise),
    ] {
        // Where a read is cut in two and how much is committed there decide what it sees of which block.
        for (at, per_hook) in (600..4200).step_by(90).flat_map(|at| [(at, 1), (at, 3), (at, 40)]) {
            let model = ModelDisk::default();
            let config = Config { durability, segment_len: 8192, preparation, disk: Arc::new(model.clone()) };
            let (mut journal, _) = Journal::open(&dir(), &config).unwrap();
            let mut commit = move |count: u64| {
                // Every read of every segment commits: without an end the journal would grow with its own size.
                for _ in 0..if journal.last_seq() < 400 { count } else { 0 } {
                    let seq = journal.last_seq() + 1;
                    journal.append(seq, &[7; 60]).unwrap();
                    journal.commit().unwrap();
                    // So that what follows proves what was before, in buffered mode too. A sync ends a change beside the
                    // commits, which is to stay under way for a while here.
                    if preparation != Preparation::Stepwise || seq.is_multiple_of(7) {
                        journal.sync().unwrap();
                    }
                }
                journal.last_seq()
            };
            let mut before = commit(4);
            let last = Arc::new(Mutex::new(before));
            let told = Arc::clone(&last);
            let mut calls = 0;
            // Idle in every second read: then the read after it sees nothing new before what is written meanwhile.
            let hook: Hook = Arc::new(Mutex::new(move || {
                calls += 1;
                *told.lock().unwrap() = commit(if calls % 2 == 0 { per_hook } else { 0 });
            }));
            let disk: Arc<dyn Disk> = Arc::new(Meanwhile { model, at, hook });
            for _ in 0..12 {
                let mut reader = Reader::open_on(&disk, &dir(), From::Oldest, Tail::Growing).unwrap();
                let mut seqs = 0;
                while let Some(record) =
                    reader.records.next().unwrap_or_else(|e| panic!("{at}, {per_hook}: {e}"))
                {
                    seqs += 1;
                    assert_eq!((record.seq, record.payload), (seqs, &[7; 60][..]));
                }
                assert!(seqs >= before, "{seqs} of the {before} that were there before the walk");
                before = *last.lock().unwrap();
            }
        }
    }
}
