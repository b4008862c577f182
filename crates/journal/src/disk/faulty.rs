//! A disk that fails when told to: the tests put a failure at every single write, sync, rename and create of a script.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Access, Disk, DiskFile};

/// What an operation does instead of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Fails with this error number of the operating system (EIO is 5, ENOSPC 28), and nothing happens.
    Error(i32),
    /// A write that stores a third of its bytes and says so; any other operation fails with EIO.
    Short,
    /// A write that stores a third of its bytes and says so, and the next operation fails with this error number.
    ShortThenError(i32),
}

/// Another disk, with faults. Only operations that change something are counted: create, write, sync, rename, remove,
/// directory sync. Reading never fails.
#[derive(Clone, Debug)]
pub struct FaultyDisk {
    inner: Arc<dyn Disk>,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    done: u64,
    fault: Option<(u64, Fault)>,
    /// Once a fault has happened, every later operation fails too.
    lasting: bool,
    happened: bool,
}

const EIO: i32 = 5;

impl FaultyDisk {
    /// Without a fault so far.
    #[must_use]
    pub fn new(inner: Arc<dyn Disk>) -> Self {
        Self { inner, plan: Arc::default() }
    }

    /// Puts `fault` at the operation with this number, counted from the beginning, first is 1; `lasting`: all later
    /// ones fail too.
    pub fn fail_at(&self, operation: u64, fault: Fault, lasting: bool) {
        let mut plan = self.plan();
        (plan.fault, plan.lasting) = (Some((operation, fault)), lasting);
    }

    /// No fault from now on.
    pub fn heal(&self) {
        let mut plan = self.plan();
        (plan.fault, plan.lasting, plan.happened) = (None, false, false);
    }

    /// Operations so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.plan().done
    }

    /// Whether the fault has happened.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.plan().happened
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation; `Ok(true)` asks a write to be short.
    fn count(&self) -> io::Result<bool> {
        let mut plan = self.plan();
        plan.done += 1;
        match plan.fault {
            Some((at, fault)) if at == plan.done => {
                plan.happened = true;
                match fault {
                    Fault::Error(number) => Err(io::Error::from_raw_os_error(number)),
                    Fault::Short => Ok(true),
                    Fault::ShortThenError(number) => {
                        plan.fault = Some((at + 1, Fault::Error(number)));
                        Ok(true)
                    }
                }
            }
            _ if plan.happened && plan.lasting => Err(io::Error::from_raw_os_error(EIO)),
            _ => Ok(false),
        }
    }

    fn count_whole(&self) -> io::Result<()> {
        if self.count()? { Err(io::Error::from_raw_os_error(EIO)) } else { Ok(()) }
    }
}

impl Disk for FaultyDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.count_whole()?;
        self.inner.create_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.inner.list(dir)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn DiskFile>> {
        if access == Access::Create {
            self.count_whole()?;
        }
        Ok(Box::new(FaultyFile { inner: self.inner.open(path, access)?, disk: self.clone() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.count_whole()?;
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.count_whole()?;
        self.inner.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.count_whole()?;
        self.inner.sync_dir(dir)
    }
}

#[derive(Debug)]
struct FaultyFile {
    inner: Box<dyn DiskFile>,
    disk: FaultyDisk,
}

impl DiskFile for FaultyFile {
    fn size(&self) -> io::Result<u64> {
        self.inner.size()
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.inner.read_at(into, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let part = if self.disk.count()? { bytes.len().div_ceil(3) } else { bytes.len() };
        self.inner.write_at(&bytes[..part], offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.count_whole()?;
        self.inner.sync()
    }
}
