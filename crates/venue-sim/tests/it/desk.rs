//! A venue with one instrument, and orders that risk approved.

use orders::VenueOrder;
use risk::{Halt, Limits, Losses, Proposal, View};
use testkit::Listing;
use types::{
    AccountId, AssetId, Bar, ClientOrderId, Instrument, InstrumentKind, Interval, MarketEvent, MarketId,
    MarketNews, Money, Outcome, Price, Qty, Side, SignedQty, Terms, Time, VenueFill,
};
use venue_sim::{Config, News, SimVenue};

pub(crate) const ONE: i64 = 100_000_000;
pub(crate) const ACCOUNT: AccountId = AccountId(1);
pub(crate) const BASE: AssetId = AssetId(0);
pub(crate) const QUOTE: AssetId = AssetId(1);
pub(crate) const PERPETUAL: InstrumentKind =
    InstrumentKind::LinearPerp { initial_margin: 1_000, maintenance_margin: 500 };

/// Tick 1, lot 0.01.
pub(crate) fn instrument(kind: InstrumentKind) -> Instrument {
    let (tick, lot_max) = (Price(ONE), Qty(1_000_000 * ONE));
    Listing { venue: "test", kind, tick, lot_max, ..Listing::default() }.instrument()
}

/// One market and one account.
pub(crate) struct Desk {
    pub(crate) venue: SimVenue,
    instrument: Instrument,
    pub(crate) orders: u32,
    seq: u64,
}

/// What was told, without the noise: acceptances left out, ids as their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Fill { at: i64, order: u32, price: i64, qty: i64, maker: bool },
    Ended { at: i64, order: u32, how: Outcome },
    Liquidated { at: i64, price: i64, qty: i64 },
}

impl Desk {
    pub(crate) fn new(kind: InstrumentKind, config: Config, cash: i64) -> Self {
        Self::on(instrument(kind), config, cash)
    }

    pub(crate) fn on(instrument: Instrument, config: Config, cash: i64) -> Self {
        let mut venue = SimVenue::new(config);
        assert!(venue.add_instrument(instrument.clone()));
        venue.fund(ACCOUNT, QUOTE, Money(i128::from(cash) * i128::from(ONE))).unwrap();
        Self { venue, instrument, orders: 0, seq: 0 }
    }

    /// Sends an order at `at` nanoseconds; its number.
    pub(crate) fn send(&mut self, at: i64, side: Side, terms: Terms) -> u32 {
        self.send_as(at, side, terms, false)
    }

    pub(crate) fn send_as(&mut self, at: i64, side: Side, terms: Terms, reduce_only: bool) -> u32 {
        self.orders += 1;
        let order = VenueOrder { reduce_only, ..order(self.orders, side, terms) };
        let held = if side == Side::Buy { -1_000 * ONE } else { 1_000 * ONE };
        let view = View {
            now: Time(at),
            instrument: &self.instrument,
            limits: &Limits::default(),
            halt: Halt::Off,
            running: true,
            barred: None,
            fresh: true,
            last: Some(Price(100 * ONE)),
            free: Money(i128::MAX / 2),
            position: SignedQty(if reduce_only { held } else { 0 }),
            working_buys: Qty(0),
            working_sells: Qty(0),
            exposure: [Money(0); 3],
            sent_in_window: 0,
            losses: Losses::default(),
        };
        let approved = risk::check(&Proposal { side, terms, reduce_only }, &view, order).unwrap();
        self.venue.submit(Time(at), &approved);
        self.orders
    }

    pub(crate) fn cancel(&mut self, at: i64, order: u32) {
        self.venue.cancel(Time(at), MarketId(0), id(order));
    }

    pub(crate) fn event(&mut self, at: i64, data: MarketNews) {
        self.venue.market(Time(at), &MarketEvent { market: MarketId(0), data });
    }

    /// Lives through a one-second bar that begins at second `second`; what is told until its end.
    pub(crate) fn bar(&mut self, second: i64, prices: [i64; 4], volume: i64) -> Vec<Told> {
        let start = second * 1_000_000_000;
        let mut told = self.until(start);
        let [open, high, low, close] = prices.map(|p| Price(p * ONE));
        let flat = Bar::flat(Interval::S1, Time(start), close);
        let volume = Money(i128::from(volume) * i128::from(ONE));
        self.event(start, MarketNews::Bar(Bar { open, high, low, volume, ..flat }));
        told.extend(self.until(start + 1_000_000_000));
        told
    }

    /// Everything told up to `at`.
    pub(crate) fn until(&mut self, at: i64) -> Vec<Told> {
        let mut told = Vec::new();
        while let Some((when, news)) = self.venue.next(Time(at)) {
            let at = when.0;
            match news {
                News::Liquidated(news) => told.push(Told::Liquidated {
                    at,
                    price: news.fill.price.0 / ONE,
                    qty: news.fill.qty.0 / 1_000_000,
                }),
                News::Report(report) => {
                    let order = report.client_id.as_str()[1..].parse().unwrap();
                    match report.outcome {
                        Outcome::Accepted { .. } => {}
                        Outcome::Fill(VenueFill { price, qty, is_maker: maker, .. }) => {
                            let (price, qty) = (price.0 / ONE, qty.0 / 1_000_000);
                            told.push(Told::Fill { at, order, price, qty, maker });
                        }
                        how => told.push(Told::Ended { at, order, how }),
                    }
                }
            }
        }
        self.seq += 1;
        told
    }

    pub(crate) fn position(&self) -> i64 {
        self.venue.account(ACCOUNT).unwrap().position(MarketId(0)).qty().0
    }

    /// Quote money in units of 10^-8.
    pub(crate) fn money(&self) -> i128 {
        self.venue.account(ACCOUNT).unwrap().asset(QUOTE).0
    }
}

/// The order of this number.
pub(crate) fn order(number: u32, side: Side, terms: Terms) -> VenueOrder {
    let (client_id, market) = (id(number), MarketId(0));
    VenueOrder { client_id, account: ACCOUNT, market, side, terms, reduce_only: false, other: None }
}

fn id(order: u32) -> ClientOrderId {
    ClientOrderId::new(&format!("o{order}")).unwrap()
}

pub(crate) fn qty(hundredths: i64) -> Qty {
    Qty(hundredths * 1_000_000)
}
