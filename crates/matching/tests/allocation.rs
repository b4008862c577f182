//! A book that has seen its largest size allocates nothing per command: counted by the allocator of this binary.

#![allow(clippy::unwrap_used, reason = "a test may stop at what cannot happen")]

#[path = "it/random.rs"]
#[allow(dead_code, reason = "this binary uses a part")]
mod random;
#[path = "it/twins.rs"]
#[allow(dead_code, reason = "this binary uses a part")]
mod twins;

use matching::{Book, Incoming, Kind, MatchEvent};
use random::Random;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use types::{AccountId, OrderId, Price, Qty, Side, StpMode, TimeInForce};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Orders kept alive: half of them in the window, half far from it.
const LIVE: u64 = 4_000;

/// Places one order; two of three near the touch, some far from it, some crossing it, some hidden.
fn place(random: &mut Random, book: &mut Book, id: u64, events: &mut Vec<MatchEvent>) {
    let side = if random.one_in(2) { Side::Buy } else { Side::Sell };
    let reach = random.pick(&[-3, 2_000, 500_000]);
    let away = random.within(-3, reach.max(1));
    let price = Price(1_000_000_000 + if side == Side::Buy { -away } else { away });
    let qty = Qty(random.within(1, 50));
    let tif = if random.one_in(8) { TimeInForce::Ioc } else { TimeInForce::Gtc };
    let display = (random.one_in(4) && tif == TimeInForce::Gtc).then(|| Qty(random.within(1, qty.0)));
    let kind = Kind::Limit { price, qty, tif, display };
    let owner = AccountId(u32::try_from(random.below(50)).unwrap());
    book.place(Incoming { id: OrderId(id), owner, side, kind, stp: StpMode::ExpireMaker }, events);
}

/// `count` commands: each order placed is cancelled, if it still lives, when [`LIVE`] later ones have come.
fn run(random: &mut Random, book: &mut Book, ids: std::ops::Range<u64>, events: &mut Vec<MatchEvent>) {
    for id in ids {
        events.clear();
        place(random, book, id, events);
        if id > LIVE {
            book.cancel(OrderId(id - LIVE), events);
        }
        book.reduce(OrderId(id - random.below(id.min(LIVE))), Qty(1), events);
    }
}

#[test]
fn a_warm_book_allocates_nothing() {
    let mut random = Random::new(1);
    let mut book = Book::new(twins::units(1, 1));
    let mut events = Vec::with_capacity(4_096);
    run(&mut random, &mut book, 1..200_000, &mut events);
    let far = book.levels(Side::Buy).filter(|(price, _)| price.0 < 1_000_000_000 - 50_000).count();
    assert!(book.len() > 2_000 && far > 100, "{} orders, {far} far levels", book.len());
    let region = Region::new(ALLOCATOR);
    run(&mut random, &mut book, 200_000..400_000, &mut events);
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0), "{change:?}");
}
