//! Judges trials by the event path: for strategies that are no function of columns, and for runs that need events.
//!
//! A window is run by itself: the strategy warms up on the window's own first bars, unlike on the vectorised path.

use types::{Bar, MarketId};

use super::score::{BLOCKS, Block, sharpe_of};
use super::{Judge, Score, Unjudged, Window};
use crate::metrics::{Basis, Track};
use crate::tape::{Bars, TapeError};
use crate::vector::Columns;
use crate::{Outcome, Plan, PlanError, Recording, run};

/// Everything that trials share.
#[derive(Debug)]
pub struct EventJudge<'a> {
    plan: &'a Plan,
    /// As recorded, maybe shorter than those the strategy decides on.
    bars: &'a [Bar],
    /// Those the strategy decides on; windows are counted in them.
    columns: &'a Columns,
}

impl<'a> EventJudge<'a> {
    /// Runs the strategy of `plan` with other parameters on parts of `bars`.
    #[must_use]
    pub const fn new(plan: &'a Plan, bars: &'a [Bar], columns: &'a Columns) -> Self {
        Self { plan, bars, columns }
    }

    /// The whole outcome of one trial.
    ///
    /// # Errors
    /// See [`Unjudged`].
    pub fn outcome(&self, params: &[(String, String)], window: Window) -> Result<Outcome, Unjudged> {
        let failed = |error: &dyn std::fmt::Display| Unjudged::Failed(error.to_string());
        let mut spec = self.plan.spec().clone();
        spec.params = params.to_vec();
        let instruments = self.plan.instruments().iter().cloned();
        let sources = spec.traded.iter().map(|t| t.source.clone()).collect::<Vec<_>>();
        let plan = Plan::new(spec, instruments.zip(sources).collect(), self.plan.limits().clone());
        let plan = plan.and_then(|plan| plan.with_model(self.plan.model().cloned()));
        let plan = plan.map_err(|error| match error {
            PlanError::Param(error) => Unjudged::Impossible(error.to_string()),
            other => failed(&other),
        })?;
        let part = self.part(window);
        let Some(recorded) = part.first().map(|bar| bar.interval) else {
            return Err(Unjudged::Failed("there is no bar in the window".to_owned()));
        };
        let tape = Box::new(Bars::new(MarketId(0), part.iter().map(|bar| Ok::<Bar, TapeError>(*bar))));
        let setup = plan.setup(vec![Recording { tape, bars: Some(recorded) }]).map_err(|e| failed(&e))?;
        run(setup, &mut |_| true).map_err(|e| failed(&e))
    }

    fn part(&self, window: Window) -> &'a [Bar] {
        if window.is_empty() || window.to > self.columns.len() {
            return &[];
        }
        let (from, to) = (self.columns.opens(window.from), self.columns.closes(window.to - 1));
        let place = |at| self.bars.partition_point(|bar| bar.open_time < at);
        &self.bars[place(from)..place(to)]
    }

    fn track(&self, outcome: &Outcome, window: Window) -> Track {
        let mut track = Track::of(outcome, &[]);
        track.from = self.columns.opens(window.from).millis();
        track
    }
}

impl Judge for EventJudge<'_> {
    fn judge(&self, params: &[(String, String)], window: Window) -> Result<Score, Unjudged> {
        let outcome = self.outcome(params, window)?;
        let track = self.track(&outcome, window);
        let basis = Basis::of(&track, None);
        let mut blocks = [Block::default(); BLOCKS];
        for (k, x) in basis.shares.iter().enumerate() {
            let block = &mut blocks[k * BLOCKS / basis.shares.len()];
            *block = Block { n: block.n + 1.0, sum: block.sum + x, squares: block.squares + x * x };
        }
        Ok(Score {
            final_equity: outcome.final_equity(),
            total_return: track.end() / track.start - 1.0,
            sharpe: sharpe_of(&blocks).map_or(0.0, |ratio| ratio * basis.per_year.sqrt()),
            max_drawdown: track.exact.map_or(0.0, |fall| fall.depth),
            trades: u32::try_from(track.trades.len()).unwrap_or(u32::MAX),
            fees: track.fees / track.start,
            per_year: basis.per_year,
            blocks,
        })
    }

    fn course(&self, params: &[(String, String)], window: Window) -> Result<Vec<(i64, f64)>, Unjudged> {
        let outcome = self.outcome(params, window)?;
        let track = self.track(&outcome, window);
        let mut worth = 1.0;
        let returns = Basis::of(&track, None).returns;
        Ok(returns
            .iter()
            .map(|r| {
                worth *= 1.0 + r.share;
                (r.at, worth)
            })
            .collect())
    }
}
