//! Account limits: each alone, several orders at once, money from outside, and the promise that no wish that passes leads beyond a limit.

use std::collections::BTreeMap;

use proptest::prelude::*;
use testkit::Listing;
use types::{
    AssetId, ClientOrderId, Instrument, MarketId, Money, Price, Qty, Side, Terms, Time, TimeInForce,
};

use super::{Account, AccountLimits, Kind, MarketLimits, Marks, Results, Standing, Wish, Working};
use crate::Denied;

const ONE: i64 = 100_000_000;
const BTC: AssetId = AssetId(0);
const USDT: AssetId = AssetId(1);
const ETH: AssetId = AssetId(2);

fn market(
    id: u16,
    symbol: &'static str,
    base: (u16, &'static str),
    quote: (u16, &'static str),
) -> Instrument {
    let (tick, lot, lot_max) = (Price(10_000), Qty(10_000), Qty(100_000 * ONE));
    Listing { id, symbol, base, quote, tick, lot, lot_max, notional_min: Money(1), ..Listing::default() }
        .instrument()
}

/// An account with a million USDT and ten BTC from outside, on markets at round prices.
struct World {
    markets: Vec<(Instrument, Option<Price>)>,
    holdings: Vec<(AssetId, Money)>,
    working: Vec<Working>,
    now: Time,
    halted: bool,
}

impl World {
    fn new() -> Self {
        let usdt = (1, "USDT");
        let markets = vec![
            (market(0, "BTCUSDT", (0, "BTC"), usdt), Some(Price(100_000 * ONE))),
            (market(1, "ETHUSDT", (2, "ETH"), usdt), Some(Price(4_000 * ONE))),
            (market(2, "ETHBTC", (2, "ETH"), (0, "BTC")), Some(Price(ONE / 25))),
        ];
        let holdings = vec![(BTC, units(10)), (USDT, units(1_000_000))];
        Self { markets, holdings, working: Vec::new(), now: Time(1_000), halted: false }
    }

    fn standing(&self) -> Standing<'_> {
        Standing {
            now: self.now,
            currency: USDT,
            holdings: &self.holdings,
            free: &self.holdings,
            working: &self.working,
            marks: Marks::new(&self.markets),
            halted: self.halted,
            fresh: true,
        }
    }

    fn account(&self, limits: AccountLimits) -> Account {
        Account::new(limits, self.holdings.iter().copied().collect(), None)
    }

    fn instrument(&self, at: usize) -> &Instrument {
        &self.markets[at].0
    }

    /// The venue took an order of this account: all of it filled at a price.
    fn fill(&mut self, side: Side, qty: i64, price: i64) {
        let sign = if side == Side::Buy { 1 } else { -1 };
        self.holdings[0].1.0 += i128::from(sign * qty);
        self.holdings[1].1.0 -= i128::from(sign * qty) * i128::from(price);
    }
}

fn units(whole: i64) -> Money {
    Money(i128::from(whole) * i128::from(ONE))
}

fn id(n: u64) -> ClientOrderId {
    ClientOrderId::new(&format!("o{n}")).unwrap()
}

fn limit(price: i64, qty: i64) -> Terms {
    Terms::Limit { price: Price(price * ONE), qty: Qty(qty), tif: TimeInForce::Gtc, display: None }
}

fn wish<'a>(instrument: &'a Instrument, side: Side, legs: &'a [Terms], n: u64) -> Wish<'a> {
    Wish { instrument, side, legs, client_id: id(n) }
}

fn position_limit(max: i64) -> AccountLimits {
    let of = MarketLimits { position_max: Some(Qty(max)), ..MarketLimits::default() };
    AccountLimits { markets: BTreeMap::from([(MarketId(0), of)]), ..AccountLimits::default() }
}

#[test]
fn what_was_brought_in_is_no_position_and_no_profit() {
    let mut world = World::new();
    let mut account = world.account(AccountLimits::default());
    assert_eq!(account.position(&world.standing(), BTC).0, 0);
    assert_eq!(account.result(&world.standing()), Some(Money(0)));
    world.markets[0].1 = Some(Price(50_000 * ONE));
    assert_eq!(account.result(&world.standing()), Some(Money(0)), "test money lost half its price");
    world.holdings[0].1 = units(12);
    account.transfer(BTC, units(2));
    assert_eq!(account.result(&world.standing()), Some(Money(0)), "a deposit is no profit");
    world.fill(Side::Buy, ONE, 50_000);
    world.markets[0].1 = Some(Price(51_000 * ONE));
    assert_eq!(account.result(&world.standing()), Some(units(1_000)));
    assert_eq!(account.position(&world.standing(), BTC).0, ONE);
}

#[test]
fn b4_orders_on_their_way_count_until_the_venue_has_them() {
    let mut world = World::new();
    let mut account = world.account(position_limit(ONE));
    let terms = [limit(100_000, ONE * 6 / 10)];
    let judge = |account: &mut Account, world: &World, n| {
        account
            .judge(&world.standing(), &wish(world.instrument(0), Side::Buy, &terms, n), n)
            .map(|a| *a.order())
    };
    assert_eq!(judge(&mut account, &world, 1), Ok(1));
    let refused = judge(&mut account, &world, 2);
    assert_eq!(
        refused,
        Err(Denied::Position { reachable: types::SignedQty(ONE * 12 / 10), max: Qty(ONE) }),
        "the first one is on its way"
    );
    // The venue has it: told twice, counted once.
    world.working.push(Working {
        client_id: id(1),
        market: MarketId(0),
        side: Side::Buy,
        open: Qty(ONE * 6 / 10),
    });
    assert!(judge(&mut account, &world, 3).is_err());
    let small = [limit(100_000, ONE * 4 / 10)];
    let fits = account.judge(&world.standing(), &wish(world.instrument(0), Side::Buy, &small, 4), ());
    assert!(fits.is_ok(), "{fits:?}");
    account.landed(&id(4));
    account.landed(&id(1));
    // It filled: the position took its place.
    world.working.clear();
    world.fill(Side::Buy, ONE * 6 / 10, 100_000);
    assert!(judge(&mut account, &world, 5).is_err());
    let sale = account.judge(&world.standing(), &wish(world.instrument(0), Side::Sell, &terms, 6), ());
    assert!(sale.is_ok(), "the way out is open: {sale:?}");
}

#[test]
fn two_legs_are_judged_both_and_counted_once() {
    let world = World::new();
    let mut account =
        world.account(AccountLimits { order_value_max: Some(units(60_000)), ..position_limit(ONE) });
    let pair = [limit(110_000, ONE / 2), limit(90_000, ONE / 2)];
    let judged = account.judge(&world.standing(), &wish(world.instrument(0), Side::Sell, &pair, 1), ());
    assert!(judged.is_ok(), "{judged:?}");
    let uses = account.uses(&world.standing(), None);
    let position = uses.iter().find(|one| one.kind == Kind::Position(MarketId(0))).unwrap();
    assert_eq!(position.used, i128::from(ONE / 2), "one of them can trade");
    let dear = [limit(130_000, ONE / 2), limit(90_000, ONE / 2)];
    let judged = account.judge(&world.standing(), &wish(world.instrument(0), Side::Sell, &dear, 2), ());
    assert!(matches!(judged, Err(Denied::OrderNotional { .. })), "{judged:?}");
}

#[test]
fn money_limits_hold_on_markets_with_another_quote() {
    let world = World::new();
    let mut account =
        world.account(AccountLimits { order_value_max: Some(units(5_000)), ..AccountLimits::default() });
    // 1 ETH for 0.04 BTC is 4,000 USDT; 2 are 8,000.
    let price = |qty: i64| {
        [Terms::Limit { price: Price(ONE / 25), qty: Qty(qty * ONE), tif: TimeInForce::Gtc, display: None }]
    };
    let (one, two) = (price(1), price(2));
    assert!(account.judge(&world.standing(), &wish(world.instrument(2), Side::Buy, &one, 1), ()).is_ok());
    let judged = account.judge(&world.standing(), &wish(world.instrument(2), Side::Buy, &two, 2), ());
    assert_eq!(
        judged.unwrap_err(),
        Denied::OrderNotional { notional: Money(i128::from(ONE / 25) * 2), max: Money(i128::from(ONE) / 20) }
    );
    let uses = account.uses(&world.standing(), Some(&wish(world.instrument(2), Side::Buy, &two, 3)));
    let value = uses.iter().find(|one| one.kind == Kind::OrderValue).unwrap();
    assert_eq!(
        (value.after, value.max),
        (units(8_000).0, Some(units(5_000).0)),
        "told in the account's currency"
    );
    assert_eq!(world.standing().marks.worth(ETH, units(1), USDT), Some(units(4_000)));
}

#[test]
fn losses_of_the_day_and_from_the_highest_stop_new_risk_and_not_the_way_out() {
    let mut world = World::new();
    let limits = AccountLimits { daily_loss_max: Some(units(500)), ..AccountLimits::default() };
    let mut account = world.account(limits);
    account.observe(&world.standing());
    world.fill(Side::Buy, ONE, 100_000);
    world.markets[0].1 = Some(Price(99_400 * ONE));
    let buy = [limit(99_000, ONE / 10)];
    let sell = [limit(99_000, ONE)];
    let denied =
        account.judge(&world.standing(), &wish(world.instrument(0), Side::Buy, &buy, 1), ()).unwrap_err();
    assert_eq!(denied, Denied::DailyLoss { loss: units(600), max: units(500) });
    assert!(account.judge(&world.standing(), &wish(world.instrument(0), Side::Sell, &sell, 2), ()).is_ok());
    account.landed(&id(2));
    // The next day begins with what there is.
    world.now = Time(86_400_000_000_000 + 5);
    assert!(account.judge(&world.standing(), &wish(world.instrument(0), Side::Buy, &buy, 3), ()).is_ok());
    let fallen = AccountLimits { drawdown_max_bips: Some(2), ..AccountLimits::default() };
    account.limit(fallen);
    let denied =
        account.judge(&world.standing(), &wish(world.instrument(0), Side::Buy, &buy, 4), ()).unwrap_err();
    // 600 of 1,994,000.
    assert!(matches!(denied, Denied::Drawdown { bips: 3, max_bips: 2 }), "{denied:?}");
    let results = account.results().unwrap();
    assert_eq!(results, Results { day: 1, day_start: Money(-units(600).0), highest: Money(0) });
}

#[test]
fn orders_of_a_minute_are_counted_whatever_became_of_them() {
    let mut world = World::new();
    let mut account = world.account(AccountLimits { orders_per_minute: Some(2), ..AccountLimits::default() });
    let terms = [limit(50_000, ONE / 100)];
    for n in 0..2 {
        account.judge(&world.standing(), &wish(world.instrument(0), Side::Buy, &terms, n), ()).unwrap();
        account.landed(&id(n));
    }
    let denied = account.judge(&world.standing(), &wish(world.instrument(0), Side::Buy, &terms, 3), ());
    assert_eq!(denied.unwrap_err(), Denied::OrderRate { sent: 2, max: 2 });
    world.now = world.now.plus_nanos(60_000_000_000);
    assert!(account.judge(&world.standing(), &wish(world.instrument(0), Side::Buy, &terms, 4), ()).is_ok());
}

#[test]
fn a_halted_account_and_one_without_prices_send_nothing() {
    let mut world = World::new();
    let mut account =
        world.account(AccountLimits { exposure_max: Some(units(1)), ..AccountLimits::default() });
    let terms = [limit(50_000, ONE / 100)];
    world.halted = true;
    let judged = account.judge(&world.standing(), &wish(world.instrument(0), Side::Buy, &terms, 1), ());
    assert_eq!(judged.unwrap_err(), Denied::Halted);
    world.halted = false;
    world.markets.iter_mut().for_each(|(_, last)| *last = None);
    world.holdings[0].1 = units(11);
    let judged = account.judge(&world.standing(), &wish(world.instrument(0), Side::Buy, &terms, 1), ());
    assert_eq!(judged.unwrap_err(), Denied::NoPrice, "what is at stake cannot be counted");
}

#[test]
fn raising_is_a_higher_limit_or_none() {
    let some = |n| AccountLimits { order_value_max: Some(units(n)), ..AccountLimits::default() };
    assert!(some(2).raises(&some(1)) && AccountLimits::default().raises(&some(1)));
    assert!(!some(1).raises(&some(2)) && !some(1).raises(&AccountLimits::default()));
    assert!(
        AccountLimits::default().raises(&position_limit(1)) && !position_limit(1).raises(&position_limit(1))
    );
}

proptest! {
    /// Whatever is wished, sent, filled, cancelled or lost: what could be reached is never beyond the limits (B4).
    #[test]
    fn b4_limits_hold_at_every_prefix(
        steps in prop::collection::vec((any::<bool>(), 1_i64..60, 0_u8..4), 1..60),
    ) {
        let mut world = World::new();
        let most = 3 * ONE;
        let exposure = units(350_000);
        let limits = AccountLimits { exposure_max: Some(exposure), ..position_limit(most) };
        let mut account = world.account(limits);
        let mut open: Vec<(u64, Side, i64)> = Vec::new();
        for (n, (buys, tenths, fate)) in steps.into_iter().enumerate() {
            let (n, side, qty) = (n as u64, if buys { Side::Buy } else { Side::Sell }, tenths * ONE / 10);
            let terms = [limit(100_000, qty)];
            let passed = account.judge(&world.standing(), &wish(world.instrument(0), side, &terms, n), ()).is_ok();
            if passed {
                match fate {
                    // Filled at once.
                    0 => { world.fill(side, qty, 100_000); account.landed(&id(n)); }
                    // Rests.
                    1 => {
                        world.working.push(Working { client_id: id(n), market: MarketId(0), side, open: Qty(qty) });
                        account.landed(&id(n));
                    }
                    // Never arrived.
                    2 => account.landed(&id(n)),
                    // Still on its way.
                    _ => {}
                }
                if fate != 2 && fate != 0 { open.push((n, side, qty)); }
            }
            let position = account.position(&world.standing(), BTC).0;
            let sum = |side| open.iter().filter(|(_, s, _)| *s == side).map(|(_, _, qty)| qty).sum::<i64>();
            let (long, short) = (position + sum(Side::Buy), position - sum(Side::Sell));
            prop_assert!(long <= most && short >= -most, "{long} {short}");
        }
    }
}
