//! `tradewind indicator` and `tradewind strategy`: everything there is, described, for people and scripts.

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
    assert_eq!(names.len(), 15);
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
