//! API keys: who may sign requests for which account, and how signatures are checked.
//!
//! Secrets leave this module once, to their owner at creation; they are sealed on disk under the master key and are neither in
//! the journal nor in any `Debug` output. A look-up takes a read lock for the time of a hash look-up and never waits for the
//! disk; a revoked key is gone before the revocation returns.

mod master;
mod public;
mod record;
mod sealed;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ring::rand::{SecureRandom, SystemRandom};
use types::{AccountId, AccountName};

pub use public::{PEM_LEN_MAX, PublicKeyError};
pub use record::{KeyKind, KeyRecord, Permissions};

use crate::files;
use public::PublicKey;
use sealed::{Clear, Material, Seal, Sealed};

/// Name of the file with the sealed keys.
pub const KEYS_NAME: &str = "keys.sealed";
/// Name of the file with the key that seals them.
pub const MASTER_NAME: &str = "master.key";
/// Keys of a host. The whole file (about 250 bytes a key) is rewritten at every change.
pub const KEYS_MAX: usize = 10_000;
/// Keys of one account (Binance allows 30).
pub const KEYS_PER_ACCOUNT_MAX: usize = 30;
/// Longest label in bytes.
pub const LABEL_LEN_MAX: usize = 64;
/// Largest key file: every key an RSA key with the longest label.
const FILE_LEN_MAX: u64 = 16 << 20;
/// Characters of an API key and of a secret, as Binance makes them.
const TEXT_LEN: usize = 64;

/// Why keys cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Its answer.
        source: std::io::Error,
    },
    /// Others can read the master key.
    #[error("{} can be read by others (mode {mode:04o}): run chmod 600 on it, and replace the API keys if someone may have", path.display())]
    MasterMode {
        /// Which file.
        path: PathBuf,
        /// Its mode bits.
        mode: u32,
    },
    /// There are sealed keys but not the key that opens them.
    #[error("{} is missing: without it the API keys cannot be opened; restore it, or remove keys.sealed and make new keys", path.display())]
    MasterMissing {
        /// Which file.
        path: PathBuf,
    },
    /// The content of a file is not what was written. It is not used.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What does not fit.
        what: &'static str,
    },
    /// The system's random source failed.
    #[error("the system gave no random numbers")]
    Random,
    /// Sealing failed.
    #[error("a key could not be sealed")]
    Crypto,
    /// A bound was reached; nothing changed.
    #[error("there are too many keys (at most {max})")]
    TooMany {
        /// Which bound.
        max: usize,
    },
    /// The label is too long.
    #[error("the label is longer than {LABEL_LEN_MAX} bytes")]
    Label,
    /// The public key cannot be used.
    #[error("the key {0}")]
    Public(#[from] PublicKeyError),
}

/// A new key's credentials. `Debug` hides the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    /// `X-MBX-APIKEY`.
    pub api_key: String,
    /// The HMAC secret, shown this once.
    pub secret: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey").field("api_key", &self.api_key).finish_non_exhaustive()
    }
}

/// Whose key, and what it may do.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// Whose.
    pub account: AccountId,
    /// The account's name.
    pub account_name: &'a AccountName,
    /// What it may do.
    pub permissions: Permissions,
    /// The owner's words for it, at most [`LABEL_LEN_MAX`] bytes.
    pub label: &'a str,
}

/// All keys of a host.
#[derive(Debug)]
pub struct Keys {
    /// What requests look up. Held for a look-up or the swap of one entry.
    table: RwLock<HashMap<String, Arc<KeyRecord>>>,
    /// What is on disk. Held while the file is rewritten, so that changes happen one after the other; look-ups never take it.
    store: Mutex<Store>,
}

struct Store {
    path: PathBuf,
    seal: Seal,
    sealed: Vec<Sealed>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.path)
            .field("keys", &self.sealed.len())
            .finish_non_exhaustive()
    }
}

impl Keys {
    /// Opens the keys of a data directory; makes the master key on first use. The caller holds the directory's lock.
    /// Keys for which `is_valid` says no are void: they are left out, and gone from the file at its next change.
    pub(crate) fn open(
        dir: &Path,
        is_valid: impl Fn(AccountId, &AccountName) -> bool,
    ) -> Result<Self, KeysError> {
        let path = dir.join(KEYS_NAME);
        let file = files::read(&path, FILE_LEN_MAX)
            .map_err(|source| KeysError::Io { path: path.clone(), source })?;
        let master = master::load(&dir.join(MASTER_NAME), file.is_none())?;
        let seal = Seal::new(&master)?;
        let mut sealed = match file {
            Some(bytes) => {
                seal.open_file(&bytes).map_err(|what| KeysError::Damaged { path: path.clone(), what })?
            }
            None => Vec::new(),
        };
        sealed.retain(|key| is_valid(key.record.account, &key.record.account_name));
        let table = sealed.iter().map(|key| (key.record.api_key.clone(), Arc::clone(&key.record))).collect();
        Ok(Self { table: RwLock::new(table), store: Mutex::new(Store { path, seal, sealed }) })
    }

    /// Whether the keys of a data directory can be opened, and how many there are; changes nothing and needs no lock, because the
    /// files are replaced as a whole.
    pub fn inspect(dir: &Path) -> Result<usize, KeysError> {
        let path = dir.join(KEYS_NAME);
        let file = files::read(&path, FILE_LEN_MAX)
            .map_err(|source| KeysError::Io { path: path.clone(), source })?;
        let Some(bytes) = file else { return Ok(0) };
        let seal = Seal::new(&master::load(&dir.join(MASTER_NAME), false)?)?;
        let sealed = seal.open_file(&bytes).map_err(|what| KeysError::Damaged { path, what })?;
        Ok(sealed.len())
    }

    /// The record of an API key. A revoked key is gone at once. Never waits for the disk.
    #[must_use]
    pub fn get(&self, api_key: &str) -> Option<Arc<KeyRecord>> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).get(api_key).cloned()
    }

    /// All keys of an account, oldest first.
    #[must_use]
    pub fn of_account(&self, account: AccountId) -> Vec<Arc<KeyRecord>> {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.sealed.iter().map(|key| &key.record).filter(|r| r.account == account).cloned().collect()
    }

    /// Makes an HMAC key: durable when this returns. Blocks for a file write.
    pub fn create_hmac(&self, grant: &Grant<'_>) -> Result<NewKey, KeysError> {
        let secret = random_text()?;
        let api_key = self.add(grant, Material::Secret(secret.clone()))?;
        Ok(NewKey { api_key, secret })
    }

    /// Registers a public key (PEM, Ed25519 or RSA) and returns its API key: durable when this returns. Blocks for a file write.
    pub fn add_public(&self, grant: &Grant<'_>, pem: &str) -> Result<String, KeysError> {
        self.add(grant, Material::Public(PublicKey::from_pem(pem)?))
    }

    /// Revokes one key. False if there is none. Effective before the file is rewritten; if that fails, the error says so and the
    /// key would be back after a restart.
    pub fn revoke(&self, api_key: &str) -> Result<bool, KeysError> {
        Ok(self.revoke_where(|record| record.api_key == api_key)? > 0)
    }

    /// Revokes all keys of an account and returns their number. As [`Keys::revoke`].
    pub fn revoke_account(&self, account: AccountId) -> Result<usize, KeysError> {
        self.revoke_where(|record| record.account == account)
    }

    fn revoke_where(&self, hit: impl Fn(&KeyRecord) -> bool) -> Result<usize, KeysError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let before = store.sealed.len();
        self.table.write().unwrap_or_else(PoisonError::into_inner).retain(|_, record| !hit(record));
        store.sealed.retain(|key| !hit(&key.record));
        let gone = before - store.sealed.len();
        if gone > 0 {
            store.write()?;
        }
        Ok(gone)
    }

    fn add(&self, grant: &Grant<'_>, material: Material) -> Result<String, KeysError> {
        if grant.label.len() > LABEL_LEN_MAX {
            return Err(KeysError::Label);
        }
        let api_key = random_text()?;
        let clear = Clear {
            api_key: &api_key,
            account: grant.account,
            account_name: grant.account_name,
            permissions: grant.permissions,
            label: grant.label,
        };
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if store.sealed.len() >= KEYS_MAX {
            return Err(KeysError::TooMany { max: KEYS_MAX });
        }
        if store.sealed.iter().filter(|key| key.record.account == grant.account).count()
            >= KEYS_PER_ACCOUNT_MAX
        {
            return Err(KeysError::TooMany { max: KEYS_PER_ACCOUNT_MAX });
        }
        let key = store.seal.seal(&clear, material)?;
        let record = Arc::clone(&key.record);
        store.sealed.push(key);
        if let Err(error) = store.write() {
            store.sealed.pop();
            return Err(error);
        }
        self.table.write().unwrap_or_else(PoisonError::into_inner).insert(api_key.clone(), record);
        Ok(api_key)
    }
}

impl Store {
    fn write(&self) -> Result<(), KeysError> {
        let bytes = sealed::file_of(self.sealed.iter());
        files::replace(&self.path, &bytes).map_err(|source| KeysError::Io { path: self.path.clone(), source })
    }
}

/// 64 random letters and digits: 381 bits.
fn random_text() -> Result<String, KeysError> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let random = SystemRandom::new();
    let mut text = String::with_capacity(TEXT_LEN);
    while text.len() < TEXT_LEN {
        let mut bytes = [0_u8; TEXT_LEN];
        random.fill(&mut bytes).map_err(|_| KeysError::Random)?;
        // Bytes from 248 on would make the first letters likelier than the others.
        let fair =
            bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(LETTERS[usize::from(byte % 62)]));
        text.extend(fair.take(TEXT_LEN - text.len()));
    }
    Ok(text)
}
