//! Does a strategy look into the future? Two tests at many moments (invariants H1, H2):
//!
//! * **truncation**: the data end there; every decision until then must be the one of the full run;
//! * **poisoning**: all later data are replaced by noise; nothing before may change.
//!
//! And the full run is made twice: a strategy that remembers an earlier run, or draws numbers of its own, differs from itself.
//! Decisions are compared by the engine's rolling hash at every close, so a difference is found even where no order came of it.

use types::{Bar, Money, Price, Time};

use crate::run::{Recording, RunError, Setup, run_observed};
use crate::tape::{Bars, TapeError};

/// Makes a strategy, the only thing in a run that could look ahead. It is given the data of the run, as a strategy that was fitted
/// to its data would be.
pub type Make<'a> = &'a mut dyn FnMut(&[Bar]) -> Result<Setup<'static>, RunError>;

/// How a run was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing: the same run again.
    Nothing,
    /// The data end at the cut.
    Truncated,
    /// Later data are noise.
    Poisoned,
}

/// A decision that knew the future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was changed.
    pub change: Change,
    /// From when on.
    pub cut: Time,
    /// The first close, not after the cut, at which decisions differ.
    pub differs_at: Time,
}

/// What the tests found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Runs that were compared.
    pub runs: u32,
    /// Closes compared in all of them.
    pub compared: u64,
    /// Orders of the full run: a strategy that never acts passes without proving anything.
    pub orders: u64,
    /// Every difference, at most one per run.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Whether no decision knew the future.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Tests at `cuts` moments, drawn with `seed`. `make` sets up a run without recordings for one instrument (number 0).
///
/// # Errors
/// When a run fails; with fewer than three bars [`RunError::Empty`].
pub fn look_ahead(bars: &[Bar], cuts: u32, seed: u64, make: Make<'_>) -> Result<Verdict, RunError> {
    if bars.len() < 3 {
        return Err(RunError::Empty);
    }
    let (full, orders) = decisions(bars, make)?;
    let mut verdict = Verdict { runs: 0, compared: 0, orders, findings: Vec::new() };
    let (again, _) = decisions(bars, make)?;
    verdict.compare(&full, &again, Change::Nothing, Time(i64::MAX));
    let mut noise = Noise(seed);
    for _ in 0..cuts {
        // At least one bar on each side.
        let at = 1 + noise.below(bars.len() - 1);
        let cut = bars[at].open_time;
        let (short, _) = decisions(&bars[..at], make)?;
        verdict.compare(&full, &short, Change::Truncated, cut);
        let (poisoned, _) = decisions(&noise.poison(bars, at), make)?;
        verdict.compare(&full, &poisoned, Change::Poisoned, cut);
    }
    Ok(verdict)
}

impl Verdict {
    fn compare(&mut self, full: &[(Time, u64)], other: &[(Time, u64)], change: Change, cut: Time) {
        self.runs += 1;
        let until = |all: &[(Time, u64)]| all.partition_point(|(at, _)| *at <= cut);
        let (full, other) = (&full[..until(full)], &other[..until(other)]);
        self.compared += full.len() as u64;
        let differs = full.iter().zip(other).find(|(a, b)| a != b).map(|(a, b)| a.0.min(b.0));
        // One run noted a close that the other did not.
        let longer = || if full.len() > other.len() { full.get(other.len()) } else { other.get(full.len()) };
        if let Some(differs_at) = differs.or_else(|| longer().map(|entry| entry.0)) {
            self.findings.push(Finding { change, cut, differs_at });
        }
    }
}

/// The engine's hash at every close, and the number of orders.
fn decisions(bars: &[Bar], make: Make<'_>) -> Result<(Vec<(Time, u64)>, u64), RunError> {
    let mut setup = make(bars)?;
    let interval = bars.first().map(|bar| bar.interval);
    let own: Vec<Bar> = bars.to_vec();
    let tape = Bars::new(types::MarketId(0), own.into_iter().map(Ok::<_, TapeError>));
    setup.recordings = vec![Recording { tape: Box::new(tape), bars: interval }];
    let mut log = Vec::new();
    let outcome = run_observed(setup, &mut |_| true, &mut |at, engine| log.push((at, engine.digest())))?;
    Ok((log, outcome.orders.sent))
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Noise(u64);

impl Noise {
    const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let a = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        b ^ (b >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.bits() % (end.max(1) as u64)).unwrap_or(0)
    }

    /// The bars with everything from `at` on replaced: a wild walk on the same ticks and times.
    fn poison(&mut self, bars: &[Bar], at: usize) -> Vec<Bar> {
        let mut poisoned = bars.to_vec();
        let tick = bars.iter().fold(0, |tick, bar| gcd(tick, bar.close.0)).max(1);
        let mut close = bars[at - 1].close.0;
        for bar in &mut poisoned[at..] {
            let size = (close / 50 / tick).max(2);
            let mut step = || (i64::try_from(self.bits() >> 33).unwrap_or(0) % (2 * size + 1) - size) * tick;
            let (open_by, close_by, high_by, low_by) = (step(), step(), step().abs(), step().abs());
            let open = (close + open_by).max(tick);
            close = (open + close_by).max(tick);
            bar.open = Price(open);
            bar.close = Price(close);
            bar.high = Price(open.max(close).saturating_add(high_by));
            bar.low = Price((open.min(close) - low_by).max(tick));
            bar.volume = Money(i128::from(self.bits() >> 20));
        }
        poisoned
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
