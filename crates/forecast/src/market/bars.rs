//! Bars at equal steps, checked once.

/// Largest share of bars that may be missing and are filled with the close before and no volume.
pub const FILLED_SHARE_MAX: f64 = 0.05;

/// A market's bars, oldest first, without gaps.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    step_s: f64,
    times: Vec<f64>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
    filled: usize,
}

/// The first bars of [`Bars`], or a later stretch of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View<'a> {
    /// Seconds from bar to bar.
    pub step_s: f64,
    /// Opening times, seconds since 1970 UTC.
    pub times: &'a [f64],
    /// First prices.
    pub open: &'a [f64],
    /// Highest prices.
    pub high: &'a [f64],
    /// Lowest prices.
    pub low: &'a [f64],
    /// Last prices.
    pub close: &'a [f64],
    /// Volumes.
    pub volume: &'a [f64],
}

/// Why bars cannot be forecast from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BarsError {
    /// None at all.
    #[error("there are no bars")]
    Empty,
    /// Columns of different lengths.
    #[error("{what}: {have} values for {need} bars")]
    Length {
        /// Which column.
        what: &'static str,
        /// Its length.
        have: usize,
        /// The number of times.
        need: usize,
    },
    /// A number no market has.
    #[error("bar {index} (counted from 0): {what} is {value}")]
    Value {
        /// Which column.
        what: &'static str,
        /// Which bar.
        index: usize,
        /// The value.
        value: f64,
    },
    /// Times must rise.
    #[error("bar {index} (counted from 0) is not later than the one before; sort the bars, each once")]
    Unsorted {
        /// Which bar.
        index: usize,
    },
    /// A bar between the steps.
    #[error(
        "bar {index} (counted from 0) does not lie a whole number of steps of {step_s} s after the first"
    )]
    OffGrid {
        /// Which bar.
        index: usize,
        /// The step.
        step_s: f64,
    },
    /// Too many are missing.
    #[error(
        "{missing} of {of} bars are missing (the longest gap has {longest}), at most 5 % may be; load the rest or take a shorter window"
    )]
    Gaps {
        /// Missing bars.
        missing: usize,
        /// Bars there should be.
        of: usize,
        /// Bars of the longest gap.
        longest: usize,
    },
}

impl Bars {
    /// Checks the columns (times, open, high, low, close, volume) and fills small gaps.
    ///
    /// # Errors
    /// See [`BarsError`].
    pub fn new(step_s: f64, times: &[f64], columns: [&[f64]; 5]) -> Result<Self, BarsError> {
        const NAMES: [&str; 5] = ["open", "high", "low", "close", "volume"];
        if times.is_empty() {
            return Err(BarsError::Empty);
        }
        for (what, column) in NAMES.into_iter().zip(columns) {
            if column.len() != times.len() {
                return Err(BarsError::Length { what, have: column.len(), need: times.len() });
            }
            let fine = |v: f64| v.is_finite() && if what == "volume" { v >= 0.0 } else { v > 0.0 };
            if let Some(index) = column.iter().position(|v| !fine(*v)) {
                return Err(BarsError::Value { what, index, value: column[index] });
            }
        }
        let places = places(step_s, times)?;
        let of = places[places.len() - 1] + 1;
        let missing = of - places.len();
        if missing as f64 > FILLED_SHARE_MAX * of as f64 {
            let longest = places.windows(2).map(|w| w[1] - w[0] - 1).max().unwrap_or(0);
            return Err(BarsError::Gaps { missing, of, longest });
        }
        let mut bars = Self {
            step_s,
            times: (0..of).map(|k| times[0] + k as f64 * step_s).collect(),
            open: Vec::with_capacity(of),
            high: Vec::with_capacity(of),
            low: Vec::with_capacity(of),
            close: Vec::with_capacity(of),
            volume: Vec::with_capacity(of),
            filled: missing,
        };
        let [open, high, low, close, volume] = columns;
        for (row, place) in places.iter().enumerate() {
            while bars.close.len() < *place {
                let last = close[row - 1];
                bars.push([last, last, last, last, 0.0]);
            }
            bars.push([open[row], high[row], low[row], close[row], volume[row]]);
        }
        Ok(bars)
    }

    fn push(&mut self, [open, high, low, close, volume]: [f64; 5]) {
        self.open.push(open);
        self.high.push(high);
        self.low.push(low);
        self.close.push(close);
        self.volume.push(volume);
    }

    /// All of them.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View {
            step_s: self.step_s,
            times: &self.times,
            open: &self.open,
            high: &self.high,
            low: &self.low,
            close: &self.close,
            volume: &self.volume,
        }
    }

    /// Bars that were missing and are filled.
    #[must_use]
    pub fn filled(&self) -> usize {
        self.filled
    }
}

/// The number of steps from the first bar to each.
fn places(step_s: f64, times: &[f64]) -> Result<Vec<usize>, BarsError> {
    if let Some(index) = times.iter().position(|t| !t.is_finite()) {
        return Err(BarsError::Value { what: "time", index, value: times[index] });
    }
    if let Some(at) = times.windows(2).position(|w| w[1] <= w[0]) {
        return Err(BarsError::Unsorted { index: at + 1 });
    }
    let mut out = Vec::with_capacity(times.len());
    for (index, t) in times.iter().enumerate() {
        let steps = (t - times[0]) / step_s;
        if !((steps - steps.round()).abs() < 1e-6 && steps < 1e9) {
            return Err(BarsError::OffGrid { index, step_s });
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1e9")]
        out.push(steps.round() as usize);
    }
    Ok(out)
}

impl<'a> View<'a> {
    /// Number of bars.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// True without bars.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// A stretch of them; the range is cut to what there is.
    #[must_use]
    pub fn slice(&self, range: std::ops::Range<usize>) -> View<'a> {
        let end = range.end.min(self.len());
        let range = range.start.min(end)..end;
        View {
            step_s: self.step_s,
            times: &self.times[range.clone()],
            open: &self.open[range.clone()],
            high: &self.high[range.clone()],
            low: &self.low[range.clone()],
            close: &self.close[range.clone()],
            volume: &self.volume[range],
        }
    }

    /// The last close, 0 without bars.
    #[must_use]
    pub fn last(&self) -> f64 {
        self.close.last().copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(times: &[f64]) -> Result<Bars, BarsError> {
        let price = vec![2.0; times.len()];
        Bars::new(60.0, times, [&price, &price, &price, &price, &price])
    }

    #[test]
    fn a_small_gap_is_filled_and_a_large_one_refused() {
        let times: Vec<f64> = (0..40).filter(|k| *k != 7).map(|k| f64::from(k) * 60.0).collect();
        let bars = flat(&times).unwrap();
        assert_eq!((bars.view().len(), bars.filled(), bars.view().volume[7]), (40, 1, 0.0));
        assert_eq!(flat(&[0.0, 60.0, 600.0]), Err(BarsError::Gaps { missing: 8, of: 11, longest: 8 }));
    }

    #[test]
    fn what_no_market_has_is_refused() {
        assert_eq!(flat(&[]), Err(BarsError::Empty));
        assert_eq!(flat(&[0.0, 0.0]), Err(BarsError::Unsorted { index: 1 }));
        assert_eq!(flat(&[0.0, 61.0]), Err(BarsError::OffGrid { index: 1, step_s: 60.0 }));
        let (good, bad) = ([1.0, 1.0], [1.0, f64::NAN]);
        let refused = Bars::new(60.0, &[0.0, 60.0], [&good, &good, &good, &bad, &good]);
        assert!(matches!(refused, Err(BarsError::Value { what: "close", index: 1, .. })));
        let refused = Bars::new(60.0, &[0.0, 60.0], [&good, &[1.0, 0.0], &good, &good, &good]);
        assert!(matches!(refused, Err(BarsError::Value { what: "high", index: 1, .. })));
        let refused = Bars::new(60.0, &[0.0, 60.0], [&good, &good, &good, &good, &[1.0]]);
        assert_eq!(refused, Err(BarsError::Length { what: "volume", have: 1, need: 2 }));
    }
}
