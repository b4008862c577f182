//! What happened, counted by many tasks at once: histograms per kind of request, and what each second looked like.
//!
//! HDR histograms with three significant digits from 1 µs to 10 minutes. Tasks are spread over a few shards, each behind a lock that is
//! held for one value.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Shards: more than processors that are usual.
const SHARDS: usize = 8;
/// Largest latency told apart, microseconds: ten minutes.
const MICROS_MAX: u64 = 600_000_000;

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, MICROS_MAX, 3).expect("the bounds are in order and 3 digits are allowed")
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(MICROS_MAX).clamp(1, MICROS_MAX)
}

#[derive(Debug)]
struct Kind {
    latency: Histogram<u64>,
    failures: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Shard {
    kinds: Vec<Kind>,
    /// This second's.
    second: Histogram<u64>,
    second_failed: u64,
    lateness: Histogram<u64>,
    /// Successes in the steady part.
    steady: u64,
}

/// One second of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Seconds since the beginning.
    pub at_s: u64,
    /// Of so many.
    pub of_s: u64,
    /// Answers, or events, in this second.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Median, ms.
    pub p50: f64,
    /// 95th percentile, ms.
    pub p95: f64,
    /// 99th percentile, ms.
    pub p99: f64,
}

/// Percentiles of one kind, ms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What.
    pub name: String,
    /// How many.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Why, and how often.
    pub failures: BTreeMap<String, u64>,
    /// Mean.
    pub average: f64,
    /// Least.
    pub min: f64,
    /// Median.
    pub p50: f64,
    /// 90 % are not larger.
    pub p90: f64,
    /// 95 % are not larger.
    pub p95: f64,
    /// 99 % are not larger.
    pub p99: f64,
    /// 99.9 % are not larger.
    pub p999: f64,
    /// Largest.
    pub max: f64,
}

impl Line {
    fn of(name: &str, latency: &Histogram<u64>, failures: BTreeMap<String, u64>) -> Self {
        let at = |share: f64| ms(latency.value_at_quantile(share));
        let failed = failures.values().sum();
        if latency.is_empty() {
            return Self { name: name.to_owned(), failed, failures, ..Self::default() };
        }
        Self {
            name: name.to_owned(),
            count: latency.len(),
            failed,
            failures,
            average: latency.mean() / 1e3,
            min: ms(latency.min()),
            p50: at(0.5),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            max: ms(latency.max()),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds below 2^53")]
fn ms(micros: u64) -> f64 {
    micros as f64 / 1e3
}

/// Everything that was measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    pub(crate) all: Line,
    pub(crate) lines: Vec<Line>,
    pub(crate) lateness: Line,
    pub(crate) series: Vec<Progress>,
    /// Successes a second in the steady part.
    pub(crate) throughput: f64,
    pub(crate) planned: u64,
    pub(crate) elapsed: Duration,
    /// Clients that were there.
    pub(crate) clients: usize,
    /// Connections that came back, and those that came back with everything.
    pub(crate) returned: Option<(u64, u64)>,
}

/// Where tasks count.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) begun: Instant,
    steady: (Duration, Duration),
    names: Vec<String>,
    shards: Vec<Mutex<Shard>>,
}

impl Recorder {
    /// For these kinds of requests; `steady` is the part whose throughput counts.
    pub(crate) fn new(names: Vec<String>, begun: Instant, steady: (Duration, Duration)) -> Self {
        let shard = |_| {
            let kind = |_: &String| Kind { latency: histogram(), failures: BTreeMap::new() };
            Mutex::new(Shard {
                kinds: names.iter().map(kind).collect(),
                second: histogram(),
                second_failed: 0,
                lateness: histogram(),
                steady: 0,
            })
        };
        let shards = (0..SHARDS).map(shard).collect();
        Self { begun, steady, names, shards }
    }

    fn shard(&self, task: usize) -> MutexGuard<'_, Shard> {
        self.shards[task % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One outcome: how long it took, and why it failed if it did.
    pub(crate) fn note(&self, task: usize, kind: usize, latency: Duration, failure: Option<String>) {
        let at = self.begun.elapsed();
        let mut shard = self.shard(task);
        let shard = &mut *shard;
        shard.kinds[kind].latency.saturating_record(micros(latency));
        shard.second.saturating_record(micros(latency));
        match failure {
            Some(why) => {
                shard.second_failed += 1;
                *shard.kinds[kind].failures.entry(why).or_insert(0) += 1;
            }
            None if (self.steady.0..self.steady.1).contains(&at) => shard.steady += 1,
            None => {}
        }
    }

    /// How late the generator sent what was due.
    pub(crate) fn late(&self, task: usize, lateness: Duration) {
        self.shard(task).lateness.saturating_record(micros(lateness));
    }

    /// The second that is over.
    pub(crate) fn second(&self, at_s: u64, of_s: u64) -> Progress {
        let (mut all, mut failed) = (histogram(), 0);
        for task in 0..SHARDS {
            let mut shard = self.shard(task);
            // Of the same shape: cannot fail.
            let _ = all.add(&shard.second);
            shard.second.reset();
            failed += std::mem::take(&mut shard.second_failed);
        }
        let at = |share: f64| if all.is_empty() { 0.0 } else { ms(all.value_at_quantile(share)) };
        Progress { at_s, of_s, count: all.len(), failed, p50: at(0.5), p95: at(0.95), p99: at(0.99) }
    }

    /// Everything, once all tasks have ended.
    pub(crate) fn close(&self, planned: u64, clients: usize, series: Vec<Progress>) -> Measured {
        let mut kinds: Vec<(Histogram<u64>, BTreeMap<String, u64>)> =
            self.names.iter().map(|_| (histogram(), BTreeMap::new())).collect();
        let (mut lateness, mut steady) = (histogram(), 0);
        for task in 0..SHARDS {
            let shard = self.shard(task);
            for ((latency, failures), kind) in kinds.iter_mut().zip(&shard.kinds) {
                let _ = latency.add(&kind.latency);
                for (why, count) in &kind.failures {
                    *failures.entry(why.clone()).or_insert(0) += count;
                }
            }
            let _ = lateness.add(&shard.lateness);
            steady += shard.steady;
        }
        let (mut all, mut failures) = (histogram(), BTreeMap::new());
        for (latency, why) in &kinds {
            let _ = all.add(latency);
            for (why, count) in why {
                *failures.entry(why.clone()).or_insert(0) += count;
            }
        }
        let length = (self.steady.1 - self.steady.0).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
        let throughput = if length > 0.0 { steady as f64 / length } else { 0.0 };
        let lines = self.names.iter().zip(kinds);
        Measured {
            all: Line::of("all", &all, failures),
            lines: lines.map(|(name, (latency, failures))| Line::of(name, &latency, failures)).collect(),
            lateness: Line::of("generator late by", &lateness, BTreeMap::new()),
            series,
            throughput,
            planned,
            elapsed: self.begun.elapsed(),
            clients,
            returned: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_add_up_and_failures_are_counted_by_reason() {
        let second = Duration::from_secs(1);
        let recorder =
            Recorder::new(vec!["a".into(), "b".into()], Instant::now(), (Duration::ZERO, 100 * second));
        for task in 0..100 {
            let latency = Duration::from_millis(u64::try_from(task).unwrap() + 1);
            let failure = (task % 10 == 0).then(|| "status 500".to_owned());
            recorder.note(task, task % 2, latency, failure);
        }
        recorder.late(3, Duration::from_micros(250));
        let progress = recorder.second(1, 100);
        assert_eq!((progress.count, progress.failed), (100, 10));
        assert!((progress.p95 - 95.0).abs() < 0.2, "{progress:?}");
        assert_eq!(recorder.second(2, 100).count, 0, "a second is told once");
        let measured = recorder.close(100, 100, vec![progress]);
        assert_eq!((measured.all.count, measured.all.failed, measured.lines[0].failed), (100, 10, 10));
        assert!((measured.throughput - 0.9).abs() < 1e-9, "90 successes in 100 s");
        assert!((measured.all.p50 - 50.0).abs() < 0.1 && (measured.lateness.max - 0.25).abs() < 0.01);
    }
}
