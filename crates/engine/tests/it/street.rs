//! A random market of three instruments and a venue with part fills, refusals, resting orders and a book that goes stale now and
//! then. What the venue does with an order depends on the order and the moment alone, so two runs over the same events are the same.

use engine::{BotConfig, Control, Engine, Input, Output};
use orders::VenueOrder;
use risk::Limits;
use strategy::Strategy;
use types::depth::DepthSnapshot;
use types::order::Amount;
use types::{
    AccountId, Asset, AssetCode, AssetId, Bar, FeeRate, FeedState, Instrument, InstrumentKind, Interval,
    Market, MarketEvent, MarketId, MarketNews, Money, Outcome, Price, Qty, Report, Side, Stamped, Symbol,
    Terms, Time, TimeInForce, TradeId, VenueFill, VenueReason,
};

use crate::desk::{BOT, ONE, perpetual};

const MINUTE_NS: i64 = 60_000_000_000;
const TICK: i64 = 1_000_000;

/// Numbers that look random (splitmix64).
#[derive(Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below `n`.
    pub(crate) fn below(&mut self, n: u64) -> i64 {
        i64::try_from(self.next() % n).unwrap()
    }
}

/// Two perpetuals and a spot market, all quoted in the same asset.
pub(crate) fn instruments() -> Vec<Instrument> {
    let make = |id: u16, symbol: &str, kind: InstrumentKind| {
        let like = perpetual();
        let symbol = Symbol::new(symbol).unwrap();
        let code = AssetCode::new(&symbol.as_str()[..3]).unwrap();
        let base = Asset { id: AssetId(id + 10), code, scale: 8 };
        let mut rules = like.market.rules.clone();
        rules.notional_min = Money(5 * i128::from(ONE));
        let market = Market::new(MarketId(id), symbol, base, like.market.quote, 8, rules).unwrap();
        Instrument { id: types::InstrumentId { symbol, ..like.id }, kind, market }
    };
    let perp = perpetual().kind;
    vec![make(0, "BTC-PERP", perp), make(1, "ETH-PERP", perp), make(2, "SOLUSDT", InstrumentKind::Spot)]
}

/// Bars every minute and books every ten seconds of all three markets.
pub(crate) fn events(seed: u64, minutes: i64) -> Vec<(Time, MarketEvent)> {
    let mut dice = Dice(seed);
    let mut prices = [100 * ONE, 90 * ONE, 50 * ONE];
    let mut out = Vec::new();
    for minute in 0..minutes {
        let at = |second: i64| Time(minute * MINUTE_NS + second * 1_000_000_000);
        let mut bars: Vec<Bar> = prices.iter().map(|p| Bar::flat(Interval::M1, at(0), Price(*p))).collect();
        for second in (0..60).step_by(10) {
            let common = dice.below(2_001) - 1_000;
            for (id, price) in prices.iter_mut().enumerate() {
                let own = dice.below(2_001) - 1_000;
                let step = *price / 400_000 * (common + own);
                *price = (*price + step - (*price + step) % TICK).clamp(20 * ONE, 500 * ONE);
                let bar = &mut bars[id];
                (bar.high, bar.low) = (bar.high.max(Price(*price)), bar.low.min(Price(*price)));
                bar.close = Price(*price);
                bar.volume.0 += i128::from(dice.below(50) * ONE / 10);
                bar.count += 1;
                let market = MarketId(u16::try_from(id).unwrap());
                let update = u64::try_from(minute * 60 + second + 1).unwrap();
                let news = book_news(&mut dice, *price, update);
                out.extend(news.into_iter().map(|data| (at(second), MarketEvent { market, data })));
            }
        }
        for (id, bar) in bars.into_iter().enumerate() {
            let market = MarketId(u16::try_from(id).unwrap());
            out.push((at(60), MarketEvent { market, data: MarketNews::Bar(bar) }));
        }
    }
    out
}

/// A book around a price; one in forty is lost with its connection, and comes back.
fn book_news(dice: &mut Dice, price: i64, update: u64) -> Vec<MarketNews> {
    if dice.below(40) == 0 {
        return vec![MarketNews::Feed(FeedState::Down)];
    }
    let levels = |away: i64| (1..6).map(|n| (Price(price + away * n * TICK), Qty(ONE))).collect();
    let book = DepthSnapshot { last: update, bids: levels(-1), asks: levels(1) };
    vec![MarketNews::Feed(FeedState::Up), MarketNews::Snapshot(book)]
}

/// The price at which a resting order trades, and whether it is a stop, which waits on the other side.
fn waits(order: &VenueOrder) -> (Price, bool) {
    let stop = order.terms.trigger().and_then(|trigger| trigger.stop);
    stop.map_or_else(|| (order.terms.price().unwrap(), false), |stop| (stop, true))
}

/// The engine with one bot, and the venue.
pub(crate) struct Street {
    pub(crate) engine: Engine,
    pub(crate) instruments: Vec<Instrument>,
    /// Every order that left, in order.
    pub(crate) submitted: Vec<VenueOrder>,
    pub(crate) denied: Vec<&'static str>,
    pub(crate) events: usize,
    resting: Vec<(VenueOrder, i64)>,
    last: Vec<Price>,
    trades: u64,
    seq: u64,
    /// One order in so many is refused by the venue; 0 for none.
    pub(crate) refuses: u64,
}

impl Street {
    pub(crate) fn new(strategy: Box<dyn Strategy>, cash: i64, limits: Limits) -> Self {
        let instruments = instruments();
        let mut engine = Engine::new(7);
        assert!(instruments.iter().all(|i| engine.add_instrument(i.clone())));
        let money = |units: i64| Money(i128::from(units) * i128::from(ONE));
        let funds = vec![(AssetId(1), money(cash))];
        let config = BotConfig {
            id: BOT,
            account: AccountId(1),
            strategy,
            funds,
            quote: AssetId(1),
            limits,
            bracket: None,
        };
        engine.add_bot(config).unwrap();
        let last = vec![Price(0); instruments.len()];
        let mut street = Self {
            engine,
            instruments,
            submitted: Vec::new(),
            denied: Vec::new(),
            events: 0,
            resting: Vec::new(),
            last,
            trades: 0,
            seq: 0,
            refuses: 12,
        };
        street.step(Time(0), Input::Control(Control::Start(BOT)));
        street
    }

    pub(crate) fn run(&mut self, events: &[(Time, MarketEvent)]) {
        for (at, event) in events {
            self.events += 1;
            let market = usize::from(event.market.0);
            let range = match &event.data {
                MarketNews::Bar(bar) => Some((bar.low, bar.high, bar.close)),
                MarketNews::Snapshot(book) => Some((book.asks[0].0, book.bids[0].0, book.bids[0].0)),
                _ => None,
            };
            if let Some((low, high, last)) = range {
                self.last[market] = last;
                self.fill_resting(*at, event.market, low, high);
            }
            self.step(*at, Input::Market(event.clone()));
        }
    }

    pub(crate) fn signal(&mut self, at: Time, text: &str) {
        self.step(at, Input::Control(Control::Signal { bot: BOT, text: text.to_owned() }));
    }

    pub(crate) fn position(&self, market: u16) -> i64 {
        self.engine.account(BOT).unwrap().position(MarketId(market)).qty().0
    }

    pub(crate) fn resting(&self) -> usize {
        self.resting.len()
    }

    fn fill_resting(&mut self, at: Time, market: MarketId, low: Price, high: Price) {
        let reached: Vec<(VenueOrder, i64)> = self
            .resting
            .iter()
            .filter(|(o, _)| o.market == market)
            .filter(|(o, _)| {
                let (price, stops) = waits(o);
                if (o.side == Side::Buy) == stops { high >= price } else { low <= price }
            })
            .copied()
            .collect();
        for (order, left) in reached {
            // The first touch takes half of what is left, in lots.
            let half = (left / 2 - left / 2 % TICK).max(TICK);
            let (price, stops) = waits(&order);
            let part = if left == order.terms.qty().unwrap().0 && !stops { half } else { left };
            self.report(at, &order, self.fill(&order, part, price, !stops));
            let Some(at) = self.resting.iter().position(|(o, _)| o.client_id == order.client_id) else {
                continue;
            };
            self.resting[at].1 -= part;
            if self.resting[at].1 == 0 {
                self.resting.swap_remove(at);
            }
        }
    }

    fn fill(&self, order: &VenueOrder, qty: i64, price: Price, is_maker: bool) -> VenueFill {
        let instrument = &self.instruments[usize::from(order.market.0)];
        let quote = instrument.market.notional.amount(price, Qty(qty));
        let in_base = instrument.kind == InstrumentKind::Spot && order.side == Side::Buy;
        let rate = FeeRate(100_000);
        let (fee, fee_asset) = if in_base {
            (Money(i128::from(qty)).fee(rate).unwrap(), instrument.market.base.id)
        } else {
            (quote.fee(rate).unwrap(), instrument.market.quote.id)
        };
        VenueFill { trade: TradeId(self.trades + 1), price, qty: Qty(qty), quote, fee, fee_asset, is_maker }
    }

    fn report(&mut self, at: Time, order: &VenueOrder, fill: VenueFill) {
        self.trades += 1;
        self.tell(at, order, Outcome::Fill(fill));
    }

    fn tell(&mut self, at: Time, order: &VenueOrder, outcome: Outcome) {
        let report = Report { market: order.market, client_id: order.client_id, outcome };
        self.step(at, Input::Execution(report));
    }

    fn take(&mut self, at: Time, order: VenueOrder) {
        let last = self.last[usize::from(order.market.0)];
        let lot = self.submitted.len() as u64;
        let refused = self.refuses > 0 && lot % self.refuses == self.refuses - 1;
        if refused || last.0 == 0 {
            return self.tell(at, &order, Outcome::Rejected(VenueReason::RateLimited));
        }
        match order.terms {
            Terms::Market { amount: Amount::Base(qty) } => {
                // Every third market order comes in two parts.
                let half = qty.0 / 2 - qty.0 / 2 % TICK;
                if lot.is_multiple_of(3) && half > 0 {
                    self.report(at, &order, self.fill(&order, half, last, false));
                    self.report(at, &order, self.fill(&order, qty.0 - half, last, false));
                } else {
                    self.report(at, &order, self.fill(&order, qty.0, last, false));
                }
            }
            Terms::Limit { price, qty, tif: TimeInForce::Ioc, .. } => {
                let reached = if order.side == Side::Buy { price >= last } else { price <= last };
                if reached {
                    self.report(at, &order, self.fill(&order, qty.0, last, false));
                } else {
                    self.tell(at, &order, Outcome::Expired);
                }
            }
            Terms::Limit { qty, .. } | Terms::LimitMaker { qty, .. } => {
                self.resting.push((order, qty.0));
                self.tell(at, &order, Outcome::Accepted { venue_id: lot });
            }
            Terms::Stop { mut trigger, qty, then } => {
                // A trailing one stands where it would if the price only came back from now on.
                let back = last.0 / 10_000 * trigger.trailing.map_or(0, |bips| i64::from(bips.0));
                let at_last = Price(if order.side == Side::Sell { last.0 - back } else { last.0 + back });
                trigger.stop = trigger.stop.or(Some(at_last));
                self.resting.push((VenueOrder { terms: Terms::Stop { trigger, qty, then }, ..order }, qty.0));
                self.tell(at, &order, Outcome::Accepted { venue_id: lot });
            }
            Terms::Market { .. } => panic!("no strategy sends this: {order:?}"),
        }
    }

    fn step(&mut self, at: Time, input: Input) {
        self.seq += 1;
        let mut out = Vec::new();
        self.engine.step(&Stamped { at, seq: self.seq, input }, &mut out);
        for output in out {
            match output {
                Output::Submit(approved) => {
                    let order = *approved.order();
                    self.submitted.push(order);
                    self.engine.sent(&order.client_id);
                    self.take(at, order);
                }
                Output::Cancel { client_id, .. } => {
                    if let Some(found) = self.resting.iter().position(|(o, _)| o.client_id == client_id) {
                        let (order, _) = self.resting.swap_remove(found);
                        self.tell(at, &order, Outcome::Canceled);
                    }
                }
                Output::Denied { denied, .. } => self.denied.push(denied.code()),
                _ => {}
            }
        }
    }
}
