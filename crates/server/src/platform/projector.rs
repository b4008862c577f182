//! Projects what happens on the platform's exchange accounts into its tables: orders, fills, positions.
//!
//! Fed by the exchange's durable batches, in order. Every row has a key that follows from the event (an order by its client id
//! or number, a fill by its trade), so an event that is read twice changes nothing the second time (invariant D3); after a
//! restart, or when batches were missed, the tables are brought up from the exchange's own history the same way.
//! Batches that touch no account of ours cost a look-up per event and no write.
//!
//! Orders that are about to leave come from the journal of intents and go into the same transactions, before what became of them. An
//! intent is in the journal before the exchange hears of its order, so whoever looks there after reading a batch finds it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::Broadcast;
use exchange_host::view::Range;
use exchange_host::{Batch, Handle};
use http::Stop;
use store::{Store, StoreError, accounts, orders};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use types::event::{Fill, OrderChange};
use types::{AccountId, ClientOrderId, Event, MarketId, OrderView, Side, Time};

use super::intents::IntentLog;
use super::ledger::Ledger;

/// Most batches written in one transaction.
const BATCHES_MAX: usize = 256;
/// Accounts, orders and fills read at a time.
const PAGE: usize = 1_000;
/// How long news wait for more of them, so that many orders share a transaction; not at all when somebody waits for the tables.
const GATHER_MAX: Duration = Duration::from_millis(10);
/// How long to wait after a failed write before the next try.
const PAUSE: Duration = Duration::from_millis(200);

/// Accounts that are followed, shared with the desk that opens new ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Follow(Arc<Mutex<BTreeMap<AccountId, Owned>>>);

/// Whose an account at the exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) user: store::UserId,
    pub(crate) account: store::AccountId,
    /// The bot that trades there.
    pub(crate) bot: Option<store::BotId>,
}

impl Follow {
    /// From now on.
    pub(crate) fn add(&self, number: AccountId, owned: Owned) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(number, owned);
    }

    pub(super) fn get(&self, number: AccountId) -> Option<Owned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&number).copied()
    }

    /// The numbers at the exchange, by the platform's ids.
    pub(super) fn numbers(&self) -> BTreeMap<store::AccountId, AccountId> {
        self.all().into_iter().map(|(number, owned)| (owned.account, number)).collect()
    }

    fn all(&self) -> Vec<(AccountId, Owned)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(n, o)| (*n, *o)).collect()
    }
}

/// One thing to write.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Order(OrderView),
    Fill { order: OrderView, fill: Fill, at: Time },
}

impl Change {
    pub(super) const fn order(&self) -> &OrderView {
        match self {
            Self::Order(order) | Self::Fill { order, .. } => order,
        }
    }
}

/// Starts projecting; gives the number of the last command that is in the tables. Ends when the exchange does, or when it is told to: then
/// what waits already is written first.
///
/// # Errors
/// When the tables cannot be read or brought up.
pub(crate) async fn start(
    handle: Handle,
    store: Store,
    follow: Follow,
    intents: Arc<IntentLog>,
    told: (Arc<Broadcast>, BTreeMap<MarketId, i64>),
    stop: Stop,
) -> Result<(watch::Receiver<u64>, JoinHandle<()>), StoreError> {
    // First the ear, then the look at what was before: nothing falls between.
    let batches = handle.batches();
    let seq = handle.status().seq;
    load_accounts(&store, &follow).await?;
    let (projected, progress) = watch::channel(seq);
    let ledger = Ledger::new(handle.clone(), store, Arc::clone(&intents), told.0, told.1);
    let mut projector = Projector { ledger, handle, follow, intents, projected, stop };
    projector.bring_up().await?;
    projector.settle().await?;
    let task = tokio::spawn(projector.run(batches));
    Ok((progress, task))
}

async fn load_accounts(store: &Store, follow: &Follow) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = accounts::page_of_all(&mut store.read(), after, 1_000).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for account in &page {
            if let Some(number) = account.venue_account.as_deref().and_then(|text| text.parse().ok()) {
                let owned = Owned { user: account.user_id, account: account.id, bot: account.bot_id };
                follow.add(AccountId(number), owned);
            }
        }
    }
}

struct Projector {
    handle: Handle,
    follow: Follow,
    ledger: Ledger,
    intents: Arc<IntentLog>,
    projected: watch::Sender<u64>,
    stop: Stop,
}

/// What there is to write.
#[derive(Default)]
struct News {
    batches: Vec<Arc<Batch>>,
    /// Batches were lost.
    missed: bool,
    /// Nothing comes any more.
    over: bool,
}

impl Projector {
    async fn run(mut self, mut batches: broadcast::Receiver<Arc<Batch>>) {
        loop {
            let mut news = News::default();
            self.hear(&mut batches, &mut news).await;
            if !self.changes(&news.batches).is_empty() || !self.intents.waiting().is_empty() {
                self.gather(&mut batches, &mut news).await;
            }
            // Whatever waits is written before the end.
            drain(&mut batches, &mut news);
            self.write(&news).await;
            if news.over {
                return;
            }
            self.intents.tidy().await;
        }
    }

    /// Waits for the next thing to write.
    async fn hear(&self, batches: &mut broadcast::Receiver<Arc<Batch>>, news: &mut News) {
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            next = batches.recv() => match next {
                Ok(batch) => news.batches.push(batch),
                Err(RecvError::Lagged(_)) => news.missed = true,
                Err(RecvError::Closed) => news.over = true,
            },
            () = self.intents.some() => {}
            () = stop.wait() => news.over = true,
        }
    }

    /// Waits for more of it, so that the next orders need not wait for a transaction of these.
    async fn gather(&self, batches: &mut broadcast::Receiver<Arc<Batch>>, news: &mut News) {
        let (mut stop, until) = (self.stop.clone(), tokio::time::sleep(GATHER_MAX));
        let projected = *self.projected.borrow();
        tokio::pin!(until);
        while !news.over && !news.missed && news.batches.len() < BATCHES_MAX {
            tokio::select! {
                () = &mut until => return,
                () = self.intents.hurried(projected) => return,
                () = stop.wait() => news.over = true,
                next = batches.recv() => match next {
                    Ok(batch) => news.batches.push(batch),
                    Err(RecvError::Lagged(_)) => news.missed = true,
                    Err(RecvError::Closed) => news.over = true,
                },
            }
        }
    }

    async fn write(&mut self, news: &News) {
        let changes = self.changes(&news.batches);
        // After the batches were taken: what they tell of is among these.
        let intents = self.intents.waiting();
        if news.missed {
            tracing::warn!("the platform's tables missed batches and are brought up from history");
            self.again().await;
        } else if let Err(error) = self.ledger.write(&intents, &changes).await {
            tracing::warn!(%error, "the platform's tables could not be written and are brought up from history");
            self.again().await;
        }
        if let Some(last) = news.batches.last().and_then(|batch| batch.applied.last()) {
            self.projected.send_if_modified(|seq| {
                let further = last.seq > *seq;
                *seq = last.seq.max(*seq);
                further
            });
        }
    }

    /// Brings the tables up, however often it takes: a database that is away comes back. What is missing at the end is brought up by
    /// the next start.
    async fn again(&mut self) {
        while let Err(error) = self.bring_up().await {
            if self.stop.is_stopped() {
                return;
            }
            tracing::error!(%error, "the platform's tables cannot be written; trying again");
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn changes(&self, batches: &[Arc<Batch>]) -> Vec<(Owned, Change)> {
        let mut changes = Vec::new();
        for applied in batches.iter().flat_map(|batch| &batch.applied) {
            for event in applied.events.iter() {
                let Event::Order { order, change } = event else { continue };
                let Some(owned) = self.follow.get(order.account) else { continue };
                changes.push((
                    owned,
                    match change {
                        OrderChange::Trade(fill) => {
                            Change::Fill { order: *order, fill: *fill, at: applied.at }
                        }
                        _ => Change::Order(*order),
                    },
                ));
            }
        }
        changes
    }

    /// Writes what history has and the tables have not.
    async fn bring_up(&mut self) -> Result<(), StoreError> {
        let seq = self.handle.status().seq;
        self.ledger.write_intents().await?;
        let markets: Vec<MarketId> = self.handle.view().catalog().markets.iter().map(|m| m.id).collect();
        for (number, owned) in self.follow.all() {
            self.ledger.forget(owned);
            for market in &markets {
                self.bring_up_market(number, owned, *market).await?;
            }
        }
        self.projected.send_if_modified(|last| {
            let further = seq > *last;
            *last = seq.max(*last);
            further
        });
        Ok(())
    }

    /// Ends the intents that nothing was heard of before the program stopped: the exchange, which has recovered, is asked for each.
    /// Nothing can be on its way, for the API does not listen yet; so what the exchange does not know it never got.
    async fn settle(&mut self) -> Result<(), StoreError> {
        let numbers: BTreeMap<store::AccountId, (AccountId, Owned)> =
            self.follow.all().into_iter().map(|(number, owned)| (owned.account, (number, owned))).collect();
        let mut after = None;
        loop {
            let page = orders::pending_of_all(&mut self.ledger.reader(), after, 1_000).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for intent in page {
                let known = numbers.get(&intent.account_id).copied();
                let found = known.map(|(number, _)| self.ask(number, &intent)).transpose()?.flatten();
                match (known, found) {
                    (Some((_, owned)), Some(order)) => {
                        tracing::info!(order = %intent.id, "an order whose answer was lost is found at the exchange");
                        self.ledger.write(&[], &[(owned, Change::Order(order))]).await?;
                    }
                    _ => {
                        tracing::warn!(order = %intent.id, "an order never reached the exchange");
                        self.ledger.never_arrived(intent).await?;
                    }
                }
            }
        }
    }

    /// What the exchange knows of an intent, by its client id.
    fn ask(&self, number: AccountId, intent: &orders::Order) -> Result<Option<OrderView>, StoreError> {
        let catalog = self.handle.view().catalog();
        let market = catalog.market_by_symbol(&intent.symbol).map(|market| market.id);
        let (Some(market), Ok(client_id)) = (market, ClientOrderId::new(&intent.client_order_id)) else {
            return Ok(None);
        };
        let found = self.handle.view().order(number, market, &types::command::Target::Client(client_id));
        let found = found.map_err(|error| StoreError::Unfit(error.to_string()))?;
        Ok(found.map(|record| record.order))
    }

    async fn bring_up_market(
        &mut self,
        number: AccountId,
        owned: Owned,
        market: MarketId,
    ) -> Result<(), StoreError> {
        let failed = |error: exchange_host::view::Failure| StoreError::Unfit(error.to_string());
        let view = self.handle.view();
        let orders = view.orders(number, market, &Range::latest(PAGE)).map_err(failed)?;
        if orders.is_empty() {
            return Ok(());
        }
        let changes: Vec<_> = orders.iter().map(|record| (owned, Change::Order(record.order))).collect();
        self.ledger.write(&[], &changes).await?;
        let mut from = self.ledger.last_trade(owned, market).await? + 1;
        loop {
            let fills = self
                .handle
                .view()
                .fills(number, market, None, &Range::from_id(from, PAGE))
                .map_err(failed)?;
            let Some(last) = fills.last() else { return Ok(()) };
            from = last.fill.trade.0 + 1;
            let mut changes = Vec::with_capacity(fills.len());
            for fill in &fills {
                let target = types::command::Target::Id(fill.order);
                let order = self.handle.view().order(number, market, &target).map_err(failed)?;
                let Some(order) = order.map(|record| record.order) else { continue };
                debug_assert!(matches!(order.side, Side::Buy | Side::Sell));
                changes.push((owned, Change::Fill { order, fill: fill.fill, at: fill.at }));
            }
            self.ledger.write(&[], &changes).await?;
        }
    }
}

/// What waits already, so that it shares a transaction.
fn drain(batches: &mut broadcast::Receiver<Arc<Batch>>, news: &mut News) {
    while news.batches.len() < BATCHES_MAX {
        match batches.try_recv() {
            Ok(batch) => news.batches.push(batch),
            Err(TryRecvError::Lagged(_)) => news.missed = true,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return,
        }
    }
}
