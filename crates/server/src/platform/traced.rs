//! Sends spans to the configured collector, some hundred at a time. Nobody waits for it: what it does not take is counted and gone.

use std::time::{Duration, Instant};

use breaker::{Breaker, State};
use http::Stop;
use notify::Outlet;
use tokio::sync::mpsc::Receiver;
use traces::otlp::{self, MEDIA_TYPE};
use traces::{Ended, Value};

use crate::config::Config;
use crate::failure::{Exit, Failure};

/// Spans that may wait: a second of a busy server.
const QUEUE_LEN: usize = 8_192;
/// Spans in one request.
const BATCH_MAX: usize = 512;
/// How long a span waits for others.
const GATHER: Duration = Duration::from_secs(1);

/// Begins where a collector is configured; ends with `stop`, after what is recorded by then.
pub(super) fn start(config: &Config, stop: Stop) -> Result<(), Failure> {
    let Some(address) = &config.otlp else { return Ok(()) };
    let outlet = Outlet::new(&format!("{address}/v1/traces")).map_err(|error| {
        Failure::new(Exit::Config, "traces cannot be collected").because(error).advise("see telemetry.otlp")
    })?;
    if let Some(ended) = traces::install(QUEUE_LEN) {
        let (begun, breaker, resource) = (Instant::now(), Breaker::default(), resource(config));
        tokio::spawn(Collector { outlet, begun, breaker, resource }.run(ended, stop));
    }
    Ok(())
}

/// Whose spans these are, by OpenTelemetry's names.
fn resource(config: &Config) -> Vec<(&'static str, Value)> {
    let mut resource = vec![
        ("service.name", Value::from("tradewind")),
        ("service.version", Value::from(env!("CARGO_PKG_VERSION"))),
        ("process.pid", Value::from(i64::from(std::process::id()))),
    ];
    if let Some(name) = config.stream_instance {
        resource.push(("service.instance.id", Value::from(name.to_string())));
    }
    resource
}

struct Collector {
    outlet: Outlet,
    begun: Instant,
    breaker: Breaker,
    resource: Vec<(&'static str, Value)>,
}

impl Collector {
    async fn run(mut self, mut ended: Receiver<Ended>, mut stop: Stop) {
        loop {
            let mut batch = Vec::with_capacity(BATCH_MAX);
            let gathered = async {
                if ended.recv_many(&mut batch, 1).await == 0 {
                    return;
                }
                let enough = async {
                    while batch.len() < BATCH_MAX {
                        let room = BATCH_MAX - batch.len();
                        if ended.recv_many(&mut batch, room).await == 0 {
                            return;
                        }
                    }
                };
                let _ = tokio::time::timeout(GATHER, enough).await;
            };
            let stopped = tokio::select! {
                () = gathered => false,
                () = stop.wait() => true,
            };
            if stopped {
                while batch.len() < QUEUE_LEN
                    && let Ok(one) = ended.try_recv()
                {
                    batch.push(one);
                }
            }
            self.send(&batch).await;
            if stopped {
                return;
            }
        }
    }

    async fn send(&mut self, batch: &[Ended]) {
        if batch.is_empty() {
            return;
        }
        let now = || i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        let before = self.breaker.state();
        let sent = if self.breaker.admits(now()) {
            let body = otlp::body(&self.resource, env!("CARGO_PKG_VERSION"), batch);
            let sent = self.outlet.post(MEDIA_TYPE, &body).await;
            self.breaker.tell(sent.is_err(), now());
            sent.map_err(|why| why.to_string())
        } else {
            Err("it failed too often; it is tried again after a minute".to_owned())
        };
        let state = self.breaker.state();
        metrics::gauge!("circuit_breaker_state", "of" => "otlp").set(f64::from(state.number()));
        let outcome = if sent.is_ok() { "sent" } else { "failed" };
        metrics::counter!("trace_spans_total", "outcome" => outcome).increment(batch.len() as u64);
        match &sent {
            Err(why) if before != State::Open && state == State::Open => {
                tracing::warn!(why, "the collector takes no traces; the service goes on without them");
            }
            Ok(()) if before != State::Closed => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}
