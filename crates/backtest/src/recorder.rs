//! Writes down what happens in a run: equity, fills, round trips, counts.

use std::collections::BTreeMap;

use engine::Engine;
use orders::{BotId, State};
use types::{
    Bar, ClientOrderId, InstrumentKind, Liquidation, MarketId, Money, Outcome as Told, Price, Qty, Side,
    Time, VenueFill,
};

use crate::EquityCurve;
use crate::outcome::{ClosedTrade, FillRecord, OrderCounts, RECORDS_MAX};

/// The mark of a fill that no order of ours asked for.
pub(crate) const LIQUIDATION_TAG: u32 = u32::MAX - 1;

/// A round trip that has not ended.
#[derive(Clone, Copy, Debug)]
struct Trip {
    opened: Time,
    side: Side,
    qty: i64,
    bought: i128,
    closed_qty: i64,
    sold: i128,
    realised: i128,
    fees: i128,
    worst: i128,
    best: i128,
    bars: u32,
}

/// What is known of a market between two fills.
#[derive(Clone, Debug, Default)]
struct Held {
    qty: i64,
    realised: i128,
    trip: Option<Trip>,
}

/// Collects the outcome of one bot's run.
#[derive(Debug)]
pub(crate) struct Recorder {
    bot: BotId,
    pub(crate) equity: EquityCurve,
    pub(crate) fills: Vec<FillRecord>,
    pub(crate) trades: Vec<ClosedTrade>,
    pub(crate) counts: OrderCounts,
    denied: BTreeMap<&'static str, u64>,
    pub(crate) reasons: Vec<String>,
    codes: Vec<&'static str>,
    /// Orders that may still trade, with the reason of their decision.
    live: Vec<(ClientOrderId, u16)>,
    held: Vec<Held>,
    pub(crate) fees: Money,
    pub(crate) turnover: Money,
    pub(crate) unrecorded: u64,
    pub(crate) liquidations: u64,
}

impl Recorder {
    pub(crate) fn new(bot: BotId, cash: Money, markets: usize) -> Self {
        Self {
            bot,
            equity: EquityCurve::new(cash),
            fills: Vec::new(),
            trades: Vec::new(),
            counts: OrderCounts::default(),
            denied: BTreeMap::new(),
            reasons: Vec::new(),
            codes: Vec::new(),
            live: Vec::new(),
            held: vec![Held::default(); markets],
            fees: Money::ZERO,
            turnover: Money::ZERO,
            unrecorded: 0,
            liquidations: 0,
        }
    }

    /// Risk by reason, sorted.
    pub(crate) fn denied(&self) -> Vec<(String, u64)> {
        self.denied.iter().map(|(code, n)| ((*code).to_owned(), *n)).collect()
    }

    /// Whether no position is open.
    pub(crate) fn is_flat(&self) -> bool {
        self.held.iter().all(|h| h.trip.is_none())
    }

    pub(crate) fn submitted(&mut self, id: ClientOrderId, code: &'static str) {
        self.counts.sent += 1;
        let reason = self.reason(code);
        self.live.push((id, reason));
    }

    pub(crate) fn refused(&mut self, code: &'static str) {
        *self.denied.entry(code).or_default() += 1;
    }

    fn reason(&mut self, code: &'static str) -> u16 {
        let known = self.codes.iter().position(|c| *c == code);
        let at = known.unwrap_or_else(|| {
            self.codes.push(code);
            self.reasons.push(code.to_owned());
            self.codes.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    /// The engine took in a report about an order of ours.
    pub(crate) fn told(&mut self, engine: &Engine, at: Time, id: &ClientOrderId, told: &Told) {
        let order = engine.orders().get(id);
        if let (Told::Fill(fill), Some(order)) = (told, order) {
            let reason =
                self.live.iter().find(|(live, _)| live == id).map_or(u16::MAX, |(_, reason)| *reason);
            self.fill(engine, at, order.market, order.side, fill, order.tag, reason);
        }
        let counter = match (told, order.map(|o| o.state)) {
            (Told::Fill(_), Some(State::Filled)) => &mut self.counts.filled,
            (Told::Canceled, _) => &mut self.counts.canceled,
            (Told::Expired, _) => &mut self.counts.expired,
            (Told::Rejected(_), _) => &mut self.counts.rejected,
            (Told::NeverArrived, _) => &mut self.counts.never_arrived,
            (Told::Fill(_) | Told::Accepted { .. } | Told::Unknown, _) => return,
        };
        *counter += 1;
        self.live.retain(|(live, _)| live != id);
    }

    /// A position was closed by the venue.
    pub(crate) fn liquidated(&mut self, engine: &Engine, at: Time, news: &Liquidation) {
        self.liquidations += 1;
        let reason = self.reason("liquidated");
        self.fill(engine, at, news.market, news.side, &news.fill, LIQUIDATION_TAG, reason);
    }

    #[expect(clippy::too_many_arguments, reason = "a fill has this many sides")]
    fn fill(
        &mut self,
        engine: &Engine,
        at: Time,
        market: MarketId,
        side: Side,
        fill: &VenueFill,
        tag: u32,
        reason: u16,
    ) {
        let (Some(view), Some(account)) = (engine.markets().get(market), engine.account(self.bot)) else {
            return;
        };
        let instrument = view.instrument();
        let in_quote = fill.fee_asset == instrument.market.quote.id;
        let fee = if in_quote { fill.fee } else { in_quote_asset(instrument, fill.fee, fill.price) };
        let position = account.position(market);
        let held = &mut self.held[usize::from(market.0)];
        let realised = position.realised().average.0 - held.realised;
        let (before, after) = (held.qty, position.qty().0);
        (held.realised, held.qty) = (position.realised().average.0, after);
        self.fees.0 = self.fees.0.saturating_add(fee.0);
        self.turnover.0 = self.turnover.0.saturating_add(fill.quote.0);
        let step = instrument.market.rules.lot.step.0.max(1);
        let ended = held.follow(at, side, fill, fee.0, realised, before, after, step);
        let ended = ended.map(|trip| trip.closed(at, market, instrument.market.notional));
        let record = FillRecord {
            at,
            market,
            side,
            is_maker: fill.is_maker,
            price: fill.price,
            qty: fill.qty,
            fee,
            realised: Money(realised),
            tag,
            reason,
        };
        if self.fills.len() < RECORDS_MAX {
            self.fills.push(record);
            self.trades.extend(ended);
        } else {
            self.unrecorded += 1;
        }
    }

    /// A bar of a market has closed: what its extremes did to an open round trip.
    pub(crate) fn bar(&mut self, engine: &Engine, market: MarketId, bar: &Bar) {
        let Some(held) = self.held.get_mut(usize::from(market.0)) else { return };
        let Some(trip) = &mut held.trip else { return };
        let (Some(view), Some(account)) = (engine.markets().get(market), engine.account(self.bot)) else {
            return;
        };
        let position = account.position(market);
        let notional = view.instrument().market.notional;
        let worth = |price: Price| position.unrealised(notional.amount(price, position.qty().size())).0;
        let (low, high) = (worth(bar.low), worth(bar.high));
        trip.worst = trip.worst.min(trip.realised + low.min(high));
        trip.best = trip.best.max(trip.realised + low.max(high));
    }

    /// The end of a bar of the main interval.
    pub(crate) fn mark(&mut self, engine: &Engine, at: Time) {
        let mut exposed = false;
        for trip in self.held.iter_mut().filter_map(|h| h.trip.as_mut()) {
            trip.bars = trip.bars.saturating_add(1);
            exposed = true;
        }
        if let Some(equity) = engine.equity(self.bot) {
            self.equity.add(at, equity, exposed);
        }
    }
}

/// A fee in base, counted in quote at the price of its fill; rounded up.
fn in_quote_asset(instrument: &types::Instrument, fee: Money, price: Price) -> Money {
    debug_assert!(instrument.kind == InstrumentKind::Spot, "only spot has fees in base");
    let unit = 10_i128.pow(u32::from(
        instrument.market.price_scale + instrument.market.base.scale - instrument.market.quote.scale,
    ));
    let exact = fee.0.saturating_mul(i128::from(price.0));
    Money(exact.div_euclid(unit) + i128::from(exact.rem_euclid(unit) != 0))
}

impl Held {
    /// Takes in a fill; gives the round trip it ended.
    #[expect(clippy::too_many_arguments, reason = "a fill has this many sides")]
    fn follow(
        &mut self,
        at: Time,
        side: Side,
        fill: &VenueFill,
        fee: i128,
        realised: i128,
        before: i64,
        after: i64,
        step: i64,
    ) -> Option<Trip> {
        let qty = fill.qty.0;
        let signed = if side == Side::Buy { 1 } else { -1 };
        let closing =
            if self.trip.is_some() && before.signum() == -signed { qty.min(before.abs()) } else { 0 };
        let part = |amount: i128| {
            if closing == qty { amount } else { amount * i128::from(closing) / i128::from(qty) }
        };
        let (closing_fee, closing_quote) = (part(fee), part(fill.quote.0));
        let mut ended = None;
        if let Some(trip) = self.trip.as_mut().filter(|_| closing > 0) {
            trip.closed_qty += closing;
            trip.sold += closing_quote;
            trip.realised += realised;
            trip.fees += closing_fee;
            (trip.worst, trip.best) = (trip.worst.min(trip.realised), trip.best.max(trip.realised));
            // What is below one lot can never be traded: flat.
            if after.signum() != before.signum() || after.abs() < step {
                ended = self.trip.take();
            }
        }
        if qty > closing {
            let trip = self.trip.get_or_insert(Trip {
                opened: at,
                side,
                qty: 0,
                bought: 0,
                closed_qty: 0,
                sold: 0,
                realised: 0,
                fees: 0,
                worst: 0,
                best: 0,
                bars: 0,
            });
            trip.qty += qty - closing;
            trip.bought += fill.quote.0 - closing_quote;
            trip.fees += fee - closing_fee;
        }
        ended
    }
}

impl Trip {
    fn closed(&self, at: Time, market: MarketId, notional: types::instrument::NotionalScale) -> ClosedTrade {
        let average = |quote: i128, qty: i64| {
            if qty > 0 { notional.price_at(Money(quote), Qty(qty)) } else { Price(0) }
        };
        ClosedTrade {
            opened: self.opened,
            closed: at,
            market,
            side: self.side,
            qty: Qty(self.qty),
            entry: average(self.bought, self.qty),
            exit: average(self.sold, self.closed_qty),
            pnl: Money(self.realised - self.fees),
            fees: Money(self.fees),
            mae: Money(self.worst),
            mfe: Money(self.best),
            bars: self.bars,
        }
    }
}
