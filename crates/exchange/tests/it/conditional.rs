//! Conditional orders: firing, trailing, cascades, what a fired market buy can pay.

use crate::world::{
    ALICE, BOB, CAROL, M, ONE, USDT, World, cancel, coins, limit, limit_tif, market_qty, stop, stop_limit,
};
use types::order::{AfterTrigger, StopKind, Trigger};
use types::{Bips, Command, Event, OrderId, OrderStatus, Price, Qty, Side, Terms, TimeInForce};

/// Trades one BTC at `price` between Bob and Carol.
fn print(w: &mut World, price: i64) {
    w.place(BOB, Side::Sell, limit(price, 100));
    w.place(CAROL, Side::Buy, limit(price, 100));
}

#[test]
fn a_stop_limit_sell_waits_covered_and_fires_at_or_below_its_price() {
    let mut w = World::new();
    print(&mut w, 100);
    let id = w.place(ALICE, Side::Sell, stop_limit(StopKind::StopLoss, 95, 94, 100));
    assert_eq!(w.balance(ALICE, crate::world::BTC).1, coins(1).0);
    assert_eq!(w.last_view(id).working_since, None);
    print(&mut w, 96);
    assert_eq!(w.story(id), []);
    print(&mut w, 95);
    assert_eq!(w.story(id), [(OrderStatus::New, "working")]);
    assert_eq!(w.last_view(id).working_since, Some(w.at));
    let mut depth = Vec::new();
    w.x.depth(M, Side::Sell, 10, &mut depth);
    assert_eq!(depth, [(Price(94 * ONE), Qty(ONE))]);
}

#[test]
fn a_stop_buy_covers_its_stop_price_and_pays_more_out_of_what_is_available() {
    let mut w = World::new();
    print(&mut w, 100);
    w.ok(Command::Withdraw { account: ALICE, asset: USDT, amount: coins(1_000_000 - 250) });
    let id = w.place(ALICE, Side::Buy, stop(StopKind::StopLoss, 110, 200));
    assert_eq!(w.balance(ALICE, USDT), (coins(30).0, coins(220).0));
    w.place(BOB, Side::Sell, limit(120, 100));
    w.place(BOB, Side::Sell, limit(125, 100));
    w.place(BOB, Side::Sell, limit(130, 100));
    w.place(CAROL, Side::Buy, limit(120, 100));
    // Fired by 120: one at 125, then 1.25 for 130 buys 0.96.
    let story = [
        (OrderStatus::New, "working"),
        (OrderStatus::PartiallyFilled, "trade"),
        (OrderStatus::PartiallyFilled, "trade"),
        (OrderStatus::Expired, "funds"),
    ];
    assert_eq!(w.story(id), story);
    assert_eq!(w.last_view(id).executed, Qty(196 * ONE / 100));
    assert_eq!(w.balance(ALICE, USDT), (coins(250 - 125).0 - 96 * 130 * i128::from(ONE) / 100, 0));
}

#[test]
fn a_fired_market_order_on_an_empty_book_expires_and_frees_its_reservation() {
    let mut w = World::new();
    print(&mut w, 100);
    let id = w.place(ALICE, Side::Buy, stop(StopKind::TakeProfit, 90, 100));
    w.place(BOB, Side::Sell, limit(90, 50));
    w.place(CAROL, Side::Buy, limit(90, 50));
    assert_eq!(w.story(id), [(OrderStatus::New, "working"), (OrderStatus::Expired, "dry")]);
    assert_eq!(w.balance(ALICE, USDT), (coins(1_000_000).0, 0));
}

#[test]
fn a_trailing_sell_follows_the_best_price_and_fires_when_it_comes_back() {
    let mut w = World::new();
    print(&mut w, 100);
    let trigger =
        Trigger { kind: StopKind::TakeProfit, stop: Some(Price(110 * ONE)), trailing: Some(Bips(1_000)) };
    let terms = Terms::Stop { trigger, qty: Qty(ONE), then: AfterTrigger::Market };
    let id = w.place(ALICE, Side::Sell, terms);
    assert_eq!(w.story(id), [(OrderStatus::New, "new")]);
    print(&mut w, 110);
    assert_eq!(w.story(id), [(OrderStatus::New, "trailing")]);
    assert_eq!(w.last_view(id).trailing_since, Some(w.at));
    print(&mut w, 130);
    print(&mut w, 118);
    assert_eq!(w.story(id), []);
    w.place(BOB, Side::Buy, limit(116, 100));
    print(&mut w, 117);
    assert_eq!(w.story(id), [(OrderStatus::New, "working"), (OrderStatus::Filled, "trade")]);
}

#[test]
fn a_cascade_goes_on_until_nothing_fires_in_order_of_arrival() {
    let mut w = World::new();
    print(&mut w, 200);
    for price in (110..200).step_by(10) {
        w.place(BOB, Side::Buy, limit(price, 100));
    }
    // Each sale hits the next bid below and sets off the next stop.
    let stops: Vec<OrderId> =
        (0..5).map(|n| w.place(ALICE, Side::Sell, stop(StopKind::StopLoss, 190 - 10 * n, 100))).collect();
    w.place(CAROL, Side::Sell, limit(190, 100));
    let fired: Vec<OrderId> = w
        .events
        .iter()
        .filter_map(|e| match e {
            Event::Order { order, change: types::event::OrderChange::Working } => Some(order.id),
            _ => None,
        })
        .collect();
    assert_eq!(fired, stops);
    assert_eq!(w.x.last_price(M), Some(Price(140 * ONE)));
    for id in stops {
        assert_eq!(w.story(id), [(OrderStatus::New, "working"), (OrderStatus::Filled, "trade")]);
    }
}

#[test]
fn every_price_of_a_sweep_is_looked_at() {
    let mut w = World::new();
    print(&mut w, 100);
    w.place(BOB, Side::Sell, limit(110, 100));
    w.place(BOB, Side::Sell, limit(120, 100));
    let at_110 = w.place(ALICE, Side::Sell, stop_limit(StopKind::TakeProfit, 110, 300, 100));
    let above = w.place(ALICE, Side::Buy, stop_limit(StopKind::StopLoss, 121, 121, 100));
    w.place(CAROL, Side::Buy, limit(120, 200));
    assert_eq!(w.story(at_110), [(OrderStatus::New, "working")]);
    assert_eq!(w.story(above), []);
}

#[test]
fn a_fired_ioc_order_expires_and_a_waiting_one_can_be_cancelled() {
    let mut w = World::new();
    print(&mut w, 100);
    let then = AfterTrigger::Limit { price: Price(80 * ONE), tif: TimeInForce::Ioc, display: None };
    let trigger = Trigger { kind: StopKind::StopLoss, stop: Some(Price(90 * ONE)), trailing: None };
    let id = w.place(ALICE, Side::Sell, Terms::Stop { trigger, qty: Qty(ONE), then });
    let other = w.place(ALICE, Side::Sell, stop(StopKind::StopLoss, 90, 100));
    w.ok(cancel(ALICE, other));
    assert_eq!(w.story(other), [(OrderStatus::Canceled, "canceled")]);
    print(&mut w, 90);
    assert_eq!(w.story(id), [(OrderStatus::New, "working"), (OrderStatus::Expired, "ioc")]);
    assert_eq!(w.story(other), []);
    w.place(BOB, Side::Buy, limit_tif(50, 1_000, TimeInForce::Gtc));
    w.place(ALICE, Side::Sell, market_qty(1_000));
}
