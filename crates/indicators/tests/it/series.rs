//! Random markets and random parameters.

use indicators::{Function, Input, Range, Settings, Value};
use proptest::prelude::*;
use proptest::test_runner::TestRng;

/// Five columns of a random walk: open, high, low, close, volume.
pub(crate) struct Walk {
    columns: [Vec<f64>; 5],
    other: Vec<f64>,
}

/// What the prices look like.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Any fractions.
    Real,
    /// Whole ticks, as strategies see prices, with many equal ones.
    Ticks,
    /// Long stretches without any change.
    Still,
    /// Whole ticks at first, later any fractions.
    Mixed,
}

impl Walk {
    pub(crate) fn new(rng: &mut TestRng, rows: usize, shape: Shape) -> Self {
        let mut columns: [Vec<f64>; 5] = Default::default();
        let mut other = Vec::new();
        let mut price = rng.random_range(50.0..5_000.0_f64);
        for at in 0..rows {
            let mut step = |scale: f64| rng.random_range(-scale..scale);
            let moves = !matches!(shape, Shape::Still) || step(1.0) > 0.6;
            let scale = if moves { price * 0.01 } else { 0.0 };
            let open = price;
            let close = (price + step(1.0) * scale).max(1.0);
            let high = open.max(close) + step(1.0).abs() * scale * 0.5;
            let low = (open.min(close) - step(1.0).abs() * scale * 0.5).max(0.5);
            let volume = if moves { step(1.0).abs() * 1_000.0 } else { 0.0 };
            let any = matches!(shape, Shape::Real) || (matches!(shape, Shape::Mixed) && at * 2 > rows);
            let kept = |x: f64| if any { x } else { x.round().max(1.0) };
            for (column, value) in columns.iter_mut().zip([open, high, low, close, volume]) {
                column.push(kept(value));
            }
            other.push(kept(close * (1.0 + step(0.1))));
            price = close;
        }
        Self { columns, other }
    }

    /// The columns that a function reads.
    pub(crate) fn inputs(&self, function: Function) -> Vec<&[f64]> {
        let series = |input: Input| match input {
            Input::Open => &self.columns[0],
            Input::High => &self.columns[1],
            Input::Low => &self.columns[2],
            Input::Close | Input::Real(0) => &self.columns[3],
            Input::Volume => &self.columns[4],
            Input::Real(_) => &self.other,
        };
        function.inputs().into_iter().map(|input| series(input).as_slice()).collect()
    }
}

/// Parameters within their ranges, short enough that a short series has values.
pub(crate) fn settings(rng: &mut TestRng, function: Function) -> Settings {
    loop {
        let values = function.params().into_iter().map(|param| match param.range {
            Range::Whole { min, max, .. } => {
                let value = rng.random_range(min..=max.min(min.max(1) + 18));
                Value::Whole(i32::try_from(value).unwrap())
            }
            Range::Real { min, max, default } => {
                let (low, high) = (min.max(-5.0), max.min(5.0));
                let value =
                    if low < high && rng.random_bool(0.7) { rng.random_range(low..=high) } else { default };
                Value::Real(value)
            }
            Range::Choice { of, default } => {
                let at = rng.random_range(0..of.len());
                let value = if rng.random_bool(0.7) { of[at].0 } else { default };
                Value::Whole(i32::try_from(value).unwrap())
            }
        });
        if let Ok(settings) = Settings::new(function, values.collect()) {
            return settings;
        }
    }
}

/// The generator of a seed: the seed is the case's name.
pub(crate) fn rng(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(prop::test_runner::RngAlgorithm::ChaCha, &bytes)
}
