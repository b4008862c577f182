//! An LSTM on a market's bars: features scaled by the training part alone, every horizon answered at once with quantiles.
//!
//! Targets are log returns from the close of a window's last bar to the close h bars later, divided by the training part's
//! standard deviation of one bar's return times √h. The last part of the samples validates; between the two lie the bars that
//! targets of the first could share with the second, and an embargo.

use super::bars::View;
use super::features::{FEATURES, WARM_UP, features};
use super::recipe::ForecastError;
use super::trained::Step;
use crate::lstm::{self, Flow, Loss, LstmError, Network, Options, Progress, Samples};

/// Horizons answered by the head; between them the quantiles are interpolated.
const ANSWERED_MAX: usize = 24;
/// Bars of history that a forecast reads beside its window, so that averages forget how they began.
const SETTLING: usize = 300;

/// How an LSTM is trained on bars.
#[derive(Clone, Debug, PartialEq)]
pub struct Neural {
    /// The network and its training; the loss is always quantiles at 10, 50 and 90 %.
    pub options: Options,
    /// Longest horizon, in bars.
    pub horizon: usize,
    /// Share of the samples that validate, 0.05 to 0.5.
    pub validation: f64,
    /// Bars left out between training and validation beside those the targets need.
    pub embargo: usize,
}

impl Default for Neural {
    fn default() -> Self {
        Self { options: Options::default(), horizon: 24, validation: 0.15, embargo: 24 }
    }
}

/// A trained one.
#[derive(Clone, Debug, PartialEq)]
pub struct NeuralModel {
    /// The weights.
    pub network: Network,
    /// Bars of a window.
    pub window: usize,
    /// Horizons the head answers, rising.
    pub horizons: Vec<usize>,
    /// Mean of each feature over the training part.
    pub means: Vec<f64>,
    /// Standard deviation of each feature over the training part.
    pub deviations: Vec<f64>,
    /// Standard deviation of one bar's log return over the training part.
    pub swing: f64,
    /// Mean loss of every pass.
    pub losses: Vec<f32>,
    /// Validation loss of every pass.
    pub validation: Vec<f32>,
}

fn levels() -> Vec<f32> {
    vec![0.1, 0.5, 0.9]
}

fn horizons(horizon: usize) -> Vec<usize> {
    if horizon <= ANSWERED_MAX {
        return (1..=horizon).collect();
    }
    let mut list: Vec<usize> =
        (0..ANSWERED_MAX).map(|k| 1 + k * (horizon - 1) / (ANSWERED_MAX - 1)).collect();
    list.dedup();
    list
}

/// Rows of one market and the first bars of its training and validation windows.
struct Market {
    rows: Vec<f64>,
    logs: Vec<f64>,
    trained: usize,
    validated: std::ops::Range<usize>,
}

impl Market {
    fn new(bars: View<'_>, recipe: &Neural) -> Result<Self, ForecastError> {
        let rows = features(bars);
        let (window, horizon) = (recipe.options.window, recipe.horizon);
        let count = (rows.len() / FEATURES.len() + 1).saturating_sub(window + horizon);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
        let validated = (count as f64 * recipe.validation.clamp(0.05, 0.5)).round() as usize;
        let gap = horizon + recipe.embargo;
        let need = 32;
        if count < validated + gap + need || validated < 8 {
            let have = count.saturating_sub(validated + gap);
            return Err(LstmError::TooShort { have, need }.into());
        }
        let logs = bars.close[WARM_UP..].iter().map(|v| v.ln()).collect();
        Ok(Self { rows, logs, trained: count - validated - gap, validated: count - validated..count })
    }

    /// Rows that training may see.
    fn seen(&self, window: usize) -> &[f64] {
        &self.rows[..(self.trained + window - 1) * FEATURES.len()]
    }
}

/// Trains on one or several markets, pooled.
pub(super) fn train(
    markets: &[View<'_>],
    recipe: &Neural,
    tell: &mut dyn FnMut(Progress) -> Flow,
) -> Result<NeuralModel, ForecastError> {
    if recipe.horizon == 0 {
        return Err(LstmError::Option { name: "horizon", range: "at least 1" }.into());
    }
    recipe.options.check()?;
    let markets: Vec<Market> = markets.iter().map(|m| Market::new(*m, recipe)).collect::<Result<_, _>>()?;
    let window = recipe.options.window;
    let (means, deviations) = scales(&markets.iter().map(|m| m.seen(window)).collect::<Vec<_>>());
    let mut model = NeuralModel {
        network: Network::random(lstm::Shape { inputs: 1, hidden: 1, layers: 1, outputs: 1 }, 0)?,
        window,
        horizons: horizons(recipe.horizon),
        swing: deviations[0],
        means,
        deviations,
        losses: Vec::new(),
        validation: Vec::new(),
    };
    let samples = model.samples(&markets, |m| 0..m.trained)?;
    let validation = model.samples(&markets, |m| m.validated.clone())?;
    let options = Options { loss: Loss::Quantiles(levels()), ..recipe.options.clone() };
    let trained = lstm::train(&samples, Some(&validation), &options, tell)?;
    model.network = trained.network;
    model.losses = trained.losses;
    model.validation = trained.validation;
    Ok(model)
}

/// Mean and standard deviation of each feature.
fn scales(parts: &[&[f64]]) -> (Vec<f64>, Vec<f64>) {
    let width = FEATURES.len();
    let rows = || parts.iter().flat_map(|p| p.chunks_exact(width));
    let n = rows().count().max(1) as f64;
    let means: Vec<f64> = (0..width).map(|k| rows().map(|r| r[k]).sum::<f64>() / n).collect();
    let deviations = (0..width)
        .map(|k| (rows().map(|r| (r[k] - means[k]).powi(2)).sum::<f64>() / n).sqrt().max(1e-12))
        .collect();
    (means, deviations)
}

impl NeuralModel {
    /// Rows scaled for the network.
    #[expect(clippy::cast_possible_truncation, reason = "the network works in float32")]
    fn scaled(&self, rows: &[f64]) -> Vec<f32> {
        let one =
            |(k, v): (usize, &f64)| ((v - self.means[k]) / self.deviations[k]).clamp(-20.0, 20.0) as f32;
        rows.chunks_exact(FEATURES.len()).flat_map(|r| r.iter().enumerate().map(one)).collect()
    }

    fn samples(
        &self,
        markets: &[Market],
        part: impl Fn(&Market) -> std::ops::Range<usize>,
    ) -> Result<Samples, LstmError> {
        let (mut rows, mut starts, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for market in markets {
            let first = rows.len() / FEATURES.len();
            rows.extend(self.scaled(&market.rows));
            for start in part(market) {
                starts.push(first + start);
                let last = start + self.window - 1;
                targets.extend(self.horizons.iter().map(|h| {
                    let change = market.logs[last + h] - market.logs[last];
                    #[expect(clippy::cast_possible_truncation, reason = "the network works in float32")]
                    let target = (change / (self.swing * (*h as f64).sqrt())) as f32;
                    target
                }));
            }
        }
        Samples::new(rows, FEATURES.len(), self.window, starts, targets)
    }

    /// Bars a forecast needs.
    #[must_use]
    pub fn need(&self) -> usize {
        self.window + WARM_UP
    }

    /// The scaled window a forecast from these bars reads.
    ///
    /// # Errors
    /// Too few bars.
    pub fn input(&self, bars: View<'_>) -> Result<Vec<f32>, ForecastError> {
        let need = self.need();
        if bars.len() < need {
            return Err(LstmError::TooShort { have: bars.len(), need }.into());
        }
        let recent = bars.slice(bars.len().saturating_sub(need + SETTLING)..bars.len());
        let rows = features(recent);
        Ok(self.scaled(&rows[rows.len() - self.window * FEATURES.len()..]))
    }

    /// Prices from the head's outputs: log returns in units of `swing` √h, sorted so that quantiles never cross.
    ///
    /// # Errors
    /// [`ForecastError::Horizon`] beyond the horizon it was trained for.
    pub fn steps(&self, outputs: &[f32], last: f64, horizon: usize) -> Result<Vec<Step>, ForecastError> {
        let trained = self.horizons.last().copied().unwrap_or(0);
        if horizon > trained {
            return Err(ForecastError::Horizon { asked: horizon, trained });
        }
        let known: Vec<(f64, [f64; 3])> = self
            .horizons
            .iter()
            .zip(outputs.chunks_exact(3))
            .map(|(h, out)| {
                let unit = self.swing * (*h as f64).sqrt();
                let mut change = [out[0], out[1], out[2]].map(|v| f64::from(v) * unit);
                change.sort_by(f64::total_cmp);
                (*h as f64, change)
            })
            .collect();
        Ok((1..=horizon)
            .map(|h| {
                let h = h as f64;
                let after = known.iter().position(|k| k.0 >= h).unwrap_or(known.len() - 1);
                let before = after.saturating_sub(if known[after].0 > h { 1 } else { 0 });
                let width = known[after].0 - known[before].0;
                let share = if width > 0.0 { (h - known[before].0) / width } else { 0.0 };
                let price = |q: usize| {
                    let (a, b) = (known[before].1[q], known[after].1[q]);
                    last * (a + share * (b - a)).exp()
                };
                Step { mean: price(1), low: price(0), high: price(2) }
            })
            .collect())
    }

    /// The next prices.
    ///
    /// # Errors
    /// Too few bars, a horizon beyond the trained one.
    pub fn forecast(&self, bars: View<'_>, horizon: usize) -> Result<Vec<Step>, ForecastError> {
        let input = self.input(bars)?;
        let outputs = self.network.predict(&[&input], self.window)?;
        self.steps(&outputs[0], bars.last(), horizon)
    }
}
