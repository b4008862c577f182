//! Moments, quantiles and the normal distribution.

use std::f64::consts::{PI, SQRT_2};

/// Euler's constant γ, of the expected largest of N normal numbers.
pub const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// x̄ = Σ x / n; `None` of nothing.
#[must_use]
pub fn mean(x: &[f64]) -> Option<f64> {
    if x.is_empty() { None } else { Some(x.iter().sum::<f64>() / x.len() as f64) }
}

/// s = √(Σ (x − x̄)² / (n − 1)), the sample's standard deviation; `None` below two values.
#[must_use]
pub fn deviation(x: &[f64]) -> Option<f64> {
    let m = mean(x)?;
    if x.len() < 2 {
        return None;
    }
    Some((x.iter().map(|v| (v - m).powi(2)).sum::<f64>() / (x.len() - 1) as f64).sqrt())
}

/// Skewness γ₃ = m₃ / m₂^1.5 and kurtosis γ₄ = m₄ / m₂² (3 for a normal), of central moments mₖ = Σ (x − x̄)ᵏ / n.
/// `None` when all values are equal.
#[must_use]
pub fn shape(x: &[f64]) -> Option<(f64, f64)> {
    let m = mean(x)?;
    let moment = |k: i32| x.iter().map(|v| (v - m).powi(k)).sum::<f64>() / x.len() as f64;
    let m2 = moment(2);
    if m2 > 0.0 { Some((moment(3) / m2.powf(1.5), moment(4) / (m2 * m2))) } else { None }
}

/// The p-quantile of rising values by linear interpolation at (n − 1) p (type 7 of Hyndman & Fan 1996, numpy's default);
/// `None` of nothing.
#[must_use]
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = p.clamp(0.0, 1.0) * last as f64;
    let below = floor_index(at).min(last);
    let above = (below + 1).min(last);
    let share = at - below as f64;
    Some(sorted[below] + share * (sorted[above] - sorted[below]))
}

/// `x` sorted upwards.
#[must_use]
pub fn sorted(x: &[f64]) -> Vec<f64> {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// ⌊x⌋ of a number from 0 as an index; what is no number is 0.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped from 0; `as` saturates above"
)]
pub fn floor_index(x: f64) -> usize {
    x.max(0.0).floor() as usize
}

/// Φ(x): the normal distribution. erf by its power series up to |x| = 3, erfc by its continued fraction (Lentz) beyond;
/// Abramowitz & Stegun 7.1.6 and 7.1.14. Relative error below 1e-13.
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    let z = x.abs() / SQRT_2;
    let tail = if z < 2.2 { 0.5 * (1.0 - erf_series(z)) } else { 0.5 * erfc_fraction(z) };
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// Φ⁻¹(p) for 0 < p < 1: bisection on Φ, then Newton's steps; ±∞ at the ends.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (-39.0, 39.0);
    for _ in 0..24 {
        let middle = f64::midpoint(low, high);
        if normal_cdf(middle) < p { low = middle } else { high = middle }
    }
    let mut x = f64::midpoint(low, high);
    for _ in 0..3 {
        let density = (-x * x / 2.0).exp() / (2.0 * PI).sqrt();
        if density > 0.0 {
            x -= (normal_cdf(x) - p) / density;
        }
    }
    x
}

/// erf(z) = 2/√π · e^(−z²) · Σ 2ⁿ z^(2n+1) / (2n+1)!!
fn erf_series(z: f64) -> f64 {
    let (mut term, mut sum, mut n) = (z, z, 0.0);
    while term > sum * 1e-17 {
        n += 1.0;
        term *= 2.0 * z * z / (2.0 * n + 1.0);
        sum += term;
    }
    2.0 / PI.sqrt() * (-z * z).exp() * sum
}

/// erfc(z) = e^(−z²)/√π · 1/(z + (1/2)/(z + 1/(z + (3/2)/(z + …)))), evaluated from the far end.
fn erfc_fraction(z: f64) -> f64 {
    let mut below = z;
    for k in (1..=120).rev() {
        below = z + f64::from(k) / 2.0 / below;
    }
    (-z * z).exp() / (PI.sqrt() * below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-12 * b.abs().max(1e-3), "{a} is not {b}");
    }

    #[test]
    fn moments_of_a_hand_checked_sample() {
        // 1, 2, 2, 7: mean 3; deviations −2, −1, −1, 4; squares 22; cubes 54; fourths 274.
        let x = [1.0, 2.0, 2.0, 7.0];
        close(mean(&x).unwrap(), 3.0);
        close(deviation(&x).unwrap(), (22.0_f64 / 3.0).sqrt());
        let (skew, kurt) = shape(&x).unwrap();
        close(skew, 13.5 / 5.5_f64.powf(1.5));
        close(kurt, 68.5 / 30.25);
        assert_eq!((shape(&[1.0, 1.0]), deviation(&[1.0]), mean(&[])), (None, None, None));
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([-3, -1, 0, 2, 5], [0.05, 0.5, 0.9, 1.0]) = -2.6, 0, 3.8, 5
        let x = [-3.0, -1.0, 0.0, 2.0, 5.0];
        for (p, want) in [(0.05, -2.6), (0.5, 0.0), (0.9, 3.8), (1.0, 5.0)] {
            close(quantile(&x, p).unwrap(), want);
        }
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn the_normal_distribution_is_that_of_scipy() {
        // scipy.stats.norm.cdf
        for (x, want) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_542_9),
            (-1.959_963_984_540_054, 0.025),
            (3.0, 0.998_650_101_968_369_9),
            (-3.2, 0.000_687_137_937_915_848_9),
            (-6.0, 9.865_876_450_376_98e-10),
        ] {
            let got = normal_cdf(x);
            assert!((got - want).abs() < 1e-12 * want.max(1e-3), "{x}: {got} is not {want}");
        }
        // scipy.stats.norm.ppf
        close(normal_quantile(0.975), 1.959_963_984_540_054);
        close(normal_quantile(0.001), -3.090_232_306_167_813);
        assert!(normal_quantile(0.0).is_infinite() && normal_quantile(1.0).is_infinite());
    }
}
