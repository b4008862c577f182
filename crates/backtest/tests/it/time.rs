//! Who sees what when (invariants H3, T1 to T3), and limits at every moment (B4).

use std::sync::{Arc, Mutex};

use backtest::{Latency, PricePath, Setup, VenueConfig, run};
use risk::Limits;
use strategy::{Context, Decisions, Description, Event, Feed, Strategy, Subscription, Tag};
use types::wire::{Reader, WireError, Writer};
use types::{Bar, Interval, MarketId, Qty, SignedQty, Time};

use crate::bench::{on_bars, on_waves, plan, ten_bps, waves};

const PARAMS: [(&str, &str); 2] = [("fast", "3"), ("slow", "9")];
const MINUTE: i64 = 60_000_000_000;
const ONE: i64 = 100_000_000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Heard {
    Bar { now: Time, bar: Bar },
    Fill { now: Time, price: i64 },
    Timer { now: Time },
}

/// Writes down what it hears and buys once at the third bar; wakes itself 90 seconds later.
struct Listener {
    log: Arc<Mutex<Vec<Heard>>>,
    subscriptions: Vec<Subscription>,
}

const DESCRIPTION: Description = Description {
    name: "listener",
    idea: "",
    source: "",
    fails: "",
    instruments: strategy::Instruments::ONE,
    params: &[],
};

impl Strategy for Listener {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    fn warm_up(&self) -> u32 {
        0
    }

    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        let now = ctx.now;
        let mut log = self.log.lock().unwrap();
        match *event {
            Event::Bar { market, bar } => {
                log.push(Heard::Bar { now, bar: *bar });
                if log.len() == 3 {
                    out.target(ctx, market, SignedQty(ONE), Tag(1));
                    out.timer(now.plus_nanos(90_000_000_000), 5);
                }
            }
            Event::Fill { fill, .. } => log.push(Heard::Fill { now, price: fill.price.0 }),
            Event::Timer(_) => log.push(Heard::Timer { now }),
            _ => {}
        }
    }

    fn save(&self, _: &mut Writer<'_>) {}

    fn load(&mut self, _: &mut Reader<'_>) -> Result<(), WireError> {
        Ok(())
    }
}

fn listen(venue: VenueConfig, feed_ns: i64, intervals: &[Interval], bars: &[Bar]) -> Vec<Heard> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let market = MarketId(0);
    let subscriptions = intervals.iter().map(|i| Subscription { market, feed: Feed::Bars(*i) }).collect();
    let strategy = Box::new(Listener { log: log.clone(), subscriptions });
    let plan = plan("ema-cross", &PARAMS, Interval::M1, venue);
    let mut setup = Setup { strategy, ..plan.setup(vec![on_bars(bars)]).unwrap() };
    setup.spec.feed_ns = feed_ns;
    run(setup, &mut |_| true).unwrap();
    std::mem::take(&mut *log.lock().unwrap())
}

fn times(log: &[Heard]) -> Vec<Time> {
    log.iter()
        .map(|h| match h {
            Heard::Bar { now, .. } | Heard::Fill { now, .. } | Heard::Timer { now } => *now,
        })
        .collect()
}

#[test]
fn h3_a_bar_is_heard_at_its_close_plus_the_feeds_delay() {
    let bars = waves(10);
    for feed_ns in [0, 250_000_000, 95_000_000_000] {
        let log = listen(ten_bps(PricePath::Open), feed_ns, &[Interval::M1], &bars);
        let heard: Vec<_> = log
            .iter()
            .filter_map(|h| if let Heard::Bar { now, bar } = h { Some((*now, *bar)) } else { None })
            .collect();
        assert_eq!(heard.len(), 10);
        for ((now, bar), recorded) in heard.iter().zip(&bars) {
            assert_eq!((bar, now.0), (recorded, recorded.open_time.0 + MINUTE + feed_ns));
        }
        assert!(times(&log).is_sorted(), "t1: time does not run backwards");
    }
}

#[test]
fn h3_an_order_meets_the_first_price_after_its_decision_and_its_way() {
    let bars = waves(10);
    let fill = |venue: VenueConfig, feed_ns| {
        let log = listen(venue, feed_ns, &[Interval::M1], &bars);
        log.iter()
            .find_map(|h| {
                if let Heard::Fill { now, price } = h {
                    Some((now.0 - bars[3].open_time.0, *price))
                } else {
                    None
                }
            })
            .unwrap()
    };
    // Decided on the third close; the fourth bar opens at the same moment.
    assert_eq!(fill(ten_bps(PricePath::Open), 0), (0, bars[3].open.0));
    assert_eq!(fill(ten_bps(PricePath::Close), 0), (0, bars[2].close.0));
    // A third of a bar on its way: the order meets the first corner, for a buy the high; its report travels as long.
    let slow = Latency::Constant { order_ns: 20_000_000_000, report_ns: 20_000_000_000 };
    let late = VenueConfig { latency: slow, ..ten_bps(PricePath::Open) };
    assert_eq!(fill(late.clone(), 0), (40_000_000_000, bars[3].high.0));
    assert_eq!(
        fill(late, 40_000_000_000),
        (80_000_000_000, bars[4].open.0),
        "two thirds by the feed, one on the way"
    );
}

#[test]
fn h4_a_longer_bar_is_heard_after_its_last_part_at_the_same_moment() {
    let bars = waves(31);
    let log = listen(ten_bps(PricePath::Open), 0, &[Interval::M1, Interval::M15], &bars);
    let longer: Vec<_> = log
        .iter()
        .filter_map(|h| match h {
            Heard::Bar { now, bar } if bar.interval == Interval::M15 => {
                Some((*now, bar.open_time, bar.close))
            }
            _ => None,
        })
        .collect();
    assert!(longer.len() >= 2);
    for (now, open_time, close) in &longer {
        assert_eq!(now.0, open_time.0 + 15 * MINUTE);
        let last = bars.iter().rfind(|bar| bar.open_time.0 + MINUTE <= now.0).unwrap();
        assert_eq!(*close, last.close);
    }
    assert!(times(&log).is_sorted());
}

#[test]
fn t2_t3_decisions_depend_on_the_inputs_times_only() {
    // The same market a leap day and a half earlier: nothing that is not defined on the calendar changes.
    let bars = waves(2_000);
    let shift = 36 * 3_600 * 1_000_000_000_i64;
    let earlier: Vec<Bar> =
        bars.iter().map(|b| Bar { open_time: Time(b.open_time.0 - shift), ..*b }).collect();
    let plan = plan("ema-cross", &PARAMS, Interval::M1, ten_bps(PricePath::Open));
    let (a, b) = (crate::bench::go(&plan, &bars), crate::bench::go(&plan, &earlier));
    assert_eq!((a.digest, a.final_equity(), a.fills.len()), (b.digest, b.final_equity(), b.fills.len()));
    // A timer is measured in the inputs' time.
    let log = listen(ten_bps(PricePath::Open), 0, &[Interval::M1], &bars[..10]);
    let rang = log.iter().find_map(|h| if let Heard::Timer { now } = h { Some(*now) } else { None }).unwrap();
    assert_eq!(rang.0, bars[2].open_time.0 + MINUTE + 90_000_000_000);
}

#[test]
fn t3_a_days_loss_is_counted_from_midnight_utc() {
    let bars = waves(3_000);
    let mut plan = plan("ema-cross", &PARAMS, Interval::M1, ten_bps(PricePath::Open));
    plan.limit(Limits { daily_loss_max: Some(types::Money(100 * i128::from(ONE))), ..Limits::default() });
    let limited = crate::bench::go(&plan, &bars);
    let denied = limited.orders.denied.iter().find(|(code, _)| code == "daily_loss").unwrap();
    assert!(denied.1 > 10);
    let day = |t: Time| t.0.div_euclid(24 * 60 * MINUTE);
    let mut days: Vec<i64> = limited.fills.iter().map(|f| day(f.at)).collect();
    days.dedup();
    assert_eq!(days.len(), 4, "it trades again after each midnight");
}

#[test]
fn b4_limits_hold_at_every_fill() {
    let max = ONE / 2;
    let bars = waves(1_500);
    let params = [("fast", "3"), ("slow", "9"), ("qty", "0.4"), ("short", "yes")];
    let mut plan = plan("ema-cross", &params, Interval::M1, ten_bps(PricePath::Open));
    plan.limit(Limits { position_max: Some(Qty(max)), ..Limits::default() });
    let outcome = crate::bench::go(&plan, &bars);
    let mut position = 0;
    assert!(outcome.fills.len() > 50);
    for fill in &outcome.fills {
        position += if fill.side == types::Side::Buy { fill.qty.0 } else { -fill.qty.0 };
        assert!(position.abs() <= max, "{position} at {:?}", fill.at);
    }
}

#[test]
fn equal_seeds_give_equal_runs_and_other_seeds_other_delays() {
    let run = |seed| {
        let latency = Latency::Drawn { least_ns: 1_000_000, mean_ns: 20_000_000_000 };
        on_waves(1_000, "ema-cross", &PARAMS, VenueConfig { latency, seed, ..ten_bps(PricePath::Open) })
    };
    let (a, b, c) = (run(1), run(1), run(2));
    assert_eq!((a.digest, a.final_equity()), (b.digest, b.final_equity()));
    assert_ne!(a.final_equity(), c.final_equity());
}
