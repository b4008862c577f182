//! What a venue promises: about time, from which the order protocol's waits follow, and about the orders that it keeps.

use orders::Native;

const SECOND_NS: i64 = 1_000_000_000;

/// What a venue promises; durations in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// No answer for so long: the outcome is unknown.
    pub answer_max_ns: i64,
    /// A request that has not arrived so long after it was sent never will: its window at the venue plus the venue's own time-out.
    pub arrival_max_ns: i64,
    /// "Not found" counts only so often (and only after `arrival_max_ns`) ...
    pub polls_min: u32,
    /// ... and over so long.
    pub poll_span_ns: i64,
    /// Time between two questions about one order.
    pub poll_every_ns: i64,
    /// An order that counts as lost is looked for so long.
    pub watch_ns: i64,
    /// Time between two looks for a lost order.
    pub watch_every_ns: i64,
    /// Whether reports come in the order in which things happened. Where they do not, the end of an order may overtake its last
    /// fill, so it is asked about before it counts as ended.
    pub ordered_reports: bool,
    /// Which kinds of orders it keeps itself; the engine watches for the others.
    pub native: Native,
}

impl Facts {
    /// Binance spot: `recvWindow` 2 s, the API's own time-out 10 s (REST documentation, July 2026); three polls over a minute.
    pub const BINANCE: Self = Self {
        answer_max_ns: 10 * SECOND_NS,
        arrival_max_ns: 12 * SECOND_NS,
        polls_min: 3,
        poll_span_ns: 60 * SECOND_NS,
        poll_every_ns: 5 * SECOND_NS,
        watch_ns: 24 * 3_600 * SECOND_NS,
        watch_every_ns: 600 * SECOND_NS,
        ordered_reports: true,
        native: Native::ALL,
    };
    /// A venue in this process: a command is handed in or it is not, every one handed in is answered, and after a restart none
    /// is under way. So its word is final at once.
    pub const IN_PROCESS: Self = Self {
        answer_max_ns: 3_600 * SECOND_NS,
        arrival_max_ns: 0,
        polls_min: 1,
        poll_span_ns: 0,
        poll_every_ns: SECOND_NS,
        watch_ns: 60 * SECOND_NS,
        watch_every_ns: 30 * SECOND_NS,
        ordered_reports: true,
        native: Native::ALL,
    };
}
