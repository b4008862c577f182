//! What a run says: for programs as JSON, for people as lines and as a page.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::{Line, Measured, Progress};
use crate::scenario::Scenario;
use crate::target::Target;
use crate::verdict::{self, Criterion, Judged};

/// Version of the form.
const FORM: u32 = 1;
/// A generator that is later than this at the 99th percentile, ms, has measured itself.
const LATE_MAX_MS: f64 = 10.0;

/// A run's report; also what a later run is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this form.
    pub v: u32,
    /// The scenario's name.
    pub name: String,
    /// `load`, `stress`, `spike` or `endurance`.
    pub kind: String,
    /// Where the load went.
    pub target: String,
    /// When it began, RFC 3339.
    pub begun_at: String,
    /// Factor of clients and rates; 1 is the scenario as written.
    pub scale_load: f64,
    /// Factor of times.
    pub scale_time: f64,
    /// How long it took, seconds.
    pub elapsed_s: f64,
    /// Clients that were planned.
    pub clients_planned: usize,
    /// Clients that got an answer.
    pub clients: usize,
    /// Requests that were planned; of WebSockets, connections.
    pub planned: u64,
    /// Successes a second after the ramp.
    pub throughput: f64,
    /// Failed, percent.
    pub error_rate: Option<f64>,
    /// All requests together; of WebSockets, all events. Times in ms.
    pub all: Line,
    /// By kind.
    pub lines: Vec<Line>,
    /// How late the generator was.
    pub lateness: Line,
    /// Second by second.
    pub series: Vec<Progress>,
    /// The scenario's criteria.
    pub criteria: Vec<Criterion>,
    /// The product's promises.
    pub promises: Vec<Judged>,
    /// What is to be known about this run.
    pub notes: Vec<String>,
    /// Whether all criteria hold.
    pub passed: bool,
}

/// Reasons of failures that are told.
const REASONS_MAX: usize = 8;

pub(crate) fn make(
    scenario: &Scenario,
    target: &Target,
    begun_at: jiff::Timestamp,
    measured: &Measured,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Report {
    let criteria = verdict::criteria(scenario, measured, (before, after));
    let passed = criteria.iter().all(|criterion| criterion.met);
    Report {
        v: FORM,
        name: scenario.name.clone(),
        kind: format!("{:?}", scenario.kind).to_lowercase(),
        target: target.to_string(),
        begun_at: format!("{begun_at:.3}"),
        scale_load: scenario.scale.load,
        scale_time: scenario.scale.time,
        elapsed_s: measured.elapsed.as_secs_f64(),
        clients_planned: scenario.concurrent_users,
        clients: measured.clients,
        planned: measured.planned,
        throughput: measured.throughput,
        error_rate: verdict::error_rate(measured),
        all: measured.all.clone(),
        lines: measured.lines.clone(),
        lateness: measured.lateness.clone(),
        series: measured.series.clone(),
        promises: verdict::promises(scenario, measured, after),
        notes: notes(scenario, measured, after),
        criteria,
        passed,
    }
}

fn notes(scenario: &Scenario, measured: &Measured, after: Option<&Value>) -> Vec<String> {
    let mut notes = Vec::new();
    if !scenario.scale.is_whole() {
        notes.push(format!(
            "scaled down: clients and rates × {}, times × {}; what it shows about the full load is a guess",
            scenario.scale.load, scenario.scale.time
        ));
    }
    if measured.lateness.p99 > LATE_MAX_MS {
        notes.push(format!(
            "the generator itself was late (99th percentile {:.1} ms): part of the latencies is its own",
            measured.lateness.p99
        ));
    }
    if measured.clients < scenario.concurrent_users {
        notes.push(format!("{} of {} clients got an answer", measured.clients, scenario.concurrent_users));
    }
    if let Some((returned, recovered)) = measured.returned {
        notes.push(format!(
            "{returned} connections came back, {recovered} of them with everything they missed"
        ));
    }
    notes.extend(failures(measured));
    if after.is_none() {
        notes.push("the server does not tell its own numbers to this client".to_owned());
    }
    notes
}

/// Why requests failed, the most frequent reasons first.
fn failures(measured: &Measured) -> Vec<String> {
    let mut reasons = Vec::new();
    for line in &measured.lines {
        for (why, count) in &line.failures {
            reasons.push((*count, format!("{} failed {count} times: {why}", line.name)));
        }
    }
    reasons.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    reasons.into_iter().take(REASONS_MAX).map(|(_, reason)| reason).collect()
}

impl Report {
    /// Reads a stored report.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let report: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if report.v == FORM {
            Ok(report)
        } else {
            Err(format!("it has form {}, this program knows {FORM}", report.v))
        }
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_failures_are_told_the_most_frequent_first() {
        let line = |name: &str, failures: &[(&str, u64)]| Line {
            name: name.to_owned(),
            failures: failures.iter().map(|(why, count)| ((*why).to_owned(), *count)).collect(),
            ..Line::default()
        };
        let mut measured = Measured {
            lines: vec![line("login", &[]), line("order", &[("status 422", 17)])],
            ..Measured::default()
        };
        assert_eq!(failures(&measured), ["order failed 17 times: status 422"]);
        let many: Vec<String> = (0..20).map(|n| format!("refused: {n}")).collect();
        let many: Vec<(&str, u64)> = many.iter().map(String::as_str).zip(100..).collect();
        measured.lines.push(line("event", &many));
        let told = failures(&measured);
        assert_eq!((told.len(), told[0].as_str()), (REASONS_MAX, "event failed 119 times: refused: 19"));
    }
}
