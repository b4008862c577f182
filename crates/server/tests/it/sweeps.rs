//! `tradewind sweep`: every trial is recorded before it counts, the choice is run through the event path, walk-forward judges on
//! days that were not seen.

use std::path::Path;

use serde_json::Value;

use crate::backtests::{imported, line};

const SWEEP: &str =
    "sweep run ema-cross --symbol WAVE-PERP --interval 5m --grid fast=2..4 --grid slow=8,12,16";

fn json(dir: &Path, words: &str) -> Value {
    let done = line(dir, &format!("{words} --json"));
    assert_eq!(done.code, 0, "{words}: {}", done.err);
    done.json()
}

#[test]
fn a_grid_walks_forward_and_its_choice_ends_in_the_event_path_with_the_same_money() {
    let dir = imported();
    let dir = dir.path();
    let page = dir.join("sweep.html");
    let sweep = json(dir, &format!("{SWEEP} --walk-forward 3 --html {}", page.display()));
    assert_eq!((sweep["bars"].as_u64(), sweep["method"].as_str()), (Some(600), Some("grid")), "{sweep}");
    // Nine sets over everything and over three pasts, and what each past chose on the days after it.
    let made = sweep["made_trials"].as_u64().unwrap();
    assert!((36..=39).contains(&made), "{made}");
    assert_eq!((sweep["recorded"].as_u64(), sweep["trials"].as_array().unwrap().len()), (Some(made), 9));
    let folds = sweep["folds"].as_array().unwrap();
    assert_eq!(folds.len(), 3);
    for pair in folds.windows(2) {
        assert!(pair[0]["test_to"].as_i64().unwrap() <= pair[1]["test_from"].as_i64().unwrap());
    }
    let chosen = &sweep["chosen"];
    let row = sweep["trials"].as_array().unwrap().iter().find(|row| row["point"] == chosen["point"]).unwrap();
    assert_eq!(row["final_equity"], sweep["event_path_equity"], "both paths, to the last digit");
    assert!(sweep["deflated_sharpe"].is_f64() && sweep["luck_sharpe"].as_f64().unwrap() > 0.0);
    let run = json(dir, &format!("backtest show {}", sweep["run"].as_str().unwrap()));
    let exact = |text: &Value| types::decimal::parse(text.as_str().unwrap(), 18).unwrap();
    assert_eq!(exact(&run["final_equity"]), exact(&sweep["event_path_equity"]));
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("Can I trust this?") && html.contains("Overfitting"));

    // A set of the sweep that is run once more is no new trial; another one is.
    let again = |fast: &str| {
        let words = format!(
            "backtest run ema-cross --symbol WAVE-PERP --interval 5m --param slow=12 --param fast={fast}"
        );
        json(dir, &words)["trials"].clone()
    };
    let distinct = sweep["distinct"].as_u64().unwrap();
    assert_eq!((&again("3")["distinct"], &again("3")["recorded"]), (&distinct.into(), &(made + 2).into()));
    assert_eq!(again("5")["distinct"], distinct + 1);

    let list = json(dir, "sweep list");
    assert_eq!(
        (list["sweeps"][0]["sweep"].as_str(), list["sweeps"][0]["trials"].as_u64()),
        (Some("0001-ema-cross"), Some(made))
    );
    assert_eq!(json(dir, "sweep show last")["trials"], sweep["trials"]);
    let text = line(dir, "sweep show 1").out;
    for part in
        ["walk-forward", "the same final equity to the last digit", "deflated Sharpe", "trials in this sweep"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn every_way_to_search_counts_what_it_tried() {
    let dir = imported();
    let mut before = 0;
    for (words, least) in
        [("--random 5 --pick peak", 5), ("--halving 9 --objective return", 9), ("--tpe 6", 6)]
    {
        let sweep = json(dir.path(), &format!("{SWEEP} {words} --threads 2"));
        let made = sweep["made_trials"].as_u64().unwrap();
        assert!(made >= least, "{words}: {made}");
        assert_eq!(sweep["recorded"].as_u64(), Some(before + made), "{words}");
        before += made;
    }
    // A strategy that is no function of columns goes through the event path, and its trials count as well.
    let sweep = json(dir.path(), "sweep run dca --symbol WAVE-PERP --interval 15m --grid every=4,8");
    assert_eq!(
        (sweep["made_trials"].as_u64(), sweep["recorded"].as_u64()),
        (Some(2), Some(before + 2)),
        "{sweep}"
    );
}

#[test]
fn a_search_that_makes_no_sense_is_refused_and_leaves_nothing() {
    let dir = imported();
    for (words, code, part) in [
        ("run ema-cross --symbol WAVE-PERP", 2, "--grid"),
        ("run ema-cross --symbol WAVE-PERP --grid fast", 2, "name=from..to:step"),
        ("run ema-cross --symbol WAVE-PERP --grid fast=9..3", 2, "fast"),
        ("run ema-cross --symbol WAVE-PERP --grid speed=1..3", 2, "slow"),
        ("run ema-cross --symbol WAVE-PERP --grid fast=2..4 --random 2 --tpe 2", 2, "--tpe"),
        ("run ema-cross --symbol WAVE-PERP --grid fast=2..4 --objective luck", 2, "return-over-drawdown"),
        ("run ema-cross --symbol WAVE-PERP --interval 4h --grid fast=2..4 --walk-forward 50", 2, "too few"),
        ("run ema-cross --symbol WAVE-PERP --grid fast=2..4 --walk-forward 0", 2, "1..=100"),
        ("run ema-cross --symbol DOGE-PERP --grid fast=2..4", 1, "DOGE-PERP"),
        ("run ema-cross --symbol WAVE-PERP --grid fast=30..31 --param slow=20", 2, "below slow"),
        ("show 3", 1, "tradewind sweep list"),
    ] {
        let done = line(dir.path(), &format!("sweep {words}"));
        assert_eq!(done.code, code, "{words}: {}{}", done.out, done.err);
        assert!(done.err.contains(part), "{words} should say {part:?}: {}", done.err);
    }
    assert_eq!(json(dir.path(), "sweep list")["sweeps"].as_array().unwrap().len(), 0);
    assert!(!dir.path().join("sweeps").exists());
}

#[test]
fn sets_that_make_no_strategy_are_left_out_and_the_defaults_do_not_matter() {
    let dir = imported();
    // The default of `fast` is 20, above this `slow`.
    let sweep = json(
        dir.path(),
        "sweep run ema-cross --symbol WAVE-PERP --interval 5m --grid fast=5,9,30 --param slow=10",
    );
    assert_eq!((sweep["impossible"].as_u64(), sweep["made_trials"].as_u64()), (Some(1), Some(2)), "{sweep}");
}
