//! What keeps one position of a bot within its bracket: what was seen of the price since, what is being left, what waits.
//!
//! The orders that guard are no part of this: they are the bot's [`legs`](crate::bot::Bot), found by market and mark, so an order
//! whose fate is unknown guards (and blocks) exactly as long as it may live.

use orders::Bracket;
use strategy::{OrderIntent, Tag, Words};
use types::codec::{get_option, get_side, get_terms, put_option, put_side, put_terms};
use types::wire::{Reader, WireError, Writer};
use types::{Bar, MarketId, Price, Side, SignedQty, Time};

/// Refusals of a guarding order in a row after which the engine watches the price itself.
pub(crate) const TRIES: u8 = 4;
/// Most orders of a strategy that wait for guards to go.
pub(crate) const WAITING_MAX: usize = 64;

/// Why a position is being left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Stop,
    Target,
    /// More was closed than there was.
    Overfill,
}

impl Why {
    const ALL: [Self; 3] = [Self::Stop, Self::Target, Self::Overfill];

    /// A stable code for `why`.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Stop => "bracket_stop_reached",
            Self::Target => "bracket_target_reached",
            Self::Overfill => "bracket_overfilled",
        }
    }
}

/// An order of the strategy that waits until no guard holds what it trades.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) intent: OrderIntent,
    /// The position when it was asked for: what a guard closes meanwhile is not closed twice.
    pub(crate) position: SignedQty,
    /// Why it was asked for.
    pub(crate) code: &'static str,
}

/// One position's guard.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) market: MarketId,
    /// `None`: there is nothing to keep, only something to undo.
    pub(crate) bracket: Option<Bracket>,
    /// Since when the position is on its side of zero.
    pub(crate) since: Time,
    /// The last price seen since.
    pub(crate) last: Price,
    /// The best price seen since.
    pub(crate) best: Price,
    pub(crate) leaving: Option<Why>,
    /// Refusals of guarding orders in a row.
    pub(crate) refused: u8,
    /// A trailing stop at the venue was replaced and has forgotten the best price.
    pub(crate) replaced: bool,
    /// When something was last refused: no second attempt at the same moment.
    pub(crate) tried: Option<Time>,
    /// The side on which no such position may be opened yet.
    pub(crate) barred: Option<Side>,
    pub(crate) waiting: Vec<Waiting>,
}

/// What an event shows of a price.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) low: Price,
    pub(crate) high: Price,
    pub(crate) last: Price,
}

impl Seen {
    pub(crate) const fn at(price: Price) -> Self {
        Self { low: price, high: price, last: price }
    }

    /// A bar's extremes count only when all of it came after the position.
    pub(crate) fn of_bar(bar: &Bar, since: Time) -> Self {
        if bar.open_time >= since {
            Self { low: bar.low, high: bar.high, last: bar.close }
        } else {
            Self::at(bar.close)
        }
    }
}

impl Guard {
    pub(crate) const fn new(market: MarketId, bracket: Option<Bracket>, since: Time, price: Price) -> Self {
        Self {
            market,
            bracket,
            since,
            last: price,
            best: price,
            leaving: None,
            refused: 0,
            replaced: false,
            tried: None,
            barred: None,
            waiting: Vec::new(),
        }
    }

    /// What a price does to a position with this average: the order within a bar is not known, so the worst comes first (a stop
    /// before the target, and a trailing stop behind the best price of before). `stop` and `target`: whether the engine has
    /// to watch for them, because no order at the venue does.
    pub(crate) fn see(
        &mut self,
        seen: Seen,
        average: Price,
        is_long: bool,
        stop: bool,
        target: bool,
    ) -> Option<Why> {
        let bracket = self.bracket?;
        let (worst, good) = if is_long { (seen.low, seen.high) } else { (seen.high, seen.low) };
        let fallen = |to: Price, level: Price| if is_long { to <= level } else { to >= level };
        let trails = |best: Price| bracket.trailing_price(best, is_long);
        let mut hit = bracket.stop_price(average, is_long).is_some_and(|level| fallen(worst, level));
        hit |= trails(self.best).is_some_and(|level| fallen(worst, level));
        self.best = if is_long { self.best.max(good) } else { self.best.min(good) };
        hit |= trails(self.best).is_some_and(|level| fallen(seen.last, level));
        self.last = seen.last;
        let reached = |level: Price| if is_long { good >= level } else { good <= level };
        let won = bracket.target_price(average, is_long).is_some_and(reached);
        match () {
            () if hit && stop => Some(Why::Stop),
            () if won && target => Some(Why::Target),
            () => None,
        }
    }

    pub(crate) fn save(&self, w: &mut Writer<'_>) {
        w.u16(self.market.0);
        put_option(w, self.bracket, |w, bracket| bracket.save(w));
        w.i64(self.since.0);
        w.i64(self.last.0);
        w.i64(self.best.0);
        put_option(w, self.leaving, |w, why| w.u8(why as u8));
        w.u8(self.refused);
        w.bool(self.replaced);
        put_option(w, self.tried, |w, at| w.i64(at.0));
        put_option(w, self.barred, put_side);
        w.varint(self.waiting.len() as u64);
        for Waiting { intent, position, code } in &self.waiting {
            w.u32(intent.tag.0);
            put_side(w, intent.side);
            put_terms(w, &intent.terms);
            w.bool(intent.reduce_only);
            put_option(w, intent.bracket, |w, bracket| bracket.save(w));
            w.i64(position.0);
            w.text(code);
        }
    }

    pub(crate) fn load(r: &mut Reader<'_>, words: &mut Words) -> Result<Self, WireError> {
        let market = MarketId(r.u16()?);
        let bracket = get_option(r, Bracket::load)?;
        let mut guard = Self::new(market, bracket, Time(r.i64()?), Price(r.i64()?));
        guard.best = Price(r.i64()?);
        guard.leaving =
            get_option(r, |r| Why::ALL.get(usize::from(r.u8()?)).copied().ok_or(WireError::Invalid))?;
        (guard.refused, guard.replaced) = (r.u8()?, r.bool()?);
        guard.tried = get_option(r, |r| r.i64().map(Time))?;
        guard.barred = get_option(r, get_side)?;
        let count = r.count(10)?;
        if count > WAITING_MAX {
            return Err(WireError::Invalid);
        }
        for _ in 0..count {
            let intent = OrderIntent {
                tag: Tag(r.u32()?),
                market,
                side: get_side(r)?,
                terms: get_terms(r)?,
                reduce_only: r.bool()?,
                bracket: get_option(r, Bracket::load)?,
            };
            let position = SignedQty(r.i64()?);
            guard.waiting.push(Waiting { intent, position, code: words.keep(r.text()?) });
        }
        Ok(guard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(stop: Option<u32>, target: Option<u32>, trailing: Option<u32>) -> Guard {
        let bracket = Bracket::of_bips(stop, target, trailing).unwrap();
        Guard::new(MarketId(0), bracket, Time(5), Price(10_000))
    }

    fn seen(low: i64, high: i64, last: i64) -> Seen {
        Seen { low: Price(low), high: Price(high), last: Price(last) }
    }

    #[test]
    fn a_bar_that_reaches_both_counts_as_the_stop() {
        let mut g = guard(Some(100), Some(100), None);
        let average = Price(10_000);
        assert_eq!(g.see(seen(9_901, 10_099, 10_000), average, true, true, true), None);
        assert_eq!(g.see(seen(9_900, 10_100, 10_050), average, true, true, true), Some(Why::Stop));
        assert_eq!(g.see(seen(9_900, 10_100, 10_050), average, true, false, true), Some(Why::Target));
        assert_eq!(g.see(seen(9_900, 10_100, 10_050), average, false, true, true), Some(Why::Stop));
    }

    #[test]
    fn a_trailing_stop_follows_the_best_price_and_no_other() {
        let mut g = guard(None, None, Some(100));
        let average = Price(10_000);
        assert_eq!(g.see(seen(9_950, 10_400, 10_350), average, true, true, true), None);
        assert_eq!(g.best, Price(10_400));
        // 10,400 − 1 % = 10,296.
        assert_eq!(g.see(seen(10_297, 10_300, 10_300), average, true, true, true), None);
        assert_eq!(g.see(seen(10_296, 10_300, 10_300), average, true, true, true), Some(Why::Stop));
        // The high of a bar and its close below what that high allows: that much is known of the order.
        let mut g = guard(None, None, Some(100));
        assert_eq!(g.see(seen(9_990, 10_500, 10_390), average, true, true, true), Some(Why::Stop));
    }

    #[test]
    fn a_bar_that_began_before_the_position_shows_its_close_only() {
        let bar = Bar { low: Price(1), high: Price(9), ..Bar::flat(types::Interval::M1, Time(4), Price(7)) };
        assert_eq!(Seen::of_bar(&bar, Time(5)).low, Price(7));
        assert_eq!(Seen::of_bar(&bar, Time(4)).low, Price(1));
    }
}
