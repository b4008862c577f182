//! Route classes and tiers: capacity = the tier's base × the class's multiplier, refilled within a minute.
//!
//! The defaults let ordinary automation through: a hundred programs of one user, who log in within ten seconds from one address, ask
//! fifty times a second and place eight orders a second, see no refusal (a test plays it in virtual time).

use crate::bucket::Rate;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Orders and cancels.
    Trading,
    /// Reads of one's own things.
    Account,
    /// Public market data.
    Market,
    /// Back-tests, training, exports: what costs seconds.
    Heavy,
    /// Logging in and going on.
    Login,
    /// Administration.
    Administration,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Trading, Self::Account, Self::Market, Self::Heavy, Self::Login, Self::Administration];

    /// Its name in headers, metrics and reasons.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trading => "trading",
            Self::Account => "account",
            Self::Market => "market",
            Self::Heavy => "heavy",
            Self::Login => "login",
            Self::Administration => "administration",
        }
    }

    /// How long it is served when there is too much to do.
    #[must_use]
    pub const fn priority(self) -> Priority {
        match self {
            Self::Trading => Priority::Last,
            Self::Account | Self::Login | Self::Administration => Priority::Later,
            Self::Market => Priority::Early,
            Self::Heavy => Priority::First,
        }
    }

    /// Times the tier's base, in hundredths.
    const fn multiplier(self) -> u64 {
        match self {
            // 3,000 a minute for a trader: fifty a second.
            Self::Trading => 100,
            // 9,000 a minute: a hundred programs that look every second have 50 % to spare.
            Self::Account => 300,
            Self::Market => 400,
            Self::Heavy => 4,
            Self::Login => 40,
            Self::Administration => 20,
        }
    }
}

/// When a request is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// At the first sign of too much load.
    First,
    /// Soon after.
    Early,
    /// Under high load.
    Later,
    /// Only when nothing works any more.
    Last,
}

/// Whose request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Nobody who is known: an address.
    Address,
    /// Looks.
    Viewer,
    /// Trades.
    Trader,
    /// Administers.
    Admin,
}

impl Tier {
    /// Requests a minute at multiplier 1.
    const fn base(self) -> u64 {
        match self {
            // Many people may be behind one address.
            Self::Address => 3_000,
            Self::Viewer => 1_500,
            Self::Trader | Self::Admin => 3_000,
        }
    }
}

/// How much a tier may ask of a class: so many at once, and so many again within a minute.
#[must_use]
pub const fn rate(tier: Tier, class: Class) -> Rate {
    Rate { capacity: tier.base() * class.multiplier() / 100, refill_ms: 60_000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_every_tier_lets_something_through() {
        for tier in [Tier::Address, Tier::Viewer, Tier::Trader, Tier::Admin] {
            for class in Class::ALL {
                assert!(rate(tier, class).capacity >= 20, "{tier:?} {class:?}");
            }
        }
        assert_eq!(rate(Tier::Trader, Class::Trading).capacity, 3_000);
    }

    #[test]
    fn orders_and_cancels_are_put_off_last() {
        assert!(Class::ALL.iter().all(|class| class.priority() <= Class::Trading.priority()));
        assert!(Class::ALL.iter().filter(|c| c.priority() == Priority::Last).count() == 1);
    }
}
