//! How much of the time in which it should have the service was ready, over the last thirty days.
//!
//! A record in the data directory says every minute that the service lives. A run that ended without saying so has crashed, and until the
//! next start the service was away. A stop that somebody asked for, and the time until the next start, count as nothing; so does the time
//! in which the machine slept.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::ports::{Component, Condition, Health};
use http::Stop;
use serde::{Deserialize, Serialize};
use store::{PoolSample, Store};
use tokio::task::JoinHandle;

use super::telemetry::Measured;
use crate::config::Config;

/// Its name in the data directory.
const FILE: &str = "uptime.json";
/// How often it is looked.
const EVERY: Duration = Duration::from_secs(5);
/// Looks between two writings.
const LOOKS: u32 = 12;
/// Seconds between two looks of a run beyond which the machine slept.
const ASLEEP_S: i64 = 60;
/// Days that count.
const DAYS: i64 = 30;
const DAY_S: i64 = 86_400;
/// Below so many seconds a share tells nothing.
const KNOWN_S: i64 = 60;

/// One day's share, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Day {
    /// Days since 1970.
    day: i64,
    up_s: i64,
    down_s: i64,
}

/// What is known of the last days. Times are seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    days: Vec<Day>,
    /// The last sign of life.
    seen_s: i64,
    /// Whether that was a goodbye.
    stopped: bool,
}

impl Record {
    fn add(&mut self, now_s: i64, seconds: i64, is_up: bool) {
        let day = now_s.div_euclid(DAY_S);
        self.days.retain(|known| known.day > day - DAYS && known.day <= day);
        if self.days.last().is_none_or(|last| last.day != day) {
            self.days.push(Day { day, ..Day::default() });
        }
        if let Some(today) = self.days.last_mut() {
            let sum = if is_up { &mut today.up_s } else { &mut today.down_s };
            *sum = sum.saturating_add(seconds);
        }
    }

    /// A run begins.
    fn begin(&mut self, now_s: i64) {
        let away = (now_s - self.seen_s).clamp(0, DAYS * DAY_S);
        if self.seen_s > 0 && !self.stopped {
            self.add(now_s, away, false);
        }
        (self.seen_s, self.stopped) = (now_s, false);
    }

    /// A look at the running service. A clock that was set back, or a machine that slept, tells nothing about it.
    fn look(&mut self, now_s: i64, is_up: bool) {
        let passed = now_s - self.seen_s;
        if (1..=ASLEEP_S).contains(&passed) {
            self.add(now_s, passed, is_up);
        }
        self.seen_s = now_s;
    }

    /// Ready, percent of the time.
    #[expect(clippy::cast_precision_loss, reason = "a month has few seconds")]
    fn percent(&self) -> Option<f64> {
        let sum = |of: fn(&Day) -> i64| self.days.iter().map(of).sum::<i64>();
        let (up, all) = (sum(|day| day.up_s), sum(|day| day.up_s.saturating_add(day.down_s)));
        (all >= KNOWN_S).then(|| up as f64 / all as f64 * 100.0)
    }

    /// What an earlier run left; nothing, and a note in the log, where that cannot be read.
    fn read(path: &Path) -> Self {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(%error, path = %path.display(), "the record of the uptime is damaged; it begins anew");
                Self::default()
            }),
            Err(_) => Self::default(),
        }
    }

    /// Beside and renamed, so that a crash leaves the old one. Not synced: a minute more or less is no matter.
    fn write(&self, path: &Path) -> std::io::Result<()> {
        let beside = path.with_extension("json.new");
        std::fs::write(&beside, serde_json::to_vec(self)?)?;
        std::fs::rename(beside, path)
    }
}

fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// As `/ready` says, without asking the database anew: its breaker knows.
fn is_ready(parts: &[Component], pools: &[PoolSample]) -> bool {
    let down = parts.iter().any(|part| part.condition == Condition::Down);
    !down && pools.iter().all(|pool| pool.breaker == "closed" || pool.pool == "replica")
}

/// Keeps the record until `stop`, and tells `measured`.
pub(super) fn start(
    config: &Config,
    measured: &Arc<Measured>,
    health: &Arc<dyn Health>,
    store: &Store,
    stop: Stop,
) -> JoinHandle<()> {
    let (measured, health) = (Arc::clone(measured), Arc::clone(health));
    tokio::spawn(keep(config.data_dir.clone(), measured, health, store.clone(), stop))
}

async fn keep(
    data_dir: PathBuf,
    measured: Arc<Measured>,
    health: Arc<dyn Health>,
    store: Store,
    mut stop: Stop,
) {
    let path = data_dir.join(FILE);
    let mut record = Record::read(&path);
    record.begin(now_s());
    let (mut looks, mut complained) = (0, false);
    loop {
        measured.note_uptime(record.percent());
        let ends = tokio::select! {
            () = tokio::time::sleep(EVERY) => false,
            () = stop.wait() => true,
        };
        record.look(now_s(), is_ready(&health.components(), &store.pools()));
        record.stopped = ends;
        looks += 1;
        if ends || looks % LOOKS == 1 {
            let (copy, path) = (record.clone(), path.clone());
            // Files are not for the async threads.
            let written = tokio::task::spawn_blocking(move || copy.write(&path)).await;
            if let Ok(Err(error)) = written
                && !complained
            {
                complained = true;
                tracing::warn!(%error, "the record of the uptime cannot be written");
            }
        }
        if ends {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_795_000_000;

    fn percent(record: &Record) -> String {
        format!("{:.2}", record.percent().unwrap())
    }

    #[test]
    fn what_was_not_ready_and_what_crashed_counts_and_a_stop_does_not() {
        let mut record = Record::default();
        record.begin(START);
        assert_eq!(record.percent(), None);
        for s in 1..=900 {
            record.look(START + s, true);
        }
        assert_eq!(percent(&record), "100.00");
        record.look(START + 910, false);
        assert_eq!(percent(&record), "98.90");
        // It says goodbye, and comes an hour later.
        record.stopped = true;
        record.begin(START + 4_510);
        assert_eq!(percent(&record), "98.90");
        // It dies, and comes ninety seconds later.
        record.look(START + 4_511, true);
        record.begin(START + 4_601);
        assert_eq!(percent(&record), "90.01");
    }

    #[test]
    fn a_machine_that_slept_and_a_clock_that_was_set_back_tell_nothing() {
        let mut record = Record::default();
        record.begin(START);
        record.look(START + 60, true);
        record.look(START + 40_000, false);
        record.look(START + 30_000, false);
        assert_eq!(percent(&record), "100.00");
        record.look(START + 30_060, true);
        assert_eq!(record.days.iter().map(|day| day.up_s).sum::<i64>(), 120);
    }

    #[test]
    fn a_part_that_is_down_and_a_pool_that_nobody_is_let_to_are_not_ready() {
        let pool =
            |pool, breaker| PoolSample { pool, total: 1, idle: 1, active: 0, waiting: 0, max: 1, breaker };
        let part = |condition| Component { name: "exchange", condition, detail: String::new() };
        let closed = pool("oltp", "closed");
        assert!(is_ready(
            &[part(Condition::Ok), part(Condition::Degraded)],
            &[closed, pool("replica", "open")]
        ));
        assert!(!is_ready(&[part(Condition::Ok), part(Condition::Down)], &[closed]));
        for breaker in ["open", "half_open"] {
            assert!(!is_ready(&[part(Condition::Ok)], &[closed, pool("report", breaker)]), "{breaker}");
        }
    }

    #[test]
    fn thirty_days_count() {
        let mut record = Record::default();
        record.begin(START);
        record.look(START + 60, false);
        for day in 1..=40 {
            record.look(START + day * DAY_S - 30, true);
            record.look(START + day * DAY_S, true);
        }
        assert_eq!(percent(&record), "100.00", "the first day is forgotten");
        assert!(record.days.len() <= 30);
    }

    #[test]
    fn it_is_read_as_it_was_written_and_a_damaged_one_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        assert_eq!(Record::read(&path), Record::default());
        let mut record = Record::default();
        record.begin(START);
        record.look(START + 60, true);
        record.write(&path).unwrap();
        assert_eq!(Record::read(&path), record);
        std::fs::write(&path, "{\"days\":").unwrap();
        assert_eq!(Record::read(&path), Record::default());
    }
}
