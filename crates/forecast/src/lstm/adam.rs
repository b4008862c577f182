//! Adam (Kingma & Ba, ICLR 2015), with torch's defaults, and clipping of the gradient's length.

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f32 = 1e-8;

/// Running moments of every weight.
#[derive(Clone, Debug)]
pub(super) struct Adam {
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
    rate: f64,
}

impl Adam {
    pub(super) fn new(weights: usize, rate: f64) -> Self {
        Self { first: vec![0.0; weights], second: vec![0.0; weights], steps: 0, rate }
    }

    /// Moves the weights against the gradient. `doubled` weights stand for two equal ones that are added.
    pub(super) fn step(&mut self, weights: &mut [f32], slope: &[f32], doubled: &[std::ops::Range<usize>]) {
        self.steps = self.steps.saturating_add(1);
        let (bias1, bias2) = (1.0 - BETA1.powi(self.steps), 1.0 - BETA2.powi(self.steps));
        #[expect(clippy::cast_possible_truncation, reason = "numbers near one")]
        let (size, root, b1, b2) =
            ((self.rate / bias1) as f32, bias2.sqrt() as f32, BETA1 as f32, BETA2 as f32);
        let n = weights.len();
        let (first, second, slope) = (&mut self.first[..n], &mut self.second[..n], &slope[..n]);
        let update = |weights: &mut [f32], range: std::ops::Range<usize>, first: &[f32], second: &[f32]| {
            let (first, second) = (&first[range.clone()], &second[range.clone()]);
            for ((w, m), v) in weights[range].iter_mut().zip(first).zip(second) {
                *w -= size * m / (v.sqrt() / root + EPSILON);
            }
        };
        for ((m, v), g) in first.iter_mut().zip(second.iter_mut()).zip(slope) {
            *m = b1 * *m + (1.0 - b1) * g;
            *v = b2 * *v + (1.0 - b2) * g * g;
        }
        update(weights, 0..n, first, second);
        for range in doubled {
            update(weights, range.clone(), first, second);
        }
    }
}

/// Shortens the gradient to at most `longest`.
pub(super) fn clip(slope: &mut [f32], longest: f32) {
    let length = slope.iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>().sqrt();
    if length > f64::from(longest) {
        #[expect(clippy::cast_possible_truncation, reason = "a factor below one")]
        let factor = (f64::from(longest) / length) as f32;
        slope.iter_mut().for_each(|g| *g *= factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_size_of_the_rate() {
        let mut weights = [1.0_f32, 1.0];
        Adam::new(2, 0.1).step(&mut weights, &[5.0, -0.01], std::slice::from_ref(&(1..2)));
        assert!((weights[0] - 0.9).abs() < 1e-5 && (weights[1] - 1.2).abs() < 1e-5, "{weights:?}");
    }

    #[test]
    fn a_long_gradient_is_shortened_and_a_short_one_left() {
        let mut slope = [3.0, 4.0];
        clip(&mut slope, 10.0);
        assert!((slope[0] - 3.0_f32).abs() < 1e-6);
        clip(&mut slope, 1.0);
        assert!((slope[0] - 0.6).abs() < 1e-6 && (slope[1] - 0.8).abs() < 1e-6);
    }
}
