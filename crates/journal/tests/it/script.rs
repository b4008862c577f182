//! A scripted life of a journal on a model disk, and the one check that counts: after any failure, what is found is a
//! prefix of what was appended, holds everything acknowledged, each record once and as it was.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use journal::disk::{Disk, FaultyDisk, ModelDisk};
use journal::{Config, Durability, Failure, Journal, Note, Preparation, Recovery};

/// Seeded numbers (splitmix64); a failing test prints its seed.
#[derive(Clone, Debug)]
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound.max(1)
    }
}

/// A journal with everything the outside world knows about it.
pub(crate) struct World {
    pub(crate) model: ModelDisk,
    pub(crate) disk: FaultyDisk,
    pub(crate) durability: Durability,
    /// Whether segments change beside the commits.
    pub(crate) preparation: Preparation,
    /// Every appended payload; index 0 is number 1.
    pub(crate) log: Vec<Vec<u8>>,
    /// What a commit has returned.
    pub(crate) acked: u64,
    /// What must survive a power cut.
    pub(crate) safe: u64,
    /// What the last opening put right.
    pub(crate) notes: Vec<Note>,
    /// Told apart in every payload.
    pub(crate) life: u64,
}

pub(crate) fn dir() -> PathBuf {
    PathBuf::from("/journal")
}

impl World {
    pub(crate) fn new(durability: Durability) -> Self {
        let model = ModelDisk::default();
        let disk = FaultyDisk::new(Arc::new(model.clone()));
        let preparation = Preparation::OnDemand;
        let (log, notes) = (Vec::new(), Vec::new());
        Self { model, disk, durability, preparation, log, acked: 0, safe: 0, notes, life: 0 }
    }

    /// With changes of the segment beside the commits, one step at each.
    pub(crate) fn stepwise() -> Self {
        Self { preparation: Preparation::Stepwise, ..Self::new(Durability::Buffered) }
    }

    /// All settings that behave differently.
    pub(crate) fn all() -> [fn() -> Self; 3] {
        [|| Self::new(Durability::Fsync), || Self::new(Durability::Buffered), Self::stepwise]
    }

    /// Goes on with another disk in its place.
    pub(crate) fn replace_disk(&mut self, model: ModelDisk) {
        self.disk = FaultyDisk::new(Arc::new(model.clone()));
        self.model = model;
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            durability: self.durability,
            segment_len: 8192,
            preparation: self.preparation,
            disk: Arc::new(self.disk.clone()) as Arc<dyn Disk>,
        }
    }

    /// Opens the journal and checks what it holds; at least the numbers up to `at_least`.
    pub(crate) fn open(&mut self, at_least: u64) -> Result<Journal, Failure> {
        let (journal, recovery) = Journal::open(&dir(), &self.config())?;
        self.notes.clone_from(&recovery.notes);
        let found = self.check(recovery);
        assert_eq!(journal.last_seq(), found);
        assert!(found >= at_least, "acknowledged up to {at_least}, found {found}");
        self.log.truncate(usize::try_from(found).unwrap());
        (self.acked, self.safe) = (found, found);
        self.life += 1;
        Ok(journal)
    }

    fn check(&self, mut recovery: Recovery) -> u64 {
        let mut last = 0;
        if let Some(snapshot) = recovery.snapshot {
            assert_eq!(snapshot.bytes, self.state(snapshot.seq), "state of snapshot {}", snapshot.seq);
            last = snapshot.seq;
        }
        while let Some(record) = recovery.records.next().unwrap() {
            last += 1;
            assert_eq!(record.seq, last, "each record once, in order");
            let index = usize::try_from(last - 1).unwrap();
            assert_eq!(Some(record.payload), self.log.get(index).map(Vec::as_slice), "record {last}");
        }
        last
    }

    /// The state after command `seq`: every payload's length, so that a wrong or doubled record shows.
    fn state(&self, seq: u64) -> Vec<u8> {
        let applied = self.log.iter().take(usize::try_from(seq).unwrap());
        applied.flat_map(|payload| (payload.len() as u64).to_le_bytes()).collect()
    }

    /// Appends `count` records and commits them.
    pub(crate) fn commit(&mut self, journal: &mut Journal, count: u64) -> Result<(), Failure> {
        for _ in 0..count {
            let seq = self.log.len() as u64 + 1;
            let payload = payload(seq, self.life);
            journal.append(seq, &payload)?;
            self.log.push(payload);
        }
        self.acked = journal.commit()?;
        assert_eq!(self.acked, self.log.len() as u64);
        self.safe = journal.durable_seq();
        Ok(())
    }

    pub(crate) fn snapshot(&mut self, journal: &mut Journal) -> Result<(), Failure> {
        self.safe = journal.sync()?;
        journal.snapshots().write(self.acked, &self.state(self.acked))?;
        journal.snapshots().prune(2)
    }
}

/// Bytes that tell number and life apart, of many lengths, some with long runs of zeros.
fn payload(seq: u64, life: u64) -> Vec<u8> {
    let mut bytes = format!("{seq}/{life}:").into_bytes();
    let len = usize::try_from(seq * 131 % 400).unwrap();
    bytes.extend((0..len).map(|i| u8::try_from(i % 255).unwrap() + 1));
    if seq.is_multiple_of(11) {
        bytes.resize(bytes.len() + 1300, 0);
    }
    bytes
}

/// The script: several segments, snapshots, pruning, a reopening in the middle. Stops at the first failure.
pub(crate) fn live(world: &mut World) -> Result<(), Failure> {
    let mut journal = world.open(world.acked)?;
    for round in 0..24 {
        world.commit(&mut journal, 1 + round % 5)?;
        if round % 8 == 7 {
            world.snapshot(&mut journal)?;
        }
        if round == 14 {
            drop(journal);
            journal = world.open(world.acked)?;
        }
    }
    journal.sync().map(|_| ())
}

/// The newest segment file of a model disk.
pub(crate) fn newest_segment(model: &ModelDisk) -> PathBuf {
    let mut names = model.list(&dir()).unwrap();
    names.retain(|name| name.starts_with("segment-"));
    names.sort();
    dir().join(Path::new(names.last().unwrap()))
}
