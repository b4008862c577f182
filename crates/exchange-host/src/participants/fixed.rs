//! Fixed-point arithmetic: numbers with 32 binary decimals in an `i64`. The same on every machine, unlike `f64` functions
//! of a platform's library, so that a seed means the same market everywhere.

/// One.
pub(crate) const ONE: i64 = 1 << 32;

/// a × b, rounded towards zero; saturates.
pub(crate) fn mul(a: i64, b: i64) -> i64 {
    narrow(i128::from(a) * i128::from(b) / i128::from(ONE))
}

/// a × numerator / denominator (≠ 0), rounded towards zero; saturates.
pub(crate) fn ratio(a: i64, numerator: i64, denominator: i64) -> i64 {
    narrow(i128::from(a) * i128::from(numerator) / i128::from(denominator))
}

fn narrow(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// 2^x for x from -32 to 30 (beyond that the ends count). Relative error below 10^-6 down to 2^-10.
pub(crate) fn exp2(x: i64) -> i64 {
    /// Coefficients of 2^f for f in [0, 1): Taylor's ln(2)^k / k! in units of 2^-32, from the highest down.
    const COEFFICIENTS: [i64; 9] =
        [5_676, 65_510, 661_577, 5_726_720, 41_309_550, 238_388_332, 1_031_764_991, 2_977_044_472, ONE];
    let x = x.clamp(-32 * ONE, 30 * ONE);
    let (whole, fraction) = (x.div_euclid(ONE), x.rem_euclid(ONE));
    let power = COEFFICIENTS.into_iter().reduce(|sum, next| mul(sum, fraction) + next).unwrap_or(ONE);
    if whole >= 0 { power << whole } else { power >> -whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_right() {
        assert_eq!(exp2(0), ONE);
        assert_eq!(exp2(3 * ONE), 8 * ONE);
        assert_eq!(exp2(-2 * ONE), ONE / 4);
        // 2^0.5 = 1.41421356...
        assert!((exp2(ONE / 2) - 6_074_000_999).abs() < 6_000);
        // Just below a whole power: continuous to within the error.
        assert!((exp2(ONE - 1) - 2 * ONE).abs() < 9_000);
        assert_eq!(exp2(i64::MAX), exp2(30 * ONE));
        assert!(exp2(i64::MIN) >= 0);
    }

    #[test]
    fn products_round_towards_zero_and_saturate() {
        assert_eq!(mul(3 * ONE, ONE / 2), ONE + ONE / 2);
        assert_eq!(mul(-3, ONE / 2), -1);
        assert_eq!(ratio(i64::MAX, 3, 2), i64::MAX);
        assert_eq!(ratio(-7, 1, 2), -3);
    }
}
