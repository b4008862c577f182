//! Requests with answers. The receiver decides where they wait; here is only the way there and back.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;
use traces::{Kind, Span};
use types::AccountId;

/// A command with who sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<C> {
    /// The account it is about, where the command does not say.
    pub account: Option<AccountId>,
    /// Who asks; `None` for the operator at the machine.
    pub user: Option<u64>,
    /// The same key again means the same command: it takes effect once.
    pub idempotency_key: Option<String>,
    /// What.
    pub command: C,
}

impl<C> Envelope<C> {
    /// The operator's command, without a key.
    pub const fn of_operator(command: C) -> Self {
        Self { account: None, user: None, idempotency_key: None, command }
    }
}

/// A command that took effect, durably.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted<R> {
    /// Its number in the journal; 0 for a question.
    pub seq: u64,
    /// What came of it.
    pub outcome: R,
}

/// An expected no: a stable word for programs and a sentence for people. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `unknown_bot`, `bad_param`, ...
    pub code: &'static str,
    /// What, why, what to do.
    pub message: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaneError {
    /// Refused; nothing changed.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// Too many requests wait; nothing changed. Try again.
    #[error("too many requests are waiting")]
    Busy,
    /// The driver has stopped. A command that was handed in may or may not have taken effect: send it again with its key after
    /// the restart.
    #[error("the driver has stopped")]
    Stopped,
}

/// The way back to who asked. It holds the request's part of a trace, which ends with the answer.
#[derive(Debug)]
pub struct Reply<R>(oneshot::Sender<Result<Accepted<R>, LaneError>>, Span);

impl<R> Reply<R> {
    /// Answers. Nobody may be waiting any more, which is their concern.
    pub fn send(mut self, answer: Result<Accepted<R>, LaneError>) {
        if let Err(why) = &answer {
            self.1.fail(why.to_string());
        }
        let _ = self.0.send(answer);
    }
}

/// A request on its way.
#[derive(Debug)]
pub struct Request<C, R> {
    /// What is asked.
    pub envelope: Envelope<C>,
    /// The way back.
    pub reply: Reply<R>,
}

type Post<C, R> = dyn Fn(Request<C, R>) -> Result<(), LaneError> + Send + Sync;

/// The way to a receiver of requests. Clone freely.
pub struct Lane<C, R> {
    post: Arc<Post<C, R>>,
}

impl<C, R> Clone for Lane<C, R> {
    fn clone(&self) -> Self {
        Self { post: Arc::clone(&self.post) }
    }
}

impl<C, R> std::fmt::Debug for Lane<C, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lane")
    }
}

impl<C, R> Lane<C, R> {
    /// A lane to whoever takes what is posted. `post` does not wait: it says [`LaneError::Busy`].
    pub fn new(post: impl Fn(Request<C, R>) -> Result<(), LaneError> + Send + Sync + 'static) -> Self {
        Self { post: Arc::new(post) }
    }

    /// Hands a request in; the answer comes later.
    pub fn submit(&self, envelope: Envelope<C>) -> Pending<R> {
        let (reply, receiver) = oneshot::channel();
        // What nobody asked for is no trace of its own: the service looks at itself every few seconds.
        let span =
            traces::current().map_or(Span::none(), |at| Span::begin(Kind::Internal, words::<C>(), Some(at)));
        let refused = (self.post)(Request { envelope, reply: Reply(reply, span) }).err();
        Pending { receiver, refused }
    }
}

/// What is asked, as a span's name: the type's own, like `BotCommand`.
fn words<C>() -> &'static str {
    let name = std::any::type_name::<C>();
    name.rsplit("::").next().unwrap_or(name)
}

/// An answer to come.
#[derive(Debug)]
#[must_use = "the answer tells whether the command took effect"]
pub struct Pending<R> {
    receiver: oneshot::Receiver<Result<Accepted<R>, LaneError>>,
    refused: Option<LaneError>,
}

impl<R> Pending<R> {
    /// Blocks this thread until the answer is there. Not for async tasks.
    ///
    /// # Errors
    /// See [`LaneError`].
    pub fn wait(self) -> Result<Accepted<R>, LaneError> {
        match self.refused {
            Some(error) => Err(error),
            None => self.receiver.blocking_recv().unwrap_or(Err(LaneError::Stopped)),
        }
    }
}

impl<R> Future for Pending<R> {
    type Output = Result<Accepted<R>, LaneError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(error) = &self.refused {
            return Poll::Ready(Err(error.clone()));
        }
        Pin::new(&mut self.receiver).poll(cx).map(|answer| answer.unwrap_or(Err(LaneError::Stopped)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn a_request_is_answered_refused_when_full_and_told_of_the_end() {
        let (sender, receiver) = sync_channel::<Request<u32, u32>>(1);
        let lane = Lane::new(move |request| sender.try_send(request).map_err(|_| LaneError::Busy));
        let first = lane.submit(Envelope::of_operator(20));
        assert_eq!(lane.submit(Envelope::of_operator(21)).wait(), Err(LaneError::Busy));
        let request = receiver.recv().unwrap();
        request.reply.send(Ok(Accepted { seq: 7, outcome: request.envelope.command + 1 }));
        assert_eq!(first.wait(), Ok(Accepted { seq: 7, outcome: 21 }));
        let second = lane.submit(Envelope::of_operator(1));
        drop(receiver);
        assert_eq!(second.wait(), Err(LaneError::Stopped));
    }

    /// One test: what records spans is installed for the process.
    #[tokio::test]
    async fn a_request_is_a_part_of_its_senders_trace_until_it_is_answered() {
        let (sender, receiver) = sync_channel::<Request<u32, u32>>(4);
        let lane = Lane::new(move |request| sender.try_send(request).map_err(|_| LaneError::Busy));
        let mut ended = traces::install(4).unwrap();
        let place = traces::Context { trace: 7, span: 9, sampled: true };
        let (asked,) = traces::within(Some(place), async { (lane.submit(Envelope::of_operator(1)),) }).await;
        // Another thread answers, which is in no trace.
        let request = receiver.recv().unwrap();
        assert!(ended.try_recv().is_err(), "it is not answered yet");
        std::thread::spawn(move || request.reply.send(Ok(Accepted { seq: 1, outcome: 2 }))).join().unwrap();
        assert_eq!(asked.await.unwrap().outcome, 2);
        let told = ended.try_recv().unwrap();
        assert_eq!((told.context.trace, told.parent, told.name.as_ref()), (7, 9, "u32"));
        assert_eq!(told.failure, None);
        // A refused one says why; nobody's is none.
        let (asked,) = traces::within(Some(place), async { (lane.submit(Envelope::of_operator(2)),) }).await;
        drop(lane.submit(Envelope::of_operator(3)));
        let stopped = receiver.recv().unwrap();
        stopped.reply.send(Err(LaneError::Stopped));
        assert_eq!(asked.await, Err(LaneError::Stopped));
        let told = ended.try_recv().unwrap();
        assert_eq!((told.parent, told.failure.as_deref()), (9, Some("the driver has stopped")));
        drop(receiver);
        assert!(ended.try_recv().is_err());
    }
}
