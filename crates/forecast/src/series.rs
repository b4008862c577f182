//! A series of numbers at equal steps, checked once, so that no kernel meets an infinity or a string of blanks.

/// Most points a kernel accepts: two years of one-minute bars fit, an accident does not.
pub const POINTS_MAX: usize = 2_000_000;

/// Equally spaced observations; `NaN` marks a missing one. At least two are present and they are not all equal.
#[derive(Clone, Debug, PartialEq)]
pub struct Series(Vec<f64>);

/// Why numbers are not a series that can be modelled.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum SeriesError {
    /// Too few points for what is asked.
    #[error("the series has {have} observations, at least {need} are needed")]
    TooShort {
        /// Observations present.
        have: usize,
        /// Observations needed.
        need: usize,
    },
    /// Too many points.
    #[error("the series has {have} points, at most {POINTS_MAX} are accepted")]
    TooLong {
        /// Points given.
        have: usize,
    },
    /// All observations are equal: there is nothing to model.
    #[error("all observations are equal, there is nothing to model")]
    Constant,
    /// A value that is not a number a market can have.
    #[error("value {index} (counted from 0) is infinite")]
    Infinite {
        /// Its place.
        index: usize,
    },
    /// A logarithm of zero or less was asked for.
    #[error("value {index} (counted from 0) is not above zero, so it has no logarithm")]
    NotPositive {
        /// Its place.
        index: usize,
    },
}

impl Series {
    /// Checks the values; `NaN` means missing.
    ///
    /// # Errors
    /// See [`SeriesError`].
    pub fn new(values: Vec<f64>) -> Result<Self, SeriesError> {
        if values.len() > POINTS_MAX {
            return Err(SeriesError::TooLong { have: values.len() });
        }
        if let Some(index) = values.iter().position(|v| v.is_infinite()) {
            return Err(SeriesError::Infinite { index });
        }
        let mut present = values.iter().copied().filter(|v| !v.is_nan());
        let have = present.clone().count();
        let Some(first) = present.next().filter(|_| have >= 2) else {
            return Err(SeriesError::TooShort { have, need: 2 });
        };
        if present.all(|v| v.total_cmp(&first).is_eq()) {
            return Err(SeriesError::Constant);
        }
        Ok(Self(values))
    }

    /// The natural logarithm of every value.
    ///
    /// # Errors
    /// [`SeriesError::NotPositive`], and what [`Series::new`] refuses.
    pub fn log(&self) -> Result<Self, SeriesError> {
        if let Some(index) = self.0.iter().position(|v| *v <= 0.0) {
            return Err(SeriesError::NotPositive { index });
        }
        Self::new(self.0.iter().map(|v| v.ln()).collect())
    }

    /// Every value times `factor`.
    ///
    /// # Errors
    /// What [`Series::new`] refuses.
    pub fn scaled(&self, factor: f64) -> Result<Self, SeriesError> {
        Self::new(self.0.iter().map(|v| v * factor).collect())
    }

    /// The values; `NaN` is missing.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// Values that are present.
    #[must_use]
    pub fn observed(&self) -> usize {
        self.0.iter().filter(|v| !v.is_nan()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_modelled_becomes_a_series() {
        assert_eq!(Series::new(vec![]), Err(SeriesError::TooShort { have: 0, need: 2 }));
        assert_eq!(Series::new(vec![1.0, f64::NAN]), Err(SeriesError::TooShort { have: 1, need: 2 }));
        assert_eq!(Series::new(vec![3.0; 9]), Err(SeriesError::Constant));
        assert_eq!(Series::new(vec![1.0, f64::INFINITY]), Err(SeriesError::Infinite { index: 1 }));
        let series = Series::new(vec![1.0, f64::NAN, 0.0]).unwrap();
        assert_eq!((series.observed(), series.log()), (2, Err(SeriesError::NotPositive { index: 2 })));
    }
}
