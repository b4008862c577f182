//! The record of every trial: one line of JSON per trial, one file per instrument, appended and synced, never rewritten.
//!
//! A trial counts against every later result over days that it has seen, whoever made it and with whatever strategy: the more
//! was tried, the better the best of it looks. The same trial made again (same strategy, parameters, bars, days and costs) is
//! recorded again and counted once, because it shows nothing new.
//!
//! A line that was torn by a crash is skipped and counted as such. Size: about 250 bytes a trial.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// What of a trial is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The sweep or run that made it.
    pub by: String,
    /// `ema-cross`.
    pub strategy: String,
    /// Its parameters.
    pub params: Vec<(String, String)>,
    /// `15m`.
    pub interval: String,
    /// What trading cost and how orders were filled, in words: trials under other costs are other trials.
    pub costs: String,
    /// First bar's opening, UTC milliseconds.
    pub from: i64,
    /// Last bar's close, UTC milliseconds.
    pub to: i64,
    /// Sharpe ratio a year.
    pub sharpe: f64,
    /// Total return.
    pub total_return: f64,
    /// Closed trades.
    pub trades: u32,
}

/// What was tried over some days.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Trials recorded, repetitions included.
    pub recorded: u64,
    /// Different trials.
    pub distinct: u64,
    /// Variance of the different trials' yearly Sharpe ratios.
    pub sharpe_variance: f64,
    /// Lines that could not be read.
    pub torn: u64,
}

/// The file of one instrument.
#[derive(Clone, Debug)]
pub struct Ledger {
    path: PathBuf,
}

impl Ledger {
    /// The ledger of `instrument` (`file:BTC-PERP`) in folder `dir`. Nothing is opened yet.
    #[must_use]
    pub fn of(dir: &Path, instrument: &str) -> Self {
        let letter = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '_' };
        let name: String = instrument.chars().map(letter).collect();
        Self { path: dir.join(format!("{name}.jsonl")) }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends and syncs. Several processes may append at the same time.
    ///
    /// # Errors
    /// When the folder or the file cannot be written; then a part may have been.
    pub fn append(&self, entries: &[Entry]) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&self.path)?;
        file.lock()?;
        let mut lines = String::new();
        if ends_torn(&mut file)? {
            lines.push('\n');
        }
        for entry in entries {
            lines.push_str(&entry.to_json().to_string());
            lines.push('\n');
        }
        file.write_all(lines.as_bytes())?;
        file.sync_data()
    }

    /// Counts the trials that saw any moment from `from` to `to` (UTC milliseconds, both included).
    ///
    /// # Errors
    /// When the file exists and cannot be read.
    pub fn tally(&self, from: i64, to: i64) -> io::Result<Tally> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tally::default()),
            Err(error) => return Err(error),
        };
        let mut tally = Tally::default();
        let mut seen = BTreeSet::new();
        // Welford's update: mean and sum of squared distances.
        let (mut mean, mut squares) = (0.0, 0.0);
        for line in BufReader::new(file).split(b'\n') {
            let line = line?;
            if line.is_empty() {
                continue;
            }
            let Some(entry) = serde_json::from_slice(&line).ok().and_then(|v| Entry::from_json(&v)) else {
                tally.torn += 1;
                continue;
            };
            if entry.to < from || entry.from > to {
                continue;
            }
            tally.recorded += 1;
            if seen.insert(entry.identity()) {
                tally.distinct += 1;
                let distance = entry.sharpe - mean;
                mean += distance / tally.distinct as f64;
                squares += distance * (entry.sharpe - mean);
            }
        }
        if tally.distinct > 1 {
            tally.sharpe_variance = squares / (tally.distinct - 1) as f64;
        }
        Ok(tally)
    }
}

/// Whether the file's last line has no end.
fn ends_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0_u8];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

impl Entry {
    fn to_json(&self) -> Value {
        let params: serde_json::Map<String, Value> =
            self.params.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        json!({
            "by": self.by, "strategy": self.strategy, "params": params, "interval": self.interval, "costs": self.costs,
            "from": self.from, "to": self.to, "sharpe": self.sharpe, "return": self.total_return, "trades": self.trades,
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        let params = value.get("params")?.as_object()?;
        Some(Self {
            by: text("by")?,
            strategy: text("strategy")?,
            params: params
                .iter()
                .map(|(n, v)| Some((n.clone(), v.as_str()?.to_owned())))
                .collect::<Option<_>>()?,
            interval: text("interval")?,
            costs: text("costs")?,
            from: value.get("from")?.as_i64()?,
            to: value.get("to")?.as_i64()?,
            sharpe: value.get("sharpe")?.as_f64()?,
            total_return: value.get("return")?.as_f64()?,
            trades: u32::try_from(value.get("trades")?.as_u64()?).ok()?,
        })
    }

    /// What makes it different from another trial. 64 bits: among a million trials two fall together once in 37 million files.
    fn identity(&self) -> u64 {
        let mut params = self.params.clone();
        params.sort_unstable();
        let mut hasher = DefaultHasher::new();
        (&self.strategy, &params, &self.interval, &self.costs, self.from, self.to).hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(fast: &str, from: i64, to: i64, sharpe: f64) -> Entry {
        Entry {
            by: "s1".into(),
            strategy: "ema-cross".into(),
            params: vec![("slow".into(), "50".into()), ("fast".into(), fast.into())],
            interval: "1m".into(),
            costs: "fee 10 bps".into(),
            from,
            to,
            sharpe,
            total_return: 0.5,
            trades: 3,
        }
    }

    #[test]
    fn every_trial_is_counted_over_the_days_it_saw_and_repetitions_once() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::of(dir.path(), "file:BTC/PERP");
        assert_eq!(ledger.tally(0, 100).unwrap(), Tally::default());
        ledger.append(&[entry("5", 0, 50, 1.0), entry("6", 0, 50, 2.0)]).unwrap();
        ledger.append(&[entry("5", 0, 50, 1.0), entry("5", 51, 99, 6.0)]).unwrap();
        let all = ledger.tally(0, 100).unwrap();
        assert_eq!((all.recorded, all.distinct, all.torn), (4, 3, 0));
        // 1, 2, 6: mean 3, squares 4 + 1 + 9.
        assert!((all.sharpe_variance - 7.0).abs() < 1e-12);
        assert_eq!(ledger.tally(51, 60).unwrap().recorded, 1);
        assert_eq!(ledger.tally(100, 200).unwrap().recorded, 0);
    }

    #[test]
    fn a_torn_line_is_skipped_and_what_follows_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::of(dir.path(), "x");
        ledger.append(&[entry("5", 0, 50, 1.0)]).unwrap();
        let whole = std::fs::read(ledger.path()).unwrap();
        std::fs::write(ledger.path(), [whole.as_slice(), &whole[..40]].concat()).unwrap();
        ledger.append(&[entry("6", 0, 50, 1.0)]).unwrap();
        let tally = ledger.tally(0, 100).unwrap();
        assert_eq!((tally.recorded, tally.torn), (2, 1));
    }
}
