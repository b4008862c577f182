//! Which sessions live: kept for a day, and never longer than a revocation.
//!
//! An access token proves who logged in; whether that login still holds is in the database. Each session is looked up there once; from
//! then on the database is asked at most once a second, for all sessions together, which logins were ended lately, also by another
//! process (`tradewind user reset-password`). What was ended in this process is forgotten at once. While the database does not answer
//! nobody is let in by what was known.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cache::{Cache, Class};
use store::users::Role;
use store::{SessionId, Store, StoreError, Ts, UserId, sessions, users};
use tokio::sync::watch;

/// How long a look-up, or the word that nothing was ended since, is good.
const FRESH: Duration = Duration::from_secs(1);
/// How far back endings are asked for: an ending is dated before it is durable, by another process' clock.
const OVERLAP_S: i64 = 60;
/// Without word for longer than this, endings may have been missed.
const SILENCE_MAX: Duration = Duration::from_secs(30);
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
    /// When the login ends by itself.
    until: Ts,
}

/// What is remembered.
#[derive(Debug, Default)]
struct Memory {
    known: BTreeMap<SessionId, Known>,
    /// When the database was last asked for what was ended, and that was taken in.
    asked: Option<Instant>,
    /// How often everything was forgotten: what was looked up before is not remembered after.
    sweeps: u64,
}

impl Memory {
    /// What is known of a session and still good.
    fn good(&self, id: SessionId) -> Option<Option<Live>> {
        let known = self.known.get(&id)?;
        let told = self.asked.filter(|asked| *asked > known.at).unwrap_or(known.at);
        let is_good = told.elapsed() < FRESH && known.at.elapsed() < Class::Sessions.life();
        (is_good && (known.live.is_none() || Ts::now() < known.until)).then(|| known.live.clone())
    }

    fn put(&mut self, id: SessionId, entry: Known) {
        if self.known.len() >= REMEMBERED_MAX && !self.known.contains_key(&id) {
            let now = Ts::now();
            self.known.retain(|_, known| known.live.is_some() && now < known.until);
            if self.known.len() >= REMEMBERED_MAX {
                self.known.clear();
            }
        }
        self.known.insert(id, entry);
    }
}

/// The sessions of this process.
#[derive(Debug)]
pub struct Sessions {
    /// Where look-ups are counted.
    cache: Arc<Cache>,
    // Held for one look-up or change, never across an await.
    memory: Mutex<Memory>,
    /// Held by the one who asks what was ended, while the others wait for the answer.
    asking: tokio::sync::Mutex<()>,
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
    /// Of a process that has seen none.
    #[must_use]
    pub fn new(cache: Arc<Cache>) -> Self {
        let (endings, _) = watch::channel(Endings::default());
        Self { cache, memory: Mutex::default(), asking: tokio::sync::Mutex::default(), endings }
    }

    /// The session's user, if it lives.
    ///
    /// # Errors
    /// Failures of the database.
    pub async fn look_up(&self, store: &Store, id: SessionId) -> Result<Option<Live>, StoreError> {
        let mut good = self.remembered(id);
        if good.is_none() && self.memory().known.contains_key(&id) {
            self.hear(store).await?;
            good = self.remembered(id);
        }
        self.cache.note(Class::Sessions, good.is_some(), self.memory().known.len());
        if let Some(live) = good {
            return Ok(live);
        }
        let (asked, sweeps) = (Instant::now(), self.memory().sweeps);
        let mut reader = store.read();
        let (live, until) = match sessions::by_id(&mut reader, id).await {
            Ok(session) if session.is_live(Ts::now()) => {
                match users::by_id(&mut reader, session.user_id).await {
                    Ok(user) if user.active => {
                        let live = Live { user: user.id, name: user.username.into(), role: user.role };
                        (Some(live), session.expires_at)
                    }
                    Ok(_) | Err(StoreError::Absent { .. }) => (None, session.expires_at),
                    Err(error) => return Err(error),
                }
            }
            Ok(session) => (None, session.expires_at),
            Err(StoreError::Absent { .. }) => (None, Ts::now()),
            Err(error) => return Err(error),
        };
        self.remember(id, Known { live: live.clone(), at: asked, until }, sweeps);
        Ok(live)
    }

    /// Takes in which logins were ended, unless somebody else has just done it.
    async fn hear(&self, store: &Store) -> Result<(), StoreError> {
        let _one = self.asking.lock().await;
        let before = self.memory().asked;
        if before.is_some_and(|asked| asked.elapsed() < FRESH) {
            return Ok(());
        }
        let asked = Instant::now();
        let since = Ts::now().plus_seconds(-OVERLAP_S);
        let ended = sessions::revoked_since(&mut store.read(), since).await?;
        let mut memory = self.memory();
        // What was looked up since the last word is older than it may be when that was long ago.
        memory.known.retain(|_, known| known.at.max(before.unwrap_or(known.at)).elapsed() < SILENCE_MAX);
        for id in ended {
            if let Some(known) = memory.known.get_mut(&id) {
                known.live = None;
            }
        }
        memory.asked = Some(asked);
        Ok(())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a session, so that its next use is looked up. To be called after a revocation is durable.
    pub fn forget(&self, id: SessionId) {
        // An entry that says no outlives a look-up that began before the revocation.
        self.memory().put(id, Known { live: None, at: Instant::now(), until: Ts::now() });
        self.endings.send_modify(|endings| endings.single += 1);
    }

    /// Changes whenever a session of this process may have ended.
    pub(crate) fn endings(&self) -> watch::Receiver<Endings> {
        self.endings.subscribe()
    }

    /// Forgets everything, after a change that touches many sessions (a role, a user).
    pub fn forget_all(&self) {
        {
            let mut memory = self.memory();
            memory.known.clear();
            memory.sweeps += 1;
        }
        self.endings.send_modify(|endings| endings.sweeping += 1);
    }

    /// What its user may do, if that is known from a look-up of the last second.
    pub(crate) fn role(&self, id: SessionId) -> Option<Role> {
        self.remembered(id).flatten().map(|live| live.role)
    }

    fn remembered(&self, id: SessionId) -> Option<Option<Live>> {
        self.memory().good(id)
    }

    fn remember(&self, id: SessionId, known: Known, sweeps: u64) {
        let mut memory = self.memory();
        // A revocation or a change of roles that came while we asked counts.
        let ended = memory.known.get(&id).is_some_and(|other| other.live.is_none() && other.at >= known.at);
        if !ended && memory.sweeps == sweeps {
            memory.put(id, known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trader() -> Live {
        Live { user: UserId::new(), name: "tara".into(), role: Role::Trader }
    }

    /// Looked up then, of a login that ends in a week.
    fn known(live: Option<Live>, at: Instant) -> Known {
        Known { live, at, until: Ts::now().plus_seconds(7 * 86_400) }
    }

    /// A moment that has not come: what is known or told then is fresh, however slow the machine is.
    fn ahead() -> Instant {
        Instant::now() + Duration::from_secs(3_600)
    }

    fn before(age: Duration) -> Instant {
        Instant::now().checked_sub(age).expect("the clock of this system reaches back before its start")
    }

    fn nobody() -> Sessions {
        Sessions::new(Arc::new(Cache::new(&cache::Options::default()).unwrap()))
    }

    #[test]
    fn a_login_is_looked_up_again_after_the_life_of_its_class_and_when_nothing_was_told_for_a_second() {
        let (young, old, untold, over) =
            (SessionId::new(), SessionId::new(), SessionId::new(), SessionId::new());
        let day = Class::Sessions.life();
        let mut memory = Memory { asked: Some(ahead()), ..Memory::default() };
        memory.put(young, known(Some(trader()), before(day - Duration::from_secs(3_600))));
        memory.put(old, known(Some(trader()), before(day)));
        memory.put(over, Known { until: Ts::now(), ..known(Some(trader()), ahead()) });
        assert!(memory.good(young).flatten().is_some(), "a day is not over");
        assert_eq!(memory.good(old), None, "a day is over, whatever was told since");
        assert_eq!(memory.good(over), None, "the login ended by itself");
        memory.asked = None;
        memory.put(untold, known(Some(trader()), before(FRESH)));
        assert_eq!(memory.good(untold), None, "it may have been ended since");
    }

    #[test]
    fn what_is_ended_is_never_answered_from_memory_however_late_a_look_up_comes() {
        let (sessions, id, other) = (nobody(), SessionId::new(), SessionId::new());
        let begun = before(Duration::from_secs(1));
        for id in [id, other] {
            sessions.remember(id, known(Some(trader()), ahead()), 0);
            assert_eq!(sessions.role(id), Some(Role::Trader));
        }
        sessions.forget(id);
        assert_eq!(sessions.role(id), None, "it was ended");
        // A look-up that began before the end says what was true then.
        sessions.memory().asked = Some(ahead());
        sessions.remember(id, known(Some(trader()), begun), 0);
        assert_eq!((sessions.role(id), sessions.role(other)), (None, Some(Role::Trader)));
        // The same when all are forgotten, as after a change of roles.
        sessions.forget_all();
        sessions.remember(other, known(Some(trader()), ahead()), 0);
        assert_eq!(sessions.role(other), None, "what was asked before the change is not kept");
        sessions.remember(other, known(Some(trader()), ahead()), 1);
        assert_eq!(sessions.role(other), Some(Role::Trader));
    }
}
