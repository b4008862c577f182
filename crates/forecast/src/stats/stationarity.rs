//! Tests that decide how often a series is differenced.

/// The KPSS statistic for a constant level (Kwiatkowski, Phillips, Schmidt & Shin, Journal of Econometrics 54, 1992) with a
/// Bartlett window of ⌊3√n / 13⌋ lags; missing values are left out. `None` below 4 values or without variance.
#[must_use]
pub fn kpss(values: &[f64]) -> Option<f64> {
    let present: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let n = present.len();
    if n < 4 {
        return None;
    }
    let mean = present.iter().sum::<f64>() / n as f64;
    let e: Vec<f64> = present.iter().map(|v| v - mean).collect();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few lags")]
    let lags = (3.0 * (n as f64).sqrt() / 13.0).floor() as usize;
    let dot = |lag: usize| e[lag..].iter().zip(&e).map(|(a, b)| a * b).sum::<f64>();
    let weighted: f64 = (1..=lags).map(|j| (1.0 - j as f64 / (lags as f64 + 1.0)) * dot(j)).sum();
    let variance = (dot(0) + 2.0 * weighted) / n as f64;
    if !(variance > 1e-12 * mean * mean) {
        return None;
    }
    let partial = e.iter().scan(0.0, |sum, v| {
        *sum += v;
        Some(*sum)
    });
    Some(partial.map(|s| s * s).sum::<f64>() / (n as f64 * n as f64) / variance)
}

/// 1 − var(remainder) / var(season + remainder), 0 to 1, of a decomposition into a centred moving average, the means of each
/// place in the season, and the rest. `None` with fewer than two full seasons.
#[must_use]
pub fn seasonal_strength(values: &[f64], period: usize) -> Option<f64> {
    let n = values.len();
    if period < 2 || n < 2 * period + 1 {
        return None;
    }
    let half = period / 2;
    let even = period.is_multiple_of(2);
    let detrended: Vec<(usize, f64)> = (half..n - half)
        .map(|t| {
            let window = &values[t - half..=t + half];
            let ends = window[0] + window[window.len() - 1];
            let whole: f64 = window.iter().sum();
            let trend = if even { (whole - 0.5 * ends) / period as f64 } else { whole / period as f64 };
            (t % period, values[t] - trend)
        })
        .filter(|(_, v)| v.is_finite())
        .collect();
    let (mut sums, mut counts) = (vec![0.0; period], vec![0.0_f64; period]);
    for (place, v) in &detrended {
        sums[*place] += v;
        counts[*place] += 1.0;
    }
    if counts.iter().any(|c| *c < 1.0) {
        return None;
    }
    let rest = detrended.iter().map(|(place, v)| v - sums[*place] / counts[*place]);
    let whole = variance(detrended.iter().map(|(_, v)| *v));
    (whole > 0.0).then(|| (1.0 - variance(rest) / whole).max(0.0))
}

fn variance(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let n = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / n;
    values.map(|v| (v - mean) * (v - mean)).sum::<f64>() / n
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn a_walk_is_not_stationary_and_noise_is() {
        let mut random = Random::new(5);
        let noise: Vec<f64> = (0..500).map(|_| random.normal()).collect();
        let walk: Vec<f64> = noise
            .iter()
            .scan(0.0, |sum, v| {
                *sum += v;
                Some(*sum)
            })
            .collect();
        assert!(kpss(&noise).unwrap() < 0.463 && kpss(&walk).unwrap() > 0.739);
        assert_eq!(kpss(&[1.0; 50]), None);
    }

    #[test]
    fn a_season_is_seen_and_its_absence_too() {
        let mut random = Random::new(6);
        let noise: Vec<f64> = (0..240).map(|_| random.normal()).collect();
        let wave: Vec<f64> = noise
            .iter()
            .enumerate()
            .map(|(t, e)| e + 3.0 * (t as f64 * std::f64::consts::TAU / 12.0).sin() + 0.1 * t as f64)
            .collect();
        assert!(seasonal_strength(&wave, 12).unwrap() > 0.64);
        assert!(seasonal_strength(&noise, 12).unwrap() < 0.3);
        assert_eq!(seasonal_strength(&noise[..20], 12), None);
    }
}
