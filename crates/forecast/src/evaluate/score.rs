//! Scores of forecasts against what happened, and their ratios to the naive forecast's on the same origins.
//!
//! A ratio below 1 beats the last price. Whether that is luck, and whether it survives fees, is another question: these numbers
//! say how a model did on this stretch of the past, and nothing about the next.

use super::walk::Origin;
use crate::market::View;

/// Actual values below this share of their mean size are left out of MAPE: a percentage of nearly nothing says nothing.
const NEAR_ZERO: f64 = 1e-3;

/// Means over all origins and horizons.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// Values compared.
    pub count: usize,
    /// Mean absolute error.
    pub mae: f64,
    /// Root mean square error.
    pub rmse: f64,
    /// Mean absolute percentage error, in per cent; `None` if every actual value is near zero.
    pub mape: Option<f64>,
    /// Share of moves from the origin whose direction was right; forecasts and prices that do not move are left out, `None`
    /// if that leaves nothing.
    pub direction: Option<f64>,
    /// Moves that entered `direction`.
    pub direction_count: usize,
    /// Mean pinball loss of the 10, 50 and 90 % quantiles.
    pub pinball: f64,
    /// Share of values inside the interval that should hold 80 %.
    pub coverage: f64,
}

/// A model's scores beside the naive forecast's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// The model's.
    pub model: Scores,
    /// The naive forecast's on the same origins.
    pub naive: Scores,
    /// MAE / naive MAE.
    pub mae_ratio: f64,
    /// RMSE / naive RMSE.
    pub rmse_ratio: f64,
    /// Pinball / naive pinball.
    pub pinball_ratio: f64,
}

/// Scores of a walk; `None` without origins.
#[must_use]
pub fn scores(origins: &[Origin], bars: View<'_>) -> Option<Scores> {
    let pairs = || {
        origins.iter().flat_map(|o| {
            let known = bars.close[o.at - 1];
            o.steps.iter().zip(&bars.close[o.at..]).map(move |(step, actual)| (known, *step, *actual))
        })
    };
    let count = pairs().count();
    if count == 0 {
        return None;
    }
    let n = count as f64;
    let size = pairs().map(|(_, _, a)| a.abs()).sum::<f64>() / n;
    let (mut percent, mut percent_count, mut right, mut moves) = (0.0, 0.0, 0.0, 0_usize);
    let (mut mae, mut square, mut pinball, mut inside) = (0.0, 0.0, 0.0, 0.0);
    for (known, step, actual) in pairs() {
        let error = actual - step.mean;
        mae += error.abs();
        square += error * error;
        if actual.abs() > NEAR_ZERO * size {
            percent += (error / actual).abs();
            percent_count += 1.0;
        }
        let (said, went) = (step.mean - known, actual - known);
        if said.abs() > 1e-9 * known.abs() && went != 0.0 {
            moves += 1;
            right += f64::from(u8::from((said > 0.0) == (went > 0.0)));
        }
        pinball += [(0.1, step.low), (0.5, step.mean), (0.9, step.high)]
            .into_iter()
            .map(
                |(q, value)| {
                    if actual >= value { q * (actual - value) } else { (1.0 - q) * (value - actual) }
                },
            )
            .sum::<f64>()
            / 3.0;
        inside += f64::from(u8::from((step.low..=step.high).contains(&actual)));
    }
    Some(Scores {
        count,
        mae: mae / n,
        rmse: (square / n).sqrt(),
        mape: (percent_count > 0.0).then(|| 100.0 * percent / percent_count),
        direction: (moves > 0).then(|| right / moves as f64),
        direction_count: moves,
        pinball: pinball / n,
        coverage: inside / n,
    })
}

/// A model's scores beside the naive ones; the walks must have the same origins.
#[must_use]
pub fn compare(model: &Scores, naive: &Scores) -> Report {
    let ratio = |a: f64, b: f64| if b > 0.0 { a / b } else { f64::NAN };
    Report {
        model: *model,
        naive: *naive,
        mae_ratio: ratio(model.mae, naive.mae),
        rmse_ratio: ratio(model.rmse, naive.rmse),
        pinball_ratio: ratio(model.pinball, naive.pinball),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Bars, Step};

    #[test]
    fn scores_are_those_of_a_small_example() {
        let close = [10.0, 12.0, 9.0, 11.0];
        let times = [0.0, 60.0, 120.0, 180.0];
        let bars = Bars::new(60.0, &times, [&close, &close, &close, &close, &close]).unwrap();
        let step = |mean: f64| Step { mean, low: mean - 1.0, high: mean + 1.0 };
        let origins = [
            Origin { at: 1, steps: vec![step(11.0), step(11.0)] },
            Origin { at: 2, steps: vec![step(12.0), step(13.0)] },
        ];
        let s = scores(&origins, bars.view()).unwrap();
        // Errors: 1, −2, −3, −2.
        assert!((s.mae - 2.0).abs() < 1e-12 && (s.rmse - (18.0_f64 / 4.0).sqrt()).abs() < 1e-12);
        // Moves: up right; up but down; no move said; said up, went down.
        assert_eq!((s.direction_count, s.direction), (3, Some(1.0 / 3.0)));
        assert!((s.coverage - 0.25).abs() < 1e-12, "{s:?}");
        let mape = 100.0 * (1.0 / 12.0 + 2.0 / 9.0 + 3.0 / 9.0 + 2.0 / 11.0) / 4.0;
        assert!((s.mape.unwrap() - mape).abs() < 1e-9);
        assert_eq!(scores(&[], bars.view()), None);
        let same = compare(&s, &s);
        assert!((same.mae_ratio - 1.0).abs() < 1e-12);
    }
}
