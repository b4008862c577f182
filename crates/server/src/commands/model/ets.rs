//! `model fit --algorithm ets`: exponential smoothing, its form selected by AICc.

use forecast::ets::{EtsError, select};
use serde_json::{Value, json};

use super::csv::Table;
use super::fit::{finite, series, timed, values};
use crate::cli::model;
use crate::failure::{Exit, Failure};

pub(super) fn run(options: &model::Fit, table: &Table) -> Result<Value, Failure> {
    let series = series(values(options, table)?)?;
    let (cpu_s, found) = timed(|| select(&series, options.period));
    let found = found.map_err(|e| {
        let exit = if matches!(e, EtsError::Period(_)) { Exit::Usage } else { Exit::Failed };
        Failure::new(exit, "the model cannot be estimated").because(e)
    })?;
    let points = found.forecast(&series, options.horizon as usize);
    let [alpha, beta, gamma, phi] = found.smoothing;
    Ok(json!({
        "v": 1,
        "algorithm": "ets",
        "form": found.form.name(),
        "observed": found.observed,
        "params": { "alpha": alpha, "beta": beta, "gamma": gamma, "phi": phi, "sigma2": found.sigma2 },
        "loglik": found.loglik,
        "aicc": finite(found.aicc()),
        "log": options.log,
        "scale": options.scale.unwrap_or(1.0),
        "forecast": points.iter().map(|p| json!({ "mean": finite(p.mean), "se": finite(p.se) })).collect::<Vec<_>>(),
        "cpu_s": cpu_s,
    }))
}
