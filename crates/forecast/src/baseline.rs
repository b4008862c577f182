//! The forecasts every other one has to beat: last value, last season, straight line.
//!
//! Variances as in Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., §5.5: σ² is the mean square of the
//! method's own one-step errors; it grows with h, with ⌊(h−1)/m⌋ + 1, and with h (1 + h / (n − 1)).

use crate::arima::Point;
use crate::{Series, SeriesError};

/// The last value; `se` grows with √h.
///
/// # Errors
/// [`SeriesError::TooShort`] with fewer than two neighbouring values.
pub fn naive(series: &Series, horizon: usize) -> Result<Vec<Point>, SeriesError> {
    seasonal_naive(series, 1, horizon)
}

/// The value one season earlier.
///
/// # Errors
/// [`SeriesError::TooShort`] without a full season and two values a season apart.
pub fn seasonal_naive(series: &Series, period: usize, horizon: usize) -> Result<Vec<Point>, SeriesError> {
    let values = series.values();
    let period = period.max(1);
    let short = SeriesError::TooShort { have: series.observed(), need: period + 1 };
    let errors = values.iter().skip(period).zip(values).map(|(now, before)| now - before);
    let sigma2 = mean_square(errors).ok_or(short)?;
    // The last value that is present at each place of the season.
    let last = |back: usize| values.iter().rev().skip(back).step_by(period).copied().find(|v| !v.is_nan());
    (1..=horizon)
        .map(|h| {
            let mean = last((period - h % period) % period).ok_or(short)?;
            let seasons = (h - 1) / period + 1;
            Ok(Point { mean, se: (sigma2 * seasons as f64).sqrt() })
        })
        .collect()
}

/// The line through the first and the last value.
///
/// # Errors
/// [`SeriesError::TooShort`] with fewer than three values.
pub fn drift(series: &Series, horizon: usize) -> Result<Vec<Point>, SeriesError> {
    let values = series.values();
    let present: Vec<usize> = (0..values.len()).filter(|t| !values[*t].is_nan()).collect();
    let short = SeriesError::TooShort { have: present.len(), need: 3 };
    let (Some(first), Some(last)) = (present.first(), present.last()) else { return Err(short) };
    if present.len() < 3 {
        return Err(short);
    }
    let n = (last - first) as f64;
    let slope = (values[*last] - values[*first]) / n;
    let errors = values.windows(2).map(|w| w[1] - w[0] - slope);
    let sigma2 = mean_square(errors).ok_or(short)?;
    Ok((1..=horizon)
        .map(|h| {
            let h = h as f64;
            Point { mean: values[*last] + slope * h, se: (sigma2 * h * (1.0 + h / n)).sqrt() }
        })
        .collect())
}

/// The mean square of the numbers that are there.
fn mean_square(errors: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_usize);
    for error in errors.filter(|e| !e.is_nan()) {
        sum += error * error;
        count += 1;
    }
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_continues_what_it_knows() {
        let series = Series::new(vec![1.0, 5.0, 2.0, 6.0, 3.0, 7.0]).unwrap();
        let means = |points: Vec<Point>| points.iter().map(|p| p.mean).collect::<Vec<_>>();
        assert_eq!(means(naive(&series, 2).unwrap()), [7.0, 7.0]);
        assert_eq!(means(seasonal_naive(&series, 2, 3).unwrap()), [3.0, 7.0, 3.0]);
        assert_eq!(means(drift(&series, 2).unwrap()), [8.2, 9.4]);
        let se: Vec<f64> = seasonal_naive(&series, 2, 3).unwrap().iter().map(|p| p.se).collect();
        assert!(
            (se[0] - 1.0).abs() < 1e-12
                && (se[1] - 1.0).abs() < 1e-12
                && (se[2] - 2.0_f64.sqrt()).abs() < 1e-12
        );
    }

    #[test]
    fn gaps_are_stepped_over() {
        let series = Series::new(vec![1.0, 2.0, f64::NAN, 4.0, f64::NAN]).unwrap();
        assert!((naive(&series, 1).unwrap()[0].mean - 4.0).abs() < 1e-12);
        assert!(seasonal_naive(&series, 4, 1).is_err());
    }
}
