//! What a venue says: news, reports, answers.

use types::{
    AccountId, Bar, ClientOrderId, Liquidation, MarketEvent, MarketId, Report, Time, VenueFill, VenueReason,
};

/// One of our orders, as much as a venue needs to find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderRef {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// Which.
    pub client_id: ClientOrderId,
}

/// Something that came from a venue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VenueEvent {
    /// A market showed something.
    Market(MarketEvent),
    /// A recorded market showed something, at a time of its own: the time of a shard on such a feed is that of its last event.
    Recorded {
        /// When; later than that of any event before.
        at: Time,
        /// What.
        event: MarketEvent,
    },
    /// The answer to [`crate::MarketFeed::past`]: closed bars, oldest first.
    Past {
        /// The number given with the question.
        ticket: u64,
        /// Where.
        market: MarketId,
        /// The bars; none when there is no past.
        bars: Vec<Bar>,
    },
    /// Something happened to an order of a watched account, ours or not.
    Report {
        /// Whose.
        account: AccountId,
        /// What.
        report: Report,
    },
    /// The venue closed a position of ours whose collateral had ended.
    Liquidated(Liquidation),
    /// The answer to a request about one of our orders.
    Answer {
        /// Which order.
        client_id: ClientOrderId,
        /// What was said.
        answer: Answer,
    },
    /// Events were lost: what happened meanwhile must be asked for. Market feeds start anew by themselves.
    Lost,
}

/// What a request about an order led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To a submit: the venue has it.
    Accepted {
        /// The venue's own number for it.
        venue_id: u64,
    },
    /// To a submit: it refused; nothing of it will ever trade.
    Rejected(VenueReason),
    /// To anything: time-out, connection lost, HTTP 5xx, -1006, -1007, an answer that cannot be read.
    Unclear,
    /// To a cancel: there is nothing alive to cancel.
    CancelRefused,
    /// To a query.
    Found(Found),
    /// To a query: the venue does not know it (yet).
    NotFound,
}

/// An order as its venue has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The venue's own number for it.
    pub venue_id: u64,
    /// Where it stands.
    pub state: FoundState,
    /// Everything of it that traded.
    pub fills: Vec<VenueFill>,
}

/// Where an order stands at its venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundState {
    /// It may still trade.
    Live,
    /// All of it traded.
    Filled,
    /// The rest was cancelled.
    Canceled,
    /// The rest ended by its own terms.
    Expired,
    /// The venue refused it.
    Rejected(VenueReason),
}
