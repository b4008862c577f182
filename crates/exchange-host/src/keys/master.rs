//! The key that seals all others: 32 random bytes in a file that only its owner can read.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ring::rand::{SecureRandom, SystemRandom};

use super::KeysError;
use crate::files;

/// Bytes of the master key (AES-256).
pub(super) const MASTER_LEN: usize = 32;

/// Reads the master key; makes one if there is none and `may_create` (nothing was sealed yet).
pub(super) fn load(path: &Path, may_create: bool) -> Result<[u8; MASTER_LEN], KeysError> {
    let mode = match std::fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o7777,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && may_create => return create(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(KeysError::MasterMissing { path: path.to_owned() });
        }
        Err(source) => return Err(KeysError::Io { path: path.to_owned(), source }),
    };
    if mode & 0o077 != 0 {
        return Err(KeysError::MasterMode { path: path.to_owned(), mode });
    }
    let bytes = files::read(path, MASTER_LEN as u64)
        .map_err(|source| KeysError::Io { path: path.to_owned(), source })?
        .unwrap_or_default();
    bytes
        .try_into()
        .map_err(|_| KeysError::Damaged { path: path.to_owned(), what: "it is not 32 bytes long" })
}

fn create(path: &Path) -> Result<[u8; MASTER_LEN], KeysError> {
    let mut key = [0; MASTER_LEN];
    SystemRandom::new().fill(&mut key).map_err(|_| KeysError::Random)?;
    files::replace(path, &key).map_err(|source| KeysError::Io { path: path.to_owned(), source })?;
    Ok(key)
}
