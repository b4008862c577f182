//! What clients of this process ask of the relay.

use serde_json::value::RawValue;
use stream::Room;
use tokio::sync::oneshot;

/// The way back to who asked.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, String>>;

/// A question about another instance's room.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Whether it can be entered.
    Reach { room: Room, reply: Answer<()> },
    /// Its state.
    State { room: Room, reply: Answer<Box<RawValue>> },
}

impl Ask {
    /// Nobody can be asked.
    pub(crate) fn refuse(self, why: &str) {
        match self {
            Self::Reach { reply, .. } => {
                let _ = reply.send(Err(why.to_owned()));
            }
            Self::State { reply, .. } => {
                let _ = reply.send(Err(why.to_owned()));
            }
        }
    }
}
