//! What somebody asks to be back-tested, in JSON, and in the words that are kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use store::models::Model;
use utoipa::ToSchema;

use crate::Problem;
use crate::app::App;
use crate::models::registry_name;
use crate::research::{BacktestSpec, Conditions, Guards, Venue};
use crate::routes::accounts::name_of;
use crate::wire::{Decimal, Moment, Scalar, rfc3339};

/// Most instruments of one run.
const SYMBOLS_MAX: usize = 20;
/// Start money unless told otherwise.
const CASH: &str = "100000";

/// On what a strategy is run.
#[derive(Clone, Debug)]
pub(crate) struct ConditionsBody {
    pub(crate) symbols: Vec<String>,
    pub(crate) interval: Option<String>,
    pub(crate) from: Option<Moment>,
    pub(crate) to: Option<Moment>,
    pub(crate) source: Option<String>,
    pub(crate) params: BTreeMap<String, Scalar>,
    pub(crate) cash: Option<Decimal>,
    pub(crate) bracket: Guards,
    pub(crate) venue: Venue,
}

/// A back-test to be run.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewBacktest)]
pub(crate) struct NewBacktestBody {
    /// One's own name for it, at most 40 characters.
    name: Option<String>,
    /// A strategy of `/api/strategies`.
    strategy: String,
    /// One of one's own trained models: the strategy `forecast` trades on what its newest version says.
    pub(super) model_id: Option<String>,
    /// Instruments like `BTCUSDT` or `binance:BTCUSDT`, in the strategy's order.
    #[schema(min_items = 1)]
    symbols: Vec<String>,
    /// Length of the bars to decide on; that of the data when absent.
    interval: Option<String>,
    /// First moment of the data that counts.
    #[schema(value_type = Option<String>)]
    from: Option<Moment>,
    /// First moment that no longer counts.
    #[schema(value_type = Option<String>)]
    to: Option<Moment>,
    /// `archive` (imported data), `exchange` (the built-in exchange's own candles); when absent the archive if it has the
    /// instrument, else the exchange.
    source: Option<String>,
    /// Parameters of the strategy; what is not given has its default.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Scalar>)]
    params: BTreeMap<String, Scalar>,
    /// Start money in the quote asset; 100,000 when absent.
    cash: Option<Decimal>,
    /// What guards every position, whatever the strategy does; nothing when absent.
    #[serde(default)]
    bracket: Guards,
    /// How the simulated venue behaves.
    #[serde(default)]
    venue: Venue,
}

impl NewBacktestBody {
    /// In the words that are kept.
    pub(super) fn spec(self, app: &App, model: Option<&Model>) -> Result<BacktestSpec, Problem> {
        let name = self.name.as_deref().map(name_of).transpose()?.unwrap_or_default();
        let on = ConditionsBody {
            symbols: self.symbols,
            interval: self.interval,
            from: self.from,
            to: self.to,
            source: self.source,
            params: self.params,
            cash: self.cash,
            bracket: self.bracket,
            venue: self.venue,
        };
        let model = model.map(|model| format!("{}@{}", registry_name(model.id), model.version));
        Ok(BacktestSpec { name, strategy: self.strategy, model, on: on.conditions(app)? })
    }
}

impl ConditionsBody {
    /// In the words that are kept.
    pub(crate) fn conditions(self, app: &App) -> Result<Conditions, Problem> {
        if self.symbols.is_empty() || self.symbols.len() > SYMBOLS_MAX {
            return Err(Problem::refused("symbols", format!("a run is on 1 to {SYMBOLS_MAX} instruments")));
        }
        for symbol in &self.symbols {
            app.instrument_id(symbol)?;
        }
        if self.source.as_deref().is_some_and(|source| source != "archive" && source != "exchange") {
            return Err(Problem::refused("source", "source is archive or exchange"));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            return Err(Problem::refused("from", "from is before to"));
        }
        let text = |moment: Moment| rfc3339(moment.0);
        Ok(Conditions {
            symbols: self.symbols,
            interval: self.interval,
            from: self.from.map(text),
            to: self.to.map(text),
            source: self.source,
            params: self.params.into_iter().map(|(name, value)| (name, value.0)).collect(),
            cash: self.cash.map_or_else(|| CASH.to_owned(), |cash| cash.as_str().to_owned()),
            bracket: self.bracket,
            venue: self.venue,
        })
    }
}

/// What a back-test gave. Amounts are in `currency`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = BacktestResult)]
pub(crate) struct ResultBody {
    /// The quote asset.
    currency: String,
    /// Start money.
    start_equity: String,
    /// Worth at the end.
    final_equity: String,
    /// Total return in percent.
    return_pct: f64,
    /// Largest fall from a highest point, in percent.
    max_drawdown_pct: f64,
    /// Bars that were played.
    bars: u64,
    /// Orders sent.
    orders: u64,
    /// Fills.
    fills: u64,
    /// Round trips that ended.
    trades: u64,
    /// Fees paid.
    fees: String,
    /// What takers lost to slippage.
    slippage: String,
    /// Price times quantity of all fills.
    turnover: String,
    /// All measures by name, each with its value, unit and interval.
    #[schema(value_type = Object)]
    metrics: serde_json::Value,
    /// What a reader of the result must know.
    warnings: Vec<String>,
    /// Processor time of the run, seconds.
    cpu_seconds: f64,
}
