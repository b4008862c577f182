//! `tradewind model fit`: the answers are those of the kernels, and of R and statsmodels where their values are at hand; a
//! file that cannot be modelled is refused with its place.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{Done, run};

fn reference() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/forecast/data");
    if !path.is_dir() {
        println!("SKIPPED: the reference series are not beside this checkout ({})", path.display());
        return None;
    }
    Some(path)
}

fn fit(file: &Path, line: &str) -> Done {
    let mut arguments = vec!["model", "fit", file.to_str().unwrap(), "--json"];
    arguments.extend(line.split_whitespace());
    run(&arguments)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

#[test]
fn airline_passengers_have_the_published_model() {
    let Some(data) = reference() else { return };
    let file = data.join("airpassengers.csv");
    let model = "--column value --algorithm arima --order 0,1,1 --seasonal 0,1,1,12 --log --horizon 24";
    let found = fit(&file, model).json();
    assert!((number(&found["loglik"]) - 244.696_486).abs() < 1e-4, "{found}");
    assert!((number(&found["params"]["ma1"]) + 0.4018).abs() < 1e-3);
    assert!((number(&found["params"]["sma1"]) + 0.5569).abs() < 1e-3);
    assert!((number(&found["se"]["ma1"]) - 0.0896).abs() < 2e-3);
    assert_eq!(found["forecast"].as_array().unwrap().len(), 24);
    assert!(number(&found["forecast"][0]["se"]) > 0.03 && number(&found["cpu_s"]) > 0.0);
    let given = fit(&file, &format!("{model} --at ma1=-0.4018,sma1=-0.5569,sigma2=0.001348")).json();
    let want = 244.696_486_454_104_44;
    assert!((number(&given["loglik"]) / want - 1.0).abs() < 1e-7, "{given}");
    assert!(given["se"]["ma1"].is_null());
}

#[test]
fn missing_values_a_scale_and_a_mean_are_understood() {
    let Some(data) = reference() else { return };
    let found = fit(&data.join("presidents.csv"), "--algorithm arima --order 1,0,0 --mean").json();
    assert!((number(&found["params"]["mean"]) - 56.15).abs() < 0.01, "{found}");
    assert_eq!(found["missing"], 6);
    let line = "--column close --algorithm arima --order 1,1,1 --log --scale 100 --rows 2000 \
                --at ar1=0.1,ma1=-0.15,sigma2=0.2";
    let given = fit(&data.join("goog_1d.csv"), line).json();
    assert!((number(&given["loglik"]) / -24_512.569_456_006_37 - 1.0).abs() < 1e-8, "{given}");
}

#[test]
fn prophet_answers_with_the_history_and_the_future() {
    let Some(data) = reference() else { return };
    let found =
        fit(&data.join("prophet_test_daily.csv"), "--algorithm prophet --horizon 48 --samples 50").json();
    assert!(number(&found["log_posterior"]) > 1_353.2, "{}", found["log_posterior"]);
    assert_eq!(found["yhat"].as_array().unwrap().len(), 510 + 48);
    assert_eq!(found["forecast"].as_array().unwrap().len(), 48);
    for key in ["k", "m", "sigma_obs"] {
        assert!(found[key].is_f64(), "{key}");
    }
}

/// Forty days of a wave on a slope, with a regressor and two rows of the future.
fn wave(dir: &Path) -> PathBuf {
    let mut text = String::from("day;value;event\n");
    for n in 0..42_u32 {
        let event = u32::from(n % 10 == 3);
        let noise = f64::from(n * 7919 % 13) / 13.0;
        let value = 10.0 + 0.5 * f64::from(n) + 3.0 * f64::from(event) + noise;
        let value = if n < 40 { value.to_string().replace('.', ",") } else { String::new() };
        writeln!(text, "2024-{:02}-{:02};{value};{event}", 1 + n / 28, 1 + n % 28).unwrap();
    }
    let path = dir.join("wave.csv");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_regressor_is_told_by_the_file_into_the_future() {
    let dir = tempfile::tempdir().unwrap();
    let file = wave(dir.path());
    let line = "--time-column day --algorithm prophet --regressor event --weekly off --column value --seed 3";
    let found = fit(&file, line).json();
    assert_eq!((found["history"].as_u64(), found["observed"].as_u64()), (Some(40), Some(40)), "{found}");
    assert_eq!(found["forecast"].as_array().unwrap().len(), 2);
    let effect = number(&found["beta"][0]) * number(&found["y_scale"]);
    assert!((effect - 3.0).abs() < 0.7, "{effect}");
    assert_eq!(found["forecast"], fit(&file, line).json()["forecast"]);
}

#[test]
fn a_file_that_cannot_be_modelled_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    for (text, line, code, expected) in [
        ("t,value\n1,2\n2,x\n", "--algorithm arima --order 1,0,0", 1, "line 3"),
        ("t,value\n1,2\n2,3\n", "--algorithm arima --order 1,0,0 --column close", 2, "no column"),
        ("t,value\n1,2\n2,3\n", "--algorithm arima --order 1,1", 2, "three whole numbers"),
        ("t,value\n1,2\n2,3\n", "--algorithm arima --order 1,1,1 --mean", 2, "drift"),
        ("t,value\n1,2\n2,3\n", "--algorithm arima --order 1,0,1", 1, "at least"),
        ("t,value\n1,2\n2,2\n3,2\n", "--algorithm arima --order 1,0,0", 1, "equal"),
        ("t,value\n1,2\n2,inf\n3,2\n", "--algorithm arima --order 1,0,0", 1, "infinite"),
        ("t,value\n1,2\n2,-1\n3,2\n", "--algorithm arima --order 1,0,0 --log", 1, "line 3"),
        ("t,value\n1,2\n3,3\n2,4\n", "--algorithm arima --order 1,0,0 --time-column t", 1, "line 4"),
        ("t,value\n1,2\n2,3\n", "--algorithm prophet --order 1,0,0", 2, "not an option"),
        ("t,value\n1,2\n2,3\n", "--algorithm arima --order 1,0,0 --at ma1=3", 2, "no parameter"),
        (
            "t,value\n1,2\n2,3\n3,1\n4,2\n5,1\n",
            "--algorithm arima --order 1,0,0 --at ar1=1.5",
            1,
            "stationary",
        ),
        ("a,b\n1,2\n2,3\n", "--algorithm prophet", 2, "times"),
    ] {
        std::fs::write(&path, text).unwrap();
        let done = fit(&path, line);
        assert_eq!(done.code, code, "{line}: {}", done.err);
        assert!(done.err.contains(expected), "{line}: {}", done.err);
        assert!(done.json()["error"]["what"].is_string());
    }
    assert_eq!(fit(&dir.path().join("none.csv"), "--algorithm arima --order 1,0,0").code, 1);
}
