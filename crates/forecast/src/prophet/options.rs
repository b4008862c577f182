//! What the model is made of.

/// Longest Fourier series, in pairs.
pub const ORDER_MAX: usize = 50;
/// Most features (columns of X): the normal equations are dense.
pub const FEATURES_MAX: usize = 1_000;
/// Most change points.
pub const CHANGEPOINTS_MAX: usize = 500;

/// The shape of the trend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Piecewise linear.
    Linear,
    /// A constant.
    Flat,
}

/// How a component acts on the trend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Is added to it.
    Additive,
    /// Is multiplied with it.
    Multiplicative,
}

/// Whether one of the usual seasonalities is part of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auto {
    /// If the history is long and fine enough: two years for a year, two weeks for a week, two days for a day.
    Auto,
    /// No.
    Off,
    /// With so many Fourier pairs.
    Order(usize),
}

/// A periodic component.
#[derive(Clone, Debug, PartialEq)]
pub struct Seasonality {
    /// Its name, unique.
    pub name: String,
    /// Its period in days, above 0.
    pub period_days: f64,
    /// Fourier pairs, 1..=[`ORDER_MAX`].
    pub order: usize,
    /// Standard deviation of its coefficients' prior.
    pub prior_scale: f64,
    /// How it acts.
    pub mode: Mode,
}

/// Days that are not like others.
#[derive(Clone, Debug, PartialEq)]
pub struct Holiday {
    /// Its name, unique.
    pub name: String,
    /// Days since 1970-01-01 UTC, future ones included.
    pub days: Vec<i64>,
    /// How many days around it have an effect of their own: from this (≤ 0) …
    pub window_from: i64,
    /// … to this (≥ 0).
    pub window_to: i64,
    /// Standard deviation of its coefficients' prior.
    pub prior_scale: f64,
}

/// A known series that explains part of y. Its values come with the times, past and future.
#[derive(Clone, Debug, PartialEq)]
pub struct Regressor {
    /// Its name, unique.
    pub name: String,
    /// Standard deviation of its coefficient's prior.
    pub prior_scale: f64,
    /// Whether it is centred and scaled by its history first.
    pub standardize: bool,
    /// How it acts.
    pub mode: Mode,
}

/// The model's options; [`Options::default`] is the published default.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Shape of the trend.
    pub growth: Growth,
    /// Possible change points, spread evenly over the first part of the history.
    pub changepoints: usize,
    /// That first part, 0..=1.
    pub changepoint_range: f64,
    /// τ: the larger, the more the trend may bend.
    pub changepoint_prior_scale: f64,
    /// Mode of the usual seasonalities and of holidays.
    pub seasonality_mode: Mode,
    /// Prior scale of the usual seasonalities.
    pub seasonality_prior_scale: f64,
    /// The year (365.25 days, 10 pairs).
    pub yearly: Auto,
    /// The week (3 pairs).
    pub weekly: Auto,
    /// The day (4 pairs).
    pub daily: Auto,
    /// More seasonalities.
    pub seasonalities: Vec<Seasonality>,
    /// Holidays.
    pub holidays: Vec<Holiday>,
    /// Extra regressors.
    pub regressors: Vec<Regressor>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            growth: Growth::Linear,
            changepoints: 25,
            changepoint_range: 0.8,
            changepoint_prior_scale: 0.05,
            seasonality_mode: Mode::Additive,
            seasonality_prior_scale: 10.0,
            yearly: Auto::Auto,
            weekly: Auto::Auto,
            daily: Auto::Auto,
            seasonalities: Vec::new(),
            holidays: Vec::new(),
            regressors: Vec::new(),
        }
    }
}

/// Why no model can be had.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ProphetError {
    /// Fewer than two values.
    #[error("{have} values are present, at least 2 are needed")]
    TooShort {
        /// Values present.
        have: usize,
    },
    /// Different lengths of times, values or regressors.
    #[error("{what} has {have} entries, the times have {need}")]
    Length {
        /// What has the wrong length.
        what: String,
        /// Its length.
        have: usize,
        /// The length needed.
        need: usize,
    },
    /// Times must rise.
    #[error("time {index} (counted from 0) is not later than the one before")]
    Unsorted {
        /// Its place.
        index: usize,
    },
    /// An infinity, or a regressor's gap.
    #[error("{what}: value {index} (counted from 0) is not a finite number")]
    NotFinite {
        /// Where.
        what: String,
        /// Its place.
        index: usize,
    },
    /// An option out of its range.
    #[error("{name} is out of its range: {range}")]
    Option {
        /// Which.
        name: &'static str,
        /// The range in words.
        range: &'static str,
    },
    /// A name used twice.
    #[error("the name {0:?} is used twice")]
    Name(String),
    /// A regressor that never changes cannot be told from the trend.
    #[error("regressor {0:?} is constant over the history")]
    ConstantRegressor(String),
    /// The normal equations could not be solved.
    #[error("the features cannot be told apart: the equations have no unique solution")]
    Singular,
}

impl Options {
    /// Checks ranges and names.
    ///
    /// # Errors
    /// [`ProphetError::Option`], [`ProphetError::Name`].
    pub fn check(&self) -> Result<(), ProphetError> {
        let positive = |v: f64| v > 0.0 && v.is_finite();
        let bad = |name, range| Err(ProphetError::Option { name, range });
        if self.changepoints > CHANGEPOINTS_MAX {
            return bad("changepoints", "0 to 500");
        }
        if !(0.0..=1.0).contains(&self.changepoint_range) {
            return bad("changepoint_range", "0 to 1");
        }
        if !positive(self.changepoint_prior_scale) || !positive(self.seasonality_prior_scale) {
            return bad("a prior scale", "above 0");
        }
        let autos = [self.yearly, self.weekly, self.daily];
        let orders = autos.iter().filter_map(|a| if let Auto::Order(n) = a { Some(*n) } else { None });
        if orders.chain(self.seasonalities.iter().map(|s| s.order)).any(|n| n == 0 || n > ORDER_MAX) {
            return bad("a seasonality's order", "1 to 50");
        }
        if self.seasonalities.iter().any(|s| !positive(s.period_days) || !positive(s.prior_scale)) {
            return bad("a seasonality's period or prior scale", "above 0");
        }
        if self.holidays.iter().any(|h| {
            h.window_from > 0
                || h.window_to < 0
                || h.window_to - h.window_from > 60
                || !positive(h.prior_scale)
        }) {
            return bad(
                "a holiday's window or prior scale",
                "a window around 0 of at most 60 days, a scale above 0",
            );
        }
        if self.regressors.iter().any(|r| !positive(r.prior_scale)) {
            return bad("a regressor's prior scale", "above 0");
        }
        let mut names: Vec<&str> = self.seasonalities.iter().map(|s| s.name.as_str()).collect();
        names.extend(self.holidays.iter().map(|h| h.name.as_str()));
        names.extend(self.regressors.iter().map(|r| r.name.as_str()));
        names.sort_unstable();
        match names.windows(2).find(|w| w[0] == w[1]) {
            Some(w) => Err(ProphetError::Name(w[0].to_owned())),
            None => Ok(()),
        }
    }
}
