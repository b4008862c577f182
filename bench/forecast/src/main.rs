//! `cargo run --release -- FOLDER`: fits every ARIMA case of `FOLDER/arima_statsmodels.json` and prints the CPU time beside
//! the one recorded for statsmodels, with the ratio and its geometric mean; then the same for Prophet and
//! the LSTM beside torch. With `--peers PYTHON` the peers are measured in the same run instead (`peers.py` says what that Python
//! needs).

mod lstm;
mod peers;

use std::path::Path;

use cpu_time::ThreadTime;
use forecast::Series;
use forecast::arima::{Regressor, Spec, fit};
use forecast::prophet::{Mode, Options};
use serde_json::Value;

use peers::Peers;

const ROUNDS: usize = 5;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let folder = words.first().expect("usage: bench-forecast FOLDER [--peers PYTHON]");
    let folder = Path::new(folder);
    let peers = match words.get(1).map(String::as_str) {
        Some("--peers") => Peers::measure(words.get(2).expect("a Python"), folder),
        _ => Peers::default(),
    };
    let text = std::fs::read_to_string(folder.join("arima_statsmodels.json")).expect("the reference file");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let mut log_ratio = 0.0;
    println!("| case | log-likelihood | CPU ms | statsmodels CPU ms | ratio |\n|---|---|---|---|---|");
    for case in &cases {
        let (series, spec) = problem(folder, case);
        let mut times = Vec::new();
        let mut loglik = 0.0;
        for _ in 0..ROUNDS {
            let start = ThreadTime::now();
            loglik = fit(&series, &spec).expect("a fit").loglik;
            times.push(start.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let ours = times[ROUNDS / 2];
        let mut theirs: Vec<f64> = serde_json::from_value(case["fit_cpu_s"].clone()).expect("times");
        theirs.sort_by(f64::total_cmp);
        let id = case["id"].as_str().unwrap_or("?");
        let theirs = peers.cpu_s("arima", id).unwrap_or(theirs[theirs.len() / 2]);
        let ratio = theirs / ours;
        log_ratio += ratio.ln();
        println!("| {id} | {loglik:.4} | {:.2} | {:.1} | {ratio:.1} |", ours * 1e3, theirs * 1e3);
    }
    println!("geometric mean of the ratios: {:.1}\n", (log_ratio / cases.len() as f64).exp());
    prophet(folder, &peers);
    lstm::run(folder, &peers);
}

fn prophet(folder: &Path, peers: &Peers) {
    let text = std::fs::read_to_string(folder.join("prophet_python.json")).expect("the reference file");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    println!(
        "| case | log-posterior | best known | CPU ms | Python CPU ms | ratio |\n|---|---|---|---|---|---|"
    );
    for case in cases.iter().filter(|c| c["opts"]["growth"] != "logistic") {
        let name = case["data"].as_str().expect("data");
        let text = std::fs::read_to_string(folder.join(format!("data/{name}.csv"))).expect("the data");
        let mut lines = text.lines();
        let at =
            lines.next().and_then(|h| h.split(',').position(|c| c == "y" || c == "close")).expect("column");
        let rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
        let times: Vec<f64> = rows.iter().map(|r| day(r[0]) * 86_400.0).collect();
        let parse = |r: &Vec<&str>| r[at].parse::<f64>().expect("a number");
        let log = case["log"] == 1;
        let values: Vec<f64> = rows.iter().map(parse).map(|v| if log { v.ln() } else { v }).collect();
        let mut options = Options::default();
        if case["opts"]["seasonality_mode"] == "multiplicative" {
            options.seasonality_mode = Mode::Multiplicative;
        }
        let (mut times_s, mut posterior) = (Vec::new(), 0.0);
        for _ in 0..ROUNDS {
            let start = ThreadTime::now();
            posterior = forecast::prophet::fit(&times, &values, &[], &options).expect("a fit").log_posterior;
            times_s.push(start.elapsed().as_secs_f64());
        }
        times_s.sort_by(f64::total_cmp);
        let mut theirs: Vec<f64> = serde_json::from_value(case["fit_cpu_s"].clone()).expect("times");
        theirs.sort_by(f64::total_cmp);
        let (id, best) =
            (case["id"].as_str().unwrap_or("?"), case["lp_best_known"].as_f64().unwrap_or(f64::NAN));
        let ours = times_s[ROUNDS / 2];
        let theirs = peers.cpu_s("prophet", id).unwrap_or(theirs[theirs.len() / 2]);
        println!(
            "| {id} | {posterior:.4} | {best:.4} | {:.2} | {:.0} | {:.0} |",
            ours * 1e3,
            theirs * 1e3,
            theirs / ours
        );
    }
}

/// Days since 1970-01-01 of `YYYY-MM-DD` or of milliseconds.
fn day(text: &str) -> f64 {
    if let Ok(ms) = text.parse::<f64>() {
        return (ms / 86_400_000.0).floor();
    }
    let part = |range: std::ops::Range<usize>| text[range].parse::<i64>().expect("a date");
    let (y, m, d) = (part(0..4), part(5..7), part(8..10));
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let (year, month) = (y - era * 400, (m + 9) % 12);
    (era * 146_097 + year * 365 + year / 4 - year / 100 + (153 * month + 2) / 5 + d - 1 - 719_468) as f64
}

fn problem(folder: &Path, case: &Value) -> (Series, Spec) {
    let order: Vec<usize> = serde_json::from_value(case["order"].clone()).expect("order");
    let mut spec = Spec::new(order[0], order[1], order[2]);
    if let Ok(s) = serde_json::from_value::<Vec<usize>>(case["seasonal"].clone()) {
        spec = spec.seasonal(s[0], s[1], s[2], s[3]);
    }
    if case["trend"] == "c" {
        spec = spec.with(Regressor::Mean);
    }
    let name = format!("data/{}.csv", case["data"].as_str().expect("data"));
    let text = std::fs::read_to_string(folder.join(name)).expect("the data");
    let mut lines = text.lines();
    let wanted = case["col"].as_str().expect("col");
    let at =
        lines.next().and_then(|h| h.split(',').position(|c| c.trim_matches('"') == wanted)).expect("column");
    let mut values: Vec<f64> =
        lines.map(|l| l.split(',').nth(at).and_then(|v| v.parse().ok()).unwrap_or(f64::NAN)).collect();
    if let Some(n) = case["n"].as_u64() {
        values.truncate(usize::try_from(n).expect("n"));
    }
    let mut series = Series::new(values).expect("a series");
    if case["log"] == 1 {
        series = series.log().expect("positive");
    }
    if let Some(scale) = case["scale"].as_f64() {
        series = series.scaled(scale).expect("finite");
    }
    (series, spec)
}
