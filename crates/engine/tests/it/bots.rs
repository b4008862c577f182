//! What holds for every bot: decisions, stops, limits, unknown outcomes, the kill switch.

use engine::{BotState, Control, Input, Output};
use risk::Limits;
use types::{
    AccountId, AssetId, ClientOrderId, Liquidation, MarketId, Money, Outcome, Price, Qty, Side, SignedQty,
    Time, TradeId, VenueFill,
};

use crate::desk::{BOT, Desk, ONE, bar};

const PARAMS: [(&str, &str); 3] = [("fast", "2"), ("slow", "4"), ("qty", "1")];

fn minute(n: i64) -> Time {
    Time(n * 60_000_000_000)
}

fn desk(limits: Limits) -> Desk {
    Desk::new("ema-cross", &PARAMS, limits, 100_000)
}

/// Bars that rise by 1 %, so that the bot is long after the fourth.
fn rise(desk: &mut Desk, from: i64, to: i64) {
    for n in from..to {
        desk.bar(bar(minute(n), (100 + n) * ONE));
    }
}

fn position(desk: &Desk) -> i64 {
    desk.engine.account(BOT).unwrap().position(MarketId(0)).qty().0
}

#[test]
fn every_decision_leaves_a_reason_also_not_to_trade() {
    let mut desk = desk(Limits::default());
    rise(&mut desk, 0, 6);
    let why: Vec<(&str, u64)> = desk.engine.why(BOT).map(|l| (l.reason.code, l.times)).collect();
    assert_eq!(why, [("warming_up", 3), ("fast_crossed_above", 1), ("nothing_to_do", 2), ("still_above", 2)]);
    assert_eq!(position(&desk), ONE);
}

#[test]
fn b1_each_input_is_decided_once_and_an_order_bears_the_number_of_its_decision() {
    let mut desk = desk(Limits::default());
    let mut decisions = 0;
    for n in 0..40 {
        // Up and down, so that it trades again and again.
        let before = desk.engine.bot(BOT).unwrap().decisions();
        assert_eq!(before, decisions, "nothing is decided without an input");
        desk.bar(bar(minute(n), (100 + n % 8 * 3) * ONE));
        decisions = desk.engine.bot(BOT).unwrap().decisions();
        // The bar, and what was told of its own order because of it: a fill and an end.
        assert!((1..=3).contains(&(decisions - before)), "bar {n}: {} decisions", decisions - before);
    }
    let numbers: Vec<u64> = desk
        .submitted
        .iter()
        .map(|order| orders::Identity::parse(&order.client_id).unwrap().decision >> 16)
        .collect();
    assert!(numbers.len() > 5, "{numbers:?}");
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "no decision is made twice: {numbers:?}");
}

#[test]
fn b3_a_stopped_bot_places_nothing_and_goes_on_listening() {
    let mut desk = desk(Limits::default());
    desk.control(Control::Stop(BOT));
    rise(&mut desk, 0, 9);
    assert_eq!((desk.submitted.len(), desk.engine.state(BOT)), (0, Some(BotState::Stopped)));
    desk.control(Control::Start(BOT));
    rise(&mut desk, 9, 10);
    assert_eq!(position(&desk), ONE);
}

#[test]
fn b4_a_denied_order_is_told_with_its_reason() {
    let mut desk = desk(Limits { position_max: Some(Qty(ONE / 2)), ..Limits::default() });
    rise(&mut desk, 0, 5);
    assert_eq!(desk.submitted.len(), 0);
    assert!(
        desk.outputs
            .iter()
            .any(|o| matches!(o, Output::Denied { denied, .. } if denied.code() == "position"))
    );
    assert!(desk.engine.why(BOT).any(|l| l.denied == Some("position")));
}

#[test]
fn an_unknown_order_is_neither_sent_again_nor_forgotten() {
    let mut desk = desk(Limits::default());
    desk.answers = false;
    rise(&mut desk, 0, 4);
    let order = desk.submitted[0];
    desk.report(minute(4), &order, Outcome::Unknown);
    rise(&mut desk, 4, 20);
    assert_eq!(desk.submitted.len(), 1, "working orders count, also unknown ones");
    assert_eq!(desk.engine.orders().unknown().count(), 1);
    desk.bar(bar(minute(20), 120 * ONE));
    let fill = desk.fill(&order, Qty(ONE));
    desk.report(minute(21), &order, fill);
    desk.report(minute(21), &order, fill);
    assert_eq!(position(&desk), ONE, "a repeated report is booked once");
    assert_eq!(desk.engine.orders().anomalies().repeated, 1);
}

#[test]
fn b5_the_kill_switch_cancels_flattens_and_stays_on() {
    let mut desk = desk(Limits::default());
    rise(&mut desk, 0, 6);
    desk.control(Control::Halt { account: AccountId(1), flatten: true });
    assert_eq!(position(&desk), 0);
    rise(&mut desk, 6, 12);
    assert_eq!(position(&desk), 0);
    assert!(
        desk.outputs.iter().any(|o| matches!(o, Output::Denied { denied, .. } if denied.code() == "halted"))
    );
    desk.control(Control::Resume(AccountId(1)));
    rise(&mut desk, 12, 13);
    assert_eq!(position(&desk), ONE);
}

#[test]
fn b5_the_kill_switch_cancels_every_working_order_in_the_same_step() {
    let mut desk = desk(Limits::default());
    desk.answers = false;
    rise(&mut desk, 0, 4);
    let working = desk.submitted[0].client_id;
    desk.outputs.clear();
    desk.control(Control::Halt { account: AccountId(1), flatten: false });
    let canceled: Vec<ClientOrderId> = desk
        .outputs
        .iter()
        .filter_map(|o| if let Output::Cancel { client_id, .. } = o { Some(*client_id) } else { None })
        .collect();
    assert_eq!(canceled, [working]);
}

#[test]
fn an_exit_waits_for_orders_that_may_still_trade() {
    let mut desk = desk(Limits::default());
    desk.answers = false;
    rise(&mut desk, 0, 4);
    let order = desk.submitted[0];
    let half = desk.fill(&order, Qty(ONE / 2));
    desk.report(minute(4), &order, half);
    desk.control(Control::Exit(BOT));
    assert!(desk.outputs.iter().any(|o| matches!(o, Output::Cancel { .. })));
    assert_eq!(desk.submitted.len(), 1, "closing now could sell what the cancelled order still buys");
    let late = desk.fill(&order, Qty(ONE / 4));
    desk.report(minute(4), &order, late);
    desk.answers = true;
    desk.report(minute(4), &order, Outcome::Canceled);
    assert_eq!(desk.submitted.len(), 2);
    assert_eq!(position(&desk), 0);
}

#[test]
fn a_fill_of_a_stranger_stops_the_bots_of_its_market() {
    let mut desk = desk(Limits::default());
    rise(&mut desk, 0, 5);
    let mut stranger = desk.submitted[0];
    stranger.client_id = ClientOrderId::new("somebody-else").unwrap();
    let fill = desk.fill(&stranger, Qty(ONE));
    desk.report(minute(5), &stranger, fill);
    assert_eq!(desk.engine.state(BOT), Some(BotState::Stopped));
    assert!(desk.outputs.iter().any(|o| matches!(o, Output::External { .. })));
    assert_eq!(desk.engine.account(BOT).unwrap().position(MarketId(0)).qty(), SignedQty(ONE));
}

/// A venue sold `qty` of the account's long position at 50.
pub(crate) fn liquidation(qty: i64) -> Liquidation {
    let quote = Money(50 * i128::from(qty));
    let (trade, price, qty) = (TradeId(77), Price(50 * ONE), Qty(qty));
    let (fee, fee_asset, is_maker) = (Money(i128::from(ONE)), AssetId(1), false);
    let fill = VenueFill { trade, price, qty, quote, fee, fee_asset, is_maker };
    Liquidation { account: AccountId(1), market: MarketId(0), side: Side::Sell, fill }
}

#[test]
fn a_liquidation_is_booked_and_stops_the_bot() {
    let mut desk = desk(Limits::default());
    rise(&mut desk, 0, 6);
    let before = desk.engine.account(BOT).unwrap().asset(AssetId(1));
    let stranger = Liquidation { account: AccountId(9), ..liquidation(ONE) };
    desk.input(Input::Liquidation(stranger));
    assert_eq!((position(&desk), desk.engine.state(BOT)), (ONE, Some(BotState::Running)));
    desk.input(Input::Liquidation(liquidation(ONE)));
    assert_eq!((position(&desk), desk.engine.state(BOT)), (0, Some(BotState::Stopped)));
    // Bought at 103, sold at 50, and a fee of 1.
    let after = desk.engine.account(BOT).unwrap().asset(AssetId(1));
    assert_eq!(after.0 - before.0, -54 * i128::from(ONE));
    rise(&mut desk, 6, 20);
    assert_eq!(position(&desk), 0, "it stays out");
}

#[test]
fn h6_two_runs_over_the_same_inputs_decide_the_same_and_another_input_shows() {
    let run = |last: i64| {
        let mut desk = desk(Limits::default());
        for n in 0..300 {
            let wave = (n * n * 7919 + n * 31) % 97;
            desk.bar(bar(minute(n), (100 + wave) * ONE));
        }
        desk.bar(bar(minute(300), last * ONE));
        (desk.engine.digest(), desk.engine.equity(BOT))
    };
    assert_eq!(run(500), run(500));
    assert_ne!(run(500).0, run(1).0);
}
