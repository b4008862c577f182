//! `tradewind backtest`: imported bars are run, kept, listed, shown, compared, reported and checked; each run is counted as a
//! trial; what makes no sense is refused with its exit code and leaves nothing behind.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{Done, run_in};

/// 3,000 one-minute bars of our own making.
pub(crate) fn waves() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/backtest/waves-1m-3k.csv")
}

/// Carries out one command line, words apart by spaces.
pub(crate) fn line(dir: &Path, words: &str) -> Done {
    run_in(dir, &words.split_whitespace().collect::<Vec<_>>())
}

/// A data directory that holds the waves as `WAVE-PERP`.
pub(crate) fn imported() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let file = waves();
    let import = ["data", "import", file.to_str().unwrap(), "--symbol", "WAVE-PERP", "--interval", "1m"];
    let done = run_in(dir.path(), &import);
    assert_eq!(done.code, 0, "{}", done.err);
    dir
}

fn json(dir: &Path, words: &str) -> Value {
    let done = line(dir, &format!("{words} --json"));
    assert_eq!(done.code, 0, "{words}: {}", done.err);
    done.json()
}

const RUN: &str =
    "backtest run ema-cross --symbol WAVE-PERP --interval 15m --cash 100000 --fee-bps 10 --param slow=9";

fn units(text: &Value) -> i128 {
    types::decimal::parse(text.as_str().unwrap(), 8).unwrap()
}

#[test]
fn imported_bars_are_run_and_the_run_is_kept_listed_shown_and_compared() {
    let dir = imported();
    let dir = dir.path();
    let first = json(dir, &format!("{RUN} --param fast=3 --name first"));
    assert_eq!(
        (first["run"].as_str(), first["bars"].as_u64()),
        (Some("0001-ema-cross"), Some(200)),
        "{first}"
    );
    assert_eq!((first["interval"].as_str(), first["fill"].as_str()), (Some("15m"), Some("open")));
    assert_eq!(first["instruments"][0], "file:WAVE-PERP");
    assert_eq!((first["params"]["fast"].as_str(), first["params"]["slow"].as_str()), (Some("3"), Some("9")));
    // Money is exact: start, result before fees and fees add up to the end to the last unit.
    assert_eq!(first["start_equity"], "100000");
    let orders = first["orders"].as_u64().unwrap();
    assert!(orders > 10 && first["filled"] == first["orders"] && first["rejected"] == 0, "{first}");
    let fees = units(&first["fees"]);
    assert_eq!(fees, units(&first["turnover"]) / 1_000, "ten basis points of everything that traded");
    assert!(
        first["max_drawdown_pct"].as_f64().unwrap() < 0.0 && first["cpu_seconds"].as_f64().unwrap() > 0.0
    );
    assert!(first["metrics"]["sharpe"]["value"].is_f64());

    let second = json(dir, &format!("{RUN} --param fast=4"));
    assert_ne!(second["final_equity"], first["final_equity"]);
    let list = json(dir, "backtest list");
    let runs = list["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!((runs[0]["run"].as_str(), runs[0]["name"].as_str()), (Some("0001-ema-cross"), Some("first")));
    for (kept, made) in [("1", &first), ("0001-ema-cross", &first), ("last", &second)] {
        let shown = json(dir, &format!("backtest show {kept}"));
        for key in ["final_equity", "orders", "digest", "fees", "metrics", "max_drawdown_pct"] {
            assert_eq!(shown[key], made[key], "{kept} {key}");
        }
    }
    let both = json(dir, "backtest compare 1 2");
    assert_eq!(both["runs"][1]["final_equity"], second["final_equity"]);
    let text = line(dir, "backtest compare 1 last").out;
    let fast = text.lines().find(|line| line.starts_with("fast ")).unwrap();
    assert_eq!(fast.split_whitespace().collect::<Vec<_>>(), ["fast", "3", "4"]);
    assert!(!text.lines().any(|line| line.starts_with("slow ")), "what is the same is not told: {text}");
    let text = line(dir, "backtest show last").out;
    assert!(text.contains("100,000.00 USD → ") && text.contains("the next bar's open"), "{text}");
}

#[test]
fn every_run_is_counted_as_a_trial_also_one_that_is_not_kept() {
    let dir = imported();
    let dir = dir.path();
    let trials = |words: &str| {
        let run = json(dir, &format!("{RUN} {words}"));
        (run["trials"]["recorded"].as_u64().unwrap(), run["trials"]["distinct"].as_u64().unwrap())
    };
    assert_eq!(trials("--param fast=3"), (1, 1));
    assert_eq!(trials("--param fast=4"), (2, 2));
    assert_eq!(trials("--param fast=4 --no-store"), (3, 2), "the same set again shows nothing new");
    assert_eq!(trials("--param fast=5 --no-store"), (4, 3));
    assert_eq!(trials("--param fast=5 --taker-bps 5"), (5, 4), "under other costs it is another trial");
    assert_eq!(json(dir, "backtest list")["runs"].as_array().unwrap().len(), 3);
    // Days that no earlier trial saw start anew.
    let early = trials("--param fast=3 --to 2024-01-02");
    assert_eq!(early, (6, 5));
    let text = line(dir, &format!("{RUN} --param fast=3")).out;
    assert!(text.contains("5 different sets were tried on these days"), "{text}");
    let shown = json(dir, "backtest show 1");
    assert_eq!(shown["trials"]["distinct"], 5, "a run is judged by all that was tried since");
    let luck = shown["trials"]["luck_sharpe"].as_f64().unwrap();
    assert!(luck > 0.0 && shown["trials"]["deflated_sharpe"].as_f64().unwrap() <= 1.0);
}

#[test]
fn a_kept_run_becomes_one_html_file_that_needs_nothing_else() {
    let dir = imported();
    json(dir.path(), &format!("{RUN} --param fast=3"));
    json(dir.path(), &format!("{RUN} --param fast=4"));
    let page = dir.path().join("report.html");
    let answer = json(dir.path(), &format!("backtest report 1 --html {}", page.display()));
    assert_eq!(answer["run"], "0001-ema-cross");
    let html = std::fs::read_to_string(&page).unwrap();
    for part in
        ["<html", "Can I trust this?", "0001-ema-cross", "2 different parameter sets were tried", "<svg"]
    {
        assert!(html.contains(part), "{part}");
    }
    for foreign in ["http://", "https://", "<link", "src="] {
        let found =
            html.match_indices(foreign).find(|(at, _)| !html[*at..].starts_with("http://www.w3.org/"));
        assert!(found.is_none(), "the page loads {:?}", found.map(|(at, _)| &html[at..at + 80]));
    }
}

#[test]
fn the_check_passes_an_honest_strategy_on_imported_data() {
    let dir = imported();
    let words =
        "backtest check ema-cross --symbol WAVE-PERP --interval 15m --param fast=3 --param slow=9 --cuts 10";
    let found = json(dir.path(), words);
    assert_eq!((found["clean"].as_bool(), found["runs"].as_u64()), (Some(true), Some(21)), "{found}");
    assert!(found["orders"].as_u64().unwrap() > 5 && found["findings"].as_array().unwrap().is_empty());
}

#[test]
fn what_makes_no_sense_is_refused_with_its_code_and_leaves_nothing() {
    let dir = imported();
    let dir = dir.path();
    for (words, code, part) in [
        ("run ema-cross", 2, "--symbol"),
        ("run luck --symbol WAVE-PERP", 2, "rsi-reversion"),
        ("run ema-cross --symbol DOGE-PERP", 1, "DOGE-PERP"),
        ("run ema-cross --symbol WAVE-PERP --interval 7m", 2, "15m"),
        ("run ema-cross --symbol WAVE-PERP --param speed=3", 2, "fast"),
        ("run ema-cross --symbol WAVE-PERP --param fast", 2, "NAME=VALUE"),
        ("run ema-cross --symbol WAVE-PERP --param fast=0", 2, "fast"),
        ("run ema-cross --symbol WAVE-PERP --param fast=20 --param slow=10", 2, "slow"),
        ("run ema-cross --symbol WAVE-PERP --cash 0", 2, "--cash"),
        ("run ema-cross --symbol WAVE-PERP --cash much", 2, "--cash"),
        ("run ema-cross --symbol WAVE-PERP --fill noon", 2, "ohlc"),
        ("run ema-cross --symbol WAVE-PERP --fee-bps 1e9", 2, "--fee-bps"),
        ("run ema-cross --symbol WAVE-PERP --from someday", 2, "2022-01-31"),
        ("run ema-cross --symbol WAVE-PERP --from 2031-01-01", 1, "--from"),
        ("run ema-cross --symbol WAVE-PERP --symbol WAVE-PERP --file nothing.csv", 2, "one --symbol"),
        ("run ema-cross --file nothing.csv", 1, "nothing.csv"),
        ("run pairs --symbol WAVE-PERP", 2, "2"),
        ("show 7", 1, "tradewind backtest list"),
        ("show last", 1, "tradewind backtest list"),
        ("compare 1 2", 1, "tradewind backtest list"),
        ("compare 1", 2, "2"),
        ("report last --html report.html", 1, "tradewind backtest list"),
        ("check ema-cross --symbol WAVE-PERP --cuts 0", 2, "1..=1000"),
    ] {
        let done = line(dir, &format!("backtest {words}"));
        assert_eq!(done.code, code, "{words}: {}{}", done.out, done.err);
        assert!(done.err.contains(part), "{words} should say {part:?}: {}", done.err);
    }
    let done = line(dir, "backtest run luck --symbol WAVE-PERP --json");
    assert_eq!((done.code, done.json()["error"]["what"].as_str()), (2, Some("the run makes no sense")));
    assert_eq!(json(dir, "backtest list")["runs"].as_array().unwrap().len(), 0);
    assert!(!dir.join("sweeps").exists(), "nothing was tried, so nothing is recorded");
}

#[test]
fn a_promoted_model_forecasts_in_a_back_test_and_what_it_was_trained_on_is_said() {
    let dir = imported();
    let dir = dir.path();
    let train = "model train --algorithm ets --symbol WAVE-PERP --interval 5m --days 2 --horizon 4";
    let trained = line(dir, train);
    assert_eq!(trained.code, 0, "{}", trained.err);
    let models = json(dir, "model list");
    let name = models["models"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(line(dir, &format!("model promote {name}@1")).code, 0);

    let run = "backtest run forecast --symbol WAVE-PERP --interval 5m --param window=40 --param horizon=4 \
               --param cost-bps=1 --param certainty=0 --param short=yes";
    let own = json(dir, run);
    assert!(own["model"].is_null());
    let with = json(dir, &format!("{run} --model {name}"));
    assert!(with["model"].as_str().unwrap().starts_with(&format!("{name}@1#")), "{with}");
    assert!(with["orders"].as_u64().unwrap() > 2, "{with}");
    assert_ne!(with["digest"], own["digest"]);
    assert_eq!(with["trials"]["distinct"], 2, "another forecaster is another trial");
    let warned = with["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .any(|w| w.as_str().unwrap().contains("trained on bars up to"));
    assert!(warned, "{with}");
    // The run is made again with the same model, for its report.
    let shown = json(dir, "backtest show last");
    assert_eq!((&shown["model"], &shown["digest"]), (&with["model"], &with["digest"]));
    let page = dir.join("model.html");
    json(dir, &format!("backtest report last --html {}", page.display()));
    assert!(std::fs::read_to_string(&page).unwrap().contains(&format!("--model {name}@1")));

    for (words, code, part) in [
        ("backtest run forecast --symbol WAVE-PERP --model nobody", 1, "tradewind model list"),
        (&format!("{RUN} --param fast=3 --model {name}"), 2, "leave --model out"),
    ] {
        let done = line(dir, words);
        assert_eq!(done.code, code, "{words}: {}{}", done.out, done.err);
        assert!(done.err.contains(part), "{words}: {}", done.err);
    }
}
