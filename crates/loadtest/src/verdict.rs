//! Whether a run succeeded: the scenario's criteria, and the product's promises by what the clients saw.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use telemetry::promises::{PROMISES, Promise, Verdict};

use crate::record::Measured;
use crate::scenario::Scenario;

/// One criterion of the scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// Which.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// The bound.
    pub bound: f64,
    /// What was measured; absent when it could not be.
    pub value: Option<f64>,
    /// Whether it holds. What could not be measured does not.
    pub met: bool,
}

/// One promise of the product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Which.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// What is aimed at.
    pub target: f64,
    /// What is still acceptable.
    pub acceptable: f64,
    /// What the clients of this run saw.
    pub clients: Option<f64>,
    /// What the server says of its last hour.
    pub server: Option<f64>,
    /// `met`, `acceptable`, `missed` or `no_data`; of what the clients saw, else of what the server says.
    pub verdict: String,
}

/// Failed requests, percent.
#[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
pub(crate) fn error_rate(measured: &Measured) -> Option<f64> {
    let all = measured.all.count.max(measured.all.failed);
    (all > 0).then(|| measured.all.failed as f64 / all as f64 * 100.0)
}

/// Resident memory of the server, MB.
fn memory(performance: Option<&Value>) -> Option<f64> {
    performance?["system"]["memory_bytes"].as_f64().map(|bytes| bytes / 1e6)
}

/// The scenario's criteria.
pub(crate) fn criteria(
    scenario: &Scenario,
    measured: &Measured,
    (before, after): (Option<&Value>, Option<&Value>),
) -> Vec<Criterion> {
    let wanted = scenario.success_criteria;
    let answered = measured.all.count > 0;
    let growth = memory(after).zip(memory(before)).map(|(after, before)| after - before);
    #[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
    let recovered = measured
        .returned
        .filter(|(returned, _)| *returned > 0)
        .map(|(returned, all)| all as f64 / returned as f64 * 100.0);
    let below = |name: &str, unit: &str, bound: Option<f64>, value: Option<f64>| {
        let (name, unit) = (name.to_owned(), unit.to_owned());
        bound.map(|bound| Criterion { name, unit, bound, value, met: value.is_some_and(|v| v <= bound) })
    };
    let above = |name: &str, unit: &str, bound: Option<f64>, value: Option<f64>| {
        let (name, unit) = (name.to_owned(), unit.to_owned());
        bound.map(|bound| Criterion { name, unit, bound, value, met: value.is_some_and(|v| v >= bound) })
    };
    // Arrivals come at random places of the first and last second: half a percent of the planned rate is not the server's doing.
    let throughput = wanted.throughput.map(|rate| rate * 0.995);
    let mut all: Vec<Criterion> = [
        below("response_time_p95", "ms", wanted.response_time_p95, answered.then_some(measured.all.p95)),
        below("response_time_p99", "ms", wanted.response_time_p99, answered.then_some(measured.all.p99)),
        below("error_rate", "%", wanted.error_rate, error_rate(measured)),
        above("throughput", "1/s", throughput, answered.then_some(measured.throughput)),
        below("memory_growth", "MB", wanted.memory_growth, growth),
        above("recovered", "%", wanted.recovered, recovered),
    ]
    .into_iter()
    .flatten()
    .collect();
    if all.is_empty() {
        // A scenario without criteria still must have been answered.
        all.extend(below("error_rate", "%", Some(100.0), error_rate(measured)));
    }
    all
}

/// What the clients saw of a promise. A scenario that does not even try as many users and requests as are acceptable shows nothing about
/// them, and neither does a scaled-down run.
#[expect(clippy::cast_precision_loss, reason = "fewer than 2^53")]
fn seen(scenario: &Scenario, measured: &Measured, promise: &Promise) -> Option<f64> {
    let name = promise.name;
    let all = &measured.all;
    let sockets = scenario.websocket.is_some();
    let requests = (!sockets && all.count > 0).then_some(all);
    let (clients, whole) = (measured.clients as f64, scenario.scale.is_whole());
    let planned = scenario.phases.iter().map(|phase| phase.rate).fold(scenario.rate(), f64::max);
    match name {
        "api_p50" => requests.map(|line| line.p50),
        "api_p95" => requests.map(|line| line.p95),
        "api_p99" => requests.map(|line| line.p99),
        "websocket_delay" => (sockets && all.count > 0).then_some(all.p95),
        "error_rate" => error_rate(measured),
        "users" => (whole && scenario.concurrent_users as f64 >= promise.acceptable).then_some(clients),
        "requests_per_second" => {
            requests.filter(|_| whole && planned >= promise.acceptable).map(|_| measured.throughput)
        }
        _ => None,
    }
}

/// All promises.
pub(crate) fn promises(scenario: &Scenario, measured: &Measured, after: Option<&Value>) -> Vec<Judged> {
    let told = |name: &str| {
        let all = after?["promises"].as_array()?;
        all.iter().find(|promise| promise["name"] == name)?["value"].as_f64()
    };
    let judged = |promise: &Promise| {
        let (clients, server) = (seen(scenario, measured, promise), told(promise.name));
        let verdict = match promise.judge(clients.or(server)) {
            Verdict::Met => "met",
            Verdict::Acceptable => "acceptable",
            Verdict::Missed => "missed",
            Verdict::NoData => "no_data",
        };
        Judged {
            name: promise.name.to_owned(),
            unit: promise.unit.to_owned(),
            target: promise.target,
            acceptable: promise.acceptable,
            clients,
            server,
            verdict: verdict.to_owned(),
        }
    };
    PROMISES.iter().map(judged).collect()
}
