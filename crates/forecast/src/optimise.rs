//! Unconstrained minimisation by BFGS with finite differences (Nocedal & Wright, Numerical Optimization, 2nd ed., §6.1).
//!
//! The objective may return infinity where it is undefined; the line search then shortens the step.

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Most iterations.
    pub(crate) iterations_max: usize,
    /// Stop when an iteration gains less than this.
    pub(crate) gain_min: f64,
    /// How gradients are taken.
    pub(crate) difference: Difference,
}

/// Finite differences: half the cost, or an error of the second order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// (f(x+h) − f(x)) / h: good enough to find the way.
    Forward,
    /// (f(x+h) − f(x−h)) / 2h: for the last digits.
    Central,
}

/// A point and its value.
#[derive(Clone, Debug)]
pub(crate) struct Minimum {
    pub(crate) at: Vec<f64>,
    pub(crate) value: f64,
    pub(crate) converged: bool,
}

/// Steps that balance truncation against cancellation: the cube root and the square root of the machine's precision,
/// the latter widened for objectives of a few thousand.
const CENTRAL: f64 = 6e-6;
const FORWARD: f64 = 1e-6;
/// Longest step of an iteration, in parameter units: the transformed parameters saturate beyond a few units.
const STEP_MAX: f64 = 1.5;

/// The gradient at `x`, where the function has `value`.
fn gradient(f: &mut impl FnMut(&[f64]) -> f64, x: &[f64], value: f64, difference: Difference) -> Vec<f64> {
    let mut moved = x.to_vec();
    (0..x.len())
        .map(|i| {
            let unit = x[i].abs().max(1.0);
            let slope = match difference {
                Difference::Forward => {
                    moved[i] = x[i] + FORWARD * unit;
                    (f(&moved) - value) / (FORWARD * unit)
                }
                Difference::Central => {
                    moved[i] = x[i] + CENTRAL * unit;
                    let above = f(&moved);
                    moved[i] = x[i] - CENTRAL * unit;
                    (above - f(&moved)) / (2.0 * CENTRAL * unit)
                }
            };
            moved[i] = x[i];
            slope
        })
        .collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Minimises `f` from `start`. The value never rises above that of the start.
pub(crate) fn minimise(mut f: impl FnMut(&[f64]) -> f64, start: &[f64], limits: Limits) -> Minimum {
    let n = start.len();
    let (mut x, mut value) = (start.to_vec(), f(start));
    if n == 0 || !value.is_finite() {
        return Minimum { at: x, value, converged: n == 0 };
    }
    let mut g = gradient(&mut f, &x, value, limits.difference);
    let mut inverse = scaled_identity(n, 1.0 / dot(&g, &g).sqrt().max(1.0));
    for iteration in 0..limits.iterations_max {
        let mut direction: Vec<f64> = inverse.chunks_exact(n).map(|row| -dot(row, &g)).collect();
        let mut slope = dot(&direction, &g);
        if !(slope < 0.0) {
            inverse = scaled_identity(n, 1.0 / dot(&g, &g).sqrt().max(1.0));
            direction = g.iter().map(|v| -v * inverse[0]).collect();
            slope = dot(&direction, &g);
        }
        let longest = direction.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let first = if longest > STEP_MAX { STEP_MAX / longest } else { 1.0 };
        let Some((x_new, value_new)) = line_search(&mut f, &x, value, &direction, slope, first) else {
            return Minimum { at: x, value, converged: true };
        };
        let g_new = gradient(&mut f, &x_new, value_new, limits.difference);
        let step: Vec<f64> = x_new.iter().zip(&x).map(|(a, b)| a - b).collect();
        let change: Vec<f64> = g_new.iter().zip(&g).map(|(a, b)| a - b).collect();
        let curvature = dot(&step, &change);
        if curvature > 1e-12 * dot(&step, &step).sqrt() * dot(&change, &change).sqrt() {
            if iteration == 0 {
                inverse = scaled_identity(n, curvature / dot(&change, &change));
            }
            update(&mut inverse, &step, &change, curvature);
        }
        let gain = value - value_new;
        (x, value, g) = (x_new, value_new, g_new);
        if gain < limits.gain_min {
            return Minimum { at: x, value, converged: true };
        }
    }
    Minimum { at: x, value, converged: false }
}

fn scaled_identity(n: usize, scale: f64) -> Vec<f64> {
    let mut m = vec![0.0; n * n];
    m.iter_mut().step_by(n + 1).for_each(|v| *v = scale);
    m
}

/// Armijo back-tracking with quadratic interpolation; `None` when no step improves.
fn line_search(
    f: &mut impl FnMut(&[f64]) -> f64,
    x: &[f64],
    value: f64,
    direction: &[f64],
    slope: f64,
    first: f64,
) -> Option<(Vec<f64>, f64)> {
    let mut t = first;
    for _ in 0..30 {
        let trial: Vec<f64> = x.iter().zip(direction).map(|(a, d)| a + t * d).collect();
        let reached = f(&trial);
        if reached <= value + 1e-4 * t * slope {
            return Some((trial, reached));
        }
        let bend = reached - value - t * slope;
        let guess = if reached.is_finite() { -slope * t * t / (2.0 * bend) } else { 0.1 * t };
        t = guess.clamp(0.1 * t, 0.5 * t);
    }
    None
}

/// The BFGS update of the inverse Hessian.
fn update(inverse: &mut [f64], s: &[f64], y: &[f64], sy: f64) {
    let n = s.len();
    let hy: Vec<f64> = inverse.chunks_exact(n).map(|row| dot(row, y)).collect();
    let factor = (1.0 + dot(y, &hy) / sy) / sy;
    for i in 0..n {
        for j in 0..n {
            inverse[i * n + j] += factor * s[i] * s[j] - (hy[i] * s[j] + s[i] * hy[j]) / sy;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rosenbrock_valley_is_walked_to_its_end() {
        let f = |x: &[f64]| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2);
        let found = minimise(
            f,
            &[-1.2, 1.0],
            Limits { iterations_max: 200, gain_min: 1e-14, difference: Difference::Central },
        );
        assert!(found.converged && (found.at[0] - 1.0).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn undefined_regions_only_shorten_the_step() {
        let f = |x: &[f64]| if x[0] <= 0.0 { f64::INFINITY } else { x[0] - x[0].ln() };
        let found = minimise(
            f,
            &[9.0],
            Limits { iterations_max: 100, gain_min: 1e-14, difference: Difference::Central },
        );
        assert!((found.at[0] - 1.0).abs() < 1e-5, "{found:?}");
    }
}
