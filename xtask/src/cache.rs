//! Fetched things (Python environments, npm packages) outside the checkout: reused when there, never needed.
//!
//! Each lies in a folder named after the hash of everything it was made from, so a changed requirement file makes a
//! new one and an interrupted installation is begun anew.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The mark of a finished installation.
const READY: &str = ".ready";

/// A folder for fetched things.
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// `TRADEWIND_CACHE`, else `tradewind` in the user's cache folder.
    pub(crate) fn open() -> Result<Self> {
        let given = std::env::var_os("TRADEWIND_CACHE").map(PathBuf::from);
        let xdg = std::env::var_os("XDG_CACHE_HOME").map(|dir| PathBuf::from(dir).join("tradewind"));
        let user = std::env::var_os("HOME").map(|dir| PathBuf::from(dir).join(".cache/tradewind"));
        let root = given.or(xdg).or(user).unwrap_or_else(|| std::env::temp_dir().join("tradewind-cache"));
        Self::at(&root)
    }

    /// A cache in a given folder.
    pub(crate) fn at(root: &Path) -> Result<Self> {
        fs::create_dir_all(root)
            .with_context(|| format!("cannot make the cache folder {}", root.display()))?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// The folder `kind` made from `sources`; `make` fills it if it is not there yet.
    pub(crate) fn folder(
        &self,
        kind: &str,
        sources: &[&str],
        make: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let lock = File::create(self.root.join("lock"))?;
        lock.lock().context("cannot lock the cache folder")?;
        let dir = self.root.join(format!("{kind}-{:016x}", hash(sources)));
        if dir.join(READY).exists() {
            println!("   reusing {}", dir.display());
            return Ok(dir);
        }
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("cannot clear {}", dir.display()))?;
        }
        fs::create_dir_all(&dir)?;
        println!("   making {}", dir.display());
        make(&dir)?;
        fs::write(dir.join(READY), "")?;
        Ok(dir)
    }
}

/// FNV-1a, 64 bits: names a folder, protects nothing. Each source is closed with a zero byte.
fn hash(sources: &[&str]) -> u64 {
    let bytes = sources.iter().flat_map(|s| s.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_once_and_again_after_a_failure_or_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path()).unwrap();
        let fail = |_: &Path| anyhow::bail!("no network");
        let fill = |dir: &Path| Ok(fs::write(dir.join("x"), "")?);
        assert!(cache.folder("venv", &["a==1"], fail).is_err());
        let made = cache.folder("venv", &["a==1"], fill).unwrap();
        assert_eq!(cache.folder("venv", &["a==1"], fail).unwrap(), made);
        assert!(made.join("x").exists());
        assert_ne!(cache.folder("venv", &["a==2"], fill).unwrap(), made);
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }
}
