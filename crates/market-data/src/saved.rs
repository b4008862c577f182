//! The canonical bytes of markets: same instruments and same news, same bytes. Part of an engine's snapshot, which carries the
//! version.

use std::collections::VecDeque;

use types::codec::{
    get_depth_diff, get_instrument, get_levels, get_option, put_depth_diff, put_instrument, put_levels,
    put_option,
};
use types::depth::Level;
use types::wire::{Reader, WireError, Writer};
use types::{Price, Side};

use crate::limits::BUFFERED_DIFFS_MAX;
use crate::sync::{Counters, StaleReason, State, SyncedBook};
use crate::{Book, MarketView, Markets};

/// Fewest bytes that a market takes.
const MARKET_LEN_MIN: usize = 64;
/// Fewest bytes that a buffered diff takes.
const DIFF_LEN_MIN: usize = 18;

impl Markets {
    /// Appends all markets with what they have shown.
    ///
    /// # Errors
    /// An instrument whose numbers do not fit together (a test's, never a listed one).
    pub fn save(&self, w: &mut Writer<'_>) -> Result<(), WireError> {
        w.varint(self.0.len() as u64);
        for view in &self.0 {
            put_instrument(w, &view.instrument)?;
            save_book(&view.book, w);
            w.bool(view.has_book);
            w.bool(view.up);
            put_option(w, view.last, |w, price| w.i64(price.0));
            put_option(w, view.mark, |w, price| w.i64(price.0));
        }
        Ok(())
    }

    /// Reads what [`Markets::save`] wrote.
    ///
    /// # Errors
    /// When the bytes are not that.
    pub fn load(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut markets = Self::default();
        for _ in 0..r.count(MARKET_LEN_MIN)? {
            let view = MarketView {
                instrument: get_instrument(r)?,
                book: load_book(r)?,
                has_book: r.bool()?,
                up: r.bool()?,
                last: get_option(r, |r| r.i64().map(Price))?,
                mark: get_option(r, |r| r.i64().map(Price))?,
            };
            if usize::from(view.instrument.market.id.0) != markets.0.len() {
                return Err(WireError::Invalid);
            }
            markets.0.push(view);
        }
        Ok(markets)
    }
}

fn save_book(synced: &SyncedBook, w: &mut Writer<'_>) {
    for side in [Side::Buy, Side::Sell] {
        let levels: Vec<Level> = synced.book.side(side).iter().collect();
        put_levels(w, &levels);
    }
    match synced.state {
        State::Live { last } => {
            w.u8(0);
            w.u64(last);
        }
        State::Stale(StaleReason::NoSnapshot) => w.u8(1),
        State::Stale(StaleReason::Gap { expected, got }) => {
            w.u8(2);
            w.u64(expected);
            w.u64(got);
        }
        State::Stale(StaleReason::Crossed) => w.u8(3),
        State::Stale(StaleReason::TooDeep) => w.u8(4),
        State::Stale(StaleReason::Disconnected) => w.u8(5),
    }
    w.varint(synced.waiting.len() as u64);
    synced.waiting.iter().for_each(|diff| put_depth_diff(w, diff));
    let Counters { applied, dropped, repeated, gaps, snapshots } = synced.counters;
    [applied, dropped, repeated, gaps, snapshots].into_iter().for_each(|n| w.u64(n));
}

fn load_book(r: &mut Reader<'_>) -> Result<SyncedBook, WireError> {
    let (bids, asks) = (get_levels(r)?, get_levels(r)?);
    let mut book = Book::default();
    book.replace(&bids, &asks);
    let state = match r.u8()? {
        0 => State::Live { last: r.u64()? },
        1 => State::Stale(StaleReason::NoSnapshot),
        2 => State::Stale(StaleReason::Gap { expected: r.u64()?, got: r.u64()? }),
        3 => State::Stale(StaleReason::Crossed),
        4 => State::Stale(StaleReason::TooDeep),
        5 => State::Stale(StaleReason::Disconnected),
        _ => return Err(WireError::Invalid),
    };
    let waiting = r.count(DIFF_LEN_MIN)?;
    if waiting > BUFFERED_DIFFS_MAX {
        return Err(WireError::Invalid);
    }
    let waiting = (0..waiting).map(|_| get_depth_diff(r)).collect::<Result<VecDeque<_>, _>>()?;
    let counters = Counters {
        applied: r.u64()?,
        dropped: r.u64()?,
        repeated: r.u64()?,
        gaps: r.u64()?,
        snapshots: r.u64()?,
    };
    Ok(SyncedBook { book, state, waiting, counters })
}
