//! The way to a running host: submit commands, read views, follow batches. Clone freely.

use std::pin::Pin;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use tokio::sync::{broadcast, oneshot};
use types::{Command, Event, Time};

use crate::admin::Extension;
use crate::clock::Clock;
use crate::commit::Urgency;
use crate::health::Health;
use crate::speed::Speed;
use crate::writer::Request;
use crate::{Batch, Keys, SubmitError, View};

/// A command's effect, durable and visible in the views.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// When it was taken in.
    pub at: Time,
    /// Its number in the log.
    pub seq: u64,
    /// What happened, in order.
    pub events: Arc<[Event]>,
}

/// Whether the host works, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// False once nothing is accepted any more.
    pub ready: bool,
    /// Why it stopped, for the operator.
    pub stopped: Option<String>,
    /// The last durable command.
    pub seq: u64,
    /// The last snapshot.
    pub snapshot_seq: u64,
    /// True while the disk is almost full and only cancels and the like are accepted.
    pub low_on_disk: bool,
}

/// A running host as its users see it.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) requests: SyncSender<Request>,
    pub(crate) view: Arc<View>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) health: Arc<Health>,
    pub(crate) batches: broadcast::Sender<Arc<Batch>>,
    /// The simulated market's, if there is one.
    pub(crate) speed: Option<Arc<Speed>>,
    /// Held while an account is opened, so that ids and names are picked by one at a time. Blocking callers only.
    pub(crate) account_changes: Arc<Mutex<()>>,
    /// What else the control socket answers.
    pub(crate) extension: Arc<OnceLock<Box<dyn Extension>>>,
}

impl Handle {
    /// Hands a command in. Resolves when it is durable and visible, or refused. A command whose turn comes after `deadline`
    /// is [`SubmitError::Late`]. Dropping the future does not take the command back.
    pub fn submit(&self, command: Command, deadline: Option<Time>) -> Pending {
        self.request(command, deadline, Urgency::Waiting)
    }

    /// Hands in a command for which nobody waits: it rides with the next commit, alone after
    /// [`crate::limits::RELAXED_MAX`] at the latest.
    pub fn submit_relaxed(&self, command: Command) -> Pending {
        self.request(command, None, Urgency::Relaxed)
    }

    /// Takes a snapshot of the state after everything submitted before; resolves to its last command when it is on disk.
    /// The error is for the operator.
    pub async fn snapshot(&self) -> Result<u64, String> {
        let (reply, receiver) = oneshot::channel();
        let sent = self.requests.try_send(Request::Snapshot { reply });
        sent.map_err(|error| match error {
            TrySendError::Full(_) => SubmitError::Busy.to_string(),
            TrySendError::Disconnected(_) => SubmitError::Stopped.to_string(),
        })?;
        receiver.await.unwrap_or_else(|_| Err(SubmitError::Stopped.to_string()))
    }

    /// Everything that can be read.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The API keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The host's time: the wall clock, never earlier than the last command.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// All batches from now on. A receiver that lags by more than [`crate::limits::BATCHES_MAX`] is told how many it lost.
    #[must_use]
    pub fn batches(&self) -> broadcast::Receiver<Arc<Batch>> {
        self.batches.subscribe()
    }

    /// Lets the control socket answer requests that are not the exchange's. Once; a second one is ignored.
    pub fn extend(&self, extension: Box<dyn Extension>) {
        // A second one is a mistake of the program's; the first stays.
        let _ = self.extension.set(extension);
    }

    /// How fast the simulated market lives, in percent of normal; `None` without one.
    #[must_use]
    pub fn speed(&self) -> Option<u32> {
        self.speed.as_ref().map(|speed| speed.percent())
    }

    /// Changes that, up to [`crate::SPEED_PERCENT_MAX`]; `None` when there are no simulated participants.
    #[must_use]
    pub fn set_speed(&self, percent: u32) -> Option<()> {
        self.speed.as_ref().map(|speed| speed.set(percent))
    }

    /// Whether the host works, and how far it is.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            ready: !self.health.is_stopped(),
            stopped: self.health.reason(),
            seq: self.health.committed_seq(),
            snapshot_seq: self.health.snapshot_seq(),
            low_on_disk: self.health.is_low_on_disk(),
        }
    }

    fn request(&self, command: Command, deadline: Option<Time>, urgency: Urgency) -> Pending {
        let (reply, receiver) = oneshot::channel();
        if self.health.is_stopped() {
            // The receiver finds its sender gone.
            return Pending { receiver, refused: Some(SubmitError::Stopped) };
        }
        let refused = match self.requests.try_send(Request::Command { command, deadline, urgency, reply }) {
            Ok(()) => None,
            Err(TrySendError::Full(_)) => Some(SubmitError::Busy),
            Err(TrySendError::Disconnected(_)) => Some(SubmitError::Stopped),
        };
        Pending { receiver, refused }
    }
}

/// A command that was handed in: a future of its receipt.
#[derive(Debug)]
#[must_use = "the answer tells whether the command took effect"]
pub struct Pending {
    receiver: oneshot::Receiver<Result<Receipt, SubmitError>>,
    /// It was not even handed in.
    pub(crate) refused: Option<SubmitError>,
}

impl Pending {
    /// Blocks this thread until the answer is there. Not for async tasks.
    pub fn wait(self) -> Result<Receipt, SubmitError> {
        block_on(self)
    }
}

impl Future for Pending {
    type Output = Result<Receipt, SubmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(refused) = &self.refused {
            return Poll::Ready(Err(refused.clone()));
        }
        Pin::new(&mut self.receiver).poll(cx).map(|answer| answer.unwrap_or(Err(SubmitError::Stopped)))
    }
}

/// Wakes a parked thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on this thread, without a runtime.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::park();
    }
}
