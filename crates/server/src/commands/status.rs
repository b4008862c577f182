//! `tradewind status`: how the running server is.

mod asking;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::Output;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::serving;
use crate::terminal::{answer, note, table};

/// What the server says about itself.
struct Told {
    addr: SocketAddr,
    /// Version, time since the start, worst part.
    status: Value,
    /// Whether requests should be sent to it.
    ready: Value,
    /// Its parts; absent where only administrators see them.
    parts: Option<Value>,
    /// The promises with what was measured; absent likewise.
    promises: Option<Value>,
}

/// Asks the server of this data directory, else the one where the configuration says. Code 4 when nobody answers, 1 when
/// it is not ready.
pub(crate) fn run(config: &Config, output: Output) -> Result<ExitCode, Failure> {
    let addr = serving::look(&config.data_dir).map_or(config.api.addr, |serving| serving.api);
    let told = ask(reachable(addr)).map_err(|error| {
        Failure::new(Exit::Unreachable, "no server can be reached")
            .because(format!("http://{addr}: {error}"))
            .advise("start it with `tradewind serve`, or name its folder with --data-dir")
    })?;
    if output.json {
        answer(told.to_json());
    } else {
        answer(told.words());
        if told.parts.is_none() {
            note("its parts are for administrators only: monitoring.loopback is off, or a proxy is between");
        }
    }
    Ok(if told.is_ready() { ExitCode::SUCCESS } else { Exit::Failed.into() })
}

/// Where a server that listens on all addresses is reached from here.
fn reachable(addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), addr.port())
    } else {
        addr
    }
}

fn ask(addr: SocketAddr) -> std::io::Result<Told> {
    let (_, status) = asking::get(addr, "/api/status")?;
    if status["version"].as_str().is_none() {
        return Err(std::io::Error::other("what answers there is no Tradewind"));
    }
    let (_, ready) = asking::get(addr, "/ready")?;
    let operator = |path: &str, part: &str| -> std::io::Result<Option<Value>> {
        let (code, mut answer) = asking::get(addr, path)?;
        Ok((code == 200).then(|| answer[part].take()))
    };
    let parts = operator("/api/monitoring/health", "checks")?;
    let promises = operator("/api/monitoring/performance", "promises")?;
    Ok(Told { addr, status, ready, parts, promises })
}

impl Told {
    fn is_ready(&self) -> bool {
        self.ready["ready"] == true
    }

    fn to_json(&self) -> Value {
        json!({
            "v": 1,
            "address": format!("http://{}", self.addr),
            "version": self.status["version"],
            "uptime_s": self.status["uptime_s"],
            "status": self.status["status"],
            "ready": self.ready["ready"],
            "down": self.ready["down"],
            "parts": self.parts,
            "promises": self.promises,
        })
    }

    fn words(&self) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let up = self.status["uptime_s"].as_u64().unwrap_or_default();
        let (version, state) = (text(&self.status["version"]), text(&self.status["status"]));
        let ready =
            if self.is_ready() { "ready".to_owned() } else { format!("not ready: {}", self.ready["down"]) };
        let mut out =
            format!("Tradewind {version} at http://{}, up {}: {state}, {ready}\n", self.addr, span(up));
        if let Some(parts) = self.parts.as_ref().and_then(Value::as_array) {
            let mut rows = vec![["part", "state", "detail"].map(String::from).to_vec()];
            let state = |part: &Value| if part["ok"] == true { "ok" } else { "NOT OK" }.to_owned();
            rows.extend(parts.iter().map(|p| vec![text(&p["name"]), state(p), text(&p["detail"])]));
            out.push_str(&format!("\n{}\n", table(&rows)));
        }
        if let Some(promises) = self.promises.as_ref().and_then(Value::as_array) {
            let mut rows =
                vec![["promise", "measured", "target", "acceptable", "verdict"].map(String::from).to_vec()];
            rows.extend(promises.iter().map(promise));
            out.push_str(&format!("\n{}\n", table(&rows)));
        }
        out.trim_end().to_owned()
    }
}

/// A row: what was promised, measured, and how that stands.
fn promise(promise: &Value) -> Vec<String> {
    let unit = promise["unit"].as_str().unwrap_or_default();
    let number = |value: &Value| match value.as_f64() {
        Some(value) => format!("{} {unit}", (value * 100.0).round() / 100.0).trim_end().to_owned(),
        None => "-".to_owned(),
    };
    vec![
        promise["name"].as_str().unwrap_or_default().to_owned(),
        number(&promise["value"]),
        number(&promise["target"]),
        number(&promise["acceptable"]),
        promise["verdict"].as_str().unwrap_or_default().replace('_', " "),
    ]
}

/// `3 d 4 h`, the two largest parts.
fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) if minutes == 0 => format!("{seconds} s"),
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_by_its_largest_parts() {
        for (seconds, text) in
            [(5, "5 s"), (61, "1 min"), (3_700, "1 h 1 min"), (90_000, "1 d 1 h"), (86_399, "23 h 59 min")]
        {
            assert_eq!(span(seconds), text);
        }
    }
}
