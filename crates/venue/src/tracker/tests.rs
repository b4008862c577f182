//! The order protocol, rule by rule.

use types::{AccountId, AssetId, MarketId, Money, Price, Qty, TradeId, VenueFill};

use super::*;

const SECOND: i64 = 1_000_000_000;

fn at(seconds: i64) -> Time {
    Time(seconds * SECOND)
}

fn order() -> OrderRef {
    let client_id = ClientOrderId::new("t-1").unwrap();
    OrderRef { account: AccountId(1), market: MarketId(0), client_id }
}

fn fill(trade: u64) -> VenueFill {
    VenueFill {
        trade: TradeId(trade),
        price: Price(1),
        qty: Qty(1),
        quote: Money(1),
        fee: Money(0),
        fee_asset: AssetId(0),
        is_maker: true,
    }
}

/// A tracker of one order that was sent at 0.
fn sent() -> Tracker {
    let mut tracker = Tracker::new(Facts::BINANCE);
    tracker.sent(at(0), order());
    tracker
}

#[allow(clippy::needless_pass_by_value)] // so that the tables read well
fn answer(tracker: &mut Tracker, now: i64, answer: Answer) -> Vec<Action> {
    let mut out = Vec::new();
    tracker.answered(at(now), &order().client_id, &answer, &mut out);
    out
}

fn tick(tracker: &mut Tracker, now: i64) -> Vec<Action> {
    let mut out = Vec::new();
    tracker.tick(at(now), &mut out);
    out
}

fn told(outcome: Outcome) -> Action {
    report(&order(), outcome)
}

#[test]
fn a_definite_answer_settles_at_once() {
    for (said, outcome) in [
        (Answer::Accepted { venue_id: 7 }, Outcome::Accepted { venue_id: 7 }),
        (Answer::Rejected(VenueReason::Filter), Outcome::Rejected(VenueReason::Filter)),
    ] {
        let mut tracker = sent();
        assert_eq!(answer(&mut tracker, 1, said), [told(outcome)]);
        assert_eq!(tracker.next(), None);
    }
}

#[test]
fn b1_an_unclear_answer_or_none_makes_it_unknown_and_nothing_is_sent_again() {
    let mut tracker = sent();
    assert_eq!(answer(&mut tracker, 1, Answer::Unclear), [told(Outcome::Unknown)]);
    assert_eq!(tick(&mut tracker, 1), [Action::Query(order())]);
    assert!(!tracker.settled());
    let mut tracker = sent();
    assert_eq!(tick(&mut tracker, 9), []);
    assert_eq!(tick(&mut tracker, 10), [told(Outcome::Unknown), Action::Query(order())]);
}

#[test]
fn not_found_means_nothing_while_the_request_may_be_under_way() {
    let mut tracker = sent();
    answer(&mut tracker, 1, Answer::Unclear);
    for now in 1..12 {
        assert_eq!(answer(&mut tracker, now, Answer::NotFound), []);
    }
    // From 12 s on it counts: three times, over a minute.
    for now in [12, 17, 22, 40, 71] {
        assert_eq!(answer(&mut tracker, now, Answer::NotFound), [], "{now}");
    }
    assert!(!tracker.settled());
    assert_eq!(answer(&mut tracker, 72, Answer::NotFound), [told(Outcome::NeverArrived)]);
    assert!(tracker.settled());
}

#[test]
fn an_acceptance_after_the_time_out_is_found() {
    let mut tracker = sent();
    answer(&mut tracker, 1, Answer::Unclear);
    answer(&mut tracker, 30, Answer::NotFound);
    let found = Found { venue_id: 7, state: FoundState::Filled, fills: vec![fill(1), fill(2)] };
    let expected =
        [Outcome::Accepted { venue_id: 7 }, Outcome::Fill(fill(1)), Outcome::Fill(fill(2))].map(told);
    assert_eq!(answer(&mut tracker, 31, Answer::Found(found)), expected);
    assert_eq!((tracker.settled(), tracker.next()), (true, None));
}

#[test]
fn a_report_settles_an_unknown_order_too() {
    let mut tracker = sent();
    answer(&mut tracker, 1, Answer::Unclear);
    let fill =
        Report { market: order().market, client_id: order().client_id, outcome: Outcome::Fill(fill(1)) };
    let mut out = Vec::new();
    let _ = tracker.reported(at(1), AccountId(1), &fill, &mut out);
    assert_eq!((out, tracker.settled()), (vec![], true));
}

#[test]
fn after_a_restart_one_report_does_not_tell_what_was_missed() {
    let (mut tracker, mut out) = (Tracker::new(Facts::BINANCE), Vec::new());
    tracker.restart(at(0), order(), State::Unknown, false, &mut out);
    let second =
        Report { market: order().market, client_id: order().client_id, outcome: Outcome::Fill(fill(2)) };
    let _ = tracker.reported(at(1), AccountId(1), &second, &mut out);
    assert!(!tracker.settled());
    assert_eq!(tick(&mut tracker, 1), [Action::Query(order())]);
    let found = Found { venue_id: 7, state: FoundState::Filled, fills: vec![fill(1), fill(2)] };
    assert!(answer(&mut tracker, 1, Answer::Found(found)).contains(&told(Outcome::Fill(fill(1)))));
    assert!(tracker.settled());
}

#[test]
fn a_lost_order_is_watched_and_stops_its_bots_when_it_rises() {
    let mut tracker = sent();
    answer(&mut tracker, 1, Answer::Unclear);
    for now in [12, 40, 80] {
        answer(&mut tracker, now, Answer::NotFound);
    }
    assert_eq!(tick(&mut tracker, 80 + 600), [Action::Query(order())]);
    let mut twin = tracker.clone();
    let found = Found { venue_id: 7, state: FoundState::Live, fills: vec![fill(1)] };
    let expected = [
        Action::External(order()),
        Action::Cancel(order()),
        told(Outcome::Accepted { venue_id: 7 }),
        told(Outcome::Fill(fill(1))),
    ];
    assert_eq!(answer(&mut tracker, 700, Answer::Found(found)), expected);
    // After a day nobody looks any more.
    assert_eq!(tick(&mut twin, 25 * 3_600), []);
    assert_eq!(twin.next(), None);
}

#[test]
fn a_refusal_as_a_duplicate_means_that_it_is_there() {
    let mut tracker = sent();
    let said = Answer::Rejected(VenueReason::Duplicate);
    assert_eq!(answer(&mut tracker, 1, said), [told(Outcome::Unknown)]);
    assert!(!tracker.settled());
}

#[test]
fn a_restart_takes_the_same_path() {
    let restart = |state, cancel| {
        let (mut tracker, mut out) = (Tracker::new(Facts::BINANCE), Vec::new());
        tracker.restart(at(0), order(), state, cancel, &mut out);
        tracker.tick(at(0), &mut out);
        (tracker, out)
    };
    for state in [State::Recorded, State::Sent] {
        let (tracker, out) = restart(state, false);
        assert_eq!(out, [told(Outcome::Unknown), Action::Query(order())]);
        assert!(!tracker.settled());
    }
    let (mut tracker, out) = restart(State::Live, true);
    assert_eq!((out, tracker.settled()), (vec![Action::Query(order())], false));
    // Its cancel may have been lost with the process.
    let found = Found { venue_id: 7, state: FoundState::Live, fills: vec![] };
    let expected = [told(Outcome::Accepted { venue_id: 7 }), Action::Cancel(order())];
    assert_eq!(answer(&mut tracker, 1, Answer::Found(found)), expected);
    assert!(tracker.settled());
    let (tracker, out) = restart(State::Filled, false);
    assert_eq!((out, tracker.next()), (vec![], None));
}

#[test]
fn a_cancel_without_effect_is_asked_for_again_until_the_order_is_gone() {
    let mut tracker = sent();
    answer(&mut tracker, 1, Answer::Accepted { venue_id: 7 });
    tracker.cancel_sent(at(2), order());
    assert_eq!(tick(&mut tracker, 12), [Action::Query(order())]);
    let live = || Found { venue_id: 7, state: FoundState::Live, fills: vec![] };
    let again = answer(&mut tracker, 13, Answer::Found(live()));
    assert_eq!(again.last(), Some(&Action::Cancel(order())));
    // Refused: it has ended, and what its end was must be asked for.
    assert_eq!(answer(&mut tracker, 14, Answer::CancelRefused), []);
    assert_eq!(tick(&mut tracker, 14), [Action::Query(order())]);
    let ended = Found { venue_id: 7, state: FoundState::Canceled, fills: vec![fill(1)] };
    let last = answer(&mut tracker, 15, Answer::Found(ended));
    assert_eq!(last.last(), Some(&told(Outcome::Canceled)));
    assert_eq!((tracker.settled(), tracker.next()), (true, None));
}

/// Found by the simulator: the order was in flight, the cancel arrived first and was refused, and nobody cancelled again.
#[test]
fn a_cancel_that_overtook_its_order_is_asked_for_again() {
    for told_by_report in [false, true] {
        let mut tracker = sent();
        tracker.cancel_sent(at(1), order());
        assert_eq!(answer(&mut tracker, 2, Answer::CancelRefused), []);
        let accepted = Outcome::Accepted { venue_id: 7 };
        let mut out = Vec::new();
        if told_by_report {
            let report = Report { market: order().market, client_id: order().client_id, outcome: accepted };
            let _ = tracker.reported(at(3), AccountId(1), &report, &mut out);
        } else {
            out = answer(&mut tracker, 3, Answer::Accepted { venue_id: 7 });
        }
        assert_eq!(out.last(), Some(&Action::Cancel(order())));
    }
}

/// Found by the simulator (seed 12): the answer to a cancel was unclear, and the cancel was forgotten with it.
#[test]
fn a_cancel_with_an_unclear_answer_is_not_forgotten() {
    let mut tracker = sent();
    answer(&mut tracker, 1, Answer::Accepted { venue_id: 7 });
    tracker.cancel_sent(at(2), order());
    assert_eq!(answer(&mut tracker, 3, Answer::Unclear), []);
    assert_eq!(tick(&mut tracker, 12), [Action::Query(order())]);
    let live = Found { venue_id: 7, state: FoundState::Live, fills: vec![] };
    assert_eq!(answer(&mut tracker, 13, Answer::Found(live)).last(), Some(&Action::Cancel(order())));
}

/// Found by the simulator (seed 557): an order was refused while its cancel was under way, and was asked for for ever.
#[test]
fn nobody_asks_about_an_order_that_was_refused() {
    let mut tracker = sent();
    tracker.cancel_sent(at(1), order());
    answer(&mut tracker, 2, Answer::Rejected(VenueReason::Expired));
    assert_eq!(answer(&mut tracker, 3, Answer::CancelRefused), []);
    assert_eq!((tracker.settled(), tracker.next()), (true, None));
}

/// Found by the simulator (seed 263): the refusal of a cancel that overtook its order came after the order's acceptance.
#[test]
fn a_late_refusal_of_a_cancel_does_not_end_it() {
    let mut tracker = sent();
    tracker.cancel_sent(at(1), order());
    assert_eq!(answer(&mut tracker, 2, Answer::Accepted { venue_id: 7 }).len(), 1);
    assert_eq!(answer(&mut tracker, 3, Answer::CancelRefused), []);
    assert_eq!(tick(&mut tracker, 3), [Action::Query(order())]);
    let live = Found { venue_id: 7, state: FoundState::Live, fills: vec![] };
    assert_eq!(answer(&mut tracker, 4, Answer::Found(live)).last(), Some(&Action::Cancel(order())));
}

/// Found by the simulator (seed 683): a fill was lost with the connection, the cancel was heard after it, and a crash came before
/// the answer that would have told the fill.
#[test]
fn an_end_is_held_back_while_a_fill_may_have_been_missed() {
    let mut tracker = sent();
    answer(&mut tracker, 1, Answer::Accepted { venue_id: 7 });
    tracker.lost(at(2), [order()].into_iter());
    let canceled =
        Report { market: order().market, client_id: order().client_id, outcome: Outcome::Canceled };
    assert!(!tracker.reported(at(3), AccountId(1), &canceled, &mut Vec::new()));
    assert_eq!(tick(&mut tracker, 3), [Action::Query(order())]);
    let found = Found { venue_id: 7, state: FoundState::Canceled, fills: vec![fill(1)] };
    let told = answer(&mut tracker, 4, Answer::Found(found));
    assert!(told.contains(&report(&order(), Outcome::Fill(fill(1)))));
    assert_eq!(told.last(), Some(&report(&order(), Outcome::Canceled)));
    assert!(tracker.reported(at(5), AccountId(1), &canceled, &mut Vec::new()));
}

#[test]
fn lost_events_make_everything_that_lives_be_asked_for() {
    let mut tracker = sent();
    answer(&mut tracker, 1, Answer::Accepted { venue_id: 7 });
    tracker.lost(at(5), [order()].into_iter());
    assert!(!tracker.settled());
    assert_eq!(tick(&mut tracker, 5), [Action::Query(order())]);
    // It is asked again while no answer comes.
    assert_eq!(tick(&mut tracker, 6), []);
    assert_eq!(tick(&mut tracker, 10), [Action::Query(order())]);
}

#[test]
fn b6_where_reports_overtake_each_other_an_end_waits_for_the_fills_before_it() {
    let mut tracker = Tracker::new(Facts { ordered_reports: false, ..Facts::BINANCE });
    let mut out = Vec::new();
    tracker.sent(at(0), order());
    tracker.answered(at(0), &order().client_id, &Answer::Accepted { venue_id: 7 }, &mut out);
    let canceled = Report { market: MarketId(0), client_id: order().client_id, outcome: Outcome::Canceled };
    out.clear();
    assert!(!tracker.reported(at(1), AccountId(1), &canceled, &mut out), "it is held back");
    tracker.tick(at(1), &mut out);
    assert_eq!(out, [Action::Query(order())]);
    out.clear();
    let found = Found { venue_id: 7, state: FoundState::Canceled, fills: vec![fill(3)] };
    tracker.answered(at(2), &order().client_id, &Answer::Found(found), &mut out);
    let told: Vec<Outcome> =
        out.iter().map(|a| if let Action::Report(r) = a { r.outcome } else { panic!("{a:?}") }).collect();
    assert_eq!(told, [Outcome::Accepted { venue_id: 7 }, Outcome::Fill(fill(3)), Outcome::Canceled]);
    assert!(tracker.settled());
}

/// Found by seed 85020 of the simulator: the question was asked while the order was unknown, answered late, and after the connection had been
/// lost together with a fill. Taken for the answer to the question after the loss, it settled the order, and its end was believed.
#[test]
fn b1_an_answer_from_before_a_loss_does_not_settle_what_was_lost() {
    let mut tracker = sent();
    answer(&mut tracker, 1, Answer::Unclear);
    assert_eq!(tick(&mut tracker, 1), [Action::Query(order())]);
    let report = |outcome| Report { market: order().market, client_id: order().client_id, outcome };
    let accepted = report(Outcome::Accepted { venue_id: 7 });
    assert!(tracker.reported(at(2), AccountId(1), &accepted, &mut Vec::new()) && tracker.settled());
    tracker.lost(at(5), [order()].into_iter());
    assert_eq!(tick(&mut tracker, 5), [Action::Query(order())]);
    let live = Found { venue_id: 7, state: FoundState::Live, fills: vec![] };
    assert_eq!(
        answer(&mut tracker, 6, Answer::Found(live.clone())),
        [told(Outcome::Accepted { venue_id: 7 })]
    );
    assert!(!tracker.settled(), "it may be the answer to the first question");
    // Its end is held back until it was asked for again.
    let mut out = Vec::new();
    assert!(!tracker.reported(at(7), AccountId(1), &report(Outcome::Canceled), &mut out) && out.is_empty());
    assert_eq!(tick(&mut tracker, 7), [Action::Query(order())]);
    let found = Found { venue_id: 7, state: FoundState::Canceled, fills: vec![fill(1)] };
    let expected = [Outcome::Accepted { venue_id: 7 }, Outcome::Fill(fill(1)), Outcome::Canceled].map(told);
    assert_eq!(answer(&mut tracker, 8, Answer::Found(found)), expected);
    assert!(tracker.settled());
    // Without a question from before, the first answer settles.
    let mut tracker = Tracker::new(Facts::BINANCE);
    tracker.lost(at(5), [order()].into_iter());
    tick(&mut tracker, 5);
    answer(&mut tracker, 6, Answer::Found(live));
    assert!(tracker.settled());
}
