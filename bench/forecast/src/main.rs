//! `cargo run --release -- FOLDER`: fits every ARIMA case of `FOLDER/arima_statsmodels.json` and prints the CPU time beside
//! the one recorded for statsmodels, with the ratio and its geometric mean.

use std::path::Path;

use cpu_time::ThreadTime;
use forecast::Series;
use forecast::arima::{Regressor, Spec, fit};
use serde_json::Value;

const ROUNDS: usize = 5;

fn main() {
    let folder = std::env::args().nth(1).expect("usage: bench-forecast FOLDER");
    let folder = Path::new(&folder);
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
        let ratio = theirs[theirs.len() / 2] / ours;
        log_ratio += ratio.ln();
        let id = case["id"].as_str().unwrap_or("?");
        println!("| {id} | {loglik:.4} | {:.2} | {:.1} | {ratio:.1} |", ours * 1e3, theirs[theirs.len() / 2] * 1e3);
    }
    println!("geometric mean of the ratios: {:.1}", (log_ratio / cases.len() as f64).exp());
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
    let at = lines.next().and_then(|h| h.split(',').position(|c| c.trim_matches('"') == wanted)).expect("column");
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
