//! What a person asks to be trained, and where the bars come from.

use std::time::Duration;

use forecast::market::{ArimaRecipe, Bars, Neural, Recipe};
use serde::{Deserialize, Serialize};

use crate::limits::{HORIZON_MAX, SYMBOLS_MAX, TIME_LIMIT};

/// Bars of a symbol. Implementations may be called from several threads at once.
pub trait BarSource: Send + Sync {
    /// The last `days` days of bars of `interval` (like `15m`) that there are of `symbol`.
    ///
    /// # Errors
    /// A sentence for a person: what is missing and what to do.
    fn bars(&self, symbol: &str, interval: &str, days: u32) -> Result<Bars, String>;
}

/// What to train.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// ARIMA.
    Arima,
    /// Prophet.
    Prophet,
    /// LSTM.
    Lstm,
    /// Exponential smoothing.
    Ets,
    /// All of them; the best on the hold-out stays.
    Auto,
}

/// A training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// What.
    pub choice: Choice,
    /// On which symbols, pooled.
    pub symbols: Vec<String>,
    /// Length of a bar, like `15m`.
    pub interval: String,
    /// Days of history.
    pub days: u32,
    /// Bars ahead.
    pub horizon: usize,
    /// Whether parameters are searched.
    pub search: bool,
    /// Seed of everything random.
    pub seed: u64,
    /// Most passes of an LSTM.
    pub epochs: usize,
    /// Hidden units of an LSTM.
    pub hidden: usize,
    /// Layers of an LSTM.
    pub layers: usize,
    /// Bars that an LSTM sees.
    pub window: usize,
    /// Time limit in seconds.
    pub limit_s: u64,
    /// The id of the model that it makes; without one it follows from algorithm, symbols and interval.
    #[serde(default)]
    pub name: Option<String>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            choice: Choice::Auto,
            symbols: Vec::new(),
            interval: "15m".into(),
            days: 90,
            horizon: 24,
            search: false,
            seed: 1,
            epochs: 8,
            hidden: 32,
            layers: 1,
            window: 60,
            limit_s: TIME_LIMIT.as_secs(),
            name: None,
        }
    }
}

/// Why a request makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No symbol, or too many.
    #[error("{0} symbols were given, 1 to {SYMBOLS_MAX} can be trained on")]
    Symbols(usize),
    /// A number out of range.
    #[error("{name} is out of its range: {range}")]
    Range {
        /// Which.
        name: &'static str,
        /// The range in words.
        range: &'static str,
    },
}

impl Request {
    /// Checks ranges.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn check(&self) -> Result<(), RequestError> {
        if !(1..=SYMBOLS_MAX).contains(&self.symbols.len()) {
            return Err(RequestError::Symbols(self.symbols.len()));
        }
        let checks = [
            ("days", (1..=3_650).contains(&self.days), "1 to 3650"),
            ("horizon", (1..=HORIZON_MAX.min(500)).contains(&self.horizon), "1 to 500"),
            ("epochs", (1..=1_000).contains(&self.epochs), "1 to 1000"),
            ("hidden", (1..=512).contains(&self.hidden), "1 to 512"),
            ("layers", (1..=2).contains(&self.layers), "1 or 2"),
            ("window", (1..=2_000).contains(&self.window), "1 to 2000"),
            ("the time limit", (1..=86_400).contains(&self.limit_s), "1 to 86400 seconds"),
        ];
        match checks.into_iter().find(|c| !c.1) {
            Some((name, _, range)) => Err(RequestError::Range { name, range }),
            None => Ok(()),
        }
    }

    /// Its time limit.
    #[must_use]
    pub fn limit(&self) -> Duration {
        Duration::from_secs(self.limit_s)
    }

    /// The recipes that it stands for: one, or all for [`Choice::Auto`].
    #[must_use]
    pub fn recipes(&self) -> Vec<Recipe> {
        let arima = Recipe::Arima(ArimaRecipe::Select(forecast::arima::Bounds {
            p_max: 3,
            q_max: 3,
            total_max: 4,
            ..Default::default()
        }));
        let prophet = Recipe::Prophet(Box::default());
        let lstm = Recipe::Lstm(Box::new(self.neural()));
        let ets = Recipe::Ets { period: None };
        match self.choice {
            Choice::Arima => vec![arima],
            Choice::Prophet => vec![prophet],
            Choice::Lstm => vec![lstm],
            Choice::Ets => vec![ets],
            Choice::Auto if self.symbols.len() > 1 => vec![arima, lstm],
            Choice::Auto => vec![ets, arima, prophet, lstm],
        }
    }

    /// The LSTM asked for.
    #[must_use]
    pub fn neural(&self) -> Neural {
        let options = forecast::lstm::Options {
            hidden: self.hidden,
            layers: self.layers,
            window: self.window,
            epochs: self.epochs,
            seed: self.seed,
            patience: Some(3),
            ..Default::default()
        };
        Neural { options, horizon: self.horizon, embargo: self.horizon, ..Default::default() }
    }
}
