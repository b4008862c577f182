//! How the exchange in this process, the journal of intents before it, the tables behind it, the right to write them and the way to other
//! instances are.

use std::sync::Arc;

use api::ports::{Component, Condition, Health};
use exchange_host::Handle;
use store::tenancy::Standing;
use tokio::sync::watch;

use super::intents::IntentLog;
use super::neighbours::Others;
use super::tenancy::{self, Held};

/// Commands that the tables may be behind before that is said to be amiss: seconds of a busy market.
const BEHIND_MAX: u64 = 50_000;

/// The exchange, the intents, the projection and the database's lock.
struct ExchangeHealth {
    handle: Handle,
    projected: watch::Receiver<u64>,
    intents: Arc<IntentLog>,
    /// Where another server could take the database.
    tenancy: Option<watch::Receiver<Standing>>,
    others: Others,
}

/// As the port.
pub(super) fn port(
    handle: &Handle,
    projected: &watch::Receiver<u64>,
    intents: &Arc<IntentLog>,
    held: &Held,
    others: &Others,
) -> Arc<dyn Health> {
    Arc::new(ExchangeHealth::new(handle, projected, intents, held, others))
}

impl ExchangeHealth {
    fn new(
        handle: &Handle,
        projected: &watch::Receiver<u64>,
        intents: &Arc<IntentLog>,
        held: &Held,
        others: &Others,
    ) -> Self {
        let (handle, projected, intents) = (handle.clone(), projected.clone(), Arc::clone(intents));
        Self { handle, projected, intents, tenancy: held.standing(), others: others.clone() }
    }
}

impl Health for ExchangeHealth {
    fn components(&self) -> Vec<Component> {
        let status = self.handle.status();
        let exchange = match status.stopped {
            Some(why) => Component::down("exchange", why),
            None if !status.ready => Component::down("exchange", "it accepts nothing any more".to_owned()),
            None if status.low_on_disk => Component {
                name: "exchange",
                condition: Condition::Degraded,
                detail: "the disk is almost full: only cancels are accepted".to_owned(),
            },
            None => Component::ok("exchange", format!("{} commands are durable", status.seq)),
        };
        let behind = status.seq.saturating_sub(*self.projected.borrow());
        let tables = Component {
            name: "tables",
            condition: if behind > BEHIND_MAX { Condition::Degraded } else { Condition::Ok },
            detail: format!("{behind} commands behind the exchange"),
        };
        let tenancy = self.tenancy.as_ref().map(|standing| tenancy::health(&standing.borrow()));
        [exchange, self.intents.health(), tables]
            .into_iter()
            .chain(tenancy)
            .chain(self.others.health())
            .collect()
    }
}
