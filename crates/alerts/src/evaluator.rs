//! Readings in, changes out. Times are milliseconds of any clock that goes on, given by the caller.

use std::collections::{BTreeMap, VecDeque};

use crate::rules::{Comparison, RULES, Rule, Signal};

/// Over how long growth of memory is measured, ms.
const GROWTH_MS: i64 = 300_000;
/// Samples of memory kept: five minutes of one a second.
const SAMPLES_MAX: usize = 320;
/// Subjects of one rule that are followed; more routes than the API has.
const SUBJECTS_MAX: usize = 512;
/// The subject of a rule that is one alert.
const WHOLE: &str = "";

/// One look at the service. What has no number is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Readings {
    values: [Option<f64>; Signal::COUNT],
    of_subjects: Vec<(Signal, String, f64)>,
}

impl Readings {
    /// Notes a number; what is no number is absent.
    pub fn set(&mut self, signal: Signal, value: Option<f64>) {
        self.values[signal as usize] = value.filter(|value| value.is_finite());
    }

    /// Notes the number of one of many, like of a route.
    pub fn set_of(&mut self, signal: Signal, subject: &str, value: f64) {
        if value.is_finite() {
            self.of_subjects.push((signal, subject.to_owned(), value));
        }
    }

    /// The number of a signal.
    #[must_use]
    pub const fn get(&self, signal: Signal) -> Option<f64> {
        self.values[signal as usize]
    }

    /// The numbers a rule looks at, by subject.
    fn of(&self, rule: &Rule) -> BTreeMap<&str, f64> {
        if rule.by.is_none() {
            return self.get(rule.signal).map(|value| (WHOLE, value)).into_iter().collect();
        }
        let mine = self.of_subjects.iter().filter(|(signal, ..)| *signal == rule.signal);
        mine.take(SUBJECTS_MAX).map(|(_, subject, value)| (subject.as_str(), *value)).collect()
    }
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It fires.
    Fires {
        /// Which.
        rule: &'static Rule,
        /// Of what: the value of the rule's label; empty for a rule without one.
        subject: String,
        /// The number that decided.
        value: f64,
    },
    /// It is over.
    Clears {
        /// Which.
        rule: &'static Rule,
        /// Of what.
        subject: String,
        /// The number now, if there is one.
        value: Option<f64>,
    },
}

impl Change {
    /// The rule and what it is about.
    #[must_use]
    pub fn of(&self) -> (&'static Rule, &str) {
        match self {
            Self::Fires { rule, subject, .. } | Self::Clears { rule, subject, .. } => (rule, subject),
        }
    }
}

/// How a rule stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Which.
    pub rule: &'static Rule,
    /// Of what; empty for a rule without a label.
    pub subject: String,
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
    value: Option<f64>,
}

/// The state of all rules.
#[derive(Debug, Default)]
pub struct Evaluator {
    states: Vec<BTreeMap<String, State>>,
    /// Memory of the process over the last five minutes.
    memory: VecDeque<(i64, f64)>,
}

impl Evaluator {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        let state = |rule: &Rule| match rule.by {
            Some(_) => BTreeMap::new(),
            None => BTreeMap::from([(WHOLE.to_owned(), State::default())]),
        };
        Self { states: RULES.iter().map(state).collect(), memory: VecDeque::new() }
    }

    /// Takes in one look. `memory_bytes` is what the process holds; its growth is worked out here.
    pub fn step(&mut self, now_ms: i64, mut readings: Readings, memory_bytes: Option<f64>) -> Vec<Change> {
        readings.set(Signal::MemoryGrowth, self.growth(now_ms, memory_bytes));
        let mut changes = Vec::new();
        for (rule, states) in RULES.iter().zip(&mut self.states) {
            let values = readings.of(rule);
            for subject in values.keys() {
                if !states.contains_key(*subject) {
                    states.insert((*subject).to_owned(), State::default());
                }
            }
            for (subject, state) in states.iter_mut() {
                state.value = values.get(subject.as_str()).copied();
                changes.extend(judge(rule, subject, state, now_ms));
            }
            // What is right, or has no number any more, need not be remembered by name.
            states.retain(|_, state| rule.by.is_none() || state.since_ms.is_some());
        }
        changes
    }

    /// How all rules stand; of those with a label, each subject whose condition holds.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing> {
        let mut all = Vec::new();
        for (rule, states) in RULES.iter().zip(&self.states) {
            all.extend(states.iter().map(|(subject, state)| Standing {
                rule,
                subject: subject.clone(),
                since_ms: state.since_ms,
                firing: state.firing,
                value: state.value,
            }));
        }
        all
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

fn judge(rule: &'static Rule, subject: &str, state: &mut State, now_ms: i64) -> Option<Change> {
    let wrong = state.value.is_some_and(|value| match rule.comparison {
        Comparison::Above => value > rule.threshold,
        Comparison::Below => value < rule.threshold,
    });
    if !wrong {
        state.since_ms = None;
        let was = std::mem::take(&mut state.firing);
        return was.then(|| Change::Clears { rule, subject: subject.to_owned(), value: state.value });
    }
    let since = *state.since_ms.get_or_insert(now_ms);
    if state.firing || now_ms - since < i64::from(rule.for_s) * 1_000 {
        return None;
    }
    state.firing = true;
    Some(Change::Fires { rule, subject: subject.to_owned(), value: state.value.unwrap_or_default() })
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

    fn reading(rule: &Rule, subject: &str, value: Option<f64>) -> Readings {
        let mut readings = Readings::default();
        match (rule.by, value) {
            (Some(_), Some(value)) => readings.set_of(rule.signal, subject, value),
            _ => readings.set(rule.signal, value),
        }
        readings
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
            // Growth is worked out of the memory itself: so many bytes more every five minutes.
            let (readings, memory) = match rule.signal {
                Signal::MemoryGrowth => {
                    let memory = value.map(|growth| 1e9 + growth * now_ms as f64 / GROWTH_MS as f64);
                    (Readings::default(), memory)
                }
                _ => (reading(rule, "/api/orders", value), None),
            };
            for change in evaluator.step(now_ms, readings, memory) {
                if change.of().0.name == rule.name {
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
                matches!(fired[..], [(when, Change::Fires { .. })] if when == at),
                "{}: {fired:?}",
                rule.name
            );
            assert_eq!(fired[0].1.of().1.is_empty(), rule.by.is_none(), "{}", rule.name);
            let cleared = stand(&mut evaluator, rule, None, (at + 700_000, at + 700_000));
            assert!(matches!(cleared[..], [(_, Change::Clears { .. })]), "{}: {cleared:?}", rule.name);
        }
    }

    #[test]
    fn a_condition_that_does_not_last_never_fires() {
        let rule = Rule::find("HighErrorRate").unwrap();
        let (wrong, right) = sides(rule);
        let mut evaluator = Evaluator::new();
        for round in 0..20 {
            let at = round * 120_000;
            assert_eq!(stand(&mut evaluator, rule, Some(wrong), (at, at + 55_000)), []);
            assert_eq!(stand(&mut evaluator, rule, Some(right), (at + 60_000, at + 60_000)), []);
        }
    }

    #[test]
    fn each_route_is_an_alert_of_its_own_and_a_healthy_one_is_forgotten() {
        let rule = Rule::find("HighAPILatency").unwrap();
        let mut evaluator = Evaluator::new();
        let mut fired = Vec::new();
        for n in 0..=48 {
            let mut readings = Readings::default();
            readings.set_of(Signal::RouteP95, "/slow", 0.9);
            readings.set_of(Signal::RouteP95, "/fine", 0.01);
            if n >= 20 {
                readings.set_of(Signal::RouteP95, "/later", 2.0);
            }
            fired.extend(evaluator.step(n * STEP_MS, readings, None).into_iter().map(|c| (n, c)));
        }
        let fires = |subject: &str, value: f64| Change::Fires { rule, subject: subject.to_owned(), value };
        assert_eq!(fired, [(24, fires("/slow", 0.9)), (44, fires("/later", 2.0))]);
        let standing = evaluator.standings();
        let routes: Vec<_> =
            standing.iter().filter(|s| s.rule.name == rule.name).map(|s| s.subject.as_str()).collect();
        assert_eq!(routes, ["/later", "/slow"]);
        let over = evaluator.step(300_000, Readings::default(), None);
        assert_eq!(over.iter().filter(|c| matches!(c, Change::Clears { .. })).count(), 2);
        assert!(evaluator.standings().iter().all(|s| s.subject.is_empty()));
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
