//! Orders against bars. Times are nanoseconds; each bar lasts a second, its corners are at thirds.

use types::order::{AfterTrigger, Amount, StopKind, Trigger};
use types::{Bips, Outcome, Price, Side, Terms, TimeInForce, VenueReason};
use venue_sim::{Config, Latency, PricePath, Slippage, Touch};

use crate::desk::{Desk, ONE, PERPETUAL, Told, qty};

const S: i64 = 1_000_000_000;
const THIRD: i64 = 333_333_333;

fn desk(config: Config) -> Desk {
    Desk::new(PERPETUAL, config, 1_000_000)
}

fn market(hundredths: i64) -> Terms {
    Terms::Market { amount: Amount::Base(qty(hundredths)) }
}

fn limit(price: i64, tif: TimeInForce) -> Terms {
    Terms::Limit { price: Price(price * ONE), qty: qty(100), tif, display: None }
}

fn stop(kind: StopKind, stop: Option<i64>, trailing: Option<u32>, then: AfterTrigger) -> Terms {
    let trigger = Trigger { kind, stop: stop.map(|p| Price(p * ONE)), trailing: trailing.map(Bips) };
    Terms::Stop { trigger, qty: qty(100), then }
}

fn taker(at: i64, order: u32, price: i64) -> Told {
    Told::Fill { at, order, price, qty: 100, maker: false }
}

fn maker(at: i64, order: u32, price: i64) -> Told {
    Told::Fill { at, order, price, qty: 100, maker: true }
}

#[test]
fn a_market_order_meets_the_next_open_or_the_close_it_was_decided_on() {
    for (path, price) in [(PricePath::Open, 103), (PricePath::Close, 102), (PricePath::OpenLowHighClose, 103)]
    {
        let mut desk = desk(Config { path, ..Config::default() });
        assert_eq!(desk.bar(0, [100, 104, 99, 102], 10), []);
        desk.send(S, Side::Buy, market(100));
        assert_eq!(desk.bar(1, [103, 106, 101, 105], 10), [taker(S, 1, price)], "{path:?}");
    }
}

#[test]
fn an_order_on_its_way_meets_the_price_of_its_arrival_rounded_to_its_harm() {
    let latency = Latency::Constant { order_ns: THIRD / 2, report_ns: 7 };
    let mut desk = desk(Config { latency, ..Config::default() });
    desk.bar(0, [100, 104, 99, 102], 10);
    desk.send(S, Side::Buy, market(100));
    // Half way from the open of 103 to the high of 108: 105.5, so 106 on the tick.
    assert_eq!(desk.bar(1, [103, 108, 101, 105], 10), [taker(S + THIRD / 2 + 7, 1, 106)]);
}

#[test]
fn a_resting_order_needs_the_price_to_go_through_it() {
    let mut through = desk(Config::default());
    let mut at = desk(Config { touch: Touch::At, ..Config::default() });
    for desk in [&mut through, &mut at] {
        desk.bar(0, [100, 101, 99, 100], 10);
        desk.send(S, Side::Buy, limit(97, TimeInForce::Gtc));
    }
    assert_eq!(through.bar(1, [100, 101, 97, 98], 10), []);
    assert!(matches!(
        at.bar(1, [100, 101, 97, 98], 10)[..],
        [Told::Fill { order: 1, price: 97, maker: true, .. }]
    ));
    // Buys see the high first; from 102 to 95 the price passes 96 after six sevenths of the second third.
    let told = through.bar(2, [98, 102, 95, 96], 10);
    assert_eq!(told, [maker(2 * S + THIRD + (THIRD * 6 + 6) / 7, 1, 97)]);
}

#[test]
fn a_limit_that_is_marketable_takes_at_the_markets_price() {
    let mut desk = desk(Config { slippage: Slippage::Rate(5_000_000), ..Config::default() });
    desk.bar(0, [100, 101, 99, 100], 10);
    desk.send(S, Side::Buy, limit(102, TimeInForce::Gtc));
    // 5 % slippage would be 105: never beyond the limit.
    assert_eq!(desk.bar(1, [100, 101, 99, 100], 10), [taker(S, 1, 102)]);
    assert_eq!(desk.venue.slipped().0, 2 * i128::from(ONE));
}

#[test]
fn what_does_not_fill_at_once_ends_by_its_own_terms() {
    let mut desk = desk(Config { participation_bips: Some(1_000), ..Config::default() });
    desk.bar(0, [100, 101, 99, 100], 10);
    desk.send(S, Side::Buy, limit(99, TimeInForce::Ioc));
    let expired = |order| Told::Ended { at: S, order, how: Outcome::Expired };
    assert_eq!(desk.bar(1, [100, 101, 99, 100], 10), [expired(1)]);
    // A tenth of the volume of 5 is 0.5: the whole of 1 cannot be had at once.
    desk.send(2 * S, Side::Buy, limit(105, TimeInForce::Fok));
    desk.send(2 * S, Side::Buy, limit(105, TimeInForce::Ioc));
    let told = desk.bar(2, [100, 101, 99, 100], 5);
    let late = |order| Told::Ended { at: 2 * S, order, how: Outcome::Expired };
    let half = Told::Fill { at: 2 * S, order: 3, price: 100, qty: 50, maker: false };
    assert_eq!(told, [late(2), half, late(3)]);
}

#[test]
fn a_market_order_larger_than_the_volume_goes_on_in_the_next_bar() {
    let mut desk = desk(Config { participation_bips: Some(1_000), ..Config::default() });
    desk.bar(0, [100, 101, 99, 100], 10);
    desk.send(S, Side::Buy, market(150));
    let fill = |at, price, qty| Told::Fill { at, order: 1, price, qty, maker: false };
    assert_eq!(desk.bar(1, [100, 101, 99, 100], 10), [fill(S, 100, 100)]);
    assert_eq!(desk.bar(2, [104, 105, 103, 104], 0), []);
    assert_eq!(desk.bar(3, [107, 108, 103, 104], 10), [fill(3 * S, 107, 50)]);
}

#[test]
fn post_only_and_stops_that_would_act_at_once_are_rejected() {
    let mut desk = desk(Config::default());
    desk.bar(0, [100, 101, 99, 100], 10);
    desk.send(S, Side::Buy, Terms::LimitMaker { price: Price(100 * ONE), qty: qty(100), display: None });
    desk.send(S, Side::Sell, stop(StopKind::StopLoss, Some(101), None, AfterTrigger::Market));
    let rejected = |order, why| Told::Ended { at: S, order, how: Outcome::Rejected(why) };
    assert_eq!(desk.until(S), [rejected(1, VenueReason::WouldTake), rejected(2, VenueReason::WouldTrigger)]);
}

#[test]
fn the_stop_is_reached_before_the_target_unless_the_path_says_otherwise() {
    for (path, first) in [(PricePath::Open, 2), (PricePath::OpenHighLowClose, 3)] {
        let mut desk = desk(Config { path, ..Config::default() });
        desk.bar(0, [100, 101, 99, 100], 10);
        desk.send(S, Side::Buy, market(100));
        desk.bar(1, [100, 101, 99, 100], 10);
        desk.send(2 * S, Side::Sell, stop(StopKind::StopLoss, Some(95), None, AfterTrigger::Market));
        desk.send(2 * S, Side::Sell, limit(105, TimeInForce::Gtc));
        let told = desk.bar(2, [100, 110, 90, 100], 10);
        assert!(matches!(told[0], Told::Fill { order, .. } if order == first), "{path:?} {told:?}");
    }
}

#[test]
fn a_stop_fills_at_its_price_or_at_the_open_that_jumped_over_it() {
    let mut desk = desk(Config::default());
    desk.bar(0, [100, 101, 99, 100], 10);
    desk.send(S, Side::Sell, stop(StopKind::StopLoss, Some(95), None, AfterTrigger::Market));
    desk.send(S, Side::Sell, stop(StopKind::StopLoss, Some(90), None, AfterTrigger::Market));
    // Open 100, low 92: sells see the low first, 95 is passed after five eighths of the first third.
    let told = desk.bar(1, [100, 101, 92, 93], 10);
    assert_eq!(told, [taker(S + (THIRD * 5 + 7) / 8, 1, 95)]);
    assert_eq!(desk.bar(2, [85, 86, 84, 85], 10), [taker(2 * S, 2, 85)]);
}

#[test]
fn a_stop_limit_rests_when_the_price_has_gone_beyond_it() {
    let mut desk = desk(Config::default());
    desk.bar(0, [100, 101, 99, 100], 10);
    let then = AfterTrigger::Limit { price: Price(94 * ONE), tif: TimeInForce::Gtc, display: None };
    desk.send(S, Side::Sell, stop(StopKind::StopLoss, Some(95), None, then));
    // It opens below the limit: fired at 90, it waits for a price above 94, which the way to the high brings.
    let told = desk.bar(1, [90, 97, 88, 95], 10);
    assert!(matches!(told[..], [Told::Fill { order: 1, price: 94, maker: true, .. }]), "{told:?}");
}

#[test]
fn a_trailing_stop_keeps_what_it_has_seen_from_bar_to_bar() {
    let mut desk = desk(Config::default());
    desk.bar(0, [100, 101, 99, 100], 10);
    desk.send(S, Side::Sell, stop(StopKind::StopLoss, None, Some(1_000), AfterTrigger::Market));
    assert_eq!(desk.bar(1, [100, 120, 100, 118], 10), []);
    // Ten percent below 120.
    let told = desk.bar(2, [118, 119, 100, 101], 10);
    assert!(matches!(told[..], [Told::Fill { order: 1, price: 108, .. }]), "{told:?}");
}

#[test]
fn a_cancel_that_arrives_in_time_counts_and_a_late_one_does_not() {
    let latency = Latency::Constant { order_ns: 400_000_000, report_ns: 0 };
    let mut desk = desk(Config { latency, ..Config::default() });
    desk.bar(0, [100, 101, 99, 100], 10);
    desk.send(S, Side::Buy, limit(95, TimeInForce::Gtc));
    desk.bar(1, [100, 101, 99, 100], 10);
    desk.cancel(2 * S - 1, 1);
    // The price is at 94 only after two thirds; the cancel is there before.
    let told = desk.bar(2, [100, 101, 90, 92], 10);
    assert_eq!(told, [Told::Ended { at: 2 * S - 1 + 400_000_000, order: 1, how: Outcome::Canceled }]);
    desk.send(3 * S, Side::Buy, limit(80, TimeInForce::Gtc));
    desk.bar(3, [92, 93, 91, 92], 10);
    desk.cancel(4 * S + 300_000_000, 2);
    let told = desk.bar(4, [92, 93, 70, 75], 10);
    assert!(matches!(told[..], [Told::Fill { order: 2, price: 80, maker: true, .. }]), "{told:?}");
}

#[test]
fn slippage_follows_its_model() {
    for (slippage, price) in [
        (Slippage::None, 100),
        (Slippage::Rate(1_000_000), 101),
        // A tenth of the range of 20.
        (Slippage::Range(10_000_000), 102),
        // 10 % for the whole volume of 4; an order of 1 is a quarter: 2.5, rounded up to the tick.
        (Slippage::Volume(10_000_000), 103),
    ] {
        let mut desk = desk(Config { slippage, ..Config::default() });
        desk.bar(0, [100, 101, 99, 100], 10);
        desk.send(S, Side::Buy, market(100));
        assert_eq!(desk.bar(1, [100, 110, 90, 100], 4), [taker(S, 1, price)], "{slippage:?}");
    }
}
