//! The catalogue of metrics: one file each, with its formula and source in the header.
//!
//! A metric reads a [`Basis`] and nothing else; all of them are pure. Floats are fine here: a report, never a ledger.

pub mod basis;
pub mod cagr;
pub mod calendar;
pub mod calmar;
pub mod conditional_value_at_risk;
pub mod costs;
pub mod deflated_sharpe;
pub mod excursion;
pub mod expectancy;
pub mod exposure;
pub mod extremes;
mod from_outcome;
pub mod histogram;
pub mod market;
pub mod max_drawdown;
mod metric;
pub mod monthly;
pub mod payoff;
pub mod probabilistic_sharpe;
pub mod profit_factor;
pub mod recovery;
pub mod rolling;
pub mod sharpe;
pub mod sortino;
pub mod stats;
pub mod streaks;
pub mod top_drawdowns;
pub mod total_return;
mod track;
pub mod trade_count;
pub mod turnover;
pub mod ulcer;
pub mod value_at_risk;
pub mod volatility;
pub mod win_rate;

pub use basis::{Basis, Drawdown, Period, Trials};
pub use metric::{Measured, Measurement, Metric, Unit, number};
pub use track::{Track, Trade};

/// Every metric, in the order in which people read them.
pub const CATALOGUE: &[&Metric] = &[
    &total_return::METRIC,
    &cagr::METRIC,
    &max_drawdown::METRIC,
    &recovery::METRIC,
    &sharpe::METRIC,
    &sortino::METRIC,
    &calmar::METRIC,
    &probabilistic_sharpe::METRIC,
    &deflated_sharpe::METRIC,
    &volatility::METRIC,
    &ulcer::METRIC,
    &value_at_risk::METRIC,
    &conditional_value_at_risk::METRIC,
    &trade_count::COUNT,
    &trade_count::PER_DAY,
    &win_rate::METRIC,
    &profit_factor::METRIC,
    &payoff::METRIC,
    &expectancy::METRIC,
    &streaks::WINS,
    &streaks::LOSSES,
    &excursion::ADVERSE,
    &excursion::FAVOURABLE,
    &exposure::METRIC,
    &turnover::METRIC,
    &costs::FEES,
    &costs::SLIPPAGE,
    &costs::FUNDING,
    &market::ALPHA,
    &market::BETA,
    &extremes::BEST_DAY,
    &extremes::WORST_DAY,
    &extremes::BEST_MONTH,
    &extremes::WORST_MONTH,
    &extremes::BEST_TRADE,
    &extremes::WORST_TRADE,
];

/// Every metric's value.
#[must_use]
pub fn measure(basis: &Basis<'_>) -> Vec<Measurement> {
    CATALOGUE.iter().map(|metric| Measurement { metric, measured: (metric.compute)(basis) }).collect()
}

/// All values as one JSON object by name.
#[must_use]
pub fn to_json(all: &[Measurement]) -> serde_json::Value {
    let entries = all.iter().map(|m| (m.metric.name.to_owned(), m.to_json()));
    serde_json::Value::Object(entries.collect())
}

#[cfg(test)]
mod tests;
