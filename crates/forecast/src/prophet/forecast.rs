//! Fitted and future values with intervals by simulated trend changes, as published: future change points come at the
//! historical rate, their sizes from a Laplace distribution with the historical mean size; noise is added. Seeded.

use super::design::Design;
use super::features;
use super::fit::Model;
use super::options::{Growth, ProphetError};
use crate::random::Random;

/// Most simulated futures.
pub const SAMPLES_MAX: usize = 100_000;

/// How intervals are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uncertainty {
    /// Simulated futures.
    pub samples: usize,
    /// Share of them inside the interval.
    pub width: f64,
    /// Same seed, same bits.
    pub seed: u64,
}

impl Default for Uncertainty {
    fn default() -> Self {
        Self { samples: 1_000, width: 0.8, seed: 1 }
    }
}

/// One time of a forecast, in units of y.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Expected value.
    pub yhat: f64,
    /// The trend alone.
    pub trend: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
}

impl Model {
    /// Values at `times` (seconds since the epoch, past or future), with the regressors' values there.
    ///
    /// # Errors
    /// Lengths that differ, values that are not finite, samples or width out of range.
    pub fn predict(
        &self,
        times: &[f64],
        regressors: &[Vec<f64>],
        uncertainty: Uncertainty,
    ) -> Result<Vec<Forecast>, ProphetError> {
        self.check(times, regressors, uncertainty)?;
        let mut design = Design::new(&self.features, self.growth, self.tau);
        design.changes.clone_from(&self.changepoints);
        let theta = self.theta();
        let t: Vec<f64> = times.iter().map(|t| (t - self.start) / self.t_scale).collect();
        let x = features::matrix(&self.features, times, regressors);
        let width = self.features.len();
        let parts: Vec<(f64, f64, f64)> = t
            .iter()
            .enumerate()
            .map(|(i, t)| {
                let (factor, sum) = design.components(&theta, &x[i * width..(i + 1) * width]);
                (design.trend(&theta, *t), factor, sum)
            })
            .collect();
        let bounds = self.intervals(&t, &parts, uncertainty);
        let scale = self.y_scale;
        Ok(parts
            .iter()
            .zip(bounds)
            .map(|((trend, factor, sum), (lower, upper))| Forecast {
                yhat: (trend * factor + sum) * scale,
                trend: trend * scale,
                lower: lower * scale,
                upper: upper * scale,
            })
            .collect())
    }

    fn check(&self, times: &[f64], regressors: &[Vec<f64>], u: Uncertainty) -> Result<(), ProphetError> {
        for (what, have, need) in [
            ("delta", self.delta.len(), self.changepoints.len()),
            ("beta", self.beta.len(), self.features.len()),
        ] {
            if have != need {
                return Err(ProphetError::Length { what: what.into(), have, need });
            }
        }
        let need =
            self.features.iter().filter(|f| matches!(f.kind, features::Kind::Regressor { .. })).count();
        if regressors.len() != need {
            return Err(ProphetError::Length {
                what: "the list of regressors".into(),
                have: regressors.len(),
                need,
            });
        }
        for (i, column) in regressors.iter().enumerate() {
            let what = format!("regressor {i}");
            if column.len() != times.len() {
                return Err(ProphetError::Length { what, have: column.len(), need: times.len() });
            }
            if let Some(index) = column.iter().position(|v| !v.is_finite()) {
                return Err(ProphetError::NotFinite { what, index });
            }
        }
        if let Some(index) = times.iter().position(|v| !v.is_finite()) {
            return Err(ProphetError::NotFinite { what: "the times".into(), index });
        }
        if u.samples > SAMPLES_MAX || !(0.0..1.0).contains(&u.width) {
            return Err(ProphetError::Option {
                name: "uncertainty",
                range: "samples to 100,000, width from 0 to below 1",
            });
        }
        Ok(())
    }

    fn intervals(&self, t: &[f64], parts: &[(f64, f64, f64)], u: Uncertainty) -> Vec<(f64, f64)> {
        if u.samples == 0 {
            return parts.iter().map(|(g, f, s)| (g * f + s, g * f + s)).collect();
        }
        let mut random = Random::new(u.seed);
        let mut drawn = vec![Vec::with_capacity(u.samples); t.len()];
        let end = t.iter().fold(1.0_f64, |m, v| m.max(*v));
        for _ in 0..u.samples {
            let changes = self.future_changes(end, &mut random);
            for ((values, t), (trend, factor, sum)) in drawn.iter_mut().zip(t).zip(parts) {
                let bend: f64 = changes.iter().map(|(at, d)| d * (t - at).max(0.0)).sum();
                values.push((trend + bend) * factor + sum + self.sigma_obs * random.normal());
            }
        }
        let (low, high) = ((1.0 - u.width) / 2.0, f64::midpoint(1.0, u.width));
        drawn
            .iter_mut()
            .map(|values| {
                values.sort_by(f64::total_cmp);
                (quantile(values, low), quantile(values, high))
            })
            .collect()
    }

    /// Times and sizes of simulated change points after the history (scaled time 1).
    fn future_changes(&self, end: f64, random: &mut Random) -> Vec<(f64, f64)> {
        if end <= 1.0 || self.delta.is_empty() || self.growth == Growth::Flat {
            return Vec::new();
        }
        let size = self.delta.iter().map(|d| d.abs()).sum::<f64>() / self.delta.len() as f64 + 1e-8;
        let count = random.poisson(self.delta.len() as f64 * (end - 1.0));
        (0..count).map(|_| (1.0 + random.uniform() * (end - 1.0), random.laplace(size))).collect()
    }
}

/// Linear interpolation between order statistics (R's type 7) of sorted values.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (at - at.floor()) * (sorted[above] - sorted[below])
}
