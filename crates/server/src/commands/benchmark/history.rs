//! What was measured on this machine before: `benchmarks.jsonl` in the data directory, one measurement a line, oldest first.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::{Exit, Failure};

const NAME: &str = "benchmarks.jsonl";
/// Earlier runs that a trend looks at.
const TREND_RUNS: usize = 10;
/// Lines that are kept; the oldest go when the file is next written.
const LINES_MAX: usize = 10_000;

/// One measurement. Times in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) times: u64,
    pub(crate) average: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

impl Measured {
    /// Of single values; at least one.
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of less than 104 days")]
    pub(crate) fn of(name: &str, mut nanos: Vec<u64>) -> Self {
        nanos.sort_unstable();
        let count = nanos.len().max(1);
        // The nearest rank: so many percent are not larger.
        let at = |percent: usize| {
            nanos.get((count * percent).div_ceil(100).max(1) - 1).copied().unwrap_or(0) as f64
        };
        Self {
            name: name.to_owned(),
            times: count as u64,
            average: nanos.iter().sum::<u64>() as f64 / count as f64,
            min: nanos.first().copied().unwrap_or(0) as f64,
            max: nanos.last().copied().unwrap_or(0) as f64,
            p50: at(50),
            p95: at(95),
            p99: at(99),
        }
    }
}

/// A measurement and when it was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) at: String,
    pub(crate) version: String,
    #[serde(flatten)]
    pub(crate) measured: Measured,
}

/// All that was measured.
pub(crate) struct History {
    path: PathBuf,
    kept: Vec<Kept>,
}

impl History {
    /// Reads the file; a line that is none is left out.
    pub(crate) fn open(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join(NAME);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(&path, &error)),
        };
        let kept = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Ok(Self { path, kept })
    }

    /// The measurements of one benchmark, oldest first.
    pub(crate) fn of(&self, name: &str) -> impl Iterator<Item = &Kept> {
        self.kept.iter().filter(move |kept| kept.measured.name == name)
    }

    /// How much more (or less) the median is than the median of the last ten medians, percent.
    pub(crate) fn trend(&self, now: &Measured) -> Option<f64> {
        let mut before: Vec<f64> = self.of(&now.name).map(|kept| kept.measured.p50).collect();
        let mut last = before.split_off(before.len().saturating_sub(TREND_RUNS));
        last.sort_by(f64::total_cmp);
        let middle = *last.get(last.len() / 2)?;
        (middle > 0.0).then(|| (now.p50 - middle) / middle * 100.0)
    }

    /// Writes more down.
    pub(crate) fn append(&self, measured: &[Measured]) -> Result<(), Failure> {
        let at = api::wire::rfc3339(store::Ts::now().time());
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let more = measured.iter().map(|one| Kept {
            at: at.clone(),
            version: version.clone(),
            measured: one.clone(),
        });
        let more: Vec<Kept> = more.collect();
        let text = |kept: &[&Kept]| {
            let line = |kept: &&Kept| serde_json::to_string(kept).unwrap_or_default() + "\n";
            kept.iter().map(line).collect::<String>()
        };
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir).map_err(|error| failed(&self.path, &error))?;
        }
        if self.kept.len() + more.len() > LINES_MAX {
            let all: Vec<&Kept> = self.kept.iter().chain(&more).collect();
            let newest = &all[all.len() - LINES_MAX / 2..];
            return std::fs::write(&self.path, text(newest)).map_err(|error| failed(&self.path, &error));
        }
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&self.path);
        let written =
            file.and_then(|mut file| file.write_all(text(&more.iter().collect::<Vec<_>>()).as_bytes()));
        written.map_err(|error| failed(&self.path, &error))
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("cannot use {}", path.display()))
        .because(error)
        .advise("`tradewind doctor` checks the folder and the disk")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank_and_a_trend_is_of_medians() {
        let one = Measured::of("a", (1..=100).rev().collect());
        let numbers = [one.average, one.min, one.max, one.p50, one.p95, one.p99].map(f64::to_bits);
        assert_eq!(numbers, [50.5, 1.0, 100.0, 50.0, 95.0, 99.0].map(f64::to_bits));
        let dir = tempfile::tempdir().unwrap();
        let empty = History::open(dir.path()).unwrap();
        assert_eq!(empty.trend(&one), None);
        for value in [1_000, 10, 10, 10, 10, 10, 10, 20, 20, 20, 20] {
            History::open(dir.path()).unwrap().append(&[Measured::of("a", vec![value])]).unwrap();
        }
        std::fs::OpenOptions::new()
            .append(true)
            .open(dir.path().join(NAME))
            .and_then(|mut file| file.write_all(b"half a li"))
            .unwrap();
        let history = History::open(dir.path()).unwrap();
        assert_eq!(history.of("a").count(), 11, "a torn line is left out");
        // The last ten are six of 10 and four of 20; the eleventh, of 1,000, is too old.
        let trend = history.trend(&Measured::of("a", vec![15])).unwrap();
        assert!((trend - 50.0).abs() < 1e-9, "{trend}");
        assert_eq!(history.trend(&Measured::of("b", vec![15])), None);
    }
}
