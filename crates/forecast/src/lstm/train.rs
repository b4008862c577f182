//! Training: passes over the samples, a word to the caller at every batch, the best weights kept.

use super::adam::{Adam, clip};
use super::network::{Network, Shape, Weights, Workspace, unpack};
use super::options::{LstmError, Options};
use super::samples::Samples;
use crate::random::Random;

/// Where training stands; told before every batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Pass over the samples, from 1.
    pub epoch: usize,
    /// Most passes.
    pub epochs: usize,
    /// Batch of the pass, from 1.
    pub batch: usize,
    /// Batches of a pass.
    pub batches: usize,
    /// Mean loss of the last finished pass.
    pub loss: Option<f32>,
    /// Best validation loss so far.
    pub best: Option<f32>,
}

/// What the caller answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// End now with the best weights so far, as a time limit wants it.
    Finish,
    /// Give up.
    Cancel,
}

/// A trained network.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The best weights of the validation, or the last ones without it.
    pub network: Network,
    /// Mean loss of every finished pass.
    pub losses: Vec<f32>,
    /// Validation loss after every finished pass.
    pub validation: Vec<f32>,
    /// True if patience ended before the passes did, or the caller wanted the end.
    pub early: bool,
}

/// Trains a new network.
///
/// # Errors
/// Options out of range, samples of another window or with another number of targets, a loss that runs away, cancellation.
pub fn train(
    samples: &Samples,
    validation: Option<&Samples>,
    options: &Options,
    tell: &mut dyn FnMut(Progress) -> Flow,
) -> Result<Trained, LstmError> {
    options.check()?;
    let shape = Shape {
        inputs: samples.inputs(),
        hidden: options.hidden,
        layers: options.layers,
        outputs: options.loss.outputs(samples.targets_each()),
    };
    continue_training(Network::random(shape, options.seed)?, samples, validation, options, tell)
}

/// Trains a given network.
///
/// # Errors
/// As [`train`].
pub fn continue_training(
    mut network: Network,
    samples: &Samples,
    validation: Option<&Samples>,
    options: &Options,
    tell: &mut dyn FnMut(Progress) -> Flow,
) -> Result<Trained, LstmError> {
    check(&network, samples, options)?;
    if let Some(validation) = validation {
        check(&network, validation, options)?;
    }
    let mut state = State::new(&network, samples, options);
    let mut best: Option<(f32, Network)> = None;
    let (mut losses, mut seen, mut early) = (Vec::new(), Vec::new(), false);
    let mut worse = 0;
    for epoch in 1..=options.epochs {
        let so_far = Progress {
            epoch,
            epochs: options.epochs,
            batch: 1,
            batches: samples.len().div_ceil(options.batch),
            loss: losses.last().copied(),
            best: best.as_ref().map(|(loss, _)| *loss),
        };
        let Some(loss) = state.pass(&mut network, samples, options, so_far, tell)? else {
            early = true;
            break;
        };
        losses.push(loss);
        let Some(validation) = validation else { continue };
        let value = state.mean_loss(&network, validation, options);
        seen.push(value);
        if best.as_ref().is_none_or(|(loss, _)| value < *loss) {
            best = Some((value, network.clone()));
            worse = 0;
        } else {
            worse += 1;
        }
        if options.patience.is_some_and(|patience| worse >= patience) {
            early = true;
            break;
        }
    }
    let network = best.map_or(network, |(_, network)| network);
    Ok(Trained { network, losses, validation: seen, early })
}

/// The mean loss of the first `count` samples and its gradient in torch's layout (both biases have the one in `bias_ih`).
///
/// # Errors
/// As [`train`].
pub fn gradient(
    network: &Network,
    samples: &Samples,
    count: usize,
    options: &Options,
) -> Result<(f32, Weights), LstmError> {
    check(network, samples, options)?;
    let batch: Vec<usize> = (0..count.clamp(1, samples.len())).collect();
    let (mut space, mut slope) = (Workspace::default(), vec![0.0; network.weights.len()]);
    network.forward(&mut space, batch.len(), samples.window(), |s, t| samples.row(batch[s], t));
    let loss = Network::loss(&mut space, &options.loss, samples, &batch);
    network.backward(&mut space, batch.len(), samples.window(), &mut slope);
    Ok((loss, unpack(network.shape(), &slope)))
}

fn check(network: &Network, samples: &Samples, options: &Options) -> Result<(), LstmError> {
    options.check()?;
    let shape = network.shape();
    let lengths = [
        ("a row of features", samples.inputs(), shape.inputs),
        ("a window", samples.window(), options.window),
        ("the head", shape.outputs, options.loss.outputs(samples.targets_each())),
    ];
    match lengths.into_iter().find(|(_, have, need)| have != need) {
        Some((what, have, need)) => Err(LstmError::Length { what, have, need }),
        None => Ok(()),
    }
}

/// What lives through all passes.
struct State {
    space: Workspace,
    adam: Adam,
    slope: Vec<f32>,
    order: Vec<usize>,
    random: Random,
}

impl State {
    fn new(network: &Network, samples: &Samples, options: &Options) -> Self {
        let weights = network.weights.len();
        Self {
            space: Workspace::default(),
            adam: Adam::new(weights, options.rate),
            slope: vec![0.0; weights],
            order: (0..samples.len()).collect(),
            random: Random::new(options.seed ^ 0x5bd1_e995),
        }
    }

    /// One pass; `None` if the caller wants the end.
    fn pass(
        &mut self,
        network: &mut Network,
        samples: &Samples,
        options: &Options,
        so_far: Progress,
        tell: &mut dyn FnMut(Progress) -> Flow,
    ) -> Result<Option<f32>, LstmError> {
        if options.shuffle {
            self.random.shuffle(&mut self.order);
        }
        let doubled = network.shape().doubled();
        let (order, mut sum) = (std::mem::take(&mut self.order), 0.0_f64);
        for (index, batch) in order.chunks(options.batch).enumerate() {
            match tell(Progress { batch: index + 1, ..so_far }) {
                Flow::Continue => {}
                Flow::Finish => return Ok(None),
                Flow::Cancel => return Err(LstmError::Cancelled { epoch: so_far.epoch }),
            }
            network.forward(&mut self.space, batch.len(), samples.window(), |s, t| samples.row(batch[s], t));
            let loss = Network::loss(&mut self.space, &options.loss, samples, batch);
            if !loss.is_finite() {
                return Err(LstmError::Diverged { epoch: so_far.epoch });
            }
            network.backward(&mut self.space, batch.len(), samples.window(), &mut self.slope);
            if let Some(longest) = options.clip {
                clip(&mut self.slope, longest);
            }
            self.adam.step(&mut network.weights, &self.slope, &doubled);
            sum += f64::from(loss) * batch.len() as f64;
        }
        self.order = order;
        #[expect(clippy::cast_possible_truncation, reason = "a mean of floats")]
        Ok(Some((sum / samples.len() as f64) as f32))
    }

    fn mean_loss(&mut self, network: &Network, samples: &Samples, options: &Options) -> f32 {
        let all: Vec<usize> = (0..samples.len()).collect();
        let mut sum = 0.0_f64;
        for batch in all.chunks(64) {
            network.forward(&mut self.space, batch.len(), samples.window(), |s, t| samples.row(batch[s], t));
            let loss = Network::loss(&mut self.space, &options.loss, samples, batch);
            sum += f64::from(loss) * batch.len() as f64;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a mean of floats")]
        let mean = (sum / samples.len() as f64) as f32;
        mean
    }
}
