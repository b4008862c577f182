//! What is known about one version of a model.

use forecast::evaluate::{Report, Scores};
use forecast::market::Trained;
use serde::{Deserialize, Serialize};

use super::artefact::Artefact;
use crate::request::Request;
use crate::run::Outcome;

/// Scores on the hold-out, beside the naive forecast's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Values compared.
    pub count: usize,
    /// Mean absolute error, in units of the price.
    pub mae: f64,
    /// Root mean square error.
    pub rmse: f64,
    /// Mean absolute percentage error, in per cent.
    pub mape: Option<f64>,
    /// Share of right directions.
    pub direction: Option<f64>,
    /// Mean pinball loss of the 10, 50 and 90 % quantiles.
    pub pinball: f64,
    /// Share of values inside the 80 % interval.
    pub coverage: f64,
    /// MAE / naive MAE; below 1 beats the last price.
    pub mae_ratio: f64,
    /// RMSE / naive RMSE.
    pub rmse_ratio: f64,
    /// Pinball / naive pinball.
    pub pinball_ratio: f64,
}

impl From<&Report> for Metrics {
    fn from(report: &Report) -> Self {
        let Scores { count, mae, rmse, mape, direction, pinball, coverage, .. } = report.model;
        Self {
            count,
            mae,
            rmse,
            mape,
            direction,
            pinball,
            coverage,
            mae_ratio: report.mae_ratio,
            rmse_ratio: report.rmse_ratio,
            pinball_ratio: report.pinball_ratio,
        }
    }
}

impl Metrics {
    /// One sentence that promises nothing. Differences below half a per cent are not called any.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        if self.mae_ratio < 0.995 && self.pinball_ratio < 0.995 {
            "smaller errors than the naive forecast on this stretch of the past; that may be luck and says nothing about the next"
        } else if self.mae_ratio <= 1.005 && self.pinball_ratio <= 1.005 {
            "no clear difference to the naive forecast on this stretch"
        } else {
            "does not beat the naive forecast"
        }
    }
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// What.
    pub what: String,
    /// Its measure, smaller is better; absent if it failed.
    pub measure: Option<f64>,
}

/// One version of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its id: algorithm, symbols and interval.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
    /// The algorithm that was chosen.
    pub algorithm: String,
    /// What was asked for.
    pub request: Request,
    /// Bars of each symbol.
    pub bars: Vec<usize>,
    /// Missing bars that were filled.
    pub filled: usize,
    /// First bar, ms since 1970.
    pub from_ms: i64,
    /// Last bar, ms since 1970.
    pub to_ms: i64,
    /// When it was trained, ms since 1970.
    pub created_ms: i64,
    /// Version of the program.
    pub code: String,
    /// How it did on the hold-out.
    pub metrics: Metrics,
    /// What was tried on the way.
    pub trials: Vec<TrialRecord>,
    /// Seconds the training took.
    pub elapsed_s: f64,
    /// Resident bytes before and after.
    pub memory: [u64; 2],
    /// Parameters for people.
    pub params: serde_json::Value,
    /// SHA-256 of the model, in hex.
    pub hash: String,
    /// The model.
    pub(crate) artefact: Artefact,
}

impl Record {
    /// A record without a version yet; `None` for a model that cannot be written down.
    #[must_use]
    pub fn new(id: String, request: &Request, outcome: &Outcome, created_ms: i64) -> Option<Self> {
        let artefact = Artefact::of(&outcome.model)?;
        let trials = outcome.trials.iter();
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of this millennium")]
        let ms = |seconds: f64| (seconds * 1e3) as i64;
        Some(Self {
            id,
            version: 0,
            algorithm: outcome.model.algorithm().name().to_owned(),
            request: request.clone(),
            bars: outcome.bars.clone(),
            filled: outcome.filled,
            from_ms: ms(outcome.span.0),
            to_ms: ms(outcome.span.1),
            created_ms,
            code: env!("CARGO_PKG_VERSION").to_owned(),
            metrics: Metrics::from(&outcome.report),
            trials: trials
                .map(|t| TrialRecord { what: t.what.clone(), measure: t.ratio.filter(|r| r.is_finite()) })
                .collect(),
            elapsed_s: outcome.elapsed_s,
            memory: [outcome.memory.0.resident, outcome.memory.1.resident],
            params: describe(&outcome.model),
            hash: hash(&artefact),
            artefact,
        })
    }

    /// The model; `None` if its parts do not fit together or its hash is not that of its numbers.
    #[must_use]
    pub fn model(&self) -> Option<Trained> {
        if hash(&self.artefact) != self.hash {
            return None;
        }
        self.artefact.read()
    }
}

fn hash(artefact: &Artefact) -> String {
    let text = serde_json::to_vec(artefact).unwrap_or_default();
    let digest = ring::digest::digest(&ring::digest::SHA256, &text);
    digest.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// Parameters as a person wants to see them.
fn describe(model: &Trained) -> serde_json::Value {
    use serde_json::json;
    match model {
        Trained::Naive | Trained::Drift => json!({}),
        Trained::SeasonalNaive { period } => json!({ "period": period }),
        Trained::Ets(fit) => {
            let [alpha, beta, gamma, phi] = fit.smoothing;
            json!({ "form": fit.form.name(), "alpha": alpha, "beta": beta, "gamma": gamma, "phi": phi })
        }
        Trained::Arima(m) => json!({
            "order": [m.spec.p, m.spec.d, m.spec.q],
            "ar": m.given.ar,
            "ma": m.given.ma,
            "constant": m.given.constant,
            "sigma2": m.given.sigma2,
            "loglik": m.loglik,
        }),
        Trained::Prophet(m) => json!({
            "k": m.k,
            "m": m.m,
            "sigma_obs": m.sigma_obs,
            "log_posterior": m.log_posterior,
            "changepoints": m.changepoints.len(),
            "features": m.features.len(),
        }),
        Trained::Lstm(m) => {
            let shape = m.network.shape();
            json!({
                "hidden": shape.hidden,
                "layers": shape.layers,
                "window": m.window,
                "horizons": m.horizons,
                "losses": m.losses,
                "validation": m.validation,
            })
        }
    }
}
