//! What is trained and how, and why it may not be.

use super::loss::Loss;

/// Most hidden units of a layer.
pub const HIDDEN_MAX: usize = 512;
/// Most layers.
pub const LAYERS_MAX: usize = 2;
/// Longest window, in steps.
pub const WINDOW_MAX: usize = 2_000;
/// Most outputs of the head.
pub const OUTPUTS_MAX: usize = 1_000;

/// How a network is trained; the defaults suit bars.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Hidden units of each layer, 1..=[`HIDDEN_MAX`].
    pub hidden: usize,
    /// Layers, 1..=[`LAYERS_MAX`].
    pub layers: usize,
    /// Steps a forecast sees, 1..=[`WINDOW_MAX`].
    pub window: usize,
    /// Most passes over the samples.
    pub epochs: usize,
    /// Samples of one step of the optimiser.
    pub batch: usize,
    /// Adam's rate.
    pub rate: f64,
    /// Longest gradient; `None` leaves it as it is.
    pub clip: Option<f32>,
    /// Passes without a better validation loss before training ends; `None` trains through and keeps the last weights.
    pub patience: Option<usize>,
    /// Whether every pass takes the samples in another order.
    pub shuffle: bool,
    /// Seed of the first weights and of the order of the samples.
    pub seed: u64,
    /// What is made small.
    pub loss: Loss,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            hidden: 32,
            layers: 1,
            window: 60,
            epochs: 20,
            batch: 32,
            rate: 1e-3,
            clip: Some(1.0),
            patience: Some(4),
            shuffle: true,
            seed: 1,
            loss: Loss::Quantiles(vec![0.1, 0.5, 0.9]),
        }
    }
}

/// Why there is no network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LstmError {
    /// An option out of its range.
    #[error("{name} is out of its range: {range}")]
    Option {
        /// Which.
        name: &'static str,
        /// The range in words.
        range: &'static str,
    },
    /// Too few samples.
    #[error("{have} samples can be made of this history, at least {need} are needed")]
    TooShort {
        /// Samples there are.
        have: usize,
        /// Samples needed.
        need: usize,
    },
    /// Lengths that do not fit.
    #[error("{what} has {have} numbers, {need} are needed")]
    Length {
        /// What.
        what: &'static str,
        /// Its length.
        have: usize,
        /// The length needed.
        need: usize,
    },
    /// A number that is none.
    #[error("{what}: number {index} (counted from 0) is not finite")]
    NotFinite {
        /// Where.
        what: &'static str,
        /// Its place.
        index: usize,
    },
    /// The loss ran away.
    #[error(
        "training diverged in epoch {epoch}: the loss is no longer a number; lower the rate or clip the gradient"
    )]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
    },
    /// The caller wanted it so.
    #[error("training was cancelled in epoch {epoch}")]
    Cancelled {
        /// Epoch, from 1.
        epoch: usize,
    },
}

impl Options {
    /// Checks ranges.
    ///
    /// # Errors
    /// [`LstmError::Option`].
    pub fn check(&self) -> Result<(), LstmError> {
        let bad = |name, range| Err(LstmError::Option { name, range });
        if !(1..=HIDDEN_MAX).contains(&self.hidden) {
            return bad("hidden", "1 to 512");
        }
        if !(1..=LAYERS_MAX).contains(&self.layers) {
            return bad("layers", "1 or 2");
        }
        if !(1..=WINDOW_MAX).contains(&self.window) {
            return bad("window", "1 to 2,000");
        }
        if !(1..=10_000).contains(&self.epochs) {
            return bad("epochs", "1 to 10,000");
        }
        if !(1..=4_096).contains(&self.batch) {
            return bad("batch", "1 to 4,096");
        }
        if !(self.rate > 0.0 && self.rate <= 1.0) {
            return bad("rate", "above 0, at most 1");
        }
        if self.clip.is_some_and(|c| !(c > 0.0 && c.is_finite())) {
            return bad("clip", "above 0");
        }
        self.loss.check()
    }
}
