//! The whole exchange core on workloads P1 (one market, 1,000 live orders, 1,000 accounts: the commands of W1, see
//! `../matching/src/workload.rs`) and P2 (100 markets, 10,000 live orders, 10,000 accounts). Journal off: what is timed is
//! [`Exchange::apply`], from command to events.
//!
//! A move is a cancel-replace, as a client would send it. Commands are translated before they are timed, in chunks. All
//! are accepted, which is checked, and the final state must keep every invariant.
//!
//! `cargo run --release -- [--rounds N] [--only P1|P2] [--scale PERCENT]`

mod translate;
#[allow(dead_code, reason = "shared with the measurement of the matching engine, which uses all of it")]
#[path = "../../matching/src/workload.rs"]
mod workload;

use cpu_time::ThreadTime;
use exchange::Exchange;
use hdrhistogram::Histogram;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::time::Instant;
use translate::Feed;
use types::{Command, Event, Stamped};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Commands translated at a time.
const CHUNK: usize = 10_000;

struct Options {
    rounds: usize,
    only: Option<String>,
    percent: usize,
}

fn options() -> Options {
    let mut options = Options { rounds: 5, only: None, percent: 100 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().unwrap_or_else(|| panic!("{word} needs a value"));
        match word.as_str() {
            "--rounds" => options.rounds = value.parse().expect("a number"),
            "--only" => options.only = Some(value),
            "--scale" => options.percent = value.parse().expect("a percentage"),
            _ => panic!("unknown option {word}"),
        }
    }
    options
}

/// One replay.
struct Outcome {
    /// CPU and wall nanoseconds per command.
    cpu: f64,
    wall: f64,
    /// Allocations during the second half.
    allocations: usize,
    events: u64,
    trades: u64,
}

/// Brings an exchange to its steady state.
fn prepared(feed: &mut Feed) -> Exchange {
    let mut x = Exchange::new();
    let mut events = Vec::new();
    for command in feed.opening() {
        apply(&mut x, &command, &mut events);
    }
    x
}

fn apply(x: &mut Exchange, command: &Stamped<Command>, events: &mut Vec<Event>) {
    events.clear();
    if let Err(refusal) = x.apply(command, events) {
        panic!("{command:?} was refused: {refusal}");
    }
}

fn throughput(mut feed: Feed) -> Outcome {
    let mut x = prepared(&mut feed);
    let mut buffer = Vec::with_capacity(1_024);
    let (mut cpu, mut wall, mut count, mut events, mut allocations) = (0.0, 0.0, 0, 0, 0);
    let half = feed.len() / 2;
    loop {
        let chunk = feed.chunk(CHUNK);
        if chunk.is_empty() {
            break;
        }
        let region = Region::new(ALLOCATOR);
        let (thread, clock) = (ThreadTime::now(), Instant::now());
        for command in &chunk {
            apply(&mut x, command, &mut buffer);
            events += buffer.len() as u64;
        }
        cpu += thread.elapsed().as_secs_f64();
        wall += clock.elapsed().as_secs_f64();
        if count >= half {
            let change = region.change();
            allocations += change.allocations + change.reallocations;
        }
        count += chunk.len();
    }
    assert_eq!(x.check(), [], "the final state keeps every invariant");
    let per = 1e9 / count as f64;
    Outcome { cpu: cpu * per, wall: wall * per, allocations, events, trades: x.counters().trades }
}

fn service(mut feed: Feed) -> Histogram<u64> {
    let mut x = prepared(&mut feed);
    let mut buffer = Vec::with_capacity(1_024);
    let mut times = Histogram::new_with_bounds(1, 1_000_000_000, 3).expect("sound bounds");
    loop {
        let chunk = feed.chunk(CHUNK);
        if chunk.is_empty() {
            break times;
        }
        for command in &chunk {
            let start = Instant::now();
            apply(&mut x, command, &mut buffer);
            let ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            times.saturating_record(ns);
        }
    }
}

/// Milliseconds to write and to read the final state, and its size in bytes.
fn snapshot(mut feed: Feed) -> (f64, f64, usize) {
    let mut x = prepared(&mut feed);
    let mut bytes = Vec::new();
    let clock = Instant::now();
    x.snapshot(&mut bytes);
    let wrote = clock.elapsed().as_secs_f64() * 1e3;
    let clock = Instant::now();
    x = Exchange::restore(&bytes).expect("own bytes");
    let read = clock.elapsed().as_secs_f64() * 1e3;
    std::hint::black_box(x.last_seq());
    (wrote, read, bytes.len())
}

/// The smallest difference of two readings of the clock that is not zero.
fn clock_ns() -> u128 {
    let read = |_| Instant::now().elapsed().as_nanos();
    (0..100_000).map(read).filter(|ns| *ns > 0).min().unwrap_or(0)
}

fn main() {
    let options = options();
    println!(
        "Median of {} rounds; service times in ns with one clock reading of {} ns in each.\n",
        options.rounds,
        clock_ns()
    );
    println!(
        "| workload | commands | trades | events | CPU ns | wall ns | M/s CPU | p50 | p90 | p99 | p99.9 | p99.99 | max | allocations |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for name in ["P1", "P2"] {
        if options.only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let plan = Feed::plan(name, options.percent);
        let mut rounds: Vec<Outcome> = (0..options.rounds).map(|_| throughput(plan.clone())).collect();
        rounds.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
        let median = &rounds[rounds.len() / 2];
        let times = service(plan.clone());
        let at = |q| times.value_at_quantile(q);
        let (wrote, read, bytes) = snapshot(plan.clone());
        eprintln!(
            "{name}: snapshot of {bytes} bytes written in {wrote:.1} ms, read and checked in {read:.1} ms"
        );
        println!(
            "| {name} | {} | {} | {} | {:.0} | {:.0} | {:.2} | {} | {} | {} | {} | {} | {} | {} |",
            plan.len(),
            median.trades,
            median.events,
            median.cpu,
            median.wall,
            1e3 / median.cpu,
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            at(0.9999),
            times.max(),
            median.allocations
        );
    }
}
