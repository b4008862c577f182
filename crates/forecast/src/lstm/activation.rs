//! The logistic function and tanh, written so that the compiler turns a loop of them into vector instructions.
//!
//! 2^t = 2^n 2^r with n = round t and a polynomial of degree 5 on |r| ≤ ½ (Chebyshev interpolation, relative error 1.1e-7).
//! σ(x) = 1 / (1 + e^−x) is then within 2e-7 of the true value everywhere, tanh x = 2σ(2x) − 1 within 4e-7.

/// Beyond this the functions are flat to the last bit.
const FLAT: f32 = 40.0;
/// 1.5 · 2²³: added and taken away it rounds to a whole number, which is left in the low bits.
const ROUND: f32 = 12_582_912.0;
const COEFFICIENTS: [f32; 6] =
    [1.000_000_1, std::f32::consts::LN_2, 0.240_221_07, 0.055_503_57, 0.009_676_032, 0.001_339_086_3];

/// e^x for |x| ≤ [`FLAT`]; beyond it the value there. NaN stays NaN.
#[inline(always)]
fn exp(x: f32) -> f32 {
    let x = if x > FLAT { FLAT } else { x };
    let x = if x < -FLAT { -FLAT } else { x };
    let t = x * std::f32::consts::LOG2_E;
    let shifted = t + ROUND;
    let r = t - (shifted - ROUND);
    let [a, b, c, d, e, f] = COEFFICIENTS;
    let power = a + r * (b + r * (c + r * (d + r * (e + r * f))));
    power * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

/// σ(x).
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh x.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    2.0 / (1.0 + exp(-2.0 * x)) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errors_are_bounded() {
        let (mut sigmoid_error, mut tanh_error) = (0.0_f64, 0.0_f64);
        for step in -200_000..=200_000_i32 {
            let x = step as f32 * 5e-4;
            let exact = f64::from(x);
            sigmoid_error = sigmoid_error.max((f64::from(sigmoid(x)) - 1.0 / (1.0 + (-exact).exp())).abs());
            tanh_error = tanh_error.max((f64::from(tanh(x)) - exact.tanh()).abs());
        }
        assert!(sigmoid_error < 2e-7 && tanh_error < 4e-7, "{sigmoid_error:e} {tanh_error:e}");
        assert!(sigmoid(f32::NAN).is_nan() && tanh(f32::NAN).is_nan());
        assert!((tanh(f32::INFINITY) - 1.0).abs() < 1e-6 && sigmoid(f32::NEG_INFINITY) < 1e-6);
    }
}
