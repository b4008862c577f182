//! Every check alone, their order, and the promise that limits hold whatever is proposed.

use proptest::prelude::*;
use testkit::Listing;
use types::order::Amount;
use types::{
    AssetId, Instrument, InstrumentKind, Money, Price, Qty, Side, SignedQty, Terms, Time, TimeInForce,
};

use crate::denied::Scope;
use crate::{Denied, Halt, Limits, Losses, Proposal, View, check};

const ONE: i64 = 100_000_000;

fn instrument(kind: InstrumentKind) -> Instrument {
    let (lot, notional_min) = (Qty(1_000), Money(5 * i128::from(ONE)));
    Listing { kind, lot, lot_max: Qty(100 * ONE), notional_min, ..Listing::default() }.instrument()
}

fn view<'a>(instrument: &'a Instrument, limits: &'a Limits) -> View<'a> {
    View {
        now: Time(1_000),
        instrument,
        limits,
        halt: Halt::Off,
        running: true,
        barred: None,
        fresh: true,
        last: Some(Price(100 * ONE)),
        free: Money(1_000 * i128::from(ONE)),
        position: SignedQty(0),
        working_buys: Qty(0),
        working_sells: Qty(0),
        exposure: [Money(0); 3],
        sent_in_window: 0,
        losses: Losses::default(),
    }
}

fn limit(side: Side, price: i64, qty: i64) -> Proposal {
    let terms = Terms::Limit { price: Price(price), qty: Qty(qty), tif: TimeInForce::Gtc, display: None };
    Proposal { side, terms, reduce_only: false }
}

fn market(side: Side, qty: i64) -> Proposal {
    Proposal { side, terms: Terms::Market { amount: Amount::Base(Qty(qty)) }, reduce_only: false }
}

fn denied(proposal: &Proposal, view: &View<'_>) -> Denied {
    check(proposal, view, ()).unwrap_err()
}

#[test]
fn a_sound_order_passes_and_reserves_what_it_pays() {
    let (spot, limits) = (instrument(InstrumentKind::Spot), Limits::default());
    let approved = check(&limit(Side::Buy, 100 * ONE, ONE), &view(&spot, &limits), 7).unwrap();
    assert_eq!((*approved.order(), approved.reserve()), (7, Money(100 * i128::from(ONE))));
}

#[test]
fn each_limit_denies_with_its_numbers() {
    let (spot, none) = (instrument(InstrumentKind::Spot), Limits::default());
    let buy = limit(Side::Buy, 100 * ONE, ONE);
    let base = view(&spot, &none);
    assert_eq!(denied(&buy, &View { halt: Halt::Full, ..base }), Denied::Halted);
    assert_eq!(denied(&buy, &View { halt: Halt::ReduceOnly, ..base }), Denied::Halted);
    assert_eq!(denied(&buy, &View { running: false, ..base }), Denied::BotStopped);
    assert_eq!(denied(&buy, &View { fresh: false, ..base }), Denied::StaleMarket);
    assert_eq!(denied(&market(Side::Buy, ONE), &View { last: None, ..base }), Denied::NoPrice);
    assert_eq!(
        denied(&limit(Side::Buy, 100 * ONE + 1, ONE), &base),
        Denied::Price { price: Price(100 * ONE + 1) }
    );
    assert_eq!(denied(&limit(Side::Buy, 100 * ONE, 1_500), &base), Denied::Lot { qty: Qty(1_500) });
    assert_eq!(
        denied(&limit(Side::Buy, 100 * ONE, 1_000), &base),
        Denied::Notional { notional: Money(100_000) }
    );
    let free = Money(99 * i128::from(ONE));
    let needed = Money(100 * i128::from(ONE));
    assert_eq!(denied(&buy, &View { free, ..base }), Denied::Balance { asset: AssetId(1), needed, free });

    let with = |limits: Limits, change: fn(&mut View<'_>)| {
        let mut view = view(&spot, &limits);
        change(&mut view);
        denied(&limit(Side::Buy, 103 * ONE, ONE), &view).code()
    };
    let off = Limits::default;
    let same: fn(&mut View<'_>) = |_| {};
    assert_eq!(with(Limits { price_band_bips: Some(200), ..off() }, same), "price_band");
    assert_eq!(with(Limits { order_qty_max: Some(Qty(ONE - 1)), ..off() }, same), "order_qty");
    assert_eq!(with(Limits { order_notional_max: Some(Money(1)), ..off() }, same), "order_notional");
    assert_eq!(with(Limits { order_rate_max: Some(3), ..off() }, |v| v.sent_in_window = 3), "order_rate");
    assert_eq!(
        with(Limits { position_max: Some(Qty(ONE)), ..off() }, |v| v.working_buys = Qty(1)),
        "position"
    );
    let exposed: fn(&mut View<'_>) = |v| v.exposure = [Money(90 * i128::from(ONE)); 3];
    let cap = Some(Money(190 * i128::from(ONE)));
    assert_eq!(with(Limits { bot_exposure_max: cap, ..off() }, exposed), "bot_exposure");
    assert_eq!(with(Limits { account_exposure_max: cap, ..off() }, exposed), "account_exposure");
    assert_eq!(with(Limits { portfolio_exposure_max: cap, ..off() }, exposed), "portfolio_exposure");
    let lost: fn(&mut View<'_>) = |v| {
        v.losses =
            Losses { equity: Money(900), highest: Money(1_000), day_start: Money(950), ..Losses::default() };
    };
    assert_eq!(with(Limits { drawdown_max_bips: Some(1_000), ..off() }, lost), "drawdown");
    assert_eq!(with(Limits { daily_loss_max: Some(Money(50)), ..off() }, lost), "daily_loss");
    let streak: fn(&mut View<'_>) = |v| (v.losses.streak, v.losses.streak_ended) = (3, Time(500));
    assert_eq!(with(Limits { losing_streak_max: Some(3), cool_down_ns: 501, ..off() }, streak), "cool_down");
}

#[test]
fn a_way_out_is_open_when_everything_else_is_barred() {
    let spot = instrument(InstrumentKind::Spot);
    let limits = Limits { drawdown_max_bips: Some(1), daily_loss_max: Some(Money(1)), ..Limits::default() };
    let losses = Losses { highest: Money(100), day_start: Money(100), ..Losses::default() };
    let long = View {
        position: SignedQty(ONE),
        free: Money(i128::from(ONE)),
        halt: Halt::ReduceOnly,
        losses,
        ..view(&spot, &limits)
    };
    let exit = Proposal { reduce_only: true, ..market(Side::Sell, ONE) };
    assert!(check(&exit, &long, ()).is_ok());
    let too_much = Proposal { reduce_only: true, ..market(Side::Sell, ONE + 1_000) };
    let free = View { halt: Halt::Off, free: Money(i128::from(2 * ONE)), ..long };
    assert_eq!(denied(&too_much, &free), Denied::NotReducing { position: SignedQty(ONE) });
    let twice = View { working_sells: Qty(1_000), ..free };
    assert_eq!(denied(&exit, &twice), Denied::NotReducing { position: SignedQty(ONE) });
}

#[test]
fn a_perpetual_needs_margin_to_open_and_none_to_close() {
    let perp = instrument(InstrumentKind::LinearPerp { initial_margin: 1_000, maintenance_margin: 500 });
    let limits = Limits::default();
    let flat = View { free: Money(10 * i128::from(ONE)), ..view(&perp, &limits) };
    assert_eq!(check(&market(Side::Sell, ONE), &flat, ()).unwrap().reserve(), Money(10 * i128::from(ONE)));
    let broke = View { free: Money(0), ..flat };
    assert!(matches!(denied(&market(Side::Sell, ONE), &broke), Denied::Balance { .. }));
    let short = View { position: SignedQty(-ONE), ..broke };
    assert_eq!(check(&market(Side::Buy, ONE), &short, ()).unwrap().reserve(), Money(0));
}

#[test]
fn the_largest_scope_that_denies_is_named_in_order() {
    let spot = instrument(InstrumentKind::Spot);
    let limits = Limits {
        bot_exposure_max: Some(Money(i128::from(200 * ONE))),
        account_exposure_max: Some(Money(1)),
        ..Limits::default()
    };
    let result = denied(&limit(Side::Buy, 100 * ONE, ONE), &view(&spot, &limits));
    assert!(matches!(result, Denied::Exposure { of: Scope::Account, .. }));
}

proptest! {
    /// B4: whatever is proposed and whatever the state, what passes keeps the limits.
    #[test]
    fn b4_what_passes_keeps_the_limits(
        buy: bool,
        price in 1..300_i64,
        qty in -5..200_000_i64,
        by_market: bool,
        position in -50 * ONE..50 * ONE,
        working in (0..10 * ONE, 0..10 * ONE),
        free in 0..10_000 * i128::from(ONE),
        perp: bool,
    ) {
        let kind = if perp {
            InstrumentKind::LinearPerp { initial_margin: 1_000, maintenance_margin: 500 }
        } else {
            InstrumentKind::Spot
        };
        let instrument = instrument(kind);
        let limits = Limits {
            order_qty_max: Some(Qty(ONE)),
            position_max: Some(Qty(20 * ONE)),
            price_band_bips: Some(500),
            ..Limits::default()
        };
        let side = if buy { Side::Buy } else { Side::Sell };
        let qty = qty * 1_000;
        let proposal = if by_market { market(side, qty) } else { limit(side, price * ONE, qty) };
        let view = View {
            position: SignedQty(position),
            working_buys: Qty(working.0),
            working_sells: Qty(working.1),
            free: Money(free),
            ..view(&instrument, &limits)
        };
        if let Ok(approved) = check(&proposal, &view, ()) {
            prop_assert!(qty > 0 && qty <= ONE);
            prop_assert!(approved.reserve() >= Money(0) && approved.reserve() <= view.free);
            let reach = if buy { position + working.0 + qty } else { position - working.1 - qty };
            prop_assert!(reach.abs() <= 20 * ONE || reach.abs() <= position.abs());
            if !by_market {
                let aggressive = if buy { price * ONE - 100 * ONE } else { 100 * ONE - price * ONE };
                prop_assert!(aggressive * 10_000 <= 100 * ONE * 500);
            }
        }
    }
}

#[test]
fn b5_a_full_halt_lets_nothing_out_and_the_milder_one_only_what_reduces() {
    let (instrument, limits) = (instrument(InstrumentKind::Spot), Limits::default());
    let halted = |halt| View { halt, ..view(&instrument, &limits) };
    for (halt, reducing, passes) in [
        (Halt::Off, false, true),
        (Halt::ReduceOnly, true, true),
        (Halt::ReduceOnly, false, false),
        (Halt::Full, true, false),
        (Halt::Full, false, false),
    ] {
        assert_eq!(super::halt::check(&halted(halt), reducing).is_ok(), passes, "{halt:?} {reducing}");
    }
}
