//! What the API needs of whoever trains models and forecasts with them; `server` puts it together from the workers of the jobs'
//! queue, the registry and the prediction service.

use bus::bots::FoundModel;
use store::{JobId, ModelId};
use types::Time;

use crate::ports::{PortError, Reply};

/// Kind of the jobs that train models. A job's subject is the model's id.
pub const TRAINING_JOB: &str = "training";
/// What a model's row says of its training when it ended well.
pub const TRAINED: &str = "trained";
/// What it says when its time was over.
pub const TIMED_OUT: &str = "timed-out";

/// A model's name in the registry. It follows from its id, so that nobody reaches another's.
#[must_use]
pub fn registry_name(id: ModelId) -> String {
    format!("m-{id}")
}

/// What to train.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Training {
    /// `arima`, `prophet`, `lstm`, `ets` or `auto`.
    pub algorithm: String,
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
    /// Time limit in seconds.
    pub limit_s: u64,
}

impl Training {
    /// From a model's row: what its owner asked for.
    ///
    /// # Errors
    /// A sentence on what cannot be read.
    pub fn of_row(model: &store::models::Model) -> Result<Self, String> {
        crate::routes::models::training_of(&model.params)
    }
}

/// What a training does this moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub stage: String,
    /// Part of that stage, 0 to 1.
    pub share: f64,
    /// Last loss.
    pub loss: Option<f64>,
    /// Seconds until the stage ends.
    pub remaining_s: Option<f64>,
}

/// A bar that somebody gives: open, high, low, close, volume.
pub type Row = [f64; 5];

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The model's name in the registry.
    pub name: String,
    /// Length of a bar, like `15m`.
    pub interval: String,
    /// The market it is about.
    pub symbol: String,
    /// The last bars, oldest first, instead of the market's own.
    pub rows: Option<Vec<Row>>,
    /// Bars ahead.
    pub horizon: usize,
    /// Compute it even if the answer is known.
    pub bypass_cache: bool,
    /// Whether it may be answered together with others.
    pub allow_batching: bool,
}

/// A future bar's close: the median, and the ends of the interval that holds 80 % of futures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The bar's close.
    pub at: Time,
    /// Median.
    pub mean: f64,
    /// 10 % of futures lie below.
    pub low: f64,
    /// 10 % of futures lie above.
    pub high: f64,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The version that answered.
    pub version: u32,
    /// The close of the last bar that was seen.
    pub seen: Time,
    /// Its price: what the naive forecast says.
    pub naive: f64,
    /// The next bars.
    pub steps: Vec<Step>,
    /// True if it was known already.
    pub cached: bool,
    /// Questions answered together with it.
    pub batch: usize,
}

/// Trains models and asks them.
pub trait Models: Send + Sync + 'static {
    /// Checks ranges without doing anything.
    ///
    /// # Errors
    /// Refused: what is out of its range.
    fn check(&self, training: &Training) -> Result<(), PortError>;
    /// What a training that runs in this process does.
    fn progress(&self, job: JobId) -> Option<Progress>;
    /// A version as bots keep it, by its name in the registry (`name@version`); reads a file.
    ///
    /// # Errors
    /// Refused: there is none, or bots cannot have it.
    fn for_bot(&self, label: String) -> Reply<'_, Result<FoundModel, PortError>>;
    /// A forecast by the newest version.
    fn forecast(&self, ask: Ask) -> Reply<'_, Result<Forecast, PortError>>;
    /// Closed bars from about `from` on: when each closed, and its close. None if nothing is known of the market.
    fn closes(
        &self,
        symbol: String,
        interval: String,
        from: Time,
    ) -> Reply<'_, Result<Vec<(Time, f64)>, PortError>>;
    /// Removes all versions.
    fn remove(&self, name: String) -> Reply<'_, Result<(), PortError>>;
}
