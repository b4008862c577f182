//! Readings in, changes out. Times are milliseconds of any clock that goes on, given by the caller.

use std::collections::VecDeque;

use crate::rules::{Comparison, RULES, Rule, Signal};

/// Over how long growth of memory is measured, ms.
const GROWTH_MS: i64 = 300_000;
/// Samples of memory kept: five minutes of one a second.
const SAMPLES_MAX: usize = 320;

/// One look at the service. What has no number is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Readings {
    values: [Option<f64>; Signal::COUNT],
}

impl Readings {
    /// Notes a number; what is no number is absent.
    pub fn set(&mut self, signal: Signal, value: Option<f64>) {
        self.values[signal as usize] = value.filter(|value| value.is_finite());
    }

    /// The number of a signal.
    #[must_use]
    pub const fn get(&self, signal: Signal) -> Option<f64> {
        self.values[signal as usize]
    }
}

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// It fires.
    Fires {
        /// Which.
        rule: &'static Rule,
        /// The number that decided.
        value: f64,
        /// False within the cool-down: it is noted, and nobody is told.
        tell: bool,
    },
    /// It is over.
    Clears {
        /// Which.
        rule: &'static Rule,
        /// Whether anybody was told that it fired.
        tell: bool,
    },
}

/// How a rule stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Which.
    pub rule: &'static Rule,
    /// Since when its condition holds.
    pub since_ms: Option<i64>,
    /// Whether it fires.
    pub firing: bool,
    /// The last number.
    pub value: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    since_ms: Option<i64>,
    firing: bool,
    told: bool,
    told_ms: Option<i64>,
    value: Option<f64>,
}

/// The state of all rules.
#[derive(Debug, Default)]
pub struct Evaluator {
    states: Vec<State>,
    /// Memory of the process over the last five minutes.
    memory: VecDeque<(i64, f64)>,
}

impl Evaluator {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self { states: vec![State::default(); RULES.len()], memory: VecDeque::new() }
    }

    /// Takes in one look. `memory_bytes` is what the process holds; its growth is worked out here.
    pub fn step(&mut self, now_ms: i64, mut readings: Readings, memory_bytes: Option<f64>) -> Vec<Change> {
        readings.set(Signal::MemoryGrowth, self.growth(now_ms, memory_bytes));
        let mut changes = Vec::new();
        for (rule, state) in RULES.iter().zip(&mut self.states) {
            state.value = readings.get(rule.signal);
            changes.extend(judge(rule, state, now_ms));
        }
        changes
    }

    /// How all rules stand.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing> {
        let standing = |(rule, state): (&'static Rule, &State)| Standing {
            rule,
            since_ms: state.since_ms,
            firing: state.firing,
            value: state.value,
        };
        RULES.iter().zip(&self.states).map(standing).collect()
    }

    /// Growth over five minutes; absent before that is known.
    fn growth(&mut self, now_ms: i64, memory: Option<f64>) -> Option<f64> {
        let memory = memory?;
        while self.memory.len() >= SAMPLES_MAX
            || self.memory.get(1).is_some_and(|(at, _)| now_ms - *at >= GROWTH_MS)
        {
            self.memory.pop_front();
        }
        self.memory.push_back((now_ms, memory));
        let (at, before) = *self.memory.front()?;
        (now_ms - at >= GROWTH_MS).then_some(memory - before)
    }
}

fn judge(rule: &'static Rule, state: &mut State, now_ms: i64) -> Option<Change> {
    let wrong = state.value.is_some_and(|value| match rule.comparison {
        Comparison::Above => value > rule.threshold,
        Comparison::Below => value < rule.threshold,
    });
    if !wrong {
        state.since_ms = None;
        if !state.firing {
            return None;
        }
        state.firing = false;
        return Some(Change::Clears { rule, tell: std::mem::take(&mut state.told) });
    }
    let since = *state.since_ms.get_or_insert(now_ms);
    if state.firing || now_ms - since < i64::from(rule.for_s) * 1_000 {
        return None;
    }
    state.firing = true;
    state.told = state.told_ms.is_none_or(|at| now_ms - at >= rule.severity.cool_down_ms());
    if state.told {
        state.told_ms = Some(now_ms);
    }
    Some(Change::Fires { rule, value: state.value.unwrap_or_default(), tell: state.told })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP_MS: i64 = 5_000;

    /// A number on the wrong side of a rule, and one on the right side.
    fn sides(rule: &Rule) -> (f64, f64) {
        match rule.comparison {
            Comparison::Above => (rule.threshold * 1.01, rule.threshold),
            Comparison::Below => (rule.threshold * 0.99, rule.threshold),
        }
    }

    /// Lets a rule's signal stand for a while; what changed about that rule, with the time.
    fn stand(
        evaluator: &mut Evaluator,
        rule: &Rule,
        value: Option<f64>,
        (from_ms, to_ms): (i64, i64),
    ) -> Vec<(i64, Change)> {
        let mut changes = Vec::new();
        for now_ms in (from_ms..=to_ms).step_by(usize::try_from(STEP_MS).unwrap()) {
            let mut readings = Readings::default();
            // Growth is worked out of the memory itself: so many bytes more every five minutes.
            let memory = match rule.signal {
                Signal::MemoryGrowth => value.map(|growth| 1e9 + growth * now_ms as f64 / GROWTH_MS as f64),
                signal => {
                    readings.set(signal, value);
                    None
                }
            };
            for change in evaluator.step(now_ms, readings, memory) {
                let (Change::Fires { rule: of, .. } | Change::Clears { rule: of, .. }) = change;
                if of.name == rule.name {
                    changes.push((now_ms, change));
                }
            }
        }
        changes
    }

    #[test]
    fn every_rule_fires_after_its_time_and_clears_at_once() {
        for rule in RULES {
            let (wrong, right) = sides(rule);
            let mut evaluator = Evaluator::new();
            let for_ms = i64::from(rule.for_s) * 1_000;
            // Growth is known only after five minutes.
            let known_ms = if rule.signal == Signal::MemoryGrowth { GROWTH_MS } else { 0 };
            assert_eq!(
                stand(&mut evaluator, rule, Some(right), (0, known_ms + 2 * for_ms)),
                [],
                "{}",
                rule.name
            );
            let mut evaluator = Evaluator::new();
            let before = stand(&mut evaluator, rule, Some(wrong), (0, known_ms + for_ms - STEP_MS));
            assert_eq!(before, [], "{} too early", rule.name);
            let at = known_ms + for_ms;
            let fired = stand(&mut evaluator, rule, Some(wrong), (at, at + 600_000));
            assert!(
                matches!(fired[..], [(when, Change::Fires { tell: true, .. })] if when == at),
                "{}: {fired:?}",
                rule.name
            );
            let cleared = stand(&mut evaluator, rule, None, (at + 700_000, at + 700_000));
            assert!(
                matches!(cleared[..], [(_, Change::Clears { tell: true, .. })]),
                "{}: {cleared:?}",
                rule.name
            );
        }
    }

    #[test]
    fn a_condition_that_does_not_last_never_fires() {
        let rule = RULES.iter().find(|rule| rule.name == "HighErrorRate").unwrap();
        let (wrong, right) = sides(rule);
        let mut evaluator = Evaluator::new();
        for round in 0..20 {
            let at = round * 120_000;
            assert_eq!(stand(&mut evaluator, rule, Some(wrong), (at, at + 55_000)), []);
            assert_eq!(stand(&mut evaluator, rule, Some(right), (at + 60_000, at + 60_000)), []);
        }
    }

    #[test]
    fn nobody_is_told_twice_within_the_cool_down() {
        let rule = RULES.iter().find(|rule| rule.name == "HighAPILatency").unwrap();
        let (wrong, right) = sides(rule);
        let mut evaluator = Evaluator::new();
        let first = stand(&mut evaluator, rule, Some(wrong), (0, 120_000));
        assert!(matches!(first[..], [(120_000, Change::Fires { tell: true, .. })]), "{first:?}");
        stand(&mut evaluator, rule, Some(right), (125_000, 125_000));
        // It fires again 130 s after it was told: a warning cools down for 180 s.
        let second = stand(&mut evaluator, rule, Some(wrong), (130_000, 250_000));
        assert!(matches!(second[..], [(250_000, Change::Fires { tell: false, .. })]), "{second:?}");
        let over = stand(&mut evaluator, rule, Some(right), (255_000, 255_000));
        assert!(matches!(over[..], [(_, Change::Clears { tell: false, .. })]), "nobody knew of it: {over:?}");
        let third = stand(&mut evaluator, rule, Some(wrong), (260_000, 380_000));
        assert!(matches!(third[..], [(_, Change::Fires { tell: true, .. })]), "{third:?}");
    }

    #[test]
    fn memory_that_comes_and_goes_is_no_leak() {
        let mut evaluator = Evaluator::new();
        for n in 0..500_i64 {
            let memory = 1e9 + if n % 20 < 10 { 6e7 } else { 0.0 };
            let changes = evaluator.step(n * STEP_MS, Readings::default(), Some(memory));
            assert_eq!(changes, [], "at {n}");
        }
        assert!(evaluator.memory.len() <= SAMPLES_MAX);
    }
}
