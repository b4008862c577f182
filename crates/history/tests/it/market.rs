//! A little exchange of our own that makes events, and the naive store that just keeps them all.

use history::{Applied, Config, Retention};
use proptest::prelude::*;
use types::event::{ExpiryReason, Fill, OrderChange, Trade};
use types::order::{Contingency, ListStatus, Tags};
use types::{
    AccountId, AssetId, ClientOrderId, Event, ListId, ListView, MarketId, Money, OrderId, OrderStatus,
    OrderView, Price, Qty, Side, StpMode, Terms, Time, TimeInForce, TradeId,
};

/// Accounts from here on are the exchange's own.
pub(crate) const INTERNAL: AccountId = AccountId(1_000);

/// A store that forgets nothing.
pub(crate) fn everything_kept() -> Config {
    let retention = Retention { trades: 0, bars: 0, orders: 0, fills: 0, order_days: 0 };
    Config { retention, ..Config::default() }
}

/// One step of the script.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) market: u16,
    pub(crate) maker: u32,
    pub(crate) taker: u32,
    pub(crate) buys: bool,
    /// (price, quantity) of each trade; none: the order is cancelled.
    pub(crate) trades: Vec<(i64, i64)>,
    pub(crate) later_ns: i64,
    pub(crate) list: bool,
}

pub(crate) fn steps(max: usize) -> impl Strategy<Value = Vec<Step>> {
    let account = prop_oneof![3 => 1..4_u32, 1 => Just(INTERNAL.0 + 1)];
    // Mostly within a second, sometimes over days, so that bars of all lengths close.
    let later =
        prop_oneof![4 => 0..400_000_000_i64, 2 => 0..90_000_000_000_i64, 1 => 0..900_000_000_000_000_i64];
    let step =
        (0..3_u16, account.clone(), account, any::<bool>(), trades(), later, proptest::bool::weighted(0.2));
    let step = step.prop_map(|(market, maker, taker, buys, trades, later_ns, list)| Step {
        market,
        maker,
        taker,
        buys,
        trades,
        later_ns,
        list,
    });
    proptest::collection::vec(step, 1..max)
}

fn trades() -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::vec((99..102_i64, 1..50_i64), 0..4)
}

/// Everything that was fed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) commands: Vec<(u64, Time, Vec<Event>)>,
    next_order: u64,
    next_trade: [u64; 3],
    now: i64,
}

impl Script {
    pub(crate) fn of(steps: &[Step]) -> Self {
        let mut script = Self { now: 1_795_175_407_000_000_000, ..Self::default() };
        for step in steps {
            script.step(step);
        }
        script
    }

    pub(crate) fn applied(&self) -> impl Iterator<Item = Applied<'_>> {
        self.commands.iter().map(|(seq, at, events)| Applied { seq: *seq, at: *at, events })
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.commands.iter().flat_map(|(_, _, events)| events)
    }

    fn order(&mut self, account: u32, step: &Step, side: Side) -> OrderView {
        self.next_order += 1;
        let client = format!("c{}", self.next_order % 7);
        OrderView {
            id: OrderId(self.next_order),
            account: AccountId(account),
            market: MarketId(step.market),
            client_id: ClientOrderId::new(&client).unwrap(),
            list: step.list.then_some(ListId(self.next_order)),
            side,
            terms: Terms::Limit { price: Price(100), qty: Qty(1_000), tif: TimeInForce::Ioc, display: None },
            stp: StpMode::None,
            tags: Tags::default(),
            status: OrderStatus::New,
            qty: Qty(1_000),
            executed: Qty(0),
            executed_quote: Money(0),
            prevented: Qty(0),
            created: Time(self.now),
            updated: Time(self.now),
            working_since: Some(Time(self.now)),
            trailing_since: None,
        }
    }

    fn step(&mut self, step: &Step) {
        self.now += step.later_ns;
        let at = Time(self.now);
        let (taker_side, maker_side) =
            if step.buys { (Side::Buy, Side::Sell) } else { (Side::Sell, Side::Buy) };
        let mut maker = self.order(step.maker, step, maker_side);
        let mut taker = self.order(step.taker, step, taker_side);
        let mut events = vec![Event::Order { order: taker, change: OrderChange::New }];
        let (previous, previous_qty) =
            (ClientOrderId::new("before").unwrap(), Qty(taker.qty.0 + step.later_ns));
        events.push(Event::Order { order: maker, change: OrderChange::Amended { previous, previous_qty } });
        for (price, qty) in &step.trades {
            self.trade(step, (*price, *qty), (&mut maker, &mut taker), &mut events);
        }
        maker.status = OrderStatus::Canceled;
        taker.status = OrderStatus::Expired;
        let by = ClientOrderId::new("bye").unwrap();
        events.push(Event::Order { order: maker, change: OrderChange::Canceled { by } });
        let reason = ExpiryReason::ImmediateOrCancel;
        events.push(Event::Order { order: taker, change: OrderChange::Expired(reason) });
        if step.list {
            events.push(Event::List(done_list(&taker, at)));
        }
        let seq = self.commands.len() as u64 + 1;
        self.commands.push((seq, at, events));
    }

    fn trade(
        &mut self,
        step: &Step,
        (price, qty): (i64, i64),
        (maker, taker): (&mut OrderView, &mut OrderView),
        events: &mut Vec<Event>,
    ) {
        let number = &mut self.next_trade[usize::from(step.market)];
        *number += 1;
        let id = TradeId(*number);
        let (buyer, seller) = if step.buys { (taker.id, maker.id) } else { (maker.id, taker.id) };
        let (price, qty, quote) = (Price(price), Qty(qty), Money(i128::from(price * qty)));
        for (order, is_maker) in [(maker, true), (taker, false)] {
            order.executed.0 += qty.0;
            order.status = OrderStatus::PartiallyFilled;
            let (fee, fee_asset) = (Money(1), AssetId(0));
            let fill = Fill { trade: id, price, qty, quote, fee, fee_asset, is_maker };
            events.push(Event::Order { order: *order, change: OrderChange::Trade(fill) });
        }
        let market = MarketId(step.market);
        let at = Time(self.now);
        let buyer_is_maker = !step.buys;
        events.push(Event::Trade(Trade { market, id, price, qty, quote, buyer_is_maker, buyer, seller, at }));
    }
}

fn done_list(order: &OrderView, at: Time) -> ListView {
    ListView {
        id: ListId(order.id.0),
        account: order.account,
        market: order.market,
        client_id: order.client_id,
        contingency: Contingency::Oco,
        status: ListStatus::AllDone,
        orders: [
            (order.id, order.client_id),
            (OrderId(order.id.0 + 1), order.client_id),
            (OrderId(0), order.client_id),
        ],
        legs: 2,
        updated: at,
    }
}
