//! The whole host, from a submitted command to its durable answer, on workload P1 (the commands of W1 through one market,
//! 1,000 live orders, 1,000 accounts; a move is a cancel-replace).
//!
//! * `throughput`: durable commands a second, one writer, everything in flight that the queue's window allows.
//! * `acknowledge`: one command at a time until it is durable and visible, against the raw `fdatasync` of the same disk.
//! * `restart`: from `open` to ready with a tail of a million commands and no snapshot at all (its journal is written directly).
//! * `open-loop`: latency from planned times at fixed rates through core and journal, beside an idle spinner's stalls.
//!
//! `cargo run --release -- [throughput|acknowledge|restart|open-loop ...]`. Files go to a directory under `$TMPDIR`,
//! which should be on the disk that is to be measured.

mod acknowledge;
#[allow(dead_code, reason = "shared with the measurement of the core")]
#[path = "../../core/src/translate.rs"]
mod feed;
mod open_loop;
mod restart;
mod stage;
mod throughput;
#[allow(dead_code, reason = "shared with the measurement of the matching engine, which uses all of it")]
#[path = "../../matching/src/workload.rs"]
mod workload;

use hdrhistogram::Histogram;
use std::time::Instant;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let parts: [(&str, fn()); 4] = [
        ("throughput", throughput::measure),
        ("acknowledge", acknowledge::measure),
        ("restart", restart::measure),
        ("open-loop", open_loop::measure),
    ];
    for (name, measure) in parts {
        if asked.is_empty() || asked.iter().any(|word| word == name) {
            measure();
        }
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000_000, 3).expect("sound bounds")
}

fn record(into: &mut Histogram<u64>, ns: u128) {
    into.saturating_record(u64::try_from(ns).unwrap_or(u64::MAX));
}

fn since(into: &mut Histogram<u64>, start: Instant) {
    record(into, start.elapsed().as_nanos());
}

/// p50, p90, p99, p99.9, p99.99 and the largest, in microseconds, as cells of a table.
fn cells(times: &Histogram<u64>) -> String {
    let us = |ns: u64| format!("{:.1}", ns as f64 / 1e3);
    let quantiles = [0.5, 0.9, 0.99, 0.999, 0.9999].map(|q| us(times.value_at_quantile(q)));
    format!("{} | {}", quantiles.join(" | "), us(times.max()))
}
