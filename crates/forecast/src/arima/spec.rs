//! What is to be estimated, and what was.

use crate::SeriesError;

/// Largest order of one polynomial.
pub const ORDER_MAX: usize = 12;
/// Longest season, in steps: a week of hours.
pub const PERIOD_MAX: usize = 168;

/// Seasonal orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seasonal {
    /// Seasonal autoregressive order, 0..=4.
    pub p: usize,
    /// Seasonal differences, 0..=1.
    pub d: usize,
    /// Seasonal moving-average order, 0..=4.
    pub q: usize,
    /// Steps in a season, 2..=[`PERIOD_MAX`].
    pub period: usize,
}

/// A constant in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regressor {
    /// None.
    None,
    /// The mean of an undifferenced series.
    Mean,
    /// The change per step of a series differenced once.
    Drift,
}

/// An ARIMA(p,d,q)(P,D,Q)s specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Autoregressive order, 0..=[`ORDER_MAX`].
    pub p: usize,
    /// Differences, 0..=2.
    pub d: usize,
    /// Moving-average order, 0..=[`ORDER_MAX`].
    pub q: usize,
    /// The seasonal part.
    pub seasonal: Option<Seasonal>,
    /// A constant.
    pub regressor: Regressor,
}

/// Estimated or given parameters, in natural units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params {
    /// φ₁ … φ_p.
    pub ar: Vec<f64>,
    /// θ₁ … θ_q.
    pub ma: Vec<f64>,
    /// Φ₁ … Φ_P.
    pub sar: Vec<f64>,
    /// Θ₁ … Θ_Q.
    pub sma: Vec<f64>,
    /// The mean or the drift, as the specification says.
    pub constant: Option<f64>,
    /// Innovation variance.
    pub sigma2: f64,
}

/// Parameters at which a likelihood is asked for. A `None` constant or variance is replaced by its best value there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// φ₁ … φ_p.
    pub ar: Vec<f64>,
    /// θ₁ … θ_q.
    pub ma: Vec<f64>,
    /// Φ₁ … Φ_P.
    pub sar: Vec<f64>,
    /// Θ₁ … Θ_Q.
    pub sma: Vec<f64>,
    /// Mean or drift.
    pub constant: Option<f64>,
    /// Innovation variance.
    pub sigma2: Option<f64>,
}

/// Why no model can be had.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ArimaError {
    /// The data.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// An order beyond its bound.
    #[error("order {name} = {value} is beyond its bound of {max}")]
    Order {
        /// Which.
        name: &'static str,
        /// Asked for.
        value: usize,
        /// Allowed.
        max: usize,
    },
    /// A seasonal part with a period below 2.
    #[error("a season has at least 2 steps")]
    Period,
    /// A mean with differencing, or a drift without exactly one difference.
    #[error("{0}")]
    Constant(&'static str),
    /// Given parameters of the wrong number.
    #[error("{name}: {have} given, the order asks for {need}")]
    Count {
        /// Which.
        name: &'static str,
        /// Given.
        have: usize,
        /// Needed.
        need: usize,
    },
    /// The autoregressive part is not stationary, so it has no exact likelihood.
    #[error("the autoregressive part is not stationary: it has a root on or inside the unit circle")]
    NotStationary,
    /// The variance is not a positive number.
    #[error("sigma2 must be a positive number")]
    Variance,
    /// A forecast continues differences from the last values, so they must be there.
    #[error("one of the last {need} values is missing, so the differences cannot be continued")]
    MissingEnd {
        /// d + s·D.
        need: usize,
    },
    /// The caller gave up.
    #[error("the search was cancelled")]
    Cancelled,
    /// No starting point gave a finite likelihood.
    #[error("no parameters with a finite likelihood were found")]
    NoFit,
}

impl Spec {
    /// A non-seasonal model without a constant.
    #[must_use]
    pub const fn new(p: usize, d: usize, q: usize) -> Self {
        Self { p, d, q, seasonal: None, regressor: Regressor::None }
    }

    /// The same with a seasonal part.
    #[must_use]
    pub const fn seasonal(mut self, p: usize, d: usize, q: usize, period: usize) -> Self {
        self.seasonal = Some(Seasonal { p, d, q, period });
        self
    }

    /// The same with a constant.
    #[must_use]
    pub const fn with(mut self, regressor: Regressor) -> Self {
        self.regressor = regressor;
        self
    }

    /// (P, D, Q, s), zeros and a period of 1 without a seasonal part.
    pub(super) fn season(&self) -> (usize, usize, usize, usize) {
        self.seasonal.map_or((0, 0, 0, 1), |s| (s.p, s.d, s.q, s.period))
    }

    /// Observations lost to differencing: d + s·D.
    #[must_use]
    pub fn lost(&self) -> usize {
        let (_, seasonal_d, _, period) = self.season();
        self.d + seasonal_d * period
    }

    /// Coefficients of the four polynomials.
    #[must_use]
    pub fn coefficients(&self) -> usize {
        let (seasonal_p, _, seasonal_q, _) = self.season();
        self.p + self.q + seasonal_p + seasonal_q
    }

    /// All estimated numbers, the variance included: what AIC counts.
    #[must_use]
    pub fn estimated(&self) -> usize {
        self.coefficients() + usize::from(self.regressor != Regressor::None) + 1
    }

    /// Checks bounds and combinations.
    ///
    /// # Errors
    /// [`ArimaError::Order`], [`ArimaError::Period`], [`ArimaError::Constant`].
    pub fn check(&self) -> Result<(), ArimaError> {
        let (seasonal_p, seasonal_d, seasonal_q, period) = self.season();
        let bounds = [
            ("p", self.p, ORDER_MAX),
            ("d", self.d, 2),
            ("q", self.q, ORDER_MAX),
            ("P", seasonal_p, 4),
            ("D", seasonal_d, 1),
            ("Q", seasonal_q, 4),
            ("period", period, PERIOD_MAX),
        ];
        if let Some((name, value, max)) = bounds.into_iter().find(|(_, value, max)| value > max) {
            return Err(ArimaError::Order { name, value, max });
        }
        if self.seasonal.is_some_and(|s| s.period < 2) {
            return Err(ArimaError::Period);
        }
        match (self.regressor, self.d + seasonal_d) {
            (Regressor::Mean, 1..) => Err(ArimaError::Constant(
                "a mean needs a series that is not differenced; ask for a drift instead",
            )),
            (Regressor::Drift, 0 | 2..) => Err(ArimaError::Constant("a drift needs exactly one difference")),
            _ => Ok(()),
        }
    }

    /// The value of the constant's regressor in the differenced series: (1−B)t = 1, (1−Bˢ)t = s.
    pub(super) fn regressor_value(&self) -> Option<f64> {
        match self.regressor {
            Regressor::None => None,
            Regressor::Mean => Some(1.0),
            Regressor::Drift if self.d == 1 => Some(1.0),
            Regressor::Drift => Some(self.season().3 as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_is_never_ambiguous() {
        assert!(Spec::new(1, 0, 0).with(Regressor::Mean).check().is_ok());
        assert!(Spec::new(1, 1, 0).with(Regressor::Drift).check().is_ok());
        assert!(Spec::new(1, 0, 0).seasonal(0, 1, 1, 12).with(Regressor::Drift).check().is_ok());
        assert!(matches!(Spec::new(1, 1, 0).with(Regressor::Mean).check(), Err(ArimaError::Constant(_))));
        assert!(matches!(Spec::new(1, 2, 0).with(Regressor::Drift).check(), Err(ArimaError::Constant(_))));
        assert!(matches!(Spec::new(13, 0, 0).check(), Err(ArimaError::Order { name: "p", .. })));
        assert_eq!(Spec::new(1, 0, 0).seasonal(1, 0, 0, 1).check(), Err(ArimaError::Period));
    }
}
