//! What orders must have behind them, what fills cost, and when a position ends.

use types::order::Amount;
use types::{FeeRate, InstrumentKind, MarketNews, Outcome, Price, Side, Terms, TimeInForce, VenueReason};
use venue_sim::{Config, Fees};

use crate::desk::{ACCOUNT, BASE, Desk, ONE, PERPETUAL, Told, qty};

const S: i64 = 1_000_000_000;
const FLAT: [i64; 4] = [100, 100, 100, 100];

fn market(hundredths: i64) -> Terms {
    Terms::Market { amount: Amount::Base(qty(hundredths)) }
}

fn fees(maker: u32, taker: u32, rebate: u32) -> Config {
    let fees =
        Fees { maker: FeeRate(maker), taker: FeeRate(taker), rebate: FeeRate(rebate), in_received: false };
    Config { fees, ..Config::default() }
}

#[test]
fn l5_fees_are_rounded_up_and_rebates_down() {
    // 0.03333333 % of 1.00 quote: 33,333.33 units.
    let mut desk = Desk::new(PERPETUAL, fees(0, 33_333, 33_333), 1_000);
    desk.bar(0, FLAT, 10);
    desk.send(S, Side::Buy, market(1));
    desk.bar(1, FLAT, 10);
    assert_eq!(desk.money(), 1_000 * i128::from(ONE) - 33_333);
    let odd = Config { fees: Fees { taker: FeeRate(33_333_333), ..fees(0, 0, 0).fees }, ..Config::default() };
    let mut desk = Desk::new(PERPETUAL, odd, 1_000);
    desk.bar(0, FLAT, 10);
    desk.send(S, Side::Buy, Terms::Market { amount: Amount::Base(qty(1)) });
    desk.bar(1, [101, 101, 101, 101], 10);
    // 1.01 × 0.33333333 = 0.3366666633: up to the next unit.
    assert_eq!(1_000 * i128::from(ONE) - desk.money(), 33_666_667);
}

#[test]
fn a_resting_order_is_paid_its_rebate() {
    let mut desk = Desk::new(PERPETUAL, fees(0, 100_000, 10_000), 1_000);
    desk.bar(0, FLAT, 10);
    let rests = Terms::Limit { price: Price(98 * ONE), qty: qty(100), tif: TimeInForce::Gtc, display: None };
    desk.send(S, Side::Buy, rests);
    desk.bar(1, [100, 100, 97, 100], 10);
    assert_eq!(desk.position(), ONE);
    assert_eq!(desk.money() - 1_000 * i128::from(ONE), 980_000);
}

#[test]
fn spot_spends_what_it_has_and_sells_what_it_owns() {
    let mut desk = Desk::new(InstrumentKind::Spot, fees(0, 100_000, 0), 100);
    desk.bar(0, FLAT, 10);
    let broke =
        |at, order| Told::Ended { at, order, how: Outcome::Rejected(VenueReason::InsufficientBalance) };
    desk.send(S, Side::Sell, market(1));
    desk.send(S, Side::Buy, market(100));
    // One whole costs 100 and a fee of 0.1, which are not there.
    assert_eq!(desk.until(S), [broke(S, 1), broke(S, 2)]);
    desk.send(S, Side::Buy, market(99));
    let told = desk.bar(1, FLAT, 10);
    assert_eq!(told, [Told::Fill { at: S, order: 3, price: 100, qty: 99, maker: false }]);
    assert_eq!(desk.money(), 100 * i128::from(ONE) - 99 * i128::from(ONE) - 9_900_000);
    // What rests is reserved: the same base cannot be sold twice.
    let rests = Terms::Limit { price: Price(120 * ONE), qty: qty(60), tif: TimeInForce::Gtc, display: None };
    desk.send(2 * S, Side::Sell, rests);
    desk.send(2 * S, Side::Sell, market(60));
    assert_eq!(desk.until(2 * S), [broke(2 * S, 5)]);
}

#[test]
fn a_spot_buy_whose_price_has_risen_gets_what_it_can_pay() {
    let mut desk = Desk::new(InstrumentKind::Spot, fees(0, 0, 0), 100);
    desk.bar(0, FLAT, 10);
    desk.send(S, Side::Buy, market(100));
    let told = desk.bar(1, [125, 125, 125, 125], 10);
    assert_eq!(told[0], Told::Fill { at: S, order: 1, price: 125, qty: 80, maker: false });
    assert_eq!(desk.money(), 0);
}

#[test]
fn a_budget_pays_its_fee_too() {
    let mut desk = Desk::new(InstrumentKind::Spot, fees(0, 1_000_000, 0), 1_000);
    desk.bar(0, FLAT, 10);
    desk.send(S, Side::Buy, Terms::Market { amount: Amount::Quote(types::Money(202 * i128::from(ONE))) });
    let told = desk.bar(1, FLAT, 10);
    let end = Told::Ended { at: S, order: 1, how: Outcome::Expired };
    assert_eq!(told, [Told::Fill { at: S, order: 1, price: 100, qty: 200, maker: false }, end]);
    assert_eq!(desk.money(), 798 * i128::from(ONE));
}

#[test]
fn a_fee_in_what_is_received_comes_out_of_the_base() {
    let fees = Fees { taker: FeeRate(100_000), in_received: true, ..Fees::default() };
    let mut desk = Desk::new(InstrumentKind::Spot, Config { fees, ..Config::default() }, 100);
    desk.bar(0, FLAT, 10);
    desk.send(S, Side::Buy, market(100));
    desk.bar(1, FLAT, 10);
    assert_eq!(desk.venue.account(ACCOUNT).unwrap().asset(BASE).0, 99_900_000);
    assert_eq!(desk.money(), 0);
}

#[test]
fn a_perpetual_needs_its_margin_and_an_order_that_reduces_does_not() {
    let mut desk = Desk::new(PERPETUAL, Config::default(), 100);
    desk.bar(0, FLAT, 10);
    // 10 % of 1,100 is more than 100.
    desk.send(S, Side::Sell, market(1_100));
    assert!(matches!(
        desk.until(S)[..],
        [Told::Ended { how: Outcome::Rejected(VenueReason::InsufficientBalance), .. }]
    ));
    desk.send(S, Side::Sell, market(1_000));
    desk.bar(1, FLAT, 10);
    assert_eq!(desk.position(), -10 * ONE);
    desk.send_as(2 * S, Side::Buy, market(99_900), true);
    let told = desk.bar(2, FLAT, 10);
    assert_eq!(
        told,
        [Told::Fill { at: 2 * S, order: 3, price: 100, qty: 1_000, maker: false }],
        "cut to the position"
    );
    desk.send_as(3 * S, Side::Buy, market(100), true);
    assert!(
        matches!(desk.until(3 * S)[..], [Told::Ended { how: Outcome::Rejected(_), .. }]),
        "nothing to reduce"
    );
}

#[test]
fn a_long_position_is_liquidated_where_its_collateral_ends() {
    let mut desk =
        Desk::new(PERPETUAL, Config { liquidation_fee: FeeRate(1_000_000), ..Config::default() }, 100);
    desk.bar(0, FLAT, 10);
    desk.send(S, Side::Buy, market(500));
    desk.bar(1, FLAT, 10);
    desk.send(
        2 * S,
        Side::Sell,
        Terms::Limit { price: Price(150 * ONE), qty: qty(100), tif: TimeInForce::Gtc, display: None },
    );
    // 5 long at 100 with 100: 5p - 400 = 0.05 × 5p at p = 400 / 4.75 = 84.2105.
    let told = desk.bar(2, [100, 101, 86, 90], 10);
    assert_eq!(told, []);
    let told = desk.bar(3, [90, 91, 80, 85], 10);
    let [Told::Ended { how: Outcome::Canceled, .. }, Told::Liquidated { price: 84, qty: 500, .. }] = told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(desk.position(), 0);
    // 100 - 5 × 16 - 1 % of 420: the price is a whole tick.
    assert_eq!(desk.money(), 1_580_000_000);
}

#[test]
fn a_short_position_is_liquidated_by_a_jump_at_the_price_of_the_jump() {
    let mut desk = Desk::new(PERPETUAL, Config::default(), 100);
    desk.bar(0, FLAT, 10);
    desk.send(S, Side::Sell, market(500));
    desk.bar(1, FLAT, 10);
    let told = desk.bar(2, [140, 141, 139, 140], 10);
    assert_eq!(told, [Told::Liquidated { at: 2 * S, price: 140, qty: 500 }]);
    // Five times 40 lost, of 100: a debt.
    assert_eq!(desk.money(), -100 * i128::from(ONE));
}

#[test]
fn funding_is_paid_and_moves_the_liquidation() {
    let mut desk = Desk::new(PERPETUAL, Config::default(), 100);
    desk.bar(0, FLAT, 10);
    desk.send(S, Side::Buy, market(500));
    desk.bar(1, FLAT, 10);
    // 10 % of 500 is half of the collateral.
    desk.event(2 * S, MarketNews::Funding { rate: 10_000_000, mark: Price(100 * ONE) });
    assert_eq!(desk.money(), 50 * i128::from(ONE));
    // 5p - 450 = 0.05 × 5p at 94.74; without the funding it would have lived.
    let told = desk.bar(2, [100, 101, 90, 99], 10);
    assert!(matches!(told[..], [Told::Liquidated { price: 94, .. }]), "{told:?}");
}
