//! The way to a running host: submit commands, read views, follow batches. Clone freely.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::{broadcast, oneshot};
use types::{Command, Event, Time};

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
}

pub(crate) struct Shared {
    pub(crate) view: View,
    pub(crate) keys: Keys,
    pub(crate) batches: broadcast::Sender<Arc<Batch>>,
}

/// A running host as its users see it.
#[derive(Clone)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
}

impl Handle {
    /// Hands a command in. Resolves when it is durable and visible, or refused. A command whose turn comes after `deadline`
    /// is [`SubmitError::Late`]. Dropping the future does not take the command back.
    pub fn submit(&self, command: Command, deadline: Option<Time>) -> Pending {
        let (reply, receiver) = oneshot::channel();
        let _ = (command, deadline, reply.send(Err(SubmitError::Stopped)));
        Pending { receiver }
    }

    /// Everything that can be read.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.shared.view
    }

    /// The API keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.shared.keys
    }

    /// The host's time: the wall clock, never earlier than the last command.
    #[must_use]
    pub fn now(&self) -> Time {
        Time::default()
    }

    /// All batches from now on. A receiver that lags by more than [`crate::limits::BATCHES_MAX`] is told how many it lost.
    #[must_use]
    pub fn batches(&self) -> broadcast::Receiver<Arc<Batch>> {
        self.shared.batches.subscribe()
    }

    /// Whether the host works, and how far it is.
    #[must_use]
    pub fn status(&self) -> Status {
        Status { ready: false, stopped: None, seq: 0, snapshot_seq: 0 }
    }
}

/// A command that was handed in: a future of its receipt.
#[derive(Debug)]
pub struct Pending {
    receiver: oneshot::Receiver<Result<Receipt, SubmitError>>,
}

impl Future for Pending {
    type Output = Result<Receipt, SubmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.receiver).poll(cx).map(|answer| answer.unwrap_or(Err(SubmitError::Stopped)))
    }
}
