//! ARIMA against R, statsmodels and the best likelihood that any of several programs found.
//!
//! The values lie in `../shared/reference/forecast` beside the checkout; without it these tests say so and pass.

use std::path::PathBuf;

use forecast::Series;
use forecast::arima::{ArimaError, Bounds, Given, Regressor, Spec, evaluate, fit, select, try_all};
use serde_json::Value;

pub(crate) fn folder() -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/forecast");
    if !path.is_dir() {
        println!("SKIPPED: the reference values are not beside this checkout ({})", path.display());
        return None;
    }
    Some(path)
}

pub(crate) fn json(name: &str) -> Option<Value> {
    let text = std::fs::read_to_string(folder()?.join(name)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

struct Case {
    id: String,
    spec: Spec,
    series: Series,
    statsmodels: Value,
}

fn column(data: &str, column: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(folder().unwrap().join(format!("data/{data}.csv"))).unwrap();
    let mut lines = text.lines();
    let at = lines.next().unwrap().split(',').position(|c| c.trim_matches('"') == column).unwrap();
    lines.map(|l| l.split(',').nth(at).unwrap().parse().unwrap_or(f64::NAN)).collect()
}

fn cases() -> Vec<Case> {
    let Some(Value::Array(all)) = json("arima_statsmodels.json") else { return Vec::new() };
    all.into_iter()
        .map(|c| {
            let order: Vec<usize> = serde_json::from_value(c["order"].clone()).unwrap();
            let mut spec = Spec::new(order[0], order[1], order[2]);
            if let Ok(s) = serde_json::from_value::<Vec<usize>>(c["seasonal"].clone()) {
                spec = spec.seasonal(s[0], s[1], s[2], s[3]);
            }
            if c["trend"] == "c" {
                spec = spec.with(Regressor::Mean);
            }
            let mut values = column(c["data"].as_str().unwrap(), c["col"].as_str().unwrap());
            if let Some(n) = c["n"].as_u64() {
                values.truncate(usize::try_from(n).unwrap());
            }
            let mut series = Series::new(values).unwrap();
            if c["log"] == 1 {
                series = series.log().unwrap();
            }
            if let Some(scale) = c["scale"].as_f64() {
                series = series.scaled(scale).unwrap();
            }
            Case { id: c["id"].as_str().unwrap().to_owned(), spec, series, statsmodels: c }
        })
        .collect()
}

/// Parameters in statsmodels' order: const, ar, ma, sar, sma, sigma2.
fn given(spec: &Spec, params: &[f64]) -> Given {
    let mut rest = params.iter().copied();
    let constant = (spec.regressor != Regressor::None).then(|| rest.next().unwrap());
    let mut take = |n: usize| rest.by_ref().take(n).collect::<Vec<_>>();
    let (seasonal_p, seasonal_q) = spec.seasonal.map_or((0, 0), |s| (s.p, s.q));
    let (ar, ma, sar, sma) = (take(spec.p), take(spec.q), take(seasonal_p), take(seasonal_q));
    Given { ar, ma, sar, sma, constant, sigma2: rest.next() }
}

#[test]
fn likelihoods_at_given_parameters_are_the_references() {
    for case in cases() {
        let mut points: Vec<(Vec<f64>, f64)> = Vec::new();
        let list = |v: &Value| serde_json::from_value::<Vec<f64>>(v.clone()).unwrap();
        for fixed in case.statsmodels["fixed_llf"].as_array().into_iter().flatten() {
            points.push((list(&fixed["params"]), fixed["llf"].as_f64().unwrap()));
        }
        for (name, key) in [("llf_exact_at_params", "params"), ("llf_exact_differenced_at_params", "params")]
        {
            if let Some(llf) = case.statsmodels[name].as_f64() {
                points.push((list(&case.statsmodels[key]), llf));
            }
        }
        assert!(!points.is_empty(), "{}", case.id);
        for (params, want) in points {
            let (got, _) = evaluate(&case.series, &case.spec, &given(&case.spec, &params)).unwrap();
            let bound = if case.spec.seasonal.is_some() { 1e-7 } else { 1e-8 };
            let error = ((got - want) / want).abs();
            assert!(error < bound, "{}: {got} against {want}, relative error {error:e}", case.id);
        }
    }
}

#[test]
fn fits_reach_the_best_known_likelihood() {
    let Some(best) = json("arima_best_known.json") else { return };
    for case in cases() {
        let found = fit(&case.series, &case.spec).unwrap();
        let known = best["cases"].as_array().unwrap().iter().find(|c| c["id"] == case.id.as_str()).unwrap();
        let target = known["best_known_llf"].as_f64().unwrap();
        let statsmodels = case.statsmodels["llf_exact_differenced_at_params"]
            .as_f64()
            .unwrap_or_else(|| case.statsmodels["llf"].as_f64().unwrap());
        println!("{:28} {:14.6} best {target:14.6} params {:?}", case.id, found.loglik, found.params);
        assert!(found.loglik >= target - 0.05, "{}: {} against {target}", case.id, found.loglik);
        assert!(found.loglik >= statsmodels - 0.01, "{}: {} against {statsmodels}", case.id, found.loglik);
    }
}

#[test]
fn forecasts_and_standard_errors_agree_with_r() {
    let Some(r) = json("arima_R.json") else { return };
    for case in cases() {
        let theirs = r["arima"].as_array().unwrap().iter().find(|c| c["id"] == case.id.as_str()).unwrap();
        let found = fit(&case.series, &case.spec).unwrap();
        // Where R stopped at another maximum its forecasts are of another model.
        if (found.loglik - theirs["loglik"].as_f64().unwrap()).abs() > 0.02 {
            println!("{}: R's maximum is another one", case.id);
            continue;
        }
        let list = |key: &str| serde_json::from_value::<Vec<f64>>(theirs[key].clone()).unwrap();
        let (means, errors) = (list("forecast_mean"), list("forecast_se"));
        for (h, point) in found.forecast(means.len()).unwrap().iter().enumerate() {
            let off = (point.mean - means[h]).abs() / errors[h];
            assert!(off < 1e-3, "{} h={h}: {} against {}, {off} s.e.", case.id, point.mean, means[h]);
            let ratio = point.se / errors[h];
            assert!((ratio - 1.0).abs() < 0.02, "{} h={h}: s.e. {} against {}", case.id, point.se, errors[h]);
        }
    }
}

#[test]
fn selected_orders_are_as_good_as_those_of_auto_arima() {
    let Some(r) = json("arima_R.json") else { return };
    let find = |id: &str| r["auto_arima"].as_array().unwrap().iter().find(|c| c["id"] == id).unwrap().clone();
    let all = cases();
    let series = |id: &str| all.iter().find(|c| c.id.starts_with(id)).unwrap().series.clone();

    let air = select(&series("air_011"), &Bounds { period: Some(12), ..Bounds::default() }, &mut |_, _| true)
        .unwrap();
    assert_eq!(air.fit.spec, Spec::new(0, 1, 1).seasonal(0, 1, 1, 12), "{:?}", &air.tried[..3]);

    let goog = select(&series("goog_1d_2000"), &Bounds::default(), &mut |_, _| true).unwrap();
    let theirs = find("goog_1d_2000")["aicc"].as_f64().unwrap();
    println!("goog: {:?} {} against R's (3,1,2) with drift, {theirs}", goog.fit.spec, goog.fit.aicc());
    assert!(
        goog.fit.spec.d == 1 && goog.fit.aicc() <= theirs + 0.1,
        "{:?} {}",
        goog.fit.spec,
        goog.fit.aicc()
    );
    assert!(goog.tried.iter().any(|t| !t.admissible), "roots near the circle must be passed over");

    let mut asked = 0;
    let cancelled = select(&series("goog_1d_2000"), &Bounds::default(), &mut |_, _| {
        asked += 1;
        asked < 3
    });
    assert_eq!(cancelled.err(), Some(ArimaError::Cancelled));
}

#[test]
fn all_twenty_seven_orders_of_a_grid_are_fitted() {
    let Some(case) = cases().into_iter().find(|c| c.id.starts_with("goog_1d_2000")) else { return };
    let specs: Vec<Spec> = (0..27).map(|n| Spec::new(1 + n % 3, n / 9, 1 + n / 3 % 3)).collect();
    let tried = try_all(&case.series, &specs, &mut |_, _| true).unwrap();
    assert_eq!(tried.iter().filter(|t| t.aicc.is_finite()).count(), 27);
}
