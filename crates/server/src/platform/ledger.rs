//! The tables behind the projection: which row an order has, and the positions that fills add up to.
//!
//! A position counts what was traded since it was opened, at average cost; deposits do not count. A fill that turns it round
//! closes the row and opens another. The rows of one call are one transaction; when it fails, what is in memory is forgotten
//! and read again.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::Broadcast;
use api::ports::Intents as _;
use exchange_host::{Catalog, Handle};
use portfolio::position::Position;
use store::orders::Order;
use store::projections::{self, Position as Place};
use store::trades::Trade;
use store::{
    Amount, OrderId, Owner, PositionId, Store, StoreError, TradeId, Ts, audit, orders, positions, trades,
};
use types::event::Fill;
use types::{Market, MarketId, Money, OrderView, Price, Qty, Side, Time, TradeId as Number};

use super::LOCAL;
use super::intents::{IntentLog, Recorded};
use super::projector::{Change, Owned};

mod found;

use found::Found;

type Key = (store::AccountId, MarketId);

/// A position while it is open.
#[derive(Clone, Debug)]
struct Held {
    position: Position,
    /// Its row; `None` while flat.
    row: Option<positions::Position>,
}

/// What the next transaction writes.
#[derive(Default)]
struct Rows {
    /// Orders that nothing is known of but that they are about to leave.
    fresh: BTreeMap<OrderId, Order>,
    orders: BTreeMap<OrderId, Order>,
    trades: Vec<Trade>,
    positions: BTreeMap<PositionId, positions::Position>,
}

/// The name under which the tables keep how far intents are written.
const PROJECTION: &str = "intents";

/// A move of the position.
#[derive(Clone)]
struct Step {
    log: String,
    from: Place,
    to: Place,
}

fn number_of(position: Place) -> u64 {
    u64::try_from(position.seq).unwrap_or(0)
}

impl Rows {
    /// Those of intents.
    fn of(intents: &[Recorded]) -> Self {
        let mut rows = Self::default();
        for order in intents.iter().flat_map(|recorded| &recorded.intent.orders) {
            if order.status == "pending" {
                rows.fresh.insert(order.id, order.clone());
            } else {
                // An end: it was never sent, or the exchange refused it.
                rows.fresh.remove(&order.id);
                rows.orders.insert(order.id, order.clone());
            }
        }
        rows
    }
}

pub(super) struct Ledger {
    handle: Handle,
    store: Store,
    intents: Arc<IntentLog>,
    /// Up to which intent the tables are.
    position: Place,
    /// Told what is written.
    broadcast: Arc<Broadcast>,
    /// The permanent numbers of the markets' pairs.
    pairs: BTreeMap<MarketId, i64>,
    /// Rows of orders that are alive, by their number at the exchange.
    live: BTreeMap<(Key, types::OrderId), OrderId>,
    held: BTreeMap<Key, Held>,
    /// The last trade that is written.
    last: BTreeMap<Key, u64>,
}

impl Ledger {
    pub(super) fn new(
        handle: Handle,
        store: Store,
        intents: Arc<IntentLog>,
        broadcast: Arc<Broadcast>,
        pairs: BTreeMap<MarketId, i64>,
    ) -> Self {
        let (live, held, last) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { handle, store, intents, position: Place::default(), broadcast, pairs, live, held, last }
    }

    pub(super) fn reader(&self) -> store::Reader {
        self.store.read()
    }

    /// Ends an intent that the exchange does not know.
    pub(super) async fn never_arrived(&self, mut intent: Order) -> Result<(), StoreError> {
        intent.status = "rejected".to_owned();
        intent.live = false;
        intent.reason = Some("the exchange never got it: the server stopped before it was sent".to_owned());
        intent.updated_at = Ts::now();
        self.store.write(move |tx| Box::pin(async move { orders::put(tx, &intent).await })).await
    }

    /// Forgets what is in memory of an account.
    pub(super) fn forget(&mut self, owned: Owned) {
        self.live.retain(|((account, _), _), _| *account != owned.account);
        self.held.retain(|(account, _), _| *account != owned.account);
        self.last.retain(|(account, _), _| *account != owned.account);
    }

    /// The last trade of an account on a market that is in the tables; 0 for none.
    pub(super) async fn last_trade(&mut self, owned: Owned, market: MarketId) -> Result<u64, StoreError> {
        let key = (owned.account, market);
        if let Some(last) = self.last.get(&key) {
            return Ok(*last);
        }
        let catalog = self.handle.view().catalog();
        let symbol = catalog.market(market).map(|m| m.symbol.to_string());
        let filter = trades::Filter { account: Some(owned.account), symbol, ..trades::Filter::default() };
        let newest =
            trades::page(&mut self.store.read(), Owner::of(owned.user), &filter, trades::Place::Newest, 1)
                .await?;
        let last = newest.first().and_then(|trade| trade.venue_trade_id.parse().ok()).unwrap_or(0);
        self.last.insert(key, last);
        Ok(last)
    }

    /// Writes intents and then changes, in order, as one transaction. Every intent that was durable when the changes happened must be
    /// among `intents` or in the tables already.
    pub(super) async fn write(
        &mut self,
        intents: &[Recorded],
        changes: &[(Owned, Change)],
    ) -> Result<(), StoreError> {
        if intents.is_empty() && changes.is_empty() {
            return Ok(());
        }
        let catalog = self.handle.view().catalog();
        let mut rows = Rows::of(intents);
        let found = Found::read(&mut self.store.read(), &self.live, changes).await?;
        for (owned, change) in changes {
            let Some(market) = catalog.market(change.order().market) else { continue };
            let order = self.order_row(*owned, change.order(), market, &found, &mut rows)?;
            if let Change::Fill { order: view, fill, at } = change {
                self.fill_row(*owned, order, view, fill, *at, market, &mut rows).await?;
            }
        }
        let step = self.step_to(intents);
        match self.keep(rows, step.clone(), intents).await {
            Ok(rows) => {
                if let Some(step) = step {
                    self.position = step.to;
                    self.intents.are_in_tables(number_of(self.position));
                }
                // Told after it is durable: who asks then finds it.
                let orders: Vec<Order> = rows.fresh.into_values().chain(rows.orders.into_values()).collect();
                self.broadcast.orders(&orders);
                self.broadcast.positions(&rows.positions.into_values().collect::<Vec<_>>());
                Ok(())
            }
            Err(error) => {
                for (owned, _) in changes {
                    self.forget(*owned);
                }
                Err(error)
            }
        }
    }

    /// The transaction.
    async fn keep(&self, rows: Rows, step: Option<Step>, intents: &[Recorded]) -> Result<Rows, StoreError> {
        let notes: Vec<_> = intents.iter().map(|one| (one.intent.note.clone(), one.intent.at)).collect();
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    if let Some(Step { log, from, to }) = step {
                        projections::advance(tx, PROJECTION, &log, from, to, Ts::now()).await?;
                    }
                    orders::put_new(tx, rows.fresh.values()).await?;
                    orders::put_all(tx, rows.orders.values()).await?;
                    trades::put(tx, &rows.trades).await?;
                    positions::put_all(tx, rows.positions.values()).await?;
                    if !notes.is_empty() {
                        audit::append_all(tx, notes).await?;
                    }
                    Ok(rows)
                })
            })
            .await
    }

    /// How the position moves when these intents are written.
    fn step_to(&self, intents: &[Recorded]) -> Option<Step> {
        let to = Place { epoch: 0, seq: i64::try_from(intents.last()?.number).unwrap_or(i64::MAX) };
        Some(Step { log: self.intents.name().to_owned(), from: self.position, to })
    }

    /// Finds out up to which intent the tables are: at the start, and when it is not known whether a transaction was kept.
    pub(super) async fn find_position(&mut self) -> Result<(), StoreError> {
        self.position =
            projections::position(&mut self.store.read(), PROJECTION, self.intents.name()).await?;
        self.intents.are_in_tables(number_of(self.position));
        Ok(())
    }

    /// Writes the intents that are not in the tables, one by one: one that the tables refuse (its account is gone, say) is told in the
    /// log and passed over, so that it does not hold up the others.
    pub(super) async fn write_intents(&mut self) -> Result<(), StoreError> {
        self.find_position().await?;
        for recorded in self.intents.waiting() {
            let refused = match self.write(std::slice::from_ref(&recorded), &[]).await {
                Err(
                    error @ (StoreError::Taken { .. }
                    | StoreError::Reference { .. }
                    | StoreError::NotAllowed { .. }),
                ) => error,
                other => {
                    other?;
                    continue;
                }
            };
            let orders: Vec<String> =
                recorded.intent.orders.iter().map(|order| order.id.to_string()).collect();
            tracing::error!(error = %refused, ?orders, "a recorded order does not fit the database and is left out");
            let step = self.step_to(std::slice::from_ref(&recorded));
            self.keep(Rows::default(), step, &[]).await?;
            self.find_position().await?;
        }
        Ok(())
    }

    /// The order's row with its new state.
    fn order_row(
        &mut self,
        owned: Owned,
        view: &OrderView,
        market: &Market,
        found: &Found,
        rows: &mut Rows,
    ) -> Result<OrderId, StoreError> {
        let key = ((owned.account, view.market), view.id);
        let known = self.live.get(&key).copied();
        let mut row = match known.and_then(|id| rows.orders.get(&id).cloned()) {
            Some(row) => row,
            None => {
                let stored = self.stored(owned, view, market, known, found)?;
                rows.orders.get(&stored.id).cloned().unwrap_or(stored)
            }
        };
        rows.fresh.remove(&row.id);
        // History may be ahead of the event that is read: a state never goes back.
        if Ts::from(view.updated) >= row.updated_at || row.exchange_order_id.is_none() {
            api::apply(&mut row, view, market);
        }
        if row.live {
            self.live.insert(key, row.id);
        } else {
            self.live.remove(&key);
        }
        let id = row.id;
        rows.orders.insert(id, row);
        Ok(id)
    }

    /// The row as it is stored, or a new one for an order that was placed by another way.
    fn stored(
        &self,
        owned: Owned,
        view: &OrderView,
        market: &Market,
        known: Option<OrderId>,
        found: &Found,
    ) -> Result<Order, StoreError> {
        if let Some(id) = known {
            return found.by_id(id).cloned().ok_or(StoreError::Absent { what: "order" });
        }
        let number = view.id.0.to_string();
        let [plain, numbered] = found::names_of(view);
        // What was recorded and is not in the tables yet; it goes there with this.
        let recorded = self.intents.known(owned.account, &plain);
        if let Some(row) = recorded.filter(|row| row.exchange_order_id.is_none() && row.live) {
            return Ok(row);
        }
        for name in [&plain, &numbered] {
            match found.by_name(owned.account, name) {
                Some(row) if row.exchange_order_id.as_ref().is_none_or(|known| *known == number) => {
                    return Ok(row.clone());
                }
                Some(_) if *name == plain => {}
                Some(_) => break,
                None => return Ok(self.foreign(owned, view, market, name)),
            }
        }
        Ok(self.foreign(owned, view, market, &numbered))
    }

    fn pair(&self, market: MarketId) -> i64 {
        self.pairs.get(&market).copied().unwrap_or_default()
    }

    /// An order that did not come through the platform (an API client of the exchange, say).
    fn foreign(&self, owned: Owned, view: &OrderView, market: &Market, name: &str) -> Order {
        Order {
            id: OrderId::new(),
            user_id: owned.user,
            account_id: owned.account,
            bot_id: owned.bot,
            trading_pair_id: self.pair(market.id),
            exchange: LOCAL.to_owned(),
            symbol: market.symbol.to_string(),
            client_order_id: name.to_owned(),
            exchange_order_id: None,
            side: if view.side == Side::Buy { store::Side::Buy } else { store::Side::Sell },
            order_type: api::type_word(&view.terms).to_owned(),
            time_in_force: api::tif_word(view.terms.tif()).to_owned(),
            price: view.terms.price().map(|p| amount(i128::from(p.0), market.price_scale)),
            stop_price: view
                .terms
                .trigger()
                .and_then(|t| t.stop)
                .map(|p| amount(i128::from(p.0), market.price_scale)),
            quantity: Amount::ZERO,
            filled_quantity: Amount::ZERO,
            filled_quote: Amount::ZERO,
            status: String::new(),
            live: true,
            reason: None,
            created_at: view.created.into(),
            updated_at: view.updated.into(),
            list_id: view.list.map(|list| list.0.to_string()),
            asked: None,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the fill and all that names it")]
    async fn fill_row(
        &mut self,
        owned: Owned,
        order: OrderId,
        view: &OrderView,
        fill: &Fill,
        at: Time,
        market: &Market,
        rows: &mut Rows,
    ) -> Result<(), StoreError> {
        let key = (owned.account, view.market);
        if fill.trade.0 <= self.last_trade(owned, view.market).await? {
            return Ok(());
        }
        self.last.insert(key, fill.trade.0);
        let mut held = match self.held.remove(&key) {
            Some(held) => held,
            None => self.restore(owned, market).await?,
        };
        let pnl = held.take(owned, view.side, fill, at, market, rows);
        self.held.insert(key, held);
        let catalog = self.handle.view().catalog();
        let pair = self.pair(market.id);
        let mut row = trade(owned, order, view, fill, at, market, &catalog);
        row.trading_pair_id = pair;
        row.pnl = pnl.map(|pnl| amount(pnl.0, market.quote.scale));
        rows.trades.push(row);
        Ok(())
    }

    async fn restore(&self, owned: Owned, market: &Market) -> Result<Held, StoreError> {
        let open =
            positions::open(&mut self.store.read(), Owner::of(owned.user), Some(owned.account)).await?;
        let symbol = market.symbol.to_string();
        let row = open.into_iter().find(|row| row.symbol == symbol && row.bot_id == owned.bot);
        let mut position = Position::FLAT;
        if let Some(row) = &row {
            let qty = row.quantity.to_units(market.base.scale).unwrap_or(0);
            // The price of entry has 28 digits: its product is the cost but for far less than half a unit.
            let cost = row.entry_price.times(row.quantity).map_or(0, |cost| {
                let rounded = Amount::from(cost.decimal().abs().round_dp(u32::from(market.quote.scale)));
                rounded.to_units(market.quote.scale).unwrap_or(0)
            });
            let side = if qty < 0 { Side::Sell } else { Side::Buy };
            let size = Qty(i64::try_from(qty.unsigned_abs()).unwrap_or(i64::MAX));
            position.trade(side, size, Money(cost)).map_err(|e| StoreError::Unfit(e.to_string()))?;
        }
        Ok(Held { position, row })
    }
}

/// A fill's row; the pair's number and the profit are put in by the caller.
fn trade(
    owned: Owned,
    order: OrderId,
    view: &OrderView,
    fill: &Fill,
    at: Time,
    market: &Market,
    catalog: &Catalog,
) -> Trade {
    let fee_asset = catalog.asset(fill.fee_asset);
    Trade {
        id: trade_id(owned, market.id, view, fill.trade),
        user_id: owned.user,
        account_id: owned.account,
        bot_id: owned.bot,
        order_id: order,
        trading_pair_id: 0,
        exchange: LOCAL.to_owned(),
        symbol: market.symbol.to_string(),
        base: market.base.code.to_string(),
        side: if view.side == Side::Buy { store::Side::Buy } else { store::Side::Sell },
        price: amount(i128::from(fill.price.0), market.price_scale),
        quantity: amount(i128::from(fill.qty.0), market.base.scale),
        fee: amount(fill.fee.0, fee_asset.map_or(market.quote.scale, |asset| asset.scale)),
        fee_currency: fee_asset.map(|asset| asset.code.to_string()).unwrap_or_default(),
        pnl: None,
        venue_trade_id: fill.trade.0.to_string(),
        created_at: at.into(),
    }
}

/// The same fill always has the same id: it follows from the account, the market, the order and the trade. The account's own id
/// is random, so nobody else can guess it.
fn trade_id(owned: Owned, market: MarketId, view: &OrderView, trade: Number) -> TradeId {
    let text = format!("{}:{}:{}:{}", owned.account, market.0, view.id.0, trade.0);
    let hash = api::auth::secret_hash(&text);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    TradeId::of_hash(bytes)
}

fn amount(units: i128, scale: u8) -> Amount {
    Amount::from_units(units, scale).unwrap_or_else(|| {
        // The platform's own orders are refused before they get here; those of other clients are not.
        tracing::error!(units, scale, "an amount has more than 28 digits and is rounded to them");
        Amount::from_units_rounded(units, scale)
    })
}

impl Held {
    /// Takes in a fill; gives the profit of what it closed, before its fee.
    fn take(
        &mut self,
        owned: Owned,
        side: Side,
        fill: &Fill,
        at: Time,
        market: &Market,
        rows: &mut Rows,
    ) -> Option<Money> {
        let before = self.position.qty().0;
        let Ok(realised) = self.position.trade(side, fill.qty, fill.quote) else {
            tracing::error!(account = %owned.account, "a position is beyond what numbers hold; its fill is not counted");
            return None;
        };
        let after = self.position.qty().0;
        let pnl = (realised.closed.0 > 0).then_some(realised.average);
        let fee = amount(fee_in_quote(fill, market).0, market.quote.scale);
        let turned = before != 0 && after.signum() != before.signum();
        if let Some(row) = &mut self.row {
            if let Some(pnl) = pnl {
                row.realised_pnl =
                    row.realised_pnl.plus(amount(pnl.0, market.quote.scale)).unwrap_or(row.realised_pnl);
            }
            row.fees = row.fees.plus(fee).unwrap_or(row.fees);
            row.updated_at = at.into();
            if turned {
                row.quantity = Amount::ZERO;
                row.is_open = false;
                row.closed_at = Some(at.into());
            }
            rows.positions.insert(row.id, row.clone());
        }
        if turned {
            self.row = None;
        }
        if after != 0 {
            let fees = if turned { Amount::ZERO } else { fee };
            let row = self.row.get_or_insert_with(|| opened(owned, market, at, fees));
            row.quantity = amount(i128::from(after), market.base.scale);
            let size = amount(i128::from(after.unsigned_abs()), market.base.scale);
            let cost = amount(self.position.cost().0, market.quote.scale);
            row.entry_price = cost.over(size).unwrap_or_default();
            rows.positions.insert(row.id, row.clone());
        }
        pnl
    }
}

fn opened(owned: Owned, market: &Market, at: Time, fees: Amount) -> positions::Position {
    positions::Position {
        id: PositionId::new(),
        user_id: owned.user,
        account_id: owned.account,
        bot_id: owned.bot,
        exchange: LOCAL.to_owned(),
        symbol: market.symbol.to_string(),
        base: market.base.code.to_string(),
        quantity: Amount::ZERO,
        entry_price: Amount::ZERO,
        realised_pnl: Amount::ZERO,
        fees,
        is_open: true,
        opened_at: at.into(),
        updated_at: at.into(),
        closed_at: None,
    }
}

/// A fee in base is worth its price.
fn fee_in_quote(fill: &Fill, market: &Market) -> Money {
    if fill.fee_asset == market.quote.id {
        return fill.fee;
    }
    let qty = Qty(i64::try_from(fill.fee.0).unwrap_or(i64::MAX));
    value(market, fill.price, qty)
}

fn value(market: &Market, price: Price, qty: Qty) -> Money {
    // Fees are finer than lots: the exact scale of notionals does not apply, so the product is rounded down here.
    let shrink = market.price_scale + market.base.scale
        - market.quote.scale.min(market.price_scale + market.base.scale);
    let product = i128::from(price.0) * i128::from(qty.0);
    Money(product / 10_i128.pow(u32::from(shrink)))
}
