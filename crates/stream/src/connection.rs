//! One client: what waits for it and which rooms it is in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::backlog::Backlog;
use crate::frame::Frame;
use crate::hub::{Hub, RoomState};
use crate::limits::ROOMS_MAX;
use crate::ring::{Recovery, Since};
use crate::room::{Channel, Owner};

/// Why nobody more can connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// The process holds as many as it may.
    #[error("the server has as many connections as it may have; try again later")]
    Process,
    /// The user has as many as one may have.
    #[error("you have as many connections as one user may have; close one")]
    Owner,
}

/// The connection is in as many rooms as it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a connection follows at most {ROOMS_MAX} rooms")]
pub struct TooManyRooms;

/// Why a connection has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Its client did not keep up.
    TooSlow,
    /// What it lived by has ended, for this reason.
    Ended(&'static str),
}

/// Wakes whoever serves a client. Called under locks: it must not call back.
pub(crate) type Wake = Box<dyn Fn() + Send + Sync>;

/// The end of a connection that rooms hold.
pub(crate) struct Link {
    pub(crate) no: u64,
    pub(crate) owner: Owner,
    /// The login it lives by.
    pub(crate) session: Option<u128>,
    wake: Wake,
    // Held for a push or a take, never across an await.
    backlog: Mutex<Backlog>,
    too_slow: AtomicBool,
    ended: OnceLock<&'static str>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({})", self.no)
    }
}

impl Link {
    pub(crate) fn new(no: u64, owner: Owner, session: Option<u128>, wake: Wake) -> Self {
        Self {
            no,
            owner,
            session,
            wake,
            backlog: Mutex::default(),
            too_slow: AtomicBool::new(false),
            ended: OnceLock::new(),
        }
    }

    fn backlog(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands an event over; true when the client has just become too slow.
    pub(crate) fn push(&self, room: u64, key: Option<i64>, frame: &Arc<Frame>) -> bool {
        if self.too_slow.load(Ordering::Relaxed) {
            return false;
        }
        let mut backlog = self.backlog();
        let idle = backlog.is_empty();
        let overflow = backlog.push(room, key, Arc::clone(frame)).is_err();
        if overflow {
            // It gets nothing more: a client that misses events must not get later ones.
            backlog.clear();
        }
        drop(backlog);
        if overflow {
            self.too_slow.store(true, Ordering::Release);
        }
        if idle || overflow {
            (self.wake)();
        }
        overflow
    }

    pub(crate) fn end(&self, why: &'static str) {
        let _ = self.ended.set(why);
        (self.wake)();
    }

    fn over(&self) -> Option<Over> {
        if let Some(why) = self.ended.get() {
            return Some(Over::Ended(why));
        }
        self.too_slow.load(Ordering::Acquire).then_some(Over::TooSlow)
    }
}

/// A client's own end. Leaves its rooms when dropped.
#[derive(Debug)]
pub struct Connection {
    hub: Arc<Hub>,
    link: Arc<Link>,
    rooms: BTreeMap<Channel, Arc<RoomState>>,
}

impl Connection {
    pub(crate) const fn new(hub: Arc<Hub>, link: Arc<Link>) -> Self {
        Self { hub, link, rooms: BTreeMap::new() }
    }

    /// Its name for people and logs.
    #[must_use]
    pub fn name(&self) -> String {
        format!("c{}", self.link.no)
    }

    /// This run of the process.
    #[must_use]
    pub fn epoch(&self) -> &str {
        self.hub.epoch()
    }

    /// Whose it is: the owner of the private rooms it can enter.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.link.owner
    }

    /// Enters a room; events after [`Recovery::offset`] wait for [`Connection::take`]. A room entered again is begun anew: what
    /// waited of it is dropped.
    ///
    /// # Errors
    /// In too many rooms already.
    pub fn subscribe(&mut self, channel: Channel, since: Option<&Since>) -> Result<Recovery, TooManyRooms> {
        if self.rooms.contains_key(&channel) {
            self.unsubscribe(&channel);
        } else if self.rooms.len() >= ROOMS_MAX {
            return Err(TooManyRooms);
        }
        let (room, recovery) = self.hub.enter(channel, &self.link, since);
        self.rooms.insert(channel, room);
        Ok(recovery)
    }

    /// Leaves a room; nothing of it comes any more. False if it was not in it.
    pub fn unsubscribe(&mut self, channel: &Channel) -> bool {
        let Some(room) = self.rooms.remove(channel) else { return false };
        room.leave(self.link.no);
        self.link.backlog().leave(room.no());
        true
    }

    /// Events for one message, oldest first; none when nothing waits. Call again while [`Self::waits`]: one wake-up may stand for many.
    #[must_use]
    pub fn take(&self) -> Vec<Arc<Frame>> {
        self.link.backlog().take()
    }

    /// Whether something waits. Who takes until nothing does is woken for what comes after.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.link.backlog().is_empty()
    }

    /// Whether the client has to go.
    #[must_use]
    pub fn over(&self) -> Option<Over> {
        self.link.over()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for room in self.rooms.values() {
            room.leave(self.link.no);
        }
        self.hub.disconnected(&self.link);
    }
}
