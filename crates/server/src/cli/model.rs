//! `tradewind model`: forecasts, from one CSV file or from recorded bars.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Output;

#[derive(Subcommand, Debug)]
pub(crate) enum Model {
    /// Fit a model to one column of a CSV file and forecast from its end; stores nothing
    Fit(Box<Fit>),
    /// Train a model on bars, score it on a hold-out beside the naive forecast, and store it
    Train(Box<Train>),
    /// List the stored models
    List(Output),
    /// Show all that is known about a model
    Show(Named),
    /// Score a model on the bars that came after its training
    Score(Against),
    /// Forecast the next bars
    Forecast(Against),
    /// Make a version the one that strategies use
    Promote(Named),
    /// Delete a version, or all of a model
    Delete {
        #[command(flatten)]
        named: Named,
        /// Also if it is promoted
        #[arg(long)]
        force: bool,
    },
    /// Walk all models forward through the same bars, beside the naive forecast
    Compare(Box<Compare>),
}

impl Model {
    pub(super) fn output(&self) -> Output {
        match self {
            Self::Fit(fit) => fit.output,
            Self::Train(train) => train.output,
            Self::List(output) => *output,
            Self::Show(named) | Self::Promote(named) | Self::Delete { named, .. } => named.output,
            Self::Score(against) | Self::Forecast(against) => against.output,
            Self::Compare(compare) => compare.output,
        }
    }
}

/// What can be fitted to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Algorithm {
    /// Autoregressive integrated moving average, seasonal too; without --order the order is selected
    Arima,
    /// Trend with change points, seasonalities, holidays, regressors
    Prophet,
    /// Recurrent network on returns, range, body and volume of bars
    Lstm,
    /// Exponential smoothing, its form selected
    Ets,
}

/// `model fit`.
#[derive(Args, Debug)]
pub(crate) struct Fit {
    /// CSV file with a header line; separators , ; or tab; NA, NaN, null or nothing means missing
    #[arg(value_name = "FILE.csv")]
    pub(crate) file: PathBuf,
    /// Column to model: its name, or its number from 1 [default: close, value, y, or the only one that is not the time]
    #[arg(long, value_name = "NAME")]
    pub(crate) column: Option<String>,
    /// Column of the times: dates, date-times, or seconds, ms, µs, ns since 1970 [default: ds, ts, time, timestamp, date]
    #[arg(long, value_name = "NAME")]
    pub(crate) time_column: Option<String>,
    /// Use only the first N rows
    #[arg(long, value_name = "N")]
    pub(crate) rows: Option<usize>,
    /// Model the natural logarithm of the values
    #[arg(long)]
    pub(crate) log: bool,
    /// Multiply the values (after the logarithm) by this
    #[arg(long, value_name = "FACTOR", allow_hyphen_values = true)]
    pub(crate) scale: Option<f64>,
    /// The model
    #[arg(long, value_enum)]
    pub(crate) algorithm: Algorithm,
    /// Steps to forecast, 1 to 10000
    #[arg(long, value_name = "STEPS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) horizon: u32,
    /// Steps in a season, for the selection of an ARIMA's order and for ETS
    #[arg(long, value_name = "STEPS")]
    pub(crate) period: Option<usize>,
    #[command(flatten)]
    pub(crate) arima: Arima,
    #[command(flatten)]
    pub(crate) prophet: Prophet,
    #[command(flatten)]
    pub(crate) lstm: Lstm,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Options of `--algorithm arima`.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "ARIMA")]
pub(crate) struct Arima {
    /// Orders p,d,q [default: selected by KPSS, seasonal strength and AICc]
    #[arg(long, value_name = "p,d,q", value_delimiter = ',', num_args = 1)]
    pub(crate) order: Vec<usize>,
    /// Seasonal orders and period P,D,Q,s
    #[arg(long, value_name = "P,D,Q,s", value_delimiter = ',', num_args = 1)]
    pub(crate) seasonal: Vec<usize>,
    /// Estimate a mean (of a series that is not differenced)
    #[arg(long, conflicts_with = "drift")]
    pub(crate) mean: bool,
    /// Estimate a drift (of a series differenced once)
    #[arg(long)]
    pub(crate) drift: bool,
    /// Evaluate the likelihood at these parameters instead of fitting, like ar1=0.5,ma1=-0.2,sigma2=0.3;
    /// a missing sigma2, mean or drift takes its best value there
    #[arg(long, value_name = "NAME=VALUE,...", value_delimiter = ',', num_args = 1)]
    pub(crate) at: Vec<String>,
}

/// Options of `--algorithm prophet`.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Prophet")]
pub(crate) struct Prophet {
    /// Shape of the trend: linear or flat [default: linear]
    #[arg(long, value_name = "SHAPE")]
    pub(crate) growth: Option<String>,
    /// Possible change points [default: 25]
    #[arg(long, value_name = "N")]
    pub(crate) changepoints: Option<usize>,
    /// First share of the history that may have them, 0 to 1 [default: 0.8]
    #[arg(long, value_name = "SHARE")]
    pub(crate) changepoint_range: Option<f64>,
    /// How readily the trend bends, above 0 [default: 0.05]
    #[arg(long, value_name = "SCALE")]
    pub(crate) changepoint_prior_scale: Option<f64>,
    /// additive or multiplicative [default: additive]
    #[arg(long, value_name = "MODE")]
    pub(crate) seasonality_mode: Option<String>,
    /// How large the usual seasonalities may be, above 0 [default: 10]
    #[arg(long, value_name = "SCALE")]
    pub(crate) seasonality_prior_scale: Option<f64>,
    /// Yearly seasonality: auto, off, on, or its number of Fourier pairs [default: auto]
    #[arg(long, value_name = "ORDER")]
    pub(crate) yearly: Option<String>,
    /// Weekly seasonality, likewise
    #[arg(long, value_name = "ORDER")]
    pub(crate) weekly: Option<String>,
    /// Daily seasonality, likewise
    #[arg(long, value_name = "ORDER")]
    pub(crate) daily: Option<String>,
    /// Another seasonality: `NAME:PERIOD_DAYS:ORDER[:PRIOR_SCALE[:MODE]]` (may be repeated)
    #[arg(long, value_name = "SPEC")]
    pub(crate) seasonality: Vec<String>,
    /// CSV file of holidays: holiday, ds, and optionally lower_window, upper_window, prior_scale
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) holidays: Option<PathBuf>,
    /// How large holiday effects may be, above 0 [default: 10]
    #[arg(long, value_name = "SCALE")]
    pub(crate) holidays_prior_scale: Option<f64>,
    /// A column that explains part of the values: `NAME[:PRIOR_SCALE[:MODE]]` (may be repeated); its future values stand in
    /// rows at the end whose value is missing
    #[arg(long, value_name = "SPEC")]
    pub(crate) regressor: Vec<String>,
    /// Distance of the forecast's times, like 15m, 1h, 1d [default: the most frequent one of the file]
    #[arg(long, value_name = "STEP")]
    pub(crate) step: Option<String>,
    /// Share of simulated futures inside the interval, 0 to below 1 [default: 0.8]
    #[arg(long, value_name = "SHARE")]
    pub(crate) interval_width: Option<f64>,
    /// Simulated futures, 0 for none [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) samples: Option<usize>,
    /// Seed of the simulated futures and of an LSTM's weights; same seed, same bits [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

/// Options of `--algorithm lstm`.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "LSTM")]
pub(crate) struct Lstm {
    /// First weights: JSON with weight_ih, weight_hh, bias_ih, bias_hh, lin_w, lin_b in torch's layout
    #[arg(long, value_name = "FILE.json")]
    pub(crate) init: Option<PathBuf>,
    /// Hidden units of each layer, 1 to 512 [default: 32]
    #[arg(long, value_name = "N")]
    pub(crate) hidden: Option<usize>,
    /// Layers, 1 or 2 [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) layers: Option<usize>,
    /// Steps that a forecast sees [default: 60]
    #[arg(long, visible_alias = "seq", value_name = "STEPS")]
    pub(crate) window: Option<usize>,
    /// Passes over the windows [default: 20]
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<usize>,
    /// Windows of one step of the optimiser [default: 32]
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<usize>,
    /// Adam's learning rate [default: 0.001]
    #[arg(long, visible_alias = "lr", value_name = "RATE")]
    pub(crate) rate: Option<f64>,
    /// Longest gradient [default: any]
    #[arg(long, value_name = "LENGTH")]
    pub(crate) clip: Option<f32>,
    /// Windows that train, the first ones; the rest tests [default: all but the last 12 %, at most 5000]
    #[arg(long, value_name = "N")]
    pub(crate) train: Option<usize>,
    /// Take the windows in another order in every pass
    #[arg(long)]
    pub(crate) shuffle: bool,
}

/// Where bars come from, and which.
#[derive(Args, Debug, Clone)]
pub(crate) struct BarsOf {
    /// Symbols, like BTC-PERP or BTC-PERP,ETH-PERP (pooled)
    #[arg(long, value_name = "SYMBOL,...", value_delimiter = ',', required = true)]
    pub(crate) symbol: Vec<String>,
    /// Length of a bar: 1m, 5m, 15m, 1h, 4h, 1d ...
    #[arg(long, value_name = "INTERVAL", default_value = "15m")]
    pub(crate) interval: String,
    /// Days of history, the last ones there are, 1 to 3650
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    pub(crate) days: u32,
    /// Read the bars from this CSV file (time, open, high, low, close, volume) instead of the archive
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) csv: Option<PathBuf>,
}

/// What `model train` trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Trainable {
    /// ARIMA of the logarithm, order selected
    Arima,
    /// LSTM on returns, range, volume and averages; quantiles of every horizon at once
    Lstm,
    /// Prophet of the logarithm
    Prophet,
    /// Exponential smoothing of the logarithm, form selected
    Ets,
    /// All of them; the best on the hold-out is kept
    Auto,
}

/// `model train`.
#[derive(Args, Debug)]
pub(crate) struct Train {
    /// The model
    #[arg(long, value_enum, default_value_t = Trainable::Auto)]
    pub(crate) algorithm: Trainable,
    #[command(flatten)]
    pub(crate) bars: BarsOf,
    /// Bars ahead, 1 to 500
    #[arg(long, value_name = "BARS", default_value_t = 24)]
    pub(crate) horizon: usize,
    /// Search parameters first: 27 orders for ARIMA, 30 prior scales for Prophet, successive halving of 9 networks for the LSTM
    #[arg(long)]
    pub(crate) search: bool,
    /// Seed; same seed and bars, same model
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Most passes of an LSTM over its windows
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) epochs: usize,
    /// Hidden units of an LSTM's layers, 1 to 512
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub(crate) hidden: usize,
    /// Layers of an LSTM, 1 or 2
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) layers: usize,
    /// Bars that an LSTM sees
    #[arg(long, value_name = "BARS", default_value_t = 60)]
    pub(crate) window: usize,
    /// Seconds after which the training is given up [default: 60, with --search 900]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// A stored model.
#[derive(Args, Debug)]
pub(crate) struct Named {
    /// Its id (the promoted or newest version), or id@version
    #[arg(value_name = "MODEL")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// A stored model and bars to hold it against; what it was trained on if not said otherwise.
#[derive(Args, Debug)]
pub(crate) struct Against {
    /// Its id (the promoted or newest version), or id@version
    #[arg(value_name = "MODEL")]
    pub(crate) name: String,
    /// Another symbol than the first it was trained on
    #[arg(long, value_name = "SYMBOL")]
    pub(crate) symbol: Option<String>,
    /// Days of bars, the last ones there are [default: as it was trained on]
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<u32>,
    /// Read the bars from this CSV file instead of the archive
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) csv: Option<PathBuf>,
    /// Bars ahead [default: as it was trained for]
    #[arg(long, value_name = "BARS")]
    pub(crate) horizon: Option<usize>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// `model compare`.
#[derive(Args, Debug)]
pub(crate) struct Compare {
    #[command(flatten)]
    pub(crate) bars: BarsOf,
    /// Bars ahead
    #[arg(long, value_name = "BARS", default_value_t = 24)]
    pub(crate) horizon: usize,
    /// Origins between trainings
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) refit_every: usize,
    /// Share of the bars before the first origin, 0.2 to 0.95
    #[arg(long, value_name = "SHARE", default_value_t = 0.6)]
    pub(crate) first: f64,
    /// Bars before an origin that its training may not see
    #[arg(long, value_name = "BARS", default_value_t = 0)]
    pub(crate) embargo: usize,
    /// Passes of the LSTM; 0 leaves it out
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) epochs: usize,
    /// Write a plot of the last forecasts to this file
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}
