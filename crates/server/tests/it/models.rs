//! `tradewind model fit`: the answers are those of the kernels, and of R and statsmodels where their values are at hand; a
//! file that cannot be modelled is refused with its place.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{Done, run, run_in};

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
fn an_lstm_begins_and_learns_as_torch_does() {
    let Some(data) = reference() else { return };
    let folder = data.parent().unwrap();
    let torch: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("lstm_torch_1_32_20_32.json")).unwrap())
            .unwrap();
    let init = folder.join("lstm_init_h32.json");
    let line = format!("--algorithm lstm --epochs 1 --init {}", init.display());
    let found = fit(&data.join("ethbtc_5m.csv"), &line).json();
    for key in ["n_train", "n_windows", "hidden"] {
        assert_eq!(found[key], torch[key], "{key}");
    }
    for (got, want) in ["mu", "sd", "init_pred_first64"]
        .iter()
        .flat_map(|key| found[key].as_array().unwrap().iter().zip(torch[key].as_array().unwrap()))
    {
        assert!((number(got) - number(want)).abs() < 1e-5, "{got} {want}");
    }
    assert!((number(&found["epoch_loss"][0]) - number(&torch["epoch_loss"][0])).abs() < 1e-5);
    let norms = torch["first_batch_grad_norms"].as_object().unwrap();
    for (name, want) in norms {
        let ratio = number(&found["first_batch_grad_norms"][name]) / number(want);
        assert!((ratio - 1.0).abs() < 1e-4, "{name}: {ratio}");
    }
}

#[test]
fn an_order_and_a_form_are_selected() {
    let Some(data) = reference() else { return };
    let file = data.join("airpassengers.csv");
    let found = fit(&file, "--algorithm arima --log --period 12").json();
    assert_eq!(found["order"], serde_json::json!([0, 1, 1]), "{found}");
    assert_eq!(found["seasonal"], serde_json::json!([0, 1, 1, 12]));
    let found = fit(&file, "--algorithm ets --log --period 12 --horizon 12").json();
    assert!(found["form"].as_str().unwrap().ends_with(",A)"), "{found}");
    assert!((number(&found["forecast"][6]["mean"]) - 6.5).abs() < 0.1, "{found}");
}

#[test]
fn a_file_that_cannot_be_modelled_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    for (text, line, code, expected) in [
        ("t,value\n1,2\n2,x\n", "--algorithm arima --order 1,0,0", 1, "line 3"),
        ("t,value\n1,2\n2,3\n", "--algorithm arima --order 1,0,0 --column close", 2, "no column"),
        ("t,value\n1,2\n2,3\n", "--algorithm arima --order 1,1", 2, "three whole numbers"),
        ("t,value\n1,2\n2,3\n", "--algorithm arima --drift", 2, "needs --order"),
        ("t,value\n1,2\n2,3\n", "--algorithm lstm", 1, "too few rows"),
        ("t,value\n1,2\n2,-3\n", "--algorithm lstm", 1, "line 3"),
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

/// Ninety days of hourly bars with momentum, from a small generator.
fn momentum(dir: &Path) -> PathBuf {
    let (mut price, mut change, mut state) = (100.0_f64, 0.0_f64, 7_u64);
    let mut text = String::from("timestamp,open,high,low,close,volume\n");
    for n in 0..90 * 24_u32 {
        let mut noise = 0.0;
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            noise += f64::from(u32::try_from(state >> 33).unwrap()) / f64::from(u32::MAX >> 1) - 0.5;
        }
        let open = price;
        change = 0.6 * change + 0.003 * noise;
        price *= change.exp();
        let (high, low) = (open.max(price) * 1.001, open.min(price) * 0.999);
        writeln!(
            text,
            "{},{open},{high},{low},{price},{}",
            u64::from(n) * 3_600_000 + 1_640_995_200_000,
            5.0 + noise.abs()
        )
        .unwrap();
    }
    let path = dir.join("bars.csv");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_model_is_trained_kept_asked_and_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let csv = momentum(dir.path());
    let csv = csv.to_str().unwrap();
    let model = |line: &str| {
        let mut arguments = vec!["model"];
        arguments.extend(line.split_whitespace());
        run_in(dir.path(), &arguments)
    };
    let train = format!("train --algorithm arima --symbol MOM --interval 1h --horizon 4 --json --csv {csv}");
    let trained = model(&train).json();
    assert_eq!(
        (trained["id"].as_str(), trained["version"].as_u64()),
        (Some("arima-mom-1h"), Some(1)),
        "{trained}"
    );
    assert!(number(&trained["metrics"]["mae_ratio"]) < 1.0, "{trained}");
    assert!(trained["verdict"].as_str().unwrap().contains("says nothing about the next"), "{trained}");
    let again = model(&train).json();
    assert_eq!((again["hash"].clone(), again["version"].as_u64()), (trained["hash"].clone(), Some(2)));
    let lstm = model(&format!(
        "train --algorithm lstm --symbol MOM --interval 1h --horizon 4 --epochs 1 --hidden 8 --window 12 --json --csv {csv}"
    ));
    assert_eq!(lstm.json()["id"], "lstm-mom-1h", "{}", lstm.err);

    assert_eq!(model("list --json").json()["models"].as_array().unwrap().len(), 3);
    assert!(model("list").out.contains("arima-mom-1h@2"));
    assert_eq!(model("promote arima-mom-1h@1 --json").json()["promoted"], "arima-mom-1h@1");
    assert_eq!(model("show arima-mom-1h --json").json()["promoted"], true);
    let forecast = model(&format!("forecast arima-mom-1h --csv {csv} --json")).json();
    assert_eq!(forecast["forecast"].as_array().unwrap().len(), 4, "{forecast}");
    let score = model(&format!("score arima-mom-1h --csv {csv} --json")).json();
    assert_eq!(score["after_training"], false, "{score}");
    assert_eq!(model("delete arima-mom-1h").code, 5);
    assert_eq!(model("delete arima-mom-1h --force --json").code, 0);
    assert_eq!(model("show arima-mom-1h").code, 1);
    assert_eq!(model("train --symbol MOM --interval 1h --json").code, 1);
    let late = model(&format!(
        "train --algorithm lstm --symbol MOM --interval 1h --epochs 1000 --hidden 64 --limit 1 --csv {csv}"
    ));
    assert!(late.code == 1 && late.err.contains("not done within 1 s"), "{}", late.err);
}

#[test]
fn a_comparison_says_who_was_better_and_draws_it() {
    let dir = tempfile::tempdir().unwrap();
    let csv = momentum(dir.path());
    let picture = dir.path().join("plot.svg");
    let line = format!(
        "model compare --symbol MOM --interval 1h --days 40 --horizon 4 --first 0.8 --refit-every 100 --epochs 0 --csv {} --plot {} --json",
        csv.display(),
        picture.display()
    );
    let found = run(&line.split_whitespace().collect::<Vec<_>>()).json();
    let models = found["models"].as_array().unwrap();
    let arima = models.iter().find(|m| m["model"] == "arima").unwrap();
    assert!(number(&arima["metrics"]["mae_ratio"]) < 1.0, "{found}");
    assert!(found["verdict"].as_str().unwrap().contains("arima"), "{found}");
    assert!(std::fs::read_to_string(picture).unwrap().starts_with("<svg"));
}
