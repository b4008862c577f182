//! A bracket: the prices at which a position is to be left, above and below, whatever its strategy thinks by then.
//!
//! A stop guards against the loss, a target takes the profit, a trailing stop follows the best price since the position was
//! entered. Distances are counted from the position's average price, in hundredths of a percent, so a bracket means the same for
//! a long and for a short position, and moves with the average while a position is built up. The first of the parts that is
//! reached closes the position and ends the others (one cancels the other).

use types::codec::{get_option, put_option};
use types::wire::{Reader, WireError, Writer};
use types::{Bips, Price};

/// Largest distance of a stop or a trailing stop, hundredths of a percent: a price cannot fall by more than all of it.
pub const STOP_MAX: u32 = 9_900;
/// Largest distance of a target, hundredths of a percent.
pub const TARGET_MAX: u32 = 100_000;
/// The whole, in hundredths of a percent.
const WHOLE: i128 = 10_000;

/// Where a part of a bracket lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// At a price, whatever was paid.
    At(Price),
    /// So far from the position's average price.
    Off(Bips),
}

/// What a bracket is made of. At least one part; a stop and a trailing stop exclude each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bracket {
    stop: Option<Level>,
    target: Option<Level>,
    trailing: Option<Bips>,
}

/// Why something is no bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BracketError {
    /// Nothing is asked for.
    Empty,
    /// Both kinds of stop.
    TwoStops,
    /// A distance of nothing, or too large a one.
    Distance {
        /// Hundredths of a percent.
        given: u32,
        /// The largest.
        max: u32,
    },
    /// A price that is not above zero.
    Price(Price),
}

impl std::fmt::Display for BracketError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("a bracket has a stop, a target or a trailing stop"),
            Self::TwoStops => f.write_str("a stop and a trailing stop exclude each other: give one of them"),
            Self::Distance { given, max } => {
                write!(f, "a distance of {given} bps: it is from 1 to {max} (a hundredth of a percent each)")
            }
            Self::Price(price) => write!(f, "the price {} is not above zero", price.0),
        }
    }
}
impl std::error::Error for BracketError {}

impl Bracket {
    /// A bracket of these parts.
    ///
    /// # Errors
    /// See [`BracketError`].
    pub fn new(
        stop: Option<Level>,
        target: Option<Level>,
        trailing: Option<Bips>,
    ) -> Result<Self, BracketError> {
        if stop.is_none() && target.is_none() && trailing.is_none() {
            return Err(BracketError::Empty);
        }
        if stop.is_some() && trailing.is_some() {
            return Err(BracketError::TwoStops);
        }
        let parts = [(stop, STOP_MAX), (target, TARGET_MAX), (trailing.map(Level::Off), STOP_MAX)];
        for (level, max) in parts {
            match level {
                Some(Level::Off(Bips(given))) if given == 0 || given > max => {
                    return Err(BracketError::Distance { given, max });
                }
                Some(Level::At(price)) if price.0 <= 0 => return Err(BracketError::Price(price)),
                _ => {}
            }
        }
        Ok(Self { stop, target, trailing })
    }

    /// A bracket of distances, for a bot; `None` when none is given.
    ///
    /// # Errors
    /// See [`BracketError`].
    pub fn of_bips(
        stop: Option<u32>,
        target: Option<u32>,
        trailing: Option<u32>,
    ) -> Result<Option<Self>, BracketError> {
        let level = |bips: Option<u32>| bips.map(|bips| Level::Off(Bips(bips)));
        match Self::new(level(stop), level(target), trailing.map(Bips)) {
            Err(BracketError::Empty) => Ok(None),
            made => made.map(Some),
        }
    }

    /// The stop.
    #[must_use]
    pub const fn stop(&self) -> Option<Level> {
        self.stop
    }

    /// The target.
    #[must_use]
    pub const fn target(&self) -> Option<Level> {
        self.target
    }

    /// The distance of a stop that follows the best price.
    #[must_use]
    pub const fn trailing(&self) -> Option<Bips> {
        self.trailing
    }

    /// The stop's price for a position with this average; `None` without a fixed stop.
    #[must_use]
    pub fn stop_price(&self, average: Price, is_long: bool) -> Option<Price> {
        self.stop.map(|level| level.price(average, !is_long))
    }

    /// The target's price.
    #[must_use]
    pub fn target_price(&self, average: Price, is_long: bool) -> Option<Price> {
        self.target.map(|level| level.price(average, is_long))
    }

    /// The price at which a trailing stop fires when `best` was the best since: exactly where a venue's own does, last × 10,000 ≤
    /// best × (10,000 − delta) for a long position, mirrored for a short one. `None` without a trailing stop.
    #[must_use]
    pub fn trailing_price(&self, best: Price, is_long: bool) -> Option<Price> {
        let Bips(bips) = self.trailing?;
        let back = (i128::from(best.0) * i128::from(bips) + WHOLE - 1) / WHOLE;
        Some(moved(best, back, !is_long))
    }

    /// Appends it.
    pub fn save(&self, w: &mut Writer<'_>) {
        let level = |w: &mut Writer<'_>, level: Level| match level {
            Level::At(price) => {
                w.u8(0);
                w.i64(price.0);
            }
            Level::Off(Bips(bips)) => {
                w.u8(1);
                w.u32(bips);
            }
        };
        put_option(w, self.stop, level);
        put_option(w, self.target, level);
        put_option(w, self.trailing, |w, Bips(bips)| w.u32(bips));
    }

    /// Reads what [`Bracket::save`] wrote.
    ///
    /// # Errors
    /// When the bytes are not that.
    pub fn load(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let level = |r: &mut Reader<'_>| {
            Ok(match r.u8()? {
                0 => Level::At(Price(r.i64()?)),
                1 => Level::Off(Bips(r.u32()?)),
                _ => return Err(WireError::Invalid),
            })
        };
        let (stop, target) = (get_option(r, level)?, get_option(r, level)?);
        let trailing = get_option(r, |r| r.u32().map(Bips))?;
        Self::new(stop, target, trailing).map_err(|_| WireError::Invalid)
    }
}

impl Level {
    fn price(self, average: Price, is_up: bool) -> Price {
        match self {
            Self::At(price) => price,
            Self::Off(Bips(bips)) => moved(average, i128::from(average.0) * i128::from(bips) / WHOLE, is_up),
        }
    }
}

/// A price so much up or down; at least one unit above nothing.
fn moved(price: Price, by: i128, is_up: bool) -> Price {
    let by = i64::try_from(by).unwrap_or(i64::MAX);
    Price(if is_up { price.0.saturating_add(by) } else { price.0.saturating_sub(by).max(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bips(stop: u32, target: u32) -> Bracket {
        Bracket::of_bips(Some(stop), Some(target), None).unwrap().unwrap()
    }

    #[test]
    fn prices_lie_on_the_side_that_protects() {
        let bracket = bips(200, 500);
        let average = Price(3_000_000);
        assert_eq!(bracket.stop_price(average, true), Some(Price(2_940_000)));
        assert_eq!(bracket.target_price(average, true), Some(Price(3_150_000)));
        assert_eq!(bracket.stop_price(average, false), Some(Price(3_060_000)));
        assert_eq!(bracket.target_price(average, false), Some(Price(2_850_000)));
        assert_eq!(bracket.trailing_price(average, true), None);
    }

    #[test]
    fn a_trailing_stop_fires_where_a_venues_own_does() {
        let bracket = Bracket::of_bips(None, None, Some(33)).unwrap().unwrap();
        for best in [1_i64, 299, 1_001, 3_000_007, 9_999_999_999] {
            let fires = bracket.trailing_price(Price(best), true).unwrap().0;
            let back = |last: i64| i128::from(last) * 10_000 <= i128::from(best) * (10_000 - 33);
            assert!(best < 300 || (back(fires) && !back(fires + 1)), "best {best}, fires at {fires}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_no_bracket() {
        assert_eq!(Bracket::new(None, None, None), Err(BracketError::Empty));
        assert_eq!(Bracket::of_bips(None, None, None), Ok(None));
        assert_eq!(Bracket::of_bips(Some(10), None, Some(10)), Err(BracketError::TwoStops));
        let wide = Bracket::of_bips(Some(9_901), None, None);
        assert_eq!(wide, Err(BracketError::Distance { given: 9_901, max: STOP_MAX }));
        assert!(Bracket::of_bips(None, Some(0), None).unwrap_err().to_string().contains("from 1"));
        let free = Bracket::new(Some(Level::At(Price(0))), None, None);
        assert_eq!(free, Err(BracketError::Price(Price(0))));
    }

    #[test]
    fn a_bracket_is_read_back_as_it_was() {
        let all = [
            bips(200, 500),
            Bracket::of_bips(None, None, Some(33)).unwrap().unwrap(),
            Bracket::new(Some(Level::At(Price(7))), Some(Level::Off(Bips(9))), None).unwrap(),
        ];
        for bracket in all {
            let mut bytes = Vec::new();
            bracket.save(&mut Writer(&mut bytes));
            let mut r = Reader::new(&bytes);
            assert_eq!(Bracket::load(&mut r), Ok(bracket));
            assert_eq!(r.end(), Ok(()));
        }
    }
}
