//! Stories of somebody who tries to get more out than he put in.

use crate::world::{
    ALICE, BOB, BTC, CAROL, M, ONE, USDT, World, asset, client, coins, leg, limit, list, maker, market,
    market_qty, oco_sell, order, rules, stop,
};
use types::command::{Cancel, ListShape, NewOrder, ReplaceMode, Target};
use types::instrument::TickRule;
use types::order::{Amount, StopKind};
use types::{Command, FeeRate, MarketId, Money, OrderId, Price, Qty, Side, StpMode, Terms, TimeInForce};

/// What three customers and the fee pot own of an asset.
fn total(w: &World, of: types::AssetId) -> i128 {
    let customers = [ALICE, BOB, CAROL]
        .map(|a| w.balance(a, of))
        .iter()
        .map(|(free, locked)| free + locked)
        .sum::<i128>();
    customers + w.x.fees(of).0
}

#[test]
fn trading_with_oneself_all_day_only_loses_fees() {
    let mut w = World::new();
    for round in 0..50 {
        w.place(ALICE, Side::Sell, limit(100 + round, 100));
        w.place(ALICE, Side::Buy, limit(100 + round, 100));
    }
    assert!(w.balance(ALICE, USDT).0 < coins(1_000_000).0 && w.balance(ALICE, BTC).0 < coins(1_000).0);
    assert_eq!((total(&w, USDT), total(&w, BTC)), (coins(3_000_000).0, coins(3_000).0));
}

/// Trades so small that a fee of a fraction of the smallest unit is due: it is rounded up, never to nothing.
#[test]
fn dust_pays_a_whole_unit_of_fee() {
    let mut rules = rules();
    (rules.tick, rules.price_min, rules.notional_min) = (TickRule::Fixed(Price(1)), Price(1), Money(0));
    (rules.lot.step, rules.lot.min) = (Qty(ONE), Qty(ONE));
    rules.percent_price.bid_down = 0;
    rules.percent_price.ask_down = 0;
    let mut w = World::with(rules);
    let dust = |qty: i64| Terms::Limit {
        price: Price(1),
        qty: Qty(qty * ONE),
        tif: TimeInForce::Gtc,
        display: None,
    };
    for account in [ALICE, BOB] {
        w.ok(Command::SetFees { account, maker: FeeRate(1), taker: FeeRate(1) });
    }
    for _ in 0..10 {
        w.place(ALICE, Side::Buy, dust(1));
        w.place(BOB, Side::Sell, dust(1));
    }
    // Ten times one unit of USDT for a BTC: Bob got nothing, because each unit went as fee.
    assert_eq!(w.x.fees(USDT).0, 10);
    assert_eq!(w.balance(BOB, USDT).0, coins(1_000_000).0);
    assert_eq!(w.x.fees(BTC).0, 10);
}

#[test]
fn the_same_coin_cannot_back_two_promises() {
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(CAROL, Side::Buy, limit(100, 100));
    w.ok(Command::PlaceList(Box::new(list(ALICE, oco_sell(110, 90, 60_000)))));
    for terms in [limit(120, 40_001), market_qty(40_001), stop(StopKind::StopLoss, 80, 40_001)] {
        assert!(matches!(w.refused(ALICE, Side::Sell, terms), types::Refusal::InsufficientBalance { .. }));
    }
    w.place(ALICE, Side::Sell, limit(120, 40_000));
    // Taking the pair apart by replacing a leg frees its coins once, and only once.
    let cancel = Cancel {
        account: ALICE,
        market: M,
        target: Target::Client(client("below")),
        client_id: client("k"),
        only_if: None,
    };
    for terms in [maker(130, 60_001), maker(130, 60_000)] {
        let new = order(ALICE, Side::Sell, terms, "again");
        let _ = w.apply(Command::Replace { cancel, new, mode: ReplaceMode::AllowFailure });
    }
    assert_eq!(w.balance(ALICE, BTC), (0, coins(1_000).0));
}

/// A list whose parts meet each other, its owner's iceberg, and a fired stop, under each prevention mode.
#[test]
fn a_knot_of_own_orders_comes_apart_without_a_loose_end() {
    for stp in
        [StpMode::None, StpMode::ExpireMaker, StpMode::ExpireTaker, StpMode::ExpireBoth, StpMode::Decrement]
    {
        let mut w = World::new();
        w.place(BOB, Side::Sell, limit(100, 100));
        w.place(CAROL, Side::Buy, limit(100, 100));
        let iceberg = Terms::Limit {
            price: Price(95 * ONE),
            qty: Qty(5 * ONE),
            tif: TimeInForce::Gtc,
            display: Some(Qty(ONE)),
        };
        w.place_stp(ALICE, Side::Buy, iceberg, stp);
        let shape = ListShape::Otoco {
            working: leg("w", Side::Sell, limit(99, 200)),
            above: leg("a", Side::Buy, stop(StopKind::StopLoss, 101, 200)),
            below: leg("b", Side::Buy, maker(90, 200)),
        };
        let mut new = list(ALICE, shape);
        new.stp = stp;
        w.ok(Command::PlaceList(Box::new(new)));
        let amend = |qty: i64| Command::Amend {
            account: ALICE,
            market: M,
            target: Target::Id(OrderId(3)),
            qty: Qty(qty * ONE),
            client_id: client("i"),
        };
        w.ok(amend(4));
        w.place_stp(ALICE, Side::Buy, limit(99, 100), stp);
        w.place_stp(BOB, Side::Buy, limit(99, 200), stp);
        w.place_stp(ALICE, Side::Sell, market_qty(300), stp);
        let _ = w.apply(amend(3));
        w.place_stp(BOB, Side::Sell, limit(102, 50), stp);
        w.place_stp(CAROL, Side::Buy, limit(102, 50), stp);
        for account in [ALICE, BOB, CAROL] {
            let _ = w.apply(Command::CancelAll { account, market: M, client_id: client("k") });
        }
        assert_eq!(w.x.live_orders().count(), 0, "{stp:?}");
        for account in [ALICE, BOB, CAROL] {
            assert_eq!((w.balance(account, BTC).1, w.balance(account, USDT).1), (0, 0), "{stp:?}");
        }
        assert_eq!((total(&w, USDT), total(&w, BTC)), (coins(3_000_000).0, coins(3_000).0), "{stp:?}");
    }
}

/// Amounts at the edge of what can be counted, through every door.
#[test]
fn the_largest_numbers_are_refused_and_never_wrap() {
    let mut free = rules();
    (free.price_max, free.lot.max, free.market_lot.max) = (Price(i64::MAX), Qty(i64::MAX), Qty(i64::MAX));
    (free.notional_max, free.percent_price.bid_up, free.percent_price.ask_up) = (Money(0), 0, 0);
    let mut w = World::with(free);
    let top = |unit: i64| i64::MAX / unit * unit;
    let (price, qty) = (Price(top(ONE)), Qty(top(ONE / 100)));
    w.ok(Command::Deposit { account: BOB, asset: BTC, amount: Money((1 << 96) - coins(3_000).0) });
    w.ok(Command::Deposit { account: ALICE, asset: USDT, amount: Money((1 << 96) - coins(3_000_000).0) });
    assert!(w.apply(Command::Deposit { account: ALICE, asset: USDT, amount: Money(1) }).is_err());
    let huge = Terms::Limit { price, qty, tif: TimeInForce::Gtc, display: None };
    assert!(matches!(w.refused(ALICE, Side::Buy, huge), types::Refusal::InsufficientBalance { .. }));
    for _ in 0..3 {
        w.place(BOB, Side::Sell, huge);
    }
    let quote = Terms::Market { amount: Amount::Quote(Money(i128::MAX)) };
    assert!(matches!(w.refused(ALICE, Side::Buy, quote), types::Refusal::InsufficientBalance { .. }));
    assert!(matches!(
        w.refused(ALICE, Side::Buy, Terms::Market { amount: Amount::Base(qty) }),
        types::Refusal::InsufficientBalance { .. }
    ));
    // Cheap and huge: three such sales are more base than one order can tell.
    for _ in 0..3 {
        let cheap = Terms::Limit { price: Price(ONE), qty, tif: TimeInForce::Gtc, display: None };
        w.place(BOB, Side::Sell, cheap);
    }
    let all = Terms::Market { amount: Amount::Quote(Money((1 << 96) - coins(2_000_000).0)) };
    assert_eq!(w.refused(ALICE, Side::Buy, all), types::Refusal::Overflow);
    assert_eq!(total(&w, USDT), 1 << 96);
}

/// Three markets in a ring, each trade profitable on paper: what comes round is never more than what went in.
#[test]
fn going_round_in_a_ring_creates_nothing() {
    let mut w = World::new();
    let (eth, usdt) = (asset(crate::world::ETH, "ETH"), asset(USDT, "USDT"));
    w.ok(Command::ListMarket(Box::new(market(MarketId(2), "ETHUSDT", eth, usdt, rules()))));
    let on = |id: u16, new: NewOrder| Command::Place(NewOrder { market: MarketId(id), ..new });
    for round in 0..20 {
        let name = |leg: &str| format!("{leg}{round}");
        w.ok(on(0, order(BOB, Side::Sell, limit(100, 100), &name("a"))));
        w.ok(on(0, order(ALICE, Side::Buy, limit(100, 100), &name("b"))));
        w.ok(on(2, order(BOB, Side::Sell, limit(10, 1_000), &name("c"))));
        w.ok(on(2, order(ALICE, Side::Buy, limit(10, 1_000), &name("d"))));
        w.ok(on(1, order(BOB, Side::Buy, limit(2, 900), &name("e"))));
        w.ok(on(1, order(ALICE, Side::Sell, limit(2, 900), &name("f"))));
    }
    for of in [BTC, USDT, crate::world::ETH] {
        let whole = if of == USDT { 3_000_000 } else { 3_000 };
        assert_eq!(total(&w, of), coins(whole).0);
    }
}
