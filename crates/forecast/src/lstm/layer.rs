//! One layer over a whole batch and all its steps, forwards and backwards.
//!
//! A step's input row is z = (h, x, 1), so that states, inputs and bias meet the weights in one product: W is
//! (hidden + inputs + 1) × 4 hidden, and its gradient is one product over all steps at once. Rows are time-major.

use super::activation::{sigmoid, tanh};
use super::product::{multiply, multiply_transposed, transpose};

/// Sizes of a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) inputs: usize,
    pub(super) hidden: usize,
}

impl Size {
    /// Length of z.
    pub(super) fn width(self) -> usize {
        self.hidden + self.inputs + 1
    }

    /// Weights of the layer.
    pub(super) fn weights(self) -> usize {
        self.width() * 4 * self.hidden
    }
}

/// What a pass leaves behind, for the way back. Buffers are reused from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// z of every step and the state after the last: (steps + 1) × batch × width.
    z: Vec<f32>,
    /// Activated gates, later their gradients: steps × batch × 4 hidden.
    gates: Vec<f32>,
    /// Cells: (steps + 1) × batch × hidden.
    cells: Vec<f32>,
    /// tanh of the cells after each step: steps × batch × hidden.
    squashed: Vec<f32>,
    /// Gradient of the cells, batch × hidden.
    cell_slope: Vec<f32>,
    /// Gradient of z of one step: batch × (hidden + inputs).
    z_slope: Vec<f32>,
    /// The part of the weights that meets (h, x), transposed: 4 hidden × (hidden + inputs).
    turned: Vec<f32>,
}

/// Where the gradient of the states comes from.
#[derive(Clone, Copy)]
pub(super) enum Above<'a> {
    /// The head: the last step's states only, batch × hidden.
    Head(&'a [f32]),
    /// A layer: every step's states, steps × batch × hidden.
    Layer(&'a [f32]),
}

fn resize(buffer: &mut Vec<f32>, len: usize) {
    // What is kept is overwritten before it is read; only the first states must be zero.
    buffer.resize(len, 0.0);
}

impl Trace {
    /// Makes room for a batch and clears the first state.
    pub(super) fn prepare(&mut self, size: Size, batch: usize, steps: usize) {
        let (h, k) = (size.hidden, size.width());
        resize(&mut self.z, (steps + 1) * batch * k);
        resize(&mut self.gates, steps * batch * 4 * h);
        resize(&mut self.cells, (steps + 1) * batch * h);
        resize(&mut self.squashed, steps * batch * h);
        self.cells[..batch * h].fill(0.0);
        for row in self.z[..batch * k].chunks_exact_mut(k) {
            row[..h].fill(0.0);
        }
        for row in self.z.chunks_exact_mut(k) {
            row[k - 1] = 1.0;
        }
    }

    /// The input part of z at a step and a row of the batch, to be filled before [`Self::forward`].
    pub(super) fn input(&mut self, size: Size, batch: usize, step: usize, row: usize) -> &mut [f32] {
        let k = size.width();
        let at = (step * batch + row) * k;
        &mut self.z[at + size.hidden..at + k - 1]
    }

    /// The state after `step` steps of a row of the batch.
    pub(super) fn state(&self, size: Size, batch: usize, step: usize, row: usize) -> &[f32] {
        let at = (step * batch + row) * size.width();
        &self.z[at..at + size.hidden]
    }

    /// All steps.
    pub(super) fn forward(&mut self, size: Size, weights: &[f32], batch: usize, steps: usize) {
        let (h, k) = (size.hidden, size.width());
        for t in 0..steps {
            let (past, next) = self.z.split_at_mut((t + 1) * batch * k);
            let gates = &mut self.gates[t * batch * 4 * h..(t + 1) * batch * 4 * h];
            multiply(&past[t * batch * k..], weights, gates, [batch, k, 4 * h]);
            let (before, after) = self.cells.split_at_mut((t + 1) * batch * h);
            let rows = gates
                .chunks_exact_mut(4 * h)
                .zip(before[t * batch * h..].chunks_exact(h))
                .zip(after.chunks_exact_mut(h))
                .zip(self.squashed[t * batch * h..].chunks_exact_mut(h))
                .zip(next.chunks_exact_mut(k));
            for ((((gates, before), after), squashed), z) in rows.take(batch) {
                step_forward(gates, before, after, squashed, &mut z[..h]);
            }
        }
    }

    /// The gradient of the weights into `slope`, and of the inputs into `inputs` (steps × batch × inputs) if wanted.
    /// Destroys the activated gates.
    pub(super) fn backward(
        &mut self,
        size: Size,
        weights: &[f32],
        slope: &mut [f32],
        [batch, steps]: [usize; 2],
        above: Above<'_>,
        mut inputs: Option<&mut [f32]>,
    ) {
        let (h, k) = (size.hidden, size.width());
        // Without a layer below only the states' part of z is needed.
        let n = if inputs.is_some() { k - 1 } else { h };
        resize(&mut self.turned, 4 * h * n);
        transpose(&weights[..n * 4 * h], &mut self.turned, n, 4 * h);
        self.cell_slope.clear();
        resize(&mut self.cell_slope, batch * h);
        self.z_slope.clear();
        resize(&mut self.z_slope, batch * n);
        for t in (0..steps).rev() {
            match above {
                Above::Head(last) if t + 1 == steps => add_rows(&mut self.z_slope, n, last, h),
                Above::Head(_) => {}
                Above::Layer(all) => {
                    add_rows(&mut self.z_slope, n, &all[t * batch * h..(t + 1) * batch * h], h);
                }
            }
            let gates = &mut self.gates[t * batch * 4 * h..(t + 1) * batch * 4 * h];
            let rows = gates
                .chunks_exact_mut(4 * h)
                .zip(self.cells[t * batch * h..].chunks_exact(h))
                .zip(self.squashed[t * batch * h..].chunks_exact(h))
                .zip(self.cell_slope.chunks_exact_mut(h))
                .zip(self.z_slope.chunks_exact(n));
            for ((((gates, before), squashed), cell_slope), z_slope) in rows {
                step_backward(gates, before, squashed, cell_slope, &z_slope[..h]);
            }
            multiply(gates, &self.turned, &mut self.z_slope, [batch, 4 * h, n]);
            if let Some(inputs) = inputs.as_deref_mut() {
                let out = &mut inputs[t * batch * size.inputs..(t + 1) * batch * size.inputs];
                for (to, from) in out.chunks_exact_mut(size.inputs).zip(self.z_slope.chunks_exact(n)) {
                    to.copy_from_slice(&from[h..]);
                }
            }
        }
        multiply_transposed(&self.z, &self.gates, slope, [k, steps * batch, 4 * h]);
    }
}

/// Adds rows of `h` to the fronts of rows of `n`.
fn add_rows(to: &mut [f32], n: usize, from: &[f32], h: usize) {
    for (to, from) in to.chunks_exact_mut(n).zip(from.chunks_exact(h)) {
        to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
    }
}

/// One row: activates the gates, and makes the next cell and state.
fn step_forward(
    gates: &mut [f32],
    before: &[f32],
    after: &mut [f32],
    squashed: &mut [f32],
    state: &mut [f32],
) {
    let h = state.len();
    gates[..2 * h].iter_mut().for_each(|v| *v = sigmoid(*v));
    gates[2 * h..3 * h].iter_mut().for_each(|v| *v = tanh(*v));
    gates[3 * h..].iter_mut().for_each(|v| *v = sigmoid(*v));
    let (i, rest) = gates.split_at(h);
    let (f, rest) = rest.split_at(h);
    let (g, o) = rest.split_at(h);
    let (before, after, squashed) = (&before[..h], &mut after[..h], &mut squashed[..h]);
    for j in 0..h {
        after[j] = f[j] * before[j] + i[j] * g[j];
    }
    for j in 0..h {
        squashed[j] = tanh(after[j]);
    }
    for j in 0..h {
        state[j] = o[j] * squashed[j];
    }
}

/// One row back: activated gates become the gradients of their arguments, the cells' gradient moves one step into the past.
fn step_backward(gates: &mut [f32], before: &[f32], squashed: &[f32], cell_slope: &mut [f32], slope: &[f32]) {
    let h = slope.len();
    let (i, rest) = gates.split_at_mut(h);
    let (f, rest) = rest.split_at_mut(h);
    let (g, o) = rest.split_at_mut(h);
    let o = &mut o[..h];
    let (before, squashed, cell_slope) = (&before[..h], &squashed[..h], &mut cell_slope[..h]);
    for j in 0..h {
        let (iv, fv, gv, ov, tc, dh) = (i[j], f[j], g[j], o[j], squashed[j], slope[j]);
        let dc = cell_slope[j] + dh * ov * (1.0 - tc * tc);
        o[j] = dh * tc * ov * (1.0 - ov);
        f[j] = dc * before[j] * fv * (1.0 - fv);
        i[j] = dc * gv * iv * (1.0 - iv);
        g[j] = dc * iv * (1.0 - gv * gv);
        cell_slope[j] = dc * fv;
    }
}
