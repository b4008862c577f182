//! The process: what the thread of `live` does, step by step, so that it can die between any two of them.

use std::path::Path;
use std::sync::Arc;

use journal::disk::{Disk, ModelDisk};
use journal::{Journal, Preparation, Snapshots};
use live::{Conductor, Effect, Shard};
use strategy::Words;
use types::Time;
use venue::Facts;

use crate::Finding;
use crate::site::Site;

/// Where the journal is on the model disk.
pub(crate) const DIR: &str = "/bots";
/// Records between two snapshots: few, so that recovery meets all cases.
const SNAPSHOT_EVERY: u64 = 40;

/// A running process.
pub(crate) struct Process {
    pub(crate) conductor: Conductor,
    journal: Journal,
    snapshots: Snapshots,
    snapshot_seq: u64,
    pub(crate) uncommitted: bool,
}

pub(crate) fn config(disk: &ModelDisk) -> journal::Config {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    journal::Config {
        segment_len: 8 * 1024,
        preparation: Preparation::OnDemand,
        disk,
        ..journal::Config::default()
    }
}

impl Process {
    /// Recovers what the disk holds and goes on.
    pub(crate) fn start(
        disk: &ModelDisk,
        facts: Facts,
        now: Time,
        site: &Site,
        words: &mut Words,
    ) -> Result<Self, Finding> {
        let broken = |error: &dyn std::fmt::Display| Finding::Journal(error.to_string());
        let (journal, found) = Journal::open(Path::new(DIR), &config(disk)).map_err(|e| broken(&e))?;
        let mut shard = match found.snapshot {
            Some(snapshot) => Shard::load(snapshot.seq, &snapshot.bytes, words).map_err(|e| broken(&e))?,
            None => Shard::default(),
        };
        let mut records = found.records;
        while let Some(record) = records.next().map_err(|e| broken(&e))? {
            shard.apply(record.seq, record.payload).map_err(|e| broken(&e))?;
        }
        let snapshot_seq = shard.seq();
        let conductor = Conductor::new(shard, facts, now, 1, "simulator", site.instruments());
        let snapshots = journal.snapshots();
        Ok(Self { conductor, journal, snapshots, snapshot_seq, uncommitted: false })
    }

    /// Appends what was decided; true if there is something to commit.
    pub(crate) fn append(&mut self) -> Result<bool, Finding> {
        for record in self.conductor.take_records() {
            let seq = self.journal.last_seq() + 1;
            self.journal.append(seq, &record).map_err(|e| Finding::Journal(e.to_string()))?;
            self.uncommitted = true;
        }
        Ok(self.uncommitted)
    }

    pub(crate) fn commit(&mut self) -> Result<(), Finding> {
        self.journal.commit().map_err(|e| Finding::Journal(e.to_string()))?;
        self.uncommitted = false;
        Ok(())
    }

    pub(crate) fn effects(&mut self) -> Vec<Effect> {
        self.conductor.take_effects()
    }

    /// Now and then, as in production: a checkpoint, then the state.
    pub(crate) fn snapshot(&mut self) -> Result<(), Finding> {
        if self.conductor.shard().seq() - self.snapshot_seq < SNAPSHOT_EVERY {
            return Ok(());
        }
        self.conductor.checkpoint();
        self.append()?;
        self.commit()?;
        let (seq, mut bytes) = (self.conductor.shard().seq(), Vec::new());
        let failed = |what: String| Finding::Journal(what);
        self.conductor.shard().save(&mut bytes).map_err(|e| failed(e.to_string()))?;
        self.snapshots.write(seq, &bytes).map_err(|e| failed(e.to_string()))?;
        self.snapshot_seq = seq;
        Ok(())
    }
}
