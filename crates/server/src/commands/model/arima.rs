//! `model fit --algorithm arima`: parameters under the names that statsmodels and R use, `ar1`, `ma1`, `sar1`, `sma1`.

use forecast::arima::{ArimaError, Bounds, Fit, Given, Regressor, Spec, fit, fixed, select};
use forecast::stats::ljung_box;
use serde_json::{Map, Value, json};

use super::csv::Table;
use super::fit::{finite, series, time_column, timed, values};
use crate::cli::model;
use crate::failure::{Exit, Failure};

/// Lags of the residual test: the usual min(2·period or 10, n/5).
const LAGS: usize = 10;

pub(super) fn run(options: &model::Fit, table: &Table) -> Result<Value, Failure> {
    let spec = if options.arima.order.is_empty() { None } else { Some(specification(&options.arima)?) };
    if spec.is_none() {
        nothing_without_order(&options.arima)?;
    } else if options.period.is_some() {
        return Err(Failure::new(Exit::Usage, "--period is for the selection of an order; --order is given")
            .advise("give the season with --seasonal P,D,Q,s"));
    }
    if let Some(column) = time_column(options, table)?.filter(|_| options.time_column.is_some()) {
        super::fit::row_times(table, column)?;
    }
    let series = series(values(options, table)?)?;
    let at = match &spec {
        Some(spec) if !options.arima.at.is_empty() => Some(given(spec, &options.arima.at)?),
        _ => None,
    };
    let bounds = Bounds { period: options.period, ..Bounds::default() };
    let (cpu_s, found) = timed(|| match (&spec, &at) {
        (Some(spec), Some(given)) => fixed(&series, spec, given),
        (Some(spec), None) => fit(&series, spec),
        (None, _) => select(&series, &bounds, &mut |_, _| true).map(|s| s.fit),
    });
    let found = found.map_err(|e| refused(&e))?;
    let forecast = found.forecast(options.horizon as usize);
    let mut answer = describe(&found, at.is_none());
    answer.insert("missing".into(), json!(series.values().len() - series.observed()));
    answer.insert("log".into(), json!(options.log));
    answer.insert("scale".into(), json!(options.scale.unwrap_or(1.0)));
    let points = forecast.map_err(|e| refused(&e))?;
    let rows = points.iter().map(|p| json!({ "mean": finite(p.mean), "se": finite(p.se) })).collect();
    answer.insert("forecast".into(), Value::Array(rows));
    answer.insert("cpu_s".into(), json!(cpu_s));
    Ok(Value::Object(answer))
}

/// Options that say something about an order that is not given.
fn nothing_without_order(options: &model::Arima) -> Result<(), Failure> {
    let given = [
        ("--seasonal", !options.seasonal.is_empty()),
        ("--mean", options.mean),
        ("--drift", options.drift),
        ("--at", !options.at.is_empty()),
    ];
    match given.iter().find(|g| g.1) {
        Some((name, _)) => Err(Failure::new(Exit::Usage, format!("{name} needs --order p,d,q"))
            .advise("give the order, or let it be selected with its constant (and --period for a season)")),
        None => Ok(()),
    }
}

fn refused(error: &ArimaError) -> Failure {
    let exit = match error {
        ArimaError::Order { .. }
        | ArimaError::Period
        | ArimaError::Constant(_)
        | ArimaError::Count { .. } => Exit::Usage,
        _ => Exit::Failed,
    };
    Failure::new(exit, "the model cannot be estimated").because(error)
}

fn specification(options: &model::Arima) -> Result<Spec, Failure> {
    let usage = |what: &str| Failure::new(Exit::Usage, what);
    let [p, d, q] = options.order[..] else {
        return Err(usage("ARIMA needs --order p,d,q: three whole numbers, like 1,1,1"));
    };
    let mut spec = Spec::new(p, d, q);
    match options.seasonal[..] {
        [] => {}
        [p, d, q, period] => spec = spec.seasonal(p, d, q, period),
        _ => return Err(usage("--seasonal takes P,D,Q,s: four whole numbers, like 0,1,1,12")),
    }
    match (options.mean, options.drift) {
        (true, _) => spec = spec.with(Regressor::Mean),
        (_, true) => spec = spec.with(Regressor::Drift),
        _ => {}
    }
    spec.check().map_err(|e| refused(&e))?;
    Ok(spec)
}

/// Reads `ar1=0.5`, … into coefficients; every coefficient of the order must be there.
fn given(spec: &Spec, pairs: &[String]) -> Result<Given, Failure> {
    let (sp, sq) = spec.seasonal.map_or((0, 0), |s| (s.p, s.q));
    let usage = |what: String| Failure::new(Exit::Usage, what);
    let mut lists = [
        ("ar", vec![None; spec.p]),
        ("ma", vec![None; spec.q]),
        ("sar", vec![None; sp]),
        ("sma", vec![None; sq]),
    ];
    let mut given = Given::default();
    for pair in pairs {
        let (name, text) = pair
            .split_once('=')
            .ok_or_else(|| usage(format!("--at: {pair:?} is not NAME=VALUE, like ar1=0.5")))?;
        let name = name.trim();
        let value: f64 = text
            .trim()
            .parse()
            .ok()
            .filter(|v: &f64| v.is_finite())
            .ok_or_else(|| usage(format!("--at: {text:?} is not a number")))?;
        match name {
            "sigma2" => given.sigma2 = Some(value),
            "mean" | "drift" | "const" | "intercept" => given.constant = Some(value),
            _ => {
                let digits = name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len());
                let number = name[digits..].parse::<usize>().ok().and_then(|n| n.checked_sub(1));
                let list = lists.iter_mut().find(|(n, _)| *n == &name[..digits]);
                let place = list.and_then(|(_, l)| l.get_mut(number?));
                let place =
                    place.ok_or_else(|| usage(format!("--at: the model has no parameter {name:?}")))?;
                *place = Some(value);
            }
        }
    }
    for (kind, list) in &lists {
        if let Some(n) = list.iter().position(Option::is_none) {
            return Err(usage(format!("--at: {kind}{} is missing", n + 1)));
        }
    }
    let [ar, ma, sar, sma] = lists.map(|(_, list)| list.into_iter().flatten().collect());
    Ok(Given { ar, ma, sar, sma, ..given })
}

/// Everything about a fit but its forecast.
fn describe(found: &Fit, searched: bool) -> Map<String, Value> {
    let (spec, params) = (&found.spec, &found.params);
    let constant = match spec.regressor {
        Regressor::None => None,
        Regressor::Mean => Some("mean"),
        Regressor::Drift => Some("drift"),
    };
    let lists = [("ar", &params.ar), ("ma", &params.ma), ("sar", &params.sar), ("sma", &params.sma)];
    let named = lists.iter().flat_map(|(kind, list)| {
        list.iter().enumerate().map(move |(n, value)| (format!("{kind}{}", n + 1), *value))
    });
    let named: Vec<(String, f64)> = named.chain(constant.map(str::to_owned).zip(params.constant)).collect();
    let mut values: Map<String, Value> = named.iter().map(|(k, v)| (k.clone(), finite(*v))).collect();
    values.insert("sigma2".into(), finite(params.sigma2));
    let mut errors: Map<String, Value> =
        named.iter().zip(&found.standard_errors).map(|((k, _), se)| (k.clone(), json!(se))).collect();
    // The information about σ² is n / 2σ⁴, and it is asymptotically independent of the rest.
    let of_sigma2 = searched.then(|| params.sigma2 * (2.0 / found.observed as f64).sqrt());
    errors.insert("sigma2".into(), json!(of_sigma2));
    let residuals = found.residuals();
    let period = spec.seasonal.map_or(0, |s| s.period);
    let lags = LAGS.max(2 * period).min(residuals.len() / 5);
    let test = ljung_box(&residuals, lags, spec.coefficients());
    let test = test.map(|t| json!({ "statistic": t.statistic, "freedom": t.freedom, "p_value": t.p_value }));
    let pairs = json!({
        "v": 1,
        "algorithm": "arima",
        "order": [spec.p, spec.d, spec.q],
        "seasonal": spec.seasonal.map(|s| [s.p, s.d, s.q, s.period]),
        "constant": constant,
        "observed": found.observed,
        "params": values,
        "se": errors,
        "loglik": found.loglik,
        "aic": finite(found.aic()),
        "aicc": finite(found.aicc()),
        "bic": finite(found.bic()),
        "converged": found.converged,
        "ljung_box": test,
    });
    match pairs {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
