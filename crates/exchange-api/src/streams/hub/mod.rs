//! The hub: folds what the exchange made durable into messages and hands each to everybody who follows it.
//!
//! Invariants: messages of a stream go out in the order of the journal; depth messages are gap-free (M1) and carry the
//! numbers of REST depth; a private event reaches its owner only (F1); a client that reads too slowly is closed and never
//! waited for. When the hub itself falls behind (the broadcast lost batches), followers of streams that cannot have a hole
//! are closed, and the rest goes on from the views.
//!
//! The mutex is held for one batch, one tick or one request of a connection and never across an await. It keeps an answer
//! and the messages that follow it in order, which separate queues would not. Cost: one serialisation per stream and time
//! unit, one queue push per follower; nothing for streams that nobody follows.

mod feed;
mod registry;
mod task;
mod tick;
mod users;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use exchange_host::{Applied, Batch, Catalog};
use history::AggTrade;
use http::websocket::{CloseCode, Outbox, Utf8Bytes};
use types::event::Trade;
use types::{AccountId, Event, Market, MarketId, Price, Qty, Side, Time};

pub(crate) use registry::TooManyStreams;
pub(crate) use task::run;

use crate::call::TimeUnit;
use crate::context::Context;
use crate::streams::aggregates::Aggregates;
use crate::streams::depth::Gathered;
use crate::streams::payload::{Envelope, book, trade};
use crate::streams::topic::{Speed, Topic};
use crate::streams::user::account;
use feed::Feed;
use registry::{ConnectionId, Joined, Registry};
use users::{Follower, Gate, Users, Via};

/// Everything that is followed, behind one lock.
#[derive(Debug, Default)]
pub(crate) struct Hub(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    registry: Registry,
    users: Users,
    catalog: Arc<Catalog>,
    /// By `MarketId` as index.
    feeds: Vec<Feed>,
    /// The latest time seen in the journal.
    journal: Time,
}

/// A connection's hold on the hub; dropping it ends all it follows.
pub(crate) struct Link {
    ctx: Arc<Context>,
    id: ConnectionId,
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in.
    pub(crate) fn open(ctx: &Arc<Context>, outbox: Outbox, combined: bool, unit: TimeUnit) -> Link {
        let id = ctx.hub.lock().registry.open(outbox, combined, unit);
        Link { ctx: Arc::clone(ctx), id }
    }

    /// Tells every connection that the server is about to end it.
    pub(crate) fn announce_shutdown(&self, now: Time) {
        for (_, connection) in self.lock().registry.connections() {
            let _ = connection.outbox.offer(account::server_shutdown(now, connection.unit).into_text());
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let mut state = self.ctx.hub.lock();
        state.registry.mark_dead(self.id);
        state.reap();
    }
}

impl Link {
    /// Follows those of the names that mean something; the others are only a client's way to connect (`/ws/0`).
    pub(crate) fn subscribe_known(&self, names: &[String]) -> Result<(), TooManyStreams> {
        let now = self.ctx.now();
        let catalog = self.ctx.handle.view().catalog();
        let is_known =
            |name: &String| Topic::parse(name, &catalog).is_some() || self.ctx.listen_keys.lives(name, now);
        let known: Vec<String> = names.iter().filter(|name| is_known(name)).cloned().collect();
        self.subscribe(&known, None)
    }

    /// Follows streams and answers `ack`; nothing of them comes before the answer. All or none.
    pub(crate) fn subscribe(&self, names: &[String], ack: Option<String>) -> Result<(), TooManyStreams> {
        let now = self.ctx.now();
        let mut state = self.ctx.hub.lock();
        state.refresh(&self.ctx);
        if !state.registry.has_room(self.id, names) {
            return Err(TooManyStreams);
        }
        for name in names {
            let topic = Topic::parse(name, &state.catalog);
            let joined = state.registry.join(self.id, name, topic);
            match topic {
                Some(topic) if joined == Joined::First => state.activate(topic, &self.ctx, now),
                None if joined != Joined::Already => state.join_user_stream(self.id, name, &self.ctx, now),
                _ => {}
            }
        }
        state.answer(self.id, ack);
        Ok(())
    }

    /// Follows streams no more and answers `ack`; nothing of them comes after the answer.
    pub(crate) fn unsubscribe(&self, names: &[String], ack: String) {
        let mut state = self.ctx.hub.lock();
        for name in names {
            let (_, ended) = state.registry.leave(self.id, name);
            if let Some(topic) = ended {
                state.deactivate(topic);
            }
            state.users.leave(self.id, |via| matches!(via, Via::ListenKey { key, .. } if **key == **name));
        }
        state.answer(self.id, Some(ack));
    }

    /// The names followed, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        self.ctx.hub.lock().registry.names(self.id).into_iter().map(str::to_owned).collect()
    }

    /// Wraps messages in their stream's name from now on, or no more.
    pub(crate) fn set_combined(&self, combined: bool) {
        let mut state = self.ctx.hub.lock();
        state.registry.set_combined(self.id, combined);
        state.users.set_combined(self.id, combined);
    }

    /// Whether messages are wrapped.
    pub(crate) fn is_combined(&self) -> bool {
        self.ctx.hub.lock().registry.connection(self.id).is_some_and(|connection| connection.combined)
    }

    /// Follows an account's events and answers `ack`; nothing of them comes before the answer.
    pub(crate) fn follow_account(
        &self,
        account: AccountId,
        api_key: Arc<str>,
        subscription: u64,
        ack: Utf8Bytes,
    ) {
        let mut state = self.ctx.hub.lock();
        let Some(connection) = state.registry.connection(self.id) else { return };
        let (outbox, unit) = (connection.outbox.clone(), connection.unit);
        if outbox.offer(ack).is_err() {
            state.registry.mark_dead(self.id);
            return;
        }
        let via = Via::Subscription(subscription);
        state.users.join(account, Follower { id: self.id, outbox, unit, via, api_key });
    }

    /// Ends subscriptions that `which` picks, telling the client for each; gives their number.
    pub(crate) fn end_subscriptions(&self, which: impl Fn(u64) -> bool) -> usize {
        let now = self.ctx.now();
        let mut state = self.ctx.hub.lock();
        state.users.terminate(self.id, now, |via| matches!(via, Via::Subscription(id) if which(*id)))
    }

    /// The subscriptions that are alive, with their accounts, in the order of their numbers.
    pub(crate) fn subscriptions(&self) -> Vec<(u64, AccountId)> {
        self.ctx.hub.lock().users.subscriptions(self.id)
    }
}

impl State {
    /// Takes in new listings.
    fn refresh(&mut self, ctx: &Context) {
        self.catalog = ctx.handle.view().catalog();
        while self.feeds.len() < self.catalog.markets.len() {
            self.feeds.push(Feed::default());
        }
    }

    fn answer(&mut self, id: ConnectionId, text: Option<String>) {
        if let (Some(text), Some(connection)) = (text, self.registry.connection(id))
            && connection.outbox.offer(text.into()).is_err()
        {
            self.registry.mark_dead(id);
        }
    }

    fn join_user_stream(&mut self, id: ConnectionId, name: &str, ctx: &Context, now: Time) {
        let Some(opener) = ctx.listen_keys.opener(name, now) else { return };
        let Some(connection) = self.registry.connection(id) else { return };
        let via = Via::ListenKey { key: name.into(), combined: connection.combined };
        let (outbox, unit) = (connection.outbox.clone(), connection.unit);
        self.users.join(opener.account, Follower { id, outbox, unit, via, api_key: opener.api_key });
    }

    fn feed(&mut self, market: MarketId) -> Option<&mut Feed> {
        self.feeds.get_mut(usize::from(market.0))
    }

    fn activate(&mut self, topic: Topic, ctx: &Context, now: Time) {
        if let Some(feed) = topic.market().and_then(|market| self.feed(market)) {
            feed.activate(topic, ctx.handle.view(), now);
        }
    }

    fn deactivate(&mut self, topic: Topic) {
        if let Some(feed) = topic.market().and_then(|market| self.feed(market)) {
            feed.deactivate(topic);
        }
    }

    /// Forgets connections that ended.
    fn reap(&mut self) {
        for id in self.registry.take_dead() {
            for topic in self.registry.close(id) {
                self.deactivate(topic);
            }
            self.users.leave(id, |_| true);
        }
    }

    /// Folds one batch.
    fn fold(&mut self, batch: &Batch, ctx: &Context, now: Time) {
        if self.registry.is_empty() {
            return;
        }
        let gate = Gate { keys: ctx.handle.keys(), listen_keys: &ctx.listen_keys, now };
        for applied in &batch.applied {
            self.journal = self.journal.max(applied.at);
            self.users.deliver(applied, &self.catalog, gate, &mut self.registry);
            self.fold_market(applied, ctx, now);
        }
        self.end_batch(ctx);
        self.reap();
    }

    fn fold_market(&mut self, applied: &Applied, ctx: &Context, now: Time) {
        let mut traded = false;
        for event in applied.events.iter() {
            match event {
                Event::Level { market, side, price, qty, update_id } => {
                    self.level(*market, (*side, *price, *qty), *update_id, now);
                }
                Event::Trade(trade) => {
                    traded = true;
                    self.trade(trade, now);
                }
                Event::MarketListed(_) | Event::AssetListed(_) => self.refresh(ctx),
                _ => {}
            }
        }
        if traded {
            self.end_aggregates(now);
        }
    }

    /// A command is over, and with it every aggregated trade.
    fn end_aggregates(&mut self, now: Time) {
        let Self { registry, feeds, catalog, .. } = self;
        for (market, feed) in catalog.markets.iter().zip(feeds) {
            if let Some(agg) = feed.aggregates.as_mut().and_then(Aggregates::end) {
                tell_aggregate(registry, market, &agg, now);
            }
        }
    }

    fn level(&mut self, market: MarketId, level: (Side, Price, Qty), update_id: u64, now: Time) {
        let Some(feed) = self.feeds.get_mut(usize::from(market.0)) else { return };
        (feed.book_touched, feed.book_changed) = (true, true);
        let (mut gap, mut full) = (false, None);
        for (speed, gathered) in &mut feed.diffs {
            gap |= gathered.change(level.0, level.1, level.2, update_id).is_err();
            if gathered.is_full() {
                full = Some(*speed);
            }
        }
        if let Some(speed) = full {
            self.flush_depth(market, speed, now);
        }
        if gap {
            // The host promises that there is none; a client must not go on with a wrong book.
            tracing::error!(market = market.0, update_id, "a book change is missing");
            self.registry.end_followers(|topic| matches!(topic, Topic::Depth(of, _) if *of == market));
        }
    }

    fn trade(&mut self, trade: &Trade, now: Time) {
        let Some(market) = self.catalog.market(trade.market) else { return };
        let Some(feed) = self.feeds.get_mut(usize::from(trade.market.0)) else { return };
        feed.traded = true;
        for bar in feed.bars.values_mut() {
            bar.trade(trade);
        }
        if let Some(agg) = feed.aggregates.as_mut().and_then(|aggregates| aggregates.trade(trade)) {
            tell_aggregate(&mut self.registry, market, &agg, now);
        }
        let now = now.max(trade.at);
        self.registry
            .publish(&Topic::Trade(trade.market), |unit| trade::trade(Envelope { market, now, unit }, trade));
    }

    /// Tells what is told once per batch: best prices.
    fn end_batch(&mut self, ctx: &Context) {
        let Self { registry, feeds, catalog, .. } = self;
        for (market, feed) in catalog.markets.iter().zip(feeds) {
            if std::mem::take(&mut feed.book_touched) {
                tell_top(registry, market, feed, ctx);
            }
        }
    }

    fn flush_depth(&mut self, market: MarketId, speed: Speed, now: Time) {
        let Some(found) = self.catalog.market(market) else { return };
        let gathered = self.feeds.get_mut(usize::from(market.0)).and_then(|feed| feed.diffs.get_mut(&speed));
        if let Some(diff) = gathered.and_then(Gathered::take) {
            self.registry.publish(&Topic::Depth(market, speed), |unit| {
                book::diff(Envelope { market: found, now, unit }, &diff)
            });
        }
    }

    /// Some batches never came: ends what cannot have a hole, reads the rest anew.
    fn lost(&mut self, ctx: &Context, now: Time) {
        self.refresh(ctx);
        self.registry
            .end_followers(|topic| matches!(topic, Topic::Depth(..) | Topic::Trade(_) | Topic::AggTrade(_)));
        let followers: Vec<ConnectionId> = self
            .users
            .connections()
            .map(|(id, outbox)| {
                outbox.close(CloseCode::Again, "messages were lost");
                id
            })
            .collect();
        for id in followers {
            self.registry.mark_dead(id);
        }
        self.reap();
        for (market, feed) in self.catalog.markets.iter().zip(&mut self.feeds) {
            feed.reread(market.id, ctx.handle.view(), now);
        }
    }
}

fn tell_aggregate(registry: &mut Registry, market: &Market, agg: &AggTrade, now: Time) {
    let now = now.max(agg.at);
    registry
        .publish(&Topic::AggTrade(market.id), |unit| trade::agg_trade(Envelope { market, now, unit }, agg));
}

/// Tells the best prices if they changed since they were told last.
fn tell_top(registry: &mut Registry, market: &Market, feed: &mut Feed, ctx: &Context) {
    let (one, all) = (Topic::BookTicker(market.id), Topic::BookTickers);
    if !registry.is_followed(&one) && !registry.is_followed(&all) {
        return;
    }
    let top = ctx.handle.view().top(market.id);
    if feed.top.as_ref().is_some_and(|told| (told.bid, told.ask) == (top.bid, top.ask)) {
        return;
    }
    for topic in [one, all] {
        registry.publish(&topic, |_| book::top(market, &top));
    }
    feed.top = Some(top);
}
