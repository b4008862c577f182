//! A disk in memory with the freedoms of a real one: until a sync, every sector of every write may have reached the
//! platter or not, in any order and in any version it ever had; names change durably only in order and up to any point.
//!
//! [`ModelDisk::after_power_cut`] gives the disk as it may be found afterwards; the choices come from the caller's seeded
//! source, so that a failing case can be played again. Memory: every version of what is not synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Access, Disk, DiskFile};

/// See the module's header. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct ModelDisk(Arc<Mutex<State>>);

/// The source of choices: gives a number below its argument.
pub type Choose<'a> = &'a mut dyn FnMut(u64) -> u64;

#[derive(Clone, Debug, Default)]
struct State {
    dirs: BTreeSet<PathBuf>,
    names: BTreeMap<PathBuf, usize>,
    /// What a power cut leaves at least.
    durable_names: BTreeMap<PathBuf, usize>,
    /// Changes of names since, in order.
    renamings: Vec<NameChange>,
    files: Vec<Content>,
}

#[derive(Clone, Debug)]
enum NameChange {
    Create(PathBuf, usize),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

#[derive(Clone, Debug, Default)]
struct Content {
    /// What the operating system shows.
    seen: Vec<u8>,
    /// What a power cut leaves at least.
    durable: Vec<u8>,
    /// Writes since the last sync: offset and bytes.
    unsynced: Vec<(usize, Vec<u8>)>,
}

impl ModelDisk {
    /// The disk as it may be found after a power cut now. Sectors have `sector` bytes.
    #[must_use]
    pub fn after_power_cut(&self, sector: usize, choose: Choose<'_>) -> Self {
        let mut state = self.state().clone();
        let kept = chosen(choose, state.renamings.len() + 1);
        let mut names = state.durable_names.clone();
        state.renamings.drain(..).take(kept).for_each(|change| change.apply(&mut names));
        state.names.clone_from(&names);
        state.durable_names = names;
        state.files.iter_mut().for_each(|file| file.cut(sector, choose));
        Self(Arc::new(Mutex::new(state)))
    }

    /// What some systems do after a failed sync: what was not synced counts as clean although it never reached the disk. It can
    /// be read until the power cut, and no later sync brings it there.
    pub fn forget_unsynced(&self) {
        self.state().files.iter_mut().for_each(|file| file.unsynced.clear());
    }

    /// The content of a file as the operating system shows it.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(path).map(|file| state.files[*file].seen.clone())
    }

    /// Replaces a file's content, durably.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.state();
        let content = Content { seen: bytes.to_vec(), durable: bytes.to_vec(), unsynced: Vec::new() };
        state.files.push(content);
        let file = state.files.len() - 1;
        state.names.insert(path.to_owned(), file);
        state.durable_names.insert(path.to_owned(), file);
    }

    /// An independent copy as the operating system shows it now, with nothing unsynced.
    #[must_use]
    pub fn copy(&self) -> Self {
        let mut state = self.state().clone();
        state.renamings.clear();
        state.durable_names = state.names.clone();
        for file in &mut state.files {
            file.durable = file.seen.clone();
            file.unsynced.clear();
        }
        Self(Arc::new(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NameChange {
    fn apply(self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Create(path, file) => names.insert(path, file),
            Self::Rename(from, to) => names.remove(&from).and_then(|file| names.insert(to, file)),
            Self::Remove(path) => names.remove(&path),
        };
    }
}

impl State {
    fn change(&mut self, change: NameChange) {
        change.clone().apply(&mut self.names);
        self.renamings.push(change);
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Content {
    /// Every sector takes, at random, one of the versions it had since the last sync.
    fn cut(&mut self, sector: usize, choose: Choose<'_>) {
        let mut versions = vec![self.durable.clone()];
        for (offset, bytes) in self.unsynced.drain(..) {
            let mut next = versions.last().cloned().unwrap_or_default();
            put_at(&mut next, offset, &bytes);
            versions.push(next);
        }
        let mut found = versions[chosen(choose, versions.len())].clone();
        let len = found.len();
        for (index, part) in found.chunks_mut(sector).enumerate() {
            let version = &versions[chosen(choose, versions.len())];
            let start = index * sector;
            for (at, byte) in part.iter_mut().enumerate() {
                // A length that was not synced brings zeros.
                *byte = version.get(start + at).copied().unwrap_or(0);
            }
        }
        debug_assert_eq!(len, found.len());
        self.durable.clone_from(&found);
        self.seen = found;
    }
}

fn chosen(choose: Choose<'_>, below: usize) -> usize {
    usize::try_from(choose(below as u64)).unwrap_or(0).min(below.saturating_sub(1))
}

fn put_at(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

impl Disk for ModelDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.state().dirs.insert(dir.to_owned());
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        if !state.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = state.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.filter_map(|path| path.file_name()?.to_str().map(String::from)).collect())
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        if access == Access::Create {
            // An emptied file and a new one differ only in what a power cut brings back; a name of ours never returns to
            // an older file, so a new one is the harder case.
            state.files.push(Content::default());
            let file = state.files.len() - 1;
            state.change(NameChange::Create(path.to_owned(), file));
        }
        let file = state.find(path)?;
        Ok(Box::new(ModelFile { disk: self.clone(), file, writable: access != Access::Read }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.find(from)?;
        state.change(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.find(path)?;
        state.change(NameChange::Remove(path.to_owned()));
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.renamings.clear();
        state.durable_names = state.names.clone();
        Ok(())
    }
}

#[derive(Debug)]
struct ModelFile {
    disk: ModelDisk,
    file: usize,
    writable: bool,
}

impl DiskFile for ModelFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[self.file].seen.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.state();
        let seen = &state.files[self.file].seen;
        let from = usize::try_from(offset).map_or(seen.len(), |offset| offset.min(seen.len()));
        let len = into.len().min(seen.len() - from);
        into[..len].copy_from_slice(&seen[from..from + len]);
        Ok(len)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        if !self.writable {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mut state = self.disk.state();
        let file = &mut state.files[self.file];
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        put_at(&mut file.seen, offset, bytes);
        file.unsynced.push((offset, bytes.to_vec()));
        Ok(bytes.len())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        let file = &mut state.files[self.file];
        // Only what is unsynced: what a failed sync made the system forget does not come back.
        for (offset, bytes) in std::mem::take(&mut file.unsynced) {
            put_at(&mut file.durable, offset, &bytes);
        }
        Ok(())
    }
}
