//! `tradewind model`: forecasts, from one CSV file or from recorded bars.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Output;

#[derive(Subcommand, Debug)]
pub(crate) enum Model {
    /// Fit a model to one column of a CSV file and forecast from its end; stores nothing
    Fit(Box<Fit>),
}

impl Model {
    pub(super) fn output(&self) -> Output {
        match self {
            Self::Fit(fit) => fit.output,
        }
    }
}

/// What can be fitted to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Algorithm {
    /// Autoregressive integrated moving average, seasonal too
    Arima,
    /// Trend with change points, seasonalities, holidays, regressors
    Prophet,
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
    #[command(flatten)]
    pub(crate) arima: Arima,
    #[command(flatten)]
    pub(crate) prophet: Prophet,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Options of `--algorithm arima`.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "ARIMA")]
pub(crate) struct Arima {
    /// Orders p,d,q
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
    /// Another seasonality: NAME:PERIOD_DAYS:ORDER[:PRIOR_SCALE[:MODE]] (may be repeated)
    #[arg(long, value_name = "SPEC")]
    pub(crate) seasonality: Vec<String>,
    /// CSV file of holidays: holiday, ds, and optionally lower_window, upper_window, prior_scale
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) holidays: Option<PathBuf>,
    /// How large holiday effects may be, above 0 [default: 10]
    #[arg(long, value_name = "SCALE")]
    pub(crate) holidays_prior_scale: Option<f64>,
    /// A column that explains part of the values: NAME[:PRIOR_SCALE[:MODE]] (may be repeated); its future values stand in
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
    /// Seed of the simulated futures; same seed, same bits [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}
