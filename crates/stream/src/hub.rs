//! All rooms and all connections of a process.
//!
//! A room exists while somebody listens and for [`ROOM_IDLE_MAX_MS`] afterwards; what happens in a room that does not exist is
//! told nobody and remembered by nobody. A room that is made again has another epoch. Cost of an event: one writing-out, then one
//! push per listener.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::value::to_raw_value;

use crate::connection::{Connection, Full, Link, Pushed, Serves, woken};
use crate::frame::Frame;
use crate::limits::{CONNECTIONS_MAX, CONNECTIONS_PER_OWNER_MAX, ROOM_IDLE_MAX_MS};
use crate::ring::{Recovery, Ring, Since};
use crate::room::{Channel, Owner};

mod mirror;

pub use mirror::Mirrored;

/// No user has this number.
const NOBODY: Owner = Owner(0);

/// One room.
#[derive(Debug)]
pub(crate) struct RoomState {
    no: u64,
    name: String,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    ring: Ring,
    links: Vec<Arc<Link>>,
    /// When it was first seen without anybody.
    idle_since_ms: Option<i64>,
    /// Forgotten: enter the one that takes its place.
    gone: bool,
    /// Its events come from another process, which numbers them; nothing of this one is told in it.
    mirrored: bool,
}

impl RoomState {
    pub(crate) const fn no(&self) -> u64 {
        self.no
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn leave(&self, link: u64) {
        self.inner().links.retain(|l| l.no != link);
    }
}

#[derive(Debug, Default)]
struct Sockets {
    links: BTreeMap<u64, Arc<Link>>,
    by_owner: BTreeMap<Owner, usize>,
}

/// Numbers about a hub. The totals only rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections now.
    pub connections: usize,
    /// Rooms now.
    pub rooms: usize,
    /// Events published.
    pub events_total: u64,
    /// Events handed to connections.
    pub deliveries_total: u64,
    /// Connections that did not keep up.
    pub slow_total: u64,
    /// Connections refused because of a limit.
    pub refused_total: u64,
}

#[derive(Debug, Default)]
struct Totals {
    events: AtomicU64,
    deliveries: AtomicU64,
    slow: AtomicU64,
    refused: AtomicU64,
}

/// Listeners of a room that are told where the event is told; more than those are told by [errands](Errand).
const AT_ONCE_MAX: usize = 16;
/// Listeners of one errand.
const ERRAND_LEN: usize = 64;

/// Deliveries to some of a room's listeners, beside those to others.
#[derive(Debug)]
pub struct Errand(Vec<Arc<Link>>);

impl Errand {
    /// Carries them out: one system call for each.
    pub fn run(self) {
        self.0.iter().for_each(|link| link.deliver());
    }
}

/// Has errands carried out by others. Called under a room's lock.
type Couriers = Box<dyn Fn(Errand) + Send + Sync>;

/// All rooms and connections.
pub struct Hub {
    epoch: Arc<str>,
    /// Without, everybody's own server is woken.
    couriers: Option<Couriers>,
    numbers: AtomicU64,
    // Held for a look-up or a change, never across an await.
    rooms: Mutex<HashMap<Channel, Arc<RoomState>>>,
    sockets: Mutex<Sockets>,
    totals: Totals,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hub({})", self.epoch)
    }
}

impl Hub {
    /// `epoch` names this run of the process and must differ from every other run's.
    #[must_use]
    pub fn new(epoch: &str) -> Arc<Self> {
        Self::with(epoch, None)
    }

    /// The same; `couriers` has errands carried out beside each other; it is called under a room's lock.
    #[must_use]
    pub fn with_couriers(epoch: &str, couriers: impl Fn(Errand) + Send + Sync + 'static) -> Arc<Self> {
        Self::with(epoch, Some(Box::new(couriers)))
    }

    fn with(epoch: &str, couriers: Option<Couriers>) -> Arc<Self> {
        Arc::new(Self {
            epoch: epoch.into(),
            couriers,
            numbers: AtomicU64::new(1),
            rooms: Mutex::default(),
            sockets: Mutex::default(),
            totals: Totals::default(),
        })
    }

    /// This run of the process.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<Channel, Arc<RoomState>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sockets(&self) -> MutexGuard<'_, Sockets> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// A connection of `owner` that lives by a login. `wake` is called when there is something to take.
    ///
    /// # Errors
    /// When a limit is reached.
    pub fn connect(
        self: &Arc<Self>,
        owner: Owner,
        session: Option<u128>,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<Connection, Full> {
        self.connect_served(owner, session, woken(wake))
    }

    /// The same for one whose server may send at once.
    ///
    /// # Errors
    /// When a limit is reached.
    pub fn connect_served(
        self: &Arc<Self>,
        owner: Owner,
        session: Option<u128>,
        server: Arc<dyn Serves>,
    ) -> Result<Connection, Full> {
        let link = self.admit(owner, session, server).inspect_err(|_| {
            self.totals.refused.fetch_add(1, Ordering::Relaxed);
        })?;
        Ok(Connection::new(Arc::clone(self), link))
    }

    fn admit(&self, owner: Owner, session: Option<u128>, server: Arc<dyn Serves>) -> Result<Arc<Link>, Full> {
        let mut sockets = self.sockets();
        if sockets.links.len() >= CONNECTIONS_MAX {
            return Err(Full::Process);
        }
        let own = sockets.by_owner.entry(owner).or_insert(0);
        if *own >= CONNECTIONS_PER_OWNER_MAX {
            return Err(Full::Owner);
        }
        *own += 1;
        let link = Arc::new(Link::new(self.number(), owner, session, server));
        sockets.links.insert(link.no, Arc::clone(&link));
        Ok(link)
    }

    /// A connection for what carries events on, which is nobody's client: no limit counts it, and it has no private rooms.
    #[must_use]
    pub fn tap(self: &Arc<Self>, wake: impl Fn() + Send + Sync + 'static) -> Connection {
        let link = Link::new(self.number(), NOBODY, None, woken(wake));
        Connection::new(Arc::clone(self), Arc::new(link))
    }

    pub(crate) fn disconnected(&self, link: &Link) {
        let mut sockets = self.sockets();
        if sockets.links.remove(&link.no).is_none() {
            // A tap.
            return;
        }
        if let Some(own) = sockets.by_owner.get_mut(&link.owner) {
            *own -= 1;
            if *own == 0 {
                sockets.by_owner.remove(&link.owner);
            }
        }
    }

    pub(crate) fn enter(
        &self,
        channel: Channel,
        link: &Arc<Link>,
        since: Option<&Since>,
    ) -> (Arc<RoomState>, Recovery) {
        loop {
            let room = Arc::clone(self.rooms().entry(channel).or_insert_with(|| self.room(channel)));
            let mut inner = room.inner();
            if inner.gone {
                // The sweep took it between our two looks; the next look makes another.
                continue;
            }
            inner.idle_since_ms = None;
            inner.links.push(Arc::clone(link));
            let recovery = inner.ring.recover(since);
            drop(inner);
            return (room, recovery);
        }
    }

    fn room(&self, channel: Channel) -> Arc<RoomState> {
        let no = self.number();
        let epoch = format!("{}.{no}", self.epoch);
        let ring = Ring::new(epoch.into());
        let inner = Inner { ring, links: Vec::new(), idle_since_ms: None, gone: false, mirrored: false };
        Arc::new(RoomState { no, name: channel.room().to_string(), inner: Mutex::new(inner) })
    }

    fn find(&self, channel: &Channel) -> Option<Arc<RoomState>> {
        self.rooms().get(channel).map(Arc::clone)
    }

    /// The rooms that exist, each with whether somebody listens.
    #[must_use]
    pub fn open_rooms(&self) -> Vec<(Channel, bool)> {
        let rooms = self.rooms();
        rooms.iter().map(|(channel, room)| (*channel, !room.inner().links.is_empty())).collect()
    }

    /// Something happened in a room in which nobody is, and nobody is told: who comes back gets a snapshot. False if somebody is in it,
    /// who must be told: he may have come a moment ago, with everything up to now.
    #[must_use]
    pub fn skip(&self, channel: &Channel) -> bool {
        let Some(room) = self.find(channel) else { return true };
        let mut inner = room.inner();
        if !inner.links.is_empty() && !inner.mirrored {
            return false;
        }
        if !inner.mirrored {
            inner.ring.skip();
        }
        true
    }

    /// Events of a room were lost: nobody can go on from where they are. Those who listen are ended; who comes back gets a snapshot.
    pub fn break_off(&self, channel: &Channel, why: &'static str) {
        if let Some(room) = self.find(channel) {
            let mut inner = room.inner();
            if inner.mirrored {
                return;
            }
            inner.ring.skip();
            inner.links.iter().for_each(|link| link.end(why));
        }
    }

    /// Tells everybody in a room. With a key the event is the newest state of one thing and replaces the one before wherever that
    /// still waits. `ts_ms` is now. Gives how many were told.
    pub fn publish<T: Serialize>(&self, channel: &Channel, key: Option<i64>, ts_ms: i64, data: &T) -> usize {
        let Some(room) = self.find(channel) else { return 0 };
        // Written out before the room is locked.
        let Ok(data) = to_raw_value(data) else { return 0 };
        let mut inner = room.inner();
        if inner.mirrored {
            return 0;
        }
        let frame = Frame::named((channel.room(), &room.name), inner.ring.next(), ts_ms, &data);
        inner.ring.push(key, Arc::clone(&frame));
        let slow = self.tell(&inner.links, room.no, key, &frame);
        let told = inner.links.len();
        drop(inner);
        self.totals.events.fetch_add(1, Ordering::Relaxed);
        self.totals.deliveries.fetch_add(told as u64, Ordering::Relaxed);
        self.totals.slow.fetch_add(slow as u64, Ordering::Relaxed);
        told
    }

    /// Hands an event to everybody in a room; how many became too slow. A room of many is told by errands, beside each other and
    /// beside what is told next.
    fn tell(&self, links: &[Arc<Link>], room: u64, key: Option<i64>, frame: &Arc<Frame>) -> usize {
        let Some(couriers) = self.couriers.as_ref().filter(|_| links.len() > AT_ONCE_MAX) else {
            let slow = |link: &&Arc<Link>| link.push(room, key, frame, false) == Pushed::Slow;
            return links.iter().filter(slow).count();
        };
        let mut slow = 0;
        for some in links.chunks(ERRAND_LEN) {
            let mut errand = Vec::with_capacity(some.len());
            for link in some {
                match link.push(room, key, frame, true) {
                    Pushed::Yours => errand.push(Arc::clone(link)),
                    Pushed::Slow => slow += 1,
                    Pushed::Done => {}
                }
            }
            if !errand.is_empty() {
                couriers(Errand(errand));
            }
        }
        slow
    }

    /// The logins that connections live by.
    #[must_use]
    pub fn sessions(&self) -> BTreeSet<u128> {
        self.sockets().links.values().filter_map(|link| link.session).collect()
    }

    /// Ends the connections of a login; how many.
    pub fn end_session(&self, session: u128, why: &'static str) -> usize {
        let sockets = self.sockets();
        let of_it = sockets.links.values().filter(|link| link.session == Some(session));
        of_it.map(|link| link.end(why)).count()
    }

    /// Forgets rooms in which nobody has been for long. To be called every now and then.
    pub fn sweep(&self, now_ms: i64) {
        self.rooms().retain(|_, room| {
            let mut inner = room.inner();
            if !inner.links.is_empty() {
                return true;
            }
            let since = *inner.idle_since_ms.get_or_insert(now_ms);
            inner.gone = now_ms - since >= ROOM_IDLE_MAX_MS;
            !inner.gone
        });
    }

    /// Numbers about it.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let get = |total: &AtomicU64| total.load(Ordering::Relaxed);
        Counts {
            connections: self.sockets().links.len(),
            rooms: self.rooms().len(),
            events_total: get(&self.totals.events),
            deliveries_total: get(&self.totals.deliveries),
            slow_total: get(&self.totals.slow),
            refused_total: get(&self.totals.refused),
        }
    }
}
