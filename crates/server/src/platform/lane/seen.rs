//! What the exchange says of an account at one moment, and what its book would give for an order.

use exchange_host::view::Standing as Alive;
use exchange_host::{Catalog, Handle};
use risk::account::{Marks, Standing, Working};
use types::order::{Amount, Contingency};
use types::{
    AccountId, Asset, AssetId, FeeRate, Instrument, InstrumentId, InstrumentKind, ListId, Market, Money,
    OrderView, Price, Qty, Side, Terms, Time, VenueName,
};

use super::{DEPTH, Estimate};

/// The asset that accounts are valued in, where it is listed.
const CURRENCY: &str = "USDT";

/// An account and the markets, read in one piece.
pub(super) struct Seen {
    now: Time,
    currency: Asset,
    holdings: Vec<(AssetId, Money)>,
    free: Vec<(AssetId, Money)>,
    working: Vec<Working>,
    markets: Vec<(Instrument, Option<Price>)>,
    halted: bool,
    fresh: bool,
    /// When its holdings last changed.
    pub(super) changed: Time,
    /// What it pays when its resting order is hit.
    pub(super) maker: FeeRate,
    /// What it pays when it takes.
    pub(super) taker: FeeRate,
}

/// The asset that accounts are valued in.
pub(super) fn currency(catalog: &Catalog) -> Option<Asset> {
    let usual = catalog.asset_by_code(CURRENCY).copied();
    usual.or_else(|| catalog.markets.first().map(|market| market.quote))
}

/// A market of the built-in exchange as an instrument.
pub(super) fn instrument(market: &Market, venue: VenueName) -> Instrument {
    let id = InstrumentId { venue, symbol: market.symbol };
    Instrument { id, kind: InstrumentKind::Spot, market: market.clone() }
}

impl Seen {
    /// `None` without such an account or any market.
    pub(super) fn of(handle: &Handle, venue: VenueName, number: AccountId) -> Option<Self> {
        let view = handle.view();
        let alive = view.standing(number)?;
        let catalog = view.catalog();
        let currency = currency(&catalog)?;
        let priced = |market: &Market| (instrument(market, venue), last(handle, market));
        let balances = &alive.balances.balances;
        Some(Self {
            now: handle.now(),
            currency,
            holdings: balances.iter().map(|b| (b.asset, Money(b.available.0 + b.locked.0))).collect(),
            free: balances.iter().map(|b| (b.asset, b.available)).collect(),
            working: working(&alive),
            markets: catalog.markets.iter().map(priced).collect(),
            halted: !alive.view.trading,
            fresh: handle.status().ready,
            changed: alive.balances.updated,
            maker: alive.view.maker,
            taker: alive.view.taker,
        })
    }

    /// As risk looks at it.
    pub(super) fn standing(&self) -> Standing<'_> {
        Standing {
            now: self.now,
            currency: self.currency.id,
            holdings: &self.holdings,
            free: &self.free,
            working: &self.working,
            marks: Marks::new(&self.markets),
            halted: self.halted,
            fresh: self.fresh,
        }
    }

    pub(super) fn free_of(&self, asset: AssetId) -> Money {
        self.free.iter().find(|(id, _)| *id == asset).map_or(Money::ZERO, |(_, free)| *free)
    }
}

/// The last price, else the middle of the book.
fn last(handle: &Handle, market: &Market) -> Option<Price> {
    let traded = handle.view().last_trade(market.id).map(|trade| trade.price);
    traded.or_else(|| {
        let top = handle.view().top(market.id);
        let (bid, ask) = (top.bid?.0, top.ask?.0);
        Some(Price(bid.0.midpoint(ask.0)))
    })
}

/// What may still trade; of two orders of which one cancels the other, the larger.
fn working(alive: &Alive) -> Vec<Working> {
    let one = |order: &OrderView| Working {
        client_id: order.client_id,
        market: order.market,
        side: order.side,
        open: order.remaining(),
    };
    let pair =
        |id: ListId| alive.lists.iter().find(|list| list.id == id && list.contingency == Contingency::Oco);
    let mut all: Vec<Working> = Vec::with_capacity(alive.orders.len());
    for order in &alive.orders {
        let Some(list) = order.list.and_then(pair) else {
            all.push(one(order));
            continue;
        };
        let name = list.orders[0].1;
        match all.iter_mut().find(|known| known.client_id == name && known.market == order.market) {
            Some(known) => known.open = known.open.max(order.remaining()),
            None => all.push(Working { client_id: name, ..one(order) }),
        }
    }
    all
}

/// What the book gives for an order now; what it does not fill at once trades at its own price.
pub(super) fn estimate(
    handle: &Handle,
    market: &Market,
    side: Side,
    legs: &[Terms],
    last: Option<Price>,
) -> Estimate {
    let value = |terms: &Terms| {
        let price = own_price(terms).or(last);
        price.zip(terms.qty()).map_or(Money::ZERO, |(price, qty)| market.notional.amount(price, qty))
    };
    // Of a pair the leg that pays more.
    let Some(terms) = legs.iter().max_by_key(|terms| value(terms)) else {
        return Estimate { price: None, qty: Qty::ZERO, at_once: Qty::ZERO, quote: Money::ZERO };
    };
    let (mut qty, mut quote) = walk(handle, market, side, terms);
    let at_once = qty;
    let wanted = match terms {
        Terms::Market { amount: Amount::Quote(budget) } => {
            // A budget that the book cannot use up is reserved all the same.
            quote = if side == Side::Buy { *budget } else { quote };
            qty
        }
        terms => terms.qty().unwrap_or(qty),
    };
    let rest = Qty(wanted.0 - qty.0);
    if let Some(price) = own_price(terms).or(last).filter(|_| rest.0 > 0) {
        quote = Money(quote.0 + market.notional.amount(price, rest).0);
        qty = wanted;
    }
    let average = (qty.0 > 0).then(|| market.notional.price_at(quote, qty));
    Estimate { price: average.or_else(|| own_price(terms)), qty: wanted.max(qty), at_once, quote }
}

fn own_price(terms: &Terms) -> Option<Price> {
    terms.price().or_else(|| terms.trigger().and_then(|trigger| trigger.stop))
}

/// Base and quote that the book gives at once.
fn walk(handle: &Handle, market: &Market, side: Side, terms: &Terms) -> (Qty, Money) {
    if matches!(terms, Terms::Stop { .. } | Terms::LimitMaker { .. }) {
        return (Qty::ZERO, Money::ZERO);
    }
    let depth = handle.view().depth(market.id, DEPTH);
    let levels = if side == Side::Buy { &depth.asks } else { &depth.bids };
    let (mut qty, mut quote) = (0_i64, 0_i128);
    for (price, there) in levels {
        let fits = terms.price().is_none_or(|limit| match side {
            Side::Buy => *price <= limit,
            Side::Sell => *price >= limit,
        });
        let room = match terms {
            Terms::Market { amount: Amount::Quote(budget) } => {
                market.notional.affordable(Money(budget.0 - quote), *price, market.rules.lot.step)
            }
            terms => Qty(terms.qty().unwrap_or_default().0 - qty),
        };
        let taken = room.min(*there);
        if !fits || taken.0 <= 0 {
            break;
        }
        qty += taken.0;
        quote += market.notional.amount(*price, taken).0;
    }
    (Qty(qty), Money(quote))
}
