//! Runs on disk: one folder each under `<data>/backtests/`, made of files that other programs read too.
//!
//! ```text
//! 0007-ema-cross/run.json     what was run, the sums, the warnings
//!                equity.csv   worth over time
//!                fills.csv    every fill
//!                trades.csv   every round trip
//! ```
//! Numbers are decimal texts, times nanoseconds; what is read back equals what was written, to the last digit. A folder appears
//! complete or not at all: it is written beside and renamed.

mod run_json;
mod spec_json;
mod tables;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use types::Time;

use crate::Outcome;

/// A folder of stored runs.
#[derive(Clone, Debug)]
pub struct Runs {
    root: PathBuf,
}

/// Why runs cannot be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// The disk's answer.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What.
        source: io::Error,
    },
    /// No run is called that.
    #[error("there is no run {0:?}")]
    Unknown(String),
    /// A file does not hold what it should.
    #[error("{}: {what}", path.display())]
    Damaged {
        /// Where.
        path: PathBuf,
        /// What.
        what: String,
    },
}

/// A stored run in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its id: number and strategy.
    pub id: String,
    /// When it was stored.
    pub at: Time,
    /// `run.json` as it is.
    pub json: serde_json::Value,
}

impl Runs {
    /// The runs in a data directory.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self { root: data_dir.join("backtests") }
    }

    /// The folder of a run.
    #[must_use]
    pub fn folder(&self, id: &str) -> PathBuf {
        self.root.join(id)
    }

    /// Stores a run under the next free number; gives its id.
    ///
    /// # Errors
    /// [`StoredError::Io`]; then nothing of it is in the list.
    pub fn save(&self, outcome: &Outcome, now: Time) -> Result<String, StoredError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| StoredError::Io { path, source }
        };
        fs::create_dir_all(&self.root).map_err(io(&self.root))?;
        let draft = self.root.join(format!(".draft-{}-{}", std::process::id(), now.0));
        fs::create_dir_all(&draft).map_err(io(&draft))?;
        let written = self.write(&draft, outcome, now).and_then(|()| self.place(&draft, outcome));
        if written.is_err() {
            // What cannot be removed either is a hidden folder that no list shows.
            let _ = fs::remove_dir_all(&draft);
        }
        written
    }

    fn write(&self, draft: &Path, outcome: &Outcome, now: Time) -> Result<(), StoredError> {
        let put = |name: &str, write: &dyn Fn(&mut io::BufWriter<fs::File>) -> io::Result<()>| {
            let path = draft.join(name);
            let done = fs::File::create(&path).and_then(|file| {
                let mut file = io::BufWriter::new(file);
                write(&mut file)?;
                file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
            });
            done.map_err(|source| StoredError::Io { path, source })
        };
        put("equity.csv", &|w| tables::put_equity(w, outcome))?;
        put("fills.csv", &|w| tables::put_fills(w, outcome))?;
        put("trades.csv", &|w| tables::put_trades(w, outcome))?;
        let json = run_json::put(outcome, now);
        put("run.json", &|w| serde_json::to_writer_pretty(w, &json).map_err(io::Error::from))
    }

    /// Gives a complete draft the next free number.
    fn place(&self, draft: &Path, outcome: &Outcome) -> Result<String, StoredError> {
        let mut number = self.ids()?.iter().filter_map(|id| number(id)).max().unwrap_or(0) + 1;
        loop {
            let id = format!("{number:04}-{}", outcome.run.strategy);
            // Renaming onto an existing folder with files in it fails: two programs never share a number.
            match fs::rename(draft, self.folder(&id)) {
                Ok(()) => return Ok(id),
                Err(e)
                    if matches!(
                        e.kind(),
                        io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists
                    ) =>
                {
                    number += 1;
                }
                Err(source) => return Err(StoredError::Io { path: self.folder(&id), source }),
            }
        }
    }

    /// Ids of all runs, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn ids(&self) -> Result<Vec<String>, StoredError> {
        let entries = match fs::read_dir(&self.root) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| StoredError::Io { path: self.root.clone(), source })?,
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut ids: Vec<String> = names.filter(|name| number(name).is_some()).collect();
        ids.sort_by_key(|id| (number(id), id.clone()));
        Ok(ids)
    }

    /// The id that `text` means: an id, its number (`7`), or `last`.
    ///
    /// # Errors
    /// [`StoredError::Unknown`].
    pub fn find(&self, text: &str) -> Result<String, StoredError> {
        let ids = self.ids()?;
        let wanted = text.parse::<u64>().ok();
        let found = match text {
            "last" => ids.last(),
            _ => ids.iter().find(|id| *id == text || wanted.is_some() && number(id) == wanted),
        };
        found.cloned().ok_or_else(|| StoredError::Unknown(text.to_owned()))
    }

    /// All runs, oldest first.
    ///
    /// # Errors
    /// When a `run.json` cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, StoredError> {
        self.ids()?.into_iter().map(|id| self.listed(&id)).collect()
    }

    /// One run without its tables.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn listed(&self, id: &str) -> Result<Listed, StoredError> {
        let path = self.folder(id).join("run.json");
        let text = read(&path)?;
        let json: serde_json::Value = serde_json::from_str(&text)
            .map_err(|e| StoredError::Damaged { path: path.clone(), what: e.to_string() })?;
        let at = json["at_ns"].as_i64().map(Time).ok_or_else(|| damaged(&path, "at_ns"))?;
        Ok(Listed { id: id.to_owned(), at, json })
    }

    /// A whole run.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn load(&self, id: &str) -> Result<Outcome, StoredError> {
        let listed = self.listed(id)?;
        let folder = self.folder(id);
        let path = folder.join("run.json");
        let mut outcome =
            run_json::get(&listed.json).ok_or_else(|| damaged(&path, "a field is missing or wrong"))?;
        let table = |name: &str| read(&folder.join(name)).map(|text| (folder.join(name), text));
        let (path, text) = table("equity.csv")?;
        let points =
            tables::get_equity(&text, &outcome.run).map_err(|n| damaged(&path, &format!("line {n}")))?;
        outcome.equity = run_json::curve(&listed.json, &outcome.run, &points)
            .ok_or_else(|| damaged(&path, "it does not fit run.json"))?;
        let (path, text) = table("fills.csv")?;
        outcome.fills =
            tables::get_fills(&text, &outcome.run).map_err(|n| damaged(&path, &format!("line {n}")))?;
        let (path, text) = table("trades.csv")?;
        outcome.trades =
            tables::get_trades(&text, &outcome.run).map_err(|n| damaged(&path, &format!("line {n}")))?;
        Ok(outcome)
    }
}

/// The number an id begins with.
fn number(id: &str) -> Option<u64> {
    id.split_once('-')?.0.parse().ok()
}

fn read(path: &Path) -> Result<String, StoredError> {
    fs::read_to_string(path).map_err(|source| StoredError::Io { path: path.to_owned(), source })
}

fn damaged(path: &Path, what: &str) -> StoredError {
    StoredError::Damaged { path: path.to_owned(), what: what.to_owned() }
}
