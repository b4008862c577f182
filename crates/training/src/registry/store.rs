//! The folder of models.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::record::Record;
use crate::limits::VERSIONS_MAX;
use crate::request::Request;

/// Longest model id, a bound for file names.
const ID_LEN_MAX: usize = 120;

/// The registry in one folder. Holds no state: several processes may use it at once.
#[derive(Clone, Debug)]
pub struct Registry {
    folder: PathBuf,
}

/// What went wrong with the folder, or with what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No such model or version.
    #[error("there is no model {0}")]
    Unknown(String),
    /// An id or version that cannot be one.
    #[error(
        "{0:?} is no model id: letters, digits and - . _, at most 120; a version follows after @, like arima-btc-perp-15m@2"
    )]
    Name(String),
    /// The file is damaged or was changed.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The promoted version is in use.
    #[error("{0} is promoted; promote another version first, or delete with force")]
    Promoted(String),
    /// The disk.
    #[error("{path}: {source}")]
    Disk {
        /// Which file or folder.
        path: String,
        /// What the system says.
        source: io::Error,
    },
}

fn disk(path: &Path) -> impl FnOnce(io::Error) -> RegistryError + '_ {
    move |source| RegistryError::Disk { path: path.display().to_string(), source }
}

/// The id of the model that a request makes: the one it names, else like `arima-btc-perp-15m`.
#[must_use]
pub fn model_id(algorithm: &str, request: &Request) -> String {
    if let Some(name) = &request.name {
        return name.clone();
    }
    let clean = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' })
            .collect()
    };
    let symbols: Vec<String> = request.symbols.iter().map(|s| clean(s)).collect();
    let mut id = format!("{algorithm}-{}-{}", symbols.join("+").replace('+', "_"), clean(&request.interval));
    id.truncate(ID_LEN_MAX);
    id
}

fn check(id: &str) -> Result<(), RegistryError> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if id.is_empty() || id.len() > ID_LEN_MAX || id.starts_with('.') || !id.chars().all(fine) {
        return Err(RegistryError::Name(id.to_owned()));
    }
    Ok(())
}

impl Registry {
    /// The registry in `folder`, which need not exist yet.
    #[must_use]
    pub fn open(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf() }
    }

    /// All ids, sorted.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn ids(&self) -> Result<Vec<String>, RegistryError> {
        let mut ids: Vec<String> = names(&self.folder)?.into_iter().filter(|n| check(n).is_ok()).collect();
        ids.retain(|id| self.folder.join(id).is_dir());
        ids.sort();
        Ok(ids)
    }

    /// The versions of a model, rising.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`] without any.
    pub fn versions(&self, id: &str) -> Result<Vec<u32>, RegistryError> {
        check(id)?;
        let names = names(&self.folder.join(id))?;
        let mut versions: Vec<u32> =
            names.iter().filter_map(|n| n.strip_suffix(".json")?.parse().ok()).collect();
        versions.sort_unstable();
        if versions.is_empty() { Err(RegistryError::Unknown(id.to_owned())) } else { Ok(versions) }
    }

    /// The promoted version, if one is.
    ///
    /// # Errors
    /// A bad id.
    pub fn promoted(&self, id: &str) -> Result<Option<u32>, RegistryError> {
        check(id)?;
        let text = fs::read_to_string(self.folder.join(id).join("promoted"));
        Ok(text.ok().and_then(|t| t.trim().parse().ok()))
    }

    /// Reads `id`, `id@version`; without a version the promoted one, or the newest.
    ///
    /// # Errors
    /// Unknown or damaged models.
    pub fn get(&self, name: &str) -> Result<Record, RegistryError> {
        let (id, version) = self.resolve(name)?;
        let path = self.path(&id, version);
        let text = fs::read_to_string(&path).map_err(disk(&path))?;
        let damaged = |why: String| RegistryError::Damaged { path: path.display().to_string(), why };
        serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))
    }

    /// The id and version that a name stands for.
    ///
    /// # Errors
    /// Unknown models and bad names.
    pub fn resolve(&self, name: &str) -> Result<(String, u32), RegistryError> {
        let (id, version) = match name.split_once('@') {
            Some((id, version)) => {
                (id, Some(version.parse::<u32>().map_err(|_| RegistryError::Name(name.to_owned()))?))
            }
            None => (name, None),
        };
        let versions = self.versions(id)?;
        let newest = versions.last().copied().unwrap_or(0);
        let version = match version {
            Some(version) => version,
            None => self.promoted(id)?.unwrap_or(newest),
        };
        if versions.contains(&version) {
            Ok((id.to_owned(), version))
        } else {
            Err(RegistryError::Unknown(format!("{id}@{version}")))
        }
    }

    fn path(&self, id: &str, version: u32) -> PathBuf {
        self.folder.join(id).join(format!("{version}.json"))
    }

    /// Stores a record as the next version and returns it with that number. Old versions beyond the bound go.
    ///
    /// # Errors
    /// The disk.
    pub fn put(&self, mut record: Record) -> Result<Record, RegistryError> {
        check(&record.id)?;
        let folder = self.folder.join(&record.id);
        fs::create_dir_all(&folder).map_err(disk(&folder))?;
        let mut version = self.versions(&record.id).ok().and_then(|v| v.last().copied()).unwrap_or(0);
        loop {
            version += 1;
            record.version = version;
            let text = serde_json::to_vec(&record)
                .map_err(|e| RegistryError::Damaged { path: record.id.clone(), why: e.to_string() })?;
            let (path, part) =
                (self.path(&record.id, version), folder.join(format!("{version}.{}.part", writer())));
            write_synced(&part, &text).map_err(disk(&part))?;
            // A link fails when somebody else took the number; a rename would replace theirs.
            let linked = fs::hard_link(&part, &path);
            let removed = fs::remove_file(&part);
            match linked {
                Ok(()) => {
                    removed.map_err(disk(&part))?;
                    sync_folder(&folder);
                    break;
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(disk(&path)(e)),
            }
        }
        self.prune(&record.id)?;
        Ok(record)
    }

    fn prune(&self, id: &str) -> Result<(), RegistryError> {
        let (versions, promoted) = (self.versions(id)?, self.promoted(id)?);
        let surplus = versions.len().saturating_sub(VERSIONS_MAX);
        for version in versions.into_iter().filter(|v| Some(*v) != promoted).take(surplus) {
            let path = self.path(id, version);
            fs::remove_file(&path).map_err(disk(&path))?;
        }
        Ok(())
    }

    /// Makes a version the one that strategies use.
    ///
    /// # Errors
    /// An unknown or damaged version, the disk.
    pub fn promote(&self, name: &str) -> Result<Record, RegistryError> {
        let record = self.get(name)?;
        if record.model().is_none() {
            let path = self.path(&record.id, record.version).display().to_string();
            return Err(RegistryError::Damaged { path, why: "its numbers do not fit together".into() });
        }
        let (path, part) = (
            self.folder.join(&record.id).join("promoted"),
            self.folder.join(&record.id).join(format!("promoted.{}.part", writer())),
        );
        write_synced(&part, record.version.to_string().as_bytes()).map_err(disk(&part))?;
        fs::rename(&part, &path).map_err(disk(&path))?;
        sync_folder(&self.folder.join(&record.id));
        Ok(record)
    }

    /// Deletes a version (`id@version`) or a whole model (`id`). A promoted one only with `force`.
    ///
    /// # Errors
    /// Unknown models, promoted ones without `force`, the disk.
    pub fn delete(&self, name: &str, force: bool) -> Result<(), RegistryError> {
        let (id, version) = match name.split_once('@') {
            Some(_) => self.resolve(name).map(|(id, v)| (id, Some(v)))?,
            None => (name.to_owned(), None),
        };
        self.versions(&id)?;
        let promoted = self.promoted(&id)?;
        if promoted.is_some() && (version.is_none() || version == promoted) && !force {
            return Err(RegistryError::Promoted(format!("{id}@{}", promoted.unwrap_or(0))));
        }
        let Some(version) = version else {
            let folder = self.folder.join(&id);
            return fs::remove_dir_all(&folder).map_err(disk(&folder));
        };
        let path = self.path(&id, version);
        fs::remove_file(&path).map_err(disk(&path))?;
        if promoted == Some(version) {
            let path = self.folder.join(&id).join("promoted");
            fs::remove_file(&path).map_err(disk(&path))?;
        }
        if self.versions(&id).is_err() {
            let folder = self.folder.join(&id);
            fs::remove_dir_all(&folder).map_err(disk(&folder))?;
        }
        Ok(())
    }
}

/// Tells unfinished files of processes and threads apart: two trainings may end at the same moment.
fn writer() -> String {
    format!("{}-{:?}", std::process::id(), std::thread::current().id())
}

/// Names in a folder; none if it does not exist.
fn names(folder: &Path) -> Result<Vec<String>, RegistryError> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(disk(folder)(e)),
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the names in a folder durable; where that is not possible the files themselves still are.
pub(crate) fn sync_folder(folder: &Path) {
    if let Ok(handle) = File::open(folder) {
        let _ = handle.sync_all();
    }
}
