//! Who follows an account's private events, and their delivery.
//!
//! Invariants: an event of an account goes to followers of that account only (F1), in the order of the journal; a follower
//! whose API key is revoked or whose listen key is gone gets nothing more, checked before each message.

use std::collections::BTreeMap;
use std::sync::Arc;

use exchange_host::{Applied, Catalog, Keys};
use http::websocket::{Outbox, Utf8Bytes};
use types::event::{OrderChange, execution_id};
use types::{AccountId, Event, Time};

use super::registry::{ConnectionId, Registry};
use crate::call::TimeUnit;
use crate::json::Json;
use crate::listen_keys::ListenKeys;
use crate::streams::user::account::{self, Holding};
use crate::streams::user::report::{self, Moment};
use crate::streams::wrap::{PerUnit, combined, subscribed};

/// How a follower came to its stream, which decides the form of its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Via {
    /// By a listen key on a stream connection; wrapped with the key if the connection is combined.
    ListenKey {
        /// The key.
        key: Arc<str>,
        /// Whether the connection is combined.
        combined: bool,
    },
    /// By a subscription of the WebSocket API.
    Subscription(u64),
}

/// One follower of an account.
#[derive(Debug)]
pub(super) struct Follower {
    pub(super) id: ConnectionId,
    pub(super) outbox: Outbox,
    pub(super) unit: TimeUnit,
    pub(super) via: Via,
    /// The API key that allowed it.
    pub(super) api_key: Arc<str>,
}

/// All followers, by account.
#[derive(Debug, Default)]
pub(super) struct Users {
    followers: BTreeMap<AccountId, Vec<Follower>>,
}

/// What decides whether a follower may still see its account.
#[derive(Clone, Copy)]
pub(super) struct Gate<'a> {
    pub(super) keys: &'a Keys,
    pub(super) listen_keys: &'a ListenKeys,
    pub(super) now: Time,
}

impl Gate<'_> {
    fn admits(&self, account: AccountId, follower: &Follower) -> bool {
        let key = self.keys.get(&follower.api_key).is_some_and(|record| record.account == account);
        key && match &follower.via {
            Via::ListenKey { key, .. } => self.listen_keys.lives(key, self.now),
            Via::Subscription(_) => true,
        }
    }
}

impl Follower {
    fn wrap(&self, payload: &Utf8Bytes) -> Utf8Bytes {
        match &self.via {
            Via::ListenKey { combined: false, .. } => payload.clone(),
            Via::ListenKey { key, combined: true } => combined(key, payload).into_text(),
            Via::Subscription(id) => subscribed(*id, payload).into_text(),
        }
    }

    /// The last message of a stream.
    fn farewell(&self, now: Time) -> Utf8Bytes {
        let payload = match &self.via {
            Via::ListenKey { key, .. } => account::listen_key_expired(key, now, self.unit),
            Via::Subscription(_) => account::terminated(now, self.unit),
        };
        self.wrap(&payload.into_text())
    }
}

impl Users {
    pub(super) fn join(&mut self, account: AccountId, follower: Follower) {
        self.followers.entry(account).or_default().push(follower);
    }

    /// Removes the followers of a connection that `which` picks; tells how many there were.
    pub(super) fn leave(&mut self, id: ConnectionId, which: impl Fn(&Via) -> bool) -> usize {
        let mut left = 0;
        self.followers.retain(|_, followers| {
            let before = followers.len();
            followers.retain(|follower| follower.id != id || !which(&follower.via));
            left += before - followers.len();
            !followers.is_empty()
        });
        left
    }

    /// Removes the followers of a connection that `which` picks and tells each that its stream is over.
    pub(super) fn terminate(&mut self, id: ConnectionId, now: Time, which: impl Fn(&Via) -> bool) -> usize {
        for follower in self.followers.values().flatten().filter(|f| f.id == id && which(&f.via)) {
            // A connection that cannot take it is closed by its own pump.
            let _ = follower.outbox.offer(follower.farewell(now));
        }
        self.leave(id, which)
    }

    pub(super) fn set_combined(&mut self, id: ConnectionId, on: bool) {
        for follower in self.followers.values_mut().flatten().filter(|follower| follower.id == id) {
            if let Via::ListenKey { combined, .. } = &mut follower.via {
                *combined = on;
            }
        }
    }

    /// The subscriptions of a connection with their accounts, in the order of their numbers.
    pub(super) fn subscriptions(&self, id: ConnectionId) -> Vec<(u64, AccountId)> {
        let mut found = Vec::new();
        for (account, followers) in &self.followers {
            for follower in followers.iter().filter(|follower| follower.id == id) {
                if let Via::Subscription(number) = follower.via {
                    found.push((number, *account));
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// All connections that follow an account.
    pub(super) fn connections(&self) -> impl Iterator<Item = (ConnectionId, &Outbox)> {
        self.followers.values().flatten().map(|follower| (follower.id, &follower.outbox))
    }

    /// Ends the streams whose key is gone.
    pub(super) fn prune(&mut self, gate: Gate<'_>) {
        self.followers.retain(|account, followers| {
            followers.retain(|follower| {
                let stays = gate.admits(*account, follower);
                if !stays {
                    let _ = follower.outbox.offer(follower.farewell(gate.now));
                }
                stays
            });
            !followers.is_empty()
        });
    }

    /// Delivers what one command did: order and list events in order, transfers, then one position per account.
    pub(super) fn deliver(
        &mut self,
        applied: &Applied,
        catalog: &Catalog,
        gate: Gate<'_>,
        registry: &mut Registry,
    ) {
        if self.followers.is_empty() {
            return;
        }
        let (now, at) = (gate.now.max(applied.at), applied.at);
        let mut positions: BTreeMap<AccountId, Vec<Holding>> = BTreeMap::new();
        // A list tells its members again after one of them was amended; otherwise its status changed.
        let mut amended = false;
        for (index, event) in applied.events.iter().enumerate() {
            match event {
                Event::Order { order, change } => {
                    let moment = Moment { now, at, execution: execution_id(applied.seq, index) };
                    amended = matches!(change, OrderChange::Amended { .. });
                    self.send(order.account, gate, registry, |unit| {
                        report::report(catalog, order, change, moment, unit)
                    });
                }
                Event::List(list) => {
                    self.send(list.account, gate, registry, |unit| {
                        account::list(catalog, list, amended, now, at, unit)
                    });
                }
                Event::Transfer { account, asset, delta } => self.send(*account, gate, registry, |unit| {
                    Some(account::transfer(catalog.asset(*asset)?, *delta, now, at, unit))
                }),
                Event::Balance { account, asset, available, locked }
                    if self.followers.contains_key(account) =>
                {
                    if let Some(asset) = catalog.asset(*asset) {
                        let holding = Holding { asset: *asset, available: *available, locked: *locked };
                        put(positions.entry(*account).or_default(), holding);
                    }
                }
                _ => {}
            }
        }
        for (account, holdings) in &positions {
            self.send(*account, gate, registry, |unit| Some(account::position(holdings, now, at, unit)));
        }
    }

    /// Sends one event to the followers of one account.
    fn send(
        &self,
        account: AccountId,
        gate: Gate<'_>,
        registry: &mut Registry,
        mut payload: impl FnMut(TimeUnit) -> Option<Json>,
    ) {
        let Some(followers) = self.followers.get(&account) else { return };
        let mut payloads = PerUnit::default();
        for follower in followers.iter().filter(|follower| gate.admits(account, follower)) {
            let cached = payloads.of(follower.unit);
            if cached.is_none() {
                *cached = payload(follower.unit).map(Json::into_text);
            }
            let Some(text) = cached else { continue };
            if follower.outbox.offer(follower.wrap(text)).is_err() {
                registry.mark_dead(follower.id);
            }
        }
    }
}

/// Keeps the last balance of each asset, in the order in which they first changed.
fn put(holdings: &mut Vec<Holding>, holding: Holding) {
    match holdings.iter_mut().find(|known| known.asset.id == holding.asset.id) {
        Some(known) => *known = holding,
        None => holdings.push(holding),
    }
}
