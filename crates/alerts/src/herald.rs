//! What people are told, and when: cool-downs, silences, reminders, groups. Sans-I/O; times are milliseconds of any clock that goes on.
//!
//! Invariants
//! * An alert is told when it fires, or, if it fired within its cool-down, under a silence, or acknowledged, as soon as that has passed
//!   and it still fires.
//! * That it is over is told once, and only if it was told that it fires.
//! * What happens within [`GROUP_MS`] is one message; a critical alert does not wait for others.

use std::collections::BTreeMap;

use crate::evaluator::Change;
use crate::rules::{Rule, Severity};

/// How long news wait for others, ms.
pub(crate) const GROUP_MS: i64 = 10_000;
/// After how long people are reminded of what still fires and nobody has acknowledged, ms.
const REMIND_MS: i64 = 4 * 3_600_000;
/// News in one message: more are told in the next.
const GROUP_MAX: usize = 50;

/// Why nobody is told of an alert now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// No reason: it is told.
    No,
    /// Somebody silenced its rule.
    Silenced,
    /// Somebody knows of it: no reminders.
    Acknowledged,
}

/// One thing to tell.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// The rule.
    pub rule: &'static Rule,
    /// Of what; empty for a rule without a label.
    pub subject: String,
    /// The number that decided, or the one now that it is over.
    pub value: Option<f64>,
    /// False when it is over.
    pub firing: bool,
    /// True when it was told before.
    pub again: bool,
}

#[derive(Clone, Debug, Default)]
struct Told {
    /// The number with which it fires; `None` when it does not.
    firing: Option<f64>,
    /// Whether it was told that it fires.
    told: bool,
    last_ms: Option<i64>,
}

/// What was told.
#[derive(Debug, Default)]
pub struct Herald {
    alerts: BTreeMap<(&'static str, String), Told>,
    waiting: Vec<News>,
    /// When the first of them came.
    since_ms: i64,
}

impl Herald {
    /// Whether anything fires or waits: otherwise nobody need look up silences.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.alerts.values().all(|told| told.firing.is_none())
    }

    /// Takes in what changed; gives what is to be told in one message now, most severe first. `quiet` is asked for everything that fires.
    pub fn step(
        &mut self,
        now_ms: i64,
        changes: &[Change],
        quiet: impl Fn(&'static Rule, &str) -> Quiet,
    ) -> Vec<News> {
        for change in changes {
            self.note(change, now_ms);
        }
        let mut due = Vec::new();
        for ((name, subject), told) in &mut self.alerts {
            let Some((rule, value)) = Rule::find(name).zip(told.firing) else { continue };
            if is_due(rule, told, quiet(rule, subject), now_ms) {
                let again = std::mem::replace(&mut told.told, true);
                told.last_ms = Some(now_ms);
                due.push(News { rule, subject: subject.clone(), value: Some(value), firing: true, again });
            }
        }
        due.into_iter().for_each(|news| self.wait(news, now_ms));
        self.alerts.retain(|(name, _), told| {
            let cool_down = Rule::find(name).map_or(0, |rule| rule.severity.cool_down_ms());
            told.firing.is_some() || told.last_ms.is_some_and(|at| now_ms - at < cool_down)
        });
        self.take(now_ms)
    }

    fn note(&mut self, change: &Change, now_ms: i64) {
        let (rule, subject) = change.of();
        let told = self.alerts.entry((rule.name, subject.to_owned())).or_default();
        match change {
            Change::Fires { value, .. } => told.firing = Some(*value),
            Change::Clears { value, .. } => {
                told.firing = None;
                if !std::mem::take(&mut told.told) {
                    return;
                }
                let same = |news: &News| news.rule.name == rule.name && news.subject == subject;
                if self.waiting.iter().any(|news| same(news) && !news.again) {
                    // It came and went before anybody was told.
                    told.last_ms = None;
                    self.waiting.retain(|news| !same(news));
                    return;
                }
                self.waiting.retain(|news| !same(news));
                let news =
                    News { rule, subject: subject.to_owned(), value: *value, firing: false, again: false };
                self.wait(news, now_ms);
            }
        }
    }

    fn wait(&mut self, news: News, now_ms: i64) {
        if self.waiting.is_empty() {
            self.since_ms = now_ms;
        }
        self.waiting.push(news);
    }

    fn take(&mut self, now_ms: i64) -> Vec<News> {
        let urgent = self.waiting.iter().any(|news| news.firing && news.rule.severity == Severity::Critical);
        if !urgent && now_ms - self.since_ms < GROUP_MS && self.waiting.len() < GROUP_MAX {
            return Vec::new();
        }
        self.waiting.sort_by_key(|news| std::cmp::Reverse((news.firing, news.rule.severity)));
        let rest = self.waiting.split_off(self.waiting.len().min(GROUP_MAX));
        std::mem::replace(&mut self.waiting, rest)
    }
}

fn is_due(rule: &Rule, told: &Told, quiet: Quiet, now_ms: i64) -> bool {
    let passed = |ms: i64| told.last_ms.is_none_or(|at| now_ms - at >= ms);
    match (quiet, told.told) {
        (Quiet::No, false) => passed(rule.severity.cool_down_ms()),
        (Quiet::No, true) => passed(REMIND_MS),
        (Quiet::Silenced | Quiet::Acknowledged, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str) -> &'static Rule {
        Rule::find(name).unwrap()
    }

    fn fires(name: &str, subject: &str) -> Change {
        Change::Fires { rule: rule(name), subject: subject.to_owned(), value: 9.0 }
    }

    fn clears(name: &str, subject: &str) -> Change {
        Change::Clears { rule: rule(name), subject: subject.to_owned(), value: None }
    }

    fn told(news: &[News]) -> Vec<(&str, &str, bool, bool)> {
        news.iter().map(|n| (n.rule.name, n.subject.as_str(), n.firing, n.again)).collect()
    }

    /// Steps a second at a time and gives what was told, with the second.
    fn run(
        herald: &mut Herald,
        seconds: std::ops::RangeInclusive<i64>,
        changes: &[(i64, Change)],
        quiet: impl Fn(i64) -> Quiet,
    ) -> Vec<(i64, &'static str, bool)> {
        let mut all = Vec::new();
        for s in seconds {
            let now: Vec<Change> =
                changes.iter().filter(|(at, _)| *at == s).map(|(_, change)| change.clone()).collect();
            let news = herald.step(s * 1_000, &now, |_, _| quiet(s));
            all.extend(news.iter().map(|n| (s, n.rule.name, n.firing)));
        }
        all
    }

    #[test]
    fn what_happens_within_ten_seconds_is_one_message_and_what_is_critical_does_not_wait() {
        let mut herald = Herald::default();
        let no = |_: &'static Rule, _: &str| Quiet::No;
        assert!(herald.step(0, &[fires("HighAPILatency", "/a")], no).is_empty());
        assert!(
            herald.step(5_000, &[fires("PoolExhaustion", ""), fires("HighAPILatency", "/b")], no).is_empty()
        );
        let news = herald.step(10_000, &[], no);
        let want = [
            ("PoolExhaustion", "", true, false),
            ("HighAPILatency", "/a", true, false),
            ("HighAPILatency", "/b", true, false),
        ];
        assert_eq!(told(&news), want, "the most severe first");
        assert!(herald.step(11_000, &[clears("HighAPILatency", "/a")], no).is_empty());
        let news = herald.step(12_000, &[fires("HighErrorRate", "")], no);
        assert_eq!(told(&news), [("HighErrorRate", "", true, false), ("HighAPILatency", "/a", false, false)]);
        assert!(!herald.is_idle());
    }

    #[test]
    fn the_cool_down_is_five_three_one_minutes_and_thirty_seconds() {
        for (name, seconds) in [
            ("LowCacheHitRate", 300),
            ("SlowDatabaseQueries", 180),
            ("PoolExhaustion", 60),
            ("HighErrorRate", 30),
        ] {
            // It fires, clears after 15 s, and fires again at once: told again when the cool-down of the first telling ends.
            let mut herald = Herald::default();
            let changes = [(0, fires(name, "")), (15, clears(name, "")), (16, fires(name, ""))];
            let all = run(&mut herald, 0..=seconds + 20, &changes, |_| Quiet::No);
            let firing: Vec<i64> = all.iter().filter(|(_, _, firing)| *firing).map(|(s, ..)| *s).collect();
            let group = if rule(name).severity == Severity::Critical { 0 } else { GROUP_MS / 1_000 };
            assert_eq!(firing, [group, seconds + group], "{name}");
        }
    }

    #[test]
    fn what_came_and_went_unheard_is_never_told() {
        let mut herald = Herald::default();
        let changes = [(0, fires("HighAPILatency", "/a")), (3, clears("HighAPILatency", "/a"))];
        assert_eq!(run(&mut herald, 0..=400, &changes, |_| Quiet::No), []);
        // Within a cool-down neither the firing nor its end is told.
        let mut herald = Herald::default();
        let changes = [
            (0, fires("HighAPILatency", "/a")),
            (20, clears("HighAPILatency", "/a")),
            (40, fires("HighAPILatency", "/a")),
            (60, clears("HighAPILatency", "/a")),
        ];
        let all = run(&mut herald, 0..=400, &changes, |_| Quiet::No);
        assert_eq!(all, [(10, "HighAPILatency", true), (30, "HighAPILatency", false)]);
        assert!(herald.is_idle() && herald.alerts.is_empty());
    }

    #[test]
    fn a_silenced_alert_that_outlasts_its_silence_is_told_then() {
        let mut herald = Herald::default();
        let quiet = |s| if s < 100 { Quiet::Silenced } else { Quiet::No };
        let all = run(&mut herald, 0..=200, &[(0, fires("HighErrorRate", ""))], quiet);
        assert_eq!(all, [(100, "HighErrorRate", true)]);
        let mut herald = Herald::default();
        let changes = [(0, fires("HighErrorRate", "")), (50, clears("HighErrorRate", ""))];
        assert_eq!(run(&mut herald, 0..=200, &changes, quiet), [], "over before the silence was");
    }

    #[test]
    fn people_are_reminded_until_somebody_acknowledges() {
        let remind = REMIND_MS / 1_000;
        let no = |_: &'static Rule, _: &str| Quiet::No;
        let mut herald = Herald::default();
        assert_eq!(herald.step(0, &[fires("HighErrorRate", "")], no).len(), 1);
        assert!(herald.step(remind * 1_000 - 1, &[], no).is_empty());
        assert!(herald.step(remind * 1_000, &[], |_, _| Quiet::Acknowledged).is_empty());
        let news = herald.step(remind * 1_000 + 1, &[], no);
        assert_eq!(told(&news), [("HighErrorRate", "", true, true)]);
        // That it is over is told, whether it was acknowledged or not.
        let over = herald.step(remind * 1_000 + 2, &[clears("HighErrorRate", "")], no);
        assert!(over.is_empty(), "it waits for others");
        let over = herald.step(remind * 1_000 + 2 + GROUP_MS, &[], no);
        assert_eq!(told(&over), [("HighErrorRate", "", false, false)]);
    }
}
