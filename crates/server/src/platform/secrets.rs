//! The platform's key file: 64 random bytes that are nowhere else. The first half seals secrets in the database, the second
//! signs access tokens. A key derived from the second signs checkpoints of the audit log.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use api::auth::{Tokens, Vault};
use store::audit::Signer;

use crate::failure::{Exit, Failure};

/// Its name in the data directory.
pub(crate) const KEY_NAME: &str = "platform.key";
const LEN: usize = 64;

/// The keys of an installation.
pub(crate) struct Secrets {
    pub(crate) vault: Vault,
    pub(crate) tokens: Tokens,
    pub(crate) signer: Signer,
}

/// Reads the key file, or makes it on the first start.
///
/// # Errors
/// When it cannot be read or made, is open to others, or has not the length it was made with.
pub(crate) fn load(dir: &Path) -> Result<Secrets, Failure> {
    let path = dir.join(KEY_NAME);
    let failed = |why: &dyn std::fmt::Display| {
        Failure::new(Exit::Failed, format!("cannot use the key file {}", path.display())).because(why)
    };
    let mut bytes = Vec::new();
    match std::fs::File::open(&path) {
        Ok(mut file) => {
            let mode = file.metadata().map_err(|e| failed(&e))?.mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(failed(&format!("others can read it (mode {mode:04o})"))
                    .advise("chmod 600 it, and change passwords and API keys if someone may have read it"));
            }
            file.read_to_end(&mut bytes).map_err(|e| failed(&e))?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bytes = make(dir, &path).map_err(|e| failed(&e))?;
        }
        Err(error) => return Err(failed(&error)),
    }
    let Ok(bytes) = <[u8; LEN]>::try_from(bytes) else {
        return Err(failed(&format!("it has not {LEN} bytes")).advise("restore it from a backup"));
    };
    let (mut seal, mut sign) = ([0; 32], [0; 32]);
    seal.copy_from_slice(&bytes[..32]);
    sign.copy_from_slice(&bytes[32..]);
    let signer = Signer::derived(&sign).map_err(|error| failed(&error))?;
    Ok(Secrets { vault: Vault::new(&seal), tokens: Tokens::new(&sign), signer })
}

/// The same where there is a key file already; none is made.
pub(crate) fn look(dir: &Path) -> Result<Option<Secrets>, Failure> {
    if dir.join(KEY_NAME).exists() { load(dir).map(Some) } else { Ok(None) }
}

/// Written beside, synced and renamed: a crash leaves no half key.
fn make(dir: &Path, path: &Path) -> std::io::Result<Vec<u8>> {
    std::fs::create_dir_all(dir)?;
    let mut bytes = vec![0; LEN];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let beside = dir.join("platform.key.tmp");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    std::fs::File::open(dir)?.sync_all()?;
    Ok(bytes)
}
