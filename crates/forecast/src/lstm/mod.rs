//! LSTM: one or two layers, float32, full back-propagation through time.
//!
//! Source: Hochreiter & Schmidhuber, Long Short-Term Memory, Neural Computation 9 (1997), with forget gates (Gers et al. 2000):
//! i, f, o = σ(W z), g = tanh(W z), c' = f c + i g, h' = o tanh c', z = (h, x, 1). Gates stand in the order i, f, g, o and
//! weights are exchanged in torch's layout, so that its networks can be continued here. Training is Adam (Kingma & Ba 2015)
//! on the squared error or the pinball loss (Koenker & Bassett 1978) of a linear head on the last state.
//!
//! Deterministic: same samples, options and seed give the same bits on machines whose processors have the same vector units.
//! Memory: a batch's states, (window + 1) × batch × (10 hidden + inputs) numbers a layer; windows are never copied out.

mod activation;
mod adam;
mod layer;
mod loss;
mod network;
mod options;
mod product;
mod samples;
mod train;

pub use loss::Loss;
pub use network::{LayerWeights, Network, Shape, Weights};
pub use options::{HIDDEN_MAX, LAYERS_MAX, LstmError, OUTPUTS_MAX, Options, WINDOW_MAX};
pub use samples::Samples;
pub use train::{Flow, Progress, Trained, continue_training, gradient, train};
