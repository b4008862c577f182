//! Figures that tickers derive from statistics, in integers.

use exchange_host::view::market::Stats;
use types::{Market, Price, decimal};

/// `priceChangePercent`: (last − open) / open in percent, three decimals, rounded half away from zero.
pub(crate) fn change_percent(stats: &Stats) -> String {
    let (open, last) = (i128::from(stats.open.0), i128::from(stats.last.0));
    if open == 0 {
        return decimal::format(0, 3);
    }
    let scaled = (last - open) * 100_000;
    let half = if scaled < 0 { -open / 2 } else { open / 2 };
    decimal::format((scaled + half) / open, 3)
}

/// `weightedAvgPrice`: quote volume / base volume at the price's scale, rounded down; 0 without trades.
pub(crate) fn weighted_average(market: &Market, stats: &Stats) -> Price {
    let shrink = i32::from(market.price_scale) + i32::from(market.base.scale) - i32::from(market.quote.scale);
    let Ok(shrink) = u32::try_from(shrink) else { return Price(0) };
    // A listing refuses scales whose sum leaves the range of 10^18 in i128 arithmetic.
    let scaled = 10_i128.checked_pow(shrink).and_then(|unit| stats.quote_volume.0.checked_mul(unit));
    let average = scaled.and_then(|scaled| scaled.checked_div(stats.volume.0)).unwrap_or(0);
    Price(i64::try_from(average).unwrap_or(0))
}
