//! `tradewind indicator` and `tradewind strategy`: everything there is, described, for people and scripts.

use crate::backtests::{imported, line, waves};
use crate::program::run;

#[test]
fn every_indicator_is_listed_and_shown_with_its_parameters() {
    let all = run(&["indicator", "list", "--json"]).json();
    assert_eq!(all["indicators"].as_array().unwrap().len(), 237);
    let found = run(&["indicator", "list", "bollinger", "--json"]).json();
    assert!(found["indicators"].as_array().unwrap().iter().any(|i| i["name"] == "BBANDS"));
    let shown = run(&["indicator", "show", "macd", "--json"]).json();
    assert_eq!((shown["name"].as_str(), shown["lookback"].as_u64()), (Some("MACD"), Some(33)));
    assert_eq!(shown["params"][0]["name"], "fast-period");
    assert_eq!(shown["params"][0]["default"], 12);
    assert_eq!(shown["outputs"][2]["name"], "macd-hist");
    assert_eq!(shown["snapshot"], "its state");
    let text = run(&["indicator", "show", "rsi"]);
    assert!(text.out.contains("time-period") && text.out.contains("real"), "{}", text.out);
    let wrong = run(&["indicator", "show", "MACDE", "--json"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.json()["error"]["do"].as_str().unwrap().contains("MACD"), "{}", wrong.out);
}

#[test]
fn every_strategy_is_listed_and_shown_with_its_failures() {
    let all = run(&["strategy", "list", "--json"]).json();
    let names: Vec<&str> =
        all["strategies"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 16);
    for name in names {
        let shown = run(&["strategy", "show", name, "--json"]).json();
        for key in ["idea", "source", "fails"] {
            assert!(shown[key].as_str().is_some_and(|text| text.len() > 20), "{name} {key}");
        }
        let text = run(&["strategy", "show", name]);
        assert!(
            shown["params"]
                .as_array()
                .unwrap()
                .iter()
                .all(|p| text.out.contains(p["name"].as_str().unwrap()))
        );
    }
    assert!(run(&["strategy", "list"]).out.contains("market-maker"));
    let wrong = run(&["strategy", "show", "ema-cros"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("did you mean ema-cross?"), "{}", wrong.err);
}

#[test]
fn any_indicator_is_computed_by_name_on_imported_bars() {
    let dir = imported();
    let compute = |words: &str| line(dir.path(), &format!("indicator compute {words} --json"));
    // An average that anybody can check: the mean of the last three closes of the file.
    let text = std::fs::read_to_string(waves()).unwrap();
    let closes: Vec<f64> =
        text.lines().skip(1).map(|row| row.split(',').nth(4).unwrap().parse().unwrap()).collect();
    let period =
        run(&["indicator", "show", "SMA", "--json"]).json()["params"][0]["name"].as_str().unwrap().to_owned();
    let found = compute(&format!("sma --symbol WAVE-PERP --param {period}=3 --last 2")).json();
    assert_eq!(
        (found["indicator"].as_str(), found["values"].as_u64(), found["lookback"].as_u64()),
        (Some("SMA"), Some(2_998), Some(2))
    );
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(
        (rows.len(), rows[1]["t"].as_i64()),
        (2, Some(1_704_247_200_000)),
        "known at the last bar's close"
    );
    let output = run(&["indicator", "show", "SMA", "--json"]).json()["outputs"][0]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let want = closes[2_997..].iter().sum::<f64>() / 3.0;
    assert!((rows[1][&output].as_f64().unwrap() / want - 1.0).abs() < 1e-12, "{found}");
    let same = compute("SMA(3) --symbol WAVE-PERP --last 2").json();
    assert_eq!((&same["settings"], &same["rows"]), (&"SMA(3)".into(), &found["rows"]));
    for name in ["RSI", "MACD", "BBANDS", "OBV", "CDLDOJI", "BETA", "ATR", "HT_TRENDLINE"] {
        let found = compute(&format!("{name} --symbol WAVE-PERP --interval 5m"));
        assert_eq!(found.code, 0, "{name}: {}", found.err);
        let found = found.json();
        assert_eq!(found["values"].as_u64().unwrap() + found["lookback"].as_u64().unwrap(), 600, "{name}");
    }
    for (words, code, part) in [
        ("SMAA --symbol WAVE-PERP", 2, "SMA"),
        ("SMA --symbol WAVE-PERP --param speed=3", 2, "speed"),
        ("SMA(3) --symbol WAVE-PERP --param time-period=3", 2, "not both"),
        ("SMA(3,4) --symbol WAVE-PERP", 2, "no more parameters"),
        ("SMA --symbol WAVE-PERP --param speed", 2, "NAME=VALUE"),
        ("SMA --symbol WAVE-PERP --interval 7m", 2, "15m"),
        ("SMA --symbol DOGE-PERP", 1, "DOGE-PERP"),
    ] {
        let done = compute(words);
        assert_eq!(done.code, code, "{words}: {}", done.err);
        assert!(done.err.contains(part), "{words}: {}", done.err);
    }
}
