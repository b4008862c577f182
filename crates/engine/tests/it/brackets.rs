//! Positions within their brackets, whatever the venue says and when it says it.

use engine::{BotSpec, BotState, Control, Engine, Input, Output};
use orders::{Bracket, Native, OtherLeg, VenueOrder};
use risk::Limits;
use strategy::Words;
use types::order::Amount;
use types::{
    AccountId, AssetId, Bar, Bips, Interval, MarketEvent, MarketId, MarketNews, Money, Outcome, Price, Qty,
    Report, Side, Stamped, Terms, Time, TradeId, VenueFill, VenueReason,
};

use crate::desk::{BOT, ONE, bar, perpetual};

const MINUTE: i64 = 60_000_000_000;

fn spec(bracket: Option<Bracket>) -> BotSpec {
    let params = [("qty", "1"), ("short", "yes")];
    BotSpec {
        id: BOT,
        name: "guarded".to_owned(),
        account: AccountId(1),
        strategy: "webhook".to_owned(),
        params: params.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec(),
        markets: vec![(MarketId(0), Interval::M1)],
        funds: vec![(AssetId(1), Money(100_000 * i128::from(ONE)))],
        quote: AssetId(1),
        limits: Limits::default(),
        model: None,
        bracket,
    }
}

fn bips(stop: Option<u32>, target: Option<u32>, trailing: Option<u32>) -> Option<Bracket> {
    Bracket::of_bips(stop, target, trailing).unwrap()
}

/// An engine whose venue is the test: it sees every order, and says what it likes.
struct Pit {
    engine: Engine,
    log: Vec<Stamped<Input>>,
    /// Every order that left, the two of a pair one after the other.
    sent: Vec<VenueOrder>,
    cancels: Vec<types::ClientOrderId>,
    out: Vec<Output>,
    at: Time,
    trades: u64,
}

impl Pit {
    fn new(bracket: Option<Bracket>, native: Native) -> Self {
        Self::of(spec(bracket), native)
    }

    fn of(spec: BotSpec, native: Native) -> Self {
        let mut pit = Self {
            engine: Engine::new(7),
            log: Vec::new(),
            sent: Vec::new(),
            cancels: Vec::new(),
            out: Vec::new(),
            at: Time(0),
            trades: 0,
        };
        if native != Native::ALL {
            pit.input(Input::Control(Control::Native(native)));
        }
        pit.input(Input::Control(Control::Instrument(Box::new(perpetual()))));
        pit.input(Input::Control(Control::Create(Box::new(spec))));
        pit.input(Input::Control(Control::Start(BOT)));
        pit.close(100 * ONE);
        pit
    }

    fn input(&mut self, input: Input) {
        let stamped = Stamped { at: self.at, seq: self.log.len() as u64 + 1, input };
        let mut out = Vec::new();
        self.engine.step(&stamped, &mut out);
        self.log.push(stamped);
        for output in &out {
            match output {
                Output::Submit(approved) => {
                    let order = *approved.order();
                    self.sent.push(order);
                    if let Some(OtherLeg { client_id, terms }) = order.other {
                        self.sent.push(VenueOrder { client_id, terms, other: None, ..order });
                    }
                    order.client_ids().for_each(|id| self.engine.sent(&id));
                }
                Output::Cancel { client_id, .. } => self.cancels.push(*client_id),
                _ => {}
            }
        }
        self.out = out;
    }

    fn close(&mut self, price: i64) {
        self.bar(bar(self.at, price));
    }

    fn bar(&mut self, bar: Bar) {
        self.at = Time(self.at.0 + MINUTE);
        self.input(Input::Market(MarketEvent { market: MarketId(0), data: MarketNews::Bar(bar) }));
    }

    fn say(&mut self, text: &str) {
        self.input(Input::Control(Control::Signal { bot: BOT, text: text.to_owned() }));
    }

    fn report(&mut self, order: &VenueOrder, outcome: Outcome) {
        let report = Report { market: order.market, client_id: order.client_id, outcome };
        self.input(Input::Execution(report));
    }

    fn accept(&mut self, order: &VenueOrder) {
        self.report(order, Outcome::Accepted { venue_id: 5 });
    }

    fn fill(&mut self, order: &VenueOrder, qty: i64, price: i64) {
        self.trades += 1;
        let quote = Money(i128::from(qty) * i128::from(price) / i128::from(ONE));
        let fill = VenueFill {
            trade: TradeId(self.trades),
            price: Price(price),
            qty: Qty(qty),
            quote,
            fee: Money(0),
            fee_asset: AssetId(1),
            is_maker: false,
        };
        self.report(order, Outcome::Fill(fill));
    }

    /// The last order that left.
    fn last(&self) -> VenueOrder {
        *self.sent.last().unwrap()
    }

    /// The stop and the target that left last.
    fn legs(&self) -> [VenueOrder; 2] {
        self.sent[self.sent.len() - 2..].try_into().unwrap()
    }

    fn position(&self) -> i64 {
        self.engine.account(BOT).unwrap().position(MarketId(0)).qty().0
    }

    fn working(&self) -> usize {
        self.engine.bot(BOT).unwrap().working().count()
    }

    fn reasons(&self) -> Vec<&'static str> {
        self.engine.why(BOT).map(|logged| logged.reason.code).collect()
    }

    /// Long one at 100, guarded.
    fn long(bracket: Option<Bracket>, native: Native) -> Self {
        let mut pit = Self::new(bracket, native);
        pit.say("long");
        let parent = pit.last();
        pit.fill(&parent, ONE, 100 * ONE);
        pit
    }
}

fn stop_of(order: &VenueOrder) -> Option<Price> {
    order.terms.trigger().and_then(|trigger| trigger.stop)
}

#[test]
fn b7_a_filled_order_is_guarded_by_a_pair_of_which_one_cancels_the_other() {
    let mut pit = Pit::new(bips(Some(200), Some(500), None), Native::ALL);
    pit.say("long");
    assert_eq!(pit.sent.len(), 1, "nothing is guarded before anything has filled");
    let parent = pit.last();
    pit.fill(&parent, ONE, 100 * ONE);
    let [stop, target] = pit.legs();
    assert_eq!((stop_of(&stop), target.terms.price()), (Some(Price(98 * ONE)), Some(Price(105 * ONE))));
    for leg in [&stop, &target] {
        assert_eq!((leg.side, leg.reduce_only, leg.terms.qty()), (Side::Sell, true, Some(Qty(ONE))));
    }
    assert_eq!(stop.other.map(|leg| leg.client_id), Some(target.client_id));
    assert_eq!(pit.working(), 2);
    // The venue's stop trades: nothing more leaves, and nothing is left.
    pit.report(&target, Outcome::Expired);
    pit.fill(&stop, ONE, 98 * ONE);
    assert_eq!((pit.position(), pit.working(), pit.sent.len()), (0, 0, 3));
    assert!(pit.cancels.is_empty() && pit.reasons().contains(&"bracket_stop_reached"));
}

#[test]
fn b7_what_guards_follows_what_has_filled() {
    let mut pit = Pit::new(bips(Some(200), Some(500), None), Native::ALL);
    pit.say("short");
    let parent = pit.last();
    pit.fill(&parent, ONE * 4 / 10, 100 * ONE);
    let [stop, target] = pit.legs();
    assert_eq!((stop.side, stop_of(&stop)), (Side::Buy, Some(Price(102 * ONE))));
    assert_eq!((target.terms.price(), target.terms.qty()), (Some(Price(95 * ONE)), Some(Qty(ONE * 4 / 10))));
    pit.fill(&parent, ONE * 6 / 10, 101 * ONE);
    assert_eq!(pit.cancels.len(), 2, "both are withdrawn");
    assert_eq!(pit.sent.len(), 3, "and nothing new leaves before the venue has confirmed");
    pit.report(&stop, Outcome::Canceled);
    assert_eq!(pit.sent.len(), 3);
    pit.report(&target, Outcome::Canceled);
    let [stop, target] = pit.legs();
    // Average 100.6, 2 % above and 5 % below it, on the tick.
    assert_eq!((stop.terms.qty(), stop_of(&stop)), (Some(Qty(ONE)), Some(Price(10_261 * ONE / 100))));
    assert_eq!(target.terms.price(), Some(Price(9_557 * ONE / 100)));
}

#[test]
fn b7_the_strategys_own_way_out_waits_for_the_guards_and_closes_nothing_twice() {
    let mut pit = Pit::long(bips(Some(200), Some(500), None), Native::ALL);
    let [stop, target] = pit.legs();
    pit.say("flat");
    assert_eq!((pit.sent.len(), pit.cancels.len()), (3, 2), "the guards go first");
    pit.report(&stop, Outcome::Canceled);
    pit.report(&target, Outcome::Canceled);
    let exit = pit.last();
    assert_eq!(exit.terms, Terms::Market { amount: Amount::Base(Qty(ONE)) });
    pit.fill(&exit, ONE, 101 * ONE);
    assert_eq!((pit.position(), pit.working(), pit.sent.len()), (0, 0, 4));

    // The stop is faster than its cancel: what waited has been done.
    let mut pit = Pit::long(bips(Some(200), Some(500), None), Native::ALL);
    let [stop, target] = pit.legs();
    pit.say("flat");
    pit.fill(&stop, ONE, 98 * ONE);
    pit.report(&target, Outcome::Canceled);
    assert_eq!((pit.position(), pit.working(), pit.sent.len()), (0, 0, 3));
    // A turn to the other side is what is left of it.
    let mut pit = Pit::long(bips(Some(200), None, None), Native::ALL);
    let stop = pit.last();
    pit.say("short");
    pit.fill(&stop, ONE, 98 * ONE);
    let turned = pit.last();
    assert_eq!(
        (turned.side, turned.terms.qty()),
        (Side::Sell, Some(Qty(ONE))),
        "2 less the 1 that the stop sold"
    );
}

#[test]
fn b7_a_venue_that_fills_both_is_noticed_and_the_excess_is_closed() {
    let mut pit = Pit::long(bips(Some(200), Some(500), None), Native::ALL);
    let [stop, target] = pit.legs();
    pit.fill(&stop, ONE, 98 * ONE);
    pit.fill(&target, ONE, 105 * ONE);
    assert_eq!(pit.position(), -ONE);
    let told = pit.out.iter().any(|o| matches!(o, Output::Overfilled { qty, .. } if qty.0 == -ONE));
    assert!(told, "{:?}", pit.out);
    let back = pit.last();
    assert_eq!((back.side, back.terms), (Side::Buy, Terms::Market { amount: Amount::Base(Qty(ONE)) }));
    pit.fill(&back, ONE, 105 * ONE);
    assert_eq!((pit.position(), pit.working()), (0, 0));
    assert!(pit.reasons().contains(&"bracket_overfilled"));
}

#[test]
fn b7_an_unknown_order_guards_and_blocks_as_long_as_it_may_live() {
    // The parent: nobody knows whether it arrived. It has.
    let mut pit = Pit::new(bips(Some(200), Some(500), None), Native::ALL);
    pit.say("long");
    let parent = pit.last();
    pit.report(&parent, Outcome::Unknown);
    pit.close(90 * ONE);
    assert_eq!(pit.sent.len(), 1);
    pit.fill(&parent, ONE, 100 * ONE);
    let [stop, target] = pit.legs();
    // The pair: unknown, so there is no second one; lost, so there is.
    pit.report(&stop, Outcome::Unknown);
    pit.report(&target, Outcome::Unknown);
    pit.close(100 * ONE);
    assert_eq!(pit.sent.len(), 3);
    pit.report(&stop, Outcome::NeverArrived);
    assert_eq!(pit.sent.len(), 3, "one of it may still live");
    pit.report(&target, Outcome::NeverArrived);
    assert_eq!(pit.sent.len(), 5);
    let [again, _] = pit.legs();
    assert_ne!(again.client_id, stop.client_id);
    assert_eq!(again.terms, stop.terms);
    // And the one that counted as lost trades all the same.
    pit.fill(&stop, ONE, 98 * ONE);
    assert_eq!((pit.position(), pit.cancels.len()), (0, 3), "the new pair goes with the position");
}

#[test]
fn b7_what_the_venue_cannot_keep_is_watched() {
    let worst = |low, high, close| Bar {
        low: Price(low * ONE),
        high: Price(high * ONE),
        ..bar(Time(10 * MINUTE), close * ONE)
    };
    for (bracket, shown, reason) in [
        (bips(Some(200), Some(500), None), worst(98, 101, 100), "bracket_stop_reached"),
        (bips(Some(200), Some(500), None), worst(99, 105, 104), "bracket_target_reached"),
        (bips(None, None, Some(100)), worst(99, 100, 100), "bracket_stop_reached"),
    ] {
        let native = Native { oco: false, ..Native::NONE };
        let mut pit = Pit::long(bracket, native);
        // A target is a limit order, which every venue keeps.
        let resting = pit.working();
        assert_eq!(resting, usize::from(bracket.unwrap().target().is_some()));
        let before = pit.sent.len();
        let target = pit.last();
        pit.bar(shown);
        if resting > 0 {
            if reason == "bracket_target_reached" {
                // It is at the venue, which fills it by itself.
                assert_eq!(pit.sent.len(), before);
                continue;
            }
            assert_eq!((pit.sent.len(), pit.cancels.len()), (before, 1), "first the target goes");
            pit.report(&target, Outcome::Canceled);
        }
        let exit = pit.last();
        assert_eq!((exit.side, exit.terms), (Side::Sell, Terms::Market { amount: Amount::Base(Qty(ONE)) }));
        assert!(pit.reasons().contains(&reason));
        pit.fill(&exit, ONE, 98 * ONE);
        assert_eq!((pit.position(), pit.working()), (0, 0));
    }
}

#[test]
fn b7_a_stop_that_comes_too_late_for_the_venue_leaves_at_once() {
    let mut pit = Pit::long(bips(Some(200), Some(500), None), Native::ALL);
    for leg in pit.legs() {
        pit.report(&leg, Outcome::Rejected(VenueReason::WouldTrigger));
    }
    let exit = pit.last();
    assert_eq!(exit.terms, Terms::Market { amount: Amount::Base(Qty(ONE)) });
    assert_eq!(pit.working(), 1);
    // Refused for other reasons: tried again with later events, then watched here.
    let mut pit = Pit::long(bips(Some(200), None, None), Native::ALL);
    for n in 0..4 {
        let stop = pit.last();
        assert_eq!(pit.sent.len(), 2 + n);
        pit.report(&stop, Outcome::Rejected(VenueReason::RateLimited));
        pit.close(100 * ONE);
    }
    assert_eq!((pit.sent.len(), pit.working()), (5, 0));
    pit.close(98 * ONE);
    assert_eq!(pit.last().terms, Terms::Market { amount: Amount::Base(Qty(ONE)) });
}

#[test]
fn b7_such_a_position_is_not_opened_again_before_something_else_was_wanted() {
    let mut pit = Pit::long(bips(Some(200), None, None), Native::ALL);
    let stop = pit.last();
    pit.fill(&stop, ONE, 98 * ONE);
    let sent = pit.sent.len();
    pit.say("long");
    assert_eq!(pit.sent.len(), sent);
    assert!(pit.out.iter().any(|o| matches!(o, Output::Denied { denied, .. } if denied.code() == "bracket")));
    // It asks again with every bar, and is refused as long as it does.
    pit.close(98 * ONE);
    pit.close(99 * ONE);
    assert_eq!(pit.sent.len(), sent);
    pit.say("short");
    assert_eq!(pit.last().side, Side::Sell, "the other side is free");
    let parent = pit.last();
    pit.fill(&parent, ONE, 99 * ONE);
    assert_eq!(stop_of(&pit.last()), Some(Price(10_098 * ONE / 100)));
}

#[test]
fn b3_b7_a_stopped_or_halted_bot_guards_nothing_and_a_paused_one_does() {
    let mut pit = Pit::long(bips(Some(200), Some(500), None), Native::ALL);
    pit.input(Input::Control(Control::Stop(BOT)));
    assert_eq!(pit.cancels.len(), 2);
    for leg in pit.legs() {
        pit.report(&leg, Outcome::Canceled);
    }
    pit.close(90 * ONE);
    assert_eq!((pit.sent.len(), pit.position()), (3, ONE));
    pit.input(Input::Control(Control::Start(BOT)));
    assert_eq!(pit.last().terms, Terms::Market { amount: Amount::Base(Qty(ONE)) }, "it is beyond its stop");

    let mut pit = Pit::new(bips(Some(200), Some(500), None), Native::ALL);
    pit.say("long");
    let parent = pit.last();
    pit.input(Input::Control(Control::Pause(BOT)));
    pit.fill(&parent, ONE, 100 * ONE);
    assert_eq!((pit.sent.len(), pit.engine.state(BOT)), (3, Some(BotState::Paused)));

    let mut pit = Pit::long(bips(Some(200), Some(500), None), Native::ALL);
    pit.input(Input::Control(Control::Exit(BOT)));
    for leg in pit.legs() {
        pit.report(&leg, Outcome::Canceled);
    }
    let exit = pit.last();
    assert_eq!(exit.terms, Terms::Market { amount: Amount::Base(Qty(ONE)) });
    pit.fill(&exit, ONE, 100 * ONE);
    assert_eq!((pit.position(), pit.working()), (0, 0));
}

#[test]
fn b7_an_order_may_bring_a_bracket_of_its_own() {
    let mut pit = Pit::new(None, Native::ALL);
    pit.say("buy 1 trail=1.5%");
    let parent = pit.last();
    pit.fill(&parent, ONE, 100 * ONE);
    let trailing = pit.last().terms.trigger().and_then(|trigger| trigger.trailing);
    assert_eq!(trailing, Some(Bips(150)));
    // Of an order without one, a bot without one: nothing.
    let mut pit = Pit::new(None, Native::ALL);
    pit.say("buy 1");
    let parent = pit.last();
    pit.fill(&parent, ONE, 100 * ONE);
    assert_eq!((pit.sent.len(), pit.working()), (1, 0));
}

#[test]
fn b7_a_grid_whose_position_was_closed_ends_and_leaves_nothing_standing() {
    let mut grid = spec(bips(Some(200), None, None));
    "grid".clone_into(&mut grid.strategy);
    let params = [("lower", "90"), ("upper", "110"), ("cells", "4"), ("qty", "1")];
    grid.params = params.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
    let mut pit = Pit::of(grid, Native::NONE);
    // A venue that does what it is told until nothing more comes: what is at the market fills, the rest stands.
    let mut answered = (0, 0);
    let mut obey = |pit: &mut Pit, price: i64| {
        while answered != (pit.sent.len(), pit.cancels.len()) {
            while let Some(order) = pit.sent.get(answered.0).copied() {
                answered.0 += 1;
                match order.terms {
                    Terms::Market { .. } => pit.fill(&order, order.terms.qty().unwrap().0, price),
                    _ => pit.accept(&order),
                }
            }
            while let Some(id) = pit.cancels.get(answered.1).copied() {
                answered.1 += 1;
                let order = *pit.sent.iter().find(|order| order.client_id == id).unwrap();
                pit.report(&order, Outcome::Canceled);
            }
        }
    };
    obey(&mut pit, 100 * ONE);
    let bought = *pit.sent.iter().find(|order| order.terms.price() == Some(Price(95 * ONE))).unwrap();
    pit.fill(&bought, ONE, 95 * ONE);
    obey(&mut pit, 95 * ONE);
    assert_eq!(pit.position(), ONE);
    assert!(pit.working() >= 2, "the cell's sale and the buy below");
    for _ in 0..3 {
        pit.close(92 * ONE);
        obey(&mut pit, 92 * ONE);
    }
    assert_eq!(pit.position(), 0, "more than two percent below what was paid");
    let sent = pit.sent.len();
    for price in [93, 99, 104, 94] {
        pit.close(price * ONE);
        obey(&mut pit, price * ONE);
    }
    assert_eq!((pit.sent.len(), pit.working()), (sent, 0), "it sells nothing that it does not have");
    assert!(pit.reasons().contains(&"position_was_closed"), "{:?}", pit.reasons());
}

#[test]
fn a_neutral_grid_takes_no_bracket_and_its_own_stop_ends_it() {
    let mut grid = spec(bips(Some(200), None, None));
    "grid".clone_into(&mut grid.strategy);
    let params = [
        ("lower", "90"),
        ("upper", "110"),
        ("cells", "4"),
        ("qty", "1"),
        ("start", "neutral"),
        ("stop", "85"),
    ];
    grid.params = params.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
    let pit = Pit::new(None, Native::ALL);
    let refused = grid.config(pit.engine.markets()).map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("a neutral grid takes no bracket"), "{refused}");
    grid.bracket = None;
    let mut pit = Pit::of(grid, Native::ALL);
    assert!(pit.working() > 2, "it sells above and buys below");
    pit.close(84 * ONE);
    assert!(
        pit.reasons().contains(&"stopped_below_the_range") || pit.cancels.len() > 2,
        "{:?}",
        pit.reasons()
    );
}

/// A session in which everything of the above happens.
fn session() -> Vec<Stamped<Input>> {
    let mut pit = Pit::new(bips(Some(200), Some(500), None), Native { oco: false, ..Native::ALL });
    for n in 0..12_i64 {
        pit.say(if n % 3 == 0 { "short stop=3% target=1%" } else { "long" });
        let parent = pit.last();
        pit.accept(&parent);
        pit.fill(&parent, ONE / 2, 100 * ONE);
        let stop = pit.last();
        if n % 4 == 1 {
            pit.report(&stop, Outcome::Unknown);
        }
        pit.fill(&parent, ONE / 2, 101 * ONE);
        if n % 5 == 2 {
            pit.report(&stop, Outcome::NeverArrived);
        } else {
            pit.report(&stop, Outcome::Canceled);
        }
        let stop = pit.last();
        pit.say("flat");
        if n % 2 == 0 {
            pit.fill(&stop, ONE, 98 * ONE);
        } else {
            pit.report(&stop, Outcome::Canceled);
            let exit = pit.last();
            pit.fill(&exit, ONE, 100 * ONE);
        }
        pit.close((97 + n % 7) * ONE);
        pit.close(100 * ONE);
    }
    assert!(pit.sent.len() > 30, "{}", pit.sent.len());
    pit.log
}

#[test]
fn h6_b7_run_n_save_load_run_m_is_run_n_plus_m_with_brackets_too() {
    let log = session();
    let run = |engine: &mut Engine, inputs: &[Stamped<Input>]| {
        let mut all = Vec::new();
        for input in inputs {
            let mut out = Vec::new();
            engine.step(input, &mut out);
            for output in &out {
                if let Output::Submit(approved) = output {
                    approved.order().client_ids().for_each(|id| engine.sent(&id));
                }
            }
            all.extend(out);
        }
        all
    };
    let mut whole = Engine::new(7);
    run(&mut whole, &log);
    for n in 0..log.len() {
        let mut first = Engine::new(7);
        run(&mut first, &log[..n]);
        let mut bytes = Vec::new();
        first.save(&mut bytes).unwrap();
        let mut second = Engine::new(0);
        second.load(&bytes, &mut Words::default()).unwrap();
        assert_eq!(second.state_hash(), first.state_hash(), "at {n}");
        assert_eq!(run(&mut second, &log[n..]), run(&mut first, &log[n..]), "after {n}");
        assert_eq!((second.digest(), second.state_hash()), (whole.digest(), whole.state_hash()), "after {n}");
    }
}
