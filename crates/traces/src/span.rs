//! Spans: begun where something begins, recorded when they are dropped.

use std::borrow::Cow;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;

use crate::context::{Context, current};

/// Attributes of one span: more than anything here sets.
const ATTRIBUTES_MAX: usize = 16;

/// What a span is on its trace's way, as OpenTelemetry names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Work inside.
    Internal,
    /// A request that came.
    Server,
    /// A request that went out.
    Client,
    /// Work that was put into a queue before.
    Consumer,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(Cow<'static, str>),
    /// A whole number.
    Whole(i64),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Whole(number)
    }
}

/// A span that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Where it is.
    pub context: Context,
    /// The span it is part of; 0 for a trace's first.
    pub parent: u64,
    /// What was done.
    pub name: Cow<'static, str>,
    /// On which way.
    pub kind: Kind,
    /// Nanoseconds since 1970.
    pub began_ns: u64,
    /// Nanoseconds since 1970.
    pub ended_ns: u64,
    /// More about it.
    pub attributes: Vec<(&'static str, Value)>,
    /// Why it failed.
    pub failure: Option<Cow<'static, str>>,
}

static RECORDER: OnceLock<mpsc::Sender<Ended>> = OnceLock::new();

/// From now on spans are recorded: at most `queue_len` wait, more are dropped. `None` if somebody was installed before.
#[must_use]
pub fn install(queue_len: usize) -> Option<mpsc::Receiver<Ended>> {
    let (sender, receiver) = mpsc::channel(queue_len.max(1));
    RECORDER.set(sender).ok().map(|()| receiver)
}

/// Whether spans are recorded.
#[must_use]
pub fn is_on() -> bool {
    RECORDER.get().is_some()
}

/// Something that is being done. Nothing where nothing is recorded.
#[derive(Debug)]
#[must_use = "a span ends when it is dropped"]
pub struct Span(Option<Box<Open>>);

#[derive(Debug)]
struct Open {
    span: Ended,
    started: Instant,
}

impl Span {
    /// Nothing.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Work on behalf of whatever this task is at, or the first of a trace of its own.
    pub fn child(kind: Kind, name: impl Into<Cow<'static, str>>) -> Self {
        Self::begin(kind, name, current())
    }

    /// Work on behalf of something elsewhere; without it the first of a trace of its own.
    pub fn begin(kind: Kind, name: impl Into<Cow<'static, str>>, parent: Option<Context>) -> Self {
        if !is_on() {
            return Self(None);
        }
        match parent {
            Some(parent) => Self::open(kind, name.into(), parent.trace, parent.span, parent.sampled),
            None => Self::open(kind, name.into(), u128::from(number()) << 64 | u128::from(number()), 0, true),
        }
    }

    /// The first span here of a trace that has a number already.
    pub fn first(kind: Kind, name: impl Into<Cow<'static, str>>, trace: u128) -> Self {
        if is_on() { Self::open(kind, name.into(), trace, 0, true) } else { Self(None) }
    }

    fn open(kind: Kind, name: Cow<'static, str>, trace: u128, parent: u64, sampled: bool) -> Self {
        if !sampled {
            return Self(None);
        }
        let span = Ended {
            context: Context { trace, span: number(), sampled },
            parent,
            name,
            kind,
            began_ns: wall_ns(),
            ended_ns: 0,
            attributes: Vec::new(),
            failure: None,
        };
        Self(Some(Box::new(Open { span, started: Instant::now() })))
    }

    /// What belongs to it begins here.
    #[must_use]
    pub fn context(&self) -> Option<Context> {
        self.0.as_ref().map(|open| open.span.context)
    }

    /// Another name, now that more is known.
    pub fn rename(&mut self, name: impl FnOnce() -> String) {
        if let Some(open) = &mut self.0 {
            open.span.name = name().into();
        }
    }

    /// One more thing about it; made only where it is recorded.
    pub fn set<V: Into<Value>>(&mut self, name: &'static str, value: impl FnOnce() -> V) {
        if let Some(open) = &mut self.0
            && open.span.attributes.len() < ATTRIBUTES_MAX
        {
            open.span.attributes.push((name, value().into()));
        }
    }

    /// It failed, for this reason.
    pub fn fail(&mut self, why: impl Into<Cow<'static, str>>) {
        if let Some(open) = &mut self.0 {
            open.span.failure = Some(why.into());
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let (Some(open), Some(recorder)) = (self.0.take(), RECORDER.get()) else { return };
        let Open { mut span, started } = *open;
        let took = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        span.ended_ns = span.began_ns.saturating_add(took);
        if recorder.try_send(span).is_err() {
            metrics::counter!("trace_spans_total", "outcome" => "dropped").increment(1);
        }
    }
}

fn wall_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A number that is not 0 and that hardly any other process gives: keyed by what the system gave this one. It is no secret.
fn number() -> u64 {
    static KEYS: OnceLock<RandomState> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let keys = KEYS.get_or_init(RandomState::new);
    keys.hash_one(NEXT.fetch_add(1, Ordering::Relaxed)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test: what is installed is installed for the process.
    #[tokio::test]
    async fn nothing_before_it_is_installed_then_parents_failures_and_a_bound() {
        let mut nothing = Span::child(Kind::Internal, "nothing");
        nothing.set("made", || -> String { panic!("made for nobody") });
        assert_eq!(nothing.context(), None);
        drop(nothing);
        let mut told = install(2).expect("the first");
        assert!(is_on() && install(2).is_none());
        let mut outer = Span::first(Kind::Server, "GET", 7);
        outer.rename(|| "GET /x".to_owned());
        outer.set("http.response.status_code", || 200);
        let inner = crate::within(outer.context(), async { Span::child(Kind::Client, "ask") }).await;
        let (place, below) = (outer.context().expect("it is on"), inner.context().expect("it is on"));
        assert_eq!((place.trace, below.trace), (7, 7));
        drop(inner);
        outer.fail("no");
        drop(outer);
        let unsampled = Context { sampled: false, ..place };
        assert_eq!(Span::begin(Kind::Consumer, "job", Some(unsampled)).context(), None);
        drop(Span::begin(Kind::Internal, "one too many", None));
        let (first, second) = (told.recv().await.expect("two"), told.recv().await.expect("two"));
        assert_eq!((first.name.as_ref(), first.parent, first.kind), ("ask", place.span, Kind::Client));
        assert_eq!(
            (second.name.as_ref(), second.parent, second.failure.as_deref()),
            ("GET /x", 0, Some("no"))
        );
        assert!(second.began_ns <= first.began_ns && first.ended_ns <= second.ended_ns);
        assert!(told.try_recv().is_err(), "dropped");
    }
}
