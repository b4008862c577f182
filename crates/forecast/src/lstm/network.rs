//! The weights, and what they say about a batch.

use super::layer::{Above, Size, Trace};
use super::loss::Loss;
use super::options::{LstmError, OUTPUTS_MAX};
use super::product::{multiply, multiply_transposed, transpose};
use super::samples::Samples;
use crate::random::Random;

/// Sizes of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Features of a step.
    pub inputs: usize,
    /// Hidden units of each layer.
    pub hidden: usize,
    /// Layers, 1 or 2.
    pub layers: usize,
    /// Outputs of the head.
    pub outputs: usize,
}

/// The weights of one layer in torch's layout, gates in the order i, f, g, o.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerWeights {
    /// 4 hidden × inputs.
    pub weight_ih: Vec<f32>,
    /// 4 hidden × hidden.
    pub weight_hh: Vec<f32>,
    /// 4 hidden.
    pub bias_ih: Vec<f32>,
    /// 4 hidden; it adds to the other, and both have the same gradient.
    pub bias_hh: Vec<f32>,
}

/// All weights in torch's layout.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// From the input upwards.
    pub layers: Vec<LayerWeights>,
    /// Head, outputs × hidden.
    pub head: Vec<f32>,
    /// Head's bias.
    pub head_bias: Vec<f32>,
}

/// A network.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    shape: Shape,
    /// Layers, then the head (hidden × outputs), then its bias.
    pub(super) weights: Vec<f32>,
}

/// Buffers of a pass, reused from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    traces: Vec<Trace>,
    last: Vec<f32>,
    pub(super) outputs: Vec<f32>,
    pub(super) output_slope: Vec<f32>,
    state_slope: Vec<f32>,
    input_slope: Vec<f32>,
    turned: Vec<f32>,
}

impl Shape {
    fn check(self) -> Result<(), LstmError> {
        if !(1..=OUTPUTS_MAX).contains(&self.outputs) {
            return Err(LstmError::Option { name: "the number of outputs", range: "1 to 1,000" });
        }
        if self.inputs == 0 || self.hidden == 0 || self.layers == 0 {
            return Err(LstmError::Option { name: "the shape", range: "at least one input, unit and layer" });
        }
        Ok(())
    }

    pub(super) fn layer(self, index: usize) -> Size {
        Size { inputs: if index == 0 { self.inputs } else { self.hidden }, hidden: self.hidden }
    }

    /// Where a layer's weights stand.
    fn range(self, index: usize) -> std::ops::Range<usize> {
        let start: usize = (0..index).map(|l| self.layer(l).weights()).sum();
        start..start + self.layer(index).weights()
    }

    /// Where the head begins.
    fn head(self) -> usize {
        self.range(self.layers - 1).end
    }

    fn weights(self) -> usize {
        self.head() + (self.hidden + 1) * self.outputs
    }

    /// Biases of the layers: torch has two of each, so these move twice as far in a step.
    pub(super) fn doubled(self) -> Vec<std::ops::Range<usize>> {
        (0..self.layers).map(|l| self.range(l).end - 4 * self.hidden..self.range(l).end).collect()
    }
}

impl Network {
    /// Weights from a uniform distribution in ±1/√hidden, as torch begins.
    ///
    /// # Errors
    /// [`LstmError::Option`] for an empty shape.
    pub fn random(shape: Shape, seed: u64) -> Result<Self, LstmError> {
        shape.check()?;
        let (mut random, bound) = (Random::new(seed), 1.0 / (shape.hidden as f64).sqrt());
        #[expect(clippy::cast_possible_truncation, reason = "numbers below one")]
        let mut draw = || ((2.0 * random.uniform() - 1.0) * bound) as f32;
        let mut weights: Vec<f32> = (0..shape.weights()).map(|_| draw()).collect();
        // The layers' biases are sums of two.
        for place in shape.doubled().into_iter().flatten() {
            weights[place] += draw();
        }
        Ok(Self { shape, weights })
    }

    /// A network with given weights.
    ///
    /// # Errors
    /// Lists of other lengths than the shape asks for, or numbers that are not finite.
    pub fn from_weights(shape: Shape, given: &Weights) -> Result<Self, LstmError> {
        shape.check()?;
        let length = |what, list: &[f32], need| {
            if list.len() != need {
                return Err(LstmError::Length { what, have: list.len(), need });
            }
            match list.iter().position(|v| !v.is_finite()) {
                Some(index) => Err(LstmError::NotFinite { what, index }),
                None => Ok(()),
            }
        };
        if given.layers.len() != shape.layers {
            let (have, need) = (given.layers.len(), shape.layers);
            return Err(LstmError::Length { what: "the list of layers", have, need });
        }
        let mut weights = Vec::with_capacity(shape.weights());
        for (index, layer) in given.layers.iter().enumerate() {
            let (h, inputs) = (shape.hidden, shape.layer(index).inputs);
            length("weight_hh", &layer.weight_hh, 4 * h * h)?;
            length("weight_ih", &layer.weight_ih, 4 * h * inputs)?;
            length("bias_ih", &layer.bias_ih, 4 * h)?;
            length("bias_hh", &layer.bias_hh, 4 * h)?;
            for (part, columns) in [(&layer.weight_hh, h), (&layer.weight_ih, inputs)] {
                let mut turned = vec![0.0; part.len()];
                transpose(part, &mut turned, 4 * h, columns);
                weights.extend(turned);
            }
            weights.extend(layer.bias_ih.iter().zip(&layer.bias_hh).map(|(a, b)| a + b));
        }
        length("the head", &given.head, shape.outputs * shape.hidden)?;
        length("the head's bias", &given.head_bias, shape.outputs)?;
        let mut turned = vec![0.0; given.head.len()];
        transpose(&given.head, &mut turned, shape.outputs, shape.hidden);
        weights.extend(turned);
        weights.extend(&given.head_bias);
        Ok(Self { shape, weights })
    }

    /// The weights in torch's layout; the second bias of each layer is zero, the first their sum.
    #[must_use]
    pub fn weights(&self) -> Weights {
        unpack(self.shape, &self.weights)
    }

    /// Its sizes.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The outputs for windows of features (row-major, steps × inputs each), one row of outputs for each window.
    ///
    /// # Errors
    /// A window of another length, numbers that are not finite.
    pub fn predict(&self, windows: &[&[f32]], steps: usize) -> Result<Vec<Vec<f32>>, LstmError> {
        for window in windows {
            let need = steps * self.shape.inputs;
            if window.len() != need || steps == 0 {
                return Err(LstmError::Length { what: "a window", have: window.len(), need });
            }
            if let Some(index) = window.iter().position(|v| !v.is_finite()) {
                return Err(LstmError::NotFinite { what: "a window", index });
            }
        }
        let (mut space, inputs) = (Workspace::default(), self.shape.inputs);
        let mut out = Vec::with_capacity(windows.len());
        for batch in windows.chunks(PREDICTED_AT_ONCE) {
            let row = |sample: usize, step: usize| &batch[sample][step * inputs..(step + 1) * inputs];
            self.forward(&mut space, batch.len(), steps, row);
            out.extend(space.outputs.chunks_exact(self.shape.outputs).map(<[f32]>::to_vec));
        }
        Ok(out)
    }

    /// The outputs for samples in the order given.
    #[must_use]
    pub fn predict_samples(&self, samples: &Samples, which: std::ops::Range<usize>) -> Vec<Vec<f32>> {
        let (mut space, mut out) = (Workspace::default(), Vec::with_capacity(which.len()));
        let all: Vec<usize> = which.filter(|s| *s < samples.len()).collect();
        for batch in all.chunks(PREDICTED_AT_ONCE) {
            self.forward(&mut space, batch.len(), samples.window(), |s, t| samples.row(batch[s], t));
            out.extend(space.outputs.chunks_exact(self.shape.outputs).map(<[f32]>::to_vec));
        }
        out
    }

    /// Outputs of a batch into `space.outputs`.
    pub(super) fn forward<'a>(
        &self,
        space: &mut Workspace,
        batch: usize,
        steps: usize,
        row: impl Fn(usize, usize) -> &'a [f32],
    ) {
        let shape = self.shape;
        space.traces.resize_with(shape.layers, Trace::default);
        for index in 0..shape.layers {
            let size = shape.layer(index);
            let (below, here) = space.traces.split_at_mut(index);
            let trace = &mut here[0];
            trace.prepare(size, batch, steps);
            for step in 0..steps {
                for sample in 0..batch {
                    let input = match below.last() {
                        None => row(sample, step),
                        Some(trace) => trace.state(shape.layer(index - 1), batch, step + 1, sample),
                    };
                    trace.input(size, batch, step, sample).copy_from_slice(input);
                }
            }
            trace.forward(size, &self.weights[shape.range(index)], batch, steps);
        }
        let (top, size) = (&space.traces[shape.layers - 1], shape.layer(shape.layers - 1));
        space.last.clear();
        for sample in 0..batch {
            space.last.extend_from_slice(top.state(size, batch, steps, sample));
        }
        let (head, bias) = self.weights[shape.head()..].split_at(shape.hidden * shape.outputs);
        space.outputs.resize(batch * shape.outputs, 0.0);
        multiply(&space.last, head, &mut space.outputs, [batch, shape.hidden, shape.outputs]);
        for out in space.outputs.chunks_exact_mut(shape.outputs) {
            out.iter_mut().zip(bias).for_each(|(o, b)| *o += b);
        }
    }

    /// Mean loss of the batch just passed forward, and derivatives of it into `space.output_slope`.
    pub(super) fn loss(space: &mut Workspace, loss: &Loss, samples: &Samples, batch: &[usize]) -> f32 {
        let outputs = space.outputs.len() / batch.len();
        space.output_slope.resize(space.outputs.len(), 0.0);
        let share = 1.0 / batch.len() as f32;
        let rows = space.outputs.chunks_exact(outputs).zip(space.output_slope.chunks_exact_mut(outputs));
        let sum: f32 =
            rows.zip(batch).map(|((out, d), s)| loss.row(out, samples.targets(*s), share, d)).sum();
        sum * share
    }

    /// The gradient of the batch just passed forward, from `space.output_slope`.
    pub(super) fn backward(&self, space: &mut Workspace, batch: usize, steps: usize, slope: &mut [f32]) {
        let shape = self.shape;
        let (h, outputs) = (shape.hidden, shape.outputs);
        let (layers, head_slope) = slope.split_at_mut(shape.head());
        let (head_slope, bias_slope) = head_slope.split_at_mut(h * outputs);
        multiply_transposed(&space.last, &space.output_slope, head_slope, [h, batch, outputs]);
        bias_slope.fill(0.0);
        for row in space.output_slope.chunks_exact(outputs) {
            bias_slope.iter_mut().zip(row).for_each(|(b, d)| *b += d);
        }
        space.turned.resize(h * outputs, 0.0);
        transpose(&self.weights[shape.head()..shape.head() + h * outputs], &mut space.turned, h, outputs);
        space.state_slope.resize(batch * h, 0.0);
        multiply(&space.output_slope, &space.turned, &mut space.state_slope, [batch, outputs, h]);
        space.input_slope.resize(if shape.layers > 1 { steps * batch * h } else { 0 }, 0.0);
        for index in (0..shape.layers).rev() {
            let range = shape.range(index);
            let top = index + 1 == shape.layers;
            // Two layers at most: the upper one writes what the lower one reads.
            let (above, inputs) = match (top, index) {
                (true, 0) => (Above::Head(&space.state_slope), None),
                (true, _) => (Above::Head(&space.state_slope), Some(space.input_slope.as_mut_slice())),
                (false, _) => (Above::Layer(&space.input_slope), None),
            };
            let size = shape.layer(index);
            let (weights, slope) = (&self.weights[range.clone()], &mut layers[range]);
            space.traces[index].backward(size, weights, slope, [batch, steps], above, inputs);
        }
    }
}

/// Windows of one pass when nothing is trained: enough for full speed, little memory.
const PREDICTED_AT_ONCE: usize = 64;

/// A flat list of weights (or of their gradient) in torch's layout.
pub(super) fn unpack(shape: Shape, flat: &[f32]) -> Weights {
    let h = shape.hidden;
    let turned = |list: &[f32], rows: usize, columns: usize| {
        let mut out = vec![0.0; rows * columns];
        transpose(list, &mut out, rows, columns);
        out
    };
    let layers = (0..shape.layers).map(|index| {
        let (size, list) = (shape.layer(index), &flat[shape.range(index)]);
        let (hidden, rest) = list.split_at(h * 4 * h);
        let (inputs, bias) = rest.split_at(size.inputs * 4 * h);
        LayerWeights {
            weight_hh: turned(hidden, h, 4 * h),
            weight_ih: turned(inputs, size.inputs, 4 * h),
            bias_ih: bias.to_vec(),
            bias_hh: vec![0.0; 4 * h],
        }
    });
    let (head, bias) = flat[shape.head()..].split_at(h * shape.outputs);
    Weights { layers: layers.collect(), head: turned(head, h, shape.outputs), head_bias: bias.to_vec() }
}
