//! One process per data directory: an advisory lock that the system gives back however the process ends.
//!
//! Both the lock file and the directory itself are locked. The file alone would not do: whoever deletes it while a server runs
//! would let a second one in, whose recovery cuts off what the first is writing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::OpenError;
use crate::files::failed;

/// The name of the lock file. It stays when the lock is given back; its content is the last holder's process id and [`Stage`].
pub const LOCK_NAME: &str = "lock";

/// How far the life of a directory's holder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It recovers, or does not tell.
    Starting,
    /// Its control socket is there.
    Ready,
    /// It closes; the directory will be free soon.
    Stopping,
}

/// The held lock. Dropping it gives the directory back.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    _dir: Option<File>,
}

impl Lock {
    /// Takes the lock of `dir`, without waiting.
    pub(crate) fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join(LOCK_NAME);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(locked(dir, &mut file));
            }
            Err(TryLockError::Error(source)) => return Err(OpenError::Io { path, source }),
        }
        let held = hold_dir(dir)?;
        let mut lock = Self { file, _dir: held };
        lock.tell(Stage::Starting).map_err(failed(&path))?;
        Ok(lock)
    }

    /// Takes the lock of `dir` for reading only: also where nothing can be written, and leaving no trace.
    pub(crate) fn take_to_read(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join(LOCK_NAME);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            // Without a file the directory has to do.
            Err(error) if error.kind() == ErrorKind::NotFound => File::open(dir).map_err(failed(dir))?,
            Err(source) => return Err(OpenError::Io { path, source }),
        };
        match file.try_lock() {
            Ok(()) => Ok(Self { file, _dir: hold_dir(dir)? }),
            Err(TryLockError::WouldBlock) => Err(locked(dir, &mut file)),
            Err(TryLockError::Error(source)) => Err(OpenError::Io { path, source }),
        }
    }

    /// Writes who holds the directory and how far it is, for whoever finds it locked.
    pub(crate) fn tell(&mut self, stage: Stage) -> std::io::Result<()> {
        let word = match stage {
            Stage::Starting => "starting",
            Stage::Ready => "ready",
            Stage::Stopping => "stopping",
        };
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        writeln!(self.file, "{} {word}", std::process::id())
    }
}

/// The lock of the directory itself; `None` where there is none: some network file systems lock files only.
fn hold_dir(dir: &Path) -> Result<Option<File>, OpenError> {
    let held = File::open(dir).map_err(failed(dir))?;
    match held.try_lock() {
        Ok(()) => Ok(Some(held)),
        Err(TryLockError::WouldBlock) => {
            let (pid, stage) = ("unknown".to_owned(), Stage::Starting);
            Err(OpenError::Locked { dir: dir.to_owned(), pid, stage })
        }
        Err(TryLockError::Error(error)) => {
            tracing::debug!(%error, "the data directory itself has no lock");
            Ok(None)
        }
    }
}

fn locked(dir: &Path, file: &mut File) -> OpenError {
    let mut text = String::new();
    let read = file.take(40).read_to_string(&mut text).is_ok();
    let mut words = text.split_whitespace();
    let pid = words.next().filter(|word| read && word.parse::<u32>().is_ok());
    let stage = match words.next() {
        Some("ready") => Stage::Ready,
        Some("stopping") => Stage::Stopping,
        _ => Stage::Starting,
    };
    OpenError::Locked { dir: dir.to_owned(), pid: pid.unwrap_or("unknown").to_owned(), stage }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_holder_and_tells_who() {
        let dir = tempfile::tempdir().unwrap();
        let mut held = Lock::take(dir.path()).unwrap();
        for (stage, tell) in [(Stage::Starting, None), (Stage::Ready, Some(Stage::Ready))] {
            tell.into_iter().for_each(|stage| held.tell(stage).unwrap());
            for taken in [Lock::take(dir.path()), Lock::take_to_read(dir.path())] {
                match taken.unwrap_err() {
                    OpenError::Locked { pid, stage: told, .. } => {
                        assert_eq!((pid, told), (std::process::id().to_string(), stage));
                    }
                    other => panic!("{other}"),
                }
            }
        }
        drop(held);
        let before = std::fs::read(dir.path().join(LOCK_NAME)).unwrap();
        let reading = Lock::take_to_read(dir.path()).unwrap();
        assert!(matches!(Lock::take(dir.path()), Err(OpenError::Locked { .. })));
        assert_eq!(std::fs::read(dir.path().join(LOCK_NAME)).unwrap(), before, "a reader leaves no trace");
        drop(reading);
        Lock::take(dir.path()).unwrap();
    }

    #[test]
    fn a_deleted_lock_file_lets_nobody_in() {
        let dir = tempfile::tempdir().unwrap();
        let held = Lock::take(dir.path()).unwrap();
        std::fs::remove_file(dir.path().join(LOCK_NAME)).unwrap();
        assert!(matches!(Lock::take(dir.path()), Err(OpenError::Locked { .. })));
        drop(held);
        Lock::take(dir.path()).unwrap();
    }
}
