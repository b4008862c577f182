//! One order of ours and the legal ways its state moves.
//!
//! ```text
//! Recorded ─► Sent ─► Live ─► PartlyFilled ─► Filled | Canceled | Expired
//!               │ └──────────────────────────► Rejected
//!               └─► Unknown ─► Live | … any of the above | NeverArrived
//! ```
//! Reports may come twice, late, or overtake each other. Money is never dropped: a fill with a new trade id is booked even
//! when the order has ended meanwhile, as long as the sum does not exceed its quantity.

use types::{
    ClientOrderId, MarketId, Money, Outcome, Qty, Side, Terms, Time, TradeId, VenueFill, VenueReason,
};

use crate::{Bracket, Identity};

/// Where one of our orders stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Written down, not sent.
    Recorded,
    /// Sent, no answer yet.
    Sent,
    /// The venue's answer is not known; nothing is resent.
    Unknown,
    /// The venue has it.
    Live,
    /// Part of it has traded, the rest is live.
    PartlyFilled,
    /// All of it has traded.
    Filled,
    /// The rest was cancelled.
    Canceled,
    /// The rest ended by its own terms.
    Expired,
    /// The venue refused it.
    Rejected,
    /// It was lost on the way and can never trade.
    NeverArrived,
}

impl State {
    /// True when nothing more is expected; a late fill may still be booked.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Filled | Self::Canceled | Self::Expired | Self::Rejected | Self::NeverArrived)
    }
}

/// One order of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What makes it this order.
    pub identity: Identity,
    /// Its text at the venue.
    pub client_id: ClientOrderId,
    /// The strategy's own mark on it.
    pub tag: u32,
    /// Where it trades.
    pub market: MarketId,
    /// Direction.
    pub side: Side,
    /// What was asked for.
    pub terms: Terms,
    /// Base quantity asked for; `None` for a market order by quote amount.
    pub qty: Option<Qty>,
    /// When the intent was recorded.
    pub recorded: Time,
    /// Where it stands.
    pub state: State,
    /// The venue's number for it.
    pub venue_id: Option<u64>,
    /// Base quantity traded.
    pub filled: Qty,
    /// Quote amount traded.
    pub filled_quote: Money,
    /// Whether a cancel was asked for.
    pub cancel_asked: bool,
    /// What is to guard the position that it leads to.
    pub bracket: Option<Bracket>,
    /// The other one of a pair of which one cancels the other.
    pub other: Option<ClientOrderId>,
    /// Trades already booked, sorted.
    pub(crate) trades: Vec<TradeId>,
}

/// What a report did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The state moved.
    Moved {
        /// From where.
        from: State,
        /// To where.
        to: State,
    },
    /// A new trade was booked; the state is the one after it.
    Filled {
        /// The trade.
        fill: VenueFill,
        /// The state after it.
        state: State,
    },
    /// The venue refused it.
    Rejected(VenueReason),
}

/// A report that changed nothing, and why. Counted, never an error of ours to die of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anomaly {
    /// The same trade again.
    RepeatedFill,
    /// The state said again.
    Repeated,
    /// A state that cannot follow (an acceptance after the end, a refusal after a trade).
    Illegal {
        /// Where the order stands.
        state: State,
    },
    /// More would be filled than was asked for.
    Overfill,
    /// No order of ours has this id: EXTERNAL.
    NotOurs,
}

impl Order {
    /// A recorded intent.
    #[must_use]
    pub fn new(
        identity: Identity,
        tag: u32,
        market: MarketId,
        side: Side,
        terms: Terms,
        recorded: Time,
    ) -> Self {
        Self {
            identity,
            client_id: identity.client_id(),
            tag,
            market,
            side,
            terms,
            qty: terms.qty(),
            recorded,
            state: State::Recorded,
            venue_id: None,
            filled: Qty::ZERO,
            filled_quote: Money::ZERO,
            cancel_asked: false,
            bracket: None,
            other: None,
            trades: Vec::new(),
        }
    }

    /// What can still trade. Nothing once the order has ended; for an order by quote amount `None`.
    #[must_use]
    pub fn open_qty(&self) -> Option<Qty> {
        if self.state.is_terminal() { Some(Qty::ZERO) } else { self.qty.map(|q| Qty(q.0 - self.filled.0)) }
    }

    /// It left.
    ///
    /// # Errors
    /// [`Anomaly`] unless it was only recorded.
    pub fn sent(&mut self) -> Result<Change, Anomaly> {
        match self.state {
            State::Recorded => Ok(self.go(State::Sent)),
            State::Sent => Err(Anomaly::Repeated),
            state => Err(Anomaly::Illegal { state }),
        }
    }

    /// Takes in what the venue said.
    ///
    /// # Errors
    /// The [`Anomaly`]; nothing changed.
    pub fn report(&mut self, outcome: &Outcome) -> Result<Change, Anomaly> {
        match outcome {
            Outcome::Fill(fill) => self.fill(fill),
            Outcome::Accepted { venue_id } => self.accepted(*venue_id),
            Outcome::Rejected(reason) => match self.state {
                State::Recorded | State::Sent | State::Unknown => {
                    self.go(State::Rejected);
                    Ok(Change::Rejected(*reason))
                }
                State::Rejected => Err(Anomaly::Repeated),
                state => Err(Anomaly::Illegal { state }),
            },
            Outcome::Canceled => self.end(State::Canceled),
            Outcome::Expired => self.end(State::Expired),
            Outcome::Unknown => match self.state {
                State::Recorded | State::Sent => Ok(self.go(State::Unknown)),
                State::Unknown => Err(Anomaly::Repeated),
                state => Err(Anomaly::Illegal { state }),
            },
            Outcome::NeverArrived => match self.state {
                State::Unknown => Ok(self.go(State::NeverArrived)),
                State::NeverArrived => Err(Anomaly::Repeated),
                state => Err(Anomaly::Illegal { state }),
            },
        }
    }

    fn accepted(&mut self, venue_id: u64) -> Result<Change, Anomaly> {
        match self.state {
            State::Recorded | State::Sent | State::Unknown => {
                self.venue_id = Some(venue_id);
                Ok(self.go(State::Live))
            }
            // Overtaken by a fill or by the end; the number is still news.
            _ if self.venue_id.is_none() => {
                self.venue_id = Some(venue_id);
                Err(Anomaly::Repeated)
            }
            _ if self.venue_id == Some(venue_id) => Err(Anomaly::Repeated),
            state => Err(Anomaly::Illegal { state }),
        }
    }

    fn fill(&mut self, fill: &VenueFill) -> Result<Change, Anomaly> {
        let at = match self.trades.binary_search(&fill.trade) {
            Ok(_) => return Err(Anomaly::RepeatedFill),
            Err(at) => at,
        };
        if fill.qty.0 <= 0 || self.state == State::Rejected {
            return Err(Anomaly::Illegal { state: self.state });
        }
        let filled = self.filled.plus(fill.qty).map_err(|_| Anomaly::Overfill)?;
        if self.qty.is_some_and(|qty| filled > qty) {
            return Err(Anomaly::Overfill);
        }
        self.trades.insert(at, fill.trade);
        self.filled = filled;
        self.filled_quote.0 = self.filled_quote.0.saturating_add(fill.quote.0);
        if self.qty == Some(filled) {
            self.state = State::Filled;
        } else if !self.state.is_terminal() {
            self.state = State::PartlyFilled;
        }
        Ok(Change::Filled { fill: *fill, state: self.state })
    }

    fn end(&mut self, to: State) -> Result<Change, Anomaly> {
        match self.state {
            state if state == to => Err(Anomaly::Repeated),
            state if state.is_terminal() => Err(Anomaly::Illegal { state }),
            _ => Ok(self.go(to)),
        }
    }

    fn go(&mut self, to: State) -> Change {
        let from = std::mem::replace(&mut self.state, to);
        Change::Moved { from, to }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::{AccountId, AssetId, Price, TimeInForce};

    use super::*;
    use crate::BotId;

    fn order() -> Order {
        let identity =
            Identity { installation: 1, account: AccountId(2), bot: BotId(3), decision: 4, attempt: 0 };
        let terms = Terms::Limit { price: Price(100), qty: Qty(10), tif: TimeInForce::Gtc, display: None };
        Order::new(identity, 7, MarketId(0), Side::Buy, terms, Time(0))
    }

    fn fill(trade: u64, qty: i64) -> Outcome {
        Outcome::Fill(VenueFill {
            trade: TradeId(trade),
            price: Price(100),
            qty: Qty(qty),
            quote: Money(i128::from(qty)),
            fee: Money(0),
            fee_asset: AssetId(0),
            is_maker: true,
        })
    }

    #[test]
    fn o2_the_usual_life() {
        let mut o = order();
        o.sent().unwrap();
        o.report(&Outcome::Accepted { venue_id: 9 }).unwrap();
        o.report(&fill(1, 4)).unwrap();
        assert_eq!((o.state, o.open_qty()), (State::PartlyFilled, Some(Qty(6))));
        o.report(&fill(2, 6)).unwrap();
        assert_eq!((o.state, o.filled, o.open_qty()), (State::Filled, Qty(10), Some(Qty(0))));
        assert_eq!(o.report(&Outcome::Canceled), Err(Anomaly::Illegal { state: State::Filled }));
    }

    #[test]
    fn a_fill_that_overtakes_the_acceptance_or_comes_after_the_cancel_is_money_all_the_same() {
        let mut o = order();
        o.sent().unwrap();
        o.report(&fill(1, 4)).unwrap();
        assert_eq!(o.report(&Outcome::Accepted { venue_id: 9 }), Err(Anomaly::Repeated));
        assert_eq!(o.venue_id, Some(9));
        o.report(&Outcome::Canceled).unwrap();
        let late = o.report(&fill(2, 5)).unwrap();
        assert!(matches!(late, Change::Filled { state: State::Canceled, .. }));
        assert_eq!(o.report(&fill(2, 5)), Err(Anomaly::RepeatedFill));
        assert_eq!(o.report(&fill(3, 2)), Err(Anomaly::Overfill));
        assert_eq!(o.filled, Qty(9));
    }

    #[test]
    fn unknown_waits_for_the_venue() {
        let mut o = order();
        o.sent().unwrap();
        o.report(&Outcome::Unknown).unwrap();
        assert_eq!(o.open_qty(), Some(Qty(10)));
        let mut lost = o.clone();
        lost.report(&Outcome::NeverArrived).unwrap();
        assert_eq!(lost.open_qty(), Some(Qty(0)));
        // The venue's own rules say that this cannot happen. If it does, it is money.
        assert!(matches!(lost.report(&fill(1, 1)), Ok(Change::Filled { state: State::NeverArrived, .. })));
        o.report(&Outcome::Accepted { venue_id: 1 }).unwrap();
        assert_eq!(o.report(&Outcome::NeverArrived), Err(Anomaly::Illegal { state: State::Live }));
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            (1..9_u64).prop_map(|venue_id| Outcome::Accepted { venue_id }),
            Just(Outcome::Rejected(VenueReason::Filter)),
            (1..9_u64, 0..6_i64).prop_map(|(t, q)| fill(t, q)),
            Just(Outcome::Canceled),
            Just(Outcome::Expired),
            Just(Outcome::Unknown),
            Just(Outcome::NeverArrived),
        ]
    }

    proptest! {
        #[test]
        fn o2_whatever_is_reported_terminal_stays_and_fills_add_up(outcomes in prop::collection::vec(outcome(), 0..40)) {
            let mut o = order();
            o.sent().unwrap();
            let mut booked = 0;
            for outcome in outcomes {
                let before = o.clone();
                match o.report(&outcome) {
                    Ok(Change::Filled { fill, .. }) => booked += fill.qty.0,
                    Ok(_) => {}
                    Err(_) => prop_assert!(o.state == before.state && o.filled == before.filled),
                }
                prop_assert_eq!(o.filled.0, booked);
                prop_assert!(o.filled.0 <= 10);
                // The one legal way out of a terminal state: the last fill of a cancelled order was on its way.
                if before.state.is_terminal() && o.state != before.state {
                    prop_assert_eq!(o.state, State::Filled);
                }
            }
        }
    }
}
