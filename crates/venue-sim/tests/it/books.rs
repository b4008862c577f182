//! Orders against recorded books and prints.

use types::depth::{DepthDiff, DepthSnapshot, Level};
use types::order::{AfterTrigger, Amount, StopKind, Trigger};
use types::{MarketNews, Money, Outcome, Price, Print, Qty, Side, Terms, TimeInForce, TradeId, VenueReason};
use venue_sim::{Config, Latency, Queue};

use crate::desk::{Desk, ONE, PERPETUAL, Told, qty};

struct Feed {
    desk: Desk,
    update: u64,
    trade: u64,
}

fn level(price: i64, hundredths: i64) -> Level {
    (Price(price * ONE), qty(hundredths))
}

/// Bids 99 × 2, 98 × 5; asks 101 × 1, 102 × 3, 105 × 10.
fn feed(config: Config) -> Feed {
    let mut desk = Desk::new(PERPETUAL, config, 1_000_000);
    let bids = vec![level(99, 200), level(98, 500)];
    let asks = vec![level(101, 100), level(102, 300), level(105, 1_000)];
    desk.event(0, MarketNews::Snapshot(DepthSnapshot { last: 1, bids, asks }));
    Feed { desk, update: 1, trade: 0 }
}

impl Feed {
    fn diff(&mut self, at: i64, bids: &[Level], asks: &[Level]) -> Vec<Told> {
        let mut told = self.desk.until(at);
        self.update += 1;
        let (first, last) = (self.update, self.update);
        self.desk
            .event(at, MarketNews::Diff(DepthDiff { first, last, bids: bids.to_vec(), asks: asks.to_vec() }));
        told.extend(self.desk.until(at));
        told
    }

    fn print(&mut self, at: i64, price: i64, hundredths: i64, buyer_is_maker: bool) -> Vec<Told> {
        let mut told = self.desk.until(at);
        self.trade += 1;
        let (price, qty) = (Price(price * ONE), qty(hundredths));
        let quote = Money(i128::from(price.0) * i128::from(qty.0) / i128::from(ONE));
        let print = Print { id: TradeId(self.trade), price, qty, quote, buyer_is_maker, at: types::Time(at) };
        self.desk.event(at, MarketNews::Print(print));
        told.extend(self.desk.until(at));
        told
    }

    fn send(&mut self, at: i64, side: Side, terms: Terms) -> Vec<Told> {
        self.desk.send(at, side, terms);
        self.desk.until(at)
    }
}

fn market(hundredths: i64) -> Terms {
    Terms::Market { amount: Amount::Base(qty(hundredths)) }
}

fn limit(price: i64, hundredths: i64, tif: TimeInForce) -> Terms {
    Terms::Limit { price: Price(price * ONE), qty: qty(hundredths), tif, display: None }
}

fn fill(at: i64, order: u32, price: i64, qty: i64, maker: bool) -> Told {
    Told::Fill { at, order, price, qty, maker }
}

#[test]
fn a_taker_walks_the_book_and_leaves_it_thinner_until_it_is_shown_anew() {
    let mut feed = feed(Config::default());
    let told = feed.send(1, Side::Buy, market(250));
    assert_eq!(told, [fill(1, 1, 101, 100, false), fill(1, 1, 102, 150, false)]);
    // 101 is gone and half of 102: what is not shown anew stays taken.
    assert_eq!(feed.send(2, Side::Buy, market(100)), [fill(2, 2, 102, 100, false)]);
    feed.diff(3, &[], &[level(101, 80)]);
    let told = feed.send(4, Side::Buy, market(100));
    assert_eq!(told, [fill(4, 3, 101, 80, false), fill(4, 3, 102, 20, false)]);
}

#[test]
fn a_market_order_gets_what_the_book_has_and_no_more() {
    let mut feed = feed(Config::default());
    let told = feed.send(1, Side::Sell, market(900));
    let expired = Told::Ended { at: 1, order: 1, how: Outcome::Expired };
    assert_eq!(told, [fill(1, 1, 99, 200, false), fill(1, 1, 98, 500, false), expired]);
}

#[test]
fn a_limit_takes_what_is_within_it_and_rests_with_the_rest() {
    let mut feed = feed(Config::default());
    assert_eq!(feed.send(1, Side::Buy, limit(101, 150, TimeInForce::Gtc)), [fill(1, 1, 101, 100, false)]);
    assert_eq!(feed.desk.venue.live(), 1);
    let ioc = feed.send(2, Side::Buy, limit(102, 400, TimeInForce::Ioc));
    assert_eq!(ioc, [fill(2, 2, 102, 300, false), Told::Ended { at: 2, order: 2, how: Outcome::Expired }]);
    let fok = feed.send(3, Side::Sell, limit(98, 701, TimeInForce::Fok));
    assert_eq!(fok, [Told::Ended { at: 3, order: 3, how: Outcome::Expired }]);
    let post = Terms::LimitMaker { price: Price(99 * ONE), qty: qty(10), display: None };
    let rejected = Outcome::Rejected(VenueReason::WouldTake);
    assert_eq!(feed.send(4, Side::Sell, post), [Told::Ended { at: 4, order: 4, how: rejected }]);
}

#[test]
fn a_budget_walks_the_book_too() {
    let mut feed = feed(Config::default());
    let budget = Amount::Quote(Money(305 * i128::from(ONE)));
    let told = feed.send(1, Side::Buy, Terms::Market { amount: budget });
    // 101 for the first, 204 for two more at 102.
    let end = Told::Ended { at: 1, order: 1, how: Outcome::Expired };
    assert_eq!(told, [fill(1, 1, 101, 100, false), fill(1, 1, 102, 200, false), end]);
}

#[test]
fn a_resting_order_waits_for_those_before_it() {
    let mut feed = feed(Config::default());
    feed.send(1, Side::Buy, limit(99, 100, TimeInForce::Gtc));
    // Two stand before us. Somebody joins behind, somebody takes 1.5, the taker of a sell order does not concern us.
    feed.diff(2, &[level(99, 300)], &[]);
    assert_eq!(feed.print(3, 99, 150, true), []);
    assert_eq!(feed.print(4, 99, 500, false), []);
    // Half a unit before us is left.
    assert_eq!(feed.print(5, 99, 80, true), [fill(5, 1, 99, 30, true)]);
    assert_eq!(feed.print(6, 99, 10, true), [fill(6, 1, 99, 10, true)]);
    // A print below our price: whoever sold there would have met us first.
    assert_eq!(feed.print(7, 98, 500, true), [fill(7, 1, 99, 60, true)]);
}

#[test]
fn the_queue_models_differ_in_whom_they_take_for_the_canceller() {
    for (queue, filled) in [(Queue::Conservative, 0), (Queue::Probability { power: 1 }, 50)] {
        let mut feed = feed(Config { queue, ..Config::default() });
        feed.send(1, Side::Buy, limit(99, 100, TimeInForce::Gtc));
        feed.diff(2, &[level(99, 400)], &[]);
        // 2 of 4 cancelled; half of them stood before us.
        feed.diff(3, &[level(99, 200)], &[]);
        let told = feed.print(4, 99, 150, true);
        let got = told.iter().map(|t| if let Told::Fill { qty, .. } = t { *qty } else { 0 }).sum::<i64>();
        assert_eq!(got, filled, "{queue:?}");
    }
}

#[test]
fn a_book_that_comes_to_our_price_fills_us_with_what_it_shows() {
    let mut feed = feed(Config::default());
    feed.send(1, Side::Buy, limit(100, 100, TimeInForce::Gtc));
    let told = feed.diff(2, &[], &[level(100, 40)]);
    assert_eq!(told, [fill(2, 1, 100, 40, true)]);
    assert_eq!(feed.diff(3, &[], &[level(103, 40)]), [], "what we took is not there twice");
    assert_eq!(feed.diff(4, &[], &[level(100, 500)]), [fill(4, 1, 100, 60, true)]);
}

#[test]
fn two_orders_of_ours_share_a_print() {
    let mut feed = feed(Config::default());
    feed.send(1, Side::Sell, limit(101, 100, TimeInForce::Gtc));
    feed.send(1, Side::Sell, limit(100, 100, TimeInForce::Gtc));
    // The better price first, then what is left of the print waits behind the shown quantity at 101.
    let told = feed.print(2, 101, 220, false);
    assert_eq!(told, [fill(2, 2, 100, 100, true), fill(2, 1, 101, 20, true)]);
}

#[test]
fn stops_follow_the_prints() {
    let mut feed = feed(Config::default());
    let trigger = |stop, trailing| Trigger {
        kind: StopKind::StopLoss,
        stop: Option::map(stop, |p: i64| Price(p * ONE)),
        trailing: Option::map(trailing, types::Bips),
    };
    let order = |trigger| Terms::Stop { trigger, qty: qty(100), then: AfterTrigger::Market };
    feed.print(1, 100, 1, true);
    feed.send(2, Side::Sell, order(trigger(Some(97), None)));
    feed.send(2, Side::Sell, order(trigger(None, Some(500))));
    assert_eq!(feed.print(3, 98, 1, true), []);
    assert_eq!(feed.print(4, 104, 1, false), []);
    // 5 % below 104 is 98.8.
    assert_eq!(feed.print(5, 98, 1, true), [fill(5, 2, 99, 100, false)]);
    assert_eq!(feed.print(6, 97, 1, true), [fill(6, 1, 99, 100, false)]);
}

#[test]
fn an_order_meets_the_book_of_its_arrival() {
    let latency = Latency::Constant { order_ns: 10, report_ns: 5 };
    let mut feed = feed(Config { latency, ..Config::default() });
    feed.desk.send(1, Side::Buy, market(100));
    feed.diff(9, &[], &[level(101, 0), level(102, 0), level(104, 100)]);
    assert_eq!(feed.desk.until(20), [fill(16, 1, 104, 100, false)]);
}

#[test]
fn without_a_known_book_orders_wait_for_it() {
    let mut feed = feed(Config::default());
    feed.update += 5;
    feed.diff(1, &[level(97, 1)], &[]);
    assert_eq!(feed.send(2, Side::Buy, market(100)), []);
    let snapshot = DepthSnapshot { last: 50, bids: vec![level(90, 100)], asks: vec![level(91, 100)] };
    feed.desk.event(3, MarketNews::Snapshot(snapshot));
    assert_eq!(feed.desk.until(3), [fill(3, 1, 91, 100, false)]);
}

#[test]
fn a_market_of_prints_alone_fills_with_the_prints() {
    let mut feed = Feed { desk: Desk::new(PERPETUAL, Config::default(), 1_000), update: 0, trade: 0 };
    feed.print(1, 100, 10, true);
    feed.desk.send(2, Side::Buy, market(100));
    assert_eq!(feed.print(3, 101, 60, false), [fill(3, 1, 101, 60, false)]);
    assert_eq!(feed.print(4, 102, 60, true), [fill(4, 1, 102, 40, false)]);
    feed.desk.send(5, Side::Sell, limit(105, 50, TimeInForce::Gtc));
    assert_eq!(feed.print(6, 104, 60, true), []);
    assert_eq!(feed.print(7, 105, 60, false), [], "touched is not passed");
    assert_eq!(feed.print(8, 106, 30, false), [fill(8, 2, 105, 30, true)]);
    assert_eq!(feed.desk.position(), 70 * ONE / 100 + Qty(0).0);
}
