//! Order lists: OCO, OTO, OTOCO from beginning to end.

use crate::world::{
    ALICE, BOB, BTC, CAROL, M, USDT, World, cancel, client, coins, leg, limit, limit_tif, list, maker,
    market_qty, oco_sell, stop, stop_limit,
};
use types::command::{ListShape, ListTarget, NewList};
use types::order::{ListStatus, StopKind};
use types::{Command, Event, ListView, OrderId, OrderStatus, Refusal, Side, TimeInForce};

/// A world in which 100 traded last.
fn traded() -> World {
    let mut w = World::new();
    print(&mut w, 100);
    w
}

fn print(w: &mut World, price: i64) {
    w.place(BOB, Side::Sell, limit(price, 100));
    w.place(CAROL, Side::Buy, limit(price, 100));
}

/// Places a list and tells the ids of its orders.
fn place(w: &mut World, new: NewList) -> Vec<OrderId> {
    let before = w.x.counters().orders;
    w.ok(Command::PlaceList(Box::new(new)));
    (before + 1..=w.x.counters().orders).map(OrderId).collect()
}

fn statuses(w: &World) -> Vec<ListStatus> {
    w.events
        .iter()
        .filter_map(|e| if let Event::List(ListView { status, .. }) = e { Some(*status) } else { None })
        .collect()
}

#[test]
fn an_oco_reserves_once_and_its_stop_expires_when_the_limit_trades_in_part() {
    let mut w = traded();
    let ids = place(&mut w, list(ALICE, oco_sell(110, 90, 300)));
    assert_eq!(statuses(&w), [ListStatus::Executing]);
    assert_eq!(w.balance(ALICE, BTC), (coins(997).0, coins(3).0));
    w.place(BOB, Side::Buy, limit(110, 100));
    assert_eq!(w.story(ids[1]), [(OrderStatus::Expired, "other leg")]);
    assert_eq!(w.story(ids[0]), [(OrderStatus::PartiallyFilled, "trade")]);
    assert_eq!(statuses(&w), []);
    w.place(BOB, Side::Buy, limit(110, 200));
    assert_eq!(statuses(&w), [ListStatus::AllDone]);
    assert_eq!(w.balance(ALICE, BTC), (coins(997).0, 0));
}

#[test]
fn an_oco_buy_reserves_the_larger_leg_and_frees_the_difference() {
    let mut w = traded();
    let (above, below) = (stop_limit(StopKind::StopLoss, 110, 120, 100), maker(90, 100));
    let shape = ListShape::Oco { above: leg("a", Side::Buy, above), below: leg("b", Side::Buy, below) };
    let ids = place(&mut w, list(ALICE, shape));
    assert_eq!(w.balance(ALICE, USDT).1, coins(120).0);
    w.place(BOB, Side::Sell, limit(90, 50));
    assert_eq!(w.story(ids[0]), [(OrderStatus::Expired, "other leg")]);
    assert_eq!(w.balance(ALICE, USDT), (coins(1_000_000 - 90).0, coins(45).0));
}

#[test]
fn an_oco_stop_that_fires_takes_the_limit_out_of_the_book() {
    let mut w = traded();
    let ids = place(&mut w, list(ALICE, oco_sell(110, 90, 100)));
    w.place(CAROL, Side::Buy, limit(85, 100));
    print(&mut w, 90);
    assert_eq!(w.story(ids[0]), [(OrderStatus::Expired, "other leg")]);
    assert_eq!(w.story(ids[1]), [(OrderStatus::New, "working"), (OrderStatus::Filled, "trade")]);
    assert_eq!(statuses(&w), [ListStatus::AllDone]);
    let mut depth = Vec::new();
    w.x.depth(M, Side::Sell, 10, &mut depth);
    assert_eq!(depth, []);
}

#[test]
fn cancelling_a_leg_or_the_list_or_all_cancels_every_leg_once() {
    for way in 0..4 {
        let mut w = traded();
        let ids = place(&mut w, list(ALICE, oco_sell(110, 90, 100)));
        let by = client("by");
        w.ok(match way {
            0 => cancel(ALICE, ids[0]),
            1 => cancel(ALICE, ids[1]),
            2 => Command::CancelList {
                account: ALICE,
                market: M,
                target: ListTarget::Client(client("list")),
                client_id: by,
            },
            _ => Command::CancelAll { account: ALICE, market: M, client_id: by },
        });
        for id in &ids {
            assert_eq!(w.story(*id), [(OrderStatus::Canceled, "canceled")], "{way}");
        }
        assert_eq!(statuses(&w), [ListStatus::AllDone]);
        assert_eq!(w.balance(ALICE, BTC), (coins(1_000).0, 0));
        let again = Command::CancelList {
            account: ALICE,
            market: M,
            target: ListTarget::Client(client("list")),
            client_id: by,
        };
        assert_eq!(w.apply(again), Err(Refusal::UnknownOrder));
    }
}

#[test]
fn an_oto_places_its_pending_order_when_the_working_one_is_filled() {
    let mut w = traded();
    let shape = ListShape::Oto {
        working: leg("w", Side::Buy, limit(95, 200)),
        pending: leg("p", Side::Sell, limit(105, 200)),
    };
    let ids = place(&mut w, list(ALICE, shape));
    assert_eq!(w.story(ids[1]), [(OrderStatus::PendingNew, "new")]);
    assert_eq!((w.balance(ALICE, USDT).1, w.balance(ALICE, BTC).1), (coins(190).0, 0));
    w.place(BOB, Side::Sell, limit(95, 100));
    assert_eq!(w.story(ids[1]), []);
    w.place(BOB, Side::Sell, limit(95, 100));
    assert_eq!(w.story(ids[0]), [(OrderStatus::Filled, "trade")]);
    assert_eq!(w.story(ids[1]), [(OrderStatus::New, "working")]);
    assert_eq!((w.balance(ALICE, USDT).1, w.balance(ALICE, BTC).1), (0, coins(2).0));
    w.place(BOB, Side::Buy, limit(105, 200));
    assert_eq!(statuses(&w), [ListStatus::AllDone]);
}

#[test]
fn a_working_order_that_fills_at_once_releases_a_market_order_at_once() {
    let mut w = traded();
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(CAROL, Side::Buy, limit(99, 100));
    let shape = ListShape::Oto {
        working: leg("w", Side::Buy, limit(100, 100)),
        pending: leg("p", Side::Sell, market_qty(99)),
    };
    let ids = place(&mut w, list(ALICE, shape));
    assert_eq!(w.story(ids[0]), [(OrderStatus::New, "new"), (OrderStatus::Filled, "trade")]);
    let story =
        [(OrderStatus::PendingNew, "new"), (OrderStatus::New, "working"), (OrderStatus::Filled, "trade")];
    assert_eq!(w.story(ids[1]), story);
    assert_eq!(statuses(&w), [ListStatus::Executing, ListStatus::AllDone]);
}

#[test]
fn a_pending_order_expires_when_the_working_one_does() {
    let mut w = traded();
    let shape = ListShape::Otoco {
        working: leg("w", Side::Buy, limit_tif(95, 200, TimeInForce::Ioc)),
        above: leg("a", Side::Sell, maker(110, 200)),
        below: leg("b", Side::Sell, stop(StopKind::StopLoss, 90, 200)),
    };
    let ids = place(&mut w, list(ALICE, shape));
    assert_eq!(w.story(ids[0]), [(OrderStatus::New, "new"), (OrderStatus::Expired, "ioc")]);
    for id in &ids[1..] {
        assert_eq!(w.story(*id), [(OrderStatus::PendingNew, "new"), (OrderStatus::Expired, "working ended")]);
    }
    assert_eq!(statuses(&w), [ListStatus::Executing, ListStatus::AllDone]);
}

#[test]
fn a_pending_order_without_money_or_too_late_is_rejected() {
    let mut w = traded();
    w.ok(Command::Withdraw { account: ALICE, asset: BTC, amount: coins(1_000) });
    // After the fee less than 1 BTC is there.
    let shape = ListShape::Oto {
        working: leg("w", Side::Buy, limit(100, 100)),
        pending: leg("p", Side::Sell, limit(105, 100)),
    };
    let ids = place(&mut w, list(ALICE, shape));
    w.place(BOB, Side::Sell, limit(100, 100));
    assert_eq!(w.story(ids[1]), [(OrderStatus::Rejected, "rejected")]);
    assert_eq!(statuses(&w), [ListStatus::AllDone]);
    // The stop of the pair is reached by the very trade that fills the working order.
    let shape = ListShape::Otoco {
        working: leg("w2", Side::Buy, limit(90, 50)),
        above: leg("a", Side::Sell, maker(110, 50)),
        below: leg("b", Side::Sell, stop(StopKind::StopLoss, 92, 50)),
    };
    let ids = place(&mut w, list(ALICE, shape));
    w.place(BOB, Side::Sell, limit(90, 50));
    assert_eq!(w.story(ids[1]), [(OrderStatus::Expired, "other leg")]);
    assert_eq!(w.story(ids[2]), [(OrderStatus::Rejected, "rejected")]);
    assert_eq!(w.balance(ALICE, BTC).1, 0);
}

#[test]
fn an_otoco_becomes_an_oco() {
    let mut w = traded();
    let shape = ListShape::Otoco {
        working: leg("w", Side::Buy, limit(99, 100)),
        above: leg("a", Side::Sell, maker(110, 100)),
        below: leg("b", Side::Sell, stop_limit(StopKind::StopLoss, 90, 89, 100)),
    };
    let ids = place(&mut w, list(ALICE, shape));
    w.place(BOB, Side::Sell, limit(99, 100));
    assert_eq!(w.balance(ALICE, BTC).1, coins(1).0, "reserved once");
    print(&mut w, 90);
    assert_eq!(w.story(ids[1]), [(OrderStatus::Expired, "other leg")]);
    assert_eq!(w.story(ids[2]), [(OrderStatus::New, "working")]);
    w.ok(cancel(ALICE, ids[2]));
    assert_eq!(statuses(&w), [ListStatus::AllDone]);
}

#[test]
fn lists_that_make_no_sense_are_refused() {
    let mut w = traded();
    let oco = |above, below| ListShape::Oco { above, below };
    let (up, down) = (maker(110, 100), stop(StopKind::StopLoss, 90, 100));
    let sell = |id, terms| leg(id, Side::Sell, terms);
    for (shape, refusal) in [
        (oco(sell("a", up), sell("b", up)), Refusal::BadCombination),
        (oco(sell("a", down), sell("b", up)), Refusal::BadCombination),
        (oco(sell("a", up), leg("b", Side::Buy, down)), Refusal::BadCombination),
        (oco(sell("a", up), sell("b", stop(StopKind::StopLoss, 90, 200))), Refusal::BadCombination),
        (oco(sell("a", up), sell("a", down)), Refusal::DuplicateClientId),
        (oco(sell("a", maker(99, 100)), sell("b", down)), Refusal::OcoPrices),
        (oco(sell("a", up), sell("b", stop(StopKind::StopLoss, 105, 100))), Refusal::OcoPrices),
        (
            ListShape::Oto { working: sell("a", market_qty(100)), pending: sell("b", up) },
            Refusal::BadCombination,
        ),
    ] {
        let result = w.apply(Command::PlaceList(Box::new(list(ALICE, shape))));
        assert_eq!(result, Err(refusal), "{shape:?}");
    }
    w.ok(Command::PlaceList(Box::new(list(ALICE, oco_sell(110, 90, 100)))));
    let twice = Command::PlaceList(Box::new(list(ALICE, oco(sell("x", up), sell("y", down)))));
    assert_eq!(w.apply(twice), Err(Refusal::DuplicateClientId));
    let poor = list(BOB, oco_sell(110, 90, 100_000));
    w.place(BOB, Side::Sell, limit(200, 10));
    assert!(matches!(w.apply(Command::PlaceList(Box::new(poor))), Err(Refusal::InsufficientBalance { .. })));
}
