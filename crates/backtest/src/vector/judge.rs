//! Judges trials of a sweep by the vectorised path; a trial that needs events goes to the event path, if there is one at hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use strategy::Params;
use strategy::builtin::{self, Setting};
use types::{Instrument, Money};
use venue_sim::Config;

use super::{Cache, Columns, Desk, Marks, Rule, Scorer};
use crate::sweep::{Judge, Score, Unjudged, Window};

/// Everything that trials share.
pub struct VectorJudge<'a> {
    /// Which strategy.
    strategy: &'a str,
    bars: &'a Columns,
    instrument: &'a Instrument,
    venue: &'a Config,
    cash: Money,
    cache: Cache,
    // Trials on all cores share the marks of a window; the lock is held for a look-up.
    marks: Mutex<BTreeMap<Window, Arc<Marks>>>,
    fallback: Option<&'a dyn Judge>,
}

impl<'a> VectorJudge<'a> {
    /// Judges `strategy` on `bars`. `fallback` takes what needs events.
    #[must_use]
    pub fn new(
        strategy: &'a str,
        bars: &'a Columns,
        instrument: &'a Instrument,
        venue: &'a Config,
        cash: Money,
        fallback: Option<&'a dyn Judge>,
    ) -> Self {
        let (cache, marks) = (Cache::new(super::cache::BUDGET), Mutex::default());
        Self { strategy, bars, instrument, venue, cash, cache, marks, fallback }
    }

    /// Bytes of indicator columns kept.
    #[must_use]
    pub fn cached_bytes(&self) -> usize {
        self.cache.bytes()
    }

    fn marks(&self, window: Window) -> Arc<Marks> {
        let mut known = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(window).or_insert_with(|| Arc::new(Marks::of(self.bars, window))))
    }

    fn rule(&self, params: &[(String, String)]) -> Result<Rule, Unjudged> {
        let pairs: Vec<(&str, &str)> = params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let setting = Setting { instrument: self.instrument, interval: self.bars.interval() };
        // The strategy itself knows which parameters make no sense together.
        match builtin::make(self.strategy, &pairs, setting) {
            None => return Err(Unjudged::Failed(format!("there is no strategy {:?}", self.strategy))),
            Some(Err(error)) => return Err(Unjudged::Impossible(error.to_string())),
            Some(Ok(_)) => {}
        }
        let description = builtin::describe(self.strategy)
            .ok_or_else(|| Unjudged::Failed(format!("there is no strategy {:?}", self.strategy)))?;
        let params =
            Params::parse(description, &pairs).map_err(|error| Unjudged::Impossible(error.to_string()))?;
        Rule::of(self.strategy, &params, self.instrument)
            .ok_or_else(|| Unjudged::Failed(format!("{} has no vectorised rule", self.strategy)))
    }

    fn run<'m>(
        &self,
        params: &[(String, String)],
        window: Window,
        mut scorer: Scorer<'m>,
    ) -> Result<(Scorer<'m>, Score), Unjudged> {
        let desk = Desk { instrument: self.instrument, venue: self.venue, cash: self.cash };
        let end = self
            .rule(params)?
            .run(self.bars, &self.cache, window, &desk, &mut scorer)
            .map_err(|needs| Unjudged::Failed(needs.to_string()))?;
        let score = scorer.score(&end);
        Ok((scorer, score))
    }

    const fn start(&self) -> i128 {
        self.cash.0
    }
}

impl Judge for VectorJudge<'_> {
    fn judge(&self, params: &[(String, String)], window: Window) -> Result<Score, Unjudged> {
        let marks = self.marks(window);
        match (self.run(params, window, Scorer::new(self.start(), &marks)), self.fallback) {
            (Ok((_, score)), _) => Ok(score),
            (Err(Unjudged::Failed(_)), Some(events)) => events.judge(params, window),
            (Err(why), _) => Err(why),
        }
    }

    fn course(&self, params: &[(String, String)], window: Window) -> Result<Vec<(i64, f64)>, Unjudged> {
        let marks = self.marks(window);
        match (self.run(params, window, Scorer::with_course(self.start(), &marks)), self.fallback) {
            (Ok((scorer, _)), _) => {
                let times = marks.ends.iter().map(|i| self.bars.last_milli(*i));
                let shares = scorer.course().iter().map(|e| *e as f64 / self.start() as f64);
                Ok(times.zip(shares).collect())
            }
            (Err(Unjudged::Failed(_)), Some(events)) => events.course(params, window),
            (Err(why), _) => Err(why),
        }
    }
}
