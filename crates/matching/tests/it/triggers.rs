//! Triggers: Binance's table and scenarios, and the fast structure beside its twin.

use crate::random::{Random, runs};
use matching::triggers::trailing_stop;
use matching::{Conditional, TriggerEvent, Triggers, Waiting, naive};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use types::order::{StopKind, Trigger};
use types::{Bips, OrderId, Price, Side};

const FIRED: TriggerEvent = TriggerEvent::Fired { id: OrderId(1) };
const TRACKING: TriggerEvent = TriggerEvent::Tracking { id: OrderId(1) };

fn conditional(id: u64, side: Side, kind: StopKind, stop: Option<i64>, delta: Option<u32>) -> Conditional {
    let trigger = Trigger { kind, stop: stop.map(Price), trailing: delta.map(Bips) };
    Conditional { id: OrderId(id), side, trigger }
}

/// Tells the prices to both structures; what the last of them did.
fn play(order: Conditional, last: Option<i64>, prices: &[i64]) -> Vec<TriggerEvent> {
    let (mut fast, mut naive) = (Triggers::new(), naive::Triggers::new());
    let (mut events, mut twin) = (Vec::new(), Vec::new());
    fast.add(order, last.map(Price), &mut events);
    naive.add(order, last.map(Price), &mut twin);
    for price in prices {
        assert_eq!(events, twin);
        events.clear();
        twin.clear();
        fast.on_price(Price(*price), &mut events);
        naive.on_price(Price(*price), &mut twin);
    }
    assert_eq!(events, twin);
    events
}

#[test]
fn plain_stops_fire_in_the_direction_of_kind_and_side() {
    use StopKind::{StopLoss, TakeProfit};
    for (side, kind, fires, waits) in [
        (Side::Buy, StopLoss, 100, 99),
        (Side::Sell, TakeProfit, 100, 99),
        (Side::Sell, StopLoss, 100, 101),
        (Side::Buy, TakeProfit, 100, 101),
    ] {
        let order = conditional(1, side, kind, Some(100), None);
        assert_eq!(play(order, Some(waits), &[waits]), []);
        assert_eq!(play(order, Some(waits), &[waits, fires]), [FIRED]);
    }
}

/// Scenario A of Binance's "Spot Trailing Stop order FAQ" (read 2026-11-20), prices × 10.
#[test]
fn a_trailing_stop_loss_buy_follows_the_documented_scenario() {
    let order = conditional(1, Side::Buy, StopKind::StopLoss, Some(440_000), Some(500));
    let path = [370_000, 440_000, 460_000, 420_000, 440_999, 441_000];
    assert_eq!(play(order, Some(400_000), &path[..1]), []);
    assert_eq!(play(order, Some(400_000), &path[..2]), [TRACKING]);
    assert_eq!(play(order, Some(400_000), &path[..5]), []);
    assert_eq!(play(order, Some(400_000), &path), [FIRED]);
}

/// Scenario D.
#[test]
fn a_trailing_take_profit_sell_follows_the_documented_scenario() {
    let order = conditional(1, Side::Sell, StopKind::TakeProfit, Some(420_000), Some(750));
    let path = [415_000, 390_000, 420_000, 450_000, 440_000, 465_000, 430_126, 430_125];
    assert_eq!(play(order, Some(400_000), &path[..3]), [TRACKING]);
    assert_eq!(play(order, Some(400_000), &path[..7]), []);
    assert_eq!(play(order, Some(400_000), &path), [FIRED]);
}

/// Scenario E.
#[test]
fn without_a_stop_price_tracking_starts_at_once_or_with_the_first_price() {
    let order = conditional(1, Side::Sell, StopKind::StopLoss, None, Some(700));
    assert_eq!(play(order, Some(400_000), &[]), [TRACKING]);
    assert_eq!(play(order, None, &[]), []);
    assert_eq!(play(order, None, &[400_000]), [TRACKING]);
    let path = [420_000, 395_000, 455_000, 423_151, 423_150];
    assert_eq!(play(order, Some(400_000), &path[..4]), []);
    assert_eq!(play(order, Some(400_000), &path), [FIRED]);
}

#[test]
fn a_trailing_stop_is_rounded_so_that_it_fires_exactly_at_the_delta() {
    for best in [1, 7, 9_999, 10_000, 10_001, 123_457, i64::MAX / 2] {
        for delta in [1_u32, 3, 333, 9_999, 10_000] {
            let exact = |price: Price| i128::from(price.0) * 10_000;
            let share = i128::from(best) * i128::from(delta);
            let sell = trailing_stop(Side::Sell, Price(best), Bips(delta));
            assert!(exact(sell) <= exact(Price(best)) - share);
            assert!(exact(Price(sell.0 + 1)) > exact(Price(best)) - share || sell.0 + 1 == best);
            let buy = trailing_stop(Side::Buy, Price(best), Bips(delta));
            assert!(exact(buy) >= exact(Price(best)) + share);
            assert!(exact(Price(buy.0 - 1)) < exact(Price(best)) + share || buy.0 - 1 == best);
        }
    }
    assert_eq!(trailing_stop(Side::Buy, Price(i64::MAX), Bips(1)), Price(i64::MAX));
    assert_eq!(trailing_stop(Side::Sell, Price(i64::MIN), Bips(1)), Price(i64::MIN));
}

#[test]
fn orders_fired_by_one_price_fire_in_order_of_arrival() {
    let mut triggers = Triggers::new();
    let mut events = Vec::new();
    for (id, stop) in [(5, 103), (2, 101), (9, 102), (1, 101)] {
        triggers.add(conditional(id, Side::Buy, StopKind::StopLoss, Some(stop), None), None, &mut events);
    }
    triggers.add(
        conditional(7, Side::Buy, StopKind::StopLoss, None, Some(100)),
        Some(Price(99)),
        &mut events,
    );
    events.clear();
    triggers.on_price(Price(103), &mut events);
    assert_eq!(events, [5, 2, 9, 1, 7].map(|id| TriggerEvent::Fired { id: OrderId(id) }));
    assert!(triggers.is_empty());
}

#[test]
fn a_removed_order_never_fires() {
    for (last, delta) in [(None, None), (Some(Price(100)), Some(500)), (None, Some(500))] {
        let mut triggers = Triggers::new();
        let stop = delta.is_none().then_some(90);
        triggers.add(conditional(1, Side::Sell, StopKind::StopLoss, stop, delta), last, &mut Vec::new());
        assert!(triggers.contains(OrderId(1)) && triggers.remove(OrderId(1)));
        assert!(!triggers.contains(OrderId(1)) && !triggers.remove(OrderId(1)));
        let mut events = Vec::new();
        triggers.on_price(Price(1), &mut events);
        assert_eq!(events, []);
    }
}

/// One random command to both; compares what they say and hold.
fn step(random: &mut Random, fast: &mut Triggers, naive: &mut naive::Triggers, last: &mut i64, id: u64) {
    let (mut events, mut twin) = (Vec::new(), Vec::new());
    match random.below(16) {
        0..=5 => {
            let hostile = random.one_in(20);
            let side = random.pick(&[Side::Buy, Side::Sell]);
            let kind = random.pick(&[StopKind::StopLoss, StopKind::TakeProfit]);
            let delta = random.one_in(2).then(|| u32::try_from(random.within(1, 900)).unwrap());
            let near =
                if hostile { random.within(i64::MIN, i64::MAX) } else { *last + random.within(-900, 900) };
            let stop = (delta.is_none() || random.one_in(2)).then_some(near);
            // Sometimes a price that was not told: the structures must not rely on it.
            let untold = *last + random.within(-50, 50);
            let known = random.pick(&[None, Some(*last), Some(*last), Some(untold)]);
            let order = conditional(id, side, kind, stop, delta);
            fast.add(order, known.map(Price), &mut events);
            naive.add(order, known.map(Price), &mut twin);
        }
        6..=7 => {
            let id = OrderId(random.below(id + 1));
            assert_eq!(fast.remove(id), naive.remove(id));
            assert_eq!(fast.contains(id), naive.contains(id));
        }
        8 => {
            let waiting: Vec<Waiting> = naive.iter().collect();
            *naive = naive::Triggers::restore(fast.iter().collect::<Vec<_>>());
            *fast = Triggers::restore(waiting);
        }
        _ => {
            *last += random.within(-150, 150);
            let price = if random.one_in(500) { random.within(i64::MIN, i64::MAX) } else { *last };
            fast.on_price(Price(price), &mut events);
            naive.on_price(Price(price), &mut twin);
        }
    }
    assert_eq!(events, twin, "the events differ (fast left, naive right)");
    assert!(fast.iter().eq(naive.iter()), "what waits differs");
    assert_eq!((fast.len(), fast.is_empty()), (naive.len(), naive.is_empty()));
}

#[test]
fn o5_the_fast_triggers_equal_their_twin() {
    let (seeds, commands) = runs(8, 2_500);
    for seed in seeds {
        let mut random = Random::new(seed);
        let (mut fast, mut naive) = (Triggers::new(), naive::Triggers::new());
        let mut last = 10_000;
        for id in 0..commands {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                step(&mut random, &mut fast, &mut naive, &mut last, id);
            }));
            if let Err(panic) = outcome {
                eprintln!("failed: triggers, MATCHING_SEED={seed}, command {id}");
                resume_unwind(panic);
            }
        }
    }
}
