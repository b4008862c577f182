//! Which sessions live: a look-up that is at most a second old, and never older than a revocation in this process.
//!
//! An access token proves who logged in; whether that login still holds is in the database. Each session is looked up there at
//! most once a second, so a logout on another instance is honoured within a second on every one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use store::users::Role;
use store::{SessionId, Store, StoreError, Ts, UserId, sessions, users};
use tokio::sync::watch;

/// How long a look-up is good.
const FRESH: Duration = Duration::from_secs(1);
/// Most sessions remembered (about 100 bytes each); beyond it all are looked up anew.
const REMEMBERED_MAX: usize = 10_000;

/// What a live session says about its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// Whose.
    pub user: UserId,
    /// The user's name.
    pub name: Arc<str>,
    /// What the user may do at this moment.
    pub role: Role,
}

#[derive(Debug)]
struct Known {
    live: Option<Live>,
    at: Instant,
}

/// The sessions of this process.
#[derive(Debug, Default)]
pub struct Sessions {
    // Held for one look-up or change, never across an await.
    known: Mutex<BTreeMap<SessionId, Known>>,
    /// Wakes those whose connections live by a session.
    endings: watch::Sender<Endings>,
}

/// How often sessions ended in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Endings {
    /// One at a time.
    pub(crate) single: u64,
    /// Changes that may have touched any of them.
    pub(crate) sweeping: u64,
}

impl Sessions {
    /// The session's user, if it lives.
    ///
    /// # Errors
    /// Failures of the database.
    pub async fn look_up(&self, store: &Store, id: SessionId) -> Result<Option<Live>, StoreError> {
        if let Some(live) = self.remembered(id) {
            return Ok(live);
        }
        let asked = Instant::now();
        let mut reader = store.read();
        let live = match sessions::by_id(&mut reader, id).await {
            Ok(session) if session.is_live(Ts::now()) => {
                match users::by_id(&mut reader, session.user_id).await {
                    Ok(user) if user.active => {
                        Some(Live { user: user.id, name: user.username.into(), role: user.role })
                    }
                    Ok(_) | Err(StoreError::Absent { .. }) => None,
                    Err(error) => return Err(error),
                }
            }
            Ok(_) | Err(StoreError::Absent { .. }) => None,
            Err(error) => return Err(error),
        };
        self.remember(id, live.clone(), asked);
        Ok(live)
    }

    /// Forgets a session, so that its next use is looked up. To be called after a revocation is durable.
    pub fn forget(&self, id: SessionId) {
        // An entry that says no outlives a look-up that began before the revocation.
        self.put(id, Known { live: None, at: Instant::now() });
        self.endings.send_modify(|endings| endings.single += 1);
    }

    /// Changes whenever a session of this process may have ended.
    pub(crate) fn endings(&self) -> watch::Receiver<Endings> {
        self.endings.subscribe()
    }

    /// Forgets everything, after a change that touches many sessions (a role, a user).
    pub fn forget_all(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.endings.send_modify(|endings| endings.sweeping += 1);
    }

    /// What its user may do, if that is known from a look-up of the last second.
    pub(crate) fn role(&self, id: SessionId) -> Option<Role> {
        self.remembered(id).flatten().map(|live| live.role)
    }

    fn remembered(&self, id: SessionId) -> Option<Option<Live>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&id).filter(|known| known.at.elapsed() < FRESH).map(|known| known.live.clone())
    }

    fn remember(&self, id: SessionId, live: Option<Live>, asked: Instant) {
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            // A revocation that came while we asked counts.
            if known.get(&id).is_some_and(|known| known.live.is_none() && known.at >= asked) {
                return;
            }
        }
        self.put(id, Known { live, at: asked });
    }

    fn put(&self, id: SessionId, entry: Known) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.retain(|_, known| known.at.elapsed() < FRESH);
            if known.len() >= REMEMBERED_MAX {
                known.clear();
            }
        }
        known.insert(id, entry);
    }
}
