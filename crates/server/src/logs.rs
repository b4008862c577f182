//! Logs: from every crate through `tracing`, to standard error or a file, and the last lines into memory for administrators.
//!
//! The level and the file can be changed while the program runs. A log that cannot be written never ends the program.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use api::logs::{LogLevel, LogLine, LogRing};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};
use types::Time;

use crate::config;
use crate::failure::{Exit, Failure};

/// The running log.
pub(crate) struct Logs {
    /// The last lines.
    pub(crate) ring: Arc<LogRing>,
    filter: reload::Handle<EnvFilter, Registry>,
    sink: Arc<Sink>,
}

/// Starts logging. A second call in one process changes nothing but the file.
///
/// # Errors
/// When the file cannot be opened.
pub(crate) fn start(settings: &config::Log) -> Result<Logs, Failure> {
    let ring = Arc::<LogRing>::default();
    let sink = Arc::new(Sink { ring: Arc::clone(&ring), ..Sink::default() });
    sink.open(settings.file.as_deref())?;
    // The filter was checked when the configuration was read.
    let (filter, handle) = reload::Layer::new(EnvFilter::new(&settings.filter));
    let written = written(settings, Arc::clone(&sink));
    let layers = tracing_subscriber::registry().with(filter).with(written).with(ToRing(Arc::clone(&ring)));
    if let Err(error) = layers.try_init() {
        crate::terminal::note(format!("logging could not be started: {error}"));
    }
    Ok(Logs { ring, filter: handle, sink })
}

impl Logs {
    /// Takes over a changed level and file; opens the file anew in any case.
    ///
    /// # Errors
    /// When the file cannot be opened; the log goes on as before then.
    pub(crate) fn change(&self, settings: &config::Log) -> Result<(), Failure> {
        self.sink.open(settings.file.as_deref())?;
        let changed = self.filter.reload(EnvFilter::new(&settings.filter));
        changed
            .map_err(|error| Failure::new(Exit::Failed, "the log's level cannot be changed").because(error))
    }
}

/// Lines of text or JSON, for people and for programs that collect them.
fn written<S>(settings: &config::Log, sink: Arc<Sink>) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let to_terminal = settings.file.is_none() && io::stderr().is_terminal();
    let colour = to_terminal && std::env::var_os("NO_COLOR").is_none();
    // What is written to may be a file on the full disk that the log is about: telling of that there would be a panic.
    let layer = tracing_subscriber::fmt::layer().with_writer(sink).log_internal_errors(false);
    if settings.json { layer.json().boxed() } else { layer.with_ansi(colour).boxed() }
}

/// Where lines go: a file, else standard error. A file that cannot be written (its disk is full) loses no line: each goes to standard
/// error until the file takes them again; the beginning and the end of that are told in both places.
#[derive(Debug, Default)]
struct Sink {
    /// Locked for one line, and for a moment when the file is opened anew.
    file: RwLock<Option<File>>,
    /// The last line could not be written to the file.
    failing: AtomicBool,
    ring: Arc<LogRing>,
}

impl Sink {
    fn open(&self, path: Option<&Path>) -> Result<(), Failure> {
        let opened = path.map(|path| {
            let file = OpenOptions::new().create(true).append(true).mode(0o640).open(path);
            file.map_err(|error| {
                Failure::new(Exit::Config, format!("cannot open the log file {}", path.display()))
                    .because(error)
                    .advise("make its folder, or choose another file with log.file")
            })
        });
        *self.file.write().unwrap_or_else(PoisonError::into_inner) = opened.transpose()?;
        Ok(())
    }

    /// Tells administrators and standard error, whose failures nobody can be told of.
    fn tell(&self, level: LogLevel, message: &str) {
        let _ = writeln!(io::stderr(), "tradewind: {message}");
        self.ring.push(LogLine {
            seq: 0,
            at: now(),
            level,
            target: module_path!().to_owned(),
            message: message.to_owned(),
            fields: Vec::new(),
        });
    }
}

impl Write for &Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let file = self.file.read().unwrap_or_else(PoisonError::into_inner);
        let Some(mut file) = file.as_ref() else { return io::stderr().write(line) };
        match file.write(line) {
            Ok(written) => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    self.tell(LogLevel::Info, "the log file can be written again");
                }
                Ok(written)
            }
            Err(error) => {
                if !self.failing.swap(true, Ordering::Relaxed) {
                    let message =
                        format!("the log file cannot be written: {error}; its lines are on standard error");
                    self.tell(LogLevel::Error, &message);
                }
                io::stderr().write(line)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// Puts what is logged into memory, too.
struct ToRing(Arc<LogRing>);

impl<S: Subscriber> Layer<S> for ToRing {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.0.push(LogLine {
            seq: 0,
            at: now(),
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
