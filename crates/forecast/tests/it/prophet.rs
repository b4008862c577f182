//! Prophet against the published program (Python with Stan), and against what it must never do.
//!
//! The reference values lie in `../shared/reference/forecast` beside the checkout; without them those tests say so and pass.

use forecast::prophet::{Mode, Options, Uncertainty, fit, log_posterior};
use serde_json::Value;

use crate::reference::{folder, json};

/// Seconds since the epoch of `YYYY-MM-DD…` or a number of milliseconds.
fn seconds(text: &str) -> f64 {
    if let Ok(ms) = text.parse::<f64>() {
        return ms / 1000.0;
    }
    let part = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let (y, m, d) = (part(0..4), part(5..7), part(8..10));
    // Days from civil, proleptic Gregorian calendar.
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let (year, month) = (y - era * 400, (m + 9) % 12);
    let day = (153 * month + 2) / 5 + d - 1;
    let days = era * 146_097 + year * 365 + year / 4 - year / 100 + day - 719_468;
    (days * 86_400) as f64
}

struct Case {
    id: String,
    times: Vec<f64>,
    values: Vec<f64>,
    options: Options,
    python: Value,
}

fn list(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn cases() -> Vec<Case> {
    let Some(Value::Array(all)) = json("prophet_python.json") else { return Vec::new() };
    all.into_iter()
        .filter(|c| c["opts"]["growth"] != "logistic")
        .map(|c| {
            let name = c["data"].as_str().unwrap();
            let text = std::fs::read_to_string(folder().unwrap().join(format!("data/{name}.csv"))).unwrap();
            let mut lines = text.lines();
            let value = lines.next().unwrap().split(',').position(|h| h == "y" || h == "close").unwrap();
            let rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
            // Daily bars of shares carry a time of day; the reference used the date.
            let times: Vec<f64> =
                rows.iter().map(|r| (seconds(r[0]) / 86_400.0).floor() * 86_400.0).collect();
            let log = c["log"] == 1;
            let values =
                rows.iter().map(|r| r[value].parse::<f64>().unwrap()).map(|v| if log { v.ln() } else { v });
            let mut options = Options::default();
            if c["opts"]["seasonality_mode"] == "multiplicative" {
                options.seasonality_mode = Mode::Multiplicative;
            }
            Case {
                id: c["id"].as_str().unwrap().to_owned(),
                times,
                values: values.collect(),
                options,
                python: c,
            }
        })
        .collect()
}

#[test]
fn the_log_posterior_at_their_parameters_is_theirs() {
    for case in cases() {
        let mut theta = vec![case.python["k"].as_f64().unwrap(), case.python["m"].as_f64().unwrap()];
        theta.extend(list(&case.python["delta"]));
        theta.extend(list(&case.python["beta"]));
        let sigma = case.python["sigma_obs"].as_f64().unwrap();
        let got = log_posterior(&case.times, &case.values, &case.options, &theta, sigma).unwrap();
        let want = case.python["lp_stan"].as_f64().unwrap();
        // Their parameters are printed with eight digits.
        assert!((got - want).abs() < 1e-3, "{}: {got} against {want}", case.id);
    }
}

#[test]
fn fits_reach_the_best_known_posterior() {
    for case in cases() {
        let model = fit(&case.times, &case.values, &[], &case.options).unwrap();
        let best = case.python["lp_best_known"].as_f64().unwrap();
        let theirs = case.python["lp_stan"].as_f64().unwrap();
        println!("{:24} {:12.4} best {best:12.4} python {theirs:12.4}", case.id, model.log_posterior);
        let room = if case.options.seasonality_mode == Mode::Additive { 0.01 } else { 5.0 };
        assert!(model.log_posterior >= best - room, "{}: {} against {best}", case.id, model.log_posterior);
        assert!(model.log_posterior >= theirs, "{}", case.id);
        let fitted =
            model.predict(&case.times, &[], Uncertainty { samples: 0, ..Uncertainty::default() }).unwrap();
        let every_tenth = list(&case.python["yhat_every10"]);
        let sd = case.python["y_sd"].as_f64().unwrap();
        for (point, want) in fitted.iter().step_by(10).zip(&every_tenth) {
            assert!((point.yhat - want).abs() < 0.1 * sd, "{}: {} against {want}", case.id, point.yhat);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_intervals_cover() {
    // A line with a weekly wave and noise of a known size.
    let mut state = 9_u64;
    let mut noise = || {
        let mut sum = 0.0;
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            sum += (state >> 11) as f64 / (1_u64 << 53) as f64;
        }
        sum - 6.0
    };
    let times: Vec<f64> = (0..400).map(|d| f64::from(d) * 86_400.0).collect();
    let values: Vec<f64> = times
        .iter()
        .map(|t| {
            100.0 + t / 86_400.0 * 0.1 + 5.0 * (t / 86_400.0 / 7.0 * std::f64::consts::TAU).sin() + noise()
        })
        .collect();
    let model = fit(&times[..360], &values[..360], &[], &Options::default()).unwrap();
    let first = model.predict(&times, &[], Uncertainty::default()).unwrap();
    assert_eq!(first, model.predict(&times, &[], Uncertainty::default()).unwrap());
    let inside = first[..360].iter().zip(&values).filter(|(p, y)| (p.lower..p.upper).contains(*y)).count();
    assert!((0.74..0.86).contains(&(f64::from(u32::try_from(inside).unwrap()) / 360.0)), "{inside} of 360");
    for (point, want) in first[360..].iter().zip(&values[360..]) {
        assert!((point.yhat - want).abs() < 5.0 && point.lower < point.yhat && point.yhat < point.upper);
    }
}
