//! Windows of features with what came after them, without copies: a window is its first row.

use super::options::LstmError;

/// Rows of features, the first rows of windows, and their targets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    features: Vec<f32>,
    inputs: usize,
    window: usize,
    starts: Vec<usize>,
    targets: Vec<f32>,
    per_sample: usize,
}

impl Samples {
    /// `features` row-major with `inputs` numbers a row; window `s` is the rows `starts[s]` to `starts[s] + window − 1`, and
    /// its targets are the `s`-th `targets.len() / starts.len()` numbers.
    ///
    /// # Errors
    /// Lengths that do not fit, numbers that are not finite, a window beyond the rows.
    pub fn new(
        features: Vec<f32>,
        inputs: usize,
        window: usize,
        starts: Vec<usize>,
        targets: Vec<f32>,
    ) -> Result<Self, LstmError> {
        if inputs == 0 || !features.len().is_multiple_of(inputs) {
            return Err(LstmError::Length { what: "the features", have: features.len(), need: inputs });
        }
        if starts.is_empty() {
            return Err(LstmError::TooShort { have: 0, need: 1 });
        }
        let per_sample = targets.len() / starts.len();
        if per_sample == 0 || !targets.len().is_multiple_of(starts.len()) {
            return Err(LstmError::Length { what: "the targets", have: targets.len(), need: starts.len() });
        }
        let (rows, last) = (features.len() / inputs, starts.iter().copied().max().unwrap_or(0));
        if window == 0 || last.saturating_add(window) > rows {
            let need = last.saturating_add(window);
            return Err(LstmError::Length { what: "the list of feature rows", have: rows, need });
        }
        for (what, list) in [("the features", &features), ("the targets", &targets)] {
            if let Some(index) = list.iter().position(|v| !v.is_finite()) {
                return Err(LstmError::NotFinite { what, index });
            }
        }
        Ok(Self { features, inputs, window, starts, targets, per_sample })
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// True without samples (which [`Samples::new`] does not make).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Features of a row.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Rows of a window.
    #[must_use]
    pub fn window(&self) -> usize {
        self.window
    }

    /// Targets of a sample.
    #[must_use]
    pub fn targets_each(&self) -> usize {
        self.per_sample
    }

    /// The targets of a sample.
    #[must_use]
    pub fn targets(&self, sample: usize) -> &[f32] {
        &self.targets[sample * self.per_sample..(sample + 1) * self.per_sample]
    }

    /// Row `step` of a sample's window.
    pub(super) fn row(&self, sample: usize, step: usize) -> &[f32] {
        let at = (self.starts[sample] + step) * self.inputs;
        &self.features[at..at + self.inputs]
    }
}
