//! Logs: from every crate through `tracing`, to standard error, and the last lines into memory for administrators.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use api::logs::{LogLevel, LogLine, LogRing};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};
use types::Time;

use crate::config;

/// Starts logging; gives the last lines. A second call in one process changes nothing.
pub(crate) fn start(settings: &config::Log) -> Arc<LogRing> {
    let ring = Arc::<LogRing>::default();
    // The filter was checked when the configuration was read.
    let filter = EnvFilter::new(&settings.filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Standard error may be a file on the full disk that the log is about: telling of that there would be a panic.
        .log_internal_errors(false);
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let layer = ToRing(Arc::clone(&ring));
    let started = if settings.json {
        builder.json().finish().with(layer).try_init()
    } else {
        builder.with_ansi(colour).finish().with(layer).try_init()
    };
    if let Err(error) = started {
        crate::terminal::note(format!("logging could not be started: {error}"));
    }
    ring
}

/// Puts what is logged into memory, too.
struct ToRing(Arc<LogRing>);

impl<S: Subscriber> Layer<S> for ToRing {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut fields = Fields::default();
        event.record(&mut fields);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.0.push(LogLine {
            seq: 0,
            at: Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)),
            level: level(*metadata.level()),
            target: metadata.target().to_owned(),
            message: fields.message,
            fields: fields.others,
        });
    }
}

fn level(level: Level) -> LogLevel {
    match level {
        Level::TRACE => LogLevel::Trace,
        Level::DEBUG => LogLevel::Debug,
        Level::INFO => LogLevel::Info,
        Level::WARN => LogLevel::Warn,
        Level::ERROR => LogLevel::Error,
    }
}

/// The message and the particulars of an event.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(String, String)>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.others.push((field.name().to_owned(), value.to_owned()));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
