//! Sweeps on disk: one JSON document each under `<data>/sweeps/`, and beside them the ledger of all trials.
//!
//! ```text
//! sweeps/0003-ema-cross.json       what a sweep gave
//!        trials/file_BTC-PERP.jsonl    every trial ever made on an instrument (see [`super::ledger`])
//! ```
//! A document appears complete or not at all: it is written beside and renamed.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{Ledger, SweepOutcome};

/// A folder of kept sweeps.
#[derive(Clone, Debug)]
pub struct Sweeps {
    root: PathBuf,
}

/// Why sweeps cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The disk's answer.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What.
        source: io::Error,
    },
    /// No sweep is called that.
    #[error("there is no sweep {0:?}")]
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

impl Sweeps {
    /// The sweeps in a data directory.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self { root: data_dir.join("sweeps") }
    }

    /// The ledger of an instrument's trials.
    #[must_use]
    pub fn ledger(&self, instrument: &str) -> Ledger {
        Ledger::of(&self.root.join("trials"), instrument)
    }

    /// Takes the next free name for a sweep of `strategy`, so that its trials can be recorded under it before it ends.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn reserve(&self, strategy: &str) -> Result<String, KeptError> {
        let io = |source| KeptError::Io { path: self.root.clone(), source };
        fs::create_dir_all(&self.root).map_err(io)?;
        let mut number = self.names()?.iter().filter_map(|id| number_of(id)).max().unwrap_or(0) + 1;
        loop {
            let id = format!("{number:04}-{strategy}");
            // The mark keeps the number when the sweep never ends.
            match fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(self.root.join(format!("{id}.begun")))
            {
                Ok(_) => return Ok(id),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(source) => return Err(io(source)),
            }
        }
    }

    /// Keeps a sweep under its id.
    ///
    /// # Errors
    /// When it cannot be written; then it is not in the list.
    pub fn save(&self, sweep: &SweepOutcome) -> Result<PathBuf, KeptError> {
        let path = self.root.join(format!("{}.json", sweep.id));
        let draft = self.root.join(format!(".{}.draft", sweep.id));
        let write = || {
            let mut file = fs::File::create(&draft)?;
            file.write_all(&serde_json::to_vec(sweep).map_err(io::Error::from)?)?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            fs::remove_file(self.root.join(format!("{}.begun", sweep.id)))
        };
        write().map_err(|source| KeptError::Io { path: path.clone(), source })?;
        Ok(path)
    }

    /// Ids of all kept sweeps, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn ids(&self) -> Result<Vec<String>, KeptError> {
        let names = self.names()?.into_iter();
        Ok(names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect())
    }

    fn names(&self) -> Result<Vec<String>, KeptError> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(KeptError::Io { path: self.root.clone(), source }),
        };
        let mut names: Vec<String> = entries
            .filter_map(|e| e.ok()?.file_name().into_string().ok())
            .filter(|n| !n.starts_with('.'))
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// The id that `text` means: an id, a number, or `last`.
    ///
    /// # Errors
    /// [`KeptError::Unknown`] if there is none.
    pub fn find(&self, text: &str) -> Result<String, KeptError> {
        let ids = self.ids()?;
        let wanted = text.parse::<u64>().ok();
        let found = if text == "last" {
            ids.last()
        } else {
            ids.iter().find(|id| *id == text || wanted.is_some() && number_of(id) == wanted)
        };
        found.cloned().ok_or_else(|| KeptError::Unknown(text.to_owned()))
    }

    /// Reads a sweep.
    ///
    /// # Errors
    /// See [`KeptError`].
    pub fn load(&self, id: &str) -> Result<SweepOutcome, KeptError> {
        let path = self.root.join(format!("{id}.json"));
        let bytes = fs::read(&path).map_err(|source| KeptError::Io { path: path.clone(), source })?;
        SweepOutcome::parse(&bytes).map_err(|what| KeptError::Damaged { path, what })
    }

    /// The newest sweep whose choice was stored as the run `run`.
    #[must_use]
    pub fn of_run(&self, run: &str) -> Option<SweepOutcome> {
        let ids = self.ids().ok()?;
        ids.iter().rev().filter_map(|id| self.load(id).ok()).find(|sweep| sweep.run.as_deref() == Some(run))
    }
}

fn number_of(id: &str) -> Option<u64> {
    id.split(['-', '.']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::outcome::VERSION;
    use super::*;

    #[test]
    fn numbers_are_never_used_twice_and_names_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let sweeps = Sweeps::new(dir.path());
        assert_eq!(sweeps.reserve("ema-cross").unwrap(), "0001-ema-cross");
        // It never ended: its number is gone.
        let id = sweeps.reserve("macd").unwrap();
        assert_eq!(id, "0002-macd");
        assert!(sweeps.ids().unwrap().is_empty());
        let sweep = SweepOutcome {
            id: id.clone(),
            run: Some("0007-macd".into()),
            v: VERSION,
            ..SweepOutcome::default()
        };
        sweeps.save(&sweep).unwrap();
        assert_eq!(sweeps.ids().unwrap(), [id.as_str()]);
        for text in ["last", "2", "0002-macd"] {
            assert_eq!(sweeps.find(text).unwrap(), id);
        }
        assert!(matches!(sweeps.find("1"), Err(KeptError::Unknown(_))));
        assert_eq!(sweeps.of_run("0007-macd").unwrap(), sweep);
        assert_eq!(sweeps.of_run("0008-macd"), None);
        assert_eq!(sweeps.reserve("rsi").unwrap(), "0003-rsi");
        fs::write(dir.path().join("sweeps/0002-macd.json"), "{}").unwrap();
        assert!(matches!(sweeps.load("0002-macd"), Err(KeptError::Damaged { .. })));
    }
}
