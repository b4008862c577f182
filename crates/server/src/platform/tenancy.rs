//! The database belongs to one server at a time (`store::tenancy`): taken before it is opened, told in health, given back at the end.
//! And to one data directory: its accounts are numbers of the exchange there.

use std::time::Duration;

use api::ports::{Component, Condition};
use exchange_host::Handle;
use store::accounts::{self, Account};
use store::tenancy::{Holder, NotTaken, Standing, Tenancy};
use store::{Location, Store};
use tokio::sync::watch;
use types::AccountId;

use super::{LOCAL, location, open_store, store_failure};
use crate::config::Config;
use crate::failure::{Exit, Failure};

/// How long a start waits for the server before it to be gone: PostgreSQL notices the end of a killed process at once, and a moment later
/// when it is busy.
const PATIENCE: Duration = Duration::from_secs(5);

/// Accounts read at a time.
const PAGE: u32 = 1_000;

/// The database of a running server.
pub(super) struct Held {
    /// `None` for the file in the data directory, which is locked itself.
    tenancy: Option<Tenancy>,
}

/// Takes the database and opens it, if it is this exchange's.
pub(super) async fn open(config: &Config, handle: &Handle) -> Result<(Store, Held), Failure> {
    let location = location(config)?;
    // The file in the data directory is locked with it.
    let tenancy = match config.store.url {
        Some(_) => Some(take(&location).await?),
        None => None,
    };
    let store = open_store(config).await?;
    if let Some(stranger) = stranger(&store, handle).await? {
        return Err(foreign(&location, &stranger));
    }
    if let Some(tenancy) = &tenancy {
        tenancy.guard(&store);
    }
    Ok((store, Held { tenancy }))
}

async fn take(location: &Location) -> Result<Tenancy, Failure> {
    Tenancy::take(location, PATIENCE).await.map_err(|error| match error {
        NotTaken::Held(holder) => taken(location, &holder),
        NotTaken::Failed(error) => store_failure(location, error),
    })
}

/// An account of people's that is not at this exchange under its number and its name.
async fn stranger(store: &Store, handle: &Handle) -> Result<Option<Account>, Failure> {
    let mut after = None;
    loop {
        let page = accounts::page_of_all(&mut store.read(), after, PAGE).await;
        let page = page.map_err(|error| {
            Failure::new(Exit::Failed, "cannot read the accounts in the database").because(error)
        })?;
        let Some(last) = page.last() else { return Ok(None) };
        after = Some(last.id);
        let mut local = page.into_iter().filter(|account| account.bot_id.is_none() && account.venue == LOCAL);
        if let Some(found) = local.find(|account| !is_at(handle, account)) {
            return Ok(Some(found));
        }
    }
}

/// True of an account that was never opened, too.
fn is_at(handle: &Handle, account: &Account) -> bool {
    let Some(number) = account.venue_account.as_deref().and_then(|text| text.parse().ok()) else {
        return true;
    };
    let there = handle.view().account(AccountId(number));
    there.is_some_and(|view| view.name.as_str() == api::name_at_exchange(account.id))
}

fn foreign(location: &Location, account: &Account) -> Failure {
    let number = account.venue_account.as_deref().unwrap_or_default();
    Failure::new(Exit::Failed, format!("the database {location} belongs to another data directory"))
        .because(format!(
            "account {} is number {number} of another exchange: its owner would trade on somebody else's account",
            account.id
        ))
        .advise("start with the data directory that was used with it, or give another database with --store")
}

fn taken(location: &Location, holder: &Holder) -> Failure {
    Failure::new(Exit::Failed, format!("another server uses the database {location}"))
        .because(format!("two servers would overwrite each other's orders and fills; it is used by {holder}"))
        .advise(
            "stop that server, or give this one another database with --store (`user`, `db` and other commands work beside it)",
        )
}

impl Held {
    /// How it stands; `None` where nobody else can take it.
    pub(super) fn standing(&self) -> Option<watch::Receiver<Standing>> {
        self.tenancy.as_ref().map(Tenancy::standing)
    }

    /// Resolves, with who did it, when somebody else takes the database.
    pub(super) async fn taken(&self) -> Holder {
        let Some(mut standing) = self.standing() else { return std::future::pending().await };
        match standing.wait_for(|now| matches!(now, Standing::Taken(_))).await.as_deref() {
            Ok(Standing::Taken(by)) => by.clone(),
            // It was given back.
            _ => std::future::pending().await,
        }
    }

    /// Gives it back.
    pub(super) async fn release(self) {
        if let Some(tenancy) = self.tenancy {
            tenancy.release().await;
        }
    }
}

/// The part of the health that tells of it.
pub(super) fn health(standing: &Standing) -> Component {
    let name = "database_lock";
    match standing {
        Standing::Held { times: 1 } => Component::ok(name, "no other server uses the database".to_owned()),
        Standing::Held { times } => {
            Component::ok(name, format!("no other server uses the database; taken {times} times"))
        }
        Standing::Lost(why) => {
            let detail =
                format!("the session that keeps other servers away is gone and is taken again: {why}");
            Component { name, condition: Condition::Degraded, detail }
        }
        Standing::Taken(by) => Component::down(name, format!("{by} took the database; nothing is written")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_session_is_told_and_a_lost_database_is_not_ready() {
        let told = |standing| health(&standing).condition;
        assert_eq!(told(Standing::Held { times: 2 }), Condition::Ok);
        assert_eq!(told(Standing::Lost("cut".to_owned())), Condition::Degraded);
    }
}
