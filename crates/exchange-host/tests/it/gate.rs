//! A disk whose syncs wait at a gate, so that a test decides when something becomes durable.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use journal::disk::{Access, Disk, DiskFile, RealDisk};

/// Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    closed: bool,
    /// Syncs that arrived, whether they had to wait or not.
    arrived: u64,
}

impl Gate {
    pub(crate) fn close(&self) {
        self.0.0.lock().unwrap().closed = true;
    }

    pub(crate) fn open(&self) {
        self.0.0.lock().unwrap().closed = false;
        self.0.1.notify_all();
    }

    /// Syncs so far.
    pub(crate) fn syncs(&self) -> u64 {
        self.0.0.lock().unwrap().arrived
    }

    /// Waits until the sync after the first `count` has arrived. One that never comes ends the test instead of hanging it.
    pub(crate) fn wait_for_more_than(&self, count: u64) {
        let state = self.0.0.lock().unwrap();
        let patience = std::time::Duration::from_secs(120);
        let (_state, waited) =
            self.0.1.wait_timeout_while(state, patience, |state| state.arrived <= count).unwrap();
        assert!(!waited.timed_out(), "no sync came");
    }

    fn pass(&self) {
        let mut state = self.0.0.lock().unwrap();
        state.arrived += 1;
        self.0.1.notify_all();
        drop(self.0.1.wait_while(state, |state| state.closed).unwrap());
    }
}

/// The real disk behind a gate.
#[derive(Debug)]
pub(crate) struct GatedDisk(pub(crate) Gate);

#[derive(Debug)]
struct GatedFile(Box<dyn DiskFile>, Gate);

impl Disk for GatedDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.create_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(dir)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(GatedFile(RealDisk.open(path, access)?, self.0.clone())))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.sync_dir(dir)
    }
}

impl DiskFile for GatedFile {
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(into, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.1.pass();
        self.0.sync()
    }
}
