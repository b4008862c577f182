//! Invariants H1, H2 and H5: decisions depend on the past alone, and strategies that cheat are caught.

use backtest::look_ahead::{Change, Verdict, look_ahead};
use backtest::{PricePath, Setup};
use strategy::{Context, Decisions, Description, Event, Feed, Reason, Strategy, Subscription, Tag};
use types::wire::{Reader, WireError, Writer};
use types::{Bar, Interval, MarketId, SignedQty};

use crate::bench::{plan, ten_bps, waves};

const PARAMS: [(&str, &str); 2] = [("fast", "3"), ("slow", "9")];
const ONE: i64 = 100_000_000;

fn verdict(strategy: &str, path: PricePath, bars: &[Bar], cuts: u32) -> Verdict {
    let params: &[(&str, &str)] = if strategy == "ema-cross" { &PARAMS } else { &[] };
    let plan = plan(strategy, params, Interval::M1, ten_bps(path));
    look_ahead(bars, cuts, 7, &mut |_| Ok(plan.setup(Vec::new()).unwrap())).unwrap()
}

#[test]
fn h1_h2_an_honest_strategy_decides_by_the_past_at_a_thousand_moments() {
    let bars = waves(200);
    let close = verdict("ema-cross", PricePath::Close, &bars, 600);
    assert!(close.is_clean() && close.orders > 5, "{close:?}");
    let open = verdict("ema-cross", PricePath::Open, &bars, 400);
    assert!(open.is_clean() && open.orders > 5, "{open:?}");
    assert_eq!((close.runs, open.runs), (1_201, 801));
    assert!(close.compared > 50_000);
}

#[test]
fn h4_longer_bars_come_when_they_have_closed() {
    let bars = waves(600);
    let plan = plan("ema-cross", &PARAMS, Interval::M15, ten_bps(PricePath::Open));
    let found = look_ahead(&bars, 60, 3, &mut |_| Ok(plan.setup(Vec::new()).unwrap())).unwrap();
    assert!(found.is_clean() && found.orders > 2, "{found:?}");
}

#[test]
fn h1_rules_decide_by_the_past_whatever_they_name() {
    let bars = waves(300);
    let rules = [
        ("enter", "RSI(5) < 40 or EMA(3) crosses above EMA(9) and HT_DCPERIOD > 0"),
        ("leave", "EMA(3) crosses below 1.001 * EMA(9) or CDLENGULFING < 0"),
        ("enter-short", "MACD(3,9,3).macd-hist < 0 and CLOSE < BBANDS(5,1,1).real-lower-band"),
        ("leave-short", "RSI(5) > 60"),
    ];
    let plan = plan("rules", &rules, Interval::M1, ten_bps(PricePath::Open));
    let found = look_ahead(&bars, 60, 5, &mut |_| Ok(plan.setup(Vec::new()).unwrap())).unwrap();
    assert!(found.is_clean() && found.orders > 5, "{found:?}");
}

/// What a cheat does with the data it was given.
#[derive(Clone, Copy)]
enum Cheat {
    /// Trades on the close of the bar after the one it hears.
    NextClose,
    /// Compares with the highest price of all data, as a scaler fitted to the whole sample does.
    WholeSample,
    /// Uses an average that is centred on the present bar.
    CentredAverage,
    /// Reads the five-minute bar that has not closed yet.
    OpenHigherBar,
}

struct Cheater {
    cheat: Cheat,
    closes: Vec<i64>,
    heard: usize,
    subscriptions: [Subscription; 1],
}

const DESCRIPTION: Description = Description {
    name: "cheat",
    idea: "",
    source: "",
    fails: "in reality",
    instruments: strategy::Instruments::ONE,
    params: &[],
};

impl Cheater {
    fn wants_long(&self, close: i64) -> bool {
        let at = self.heard;
        let later = |n: usize| self.closes.get(at + n).copied();
        match self.cheat {
            Cheat::NextClose => later(1).is_some_and(|next| next > close),
            Cheat::WholeSample => {
                let highest = self.closes.iter().max().copied().unwrap_or(close);
                close > highest - highest / 40
            }
            Cheat::CentredAverage => {
                let around = &self.closes[at.saturating_sub(2)..(at + 3).min(self.closes.len())];
                close < around.iter().sum::<i64>() / i64::try_from(around.len()).unwrap()
            }
            Cheat::OpenHigherBar => later(4 - at % 5).is_some_and(|end| end > close),
        }
    }
}

impl Strategy for Cheater {
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
        let Event::Bar { market, bar } = *event else { return };
        let long = self.wants_long(bar.close.0);
        self.heard += 1;
        out.target(ctx, market, SignedQty(if long { ONE } else { 0 }), Tag(1));
        out.because(Reason::new(if long { "knows_it_rises" } else { "knows_it_falls" }));
    }

    fn save(&self, _: &mut Writer<'_>) {}

    fn load(&mut self, _: &mut Reader<'_>) -> Result<(), WireError> {
        Ok(())
    }
}

fn caught(cheat: Cheat) -> Verdict {
    let bars = waves(400);
    let honest = plan("ema-cross", &PARAMS, Interval::M1, ten_bps(PricePath::Close));
    let mut make = |seen: &[Bar]| {
        let strategy = Box::new(Cheater {
            cheat,
            closes: seen.iter().map(|bar| bar.close.0).collect(),
            heard: 0,
            subscriptions: [Subscription { market: MarketId(0), feed: Feed::Bars(Interval::M1) }],
        });
        Ok(Setup { strategy, ..honest.setup(Vec::new()).unwrap() })
    };
    look_ahead(&bars, 20, 11, &mut make).unwrap()
}

#[test]
fn h5_planted_cheats_are_caught() {
    for (name, cheat) in [
        ("next close", Cheat::NextClose),
        ("whole sample", Cheat::WholeSample),
        ("centred average", Cheat::CentredAverage),
        ("open higher bar", Cheat::OpenHigherBar),
    ] {
        let found = caught(cheat);
        let by = |change| found.findings.iter().filter(|f| f.change == change).count();
        assert!(by(Change::Truncated) + by(Change::Poisoned) >= 5, "{name} was not caught: {found:?}");
        assert!(found.findings.iter().all(|f| f.differs_at <= f.cut), "{name}");
    }
}

#[test]
fn h5_a_strategy_that_remembers_an_earlier_run_is_caught() {
    let bars = waves(200);
    let honest = plan("ema-cross", &PARAMS, Interval::M1, ten_bps(PricePath::Close));
    let mut runs = 0;
    let mut make = |_: &[Bar]| {
        runs += 1;
        // The second run knows by then what paid.
        let slow = if runs == 1 { "9" } else { "12" };
        let learned =
            plan("ema-cross", &[("fast", "3"), ("slow", slow)], Interval::M1, ten_bps(PricePath::Close));
        let strategy = learned.strategy().unwrap();
        Ok(Setup { strategy, ..honest.setup(Vec::new()).unwrap() })
    };
    let found = look_ahead(&bars, 1, 1, &mut make).unwrap();
    assert_eq!(found.findings[0].change, Change::Nothing);
}
