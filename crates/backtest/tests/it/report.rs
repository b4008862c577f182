//! The report of a real run with a real sweep behind it: whole, self-contained, and unable to be broken by a name.

use std::convert::Infallible;

use backtest::metrics::{Basis, Track, Trade, Trials};
use backtest::montecarlo::{RUNS, bootstrap, shuffle};
use backtest::report::{CostCase, LookAhead, Report};
use backtest::sweep::outcome::{Chosen, FoldRow, Row, SweepOutcome, VERSION};
use backtest::sweep::{Axis, Method, Objective, Pick, Plan, Progress, Space, Window, overfit, walk};
use backtest::vector::{Columns, VectorJudge};
use backtest::{Outcome, PricePath};
use types::{Bar, Interval};

use crate::bench::{PERPETUAL, ten_bps};
use crate::vector::{Case, instrument, walk as made_up};

/// A sweep with walk-forward over the bars of a case.
fn sweep(case: &Case, bars: &[Bar]) -> SweepOutcome {
    let plan = case.plan();
    let mut columns = Columns::new(Interval::M1, plan.instruments()[0].market.notional, bars.len());
    assert!(bars.iter().all(|bar| columns.push(bar)));
    let (listed, cash) = (&plan.instruments()[0], plan.spec().cash);
    let judge = VectorJudge::new(case.strategy, &columns, listed, &case.venue, cash, None);
    let space =
        Space::new(["fast=2..20:2", "slow=5..60:5"].map(|t| Axis::parse(t).unwrap()).to_vec()).unwrap();
    let fixed = [("qty".to_owned(), "1".to_owned())];
    let search = Plan {
        space: &space,
        fixed: &fixed,
        method: Method::Grid,
        objective: Objective::Sharpe,
        judge: &judge,
        threads: 2,
    };
    let whole = Window { from: 0, to: bars.len() };
    let mut recorded = 0;
    let mut record = |batch: &[backtest::sweep::Trial]| {
        recorded += batch.len() as u64;
        Ok::<(), Infallible>(())
    };
    let progress = Progress::default();
    let Ok(trials) = search.search(whole, &progress, &mut record);
    let folds = walk::windows(whole, 4).unwrap();
    let Ok(folds) = walk::walk(&search, &folds, Pick::Plateau, &progress, &mut record);
    let choice = walk::choice(&search, &trials, whole).unwrap();
    let blocks: Vec<_> = trials.iter().filter_map(|t| Some(t.result.as_ref().ok()?.blocks)).collect();
    let time = |i: usize| columns.opens(i).millis();
    let mut outcome = SweepOutcome {
        v: VERSION,
        id: "s1".into(),
        made: 0,
        strategy: case.strategy.into(),
        instrument: "file:BTC-PERP".into(),
        interval: "1m".into(),
        fixed: fixed.to_vec(),
        axes: space.axes().iter().map(|a| (a.name.clone(), a.values.clone())).collect(),
        method: "grid".into(),
        objective: "sharpe".into(),
        from: time(0),
        to: columns.last_milli(bars.len() - 1),
        bars: bars.len(),
        costs: String::new(),
        trials: Vec::new(),
        impossible: 0,
        failed: None,
        chosen: Some(Chosen::of(&search, &choice, Pick::Plateau)),
        made_trials: recorded,
        recorded,
        distinct: recorded,
        sharpe_variance: 4.0,
        overfit: overfit::probability(&blocks).map(|o| o.probability),
        folds: folds.iter().map(|f| FoldRow::of(&search, f, time, |i| columns.last_milli(i))).collect(),
        unseen: walk::stitched(&folds),
        cpu_seconds: 0.0,
        memory_bytes: 0,
        threads: 2,
        interrupted: false,
        ..SweepOutcome::default()
    };
    outcome.note_trials(&search, &trials, 8);
    outcome
}

fn report(case: &Case, outcome: &Outcome, bars: &[Bar]) -> String {
    let sweep = sweep(case, bars);
    let text = serde_json::to_vec(&sweep).unwrap();
    let read = SweepOutcome::parse(&text).unwrap();
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
    let same = |(a, b): (&Row, &Row)| {
        a.point == b.point && a.final_equity == b.final_equity && close(a.value, b.value)
    };
    assert!(read.trials.len() == sweep.trials.len() && read.trials.iter().zip(&sweep.trials).all(same));
    assert!(read.chosen.unwrap().params == sweep.chosen.as_ref().unwrap().params && read.folds.len() == 4);
    let track = Track::of(outcome, bars);
    let profits: Vec<f64> = track.trades.iter().map(|t: &Trade| t.profit).collect();
    let basis = Basis::of(&track, None);
    let (order, days) = (shuffle(track.start, &profits, RUNS, 1), bootstrap(&basis.shares, RUNS, 1));
    let look = LookAhead { is_clean: true, text: "Decisions at 40 points do not change.".into() };
    let costs = [CostCase { name: "at double fees".into(), total_return: -0.05 }];
    Report {
        id: "7f3a",
        outcome,
        bars,
        command: "tradewind backtest run ema-cross --symbol \"BTC-PERP\"",
        trials: Some(Trials { count: sweep.distinct, sharpe_variance: 0.01 }),
        sweep: Some(&sweep),
        look_ahead: Some(&look),
        costs: &costs,
        shuffle: order.as_ref(),
        bootstrap: days.as_ref(),
    }
    .html()
}

#[test]
fn a_report_is_whole_and_needs_nothing_from_elsewhere() {
    let case = Case {
        strategy: "ema-cross",
        params: vec![("fast", "6"), ("slow", "40"), ("short", "yes")],
        instrument: instrument(PERPETUAL),
        venue: ten_bps(PricePath::Close),
        cash: 100_000,
    };
    let bars = made_up(12_000, 3);
    let mut outcome = case.by_events(&bars);
    outcome.run.name = "</script><b>'\"&".into();
    outcome.warnings.push("<img src=x onerror=alert(1)>".into());
    let html = report(&case, &outcome, &bars);
    for part in [
        "Equity and drawdown",
        "Monthly returns",
        "Trades on the price",
        "Ways out",
        "Can I trust this?",
        "Deepest drawdowns",
        "Rolling Sharpe",
        "Return per trade",
        "Excursions",
        "Other histories",
        "Walk-forward",
        "Sweep: Sharpe by parameter",
        "All measures",
        "How it was made",
        "sits on a plateau",
        "different parameter sets were tried",
    ] {
        assert!(html.contains(part), "{part} is missing");
    }
    assert!(html.contains("&lt;/script&gt;&lt;b&gt;&#39;&quot;&amp;") && !html.contains("<img"));
    for outside in [
        "http://",
        "https://",
        "<script src",
        "<link",
        "<iframe",
        "url(",
        "@import",
        "fetch(",
        "XMLHttpRequest",
    ] {
        assert!(!html.contains(outside), "{outside} reaches out of the file");
    }
    assert!(!html.contains("NaN") && !html.contains("inf"), "a number that is none");
    assert_eq!(html.matches("<section").count(), html.matches("</section>").count());
    assert_eq!(html.matches("<div").count(), html.matches("</div>").count());
    assert!(html.len() < 2_000_000, "{} bytes", html.len());
}

#[test]
fn a_run_without_a_trade_has_a_report_too() {
    let case = Case {
        strategy: "ema-cross",
        params: vec![("fast", "6"), ("slow", "40")],
        instrument: instrument(PERPETUAL),
        venue: ten_bps(PricePath::Close),
        cash: 100_000,
    };
    let bars = made_up(30, 3);
    let outcome = case.by_events(&bars);
    let html = Report {
        id: "1",
        outcome: &outcome,
        bars: &bars,
        command: "",
        trials: None,
        sweep: None,
        look_ahead: None,
        costs: &[],
        shuffle: None,
        bootstrap: None,
    }
    .html();
    assert!(html.contains("No position was closed") && html.contains("made nothing"));
    assert!(!html.contains("NaN") && !html.contains("inf"));
}
