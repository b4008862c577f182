//! `model fit --algorithm prophet`: options as the published program names them; `yhat` is the history's rows and then the
//! forecast's.

use std::path::Path;

use forecast::prophet::{
    Auto, Growth, Holiday, Mode, Options, ProphetError, Regressor, Seasonality, Uncertainty, fit,
};
use serde_json::{Value, json};

use super::csv::Table;
use super::fit::{finite, row_times, time_column, timed, value_column, values};
use super::times;
use crate::cli::model;
use crate::failure::{Exit, Failure};

const DAY_S: f64 = 86_400.0;

pub(super) fn run(options: &model::Fit, table: &Table) -> Result<Value, Failure> {
    let asked = settings(&options.prophet)?;
    let column = time_column(options, table)?.ok_or_else(|| {
        Failure::new(Exit::Usage, "Prophet needs the times of the values")
            .advise(format!("name their column with --time-column: {}", table.names.join(", ")))
    })?;
    if column == value_column(options, table)? {
        return Err(usage("the column of values cannot be that of the times".into()));
    }
    let times = row_times(table, column)?;
    let values = values(options, table)?;
    let mut regressors = Vec::new();
    for regressor in &asked.regressors {
        regressors.push(table.numbers(table.column(&regressor.name)?)?);
    }
    // With regressors the future is what the file tells of it: the rows at the end without a value.
    let known = values.iter().rposition(|v| !v.is_nan()).map_or(0, |last| last + 1);
    let head = |list: &[f64]| list[..known].to_vec();
    let past: Vec<Vec<f64>> = regressors.iter().map(|r| head(r)).collect();
    let (cpu_s, model) = timed(|| fit(&times[..known], &values[..known], &past, &asked));
    let model = model.map_err(|e| refused(&e))?;
    let (all, regressors) = if asked.regressors.is_empty() {
        let step = step_of(&options.prophet, &times[..known])?;
        let future = (1..=options.horizon).map(|h| times[known - 1] + f64::from(h) * step);
        (times[..known].iter().copied().chain(future).collect(), regressors)
    } else {
        (times.clone(), regressors)
    };
    let uncertainty = Uncertainty {
        samples: options.prophet.samples.unwrap_or(1_000),
        width: options.prophet.interval_width.unwrap_or(0.8),
        seed: options.prophet.seed.unwrap_or(1),
    };
    let quiet = Uncertainty { samples: 0, ..uncertainty };
    let past: Vec<Vec<f64>> = regressors.iter().map(|r| head(r)).collect();
    let later: Vec<Vec<f64>> = regressors.iter().map(|r| r[known..].to_vec()).collect();
    let fitted = model.predict(&all[..known], &past, quiet).map_err(|e| refused(&e))?;
    let future = model.predict(&all[known..], &later, uncertainty).map_err(|e| refused(&e))?;
    let rows: Vec<Value> = all[known..]
        .iter()
        .zip(&future)
        .map(|(t, p)| {
            json!({ "t": t * 1e3, "mean": p.yhat, "trend": p.trend, "lower": p.lower, "upper": p.upper })
        })
        .collect();
    Ok(json!({
        "v": 1,
        "algorithm": "prophet",
        "observed": values.iter().filter(|v| !v.is_nan()).count(),
        "k": model.k,
        "m": model.m,
        "delta": model.delta,
        "beta": model.beta,
        "components": model.components(),
        "sigma_obs": model.sigma_obs,
        "log_posterior": finite(model.log_posterior),
        "y_scale": model.y_scale,
        "t_scale_s": model.t_scale,
        "changepoints": model.changepoints,
        "log": options.log,
        "scale": options.scale.unwrap_or(1.0),
        "history": known,
        "yhat": fitted.iter().chain(&future).map(|p| p.yhat).collect::<Vec<_>>(),
        "trend": fitted.iter().chain(&future).map(|p| p.trend).collect::<Vec<_>>(),
        "forecast": rows,
        "cpu_s": cpu_s,
    }))
}

fn usage(what: String) -> Failure {
    Failure::new(Exit::Usage, what)
}

fn refused(error: &ProphetError) -> Failure {
    let exit = match error {
        ProphetError::Option { .. } | ProphetError::Name(_) => Exit::Usage,
        _ => Exit::Failed,
    };
    Failure::new(exit, "the model cannot be estimated").because(error)
}

/// The distance of future times: as asked, or the most frequent one of the history.
fn step_of(options: &model::Prophet, times: &[f64]) -> Result<f64, Failure> {
    if let Some(text) = &options.step {
        return times::step(text)
            .ok_or_else(|| usage(format!("--step: {text:?} is not a distance of times like 15m, 1h or 1d")));
    }
    let mut steps: Vec<f64> = times.windows(2).map(|w| w[1] - w[0]).collect();
    steps.sort_by(f64::total_cmp);
    let runs = steps.chunk_by(|a, b| a.total_cmp(b).is_eq());
    Ok(runs.max_by_key(|run| run.len()).map_or(DAY_S, |run| run[0]))
}

fn settings(given: &model::Prophet) -> Result<Options, Failure> {
    let mut options = Options {
        growth: match given.growth.as_deref() {
            None | Some("linear") => Growth::Linear,
            Some("flat") => Growth::Flat,
            Some(other) => return Err(usage(format!("--growth: {other:?} is neither linear nor flat"))),
        },
        ..Options::default()
    };
    if let Some(text) = &given.seasonality_mode {
        options.seasonality_mode = mode(text)?;
    }
    options.changepoints = given.changepoints.unwrap_or(options.changepoints);
    options.changepoint_range = given.changepoint_range.unwrap_or(options.changepoint_range);
    options.changepoint_prior_scale =
        given.changepoint_prior_scale.unwrap_or(options.changepoint_prior_scale);
    options.seasonality_prior_scale =
        given.seasonality_prior_scale.unwrap_or(options.seasonality_prior_scale);
    options.yearly = auto("--yearly", given.yearly.as_deref(), 10)?;
    options.weekly = auto("--weekly", given.weekly.as_deref(), 3)?;
    options.daily = auto("--daily", given.daily.as_deref(), 4)?;
    for text in &given.seasonality {
        options.seasonalities.push(seasonality(text, &options)?);
    }
    for text in &given.regressor {
        options.regressors.push(regressor(text, &options)?);
    }
    if let Some(path) = &given.holidays {
        options.holidays = holidays(path, given.holidays_prior_scale.unwrap_or(10.0))?;
    }
    options.check().map_err(|e| refused(&e))?;
    Ok(options)
}

fn mode(text: &str) -> Result<Mode, Failure> {
    match text {
        "additive" => Ok(Mode::Additive),
        "multiplicative" => Ok(Mode::Multiplicative),
        other => Err(usage(format!("{other:?} is neither additive nor multiplicative"))),
    }
}

fn auto(name: &str, text: Option<&str>, usual: usize) -> Result<Auto, Failure> {
    match text {
        None | Some("auto") => Ok(Auto::Auto),
        Some("off" | "false" | "0") => Ok(Auto::Off),
        Some("on" | "true") => Ok(Auto::Order(usual)),
        Some(other) => other.parse().map(Auto::Order).map_err(|_| {
            usage(format!("{name}: {other:?} is not auto, off, on or a number of Fourier pairs"))
        }),
    }
}

fn decimal(text: &str) -> Result<f64, Failure> {
    text.parse().map_err(|_| usage(format!("{text:?} is not a number")))
}

fn seasonality(text: &str, options: &Options) -> Result<Seasonality, Failure> {
    let parts: Vec<&str> = text.split(':').collect();
    let (3..=5, [name, period, order, ..]) = (parts.len(), parts.as_slice()) else {
        return Err(usage(format!(
            "--seasonality: {text:?} is not NAME:PERIOD_DAYS:ORDER[:PRIOR_SCALE[:MODE]]"
        )));
    };
    Ok(Seasonality {
        name: (*name).to_owned(),
        period_days: decimal(period)?,
        order: order.parse().map_err(|_| usage(format!("{order:?} is not a whole number")))?,
        prior_scale: parts.get(3).map_or(Ok(options.seasonality_prior_scale), |t| decimal(t))?,
        mode: parts.get(4).map_or(Ok(options.seasonality_mode), |t| mode(t))?,
    })
}

fn regressor(text: &str, options: &Options) -> Result<Regressor, Failure> {
    let mut parts = text.split(':');
    Ok(Regressor {
        name: parts.next().unwrap_or_default().to_owned(),
        prior_scale: parts.next().map_or(Ok(10.0), decimal)?,
        standardize: true,
        mode: parts.next().map_or(Ok(options.seasonality_mode), mode)?,
    })
}

/// Rows of the same name and window are one holiday.
fn holidays(path: &Path, prior_scale: f64) -> Result<Vec<Holiday>, Failure> {
    let table = Table::read(path)?;
    let (names, days) = (table.column("holiday")?, table.column("ds")?);
    let seconds = times::parse(table.texts(days)).map_err(|(row, text)| {
        Failure::new(
            Exit::Failed,
            format!("{}, line {}: {text:?} is not a date", table.name(), table.line(row)),
        )
    })?;
    let optional = |name: &str, otherwise: f64| match table.find(name) {
        Some(column) => {
            Ok(table.numbers(column)?.iter().map(|v| if v.is_nan() { otherwise } else { *v }).collect())
        }
        None => Ok(vec![otherwise; table.len()]),
    };
    let (from, to) = (optional("lower_window", 0.0)?, optional("upper_window", 0.0)?);
    let scales: Vec<f64> = optional("prior_scale", prior_scale)?;
    let mut out: Vec<Holiday> = Vec::new();
    for (row, name) in table.texts(names).enumerate() {
        let day = whole(seconds[row] / DAY_S);
        let (window_from, window_to) = (whole(from[row]), whole(to[row]));
        match out.iter_mut().find(|h| h.name == name) {
            Some(h) if (h.window_from, h.window_to) != (window_from, window_to) => {
                let what = format!("{}, line {}: {name:?} has two windows", table.name(), table.line(row));
                return Err(
                    Failure::new(Exit::Failed, what).advise("give a holiday one window, or two names")
                );
            }
            Some(h) => h.days.push(day),
            None => out.push(Holiday {
                name: name.to_owned(),
                days: vec![day],
                window_from,
                window_to,
                prior_scale: scales[row],
            }),
        }
    }
    Ok(out)
}

#[expect(clippy::cast_possible_truncation, reason = "days and windows are far inside an i64")]
fn whole(v: f64) -> i64 {
    v.floor() as i64
}
