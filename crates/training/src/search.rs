//! Parameter search on the part of the bars before the hold-out, so that the hold-out stays unseen.
//!
//! ARIMA: every (p, q) of 1..=3 × 1..=3 at the differences that KPSS wants (and the two beside them, for the record) by AICc;
//! Prophet: a full grid of prior scales and modes by pinball loss on the part's own last fifth; LSTM: successive halving
//! (Jamieson & Talwalkar 2016) on the validation loss, the better half getting twice the passes.

use forecast::arima::{Bounds, Regressor, Spec, try_all};
use forecast::lstm::Flow;
use forecast::market::{ArimaRecipe, ForecastError, Neural, Recipe, Told, Trained, View, train};
use forecast::prophet::{Mode, Options};
use forecast::{Series, stats};

use crate::request::Request;
use crate::run::{RunError, evaluate, split};

/// One thing tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// What.
    pub what: String,
    /// Its measure, smaller is better: a ratio to naive, an AICc, or a loss, as `what` says; `None` if it failed.
    pub ratio: Option<f64>,
}

/// The best variant of a recipe; what was tried goes into `trials`.
pub(crate) fn best(
    recipe: &Recipe,
    markets: &[View<'_>],
    request: &Request,
    tell: &mut dyn FnMut(Told) -> Flow,
    trials: &mut Vec<Trial>,
) -> Result<Recipe, RunError> {
    let parts: Vec<View<'_>> = markets.iter().map(|m| split(*m, request.horizon).0).collect();
    match recipe {
        Recipe::Arima(_) => arima(&parts, tell, trials),
        Recipe::Prophet(_) => prophet(&parts, request, tell, trials),
        Recipe::Lstm(base) => lstm(base, &parts, tell, trials),
        other => Ok(other.clone()),
    }
}

fn arima(
    parts: &[View<'_>],
    tell: &mut dyn FnMut(Told) -> Flow,
    trials: &mut Vec<Trial>,
) -> Result<Recipe, RunError> {
    let first = parts[0];
    let logs: Vec<f64> = first.close.iter().map(|v| 100.0 * v.ln()).collect();
    let series = Series::new(logs.clone()).map_err(ForecastError::from)?;
    let specs: Vec<Spec> = (0..27)
        .map(|n| Spec::new(1 + n % 3, n / 9, 1 + n / 3 % 3))
        .map(|s| if s.d == 0 { s.with(Regressor::Mean) } else { s })
        .collect();
    let mut go_on = |done, all| tell(Told { done, all, loss: None }) == Flow::Continue;
    let tried = try_all(&series, &specs, &mut go_on).map_err(ForecastError::from)?;
    let mut wanted = 0;
    let mut values = logs;
    while wanted < 2 && stats::kpss(&values).is_some_and(|s| s > 0.463) {
        values = values.windows(2).map(|w| w[1] - w[0]).collect();
        wanted += 1;
    }
    for t in &tried {
        let (p, d, q) = (t.spec.p, t.spec.d, t.spec.q);
        let note = if t.admissible { "" } else { " (roots near the unit circle)" };
        trials.push(Trial { what: format!("arima ({p},{d},{q}) AICc{note}"), ratio: Some(t.aicc) });
    }
    let usable = tried.iter().filter(|t| t.spec.d == wanted && t.admissible && t.aicc.is_finite());
    match usable.min_by(|a, b| a.aicc.total_cmp(&b.aicc)) {
        Some(best) => Ok(Recipe::Arima(ArimaRecipe::Order(best.spec))),
        // Nothing of the grid keeps its roots away: smaller orders will.
        None => Ok(Recipe::Arima(ArimaRecipe::Select(Bounds { d: Some(wanted), ..Bounds::default() }))),
    }
}

fn prophet(
    parts: &[View<'_>],
    request: &Request,
    tell: &mut dyn FnMut(Told) -> Flow,
    trials: &mut Vec<Trial>,
) -> Result<Recipe, RunError> {
    let mut grid = Vec::new();
    for changes in [0.001, 0.01, 0.05, 0.2, 0.5] {
        for seasons in [0.1, 1.0, 10.0] {
            for mode in [Mode::Additive, Mode::Multiplicative] {
                grid.push(Options {
                    changepoint_prior_scale: changes,
                    seasonality_prior_scale: seasons,
                    seasonality_mode: mode,
                    ..Options::default()
                });
            }
        }
    }
    let (mut best, all, mut refused) = (None::<(f64, Recipe)>, grid.len(), None);
    for (done, options) in grid.into_iter().enumerate() {
        if tell(Told { done, all, loss: None }) == Flow::Cancel {
            return Err(RunError::Cancelled);
        }
        let (c, s, mode) =
            (options.changepoint_prior_scale, options.seasonality_prior_scale, options.seasonality_mode);
        let recipe = Recipe::Prophet(Box::new(options));
        match evaluate(&recipe, parts, request.horizon, &mut |_| tell(Told { done, all, loss: None })) {
            Ok(report) => {
                let what = format!("prophet changes {c} seasons {s} {mode:?}, pinball ratio");
                trials.push(Trial { what, ratio: Some(report.pinball_ratio) });
                if best.as_ref().is_none_or(|b| report.pinball_ratio < b.0) {
                    best = Some((report.pinball_ratio, recipe));
                }
            }
            Err(e) => refused = Some(e),
        }
    }
    best.map(|b| b.1).ok_or_else(|| refused.unwrap_or(RunError::Cancelled))
}

fn lstm(
    base: &Neural,
    parts: &[View<'_>],
    tell: &mut dyn FnMut(Told) -> Flow,
    trials: &mut Vec<Trial>,
) -> Result<Recipe, RunError> {
    let mut field = Vec::new();
    for hidden in [16, 32, 64] {
        for rate in [5e-4, 1e-3, 3e-3] {
            let mut one = base.clone();
            (one.options.hidden, one.options.rate) = (hidden, rate);
            field.push(one);
        }
    }
    // 9 with one pass, 4 with two, 2 with four.
    let (all, mut done, mut passes) = (9 + 4 + 2, 0, 1);
    while field.len() > 1 {
        let mut ranked = Vec::new();
        for one in field {
            let mut trial = one.clone();
            trial.options.epochs = passes;
            trial.options.patience = None;
            let told = done;
            let model = train(&Recipe::Lstm(Box::new(trial)), parts, &mut |t| {
                tell(Told { done: told, all, loss: t.loss })
            })?;
            done += 1;
            let Trained::Lstm(model) = model else { continue };
            let loss = model.validation.iter().copied().fold(f32::INFINITY, f32::min);
            let what = format!(
                "lstm hidden {} rate {} after {passes} passes, validation loss",
                one.options.hidden, one.options.rate
            );
            trials.push(Trial { what, ratio: Some(f64::from(loss)) });
            ranked.push((loss, one));
        }
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        ranked.truncate((ranked.len() / 2).max(1));
        field = ranked.into_iter().map(|r| r.1).collect();
        passes *= 2;
    }
    field.into_iter().next().map(|n| Recipe::Lstm(Box::new(n))).ok_or(RunError::Cancelled)
}
