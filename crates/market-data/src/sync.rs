//! A book kept in step with a venue by its update numbers: "How to manage a local order book correctly", Binance spot
//! WebSocket streams documentation (July 2026).
//!
//! Diffs are buffered until a snapshot with number L comes. Those with u ≤ L are dropped; the first to apply must have
//! U ≤ L + 1 ≤ u; every later one U = u of the one before + 1. A diff with u not above the book's number is a repetition,
//! counted and ignored. Anything else is a gap: the book is STALE, keeps buffering, and waits for a new snapshot.

use std::collections::VecDeque;

use crate::limits::{BUFFERED_DIFFS_MAX, LEVELS_MAX};
use types::depth::{DepthDiff, DepthSnapshot};

use crate::Book;

/// Why a book cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleReason {
    /// No snapshot yet.
    NoSnapshot,
    /// An update between these numbers is missing.
    Gap {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        got: u64,
    },
    /// The book shows a bid at or above an ask.
    Crossed,
    /// More levels than a real book has.
    TooDeep,
    /// The connection ended; what came since is unknown.
    Disconnected,
}

/// Whether a book can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Continuous up to this update number.
    Live {
        /// The last update in the book.
        last: u64,
    },
    /// Not to be used for any decision (invariant M1).
    Stale(StaleReason),
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The book changed.
    Changed,
    /// Kept until a snapshot comes.
    Buffered,
    /// Older than the book: ignored.
    Repeated,
    /// The book is stale now.
    Stale(StaleReason),
}

/// What has been seen since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Diffs applied.
    pub applied: u64,
    /// Diffs older than the snapshot, dropped as the procedure says.
    pub dropped: u64,
    /// Diffs that came again.
    pub repeated: u64,
    /// Times the book became stale after it was live.
    pub gaps: u64,
    /// Snapshots taken in.
    pub snapshots: u64,
}

/// A book that knows whether it is whole.
#[derive(Clone, Debug)]
pub struct SyncedBook {
    pub(crate) book: Book,
    pub(crate) state: State,
    pub(crate) waiting: VecDeque<DepthDiff>,
    pub(crate) counters: Counters,
}

impl Default for SyncedBook {
    fn default() -> Self {
        Self {
            book: Book::default(),
            state: State::Stale(StaleReason::NoSnapshot),
            waiting: VecDeque::new(),
            counters: Counters::default(),
        }
    }
}

impl SyncedBook {
    /// The book, if it may be used.
    #[must_use]
    pub const fn book(&self) -> Option<&Book> {
        match self.state {
            State::Live { .. } => Some(&self.book),
            State::Stale(_) => None,
        }
    }

    /// Whether it may be used.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// What has been seen.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// The connection ended: nothing is known until the next snapshot, and what was buffered belongs to the past.
    pub fn disconnect(&mut self) {
        self.waiting.clear();
        self.fail(StaleReason::Disconnected);
    }

    /// Takes a snapshot and whatever was buffered after it. A snapshot older than the live book is ignored; one from
    /// before the first buffered diff cannot be joined, and the book stays stale until a newer one comes.
    pub fn snapshot(&mut self, snapshot: &DepthSnapshot) -> Applied {
        if matches!(self.state, State::Live { last } if snapshot.last <= last) {
            self.counters.repeated += 1;
            return Applied::Repeated;
        }
        self.counters.snapshots += 1;
        self.book.replace(&snapshot.bids, &snapshot.asks);
        self.state = State::Live { last: snapshot.last };
        while let Some(diff) = self.waiting.pop_front() {
            if diff.last <= snapshot.last {
                self.counters.dropped += 1;
                continue;
            }
            if let Applied::Stale(reason) = self.join(&diff) {
                // It is the snapshot that was too old: the diffs are still good for the next one.
                self.waiting.push_front(diff);
                return Applied::Stale(reason);
            }
        }
        self.settle().map_or(Applied::Changed, Applied::Stale)
    }

    /// Takes a diff.
    pub fn diff(&mut self, diff: &DepthDiff) -> Applied {
        match self.state {
            State::Live { last } if diff.last <= last => {
                self.counters.repeated += 1;
                Applied::Repeated
            }
            State::Live { .. } => match self.join(diff) {
                Applied::Changed => self.settle().map_or(Applied::Changed, Applied::Stale),
                other => {
                    self.buffer(diff);
                    other
                }
            },
            State::Stale(_) => {
                self.buffer(diff);
                Applied::Buffered
            }
        }
    }

    fn buffer(&mut self, diff: &DepthDiff) {
        if self.waiting.len() == BUFFERED_DIFFS_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back(diff.clone());
    }

    /// Applies a diff that continues the book, or finds the gap.
    fn join(&mut self, diff: &DepthDiff) -> Applied {
        let State::Live { last } = self.state else { return Applied::Buffered };
        let expected = last + 1;
        if diff.first > expected || diff.last < diff.first {
            self.fail(StaleReason::Gap { expected, got: diff.first });
            return Applied::Stale(StaleReason::Gap { expected, got: diff.first });
        }
        self.book.apply(&diff.bids, &diff.asks);
        self.state = State::Live { last: diff.last };
        self.counters.applied += 1;
        Applied::Changed
    }

    /// A book that cannot be real is not used, however continuous its numbers are.
    fn settle(&mut self) -> Option<StaleReason> {
        let deepest = self.book.side(types::Side::Buy).len().max(self.book.side(types::Side::Sell).len());
        let reason = if self.book.is_crossed() {
            StaleReason::Crossed
        } else if deepest > LEVELS_MAX {
            StaleReason::TooDeep
        } else {
            return None;
        };
        self.fail(reason);
        Some(reason)
    }

    fn fail(&mut self, reason: StaleReason) {
        if matches!(self.state, State::Live { .. }) {
            self.counters.gaps += 1;
        }
        self.state = State::Stale(reason);
    }
}
