//! The rules one by one, on small books, in both books at once.

use crate::twins::{Step, Twins, units};
use matching::{Cost, Incoming, Kind, MatchEvent, Removal, Resting, RestoreError};
use types::{AccountId, Money, OrderId, Price, Qty, Side, StpMode, TimeInForce};

use MatchEvent::{Fill, Level, Reduced, Removed, Replenished, Rested, SelfTrade};
use Side::{Buy, Sell};

/// Two books under the same commands, written briefly.
struct Table(Twins);

impl Table {
    fn new() -> Self {
        Self(Twins::new(units(1, 1)))
    }

    fn place(&mut self, id: u64, owner: u32, side: Side, kind: Kind, stp: StpMode) -> Vec<MatchEvent> {
        let order = Incoming { id: OrderId(id), owner: AccountId(owner), side, kind, stp };
        self.step(Step::Place(order))
    }

    /// A GTC order of the account with the number of the order.
    fn rest(&mut self, id: u64, side: Side, price: i64, qty: i64) -> Vec<MatchEvent> {
        let owner = u32::try_from(id).unwrap();
        self.place(id, owner, side, limit(price, qty, TimeInForce::Gtc), StpMode::None)
    }

    fn iceberg(&mut self, id: u64, side: Side, price: i64, qty: i64, display: i64) -> Vec<MatchEvent> {
        let kind = Kind::Limit {
            price: Price(price),
            qty: Qty(qty),
            tif: TimeInForce::Gtc,
            display: Some(Qty(display)),
        };
        self.place(id, u32::try_from(id).unwrap(), side, kind, StpMode::None)
    }

    fn step(&mut self, step: Step) -> Vec<MatchEvent> {
        self.0.apply(step);
        self.0.compare();
        self.0.events.clone()
    }

    /// Ids and what is left, in priority order.
    fn queue(&self, side: Side) -> Vec<(u64, i64)> {
        self.0.fast.orders(side).map(|order| (order.id.0, order.left.0)).collect()
    }
}

fn limit(price: i64, qty: i64, tif: TimeInForce) -> Kind {
    Kind::Limit { price: Price(price), qty: Qty(qty), tif, display: None }
}

fn fill(maker: u64, taker: u64, price: i64, qty: i64, left: i64) -> MatchEvent {
    Fill {
        maker: OrderId(maker),
        maker_owner: AccountId(u32::try_from(maker).unwrap()),
        taker: OrderId(taker),
        price: Price(price),
        qty: Qty(qty),
        maker_left: Qty(left),
    }
}

fn level(side: Side, price: i64, qty: i64) -> MatchEvent {
    Level { side, price: Price(price), qty: Qty(qty) }
}

fn removed(id: u64, left: i64, reason: Removal) -> MatchEvent {
    Removed { id: OrderId(id), left: Qty(left), reason }
}

fn rested(id: u64, left: i64) -> MatchEvent {
    Rested { id: OrderId(id), left: Qty(left) }
}

fn prevented(maker: u64, taker: u64, qty: i64, effect: StpMode) -> MatchEvent {
    SelfTrade { maker: OrderId(maker), taker: OrderId(taker), price: Price(100), qty: Qty(qty), effect }
}

#[test]
fn a_limit_order_takes_what_it_reaches_and_rests_with_the_rest() {
    let mut table = Table::new();
    assert_eq!(table.rest(1, Sell, 101, 5), [rested(1, 5), level(Sell, 101, 5)]);
    table.rest(2, Sell, 100, 4);
    table.rest(3, Sell, 101, 3);
    table.rest(4, Sell, 103, 9);
    assert_eq!(
        table.rest(5, Buy, 102, 20),
        [
            fill(2, 5, 100, 4, 0),
            level(Sell, 100, 0),
            fill(1, 5, 101, 5, 0),
            fill(3, 5, 101, 3, 0),
            level(Sell, 101, 0),
            rested(5, 8),
            level(Buy, 102, 8),
        ]
    );
    assert_eq!((table.queue(Buy), table.queue(Sell)), (vec![(5, 8)], vec![(4, 9)]));
    assert_eq!(table.0.fast.last_price(), Some(Price(101)));
}

#[test]
fn o5_ioc_expires_what_it_does_not_get() {
    let mut table = Table::new();
    table.rest(1, Sell, 100, 5);
    let kind = limit(100, 7, TimeInForce::Ioc);
    assert_eq!(
        table.place(2, 2, Buy, kind, StpMode::None),
        [fill(1, 2, 100, 5, 0), level(Sell, 100, 0), removed(2, 2, Removal::ImmediateOrCancel),]
    );
}

#[test]
fn o5_fok_takes_all_or_nothing_and_counts_what_is_hidden() {
    let mut table = Table::new();
    table.iceberg(1, Sell, 100, 10, 2);
    table.rest(2, Sell, 101, 5);
    let fok = |price, qty| limit(price, qty, TimeInForce::Fok);
    let killed = |id, qty| vec![removed(id, qty, Removal::FillOrKill)];
    assert_eq!(table.place(3, 3, Buy, fok(100, 11), StpMode::None), killed(3, 11));
    assert_eq!(table.place(4, 4, Buy, fok(101, 16), StpMode::None), killed(4, 16));
    assert_eq!(table.queue(Sell), [(1, 10), (2, 5)]);
    let events = table.place(5, 5, Buy, fok(101, 15), StpMode::None);
    assert_eq!(events.iter().filter(|event| matches!(event, Fill { .. })).count(), 6);
    assert_eq!(table.queue(Sell), []);
}

#[test]
fn o5_fok_counts_own_orders_as_self_trade_prevention_will_treat_them() {
    use StpMode::{Decrement, ExpireBoth, ExpireMaker, ExpireTaker};
    // An iceberg of another stands first, then an own order, then another's.
    let build = || {
        let mut table = Table::new();
        table.iceberg(1, Sell, 100, 6, 2);
        table.rest(7, Sell, 100, 4);
        table.rest(3, Sell, 100, 5);
        table
    };
    for (stp, most) in
        [(StpMode::None, 15), (ExpireMaker, 11), (ExpireTaker, 2), (ExpireBoth, 2), (Decrement, 2)]
    {
        let mut table = build();
        let kind = limit(100, most + 1, TimeInForce::Fok);
        let killed = [removed(8, most + 1, Removal::FillOrKill)];
        assert_eq!(table.place(8, 7, Buy, kind, stp), killed, "{stp:?}");
        assert_eq!(table.queue(Sell), [(1, 6), (7, 4), (3, 5)]);
        let events = table.place(9, 7, Buy, limit(100, most, TimeInForce::Fok), stp);
        let filled = |event: &MatchEvent| if let Fill { qty, .. } = event { qty.0 } else { 0 };
        assert_eq!(events.iter().map(filled).sum::<i64>(), most, "{stp:?}");
    }
}

#[test]
fn o5_post_only_never_takes() {
    let mut table = Table::new();
    table.rest(1, Sell, 100, 5);
    let post = |price| Kind::PostOnly { price: Price(price), qty: Qty(3), display: None };
    assert_eq!(table.place(2, 2, Buy, post(100), StpMode::None), [removed(2, 3, Removal::WouldTake)]);
    assert_eq!(table.place(3, 3, Buy, post(99), StpMode::None), [rested(3, 3), level(Buy, 99, 3)]);
    assert!(table.0.fast.would_take(Buy, Price(100)) && !table.0.fast.would_take(Buy, Price(99)));
}

#[test]
fn a_market_order_ends_where_the_book_or_its_money_ends() {
    let mut table = Table::new();
    table.rest(1, Sell, 100, 5);
    table.rest(2, Sell, 110, 5);
    let market = |qty, budget: Option<i128>| Kind::Market { qty: Qty(qty), budget: budget.map(Money) };
    // 500 for the first level leaves 329: two lots at 110.
    assert_eq!(
        table.place(3, 3, Buy, market(9, Some(829)), StpMode::None),
        [
            fill(1, 3, 100, 5, 0),
            level(Sell, 100, 0),
            fill(2, 3, 110, 2, 3),
            level(Sell, 110, 3),
            removed(3, 2, Removal::BudgetSpent),
        ]
    );
    assert_eq!(
        table.place(4, 4, Buy, market(4, None), StpMode::None),
        [fill(2, 4, 110, 3, 0), level(Sell, 110, 0), removed(4, 1, Removal::NoLiquidity),]
    );
    assert_eq!(table.place(5, 5, Buy, market(1, None), StpMode::None), [removed(5, 1, Removal::NoLiquidity)]);
}

#[test]
fn a_quote_budget_is_spent_in_whole_lots() {
    let mut table = Table(Twins::new(units(1, 10)));
    table.rest(1, Sell, 7, 100);
    let quote = |budget| Kind::MarketQuote { budget: Money(budget) };
    // 30 at 7 cost 210; the 69 left do not pay another lot of ten.
    assert_eq!(
        table.place(2, 2, Buy, quote(279), StpMode::None),
        [fill(1, 2, 7, 30, 70), level(Sell, 7, 70), removed(2, 0, Removal::BudgetSpent),]
    );
    assert_eq!(table.place(3, 3, Buy, quote(69), StpMode::None), [removed(3, 0, Removal::BudgetSpent)]);
    let events = table.place(4, 4, Buy, quote(1_000), StpMode::None);
    assert_eq!(events.last(), Some(&removed(4, 0, Removal::NoLiquidity)));
}

#[test]
fn an_iceberg_shows_a_slice_and_goes_to_the_back_with_the_next() {
    let mut table = Table::new();
    assert_eq!(table.iceberg(1, Sell, 100, 10, 4), [rested(1, 10), level(Sell, 100, 4)]);
    table.rest(2, Sell, 100, 3);
    assert_eq!(
        table.rest(3, Buy, 100, 8),
        [
            fill(1, 3, 100, 4, 6),
            Replenished { id: OrderId(1), shown: Qty(4) },
            fill(2, 3, 100, 3, 0),
            fill(1, 3, 100, 1, 5),
            level(Sell, 100, 3),
        ]
    );
    let order = table.0.fast.get(OrderId(1)).unwrap();
    assert_eq!((order.left, order.shown), (Qty(5), Qty(3)));
}

#[test]
fn a_reduction_takes_what_is_hidden_first_and_keeps_the_place() {
    let mut table = Table::new();
    table.iceberg(1, Buy, 100, 10, 4);
    table.rest(2, Buy, 100, 3);
    let reduce = |left| Step::Reduce(OrderId(1), Qty(left));
    assert_eq!(table.step(reduce(5)), [Reduced { id: OrderId(1), left: Qty(5) }, level(Buy, 100, 7)]);
    assert_eq!(table.step(reduce(1)), [Reduced { id: OrderId(1), left: Qty(1) }, level(Buy, 100, 4)]);
    for refused in [1, 2, 0, -1] {
        assert_eq!(table.step(reduce(refused)), []);
    }
    assert_eq!(table.queue(Buy), [(1, 1), (2, 3)]);
    assert_eq!(table.step(Step::Cancel(OrderId(1))), [removed(1, 1, Removal::Canceled), level(Buy, 100, 3)]);
    assert_eq!(table.step(Step::Cancel(OrderId(1))), []);
}

#[test]
fn o5_self_trade_prevention_follows_the_takers_mode() {
    use StpMode::{Decrement, ExpireBoth, ExpireMaker, ExpireTaker};
    let gone = |id, left| removed(id, left, Removal::SelfTrade);
    let run = |stp| {
        let mut table = Table::new();
        table.rest(7, Sell, 100, 3);
        table.rest(2, Sell, 100, 1);
        table.place(9, 7, Buy, limit(100, 5, TimeInForce::Gtc), stp)
    };
    let rest = |left| [rested(9, left), level(Buy, 100, left)];
    let expected = [prevented(7, 9, 3, ExpireMaker), gone(7, 3), fill(2, 9, 100, 1, 0), level(Sell, 100, 0)];
    assert_eq!(run(ExpireMaker), [&expected[..], &rest(4)].concat());
    assert_eq!(run(ExpireTaker), [prevented(7, 9, 3, ExpireTaker), level(Sell, 100, 4), gone(9, 5)]);
    assert_eq!(
        run(ExpireBoth),
        [prevented(7, 9, 3, ExpireBoth), gone(7, 3), level(Sell, 100, 1), gone(9, 5)]
    );
    let expected = [prevented(7, 9, 3, Decrement), gone(7, 0), fill(2, 9, 100, 1, 0), level(Sell, 100, 0)];
    assert_eq!(run(Decrement), [&expected[..], &rest(1)].concat());
    let expected = [fill(7, 9, 100, 3, 0), fill(2, 9, 100, 1, 0), level(Sell, 100, 0)];
    assert_eq!(run(StpMode::None), [&expected[..], &rest(1)].concat());
}

#[test]
fn decrementing_takes_from_a_larger_maker_and_ends_the_taker() {
    let mut table = Table::new();
    table.iceberg(7, Sell, 100, 9, 4);
    let events = table.place(9, 7, Buy, limit(100, 6, TimeInForce::Gtc), StpMode::Decrement);
    let stp = StpMode::Decrement;
    assert_eq!(events, [prevented(7, 9, 6, stp), level(Sell, 100, 3), removed(9, 0, Removal::SelfTrade)]);
    assert_eq!(table.queue(Sell), [(7, 3)]);
}

#[test]
fn a_prevented_trade_costs_a_quantity_but_no_money() {
    let mut table = Table::new();
    table.rest(7, Sell, 100, 2);
    table.rest(2, Sell, 100, 9);
    // Of five wanted two are prevented; the budget of three pays the other three.
    let kind = Kind::Market { qty: Qty(5), budget: Some(Money(300)) };
    let stp = StpMode::Decrement;
    assert_eq!(
        table.place(9, 7, Buy, kind, stp),
        [
            prevented(7, 9, 2, stp),
            removed(7, 0, Removal::SelfTrade),
            fill(2, 9, 100, 3, 6),
            level(Sell, 100, 6),
        ]
    );
    // Of an order that is money alone, a prevented trade takes its price.
    table.rest(8, Sell, 99, 2);
    let kind = Kind::MarketQuote { budget: Money(398) };
    assert_eq!(
        table.place(10, 8, Buy, kind, stp),
        [
            SelfTrade { maker: OrderId(8), taker: OrderId(10), price: Price(99), qty: Qty(2), effect: stp },
            removed(8, 0, Removal::SelfTrade),
            level(Sell, 99, 0),
            fill(2, 10, 100, 2, 4),
            level(Sell, 100, 4),
            removed(10, 0, Removal::BudgetSpent),
        ]
    );
}

#[test]
fn the_cost_of_a_quantity_counts_hidden_orders_and_skips_the_owners_own() {
    let mut table = Table::new();
    table.iceberg(1, Sell, 100, 10, 1);
    table.rest(2, Sell, 101, 10);
    let cost = |qty, skip: Option<u32>| table.0.fast.cost_of(Buy, Qty(qty), skip.map(AccountId));
    assert_eq!(cost(12, None), Cost { qty: Qty(12), notional: Money(1_202) });
    assert_eq!(cost(12, Some(1)), Cost { qty: Qty(10), notional: Money(1_010) });
    assert_eq!(table.0.fast.cost_of(Sell, Qty(1), None), Cost::default());
}

#[test]
fn what_did_not_come_from_a_book_is_not_restored() {
    let order = |id: u64, side, price, left, shown, arrival| Resting {
        id: OrderId(id),
        owner: AccountId(1),
        side,
        price: Price(price),
        left: Qty(left),
        shown: Qty(shown),
        display: None,
        arrival,
    };
    let restore = |orders: &[Resting]| {
        let fast = matching::Book::restore(units(1, 1), None, 5, orders.iter().copied());
        let naive = matching::naive::Book::restore(units(1, 1), None, 5, orders.iter().copied());
        assert_eq!(fast.as_ref().err(), naive.as_ref().err());
        fast.err()
    };
    let good = order(1, Buy, 100, 5, 5, 1);
    assert_eq!(restore(&[good]), None);
    assert_eq!(restore(&[good, order(1, Buy, 99, 5, 5, 2)]), Some(RestoreError::DuplicateId(OrderId(1))));
    assert_eq!(restore(&[order(1, Buy, 100, 0, 0, 1)]), Some(RestoreError::Quantity(OrderId(1))));
    assert_eq!(restore(&[order(1, Buy, 100, 5, 4, 1)]), Some(RestoreError::Quantity(OrderId(1))));
    assert_eq!(restore(&[good, order(2, Buy, 101, 5, 5, 2)]), Some(RestoreError::Order(OrderId(2))));
    assert_eq!(restore(&[good, order(2, Buy, 100, 5, 5, 0)]), Some(RestoreError::Order(OrderId(2))));
    assert_eq!(restore(&[order(1, Buy, 100, 5, 5, 5)]), Some(RestoreError::Order(OrderId(1))));
    assert_eq!(restore(&[good, order(2, Sell, 100, 5, 5, 2)]), Some(RestoreError::Crossed));
}

#[test]
#[should_panic(expected = "is live already")]
fn an_id_that_is_live_is_a_callers_mistake() {
    let mut table = Table::new();
    table.rest(1, Buy, 100, 5);
    table.rest(1, Buy, 99, 5);
}

#[test]
#[should_panic(expected = "shows none or more than all of it")]
fn an_iceberg_that_shows_more_than_it_has_is_a_callers_mistake() {
    Table::new().iceberg(1, Buy, 100, 5, 6);
}
