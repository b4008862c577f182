//! A second opinion on what happened, from the events alone: what everybody should own, what each fill should cost, and
//! that orders only move along the legal graph. Shares no code with the core but the words and the fee's rounding.
//!
//! Memory: one entry per account and asset, and per live order.

use std::collections::BTreeMap;

use exchange::Exchange;
use types::event::{Fill, OrderChange, Trade};
use types::{AccountId, AssetId, Event, FeeRate, MarketId, Money, OrderId, OrderView, Qty, Side, TradeId};

/// Which invariant, and what was found.
pub(super) type Found = (&'static str, String);

/// The fold of all events so far.
pub(super) struct Audit {
    fees: BTreeMap<AccountId, (FeeRate, FeeRate)>,
    markets: BTreeMap<MarketId, (AssetId, AssetId)>,
    /// What an account should own: available and locked together.
    owned: BTreeMap<(AccountId, AssetId), i128>,
    /// Executed quantity of every live order.
    live: BTreeMap<OrderId, Qty>,
    trades: u64,
}

/// The two sides of a trade as their owners were told: quantities, prices and which of them rested.
type Sides = BTreeMap<(MarketId, TradeId), Vec<(Side, Fill)>>;

impl Audit {
    /// Takes over from a state.
    pub(super) fn new(exchange: &Exchange) -> Self {
        let mut audit = Self {
            fees: exchange.accounts().map(|a| (a.id, (a.maker, a.taker))).collect(),
            markets: exchange.markets().map(|m| (m.id, (m.base.id, m.quote.id))).collect(),
            owned: BTreeMap::new(),
            live: exchange.live_orders().map(|order| (order.id, order.executed)).collect(),
            trades: 0,
        };
        audit.owned = owned_in(exchange);
        audit
    }

    /// How many trades were seen.
    pub(super) const fn trades(&self) -> u64 {
        self.trades
    }

    /// Folds the events of one command.
    pub(super) fn command(&mut self, events: &[Event]) -> Vec<Found> {
        let (mut found, mut sides, mut prints) = (Vec::new(), Sides::new(), Vec::new());
        for event in events {
            match event {
                Event::MarketListed(market) => {
                    self.markets.insert(market.id, (market.base.id, market.quote.id));
                }
                Event::Account(account) => {
                    self.fees.insert(account.id, (account.maker, account.taker));
                }
                Event::Transfer { account, asset, delta } => self.add(*account, *asset, delta.0),
                Event::Order { order, change } => {
                    self.order(order, change, &mut found);
                    if let OrderChange::Trade(fill) = change {
                        self.settle(order, fill, &mut found);
                        sides.entry((order.market, fill.trade)).or_default().push((order.side, *fill));
                    }
                }
                Event::Trade(trade) => prints.push(*trade),
                Event::Balance { account, asset, available, locked } => {
                    // Told at the end of a change, so it must fit what the events before it say.
                    let told = available.0.saturating_add(locked.0);
                    let expected = self.owned.get(&(*account, *asset)).copied().unwrap_or(0);
                    if told != expected {
                        found.push((
                            "L2",
                            format!("account {account} asset {asset}: told {told}, events make {expected}"),
                        ));
                    }
                }
                Event::AssetListed(_) | Event::List(_) | Event::Level { .. } | Event::Refused { .. } => {}
            }
        }
        self.trades = self.trades.saturating_add(u64::try_from(prints.len()).unwrap_or(u64::MAX));
        check_sides(&prints, &mut sides, &mut found);
        found
    }

    /// Whether the state owns what the events make.
    pub(super) fn compare(&self, exchange: &Exchange) -> Vec<Found> {
        let actual = owned_in(exchange);
        let keys: std::collections::BTreeSet<_> = actual.keys().chain(self.owned.keys()).collect();
        let value = |map: &BTreeMap<_, i128>, key| map.get(key).copied().unwrap_or(0);
        let wrong = keys.into_iter().filter(|key| value(&actual, key) != value(&self.owned, key));
        let mut found: Vec<Found> = wrong
            .map(|key| {
                let (account, asset) = key;
                let (has, should) = (value(&actual, key), value(&self.owned, key));
                ("L2", format!("account {account} asset {asset}: owns {has}, events make {should}"))
            })
            .collect();
        let alive: BTreeMap<OrderId, Qty> = exchange.live_orders().map(|o| (o.id, o.executed)).collect();
        if alive != self.live {
            found.push(("O2", format!("{} orders live, events make {}", alive.len(), self.live.len())));
        }
        found
    }

    /// O2: an order begins once, executes what its fills add up to, and ends once.
    fn order(&mut self, order: &OrderView, change: &OrderChange, found: &mut Vec<Found>) {
        let known = self.live.get(&order.id).copied();
        let expected = match (known, change) {
            (None, OrderChange::New) => Some(Qty::ZERO),
            (Some(executed), OrderChange::Trade(fill)) => executed.plus(fill.qty).ok(),
            (Some(executed), _) if !matches!(change, OrderChange::New) => Some(executed),
            _ => None,
        };
        if expected != Some(order.executed) || order.executed > order.qty {
            let text =
                format!("order {}: {change:?} after {known:?} leads to {:?}", order.id, order.executed);
            found.push(("O2", text));
        }
        if order.status.is_terminal() {
            self.live.remove(&order.id);
        } else {
            self.live.insert(order.id, order.executed);
        }
    }

    /// L5: the fee is the rounded-up share of what is received; then the money moves.
    fn settle(&mut self, order: &OrderView, fill: &Fill, found: &mut Vec<Found>) {
        let Some((base, quote)) = self.markets.get(&order.market).copied() else {
            found.push(("L2", format!("order {} traded on a market that was never listed", order.id)));
            return;
        };
        let (maker, taker) = self.fees.get(&order.account).copied().unwrap_or_default();
        let (gets, gives) = match order.side {
            Side::Buy => ((base, Money::from(fill.qty)), (quote, fill.quote)),
            Side::Sell => ((quote, fill.quote), (base, Money::from(fill.qty))),
        };
        let rate = if fill.is_maker { maker } else { taker };
        if fill.fee_asset != gets.0 || gets.1.fee(rate) != Ok(fill.fee) {
            let text = format!(
                "order {} trade {}: fee {:?} of {:?} at {rate:?}",
                order.id, fill.trade, fill.fee, gets.1
            );
            found.push(("L5", text));
        }
        self.add(order.account, gets.0, gets.1.0);
        self.add(order.account, gives.0, -gives.1.0);
        self.add(order.account, fill.fee_asset, -fill.fee.0);
    }

    fn add(&mut self, account: AccountId, asset: AssetId, delta: i128) {
        let entry = self.owned.entry((account, asset)).or_default();
        // An audit that overflows would be an audit of nonsense; it then simply does not fit.
        *entry = entry.saturating_add(delta);
    }
}

/// O3: every print has two sides of the same quantity and price, one of them the taker's, and there are no other fills.
fn check_sides(prints: &[Trade], sides: &mut Sides, found: &mut Vec<Found>) {
    for trade in prints {
        let told = sides.remove(&(trade.market, trade.id)).unwrap_or_default();
        let same = told
            .iter()
            .all(|(_, fill)| (fill.qty, fill.price, fill.quote) == (trade.qty, trade.price, trade.quote));
        let buyers = told.iter().filter(|(side, _)| *side == Side::Buy).count();
        let makers = told.iter().filter(|(_, fill)| fill.is_maker).count();
        if told.len() != 2 || !same || buyers != 1 || makers != 1 {
            found.push(("O3", format!("trade {} of market {}: sides {told:?}", trade.id, trade.market)));
        }
    }
    for (market, trade) in sides.keys() {
        found.push((
            "O3",
            format!("trade {trade} of market {market} was told to its parties and never printed"),
        ));
    }
}

fn owned_in(exchange: &Exchange) -> BTreeMap<(AccountId, AssetId), i128> {
    let of_account =
        |id| exchange.balances(id).map(move |b| ((id, b.asset), b.available.0.saturating_add(b.locked.0)));
    exchange.accounts().flat_map(|account| of_account(account.id)).filter(|(_, owned)| *owned != 0).collect()
}
