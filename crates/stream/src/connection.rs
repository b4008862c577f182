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

/// Whoever serves a client. Called under locks: it must not call back.
pub trait Serves: Send + Sync {
    /// There is something to take, or the client has to go.
    fn wake(&self);

    /// Sends one message of these events at once, if that takes no waiting; false: nothing happened. Asked only while the server is
    /// [at rest](Connection::rest).
    fn send_now(&self, frames: &[Arc<Frame>]) -> bool;
}

/// Can only be woken.
struct Woken<F>(F);

impl<F: Fn() + Send + Sync> Serves for Woken<F> {
    fn wake(&self) {
        (self.0)();
    }

    fn send_now(&self, _: &[Arc<Frame>]) -> bool {
        false
    }
}

/// Who is woken by `wake`, and takes what there is.
pub(crate) fn woken(wake: impl Fn() + Send + Sync + 'static) -> Arc<dyn Serves> {
    Arc::new(Woken(wake))
}

/// What waits for a client, and whether its server waits for it.
#[derive(Debug, Default)]
struct Desk {
    backlog: Backlog,
    /// The server has nothing in hand: what comes may be sent past it.
    rests: bool,
}

/// How an event was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It is sent, or waits and somebody sees to it.
    Done,
    /// It waits, and whoever pushed it sees to its delivery.
    Yours,
    /// The client has just become too slow.
    Slow,
}

/// The end of a connection that rooms hold.
pub(crate) struct Link {
    pub(crate) no: u64,
    pub(crate) owner: Owner,
    /// The login it lives by.
    pub(crate) session: Option<u128>,
    server: Arc<dyn Serves>,
    // Held for a push, a take or one message sent at once, never across an await.
    desk: Mutex<Desk>,
    too_slow: AtomicBool,
    ended: OnceLock<&'static str>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({})", self.no)
    }
}

impl Link {
    pub(crate) fn new(no: u64, owner: Owner, session: Option<u128>, server: Arc<dyn Serves>) -> Self {
        Self {
            no,
            owner,
            session,
            server,
            desk: Mutex::default(),
            too_slow: AtomicBool::new(false),
            ended: OnceLock::new(),
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands an event over: sends it, or leaves it to the server, or `later` to a call of [`Link::deliver`].
    pub(crate) fn push(&self, room: u64, key: Option<i64>, frame: &Arc<Frame>, later: bool) -> Pushed {
        if self.too_slow.load(Ordering::Relaxed) {
            return Pushed::Done;
        }
        let mut desk = self.desk();
        let idle = desk.backlog.is_empty();
        if idle && !later && self.sends(&desk, std::slice::from_ref(frame)) {
            return Pushed::Done;
        }
        let overflow = desk.backlog.push(room, key, Arc::clone(frame)).is_err();
        if overflow {
            // It gets nothing more: a client that misses events must not get later ones.
            desk.backlog.clear();
        }
        let rests = desk.rests;
        drop(desk);
        if overflow {
            self.too_slow.store(true, Ordering::Release);
            self.server.wake();
            return Pushed::Slow;
        }
        match (idle, later && rests) {
            (true, true) => Pushed::Yours,
            (true, false) => {
                self.server.wake();
                Pushed::Done
            }
            // Who pushed the first one sees to all.
            (false, _) => Pushed::Done,
        }
    }

    /// Sends what waits, or wakes the server for it.
    pub(crate) fn deliver(&self) {
        let mut desk = self.desk();
        while !desk.backlog.is_empty() {
            let next = desk.backlog.next();
            if !self.sends(&desk, &next) {
                drop(desk);
                return self.server.wake();
            }
            desk.backlog.taken(next.len());
        }
    }

    /// Under the lock: the server cannot begin something of its own meanwhile.
    fn sends(&self, desk: &Desk, frames: &[Arc<Frame>]) -> bool {
        desk.rests && self.ended.get().is_none() && self.server.send_now(frames)
    }

    pub(crate) fn end(&self, why: &'static str) {
        let _ = self.ended.set(why);
        self.server.wake();
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
        self.link.desk().backlog.leave(room.no());
        true
    }

    /// Events for one message, oldest first; none when nothing waits. Call again while [`Self::waits`]: one wake-up may stand for many.
    #[must_use]
    pub fn take(&self) -> Vec<Arc<Frame>> {
        self.link.desk().backlog.take()
    }

    /// Whether something waits. Who takes until nothing does is woken for what comes after.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.link.desk().backlog.is_empty()
    }

    /// The server waits and has nothing in hand: until [`Connection::rise`], events may be [sent at once](Serves::send_now).
    pub fn rest(&self) {
        self.link.desk().rests = true;
    }

    /// The server has something to do. What comes from now on waits for [`Connection::take`]; nothing is being sent past it any more.
    pub fn rise(&self) {
        self.link.desk().rests = false;
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
