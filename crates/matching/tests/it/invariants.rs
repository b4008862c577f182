//! O3, O4 and O6, checked on the event stream and the book alone, without the twin.

use crate::random::runs;
use crate::twins::{Scene, Source, Step};
use matching::{Book, Incoming, Kind, MatchEvent, Removal, Resting};
use std::collections::BTreeMap;
use types::{OrderId, Price, Qty, Side, StpMode};

const SCENES: [Scene; 5] = [Scene::Tight, Scene::Wide, Scene::Drifting, Scene::OffTick, Scene::Extreme];

/// A book under random commands, with its state before and after each.
struct Watched {
    book: Book,
    before: Vec<Resting>,
    after: Vec<Resting>,
    events: Vec<MatchEvent>,
}

fn resting(book: &Book) -> Vec<Resting> {
    [Side::Buy, Side::Sell].iter().flat_map(|side| book.orders(*side)).collect()
}

/// Runs random commands through a book and shows each to `check`.
fn watch(mut check: impl FnMut(&Watched, &Step)) {
    let (seeds, commands) = runs(4, 1_500);
    for (scene, seed) in SCENES.iter().flat_map(|scene| seeds.iter().map(move |seed| (*scene, *seed))) {
        eprintln!("scene {scene:?}, MATCHING_SEED={seed}");
        let mut source = Source::new(scene, seed);
        let book = Book::new(source.units());
        let mut watched = Watched { book, before: Vec::new(), after: Vec::new(), events: Vec::new() };
        for _ in 0..commands {
            let live: Vec<OrderId> = watched.after.iter().map(|order| order.id).collect();
            let step = source.step(&live);
            watched.before = std::mem::take(&mut watched.after);
            watched.events.clear();
            match step {
                Step::Place(order) => watched.book.place(order, &mut watched.events),
                Step::Cancel(id) => {
                    watched.book.cancel(id, &mut watched.events);
                }
                Step::Reduce(id, left) => {
                    watched.book.reduce(id, left, &mut watched.events);
                }
                Step::SetUnits(units) => watched.book.set_units(units),
                Step::Restore => {}
            }
            watched.after = resting(&watched.book);
            check(&watched, &step);
        }
    }
}

const fn asked(order: &Incoming) -> Option<Qty> {
    match order.kind {
        Kind::Limit { qty, .. } | Kind::PostOnly { qty, .. } | Kind::Market { qty, .. } => Some(qty),
        Kind::MarketQuote { .. } => None,
    }
}

#[test]
fn o3_a_fill_has_two_sides_of_equal_quantity_and_price_and_one_taker() {
    let mut fills = 0;
    watch(|watched, step| {
        let mut left: BTreeMap<OrderId, Resting> = watched.before.iter().map(|o| (o.id, *o)).collect();
        for event in &watched.events {
            if let MatchEvent::Fill { maker, maker_owner, taker, price, qty, maker_left } = *event {
                let Step::Place(order) = step else { panic!("only a placed order trades") };
                let resting = left.get_mut(&maker).unwrap();
                assert!(qty.0 > 0 && order.id == taker && order.side == resting.side.opposite());
                assert_eq!((resting.price, resting.owner), (price, maker_owner));
                resting.left.0 -= qty.0;
                assert_eq!(resting.left, maker_left);
                fills += 1;
            }
        }
    });
    assert!(fills > 1_000, "{fills}");
}

#[test]
fn o3_what_was_asked_for_is_filled_prevented_rested_or_removed_to_the_last_unit() {
    watch(|watched, step| {
        let Step::Place(order) = step else { return };
        let Some(asked) = asked(order) else { return };
        let mut rest = i128::from(asked.0);
        let mut told = None;
        for event in &watched.events {
            match *event {
                MatchEvent::Fill { qty, .. } => rest -= i128::from(qty.0),
                MatchEvent::SelfTrade { qty, effect: StpMode::Decrement, .. } => rest -= i128::from(qty.0),
                MatchEvent::Rested { id, left } | MatchEvent::Removed { id, left, .. } if id == order.id => {
                    assert_eq!(told.replace(left), None, "an order has one end");
                }
                _ => {}
            }
        }
        assert_eq!(rest, i128::from(told.map_or(0, |left| left.0)));
    });
}

#[test]
fn o4_the_book_is_never_crossed_and_queues_are_in_order_of_arrival() {
    watch(|watched, _| {
        if let (Some(bid), Some(ask)) = (watched.book.best(Side::Buy), watched.book.best(Side::Sell)) {
            assert!(bid < ask, "{bid:?} {ask:?}");
        }
        for pair in watched.after.windows(2).filter(|pair| pair[0].side == pair[1].side) {
            let better = match pair[0].side {
                Side::Buy => pair[0].price > pair[1].price,
                Side::Sell => pair[0].price < pair[1].price,
            };
            assert!(better || (pair[0].price == pair[1].price && pair[0].arrival < pair[1].arrival));
        }
    });
}

#[test]
fn o4_makers_trade_best_price_first_and_in_order_of_arrival() {
    watch(|watched, step| {
        let Step::Place(order) = step else { return };
        // As they stand in the queue; an iceberg goes to the back of its level when it shows its next slice.
        let makers = watched.before.iter().filter(|o| o.side == order.side.opposite());
        let mut queue: Vec<Resting> = makers.copied().collect();
        for event in &watched.events {
            match *event {
                MatchEvent::Fill { maker, maker_left, .. } => {
                    assert_eq!(queue[0].id, maker);
                    queue[0].left = maker_left;
                    if maker_left.is_zero() {
                        queue.remove(0);
                    }
                }
                MatchEvent::Replenished { id, .. } => {
                    let back = queue.remove(0);
                    assert_eq!(back.id, id);
                    let behind = queue.iter().take_while(|o| o.price == back.price).count();
                    queue.insert(behind, back);
                }
                MatchEvent::SelfTrade { maker, .. } => assert_eq!(queue[0].id, maker),
                MatchEvent::Removed { id, reason: Removal::SelfTrade, .. } if id != order.id => {
                    assert_eq!(queue.remove(0).id, id);
                }
                _ => {}
            }
        }
    });
}

#[test]
fn o4_a_partial_fill_and_a_reduction_keep_the_place() {
    watch(|watched, step| {
        let arrivals: BTreeMap<OrderId, u64> = watched.before.iter().map(|o| (o.id, o.arrival)).collect();
        let replenished = |id: OrderId| {
            watched.events.iter().any(|e| matches!(e, MatchEvent::Replenished { id: one, .. } if *one == id))
        };
        for order in &watched.after {
            match arrivals.get(&order.id) {
                Some(arrival) if replenished(order.id) => assert!(order.arrival > *arrival),
                Some(arrival) => assert_eq!(order.arrival, *arrival, "{step:?}"),
                None => assert!(matches!(step, Step::Place(placed) if placed.id == order.id)),
            }
        }
    });
}

#[test]
fn o6_no_order_without_quantity_lives_and_none_shows_more_than_it_has() {
    watch(|watched, _| {
        for order in &watched.after {
            assert!(order.shown.0 > 0 && order.shown <= order.left);
            assert!(order.display.map_or(order.shown == order.left, |display| order.shown <= display));
        }
    });
}

#[test]
fn every_level_that_changed_is_told_once_with_its_final_quantity() {
    watch(|watched, step| {
        let level = |orders: &[Resting], side: Side, price: Price| -> i128 {
            let there = orders.iter().filter(|o| (o.side, o.price) == (side, price));
            there.map(|o| i128::from(o.shown.0)).sum()
        };
        let mut told: BTreeMap<(Side, Price), Qty> = BTreeMap::new();
        for event in &watched.events {
            if let MatchEvent::Level { side, price, qty } = *event {
                assert_eq!(told.insert((side, price), qty), None, "told twice: {step:?}");
            }
        }
        for order in watched.before.iter().chain(&watched.after) {
            let key = (order.side, order.price);
            let after = level(&watched.after, key.0, key.1);
            match told.get(&key) {
                Some(qty) => assert_eq!(i128::from(qty.0), after.min(i64::MAX.into())),
                None => assert_eq!(level(&watched.before, key.0, key.1), after, "not told: {step:?}"),
            }
        }
    });
}
