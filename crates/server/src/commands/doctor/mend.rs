//! What `doctor --fix` mends: only what cannot lose anything. Modes of files that hold secrets, a missing folder, and what a
//! crash left behind, the latter only while this process holds the data directory, so that it is nobody's.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, PermissionsExt as _};
use std::path::Path;

use super::checks::SECRET_FILES;
use crate::serving;

/// The socket of the command line.
const SOCKET: &str = "control.sock";
/// Drafts that are renamed when they are whole.
const DRAFTS: &[&str] = &["platform.key.tmp", "serving.json.tmp"];

/// Something that was mended, or could not be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mended {
    pub(super) what: String,
    /// Why it could not be.
    pub(super) fault: Option<String>,
}

fn mended(what: String, result: io::Result<()>) -> Mended {
    Mended { what, fault: result.err().map(|error| error.to_string()) }
}

/// Mends everything that can be; in the order in which it was done.
pub(super) fn all(dir: &Path) -> Vec<Mended> {
    let mut done = Vec::new();
    match fs::symlink_metadata(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
            done.push(mended(format!("made the folder {} (mode 700)", dir.display()), made));
            return done;
        }
        Ok(found) if found.is_dir() => done.extend(private(dir, 0o700)),
        // A link or a file in its place is for a person to judge.
        _ => return done,
    }
    for name in SECRET_FILES {
        done.extend(private(&dir.join(name), 0o600));
    }
    if let Some(_held) = hold(dir) {
        done.extend(left_behind(dir));
    }
    done
}

/// Takes the rights of others away. Links are left alone: what they point at may be meant for others.
fn private(path: &Path, mode: u32) -> Option<Mended> {
    let found = fs::symlink_metadata(path).ok().filter(|found| !found.is_symlink())?;
    let open = found.permissions().mode() & 0o077;
    (open != 0).then(|| {
        let what = format!(
            "chmod {mode:o} {}: others could get at it (mode {:o})",
            path.display(),
            found.permissions().mode() & 0o777
        );
        mended(what, fs::set_permissions(path, fs::Permissions::from_mode(mode)))
    })
}

/// The data directory, if no server has it: its lock file and itself, as a server takes them.
fn hold(dir: &Path) -> Option<(Option<File>, File)> {
    let lock = match File::open(dir.join("lock")) {
        Ok(lock) => {
            lock.try_lock().ok()?;
            Some(lock)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(_) => return None,
    };
    let held = File::open(dir).ok()?;
    held.try_lock().ok()?;
    Some((lock, held))
}

/// What a server that ended without a word left.
fn left_behind(dir: &Path) -> Vec<Mended> {
    let mut done = Vec::new();
    let mut remove = |name: &str, what: &str| {
        let path = dir.join(name);
        done.push(mended(format!("removed {what} {}", path.display()), fs::remove_file(&path)));
    };
    if fs::symlink_metadata(dir.join(SOCKET)).is_ok_and(|found| found.file_type().is_socket()) {
        remove(SOCKET, "the socket of a server that is gone,");
    }
    if dir.join(serving::NAME).is_file() {
        remove(serving::NAME, "the addresses of a server that is gone,");
    }
    for draft in DRAFTS.iter().filter(|draft| dir.join(draft).is_file()) {
        remove(draft, "the unfinished draft");
    }
    let names = fs::read_dir(dir).into_iter().flatten().flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    for name in names.filter(|name| name.starts_with("doctor-") && name.ends_with(".tmp")) {
        remove(&name, "the trial file of an earlier check,");
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_open_becomes_private_and_what_is_left_behind_goes() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("a/data");
        assert_eq!(all(&dir).len(), 1, "the folder is made");
        assert_eq!((mode(&dir), all(&dir)), (0o700, vec![]));
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        let key = dir.join("master.key");
        fs::write(&key, "secret").unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        drop(std::os::unix::net::UnixListener::bind(dir.join(SOCKET)).unwrap());
        fs::write(dir.join("platform.key.tmp"), "half").unwrap();
        fs::write(dir.join("doctor-7.tmp"), "").unwrap();
        fs::write(dir.join(serving::NAME), "{}").unwrap();
        let done = all(&dir);
        assert_eq!(done.len(), 6, "{done:?}");
        assert!(done.iter().all(|mended| mended.fault.is_none()), "{done:?}");
        assert_eq!((mode(&dir), mode(&key)), (0o700, 0o600));
        let left: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["master.key"]);
        assert_eq!(all(&dir), []);
    }

    #[test]
    fn a_running_servers_things_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join(SOCKET)).unwrap();
        let lock = File::create(dir.path().join("lock")).unwrap();
        lock.lock().unwrap();
        assert_eq!(all(dir.path()), []);
        assert!(dir.path().join(SOCKET).exists());
    }
}
