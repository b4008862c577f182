//! The columns of X: Fourier pairs, holidays, extra regressors. Fixed by the history, evaluated at any times.

use super::options::{
    Auto, FEATURES_MAX, Growth, Holiday, Mode, Options, ProphetError, Regressor, Seasonality,
};

const DAY_S: f64 = 86_400.0;

/// What one column is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// sin and cos of 2π n days / period.
    Fourier {
        /// Its period.
        period_days: f64,
        /// n, from 1.
        harmonic: usize,
        /// Which of the pair.
        cosine: bool,
    },
    /// 1 on these days (sorted), else 0.
    Days(Vec<i64>),
    /// (value − shift) / scale of the regressor with this index.
    Regressor {
        /// Which regressor.
        index: usize,
        /// Taken away.
        shift: f64,
        /// Divided by.
        scale: f64,
    },
}

/// A column with its prior and its component.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// What it is.
    pub kind: Kind,
    /// The component it belongs to.
    pub component: String,
    /// Standard deviation of its coefficient's prior.
    pub prior_scale: f64,
    /// How it acts.
    pub mode: Mode,
}

/// The columns that the options and the history ask for.
pub(super) fn plan(
    times: &[f64],
    regressors: &[Vec<f64>],
    options: &Options,
) -> Result<Vec<Feature>, ProphetError> {
    let mut features = Vec::new();
    for season in usual(times, options).iter().chain(&options.seasonalities) {
        for harmonic in 1..=season.order {
            for cosine in [false, true] {
                features.push(Feature {
                    kind: Kind::Fourier { period_days: season.period_days, harmonic, cosine },
                    component: season.name.clone(),
                    prior_scale: season.prior_scale,
                    mode: season.mode,
                });
            }
        }
    }
    for holiday in &options.holidays {
        features.extend(holiday_features(holiday, options.seasonality_mode));
    }
    for (index, regressor) in options.regressors.iter().enumerate() {
        features.push(regressor_feature(index, regressor, &regressors[index])?);
    }
    if features.len() > FEATURES_MAX {
        return Err(ProphetError::Option { name: "the number of features", range: "at most 1000" });
    }
    Ok(features)
}

/// The year, the week and the day, as the history allows.
fn usual(times: &[f64], options: &Options) -> Vec<Seasonality> {
    let span = (times[times.len() - 1] - times[0]) / DAY_S;
    let finest = times.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min) / DAY_S;
    let rows = [
        ("yearly", 365.25, options.yearly, span >= 730.0, 10),
        ("weekly", 7.0, options.weekly, span >= 14.0 && finest < 7.0, 3),
        ("daily", 1.0, options.daily, span >= 2.0 && finest < 1.0, 4),
    ];
    rows.into_iter()
        .filter_map(|(name, period_days, auto, fits, default)| {
            let order = match auto {
                Auto::Off => return None,
                Auto::Auto if !fits => return None,
                Auto::Auto => default,
                Auto::Order(order) => order,
            };
            Some(Seasonality {
                name: name.to_owned(),
                period_days,
                order,
                prior_scale: options.seasonality_prior_scale,
                mode: options.seasonality_mode,
            })
        })
        .collect()
}

fn holiday_features(holiday: &Holiday, mode: Mode) -> impl Iterator<Item = Feature> {
    (holiday.window_from..=holiday.window_to).map(move |offset| {
        let mut days: Vec<i64> = holiday.days.iter().map(|d| d + offset).collect();
        days.sort_unstable();
        Feature {
            kind: Kind::Days(days),
            component: holiday.name.clone(),
            prior_scale: holiday.prior_scale,
            mode,
        }
    })
}

/// Regressors of zeros and ones keep them; others are centred and divided by their sample standard deviation.
fn regressor_feature(index: usize, regressor: &Regressor, values: &[f64]) -> Result<Feature, ProphetError> {
    let mut distinct = values.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if distinct.len() < 2 {
        return Err(ProphetError::ConstantRegressor(regressor.name.clone()));
    }
    let (mut shift, mut scale) = (0.0, 1.0);
    let switch = distinct.iter().map(|v| v.to_bits()).eq([0.0_f64.to_bits(), 1.0_f64.to_bits()]);
    if regressor.standardize && !switch {
        let n = values.len() as f64;
        shift = values.iter().sum::<f64>() / n;
        scale = (values.iter().map(|v| (v - shift).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    }
    Ok(Feature {
        kind: Kind::Regressor { index, shift, scale },
        component: regressor.name.clone(),
        prior_scale: regressor.prior_scale,
        mode: regressor.mode,
    })
}

/// X at `times` (seconds since the epoch), row-major. `regressors[i]` holds the values of regressor i at these times.
pub(super) fn matrix(features: &[Feature], times: &[f64], regressors: &[Vec<f64>]) -> Vec<f64> {
    let mut x = Vec::with_capacity(features.len() * times.len());
    for (row, time) in times.iter().enumerate() {
        let days = time / DAY_S;
        for feature in features {
            x.push(match &feature.kind {
                Kind::Fourier { period_days, harmonic, cosine } => {
                    let angle = 2.0 * std::f64::consts::PI * (*harmonic as f64) * days / period_days;
                    if *cosine { angle.cos() } else { angle.sin() }
                }
                Kind::Days(list) => f64::from(u8::from(list.binary_search(&whole_day(days)).is_ok())),
                Kind::Regressor { index, shift, scale } => (regressors[*index][row] - shift) / scale,
            });
        }
    }
    x
}

#[allow(clippy::cast_possible_truncation, reason = "days since the epoch are far inside an i64")]
fn whole_day(days: f64) -> i64 {
    days.floor() as i64
}

/// Change points in scaled time: evenly spaced places of the first part of the history, the first place left out.
pub(super) fn changepoints(scaled: &[f64], options: &Options) -> Vec<f64> {
    if options.growth == Growth::Flat {
        return Vec::new();
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    let size = (scaled.len() as f64 * options.changepoint_range).floor() as usize;
    let count = options.changepoints.min(size.saturating_sub(1));
    (1..=count)
        .map(|i| {
            // numpy rounds halves to even
            let place = (i as f64 * (size - 1) as f64 / count as f64).round_ties_even();
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a place in the history"
            )]
            let place = place as usize;
            scaled[place]
        })
        .collect()
}
