//! The database belongs to one server at a time (`store::tenancy`): taken before it is opened, told in health, given back at the end.

use std::time::Duration;

use api::ports::{Component, Condition};
use store::tenancy::{Holder, NotTaken, Standing, Tenancy};
use store::{Location, Store};
use tokio::sync::watch;

use super::{location, open_store, store_failure};
use crate::config::Config;
use crate::failure::{Exit, Failure};

/// How long a start waits for the server before it to be gone: PostgreSQL notices the end of a killed process at once, and a moment later
/// when it is busy.
const PATIENCE: Duration = Duration::from_secs(5);

/// The database of a running server.
pub(super) struct Held {
    /// `None` for the file in the data directory, which is locked itself.
    tenancy: Option<Tenancy>,
}

/// Takes the database and opens it.
pub(super) async fn open(config: &Config) -> Result<(Store, Held), Failure> {
    let location = location(config)?;
    if config.store.url.is_none() {
        return Ok((open_store(config).await?, Held { tenancy: None }));
    }
    let tenancy = Tenancy::take(&location, PATIENCE).await.map_err(|error| match error {
        NotTaken::Held(holder) => taken(&location, &holder),
        NotTaken::Failed(error) => store_failure(&location, error),
    })?;
    let store = open_store(config).await?;
    tenancy.guard(&store);
    Ok((store, Held { tenancy: Some(tenancy) }))
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
