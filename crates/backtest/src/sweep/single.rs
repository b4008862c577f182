//! A single run as a trial: whoever runs a strategy once has tried it, and it counts like the trials of a sweep.
//!
//! The entry is what a sweep would record of the same set on the same bars under the same costs, so that a run that repeats a
//! trial is counted once. Beyond [`crate::equity::POINTS_MAX`] bars the beginning is known to one of the curve's points only;
//! then a repetition may be counted twice, which errs on the side of doubt.

use types::Time;

use super::ledger::{Entry, Tally};
use crate::metrics::{Basis, Measured, Track, Trials, deflated_sharpe, sharpe};
use crate::{Latency, Outcome, RunSpec};

/// What all recorded trials do to the result of one of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// The trials over the same days, this one included.
    pub tally: Tally,
    /// Probability that the true Sharpe ratio is above what the best of as many worthless trials would show.
    pub deflated_sharpe: Option<f64>,
    /// The yearly Sharpe ratio that luck alone would show in the best of them.
    pub luck_sharpe: f64,
}

/// The venue in words: trials under other conditions are other trials.
#[must_use]
pub fn costs(spec: &RunSpec) -> String {
    let venue = &spec.venue;
    let latency = match &venue.latency {
        Latency::Recorded { source, .. } => format!("recorded {source}"),
        other => format!("{other:?}"),
    };
    format!(
        "maker {} taker {} rebate {} fill {} slippage {:?} delay {latency} cash {}",
        venue.fees.maker.0,
        venue.fees.taker.0,
        venue.fees.rebate.0,
        venue.path.as_str(),
        venue.slippage,
        spec.cash.0
    )
}

/// First and last millisecond of the bars that a run decided on, UTC; `None` for a run without a bar.
#[must_use]
pub fn span(outcome: &Outcome) -> Option<(i64, i64)> {
    let mut points = outcome.equity.points();
    let late = outcome.run.feed_ns;
    let inside = |at: Time| at.plus_nanos(-1 - late);
    let first = outcome.run.interval.start(inside(points.next()?.at));
    let last = outcome.equity.points().next_back()?.at;
    Some((first.millis(), inside(last).millis()))
}

fn course(outcome: &Outcome) -> Option<Track> {
    let (from, _) = span(outcome)?;
    Some(Track { from, ..Track::of(outcome, &[]) })
}

/// What is recorded of a run that was kept (or not) under the name `by`; `None` for a run without a bar.
#[must_use]
pub fn entry(outcome: &Outcome, by: &str) -> Option<Entry> {
    let (from, to) = span(outcome)?;
    let track = course(outcome)?;
    let Measured { value, .. } = (sharpe::METRIC.compute)(&Basis::of(&track, None));
    let run = &outcome.run;
    let mut params = run.params.clone();
    params.extend(run.model.iter().map(|model| ("trained".to_owned(), model.clone())));
    Some(Entry {
        by: by.to_owned(),
        strategy: run.strategy.clone(),
        params,
        interval: run.interval.as_str().to_owned(),
        costs: costs(run),
        from,
        to,
        sharpe: value.unwrap_or(0.0),
        total_return: track.end() / track.start - 1.0,
        trades: u32::try_from(outcome.trades.len()).unwrap_or(u32::MAX),
    })
}

/// The result of a run in the light of everything that was tried; `None` for a run without a bar.
#[must_use]
pub fn judged(outcome: &Outcome, tally: Tally) -> Option<Tried> {
    let track = course(outcome)?;
    let plain = Basis::of(&track, None);
    let trials = Trials { count: tally.distinct, sharpe_variance: tally.sharpe_variance / plain.per_year };
    let Measured { value, .. } = (deflated_sharpe::METRIC.compute)(&Basis::of(&track, Some(trials)));
    let luck_sharpe = deflated_sharpe::expected_best(trials) * plain.per_year.sqrt();
    Some(Tried { tally, deflated_sharpe: value, luck_sharpe })
}
