//! One process per data directory: an advisory lock that the system gives back however the process ends.
//!
//! Both the lock file and the directory itself are locked. The file alone would not do: whoever deletes it while a server runs
//! would let a second one in, whose recovery cuts off what the first is writing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::OpenError;
use crate::files::failed;

/// The name of the lock file. It stays when the lock is given back; its content is the last holder's process id.
pub const LOCK_NAME: &str = "lock";

/// The held lock. Dropping it gives the directory back.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
    _dir: File,
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
                return Err(OpenError::Locked { dir: dir.to_owned(), pid: pid_in(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(OpenError::Io { path, source }),
        }
        let held = File::open(dir).map_err(failed(dir))?;
        match held.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Locked { dir: dir.to_owned(), pid: "unknown".to_owned() });
            }
            // Some network file systems lock files only; then the file has to do.
            Err(TryLockError::Error(error)) => {
                tracing::debug!(%error, "the data directory itself has no lock");
            }
        }
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| writeln!(file, "{}", std::process::id()))
            .map_err(failed(&path))?;
        Ok(Self { _file: file, _dir: held })
    }
}

fn pid_in(file: &mut File) -> String {
    let mut text = String::new();
    match file.take(20).read_to_string(&mut text) {
        Ok(_) if text.trim().parse::<u32>().is_ok() => text.trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_holder_and_tells_who() {
        let dir = tempfile::tempdir().unwrap();
        let held = Lock::take(dir.path()).unwrap();
        match Lock::take(dir.path()).unwrap_err() {
            OpenError::Locked { pid, .. } => assert_eq!(pid, std::process::id().to_string()),
            other => panic!("{other}"),
        }
        drop(held);
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
