//! Amend and cancel-replace, cancel targets and conditions.

use crate::world::{
    ALICE, BOB, BTC, CAROL, M, ONE, USDT, World, cancel, client, coins, leg, limit, list, maker, oco_sell,
    order, stop,
};
use types::command::{Cancel, CancelCondition, ListShape, ReplaceMode, Target};
use types::order::{ListStatus, StopKind};
use types::{AccountId, Command, Event, OrderId, OrderStatus, Qty, Refusal, Side, Terms};

fn amend(account: AccountId, id: OrderId, hundredths: i64, new_id: &str) -> Command {
    let (target, qty) = (Target::Id(id), Qty(hundredths * ONE / 100));
    Command::Amend { account, market: M, target, qty, client_id: client(new_id) }
}

#[test]
fn an_amended_order_keeps_its_place_and_frees_the_difference() {
    let mut w = World::new();
    let first = w.place(ALICE, Side::Buy, limit(100, 300));
    let second = w.place(BOB, Side::Buy, limit(100, 300));
    w.ok(amend(ALICE, first, 200, "renamed"));
    assert_eq!(w.story(first), [(OrderStatus::New, "amended")]);
    assert_eq!(w.balance(ALICE, USDT).1, coins(200).0);
    w.place(CAROL, Side::Sell, limit(100, 100));
    assert_eq!(w.story(first), [(OrderStatus::PartiallyFilled, "trade")]);
    assert_eq!(w.story(second), []);
    for (hundredths, refusal) in [
        (200, Refusal::AmendQuantity),
        (201, Refusal::AmendQuantity),
        (100, Refusal::AmendQuantity),
        (0, Refusal::AmendQuantity),
    ] {
        assert_eq!(w.apply(amend(ALICE, first, hundredths, "renamed")), Err(refusal));
    }
    assert_eq!(w.apply(amend(BOB, first, 150, "x")), Err(Refusal::UnknownOrder));
    let odd = Command::Amend {
        account: ALICE,
        market: M,
        target: Target::Id(first),
        qty: Qty(ONE + 1),
        client_id: client("y"),
    };
    assert_eq!(w.apply(odd), Err(Refusal::LotSize { qty: Qty(ONE + 1) }));
    w.ok(amend(ALICE, first, 150, "renamed"));
    assert_eq!(w.balance(ALICE, USDT).1, coins(50).0);
    // The old client id is free, the new one is taken.
    w.ok(Command::Place(order(ALICE, Side::Buy, limit(90, 100), "c9")));
    assert_eq!(
        w.apply(Command::Place(order(ALICE, Side::Buy, limit(90, 100), "renamed"))),
        Err(Refusal::DuplicateClientId)
    );
    let last = w.place(ALICE, Side::Buy, limit(80, 100));
    assert_eq!(w.apply(amend(ALICE, last, 50, "renamed")), Err(Refusal::DuplicateClientId));
}

#[test]
fn amendments_are_counted() {
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(CAROL, Side::Buy, limit(100, 100));
    let waiting = w.place(ALICE, Side::Sell, stop(StopKind::StopLoss, 90, 1_000));
    for n in 1..=3 {
        w.ok(amend(ALICE, waiting, 1_000 - n, "same"));
        assert_eq!(w.balance(ALICE, BTC).1, i128::from((1_000 - n) * ONE / 100));
    }
    assert_eq!(w.apply(amend(ALICE, waiting, 100, "same")), Err(Refusal::TooManyAmends { max: 3 }));
}

#[test]
fn an_order_of_a_list_is_amended_alone_and_its_list_tells_the_new_name() {
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(CAROL, Side::Buy, limit(100, 100));
    w.ok(Command::PlaceList(Box::new(list(ALICE, oco_sell(110, 90, 100)))));
    let below = OrderId(w.x.counters().orders);
    let above = OrderId(below.0 - 1);
    let locked = |w: &World| w.balance(ALICE, BTC).1;
    let before = locked(&w);
    w.ok(amend(ALICE, below, 50, "leg"));
    assert_eq!(locked(&w), before, "the other leg still needs all of it");
    let told: Vec<_> = w
        .events
        .iter()
        .filter_map(|event| match event {
            Event::List(list) => Some((list.status, list.orders[1])),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(ListStatus::Executing, (below, client("leg")))]);
    w.ok(amend(ALICE, above, 50, "other"));
    assert_eq!(locked(&w), before / 2, "both legs are half as large");
    w.ok(amend(ALICE, above, 40, "other"));
    assert!(!w.events.iter().any(|event| matches!(event, Event::List(_))), "no name changed");
    // One leg goes, so does the other; nothing stays reserved.
    w.place(BOB, Side::Buy, limit(110, 40));
    assert_eq!(w.story(above).last(), Some(&(OrderStatus::Filled, "trade")));
    assert_eq!(w.story(below).last().map(|last| last.0), Some(OrderStatus::Expired));
    assert_eq!(locked(&w), 0);
}

#[test]
fn the_working_order_of_an_oto_is_amended_and_the_pending_one_is_not() {
    let mut w = World::new();
    w.ok(Command::PlaceList(Box::new(list(
        ALICE,
        ListShape::Oto {
            working: leg("w", Side::Buy, limit(90, 100)),
            pending: leg("p", Side::Sell, limit(105, 100)),
        },
    ))));
    let pending = OrderId(w.x.counters().orders);
    let working = OrderId(pending.0 - 1);
    assert_eq!(w.apply(amend(ALICE, pending, 50, "p")), Err(Refusal::AmendKind));
    w.ok(amend(ALICE, working, 60, "w"));
    w.place(BOB, Side::Sell, limit(90, 60));
    assert_eq!(w.story(working).last(), Some(&(OrderStatus::Filled, "trade")));
    assert_eq!(
        w.story(pending).last().map(|last| last.0),
        Some(OrderStatus::New),
        "placed with its own quantity"
    );
}

#[test]
fn cancel_targets_and_conditions() {
    let mut w = World::new();
    w.ok(Command::Place(order(ALICE, Side::Buy, limit(100, 200), "mine")));
    let id = OrderId(1);
    let with = |account, target, only_if| {
        Command::Cancel(Cancel { account, market: M, target, client_id: client("k"), only_if })
    };
    let mine = Target::Client(client("mine"));
    for command in [
        with(BOB, Target::Id(id), None),
        with(BOB, mine, None),
        with(ALICE, Target::Id(OrderId(2)), None),
        with(ALICE, Target::Both(id, client("other")), None),
        Command::Cancel(Cancel {
            account: ALICE,
            market: types::MarketId(1),
            target: mine,
            client_id: client("k"),
            only_if: None,
        }),
    ] {
        assert_eq!(w.apply(command), Err(Refusal::UnknownOrder));
    }
    assert_eq!(
        w.apply(with(ALICE, mine, Some(CancelCondition::PartiallyFilled))),
        Err(Refusal::CancelCondition)
    );
    w.place(BOB, Side::Sell, limit(100, 100));
    assert_eq!(w.apply(with(ALICE, mine, Some(CancelCondition::New))), Err(Refusal::CancelCondition));
    w.ok(with(ALICE, Target::Both(id, client("mine")), Some(CancelCondition::PartiallyFilled)));
    assert_eq!(w.story(id), [(OrderStatus::Canceled, "canceled")]);
    let all = Command::CancelAll { account: ALICE, market: M, client_id: client("k") };
    assert_eq!(w.apply(all), Err(Refusal::UnknownOrder));
}

fn replace(id: OrderId, terms: Terms, client_id: &str, mode: ReplaceMode) -> Command {
    let cancel =
        Cancel { account: ALICE, market: M, target: Target::Id(id), client_id: client("k"), only_if: None };
    Command::Replace { cancel, new: order(ALICE, Side::Buy, terms, client_id), mode }
}

fn refusals(w: &World) -> Vec<(u32, Refusal)> {
    let one = |e: &Event| {
        if let Event::Refused { index, refusal } = e { Some((*index, refusal.clone())) } else { None }
    };
    w.events.iter().filter_map(one).collect()
}

#[test]
fn replace_uses_what_its_cancel_frees_and_tells_what_did_not_work() {
    use ReplaceMode::{AllowFailure, StopOnFailure};
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(500, 100));
    w.ok(Command::Place(order(ALICE, Side::Buy, limit(100, 100_000), "a")));
    // All the money is in the old order; even the client id is its own.
    w.ok(Command::Withdraw { account: ALICE, asset: USDT, amount: coins(900_000) });
    w.ok(replace(OrderId(2), limit(100, 99_999), "a", StopOnFailure));
    assert_eq!(w.story(OrderId(2)), [(OrderStatus::Canceled, "canceled")]);
    assert_eq!(w.story(OrderId(3)), [(OrderStatus::New, "new")]);
    // Both fail: nothing happens.
    let unknown = || Box::new(Refusal::UnknownOrder);
    let stopped = Refusal::Replace { cancel: unknown(), new: None };
    assert_eq!(w.apply(replace(OrderId(2), limit(100, 1), "b", StopOnFailure)), Err(stopped));
    let lot = Box::new(Refusal::LotSize { qty: Qty(0) });
    let both = Refusal::Replace { cancel: unknown(), new: Some(lot) };
    assert_eq!(w.apply(replace(OrderId(2), limit(100, 0), "b", AllowFailure)), Err(both));
    // The cancel works, the new order does not: cancelled all the same.
    w.ok(replace(OrderId(3), maker(500, 100), "b", AllowFailure));
    assert_eq!(refusals(&w), [(1, Refusal::WouldTake)]);
    assert_eq!(w.balance(ALICE, USDT), (coins(100_000).0, 0));
    // The other way round.
    w.ok(replace(OrderId(3), limit(100, 100), "b", AllowFailure));
    assert_eq!(refusals(&w), [(0, Refusal::UnknownOrder)]);
    assert_eq!(w.story(OrderId(4)), [(OrderStatus::New, "new")]);
    // Inside a batch the place in the batch is told.
    let batch = vec![cancel(ALICE, OrderId(99)), replace(OrderId(3), limit(100, 100), "c", AllowFailure)];
    w.ok(Command::Batch(batch));
    assert_eq!(refusals(&w), [(0, Refusal::UnknownOrder), (1, Refusal::UnknownOrder)]);
    let mut elsewhere = order(ALICE, Side::Buy, limit(100, 100), "d");
    elsewhere.account = BOB;
    let cancel = Cancel {
        account: ALICE,
        market: M,
        target: Target::Id(OrderId(4)),
        client_id: client("k"),
        only_if: None,
    };
    let mixed = Command::Replace { cancel, new: elsewhere, mode: AllowFailure };
    assert_eq!(w.apply(mixed), Err(Refusal::BadCombination));
}

#[test]
fn replacing_one_leg_cancels_the_list() {
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(CAROL, Side::Buy, limit(100, 100));
    w.ok(Command::PlaceList(Box::new(list(ALICE, oco_sell(110, 90, 100)))));
    w.ok(replace(OrderId(3), limit(90, 100), "n", ReplaceMode::StopOnFailure));
    assert_eq!(w.story(OrderId(4)), [(OrderStatus::Canceled, "canceled")]);
    assert_eq!(w.x.live_lists().count(), 0);
}
