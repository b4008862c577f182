//! A scenario as a file: what is asked, how often, by how many, and what must hold. TOML; unknown keys are errors.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

/// Most clients of one run: what one process may have open.
const USERS_MAX: usize = 50_000;
/// Most requests a second that are planned.
const RATE_MAX: f64 = 1_000_000.0;

/// What a scenario is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The load that is expected.
    Load,
    /// More than that.
    Stress,
    /// A sudden crowd.
    Spike,
    /// For long.
    Endurance,
}

/// What must hold for the run to have succeeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Success {
    /// 95th percentile of all answers, ms; of WebSockets, of the delay of events.
    pub response_time_p95: Option<f64>,
    /// 99th percentile, ms.
    pub response_time_p99: Option<f64>,
    /// Failed requests, percent.
    pub error_rate: Option<f64>,
    /// Requests (or events) a second, over the time after the ramp.
    pub throughput: Option<f64>,
    /// Growth of the server's memory from beginning to end, MB.
    pub memory_growth: Option<f64>,
    /// Connections that came back with everything they missed, percent.
    pub recovered: Option<f64>,
}

/// One kind of request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What it is called in reports.
    pub name: String,
    /// `GET`, `POST`, …
    #[serde(default = "get")]
    pub method: String,
    /// Path and query.
    pub path: String,
    /// JSON body.
    pub body: Option<String>,
    /// How often beside the others.
    #[serde(default = "one")]
    pub weight: u32,
    /// Whether it carries a user's token.
    #[serde(default)]
    pub login: bool,
    /// Statuses that are no failure.
    #[serde(default = "ok")]
    pub expect: Vec<u16>,
}

fn get() -> String {
    "GET".to_owned()
}

const fn one() -> u32 {
    1
}

fn ok() -> Vec<u16> {
    vec![200]
}

/// Arrivals at a rate for a while.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// How long.
    #[serde(deserialize_with = "duration", serialize_with = "seconds")]
    pub duration: Duration,
    /// Arrivals a second; the rate of the end where it changes.
    pub rate: f64,
    /// Whether it is reached in a straight line from the phase before.
    #[serde(default)]
    pub ramp: bool,
}

/// Clients of the live stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sockets {
    /// Rooms; each client takes `rooms_each` of them, one after another.
    pub rooms: Vec<String>,
    /// Rooms of one client.
    #[serde(default = "one_room")]
    pub rooms_each: usize,
    /// All clients are cut off and come back after each such time; never when absent.
    #[serde(default, deserialize_with = "maybe_duration", serialize_with = "maybe_seconds")]
    pub storm_every: Option<Duration>,
}

const fn one_room() -> usize {
    1
}

/// A scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// How long, the ramp included.
    #[serde(deserialize_with = "duration", serialize_with = "seconds")]
    pub duration: Duration,
    /// Clients, each with a connection of its own.
    pub concurrent_users: usize,
    /// How long until all are there and the rate is reached.
    #[serde(default, deserialize_with = "duration", serialize_with = "seconds")]
    pub ramp_up_time: Duration,
    /// Arrivals a second after the ramp; the throughput that must hold where it is absent.
    pub rate: Option<f64>,
    /// Accounts that the clients share; made on the server.
    #[serde(default = "one_account")]
    pub accounts: usize,
    /// What must hold.
    pub success_criteria: Success,
    /// What is asked.
    #[serde(default)]
    pub requests: Vec<Request>,
    /// Rates over time, instead of the ramp and the rate.
    #[serde(default)]
    pub phases: Vec<Phase>,
    /// Clients of the stream instead of requests.
    pub websocket: Option<Sockets>,
    /// What it was scaled by.
    #[serde(default, skip_deserializing)]
    pub scale: Scale,
}

const fn one_account() -> usize {
    1
}

/// Factors of a scaled-down run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scale {
    /// Of clients and rates.
    pub load: f64,
    /// Of all times.
    pub time: f64,
}

impl Default for Scale {
    fn default() -> Self {
        Self { load: 1.0, time: 1.0 }
    }
}

impl Scale {
    /// Whether it is the scenario as written.
    #[must_use]
    pub fn is_whole(self) -> bool {
        (self.load - 1.0).abs() < 1e-9 && (self.time - 1.0).abs() < 1e-9
    }
}

/// Why a file is no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// Not TOML, or not of this form.
    #[error("{0}")]
    Form(String),
    /// A value makes no sense.
    #[error("{0}")]
    Value(String),
}

impl Scenario {
    /// Reads a file's text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text)
            .map_err(|error| ScenarioError::Form(error.to_string().trim_end().to_owned()))?;
        scenario.check()?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), ScenarioError> {
        let wrong = |why: String| Err(ScenarioError::Value(why));
        if self.name.is_empty() || self.duration.is_zero() {
            return wrong("name and duration must be given".to_owned());
        }
        if self.concurrent_users == 0 || self.concurrent_users > USERS_MAX {
            return wrong(format!("concurrent_users is 1 to {USERS_MAX}"));
        }
        if self.ramp_up_time >= self.duration {
            return wrong("ramp_up_time must end before the duration".to_owned());
        }
        if self.accounts == 0 || self.accounts > self.concurrent_users {
            return wrong("accounts is 1 to concurrent_users".to_owned());
        }
        match &self.websocket {
            Some(sockets) if sockets.rooms.is_empty() || sockets.rooms_each == 0 => {
                return wrong("websocket.rooms names no room".to_owned());
            }
            Some(_) if !self.requests.is_empty() => {
                return wrong("a scenario has requests or a websocket, not both".to_owned());
            }
            Some(_) => return Ok(()),
            None => {}
        }
        if self.requests.iter().all(|request| request.weight == 0) {
            return wrong("no request has a weight".to_owned());
        }
        let mut names = BTreeMap::new();
        for request in &self.requests {
            if !request.path.starts_with('/') || request.path.contains([' ', '\r', '\n']) {
                return wrong(format!("{:?} is no path", request.path));
            }
            if !request.method.bytes().all(|b| b.is_ascii_uppercase()) || request.expect.is_empty() {
                return wrong(format!(
                    "{}: the method is in capitals, and some status is expected",
                    request.name
                ));
            }
            if names.insert(&request.name, ()).is_some() {
                return wrong(format!("two requests are called {:?}", request.name));
            }
        }
        let rates = self.phases.iter().map(|phase| phase.rate).chain([self.rate()]);
        if rates.into_iter().any(|rate| !(rate.is_finite() && (0.0..=RATE_MAX).contains(&rate))) {
            return wrong(format!("a rate is 0 to {RATE_MAX} a second"));
        }
        if self.phases.is_empty() && self.rate() <= 0.0 {
            return wrong("give a rate, phases, or success_criteria.throughput".to_owned());
        }
        Ok(())
    }

    /// Arrivals a second after the ramp.
    #[must_use]
    pub(crate) fn rate(&self) -> f64 {
        self.rate.or(self.success_criteria.throughput).unwrap_or(0.0)
    }

    /// The same with fewer clients and lower rates, and shorter. The wanted throughput shrinks with the rate, nothing else does.
    #[must_use]
    pub fn scaled(&self, scale: Scale) -> Self {
        let mut scaled = self.clone();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the check")]
        let fewer = |count: usize| ((count as f64 * scale.load).round() as usize).max(1);
        scaled.concurrent_users = fewer(self.concurrent_users);
        scaled.accounts = fewer(self.accounts).min(scaled.concurrent_users);
        (scaled.duration, scaled.ramp_up_time) =
            (self.duration.mul_f64(scale.time), self.ramp_up_time.mul_f64(scale.time));
        scaled.rate = self.rate.map(|rate| rate * scale.load);
        scaled.success_criteria.throughput = self.success_criteria.throughput.map(|rate| rate * scale.load);
        for phase in &mut scaled.phases {
            (phase.duration, phase.rate) = (phase.duration.mul_f64(scale.time), phase.rate * scale.load);
        }
        if let Some(sockets) = &mut scaled.websocket {
            sockets.storm_every = sockets.storm_every.map(|every| every.mul_f64(scale.time));
        }
        scaled.scale = scale;
        scaled
    }

    /// Whether any request carries a user's token.
    pub(crate) fn needs_login(&self) -> bool {
        self.websocket.is_some() || self.requests.iter().any(|request| request.login)
    }
}

/// `90s`, `10m`, `1h`, `250ms`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration like 90s, 10m or 1h");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let ms = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(ms).map(Duration::from_millis).ok_or_else(wrong)
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).map_err(serde::de::Error::custom)
}

fn maybe_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn maybe_seconds<S: serde::Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: &str = r#"
        name = "a"
        type = "load"
        duration = "10m"
        concurrent_users = 1000
        ramp_up_time = "2m"
        [success_criteria]
        response_time_p95 = 200
        error_rate = 1
        throughput = 5000
        [[requests]]
        name = "tickers"
        path = "/api/tickers"
    "#;

    #[test]
    fn a_scenario_is_read_and_scaled() {
        let scenario = Scenario::parse(SHORT).unwrap();
        assert_eq!(
            (scenario.kind, scenario.duration.as_secs(), scenario.ramp_up_time.as_secs()),
            (Kind::Load, 600, 120)
        );
        assert_eq!((scenario.requests[0].method.as_str(), scenario.requests[0].expect[0]), ("GET", 200));
        let small = scenario.scaled(Scale { load: 0.02, time: 0.05 });
        assert_eq!(
            (small.concurrent_users, small.duration.as_secs(), small.ramp_up_time.as_secs()),
            (20, 30, 6)
        );
        assert!((small.rate() - 100.0).abs() < 1e-9 && !small.scale.is_whole());
        assert_eq!(small.success_criteria.response_time_p95, Some(200.0), "a promise does not shrink");
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_reason() {
        for (from, to, why) in [
            ("\"10m\"", "\"ten\"", "no duration"),
            ("concurrent_users = 1000", "concurrent_users = 0", "concurrent_users"),
            ("ramp_up_time = \"2m\"", "ramp_up_time = \"20m\"", "ramp_up_time"),
            ("path = \"/api", "path = \"api", "no path"),
            ("throughput = 5000", "throughput = -1", "rate"),
            ("throughput = 5000", "", "give a rate"),
            ("type = \"load\"", "type = \"party\"", "party"),
            ("name = \"a\"", "name = \"a\"\nnonsense = 1", "nonsense"),
        ] {
            let text = SHORT.replacen(from, to, 1);
            let said = Scenario::parse(&text).unwrap_err().to_string();
            assert!(said.contains(why), "{from} → {to}: {said}");
        }
    }
}
