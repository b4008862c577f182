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
    /// Candles of which the last is still open: kept until it closes, see [`crate::Key::within`].
    OpenCandles,
    /// Candles that are all closed: they never change, and are kept as long as there is room.
    ClosedCandles,
    /// Markets and their rules.
    Markets,
    /// People's own settings and profiles.
    Profiles,
    /// What venues say about themselves.
    Venues,
    /// Logins. Their owner keeps them, since an ending must beat the cache; they are counted here.
    Sessions,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::General,
        Self::Tickers,
        Self::Books,
        Self::OpenCandles,
        Self::ClosedCandles,
        Self::Markets,
        Self::Profiles,
        Self::Venues,
        Self::Sessions,
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
            Self::Sessions => "sessions",
        }
    }

    /// Most entries in memory; one of more than [`ENTRY_LEN`] bytes counts as several.
    #[must_use]
    pub const fn capacity(self) -> u64 {
        match self {
            Self::General | Self::Tickers | Self::Books | Self::Venues => 1_000,
            Self::OpenCandles | Self::ClosedCandles => 2_000,
            Self::Markets => 100,
            Self::Profiles | Self::Sessions => 10_000,
        }
    }

    /// How old a value may be. What moves with time as well as with the market is a second old at most: the stream tells the rest.
    #[must_use]
    pub const fn life(self) -> Duration {
        Duration::from_secs(match self {
            Self::Tickers | Self::Books => 1,
            Self::General => 60,
            Self::Venues | Self::Markets => 300,
            Self::Profiles => 3_600,
            // The longest of the intervals; each key says its own.
            Self::OpenCandles | Self::Sessions => DAY,
            Self::ClosedCandles => FOR_EVER,
        })
    }

    /// How long Redis keeps a value. Not for ever: nobody but its expiry would remove it there.
    #[must_use]
    pub const fn remote_life(self) -> Duration {
        match self {
            Self::General => Duration::from_secs(300),
            Self::ClosedCandles => Duration::from_secs(DAY),
            other => other.life(),
        }
    }
}

/// Bytes of a value up to which it counts as one entry: a class of 2,000 entries holds 16 MiB at most.
pub const ENTRY_LEN: usize = 8 * 1024;

/// Seconds.
const DAY: u64 = 86_400;
/// A century, seconds.
const FOR_EVER: u64 = 100 * 365 * DAY;

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
            assert!(class.remote_life() >= class.life().min(Duration::from_secs(DAY)));
        }
    }
}
