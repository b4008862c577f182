//! Limits that change while a bot has orders at the venue: what could go beyond them is taken back, nothing new leaves beyond them, and
//! what makes a position smaller always may.

use engine::{BotState, Control, Output};
use orders::VenueOrder;
use risk::Limits;
use strategy::{
    Context, Decisions, Description, Event, Feed, Instruments, OrderIntent, Reason, Strategy, Subscription,
    Tag,
};
use types::wire::{Reader, WireError, Writer};
use types::{ClientOrderId, Interval, MarketId, Money, Outcome, Price, Qty, Side, Terms, Time, TimeInForce};

use crate::desk::{BOT, Desk, ONE, bar};

const DESCRIPTION: Description = Description {
    name: "dictated",
    idea: "Rests limit orders as it is told: SIDE QTY PRICE in whole units.",
    source: "This test.",
    fails: "As its test does.",
    instruments: Instruments::ONE,
    params: &[],
};

/// Rests what it is told to.
struct Dictated([Subscription; 1], u32);

impl Strategy for Dictated {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn subscriptions(&self) -> &[Subscription] {
        &self.0
    }

    fn warm_up(&self) -> u32 {
        0
    }

    fn on_event(&mut self, _: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        let Event::Signal(text) = event else { return };
        let words: Vec<&str> = text.split(' ').collect();
        let [side, qty, price] = words[..] else { panic!("{text}") };
        let side = if side == "buy" { Side::Buy } else { Side::Sell };
        let [qty, price] = [qty, price].map(|number| number.parse::<i64>().unwrap() * ONE);
        let terms = Terms::Limit { price: Price(price), qty: Qty(qty), tif: TimeInForce::Gtc, display: None };
        self.1 += 1;
        let (tag, market) = (Tag(self.1), MarketId(0));
        out.place(OrderIntent { tag, market, side, terms, reduce_only: false, bracket: None });
        out.because(Reason::new("told"));
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.u32(self.1);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.1 = r.u32()?;
        Ok(())
    }
}

/// A running bot that does as it is told, at a price of 100.
fn desk() -> Desk {
    let subscription = Subscription { market: MarketId(0), feed: Feed::Bars(Interval::M1) };
    let mut desk = Desk::of(Box::new(Dictated([subscription], 0)), Limits::default(), 100_000);
    desk.bar(bar(Time(0), 100 * ONE));
    desk
}

/// What left because of a message.
fn say(desk: &mut Desk, text: &str) -> Option<VenueOrder> {
    let before = desk.submitted.len();
    desk.control(Control::Signal { bot: BOT, text: text.to_owned() });
    desk.submitted.get(before).copied()
}

/// Rests an order that must leave.
fn rest(desk: &mut Desk, text: &str) -> VenueOrder {
    let order = say(desk, text).unwrap_or_else(|| panic!("{text} did not leave"));
    desk.report(Time(1), &order, Outcome::Accepted { venue_id: 1 });
    order
}

fn fill(desk: &mut Desk, order: &VenueOrder) {
    let outcome = desk.fill(order, order.terms.qty().unwrap());
    desk.report(Time(2), order, outcome);
}

/// Changes the limits and gives what is asked to be cancelled because of it.
fn limit(desk: &mut Desk, limits: Limits) -> Vec<ClientOrderId> {
    let before = desk.outputs.len();
    desk.control(Control::Limits { bot: BOT, limits: Box::new(limits) });
    assert_eq!(desk.engine.state(BOT), Some(BotState::Running), "it goes on");
    let asked = desk.outputs[before..].iter().filter_map(|output| match output {
        Output::Cancel { client_id, .. } => Some(*client_id),
        _ => None,
    });
    asked.collect()
}

fn position_max(units: i64) -> Limits {
    Limits { position_max: Some(Qty(units * ONE)), ..Limits::default() }
}

fn exposure_max(units: i64) -> Limits {
    Limits { bot_exposure_max: Some(Money(i128::from(units * ONE))), ..Limits::default() }
}

fn last_denied(desk: &Desk) -> Option<&'static str> {
    let denied =
        |output: &Output| if let Output::Denied { denied, .. } = output { Some(denied.code()) } else { None };
    desk.outputs.iter().rev().find_map(denied)
}

#[test]
fn b4_a_resting_order_beyond_tighter_limits_is_cancelled_and_one_within_stays() {
    // Three bought at 99 are 297.
    for (within, beyond, code) in [
        (position_max(3), position_max(2), "position"),
        (exposure_max(300), exposure_max(250), "bot_exposure"),
    ] {
        let mut desk = desk();
        let order = rest(&mut desk, "buy 3 99");
        assert_eq!(limit(&mut desk, within), [], "{code}: it fits");
        assert_eq!(desk.engine.bot(BOT).unwrap().working().count(), 1);
        assert_eq!(limit(&mut desk, beyond.clone()), [order.client_id], "{code}: it could go beyond");
        assert_eq!(desk.engine.bot(BOT).unwrap().working().count(), 0, "{code}: the venue confirmed it");
        assert!(say(&mut desk, "buy 3 99").is_none(), "{code}: nothing new leaves beyond the limits");
        assert_eq!(last_denied(&desk), Some(code));
        rest(&mut desk, "buy 2 99");
        assert!(say(&mut desk, "buy 1 98").is_none(), "{code}: working orders count");
        assert_eq!(limit(&mut desk, beyond), [], "{code}: the same again takes nothing back");
        assert_eq!(limit(&mut desk, Limits::default()), [], "{code}: no limits, nothing beyond");
        assert!(say(&mut desk, "buy 3 99").is_some());
    }
}

#[test]
fn b4_tighter_limits_than_the_position_leave_alone_what_makes_it_smaller() {
    let mut desk = desk();
    let entry = rest(&mut desk, "buy 5 99");
    fill(&mut desk, &entry);
    let reducing = rest(&mut desk, "sell 2 101");
    assert_eq!(limit(&mut desk, position_max(1)), [], "a smaller position is what the limit wants");
    // More of it may leave; the other way not one.
    let more = rest(&mut desk, "sell 2 102");
    assert!(say(&mut desk, "buy 1 98").is_none());
    assert_eq!(last_denied(&desk), Some("position"));
    for order in [reducing, more] {
        fill(&mut desk, &order);
    }
    assert_eq!(desk.engine.account(BOT).unwrap().position(MarketId(0)).qty().0, ONE);
    // What turns it round to a short of two is beyond, a short of one is not.
    rest(&mut desk, "sell 2 103");
    assert!(say(&mut desk, "sell 1 104").is_none());
}

#[test]
fn b4_orders_that_together_could_go_beyond_tighter_limits_are_all_cancelled() {
    let mut desk = desk();
    let orders = ["buy 2 99", "buy 2 98", "sell 1 101"].map(|text| rest(&mut desk, text).client_id);
    assert_eq!(limit(&mut desk, position_max(4)), []);
    let mut asked = limit(&mut desk, position_max(3));
    asked.sort_unstable();
    let mut all = orders.to_vec();
    all.sort_unstable();
    assert_eq!(asked, all, "whoever decides places what fits again");
    assert_eq!(desk.engine.bot(BOT).unwrap().working().count(), 0);
}

#[test]
fn b4_an_order_whose_cancel_is_not_confirmed_still_counts() {
    let mut desk = desk();
    let order = rest(&mut desk, "buy 3 99");
    desk.answers = false;
    assert_eq!(limit(&mut desk, position_max(2)), [order.client_id]);
    assert!(say(&mut desk, "buy 1 98").is_none(), "it may have traded meanwhile");
    assert_eq!(limit(&mut desk, position_max(1)), [], "it is asked once");
    desk.report(Time(3), &order, Outcome::Canceled);
    assert!(say(&mut desk, "buy 1 98").is_some());
}
