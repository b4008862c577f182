//! What training makes small.

use super::options::LstmError;

/// The loss of a head's outputs; a sample's loss is the mean over them.
#[derive(Clone, Debug, PartialEq)]
pub enum Loss {
    /// (y − ŷ)², one output for each target.
    Squared,
    /// Pinball loss at these levels in (0, 1), rising: each target has one output for every level.
    Quantiles(Vec<f32>),
}

impl Loss {
    /// Outputs of the head for so many targets.
    #[must_use]
    pub fn outputs(&self, targets: usize) -> usize {
        match self {
            Self::Squared => targets,
            Self::Quantiles(levels) => targets * levels.len(),
        }
    }

    pub(super) fn check(&self) -> Result<(), LstmError> {
        match self {
            Self::Squared => Ok(()),
            Self::Quantiles(levels) => {
                let inside = levels.iter().all(|q| *q > 0.0 && *q < 1.0);
                if levels.is_empty() || !inside || levels.windows(2).any(|w| !(w[0] < w[1])) {
                    return Err(LstmError::Option {
                        name: "the quantile levels",
                        range: "rising, inside 0 to 1",
                    });
                }
                Ok(())
            }
        }
    }

    /// The mean loss of a row of outputs, and its derivatives times `share` into `slope`.
    pub(super) fn row(&self, outputs: &[f32], targets: &[f32], share: f32, slope: &mut [f32]) -> f32 {
        let weight = 1.0 / outputs.len() as f32;
        let mut sum = 0.0;
        match self {
            Self::Squared => {
                for ((out, target), d) in outputs.iter().zip(targets).zip(slope) {
                    let error = out - target;
                    sum += error * error;
                    *d = 2.0 * error * share * weight;
                }
            }
            Self::Quantiles(levels) => {
                let rows = outputs.chunks_exact(levels.len()).zip(slope.chunks_exact_mut(levels.len()));
                for ((outs, slopes), target) in rows.zip(targets) {
                    for ((out, d), q) in outs.iter().zip(slopes).zip(levels) {
                        let error = target - out;
                        sum += if error >= 0.0 { q * error } else { (q - 1.0) * error };
                        *d = if error >= 0.0 { -q } else { 1.0 - q } * share * weight;
                    }
                }
            }
        }
        sum * weight
    }
}
