//! A test's venue and driver: market orders fill at the last bar's close, limit orders rest, cancels are confirmed.

use engine::{BotConfig, Control, Engine, Input, Output};
use orders::{BotId, VenueOrder};
use risk::Limits;
use strategy::Strategy;
use strategy::builtin::{Setting, make};
use testkit::Listing;
use types::order::Amount;
use types::{
    AccountId, AssetId, Bar, FeeRate, Instrument, InstrumentKind, Interval, MarketEvent, MarketId,
    MarketNews, Money, Outcome, Price, Qty, Report, Stamped, Terms, Time, TradeId, VenueFill,
};

pub(crate) const ONE: i64 = 100_000_000;
pub(crate) const BOT: BotId = BotId(1);

pub(crate) fn perpetual() -> Instrument {
    let kind = InstrumentKind::LinearPerp { initial_margin: 1_000, maintenance_margin: 500 };
    Listing { venue: "file", symbol: "BTC-PERP", kind, ..Listing::default() }.instrument()
}

pub(crate) fn bar(at: Time, close: i64) -> Bar {
    Bar::flat(Interval::M1, at, Price(close))
}

/// One bot on one market, and its venue.
pub(crate) struct Desk {
    pub(crate) engine: Engine,
    pub(crate) submitted: Vec<VenueOrder>,
    pub(crate) outputs: Vec<Output>,
    instrument: Instrument,
    close: Price,
    seq: u64,
    trades: u64,
    pub(crate) fee: FeeRate,
    /// Whether market orders are answered.
    pub(crate) answers: bool,
}

impl Desk {
    pub(crate) fn new(strategy: &str, params: &[(&str, &str)], limits: Limits, cash: i64) -> Self {
        let setting = Setting { instrument: &perpetual(), interval: Interval::M1 };
        Self::of(make(strategy, params, setting).unwrap().unwrap(), limits, cash)
    }

    pub(crate) fn of(strategy: Box<dyn Strategy>, limits: Limits, cash: i64) -> Self {
        let instrument = perpetual();
        let mut engine = Engine::new(7);
        assert!(engine.add_instrument(instrument.clone()));
        let funds = vec![(AssetId(1), Money(i128::from(cash) * i128::from(ONE)))];
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
        let mut desk = Self {
            engine,
            submitted: Vec::new(),
            outputs: Vec::new(),
            instrument,
            close: Price(0),
            seq: 0,
            trades: 0,
            fee: FeeRate(100_000),
            answers: true,
        };
        desk.control(Control::Start(BOT));
        desk
    }

    pub(crate) fn control(&mut self, control: Control) {
        self.step(Time(self.seq.cast_signed()), Input::Control(control));
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.step(Time(self.seq.cast_signed()), input);
    }

    pub(crate) fn bar(&mut self, bar: Bar) {
        self.close = bar.close;
        let event = MarketEvent { market: MarketId(0), data: MarketNews::Bar(bar) };
        self.step(bar.open_time, Input::Market(event));
    }

    pub(crate) fn report(&mut self, at: Time, order: &VenueOrder, outcome: Outcome) {
        let report = Report { market: order.market, client_id: order.client_id, outcome };
        self.step(at, Input::Execution(report));
    }

    pub(crate) fn fill(&mut self, order: &VenueOrder, qty: Qty) -> Outcome {
        self.trades += 1;
        let quote = self.instrument.market.notional.amount(self.close, qty);
        assert!(order.terms.qty().is_none_or(|q| qty <= q));
        Outcome::Fill(VenueFill {
            trade: TradeId(self.trades),
            price: self.close,
            qty,
            quote,
            fee: quote.fee(self.fee).unwrap(),
            fee_asset: AssetId(1),
            is_maker: false,
        })
    }

    fn step(&mut self, at: Time, input: Input) {
        self.seq += 1;
        let mut out = Vec::new();
        self.engine.step(&Stamped { at, seq: self.seq, input }, &mut out);
        for output in &out {
            match output {
                Output::Submit(approved) => {
                    let order = *approved.order();
                    self.submitted.push(order);
                    self.engine.sent(&order.client_id);
                    if let (Terms::Market { amount: Amount::Base(qty) }, true) = (order.terms, self.answers) {
                        let fill = self.fill(&order, qty);
                        self.report(at, &order, fill);
                    }
                }
                Output::Cancel { client_id, .. } => {
                    let order = *self.submitted.iter().find(|o| o.client_id == *client_id).unwrap();
                    if self.answers {
                        self.report(at, &order, Outcome::Canceled);
                    }
                }
                _ => {}
            }
        }
        self.outputs.extend(out);
    }
}
