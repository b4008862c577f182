//! The matching engine beside public ones and a plain book of our own, on workloads W1, W1r and W2
//! (the mix of exchange-core's benchmark; see `workload.rs`).
//!
//! Commands are generated beforehand, with our book as the reference that tells which orders live. Every engine then
//! replays the same list: once untimed to compare all trades and the final books, then `--rounds` times for
//! throughput (engines take turns, ratios are taken within a round), then once for service times.
//!
//! `cargo run --release -- [--rounds N] [--only W1,W2] [--scale PERCENT] [--json FILE]`

mod engine;
mod lobster_book;
mod matchcore_book;
mod ours;
mod plain;
mod report;
mod workload;

use cpu_time::ThreadTime;
use engine::Engine;
use hdrhistogram::Histogram;
use report::{EngineResult, WorkloadResult};
use std::time::Instant;
use workload::{Workload, workloads};

/// An engine by name, with what is measured of it.
struct Contender {
    name: &'static str,
    /// Whether it keeps to the rules, so that its trades and its book must be equal to the others'.
    exact: bool,
    /// Whether it can reduce an order in its place.
    reduces: bool,
    /// Most commands it is given on a small book, because it grows too slow for more.
    small_book_max: usize,
    throughput: fn(&Workload, usize) -> Timed,
    check: fn(&Workload, usize) -> Check,
    service: fn(&Workload, usize) -> Histogram<u64>,
}

impl Contender {
    /// How many of the commands it replays.
    fn share(&self, workload: &Workload) -> usize {
        let small = workload.live < SMALL_BOOK;
        workload.commands.len().min(if small { self.small_book_max } else { usize::MAX })
    }
}

/// Live orders below which a book is small.
const SMALL_BOOK: usize = 100_000;

/// Seconds for the timed commands of one replay.
#[derive(Clone, Copy)]
struct Timed {
    cpu: f64,
    wall: f64,
}

impl Timed {
    fn per_command(self, count: usize) -> Self {
        Self { cpu: self.cpu / count as f64, wall: self.wall / count as f64 }
    }
}

/// What a replay did, for comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Check {
    trades: u64,
    trades_digest: u64,
    book_digest: u64,
}

fn contender<E: Engine>(name: &'static str) -> Contender {
    Contender {
        name,
        exact: true,
        reduces: true,
        small_book_max: usize::MAX,
        throughput: throughput::<E>,
        check: check::<E>,
        service: service::<E>,
    }
}

fn prefilled<E: Engine>(workload: &Workload) -> E {
    let mut engine = E::new();
    for command in &workload.prefill {
        engine.run(command);
    }
    engine
}

fn throughput<E: Engine>(workload: &Workload, count: usize) -> Timed {
    let mut engine: E = prefilled(workload);
    let (cpu, wall) = (ThreadTime::now(), Instant::now());
    for command in &workload.commands[..count] {
        engine.run(command);
    }
    let timed = Timed { cpu: cpu.elapsed().as_secs_f64(), wall: wall.elapsed().as_secs_f64() };
    std::hint::black_box(engine.digest());
    timed
}

fn check<E: Engine>(workload: &Workload, count: usize) -> Check {
    let mut engine = E::new();
    let mut check = Check { trades: 0, trades_digest: engine::DIGEST_START, book_digest: 0 };
    for command in workload.prefill.iter().chain(&workload.commands[..count]) {
        engine.run(command);
        engine.trades(&mut |maker, price, qty| {
            check.trades += 1;
            check.trades_digest = engine::mix(check.trades_digest, &[maker, price, qty]);
        });
    }
    check.book_digest = engine.digest();
    check
}

/// Nanoseconds up to ten seconds, three digits.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 10_000_000_000, 3).expect("the bounds are in order")
}

/// One clock reading per command: each time is a command's service plus one reading.
fn service<E: Engine>(workload: &Workload, count: usize) -> Histogram<u64> {
    let mut engine: E = prefilled(workload);
    let mut times = histogram();
    let mut before = Instant::now();
    for command in &workload.commands[..count] {
        engine.run(command);
        let after = Instant::now();
        let nanos = u64::try_from(after.duration_since(before).as_nanos()).unwrap_or(u64::MAX);
        times.saturating_record(nanos);
        before = after;
    }
    times
}

/// The median cost of one clock reading in nanoseconds: what is in every service time.
fn clock_cost() -> u64 {
    let mut times = histogram();
    let mut before = Instant::now();
    for _ in 0..200_000 {
        let after = Instant::now();
        times.saturating_record(u64::try_from(after.duration_since(before).as_nanos()).unwrap_or(u64::MAX));
        before = after;
    }
    times.value_at_quantile(0.5)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn measure(workload: &Workload, all: &[Contender], rounds: usize) -> WorkloadResult {
    let contenders: Vec<&Contender> = all.iter().filter(|c| c.reduces || !workload.reduces).collect();
    let plain = contenders.iter().position(|c| c.name == plain::NAME).expect("the yardstick takes part");
    let checks: Vec<(Check, Check)> = contenders
        .iter()
        .map(|c| {
            let share = c.share(workload);
            let (own, base) = ((c.check)(workload, share), (contenders[plain].check)(workload, share));
            eprintln!("  {:<16} {share} commands, {own:x?}", c.name);
            (own, base)
        })
        .collect();
    let mut timed: Vec<Vec<Timed>> = vec![Vec::new(); contenders.len()];
    for round in 0..rounds {
        for turn in 0..contenders.len() {
            let at = (turn + round) % contenders.len();
            let share = contenders[at].share(workload);
            timed[at].push((contenders[at].throughput)(workload, share).per_command(share));
        }
        eprintln!("  round {} of {rounds}", round + 1);
    }
    let engines = contenders.iter().enumerate().map(|(at, contender)| EngineResult {
        name: contender.name,
        commands: contender.share(workload),
        cpu_rate: median(timed[at].iter().map(|t| 1.0 / t.cpu).collect()),
        wall_rate: median(timed[at].iter().map(|t| 1.0 / t.wall).collect()),
        ratio: median(timed[at].iter().zip(&timed[plain]).map(|(own, base)| base.cpu / own.cpu).collect()),
        service: (contender.service)(workload, contender.share(workload)),
        exact: contender.exact,
        same_book: checks[at].0.book_digest == checks[at].1.book_digest,
        same_trades: checks[at].0.trades_digest == checks[at].1.trades_digest,
    });
    WorkloadResult {
        name: workload.name,
        live: workload.live,
        commands: workload.commands.len(),
        trades: checks[plain].0.trades,
        mix: workload.mix(),
        engines: engines.collect(),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1));
    let rounds = value("--rounds").and_then(|text| text.parse().ok()).unwrap_or(5_usize).max(1);
    let percent = value("--scale").and_then(|text| text.parse().ok()).unwrap_or(100_usize);
    let contenders = [
        contender::<ours::Ours>("tradewind"),
        contender::<plain::Plain>(plain::NAME),
        contender::<matchcore_book::Matchcore<true>>("matchcore"),
        Contender { exact: false, ..contender::<matchcore_book::Matchcore<false>>("matchcore as is") },
        // Its emptied levels stay and are searched, so its time per command grows with the commands.
        Contender {
            reduces: false,
            small_book_max: 300_000,
            ..contender::<lobster_book::Lobster>("lobster")
        },
    ];
    let clock = clock_cost();
    let mut results = Vec::new();
    for plan in workloads() {
        if value("--only").is_some_and(|names| !names.split(',').any(|name| name == plan.name)) {
            continue;
        }
        eprintln!("{}: generating", plan.name);
        let workload = Workload::generate(&plan, percent);
        results.push(measure(&workload, &contenders, rounds));
    }
    print!("{}", report::markdown(&results, rounds, clock));
    if let Some(path) = value("--json")
        && let Err(error) = std::fs::write(path, report::json(&results, rounds, clock))
    {
        eprintln!("{path}: {error}");
        std::process::exit(1);
    }
    // All that keep to the rules must agree on every trade and on the final book.
    let agree = results.iter().flat_map(|w| &w.engines).all(|e| !e.exact || (e.same_book && e.same_trades));
    std::process::exit(i32::from(!agree));
}
