//! The platform's own "no" to an order, with the numbers in it. `Denied` is ours; `Rejected` is the venue's.

use types::{AssetId, Money, Price, Qty, SignedQty, Time};

/// Why an order may not leave. Nothing was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The kill switch is on; it is released only explicitly.
    Halted,
    /// The bot is not running.
    BotStopped,
    /// Its bracket closed this position; the strategy must want something else before it opens such a one again.
    Bracket,
    /// The book is stale or the feed is down: no decision uses it (invariant M1).
    StaleMarket,
    /// There is no price to judge the order by.
    NoPrice,
    /// Price outside the rules or off the tick.
    Price {
        /// The price.
        price: Price,
    },
    /// Quantity outside the rules or not whole lots.
    Lot {
        /// The quantity.
        qty: Qty,
    },
    /// Value below the instrument's minimum or above its maximum.
    Notional {
        /// The value.
        notional: Money,
    },
    /// Limit price too far from the last price.
    PriceBand {
        /// The limit price.
        price: Price,
        /// The last price.
        last: Price,
        /// The largest distance, hundredths of a percent.
        max_bips: u32,
    },
    /// Order larger than allowed.
    OrderQty {
        /// Asked for.
        qty: Qty,
        /// Allowed.
        max: Qty,
    },
    /// Order worth more than allowed.
    OrderNotional {
        /// Asked for.
        notional: Money,
        /// Allowed.
        max: Money,
    },
    /// Too many orders in too short a time.
    OrderRate {
        /// In the window already.
        sent: u32,
        /// Allowed.
        max: u32,
    },
    /// Not enough money that no working order has reserved.
    Balance {
        /// In which asset.
        asset: AssetId,
        /// Needed.
        needed: Money,
        /// There.
        free: Money,
    },
    /// The position could grow beyond its limit if all working orders filled.
    Position {
        /// What it could become.
        reachable: SignedQty,
        /// Allowed.
        max: Qty,
    },
    /// An order that may only reduce would open or turn the position.
    NotReducing {
        /// The position.
        position: SignedQty,
    },
    /// Too much at stake.
    Exposure {
        /// Of whom.
        of: Scope,
        /// What it would become.
        exposure: Money,
        /// Allowed.
        max: Money,
    },
    /// Equity has fallen too far from its highest.
    Drawdown {
        /// Hundredths of a percent.
        bips: u32,
        /// Allowed.
        max_bips: u32,
    },
    /// Lost too much today.
    DailyLoss {
        /// Lost.
        loss: Money,
        /// Allowed.
        max: Money,
    },
    /// Resting after a losing streak.
    CoolDown {
        /// Until when.
        until: Time,
    },
    /// A sum would leave its range.
    Overflow,
}

/// Whose exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One bot.
    Bot,
    /// One account.
    Account,
    /// Everything.
    Portfolio,
}

impl Denied {
    /// A stable code for logs, the API and `bot why`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Halted => "halted",
            Self::BotStopped => "bot_stopped",
            Self::Bracket => "bracket",
            Self::StaleMarket => "stale_market",
            Self::NoPrice => "no_price",
            Self::Price { .. } => "price",
            Self::Lot { .. } => "lot",
            Self::Notional { .. } => "notional",
            Self::PriceBand { .. } => "price_band",
            Self::OrderQty { .. } => "order_qty",
            Self::OrderNotional { .. } => "order_notional",
            Self::OrderRate { .. } => "order_rate",
            Self::Balance { .. } => "balance",
            Self::Position { .. } => "position",
            Self::NotReducing { .. } => "not_reducing",
            Self::Exposure { of: Scope::Bot, .. } => "bot_exposure",
            Self::Exposure { of: Scope::Account, .. } => "account_exposure",
            Self::Exposure { of: Scope::Portfolio, .. } => "portfolio_exposure",
            Self::Drawdown { .. } => "drawdown",
            Self::DailyLoss { .. } => "daily_loss",
            Self::CoolDown { .. } => "cool_down",
            Self::Overflow => "overflow",
        }
    }
}
