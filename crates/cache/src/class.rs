//! What is kept how long, and how much of it.

use std::time::Duration;

/// A kind of cached values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// What has no class of its own.
    General,
    /// Tickers.
    Tickers,
    /// Best levels of books.
    Books,
    /// Candles of which the last is still open.
    OpenCandles,
    /// Candles that are all closed: they never change.
    ClosedCandles,
    /// Markets and their rules.
    Markets,
    /// People's own settings and profiles.
    Profiles,
    /// What venues say about themselves.
    Venues,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::General,
        Self::Tickers,
        Self::Books,
        Self::OpenCandles,
        Self::ClosedCandles,
        Self::Markets,
        Self::Profiles,
        Self::Venues,
    ];

    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// Its name in reports and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Tickers => "tickers",
            Self::Books => "books",
            Self::OpenCandles => "open_candles",
            Self::ClosedCandles => "closed_candles",
            Self::Markets => "markets",
            Self::Profiles => "profiles",
            Self::Venues => "venues",
        }
    }

    /// Most entries in memory.
    #[must_use]
    pub const fn capacity(self) -> u64 {
        match self {
            Self::General | Self::Tickers | Self::Books | Self::Venues => 1_000,
            Self::OpenCandles | Self::ClosedCandles => 2_000,
            Self::Markets => 100,
            Self::Profiles => 10_000,
        }
    }

    /// How old a value may be. What moves with the market is a second old at most: the stream tells the rest.
    #[must_use]
    pub const fn life(self) -> Duration {
        Duration::from_secs(match self {
            Self::Tickers | Self::Books | Self::OpenCandles => 1,
            Self::General => 60,
            Self::Venues | Self::Markets => 300,
            Self::Profiles => 3_600,
            Self::ClosedCandles => 86_400,
        })
    }

    /// How old a value may be that came by way of Redis: longer only where an invalidation reaches every instance.
    #[must_use]
    pub const fn remote_life(self) -> Duration {
        match self {
            Self::General => Duration::from_secs(300),
            other => other.life(),
        }
    }
}

/// "There is no such thing" is remembered shortly: it may be made any moment.
pub(crate) const NEGATIVE_LIFE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_order_of_their_index_and_have_room() {
        for (n, class) in Class::ALL.iter().enumerate() {
            assert_eq!(class.index(), n);
            assert!(class.capacity() > 0 && class.life() > Duration::ZERO);
            assert!(class.remote_life() >= class.life());
        }
    }
}
