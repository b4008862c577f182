//! Who judges a trial: the vectorised path for strategies that have a signal, the event path for the rest.

use super::Score;

/// Bars from `from` to before `to`, by their place in the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// The first bar that may trade. Earlier ones may warm indicators up.
    pub from: usize,
    /// One past the last.
    pub to: usize,
}

impl Window {
    /// Number of bars.
    #[must_use]
    pub const fn len(self) -> usize {
        self.to.saturating_sub(self.from)
    }

    /// True for none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Its first `share` of bars, at least one.
    #[must_use]
    pub fn first(self, share: f64) -> Self {
        let bars = crate::metrics::stats::floor_index(self.len() as f64 * share).clamp(1, self.len().max(1));
        Self { from: self.from, to: self.from + bars }
    }
}

/// Why a trial gave no score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unjudged {
    /// The parameters make no strategy (fast is not below slow, …). Nothing was looked at, so it is not counted.
    Impossible(String),
    /// The run failed.
    Failed(String),
}

/// Runs one parameter set over one window.
pub trait Judge: Sync {
    /// How it did there.
    ///
    /// # Errors
    /// See [`Unjudged`].
    fn judge(&self, params: &[(String, String)], window: Window) -> Result<Score, Unjudged>;

    /// Equity over starting equity at the ends of periods: `(UTC milliseconds, share)`.
    ///
    /// # Errors
    /// See [`Unjudged`].
    fn course(&self, params: &[(String, String)], window: Window) -> Result<Vec<(i64, f64)>, Unjudged>;
}
