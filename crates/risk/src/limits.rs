//! The limits of a bot, an account or the whole portfolio. `None` switches a limit off.

use types::{Money, Qty};

/// Limits, all optional. Money in the quote asset of the instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Most quantity in one order.
    pub order_qty_max: Option<Qty>,
    /// Most value of one order.
    pub order_notional_max: Option<Money>,
    /// Largest distance of a limit price from the last price, in hundredths of a percent.
    pub price_band_bips: Option<u32>,
    /// Largest position in one instrument, working orders counted.
    pub position_max: Option<Qty>,
    /// Largest exposure of the bot.
    pub bot_exposure_max: Option<Money>,
    /// Largest exposure of the account.
    pub account_exposure_max: Option<Money>,
    /// Largest exposure of the portfolio.
    pub portfolio_exposure_max: Option<Money>,
    /// Most orders in [`Self::order_rate_window_ns`].
    pub order_rate_max: Option<u32>,
    /// The window of the order rate, nanoseconds.
    pub order_rate_window_ns: i64,
    /// Largest fall from the highest equity, in hundredths of a percent of it.
    pub drawdown_max_bips: Option<u32>,
    /// Largest loss since the start of the UTC day.
    pub daily_loss_max: Option<Money>,
    /// Losing round trips in a row after which the bot rests.
    pub losing_streak_max: Option<u32>,
    /// How long it rests, nanoseconds.
    pub cool_down_ns: i64,
}
