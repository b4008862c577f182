//! Accounts that requests meant lately, so that an order costs no question to the database.
//!
//! What this process changes is forgotten at once; what another one changes is seen within a second. A halt is safe in between:
//! the exchange enforces it too, before it is noted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use store::{AccountId, UserId};

use crate::routes::accounts::Trading;

/// How long an account is taken for what it was.
const FRESH: Duration = Duration::from_secs(1);
/// Most accounts remembered (about 400 bytes each); beyond it all are read anew.
const REMEMBERED_MAX: usize = 10_000;

/// Whose, and which; `None` is the default one.
type Key = (UserId, Option<AccountId>);

#[derive(Debug, Default)]
struct Inner {
    known: BTreeMap<Key, (Trading, Instant)>,
    /// Rises with every change, so that a look from before it is not remembered.
    changes: u64,
}

/// The accounts of this process's users.
#[derive(Debug, Default)]
pub(crate) struct KnownAccounts(
    // Held for one look-up or change, never across an await.
    Mutex<Inner>,
);

impl KnownAccounts {
    /// An account that was read in the last second; else the number of changes so far, for [`KnownAccounts::put`].
    pub(crate) fn get(&self, user: UserId, id: Option<AccountId>) -> Result<Trading, u64> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = inner.known.get(&(user, id)).filter(|(_, at)| at.elapsed() < FRESH);
        found.map(|(trading, _)| trading.clone()).ok_or(inner.changes)
    }

    /// Remembers what was read when there had been `changes`.
    pub(crate) fn put(&self, user: UserId, id: Option<AccountId>, trading: &Trading, changes: u64) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.changes != changes {
            return;
        }
        if inner.known.len() >= REMEMBERED_MAX {
            inner.known.clear();
        }
        inner.known.insert((user, id), (trading.clone(), Instant::now()));
    }

    /// Forgets a user's accounts. To be called when a change of one of them is durable.
    pub(crate) fn forget(&self, user: UserId) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.changes += 1;
        inner.known.retain(|(owner, _), _| *owner != user);
    }
}

#[cfg(test)]
mod tests {
    use store::Ts;
    use store::accounts::{Account, Mode};

    use super::*;

    fn trading(user: UserId) -> Trading {
        let account = Account {
            id: AccountId::new(),
            user_id: user,
            name: "main".to_owned(),
            venue: "local".to_owned(),
            mode: Mode::Builtin,
            venue_account: Some("7".to_owned()),
            venue_key_id: None,
            is_default: true,
            halted_at: None,
            halt_reason: None,
            created_at: Ts(1),
            bot_id: None,
        };
        Trading { account, number: types::AccountId(7) }
    }

    #[test]
    fn a_change_is_never_hidden_by_a_look_from_before_it() {
        let (known, user) = (KnownAccounts::default(), UserId::new());
        let mine = trading(user);
        let changes = known.get(user, None).unwrap_err();
        known.put(user, None, &mine, changes);
        assert_eq!(known.get(user, None).unwrap().account.id, mine.account.id);
        assert!(known.get(user, Some(mine.account.id)).is_err(), "asked for by another name");
        assert!(known.get(UserId::new(), None).is_err(), "somebody else's");
        let before = known.get(user, Some(mine.account.id)).unwrap_err();
        known.forget(user);
        known.put(user, Some(mine.account.id), &mine, before);
        assert!(known.get(user, None).is_err() && known.get(user, Some(mine.account.id)).is_err());
    }
}
