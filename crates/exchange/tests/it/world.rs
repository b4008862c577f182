//! A small exchange to test on: two markets, three assets, funded accounts, and short words for commands.

use exchange::Exchange;
use types::command::{Cancel, Leg, ListShape, NewList, NewOrder, Target};
use types::event::{ExpiryReason, OrderChange};
use types::instrument::{LotRule, PercentPriceRule, Rules, TickRule};
use types::order::{AfterTrigger, Amount, StopKind, Tags, Trigger};
use types::{
    AccountId, AccountName, Asset, AssetCode, AssetId, ClientOrderId, Command, Event, FeeRate, Market,
    MarketId, Money, OrderId, OrderStatus, OrderView, Price, Qty, Refusal, Side, Stamped, StpMode, Symbol,
    Terms, Time, TimeInForce,
};

pub const BTC: AssetId = AssetId(0);
pub const USDT: AssetId = AssetId(1);
pub const ETH: AssetId = AssetId(2);
pub const M: MarketId = MarketId(0);
pub const SECOND: i64 = 1_000_000_000;

/// One whole coin, and the unit of a price of 1.
pub const ONE: i64 = 100_000_000;

pub const ALICE: AccountId = AccountId(10);
pub const BOB: AccountId = AccountId(20);
pub const CAROL: AccountId = AccountId(30);

pub fn asset(id: AssetId, code: &str) -> Asset {
    Asset { id, code: AssetCode::new(code).unwrap(), scale: 8 }
}

pub fn rules() -> Rules {
    let lot = LotRule { min: Qty(ONE / 100), max: Qty(1_000 * ONE), step: Qty(ONE / 100) };
    Rules {
        price_min: Price(ONE),
        price_max: Price(1_000_000 * ONE),
        tick: TickRule::Fixed(Price(ONE)),
        lot,
        market_lot: LotRule { min: Qty(0), max: Qty(500 * ONE), step: Qty(0) },
        notional_min: Money(i128::from(ONE)),
        notional_max: Money(i128::from(1_000_000_000) * i128::from(ONE)),
        average_minutes: 5,
        percent_price: PercentPriceRule { bid_up: 50_000, bid_down: 2_000, ask_up: 50_000, ask_down: 2_000 },
        iceberg_parts_max: 10,
        orders_max: 200,
        stops_max: 5,
        icebergs_max: 5,
        lists_max: 20,
        amends_max: 3,
        position_max: Money(0),
        trailing: (10, 2_000),
    }
}

pub fn market(id: MarketId, symbol: &str, base: Asset, quote: Asset, rules: Rules) -> Market {
    Market::new(id, Symbol::new(symbol).unwrap(), base, quote, 8, rules).unwrap()
}

/// An exchange under test, its clock, and the events of the last command.
pub struct World {
    pub x: Exchange,
    pub at: Time,
    pub events: Vec<Event>,
}

impl World {
    /// Two markets (BTCUSDT, ETHBTC); Alice, Bob and Carol with 1,000 BTC, 1,000,000 USDT and 1,000 ETH each;
    /// maker fee 0.1 %, taker fee 0.2 %.
    pub fn new() -> Self {
        Self::with(rules())
    }

    pub fn with(rules: Rules) -> Self {
        let mut w = Self { x: Exchange::new(), at: Time(1_700_000_000 * SECOND), events: Vec::new() };
        for (id, code) in [(BTC, "BTC"), (USDT, "USDT"), (ETH, "ETH")] {
            w.ok(Command::ListAsset(asset(id, code)));
        }
        let (btc, usdt, eth) = (asset(BTC, "BTC"), asset(USDT, "USDT"), asset(ETH, "ETH"));
        w.ok(Command::ListMarket(Box::new(market(M, "BTCUSDT", btc, usdt, rules.clone()))));
        w.ok(Command::ListMarket(Box::new(market(MarketId(1), "ETHBTC", eth, btc, rules))));
        for (account, name) in [(ALICE, "alice"), (BOB, "bob"), (CAROL, "carol")] {
            let name = AccountName::new(name).unwrap();
            let (maker, taker) = (FeeRate(100_000), FeeRate(200_000));
            w.ok(Command::OpenAccount { account, name, maker, taker });
            for (asset, whole) in [(BTC, 1_000), (USDT, 1_000_000), (ETH, 1_000)] {
                w.ok(Command::Deposit { account, asset, amount: coins(whole) });
            }
        }
        w
    }

    /// Applies; checks that a refusal changed nothing and that an acceptance breaks no invariant.
    pub fn apply(&mut self, input: Command) -> Result<(), Refusal> {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        self.x.snapshot(&mut before);
        let stamped = Stamped { at: self.at, seq: self.x.last_seq() + 1, input };
        self.events.clear();
        let result = self.x.apply(&stamped, &mut self.events);
        self.x.snapshot(&mut after);
        if result.is_err() {
            assert!(before == after && self.events.is_empty(), "a refusal left traces");
        } else {
            let mut again = Vec::new();
            Exchange::restore(&after).unwrap().snapshot(&mut again);
            assert!(after == again, "restoring changes the bytes");
        }
        assert_eq!(self.x.check(), []);
        result
    }

    pub fn ok(&mut self, input: Command) {
        let told = format!("{input:?}");
        if let Err(refusal) = self.apply(input) {
            panic!("{told}: {refusal}");
        }
    }

    /// Places an order and tells its id.
    pub fn place(&mut self, account: AccountId, side: Side, terms: Terms) -> OrderId {
        self.place_stp(account, side, terms, StpMode::None)
    }

    pub fn place_stp(&mut self, account: AccountId, side: Side, terms: Terms, stp: StpMode) -> OrderId {
        let mut new = order(account, side, terms, &format!("c{}", self.x.last_seq()));
        new.stp = stp;
        self.ok(Command::Place(new));
        OrderId(self.x.counters().orders)
    }

    /// The refusal of an order.
    pub fn refused(&mut self, account: AccountId, side: Side, terms: Terms) -> Refusal {
        let new = order(account, side, terms, &format!("c{}", self.x.last_seq()));
        self.apply(Command::Place(new)).expect_err("refused")
    }

    /// The changes of an order in the last command, with its status after each.
    pub fn story(&self, id: OrderId) -> Vec<(OrderStatus, &'static str)> {
        let own = self.events.iter().filter_map(|e| match e {
            Event::Order { order, change } if order.id == id => Some((order.status, word(change))),
            _ => None,
        });
        own.collect()
    }

    /// The state of an order after the last event about it in the last command.
    pub fn last_view(&self, id: OrderId) -> OrderView {
        let of = |e: &Event| match e {
            Event::Order { order, .. } if order.id == id => Some(*order),
            _ => None,
        };
        self.events.iter().rev().find_map(of).expect("an event about the order")
    }

    /// (available, locked) of a balance.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> (i128, i128) {
        let b = self.x.balance(account, asset);
        (b.available.0, b.locked.0)
    }
}

fn word(change: &OrderChange) -> &'static str {
    match change {
        OrderChange::New => "new",
        OrderChange::Working => "working",
        OrderChange::Trailing => "trailing",
        OrderChange::Trade(_) => "trade",
        OrderChange::Canceled { .. } => "canceled",
        OrderChange::Amended { .. } => "amended",
        OrderChange::Expired(ExpiryReason::ImmediateOrCancel) => "ioc",
        OrderChange::Expired(ExpiryReason::FillOrKill) => "fok",
        OrderChange::Expired(ExpiryReason::NoLiquidity) => "dry",
        OrderChange::Expired(ExpiryReason::OtherLeg) => "other leg",
        OrderChange::Expired(ExpiryReason::WorkingOrderEnded) => "working ended",
        OrderChange::Expired(ExpiryReason::FundsExhausted) => "funds",
        OrderChange::Rejected(_) => "rejected",
        OrderChange::SelfTradePrevented(_) => "prevented",
    }
}

pub const fn coins(whole: i64) -> Money {
    Money(whole as i128 * ONE as i128)
}

pub fn client(text: &str) -> ClientOrderId {
    ClientOrderId::new(text).unwrap()
}

pub fn order(account: AccountId, side: Side, terms: Terms, id: &str) -> NewOrder {
    let (client_id, tags) = (client(id), Tags::default());
    NewOrder { account, market: M, client_id, side, terms, stp: StpMode::None, tags }
}

pub fn cancel(account: AccountId, id: OrderId) -> Command {
    let (target, client_id) = (Target::Id(id), client("cancel"));
    Command::Cancel(Cancel { account, market: M, target, client_id, only_if: None })
}

/// A limit order: price in whole USDT, quantity in hundredths of a BTC.
pub const fn limit(price: i64, qty: i64) -> Terms {
    limit_tif(price, qty, TimeInForce::Gtc)
}

pub const fn limit_tif(price: i64, qty: i64, tif: TimeInForce) -> Terms {
    Terms::Limit { price: Price(price * ONE), qty: Qty(qty * ONE / 100), tif, display: None }
}

pub const fn maker(price: i64, qty: i64) -> Terms {
    Terms::LimitMaker { price: Price(price * ONE), qty: Qty(qty * ONE / 100), display: None }
}

/// A market order by hundredths of a BTC.
pub const fn market_qty(qty: i64) -> Terms {
    Terms::Market { amount: Amount::Base(Qty(qty * ONE / 100)) }
}

/// A market order by hundredths of a USDT.
pub const fn market_quote(cents: i64) -> Terms {
    Terms::Market { amount: Amount::Quote(Money(cents as i128 * ONE as i128 / 100)) }
}

pub const fn stop(kind: StopKind, at: i64, qty: i64) -> Terms {
    let trigger = Trigger { kind, stop: Some(Price(at * ONE)), trailing: None };
    Terms::Stop { trigger, qty: Qty(qty * ONE / 100), then: AfterTrigger::Market }
}

pub const fn stop_limit(kind: StopKind, at: i64, price: i64, qty: i64) -> Terms {
    let trigger = Trigger { kind, stop: Some(Price(at * ONE)), trailing: None };
    let then = AfterTrigger::Limit { price: Price(price * ONE), tif: TimeInForce::Gtc, display: None };
    Terms::Stop { trigger, qty: Qty(qty * ONE / 100), then }
}

pub fn leg(id: &str, side: Side, terms: Terms) -> Leg {
    Leg { client_id: client(id), side, terms, tags: Tags::default() }
}

pub fn list(account: AccountId, shape: ListShape) -> NewList {
    NewList { account, market: M, client_id: client("list"), stp: StpMode::None, shape }
}

/// LIMIT_MAKER above, STOP_LOSS below.
pub fn oco_sell(above: i64, below: i64, qty: i64) -> ListShape {
    ListShape::Oco {
        above: leg("above", Side::Sell, maker(above, qty)),
        below: leg("below", Side::Sell, stop(StopKind::StopLoss, below, qty)),
    }
}
