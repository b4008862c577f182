//! Event-path speed: `bench-backtest bars [N]`, EMA cross on N made-up one-minute bars (500,000); `bench-backtest book CAPTURE
//! [LOOPS] [STRATEGY]`, a recorded Binance stream looped (200 times) under a market maker; `bench-backtest stream [N]`, N bars
//! (50,000,000) made while they are read, for the memory; `bench-backtest vector [N]`, three strategies on N bars (500,000) in the
//! vectorised path; `bench-backtest pairs [N]`, 1,000 parameter pairs on N bars (100,000) on all cores; `bench-backtest write FILE
//! [N]`, the same bars as CSV for `peers.py`, which runs the same workload in packages from PyPI.
//!
//! Processor time of the one thread, reading included where it is part of the work; peak memory of the process.

mod capture;
mod vector;

use backtest::tape::Bars;
use backtest::{Outcome, Plan, PricePath, Recording, RunSpec, TapeError, VenueConfig, listing, run};
use risk::Limits;
use types::{
    Bar, FeeRate, InstrumentId, InstrumentKind, Interval, MarketId, Money, Price, Symbol, Time, VenueName,
};

type Failed = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |n: usize, default: u64| arguments.get(n).map_or(Ok(default), |text| text.parse());
    match arguments.get(1).map(String::as_str) {
        None | Some("bars") => bars(number(2, 500_000)?),
        Some("stream") => stream(number(2, 50_000_000)?),
        Some("book") => {
            let path = arguments.get(2).ok_or("give the capture")?;
            capture::run(path, number(3, 200)?, arguments.get(4).map_or("market-maker", String::as_str))
        }
        Some("vector") => vector::strategies(number(2, 500_000)?),
        Some("pairs") => vector::pairs(number(2, 100_000)?),
        Some("write") => vector::write(arguments.get(2).ok_or("give the file")?, number(3, 500_000)?),
        _ => Err("give bars, stream, book, vector, pairs or write".into()),
    }
}

/// Bars of a random walk, made as they are read.
struct Walk {
    left: u64,
    noise: u64,
    at: i64,
    close: i64,
}

impl Iterator for Walk {
    type Item = Result<Bar, TapeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 7;
        self.noise ^= self.noise << 17;
        let open = self.close;
        self.close = (open + i64::try_from(self.noise % 2_001).ok()? - 1_000).max(100_000);
        let (above, below) =
            (i64::try_from(self.noise >> 40).ok()? % 500, i64::try_from(self.noise >> 50).ok()? % 500);
        let cents = |c: i64| Price(c * 1_000_000);
        let flat = Bar::flat(Interval::M1, Time(self.at * 60_000_000_000), cents(self.close));
        self.at += 1;
        let (high, low) = (cents(open.max(self.close) + above), cents(open.min(self.close) - below));
        Some(Ok(Bar { open: cents(open), high, low, volume: Money(1_000_000_000), ..flat }))
    }
}

fn walk(count: u64) -> Walk {
    Walk { left: count, noise: 88_172_645_463_325_252, at: 28_000_000, close: 2_000_000 }
}

fn plan(strategy: &str, params: &[(&str, &str)], symbol: &str, tick: Price) -> Result<Plan, Failed> {
    let id = InstrumentId { venue: VenueName::new("file")?, symbol: Symbol::new(symbol)? };
    let kind = InstrumentKind::LinearPerp { initial_margin: 1_000, maintenance_margin: 50 };
    let instrument = listing(id, kind, tick, MarketId(0))?;
    let mut venue = VenueConfig { path: PricePath::Close, ..VenueConfig::default() };
    (venue.fees.maker, venue.fees.taker) = (FeeRate(100_000), FeeRate(100_000));
    let spec = RunSpec {
        name: String::new(),
        strategy: strategy.to_owned(),
        params: params.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        bracket: None,
        model: None,
        traded: Vec::new(),
        interval: Interval::M1,
        from: None,
        to: None,
        cash: Money(1_000_000 * 100_000_000),
        quote: String::new(),
        money_scale: 8,
        venue,
        feed_ns: 0,
        funding: 0,
        code: "bench".to_owned(),
    };
    Ok(Plan::new(spec, vec![(instrument, "made up".to_owned())], Limits::default())?)
}

fn cross(slow: &str, fast: &str) -> Result<Plan, Failed> {
    plan(
        "ema-cross",
        &[("fast", fast), ("slow", slow), ("qty", "1"), ("ema-seed", "first")],
        "WALK-PERP",
        Price(1_000_000),
    )
}

fn bars(count: u64) -> Result<(), Failed> {
    let made: Vec<Bar> = walk(count).collect::<Result<_, _>>()?;
    let plan = cross("100", "20")?;
    for round in 0..5 {
        let tape = Box::new(Bars::new(MarketId(0), made.iter().map(|bar| Ok::<_, TapeError>(*bar))));
        let outcome = run(plan.setup(vec![Recording { tape, bars: Some(Interval::M1) }])?, &mut |_| true)?;
        print(&format!("bars, round {round}"), count, "bars", &outcome);
    }
    Ok(())
}

fn stream(count: u64) -> Result<(), Failed> {
    let plan = cross("1000", "200")?;
    let tape = Box::new(Bars::new(MarketId(0), walk(count)));
    let outcome = run(plan.setup(vec![Recording { tape, bars: Some(Interval::M1) }])?, &mut |_| true)?;
    print("stream", count, "bars", &outcome);
    Ok(())
}

fn print(name: &str, count: u64, of: &str, outcome: &Outcome) {
    let rate = count as f64 / outcome.cpu_seconds / 1e6;
    println!(
        "{name}: {count} {of} in {:.3} s of processor time, {rate:.2} M a second; {} orders, {} fills; peak {} MB",
        outcome.cpu_seconds,
        outcome.orders.sent,
        outcome.fills.len(),
        peak_mb()
    );
}

/// Largest resident memory so far.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).map_or(0, |kb| kb / 1_024)
}
