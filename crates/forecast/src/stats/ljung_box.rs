//! Ljung–Box test for autocorrelation left in residuals (Biometrika 65, 1978): Q = n(n+2) Σ r_k²/(n−k), χ² with
//! lags − fitted degrees of freedom.

/// The statistic and its p-value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LjungBox {
    /// Q.
    pub statistic: f64,
    /// Degrees of freedom.
    pub freedom: usize,
    /// Probability of a larger Q if nothing is left.
    pub p_value: f64,
}

/// Tests `residuals` over `lags`, of which `fitted` are spent on estimated coefficients. `None` when there are too few.
#[must_use]
pub fn ljung_box(residuals: &[f64], lags: usize, fitted: usize) -> Option<LjungBox> {
    let n = residuals.len();
    let freedom = lags.checked_sub(fitted).filter(|f| *f > 0)?;
    if n <= lags + 1 {
        return None;
    }
    let mean = residuals.iter().sum::<f64>() / n as f64;
    let centred: Vec<f64> = residuals.iter().map(|v| v - mean).collect();
    let variance: f64 = centred.iter().map(|v| v * v).sum();
    if !(variance > 0.0) {
        return None;
    }
    let sum: f64 = (1..=lags)
        .map(|k| {
            let r = centred[k..].iter().zip(&centred).map(|(a, b)| a * b).sum::<f64>() / variance;
            r * r / (n - k) as f64
        })
        .sum();
    let statistic = n as f64 * (n as f64 + 2.0) * sum;
    Some(LjungBox { statistic, freedom, p_value: upper_gamma(freedom as f64 / 2.0, statistic / 2.0) })
}

/// The regularised upper incomplete gamma function Q(a, x) (Numerical Recipes, 3rd ed., §6.2): series below a + 1,
/// continued fraction above.
fn upper_gamma(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut k) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-16 {
            k += 1.0;
            term *= x / k;
            sum += term;
        }
        return (1.0 - front * sum).clamp(0.0, 1.0);
    }
    let tiny = 1e-300;
    let (mut b, mut c) = (x + 1.0 - a, 1.0 / tiny);
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..10_000 {
        let i = f64::from(i);
        let an = -i * (i - a);
        b += 2.0;
        d = an * d + b;
        d = if d.abs() < tiny { tiny } else { d };
        c = b + an / c;
        c = if c.abs() < tiny { tiny } else { c };
        d = 1.0 / d;
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() < 1e-15 {
            break;
        }
    }
    (front * h).clamp(0.0, 1.0)
}

/// ln Γ(x) for x > 0 by Stirling's series after raising the argument above 10; error below 1e-13.
fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 10.0 {
        shift += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series =
        (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse * (1.0 / 1680.0)))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_probabilities_are_those_of_the_tables() {
        // chi-squared, upper 5 % and 1 % points
        for (freedom, x, p) in [
            (1.0, 3.841_458_820_694_124, 0.05),
            (10.0, 18.307_038_053_275_146, 0.05),
            (20.0, 37.566_234_786_625_05, 0.01),
        ] {
            assert!((upper_gamma(freedom / 2.0, x / 2.0) - p).abs() < 1e-10, "{freedom}");
        }
    }

    #[test]
    fn correlation_is_noticed_and_its_absence_too() {
        let mut seed = 7_u64;
        let noise: Vec<f64> = (0..500)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (seed >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
            })
            .collect();
        assert!(ljung_box(&noise, 10, 0).unwrap().p_value > 0.01);
        let sums: Vec<f64> = noise.windows(2).map(|w| w[0] + w[1]).collect();
        assert!(ljung_box(&sums, 10, 0).unwrap().p_value < 1e-6);
        assert_eq!(ljung_box(&noise, 2, 2), None);
    }
}
