//! Every filter by its refusal, and the documented order of the checks.

use crate::world::{
    ALICE, BOB, BTC, M, ONE, USDT, World, client, coins, limit, limit_tif, maker, market_qty, market_quote,
    order, rules, stop,
};
use types::command::NewOrder;
use types::event::OrderChange;
use types::order::{AfterTrigger, StopKind, Trigger};
use types::{
    AccountId, Bips, Command, Event, MarketId, Money, OrderId, Price, Qty, Refusal, Side, StpMode, Terms,
    Time, TimeInForce,
};

fn price(whole: i64) -> Price {
    Price(whole * ONE)
}

/// A world in which 100 traded last and stands as the average price.
fn traded() -> World {
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(ALICE, Side::Buy, limit(100, 100));
    w
}

#[test]
fn each_filter_refuses_with_its_own_word() {
    let mut w = traded();
    let raw = |price: i64, qty: i64| Terms::Limit {
        price: Price(price),
        qty: Qty(qty),
        tif: TimeInForce::Gtc,
        display: None,
    };
    let iceberg = |qty: i64, shown: i64| Terms::Limit {
        price: price(90),
        qty: Qty(qty * ONE / 100),
        tif: TimeInForce::Gtc,
        display: Some(Qty(shown * ONE / 100)),
    };
    let trailing = |bips: u32| Terms::Stop {
        trigger: Trigger { kind: StopKind::StopLoss, stop: None, trailing: Some(Bips(bips)) },
        qty: Qty(ONE),
        then: AfterTrigger::Market,
    };
    for (terms, refusal) in [
        (raw(0, ONE), Refusal::PriceFilter { price: Price(0) }),
        (raw(-ONE, ONE), Refusal::PriceFilter { price: Price(-ONE) }),
        (raw(ONE * 90 + 1, ONE), Refusal::PriceFilter { price: Price(ONE * 90 + 1) }),
        (limit(1_000_001, 1), Refusal::PriceFilter { price: price(1_000_001) }),
        (raw(90 * ONE, 0), Refusal::LotSize { qty: Qty(0) }),
        (raw(90 * ONE, -1), Refusal::LotSize { qty: Qty(-1) }),
        (raw(90 * ONE, ONE / 100 + 1), Refusal::LotSize { qty: Qty(ONE / 100 + 1) }),
        (limit(90, 100_001), Refusal::LotSize { qty: Qty(1_000 * ONE + ONE / 100) }),
        (market_qty(50_001), Refusal::MarketLotSize { qty: Qty(500 * ONE + ONE / 100) }),
        (limit(90, 1), Refusal::Notional { notional: Money(i128::from(90 * ONE) / 100) }),
        (market_qty(0), Refusal::LotSize { qty: Qty(0) }),
        (market_quote(99), Refusal::Notional { notional: Money(i128::from(ONE) * 99 / 100) }),
        (market_quote(0), Refusal::BadAmount),
        (market_quote(-5), Refusal::BadAmount),
        (limit(501, 100), Refusal::PercentPrice { price: price(501), average: price(100) }),
        (limit(19, 100), Refusal::PercentPrice { price: price(19), average: price(100) }),
        (iceberg(1_100, 100), Refusal::IcebergParts),
        (iceberg(100, 101), Refusal::IcebergParts),
        (iceberg(100, 0), Refusal::IcebergParts),
        (trailing(9), Refusal::TrailingDelta),
        (trailing(2_001), Refusal::TrailingDelta),
        (stop(StopKind::StopLoss, 100, 100), Refusal::WouldTrigger),
        (stop(StopKind::TakeProfit, 100, 100), Refusal::WouldTrigger),
        (stop(StopKind::TakeProfit, 101, 100), Refusal::WouldTrigger),
    ] {
        assert_eq!(w.refused(ALICE, Side::Buy, terms), refusal, "{terms:?}");
    }
    // And just inside.
    for terms in [
        limit(90, 2),
        limit(500, 1),
        limit(20, 100),
        iceberg(1_000, 100),
        trailing(10),
        stop(StopKind::StopLoss, 101, 1),
    ] {
        w.place(ALICE, Side::Buy, terms);
    }
    // 0.01 at the average of 100 is exactly the smallest notional.
    w.place(ALICE, Side::Buy, market_qty(1));
}

#[test]
fn counts_are_limited_per_account_and_market() {
    let mut rules = rules();
    (rules.orders_max, rules.stops_max, rules.icebergs_max) = (4, 1, 1);
    let mut w = World::with(rules);
    let shown = |price: i64| Terms::LimitMaker {
        price: Price(price * ONE),
        qty: Qty(ONE),
        display: Some(Qty(ONE / 2)),
    };
    w.place(ALICE, Side::Buy, shown(90));
    assert_eq!(w.refused(ALICE, Side::Buy, shown(91)), Refusal::TooManyIcebergs { max: 1 });
    w.place(ALICE, Side::Buy, stop(StopKind::StopLoss, 101, 100));
    assert_eq!(
        w.refused(ALICE, Side::Buy, stop(StopKind::StopLoss, 102, 100)),
        Refusal::TooManyStops { max: 1 }
    );
    w.place(ALICE, Side::Buy, limit(80, 100));
    let last = w.place(ALICE, Side::Buy, limit(80, 100));
    assert_eq!(w.refused(ALICE, Side::Buy, market_qty(100)), Refusal::TooManyOrders { max: 4 });
    w.place(BOB, Side::Buy, limit(80, 100));
    w.ok(crate::world::cancel(ALICE, last));
    w.place(ALICE, Side::Buy, limit(80, 100));
}

#[test]
fn a_position_limit_counts_what_is_owned_locked_and_on_order() {
    let mut rules = rules();
    rules.position_max = coins(1_010);
    let mut w = World::with(rules);
    w.place(ALICE, Side::Sell, limit(300, 10_000));
    w.place(ALICE, Side::Buy, limit(100, 500));
    assert_eq!(w.refused(ALICE, Side::Buy, limit(100, 501)), Refusal::Position { max: coins(1_010) });
    assert_eq!(
        w.refused(ALICE, Side::Buy, stop(StopKind::StopLoss, 301, 501)),
        Refusal::Position { max: coins(1_010) }
    );
    w.place(ALICE, Side::Buy, limit(100, 500));
    assert_eq!(w.refused(ALICE, Side::Buy, limit(100, 1)), Refusal::Position { max: coins(1_010) });
    w.place(ALICE, Side::Sell, limit(300, 1));
}

/// An order that breaks every check at once, mended one check at a time: each refusal must be the next in the order.
#[test]
fn the_checks_come_in_their_documented_order() {
    let mut rules = rules();
    rules.orders_max = 2;
    let mut w = World::with(rules);
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(BOB, Side::Buy, limit(100, 100));
    w.place(BOB, Side::Sell, limit(110, 100));
    let mut own = order(ALICE, Side::Buy, limit(90, 100), "taken");
    w.ok(Command::Place(own));
    own.client_id = client("other");
    w.ok(Command::Place(own));
    w.ok(Command::SetTrading { account: ALICE, allowed: false });
    let mut new = NewOrder {
        account: AccountId(99),
        market: MarketId(7),
        ..order(ALICE, Side::Buy, limit(0, 0), "taken")
    };
    let next = |w: &mut World, new: &NewOrder| w.apply(Command::Place(*new)).unwrap_err();
    assert_eq!(next(&mut w, &new), Refusal::UnknownAccount);
    new.account = ALICE;
    assert_eq!(next(&mut w, &new), Refusal::TradingBlocked);
    w.ok(Command::SetTrading { account: ALICE, allowed: true });
    assert_eq!(next(&mut w, &new), Refusal::UnknownMarket);
    new.market = M;
    assert_eq!(next(&mut w, &new), Refusal::DuplicateClientId);
    new.client_id = client("new");
    assert!(matches!(next(&mut w, &new), Refusal::PriceFilter { .. }));
    new.terms = limit(110, 0);
    assert!(matches!(next(&mut w, &new), Refusal::LotSize { .. }));
    new.terms = Terms::Limit { price: Price(ONE), qty: Qty(ONE / 100), tif: TimeInForce::Gtc, display: None };
    assert!(matches!(next(&mut w, &new), Refusal::Notional { .. }));
    new.terms = limit(501, 100_000);
    assert!(matches!(next(&mut w, &new), Refusal::PercentPrice { .. }));
    new.terms = stop(StopKind::StopLoss, 100, 100);
    assert_eq!(next(&mut w, &new), Refusal::TooManyOrders { max: 2 });
    w.ok(crate::world::cancel(ALICE, OrderId(4)));
    assert_eq!(next(&mut w, &new), Refusal::WouldTrigger);
    w.ok(Command::Withdraw { account: ALICE, asset: USDT, amount: coins(1_000_000 - 90) });
    new.terms = maker(110, 100);
    assert_eq!(next(&mut w, &new), Refusal::WouldTake);
    new.terms = maker(109, 100);
    let needed = Refusal::InsufficientBalance { asset: USDT, needed: coins(109), available: coins(0) };
    assert_eq!(next(&mut w, &new), needed);
    w.ok(Command::Deposit { account: ALICE, asset: USDT, amount: coins(109) });
    assert_eq!(w.x.test(&new, w.at), Ok(()));
    w.ok(Command::Place(new));
}

#[test]
fn market_orders_need_the_exact_cost_and_no_more() {
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(BOB, Side::Sell, limit(110, 100));
    w.ok(Command::Withdraw { account: ALICE, asset: USDT, amount: coins(1_000_000 - 155) });
    let short = Refusal::InsufficientBalance {
        asset: USDT,
        needed: Money(coins(155).0 + 110 * i128::from(ONE) / 100),
        available: coins(155),
    };
    assert_eq!(w.refused(ALICE, Side::Buy, market_qty(151)), short);
    let buy = w.place(ALICE, Side::Buy, market_qty(150));
    assert_eq!(w.last_view(buy).executed_quote, coins(155));
    assert_eq!(w.balance(ALICE, USDT), (0, 0));
    // A sell by quote amount needs the base that the book asks for it, not more.
    w.place(BOB, Side::Buy, limit(50, 1_000));
    w.ok(Command::Withdraw {
        account: ALICE,
        asset: BTC,
        amount: Money(w.balance(ALICE, BTC).0 - i128::from(ONE)),
    });
    let short = Refusal::InsufficientBalance {
        asset: BTC,
        needed: Money(i128::from(ONE) * 101 / 100),
        available: coins(1),
    };
    assert_eq!(w.refused(ALICE, Side::Sell, market_quote(5_050)), short);
    w.place(ALICE, Side::Sell, market_quote(5_049));
    // 50.49 at 50 pays one whole BTC; the 0.49 left pays no further lot.
    assert_eq!(w.balance(ALICE, BTC), (0, 0));
}

/// One unit too little is too little, for every way to pay.
#[test]
fn one_unit_short_is_short() {
    let mut w = traded();
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(BOB, Side::Buy, limit(90, 100));
    let usdt = Money(coins(100).0 - 1);
    w.ok(Command::Withdraw { account: ALICE, asset: USDT, amount: Money(w.balance(ALICE, USDT).0 - usdt.0) });
    let btc = Money(coins(1).0 - 1);
    w.ok(Command::Withdraw { account: ALICE, asset: BTC, amount: Money(w.balance(ALICE, BTC).0 - btc.0) });
    for (side, terms) in [
        (Side::Buy, limit(100, 100)),
        (Side::Buy, maker(50, 200)),
        (Side::Buy, market_qty(100)),
        (Side::Buy, market_quote(10_000)),
        (Side::Buy, stop(StopKind::TakeProfit, 50, 200)),
        (Side::Sell, limit(100, 100)),
        (Side::Sell, market_qty(100)),
        (Side::Sell, market_quote(9_000)),
        (Side::Sell, stop(StopKind::StopLoss, 50, 100)),
    ] {
        let (asset, needed, available) = match side {
            Side::Buy => (USDT, coins(100), usdt),
            Side::Sell => (BTC, coins(1), btc),
        };
        let short = Refusal::InsufficientBalance { asset, needed, available };
        assert_eq!(w.refused(ALICE, side, terms), short, "{terms:?}");
    }
    for asset in [USDT, BTC] {
        w.ok(Command::Deposit { account: ALICE, asset, amount: Money(1) });
    }
    w.place(ALICE, Side::Buy, maker(50, 200));
    w.place(ALICE, Side::Sell, market_quote(9_000));
}

/// A sell by quote amount needs base for what others bid, however its own bids are passed over.
#[test]
fn a_sell_by_quote_counts_only_what_it_will_trade() {
    // Bids: 1 of Bob's at 130, 1 of her own at 120, 5 of Bob's at 100. She asks for 330.
    for (stp, hundredths) in [
        (StpMode::None, 280),
        (StpMode::ExpireMaker, 300),
        (StpMode::ExpireTaker, 100),
        (StpMode::ExpireBoth, 100),
        (StpMode::Decrement, 180),
    ] {
        let mut w = World::new();
        w.place(BOB, Side::Buy, limit(130, 100));
        w.place(ALICE, Side::Buy, limit(120, 100));
        w.place(BOB, Side::Buy, limit(100, 500));
        let needed = Money(i128::from(hundredths * ONE / 100));
        let short = Money(needed.0 - 1);
        w.ok(Command::Withdraw { account: ALICE, asset: BTC, amount: Money(coins(1_000).0 - short.0) });
        let mut new = order(ALICE, Side::Sell, market_quote(33_000), "q");
        new.stp = stp;
        let refusal = Refusal::InsufficientBalance { asset: BTC, needed, available: short };
        assert_eq!(w.apply(Command::Place(new)), Err(refusal), "{stp:?}");
        w.ok(Command::Deposit { account: ALICE, asset: BTC, amount: Money(1) });
        w.ok(Command::Place(new));
        let id = OrderId(w.x.counters().orders);
        let fills = w.events.iter().filter_map(|e| match e {
            Event::Order { order, change: OrderChange::Trade(fill) } if order.id == id => Some(fill.qty.0),
            _ => None,
        });
        assert_eq!(fills.sum::<i64>(), hundredths * ONE / 100, "{stp:?}: the check knew exactly");
    }
}

#[test]
fn the_average_price_forgets_by_the_commands_own_time() {
    let mut w = traded();
    let minute = 60 * crate::world::SECOND;
    assert_eq!(w.x.average_price(M, w.at), Some(price(100)));
    w.at = Time(w.at.0 + minute);
    w.place(BOB, Side::Sell, limit(200, 300));
    w.place(ALICE, Side::Buy, limit(200, 300));
    // (100 x 1 + 200 x 3) / 4
    assert_eq!(w.x.average_price(M, w.at), Some(price(175)));
    w.at = Time(w.at.0 + 4 * minute);
    assert_eq!(w.x.average_price(M, w.at), Some(price(200)));
    w.at = Time(w.at.0 + 60 * minute);
    assert_eq!(w.x.average_price(M, w.at), Some(price(200)), "the last price when nothing traded");
    assert!(matches!(w.refused(ALICE, Side::Buy, limit(39, 100)), Refusal::PercentPrice { .. }));
}

#[test]
fn time_and_numbers_only_go_forward() {
    let mut w = World::new();
    let at = w.at;
    w.at = Time(at.0 - 1);
    assert_eq!(w.apply(Command::SetTrading { account: ALICE, allowed: true }), Err(Refusal::NotNext));
    w.at = at;
    let mut events = Vec::new();
    let input = Command::SetTrading { account: ALICE, allowed: true };
    let skipped = types::Stamped { at, seq: w.x.last_seq() + 2, input };
    assert_eq!(w.x.apply(&skipped, &mut events), Err(Refusal::NotNext));
}

#[test]
fn operators_cannot_break_the_books_either() {
    let mut w = World::new();
    let huge = Money(i128::MAX);
    for (command, refusal) in [
        (Command::Deposit { account: ALICE, asset: BTC, amount: huge }, Refusal::Overflow),
        (Command::Deposit { account: ALICE, asset: BTC, amount: Money(1 << 96) }, Refusal::Overflow),
        (Command::Deposit { account: ALICE, asset: BTC, amount: Money(0) }, Refusal::BadAmount),
        (Command::Deposit { account: ALICE, asset: BTC, amount: Money(i128::MIN) }, Refusal::BadAmount),
        (
            Command::Deposit { account: ALICE, asset: types::AssetId(9), amount: Money(1) },
            Refusal::UnknownAsset,
        ),
        (Command::Withdraw { account: ALICE, asset: BTC, amount: Money(-1) }, Refusal::BadAmount),
        (
            Command::Withdraw { account: ALICE, asset: BTC, amount: Money(coins(1_000).0 + 1) },
            Refusal::InsufficientBalance {
                asset: BTC,
                needed: Money(coins(1_000).0 + 1),
                available: coins(1_000),
            },
        ),
        (
            Command::SetFees { account: ALICE, maker: types::FeeRate(100_000_001), taker: types::FeeRate(0) },
            Refusal::BadAmount,
        ),
    ] {
        assert_eq!(w.apply(command.clone()), Err(refusal), "{command:?}");
    }
    // Locked money cannot leave.
    w.place(ALICE, Side::Sell, limit(100, 100_000));
    assert!(w.apply(Command::Withdraw { account: ALICE, asset: BTC, amount: Money(1) }).is_err());
}

#[test]
fn a_market_may_change_its_rules_but_not_the_units_of_living_orders() {
    let mut w = World::new();
    let bid = w.place(ALICE, Side::Buy, limit(100, 100));
    let (btc, usdt) = (crate::world::asset(BTC, "BTC"), crate::world::asset(USDT, "USDT"));
    let list = |rules| Command::ListMarket(Box::new(crate::world::market(M, "BTCUSDT", btc, usdt, rules)));
    let mut finer = rules();
    finer.orders_max = 1;
    w.ok(list(finer));
    assert_eq!(w.refused(ALICE, Side::Buy, limit(100, 100)), Refusal::TooManyOrders { max: 1 });
    // A tick of 10^-8 moves the division by ten from the price to the quantity.
    let mut other = rules();
    other.tick = types::instrument::TickRule::Fixed(Price(1));
    (other.price_min, other.lot.step, other.lot.min) = (Price(1), Qty(ONE), Qty(ONE));
    let refused = w.apply(list(other.clone()));
    assert_eq!(refused, Err(Refusal::Listing(types::instrument::ListingError::Dust)));
    w.ok(crate::world::cancel(ALICE, bid));
    w.ok(list(other));
    let renamed = Command::ListMarket(Box::new(crate::world::market(M, "XBTUSDT", btc, usdt, rules())));
    assert_eq!(w.apply(renamed), Err(Refusal::NotNext));
}

#[test]
fn a_batch_tells_each_refusal_by_its_place() {
    let mut w = World::new();
    let place = |id: &str, terms| Command::Place(order(ALICE, Side::Buy, terms, id));
    let batch = vec![
        place("a", limit(90, 100)),
        place("a", limit(90, 100)),
        place("b", limit(0, 1)),
        place("c", limit(91, 100)),
    ];
    w.ok(Command::Batch(batch));
    let refused: Vec<u32> = w
        .events
        .iter()
        .filter_map(|e| if let Event::Refused { index, .. } = e { Some(*index) } else { None })
        .collect();
    assert_eq!(refused, [1, 2]);
    let news = w.events.iter().filter(|e| matches!(e, Event::Order { change: OrderChange::New, .. }));
    assert_eq!(news.count(), 2);
    let balances = w.events.iter().filter(|e| matches!(e, Event::Balance { .. }));
    assert_eq!(balances.count(), 1, "one balance event for the whole batch");
    assert_eq!(w.apply(Command::Batch(vec![Command::Batch(Vec::new())])), Err(Refusal::TooLarge));
    let memo = |len: usize| Command::Memo { slot: 3, bytes: vec![1; len].into() };
    assert_eq!(w.apply(memo(types::command::MEMO_LEN_MAX + 1)), Err(Refusal::TooLarge));
    w.ok(memo(5));
    assert_eq!(w.x.memo(3), Some(&[1_u8; 5][..]));
    assert_eq!(w.x.memo(4), None);
}

#[test]
fn a_client_id_is_free_again_when_its_order_ends() {
    let mut w = World::new();
    let new = order(ALICE, Side::Buy, limit(90, 100), "x");
    w.ok(Command::Place(new));
    assert_eq!(w.apply(Command::Place(new)), Err(Refusal::DuplicateClientId));
    let elsewhere = NewOrder { market: MarketId(1), ..new };
    assert_eq!(w.apply(Command::Place(elsewhere)), Err(Refusal::DuplicateClientId));
    w.ok(Command::Place(NewOrder { account: BOB, stp: StpMode::None, ..new }));
    w.place(BOB, Side::Sell, limit_tif(90, 200, TimeInForce::Ioc));
    w.ok(Command::Place(new));
}
