//! What goes wrong between us and a venue, drawn from the seed: nothing here changes what the venue did, only what we hear of it.
//!
//! What was not heard is heard later: [`SimVenue::ask`](crate::SimVenue::ask) has the venue tell everything about an order again,
//! as a query of a real venue does, so a run with faults ends with true books or not at all.

use std::collections::{BTreeMap, VecDeque};

use types::{ClientOrderId, Outcome, Time};

use crate::draw::Draw;

/// Orders whose reports are remembered: far more than are open at a time.
const REMEMBERED_MAX: usize = 100_000;
const MILLION: u64 = 1_000_000;

/// How often what goes wrong; per million. All zero: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Orders that the venue refuses for no reason of ours.
    pub rejected: u32,
    /// Orders that never reach the venue; their outcome is unknown to us.
    pub never_arrive: u32,
    /// Orders that the venue accepts, but whose answer times out; their outcome is unknown to us.
    pub timed_out: u32,
    /// Reports that are lost.
    pub lost: u32,
    /// Reports that come twice.
    pub repeated: u32,
    /// Mean time between two losses of the connection, nanoseconds; 0: it holds.
    pub outage_every_ns: i64,
    /// How long it is lost: nothing is heard of market and orders.
    pub outage_ns: i64,
}

impl Faults {
    /// Whether anything can go wrong.
    #[must_use]
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

/// What happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives,
    Twice,
    Lost,
}

/// The faults of one run and the memory that mends them.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    faults: Faults,
    draw: Draw,
    reports: BTreeMap<ClientOrderId, Vec<Outcome>>,
    oldest: VecDeque<ClientOrderId>,
    /// The present or next outage.
    outage: Option<(Time, Time)>,
}

impl Trouble {
    pub(crate) fn new(faults: Faults, seed: u64) -> Self {
        let (reports, oldest) = (BTreeMap::new(), VecDeque::new());
        Self { faults, draw: Draw::new(seed, 2), reports, oldest, outage: None }
    }

    fn happens(&mut self, per_million: u32) -> bool {
        per_million > 0 && self.draw.bits() % MILLION < u64::from(per_million)
    }

    /// Whether an order is lost on its way.
    pub(crate) fn loses_order(&mut self) -> bool {
        self.happens(self.faults.never_arrive)
    }

    /// Whether the venue refuses an order for nothing.
    pub(crate) fn rejects(&mut self) -> bool {
        self.happens(self.faults.rejected)
    }

    /// What becomes of a report, and whether an acceptance times out instead.
    pub(crate) fn fate(&mut self, at: Time, outcome: &Outcome) -> (Fate, bool) {
        if self.outage.is_some_and(|(from, until)| from <= at && at < until) {
            return (Fate::Lost, false);
        }
        if matches!(outcome, Outcome::Accepted { .. }) && self.happens(self.faults.timed_out) {
            return (Fate::Arrives, true);
        }
        let fate = if self.happens(self.faults.lost) {
            Fate::Lost
        } else if self.happens(self.faults.repeated) {
            Fate::Twice
        } else {
            Fate::Arrives
        };
        (fate, false)
    }

    /// Keeps what really happened to an order.
    pub(crate) fn remember(&mut self, id: ClientOrderId, outcome: Outcome) {
        let all = self.reports.entry(id).or_insert_with(|| {
            self.oldest.push_back(id);
            Vec::new()
        });
        all.push(outcome);
        if self.oldest.len() > REMEMBERED_MAX {
            let gone = self.oldest.pop_front();
            gone.and_then(|id| self.reports.remove(&id));
        }
    }

    /// Everything that happened to an order; nothing when it never arrived.
    pub(crate) fn history(&self, id: &ClientOrderId) -> &[Outcome] {
        self.reports.get(id).map_or(&[], Vec::as_slice)
    }

    /// The outage that is under way at `now`, or the next one.
    pub(crate) fn outage(&mut self, now: Time) -> Option<(Time, Time)> {
        if self.faults.outage_every_ns <= 0 || self.faults.outage_ns <= 0 {
            return None;
        }
        if self.outage.is_none_or(|(_, until)| until <= now) {
            let from = now.plus_nanos(self.draw.exponential(self.faults.outage_every_ns).max(1));
            self.outage = Some((from, from.plus_nanos(self.faults.outage_ns)));
        }
        self.outage
    }
}
