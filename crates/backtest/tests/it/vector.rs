//! The vectorised path against the event path: the same strategy on the same bars gives the same fills and the same money, to
//! the last unit (the rule that makes sweeps trustworthy), and the reference run's equity.

use std::path::PathBuf;

use backtest::file::BarFile;
use backtest::sweep::{Judge as _, Window};
use backtest::tape::Bars;
use backtest::vector::desk::Fill;
use backtest::vector::{Cache, Columns, Desk, End, NeedsEvents, Rule, VectorJudge, Watch};
use backtest::{Outcome, Plan, PricePath, Recording, Slippage, VenueConfig, listing, run};
use risk::Limits;
use strategy::{Params, builtin};
use types::{Bar, Instrument, InstrumentKind, Interval, MarketId, Money, Price, Time, decimal};

use crate::bench::{PERPETUAL, id, spec, ten_bps};

const TICK: i64 = 1_000_000;

/// A random walk of `n` minutes on the tick, with runs of trend, from a seed.
pub(crate) fn walk(n: usize, seed: u64) -> Vec<Bar> {
    let mut state = seed.wrapping_mul(2) + 1;
    let mut draw = |below: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % u64::try_from(below).unwrap()).unwrap()
    };
    let (mut close, mut drift) = (2_000_000_i64, 0);
    (0..i64::try_from(n).unwrap())
        .map(|i| {
            if i % 50 == 0 {
                drift = draw(401) - 200;
            }
            let open = (close + draw(201) - 100).max(1_000);
            let end = (open + drift + draw(2_001) - 1_000).max(1_000);
            let (high, low) = (open.max(end) + draw(400), (open.min(end) - draw(400)).max(500));
            close = end;
            let price = |ticks: i64| Price(ticks * TICK);
            let flat = Bar::flat(Interval::M1, Time(i * 60_000_000_000), price(end));
            Bar {
                open: price(open),
                high: price(high),
                low: price(low),
                volume: Money(5_000_000_000),
                ..flat
            }
        })
        .collect()
}

#[derive(Default)]
struct Seen {
    fills: Vec<Fill>,
    low: Option<i128>,
    exposed: u64,
}

impl Watch for Seen {
    fn bar(&mut self, _: usize, equity: i128, exposed: bool) {
        self.low = Some(self.low.map_or(equity, |low| low.min(equity)));
        self.exposed += u64::from(exposed);
    }

    fn fill(&mut self, fill: &Fill) {
        self.fills.push(*fill);
    }
}

pub(crate) struct Case {
    pub(crate) strategy: &'static str,
    pub(crate) params: Vec<(&'static str, &'static str)>,
    pub(crate) instrument: Instrument,
    pub(crate) venue: VenueConfig,
    pub(crate) cash: i64,
}

impl Case {
    pub(crate) fn plan(&self) -> Plan {
        let mut spec = spec(self.strategy, &self.params, Interval::M1, self.venue.clone());
        spec.cash = Money(i128::from(self.cash) * 100_000_000);
        Plan::new(spec, vec![(self.instrument.clone(), "made up".to_owned())], Limits::default()).unwrap()
    }

    pub(crate) fn by_events(&self, bars: &[Bar]) -> Outcome {
        let tape = Box::new(Bars::new(MarketId(0), bars.iter().map(|b| Ok::<Bar, std::io::Error>(*b))));
        let setup = self.plan().setup(vec![Recording { tape, bars: Some(Interval::M1) }]).unwrap();
        run(setup, &mut |_| true).unwrap()
    }

    fn by_columns(&self, bars: &[Bar]) -> Result<(Seen, End), NeedsEvents> {
        let plan = self.plan();
        let instrument = &plan.instruments()[0];
        let mut columns = Columns::new(Interval::M1, instrument.market.notional, bars.len());
        assert!(bars.iter().all(|bar| columns.push(bar)));
        let params = Params::parse(builtin::describe(self.strategy).unwrap(), &self.params).unwrap();
        let rule = Rule::of(self.strategy, &params, instrument).unwrap();
        let desk = Desk { instrument, venue: &self.venue, cash: plan.spec().cash };
        let mut seen = Seen::default();
        let whole = Window { from: 0, to: bars.len() };
        let end = rule.run(&columns, &Cache::new(1 << 26), whole, &desk, &mut seen)?;
        Ok((seen, end))
    }

    /// Runs both and compares; the number of fills.
    fn same(&self, bars: &[Bar], what: &str) -> usize {
        let events = self.by_events(bars);
        let (seen, end) = self.by_columns(bars).unwrap_or_else(|needs| panic!("{what}: {needs}"));
        assert_eq!(seen.fills.len(), events.fills.len(), "{what}: number of fills");
        let at_close = self.venue.path == PricePath::Close;
        for (a, b) in seen.fills.iter().zip(&events.fills) {
            let at = bars[a.bar].open_time.plus_nanos(if at_close { 60_000_000_000 } else { 0 });
            assert_eq!(
                (at, a.side, a.price, a.qty, a.fee, a.realised),
                (b.at, b.side, b.price, b.qty, b.fee, b.realised),
                "{what}"
            );
        }
        assert_eq!(end.equity, events.final_equity().0, "{what}: final equity");
        let lowest = events.equity.points().map(|p| p.low.0).min();
        assert_eq!(seen.low, lowest, "{what}: lowest equity of any bar");
        assert_eq!(seen.exposed, events.equity.exposed(), "{what}: bars with a position");
        let denied: u64 = events.orders.denied.iter().map(|(_, n)| n).sum();
        assert_eq!(
            (end.unfilled.denied, end.unfilled.rejected),
            (denied, events.orders.rejected),
            "{what}: refused orders"
        );
        assert_eq!(
            seen.fills.iter().map(|f| f.slipped.0).sum::<i128>(),
            events.slippage.0,
            "{what}: slippage"
        );
        seen.fills.len()
    }
}

pub(crate) fn instrument(kind: InstrumentKind) -> Instrument {
    let symbol = if kind == InstrumentKind::Spot { "BTCUSDT" } else { "BTC-PERP" };
    listing(id(symbol), kind, Price(TICK), MarketId(0)).unwrap()
}

/// Parameters per strategy, short allowed or not.
fn strategies(short: bool) -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let mut all = vec![
        ("ema-cross", vec![("fast", "5"), ("slow", "20"), ("qty", "0.75")]),
        ("ema-cross", vec![("fast", "3"), ("slow", "7"), ("qty", "1"), ("ema-seed", "first")]),
        ("macd", vec![("fast", "6"), ("slow", "13"), ("signal", "5")]),
        ("macd", vec![("fast", "6"), ("slow", "13"), ("zero-line", "respected")]),
        ("donchian", vec![("entry", "20"), ("exit", "8"), ("qty", "0.5")]),
        ("rsi-reversion", vec![("period", "7"), ("low", "35"), ("high", "65")]),
        ("bollinger", vec![("period", "15"), ("width", "1.5")]),
        ("bollinger", vec![("period", "15"), ("width", "1.2"), ("exit", "opposite")]),
    ];
    if short {
        all.iter_mut().for_each(|(_, params)| params.push(("short", "yes")));
    }
    all
}

#[test]
fn both_paths_agree_on_fills_and_money_for_every_strategy_venue_and_market() {
    let mut fills = 0;
    for (kind, short) in [(InstrumentKind::Spot, false), (PERPETUAL, false), (PERPETUAL, true)] {
        for (n, (strategy, params)) in strategies(short).into_iter().enumerate() {
            for path in [PricePath::Close, PricePath::Open] {
                for slippage in [Slippage::None, Slippage::Rate(20_000), Slippage::Range(5_000_000)] {
                    let venue = VenueConfig { slippage, ..ten_bps(path) };
                    let (params, cash) = (params.clone(), 1_000_000);
                    let case = Case { strategy, params, instrument: instrument(kind), venue, cash };
                    let bars = walk(3_000, 17 + u64::try_from(n).unwrap());
                    let what = format!("{strategy} {kind:?} short {short} {path:?} {slippage:?}");
                    let count = case.same(&bars, &what);
                    assert!(count > 20, "{what}: only {count} fills");
                    fills += count;
                }
            }
        }
    }
    assert!(fills > 1_000);
}

#[test]
fn both_paths_agree_on_amounts_that_need_more_than_64_bits() {
    // Imported data count money in as many decimals as price and quantity have together: 16.
    let scales = |instrument: Instrument| {
        let market = &instrument.market;
        let quote = types::Asset { scale: 16, ..market.quote };
        let (base, rules) = (market.base, market.rules.clone());
        let market = types::Market::new(market.id, market.symbol, base, quote, 8, rules).unwrap();
        Instrument { market, ..instrument }
    };
    for (kind, short) in [(InstrumentKind::Spot, false), (PERPETUAL, true)] {
        for (strategy, params) in strategies(short).into_iter().skip(1) {
            let (venue, cash) = (ten_bps(PricePath::Open), 100_000);
            let case = Case { strategy, params, instrument: scales(instrument(kind)), venue, cash };
            assert!(case.plan().spec().cash.0 > i128::from(i64::MAX));
            assert!(case.same(&walk(2_000, 31), &format!("{strategy} {kind:?}")) > 10);
        }
    }
}

#[test]
fn both_paths_agree_when_money_runs_short() {
    // A position costs about 20,000: some orders are let out, some not, and fees eat what is left.
    let mut refused = 0;
    for (kind, cash) in [(InstrumentKind::Spot, 20_050), (PERPETUAL, 3_500)] {
        for seed in 0..6 {
            for path in [PricePath::Close, PricePath::Open] {
                let short = kind == PERPETUAL;
                let (strategy, mut params) = strategies(short).remove(1);
                params.retain(|(name, _)| *name != "qty");
                let case =
                    Case { strategy, params, instrument: instrument(kind), venue: ten_bps(path), cash };
                let bars = walk(1_500, 100 + seed);
                match case.by_columns(&bars) {
                    Ok((_, end)) => {
                        case.same(&bars, &format!("{kind:?} {path:?} seed {seed}"));
                        refused += end.unfilled.denied + end.unfilled.rejected;
                    }
                    Err(NeedsEvents::Parts | NeedsEvents::Liquidation { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }
    assert!(refused > 0, "the case is about refusals");
}

#[test]
fn what_needs_events_is_not_imitated() {
    let case = |venue: VenueConfig, cash| Case {
        strategy: "ema-cross",
        params: vec![("fast", "5"), ("slow", "20"), ("short", "yes")],
        instrument: instrument(PERPETUAL),
        venue,
        cash,
    };
    let bars = walk(3_000, 5);
    let bounded = VenueConfig { participation_bips: Some(100), ..ten_bps(PricePath::Open) };
    assert!(matches!(case(bounded, 1_000_000).by_columns(&bars), Err(NeedsEvents::Venue(_))));
    // Leverage of ten: a bar that falls by half takes a long position's collateral, in the event path at the same bar.
    let poor = case(ten_bps(PricePath::Open), 2_200);
    let crash = |at: usize| {
        let mut bars = walk(300, 5);
        bars[at].low = Price(bars[at].low.0 / 2 / TICK * TICK);
        bars
    };
    let found = (30..300).find_map(|at| match poor.by_columns(&crash(at)) {
        Err(NeedsEvents::Liquidation { bar }) => Some((bar, crash(at))),
        _ => None,
    });
    let (bar, bars) = found.expect("a long position somewhere");
    let events = poor.by_events(&bars);
    let liquidated = events.fills.iter().find(|f| events.reason(f) == "liquidated").unwrap();
    assert_eq!(liquidated.at.0.div_euclid(60_000_000_000), i64::try_from(bar).unwrap());
}

#[test]
fn the_reference_run_ends_with_the_same_equity_and_score() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/reference/backtest/synthetic-1m-20k.csv");
    if !path.exists() {
        println!("SKIPPED: the reference run is not beside this checkout ({})", path.display());
        return;
    }
    let bars: Vec<Bar> = BarFile::open(&path).unwrap().map(Result::unwrap).collect();
    let case = Case {
        strategy: "ema-cross",
        params: vec![("fast", "20"), ("slow", "100"), ("qty", "1"), ("ema-seed", "first")],
        instrument: instrument(PERPETUAL),
        venue: ten_bps(PricePath::Close),
        cash: 1_000_000,
    };
    assert_eq!(case.same(&bars, "reference"), 280);
    let plan = case.plan();
    let mut columns = Columns::new(Interval::M1, plan.instruments()[0].market.notional, bars.len());
    assert!(bars.iter().all(|bar| columns.push(bar)));
    let judge =
        VectorJudge::new("ema-cross", &columns, &plan.instruments()[0], &case.venue, plan.spec().cash, None);
    let score = judge.judge(&plan.spec().params, Window { from: 0, to: bars.len() }).unwrap();
    assert_eq!(decimal::format_short(score.final_equity.0, 8), "994428.17551");
    assert_eq!((score.trades, format!("{:.6}", score.max_drawdown * 100.0)), (140, "-0.558416".to_owned()));
    // The score of a sweep and the metrics of a run are the same numbers.
    let outcome = case.by_events(&bars);
    let track = backtest::metrics::Track::of(&outcome, &bars);
    let all = backtest::metrics::measure(&backtest::metrics::Basis::of(&track, None));
    let metric = |name: &str| all.iter().find(|m| m.metric.name == name).unwrap().measured.value.unwrap();
    assert!((metric("sharpe") - score.sharpe).abs() < 1e-9 * score.sharpe.abs());
    assert!((metric("total_return") - score.total_return).abs() < 1e-12);
    assert!((metric("max_drawdown") - score.max_drawdown).abs() < 1e-12);
}
