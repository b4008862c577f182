//! Deflated Sharpe ratio: the probability that the true ratio is above what the best of N worthless trials would show,
//! DSR = PSR(SR*), SR* = √V · ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e))), with the variance V of the trials' ratios per
//! period and Euler's constant γ.
//! Source: Bailey & López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40(5), 2014. N is the number
//! of all recorded trials: related trials count in full, so the value errs on the side of doubt.

use super::{Basis, Measured, Metric, Trials, Unit, probabilistic_sharpe, stats};

/// Deflated Sharpe ratio.
pub const METRIC: Metric = Metric {
    name: "deflated_sharpe",
    label: "Deflated Sharpe (probability)",
    unit: Unit::Probability,
    doc: "How sure the track makes us that the Sharpe ratio is more than the luck of the best of all trials.",
    signed: false,
    compute,
};

/// SR*: the expected largest of N ratios without worth, per period; 0 of a single one.
#[must_use]
pub fn expected_best(trials: Trials) -> f64 {
    if trials.count < 2 {
        return 0.0;
    }
    let n = trials.count as f64;
    let first = stats::normal_quantile(1.0 - 1.0 / n);
    let second = stats::normal_quantile(1.0 - 1.0 / (n * std::f64::consts::E));
    let g = stats::EULER_GAMMA;
    trials.sharpe_variance.max(0.0).sqrt() * ((1.0 - g) * first + g * second)
}

fn compute(basis: &Basis<'_>) -> Measured {
    let trials = basis.trials.unwrap_or(Trials { count: 1, sharpe_variance: 0.0 });
    let best = expected_best(trials);
    let Some(p) = probabilistic_sharpe::against(&basis.shares, best) else {
        return Measured::absent("returns do not vary");
    };
    let note = match trials.count {
        0 | 1 => "one trial".to_owned(),
        n => format!(
            "{n} trials; luck alone would show {}",
            Unit::Ratio.text(best * basis.per_year.sqrt(), true)
        ),
    };
    Measured::of(p).note(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_is_reproduced() {
        // Bailey & López de Prado (2014), numerical example: 100 trials, V = 1/2 per year of 250 days, n = 1250 days,
        // SR 2.5 a year, γ₃ = −3, γ₄ = 10: SR* ≈ 0.1132 per day and DSR ≈ 0.9004.
        let best = expected_best(Trials { count: 100, sharpe_variance: 0.5 / 250.0 });
        assert!((best - 0.1132).abs() < 5e-5, "{best}");
        let sr = 2.5 / 250.0_f64.sqrt();
        let z = (sr - best) * 1_249.0_f64.sqrt() / (1.0 + 3.0 * sr + 9.0 / 4.0 * sr * sr).sqrt();
        assert!((stats::normal_cdf(z) - 0.9004).abs() < 5e-5);
    }

    #[test]
    fn one_trial_deflates_nothing_and_more_deflate_more() {
        let at = |count| expected_best(Trials { count, sharpe_variance: 0.01 });
        assert!(at(1).abs() < f64::EPSILON && at(10) < at(100) && at(100) < at(10_000));
    }
}
