//! What became of our orders: the order protocol, steps 3 to 5, without I/O.
//!
//! ```text
//! waiting ── accepted, rejected, a report ──► settled
//!    └─ unclear, or no answer in time ─► unknown ─ found, a report ─► settled
//!                                           └─ not found often enough, long enough after ─► never arrived (watched)
//! restart, lost events, a refused cancel ─► checking ─ found ─► settled
//! ```
//! An answer to a question that was asked before events were lost is older than the loss: it does not settle what the loss put in doubt.
//! Nothing is ever sent again: an unknown order keeps its reservation until the venue resolves it. A restart takes the same
//! path: whatever was not terminal is asked for, and bots run only when all of it is settled (invariants B1, B2, O1).
//! Cost: one map entry per order that is not settled.

use std::collections::BTreeMap;

use orders::State;
use types::{AccountId, ClientOrderId, Outcome, Report, Time, VenueReason};

use crate::{Answer, Facts, Found, FoundState, OrderRef};

/// A question that was not answered so long never will be: far beyond any time-out of a request.
const ANSWER_LATE_MAX_NS: i64 = 10 * 60 * 1_000_000_000;

/// What the driver has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask the venue about an order.
    Query(OrderRef),
    /// Ask again for a cancel that was asked for and may have been lost.
    Cancel(OrderRef),
    /// Journal this and hand it to the engine.
    Report(Report),
    /// An order that counted as lost lives: its account is not what its bots think. Stop them.
    External(OrderRef),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Sent; the answer must be here by `due`.
    Waiting { sent: Time, due: Time },
    /// The outcome is not known. `missed`: times it was not found when that counts, and the first of them.
    Unknown { sent: Time, missed: Option<(u32, Time)> },
    /// The venue has or had it; what happened to it since is not known.
    Checking,
    /// It counts as lost, and is looked for until then.
    Lost { until: Time },
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    order: OrderRef,
    stage: Stage,
    /// When it is asked for next.
    poll: Time,
    /// A cancel was asked for.
    cancel: bool,
    /// Reports may have been missed, so that one of them does not tell all.
    doubt: bool,
    /// So many answers may still come to questions that were asked before reports were missed.
    stale: u32,
}

/// Questions about an order that are not answered yet, whether it is settled meanwhile or not.
#[derive(Clone, Copy, Debug)]
struct Asked {
    open: u32,
    last: Time,
}

/// All orders whose fate is not settled.
#[derive(Clone, Debug)]
pub struct Tracker {
    facts: Facts,
    entries: BTreeMap<ClientOrderId, Entry>,
    /// Cancels on their way, and when their effect must have been heard of.
    cancels: BTreeMap<ClientOrderId, (OrderRef, Time)>,
    asked: BTreeMap<ClientOrderId, Asked>,
}

impl Entry {
    /// What the venue has or had; what happened to it since is not known.
    const fn checking(order: OrderRef, poll: Time, cancel: bool) -> Self {
        Self { order, stage: Stage::Checking, poll, cancel, doubt: true, stale: 0 }
    }
}

impl Tracker {
    /// Nothing to track at a venue with these facts.
    #[must_use]
    pub const fn new(facts: Facts) -> Self {
        Self { facts, entries: BTreeMap::new(), cancels: BTreeMap::new(), asked: BTreeMap::new() }
    }

    /// Takes in what the journal says was not terminal at the end of the last run: see [`Tracker::settled`].
    pub fn restart(&mut self, now: Time, order: OrderRef, state: State, cancel: bool, out: &mut Vec<Action>) {
        let stage = match state {
            // It may have left at the very last moment before the end, so the waits count from now.
            State::Recorded | State::Sent | State::Unknown => Stage::Unknown { sent: now, missed: None },
            State::Live | State::PartlyFilled => Stage::Checking,
            State::NeverArrived => Stage::Lost { until: now.plus_nanos(self.facts.watch_ns) },
            State::Filled | State::Canceled | State::Expired | State::Rejected => return,
        };
        if matches!(state, State::Recorded | State::Sent) {
            out.push(report(&order, Outcome::Unknown));
        }
        self.entries
            .insert(order.client_id, Entry { order, stage, poll: now, cancel, doubt: true, stale: 0 });
    }

    /// An order was handed to the venue.
    pub fn sent(&mut self, now: Time, order: OrderRef) {
        let due = now.plus_nanos(self.facts.answer_max_ns);
        let stage = Stage::Waiting { sent: now, due };
        self.entries.insert(
            order.client_id,
            Entry { order, stage, poll: due, cancel: false, doubt: false, stale: 0 },
        );
    }

    /// A cancel was handed to the venue.
    pub fn cancel_sent(&mut self, now: Time, order: OrderRef) {
        if let Some(entry) = self.entries.get_mut(&order.client_id) {
            entry.cancel = true;
        }
        self.cancels.insert(order.client_id, (order, now.plus_nanos(self.facts.answer_max_ns)));
    }

    /// Events of this venue were lost: everything that lives there, given by `live`, must be asked for.
    pub fn lost(&mut self, now: Time, live: impl Iterator<Item = OrderRef>) {
        for order in live {
            let cancel = self.cancels.contains_key(&order.client_id);
            let entry = Entry::checking(order, now, cancel);
            self.entries.entry(order.client_id).or_insert(entry);
        }
        for (id, entry) in &mut self.entries {
            entry.doubt = true;
            entry.stale = self.asked.get(id).map_or(0, |asked| asked.open);
            if !matches!(entry.stage, Stage::Waiting { .. }) {
                entry.poll = now;
            }
        }
    }

    /// A cancel could not even be handed to the venue: the order is asked for, and the cancel again if it lives.
    pub fn cancel_failed(&mut self, now: Time, order: OrderRef) {
        let poll = now.plus_nanos(self.facts.poll_every_ns);
        let entry = Entry::checking(order, poll, true);
        self.entries.entry(order.client_id).or_insert(entry).cancel = true;
    }

    /// A report came by itself; here it settles what it is about. True if the caller hands it to the engine. The end of an order of
    /// which something may have been missed is held back: once it counts as ended nobody would ask about it any more, so it
    /// is asked for now, and the answer tells its fills before its end.
    #[must_use]
    pub fn reported(&mut self, now: Time, account: AccountId, told: &Report, out: &mut Vec<Action>) -> bool {
        let id = &told.client_id;
        if matches!(told.outcome, Outcome::Unknown | Outcome::NeverArrived) {
            return true;
        }
        if ends(&told.outcome) {
            self.cancels.remove(id);
        }
        // Where reports overtake each other an end says nothing about the fills before it.
        let may_miss =
            !self.facts.ordered_reports && matches!(told.outcome, Outcome::Canceled | Outcome::Expired);
        if may_miss && !self.entries.get(id).is_some_and(|e| matches!(e.stage, Stage::Lost { .. })) {
            let order = OrderRef { account, market: told.market, client_id: *id };
            // A question that was asked before may still be answered with "it lives": then a cancel finds out, and does no harm.
            let entry = Entry::checking(order, now, true);
            self.entries.insert(*id, entry);
            return false;
        }
        let Some(entry) = self.entries.get_mut(id) else { return true };
        if entry.doubt && ends(&told.outcome) && !matches!(entry.stage, Stage::Lost { .. }) {
            (entry.stage, entry.poll) = (Stage::Checking, now);
            entry.cancel |= !matches!(told.outcome, Outcome::Rejected(_));
            return false;
        }
        match entry.stage {
            Stage::Waiting { .. } | Stage::Unknown { .. } if entry.doubt => entry.stage = Stage::Checking,
            Stage::Waiting { .. } | Stage::Unknown { .. } => {
                let lives = !ends(&told.outcome);
                self.there(now, id, lives, out);
            }
            Stage::Lost { .. } => {
                let order = entry.order;
                self.risen(order, !ends(&told.outcome), out);
            }
            // One report does not tell what else was missed.
            Stage::Checking => {}
        }
        true
    }

    /// An answer came.
    pub fn answered(&mut self, now: Time, id: &ClientOrderId, answer: &Answer, out: &mut Vec<Action>) {
        if *answer == Answer::CancelRefused {
            let Some((order, _)) = self.cancels.remove(id) else { return };
            // Ended already (its report may be under way or lost), or not there yet: then it must be asked for again.
            let entry = Entry::checking(order, now, true);
            self.entries.entry(*id).or_insert(entry);
            return;
        }
        if matches!(answer, Answer::Found(_) | Answer::NotFound) {
            self.was_answered(id);
            if self.is_stale(id, answer, out) {
                return;
            }
        }
        let Some(entry) = self.entries.get_mut(id) else { return };
        match (answer, entry.stage) {
            (Answer::Accepted { venue_id }, Stage::Waiting { .. } | Stage::Unknown { .. }) => {
                out.push(report(&entry.order, Outcome::Accepted { venue_id: *venue_id }));
                if entry.doubt {
                    (entry.stage, entry.poll) = (Stage::Checking, now);
                } else {
                    self.there(now, id, true, out);
                }
            }
            // The first attempt is there already: nothing was refused but a repetition.
            (Answer::Unclear | Answer::Rejected(VenueReason::Duplicate), Stage::Waiting { sent, .. }) => {
                entry.stage = Stage::Unknown { sent, missed: None };
                entry.poll = now;
                out.push(report(&entry.order, Outcome::Unknown));
            }
            (Answer::Rejected(reason), Stage::Waiting { .. } | Stage::Unknown { .. }) => {
                out.push(report(&entry.order, Outcome::Rejected(*reason)));
                self.entries.remove(id);
                self.cancels.remove(id);
            }
            (Answer::Found(found), _) => self.found(now, id, found, out),
            (Answer::NotFound, Stage::Unknown { sent, missed }) => self.not_found(now, id, sent, missed, out),
            _ => {}
        }
    }

    fn was_answered(&mut self, id: &ClientOrderId) {
        if let Some(asked) = self.asked.get_mut(id) {
            asked.open -= 1;
            if asked.open == 0 {
                self.asked.remove(id);
            }
        }
    }

    /// Whether an answer may be older than the loss of reports and so says nothing of now. What it tells of trades is true; an end, too,
    /// and is not treated here: nothing comes after it.
    fn is_stale(&mut self, id: &ClientOrderId, answer: &Answer, out: &mut Vec<Action>) -> bool {
        let Some(entry) = self.entries.get_mut(id) else { return false };
        if entry.stale == 0 || matches!(entry.stage, Stage::Lost { .. }) {
            return false;
        }
        entry.stale -= 1;
        match answer {
            Answer::Found(found) if found.state == FoundState::Live => {
                entry.stage = Stage::Checking;
                out.push(report(&entry.order, Outcome::Accepted { venue_id: found.venue_id }));
                out.extend(found.fills.iter().map(|fill| report(&entry.order, Outcome::Fill(*fill))));
                true
            }
            Answer::NotFound => true,
            _ => false,
        }
    }

    /// An order is known to be there. A cancel that overtook it was refused, so it is asked for again.
    fn there(&mut self, now: Time, id: &ClientOrderId, lives: bool, out: &mut Vec<Action>) {
        let Some(entry) = self.entries.remove(id) else { return };
        if lives && entry.cancel && !self.cancels.contains_key(id) {
            out.push(Action::Cancel(entry.order));
            self.cancels.insert(*id, (entry.order, now.plus_nanos(self.facts.answer_max_ns)));
        }
    }

    fn found(&mut self, now: Time, id: &ClientOrderId, found: &Found, out: &mut Vec<Action>) {
        let Some(entry) = self.entries.remove(id) else { return };
        let order = entry.order;
        let lives = found.state == FoundState::Live;
        if let FoundState::Rejected(reason) = found.state {
            out.push(report(&order, Outcome::Rejected(reason)));
            self.cancels.remove(id);
            return;
        }
        if matches!(entry.stage, Stage::Lost { .. }) {
            self.risen(order, lives, out);
        }
        out.push(report(&order, Outcome::Accepted { venue_id: found.venue_id }));
        out.extend(found.fills.iter().map(|fill| report(&order, Outcome::Fill(*fill))));
        match found.state {
            FoundState::Canceled => out.push(report(&order, Outcome::Canceled)),
            FoundState::Expired => out.push(report(&order, Outcome::Expired)),
            FoundState::Live if entry.cancel && !matches!(entry.stage, Stage::Lost { .. }) => {
                out.push(Action::Cancel(order));
                self.cancels.insert(*id, (order, now.plus_nanos(self.facts.answer_max_ns)));
                return;
            }
            FoundState::Live | FoundState::Filled | FoundState::Rejected(_) => {}
        }
        if !lives {
            self.cancels.remove(id);
        }
    }

    fn not_found(
        &mut self,
        now: Time,
        id: &ClientOrderId,
        sent: Time,
        missed: Option<(u32, Time)>,
        out: &mut Vec<Action>,
    ) {
        // Before that it may still be under way.
        if now.since(sent) < self.facts.arrival_max_ns {
            return;
        }
        let (times, first) = missed.map_or((1, now), |(times, first)| (times + 1, first));
        let Some(entry) = self.entries.get_mut(id) else { return };
        if times < self.facts.polls_min || now.since(first) < self.facts.poll_span_ns {
            entry.stage = Stage::Unknown { sent, missed: Some((times, first)) };
            return;
        }
        entry.stage = Stage::Lost { until: now.plus_nanos(self.facts.watch_ns) };
        entry.poll = now.plus_nanos(self.facts.watch_every_ns);
        out.push(report(&entry.order, Outcome::NeverArrived));
        self.cancels.remove(id);
    }

    /// An order that counted as lost was heard of.
    fn risen(&mut self, order: OrderRef, lives: bool, out: &mut Vec<Action>) {
        self.entries.remove(&order.client_id);
        out.push(Action::External(order));
        if lives {
            out.push(Action::Cancel(order));
        }
    }

    /// What time has brought: answers that are overdue, questions that are due.
    pub fn tick(&mut self, now: Time, out: &mut Vec<Action>) {
        let overdue: Vec<OrderRef> =
            self.cancels.values().filter(|(_, due)| *due <= now).map(|(order, _)| *order).collect();
        for order in overdue {
            self.cancels.remove(&order.client_id);
            let entry = Entry::checking(order, now, true);
            self.entries.entry(order.client_id).or_insert(entry).cancel = true;
        }
        self.entries.retain(|_, entry| !matches!(entry.stage, Stage::Lost { until } if until <= now));
        self.asked.retain(|_, asked| now.since(asked.last) < ANSWER_LATE_MAX_NS);
        for (id, entry) in &mut self.entries {
            if let Stage::Waiting { sent, due } = entry.stage
                && due <= now
            {
                entry.stage = Stage::Unknown { sent, missed: None };
                entry.poll = now;
                out.push(report(&entry.order, Outcome::Unknown));
            }
            if entry.poll <= now && !matches!(entry.stage, Stage::Waiting { .. }) {
                let lost = matches!(entry.stage, Stage::Lost { .. });
                let pause = if lost { self.facts.watch_every_ns } else { self.facts.poll_every_ns };
                entry.poll = now.plus_nanos(pause);
                let asked = self.asked.entry(*id).or_insert(Asked { open: 0, last: now });
                (asked.open, asked.last) = (asked.open + 1, now);
                out.push(Action::Query(entry.order));
            }
        }
    }

    /// When [`Tracker::tick`] has something to do next.
    #[must_use]
    pub fn next(&self) -> Option<Time> {
        let polls = self.entries.values().map(|entry| entry.poll);
        polls.chain(self.cancels.values().map(|(_, due)| *due)).min()
    }

    /// True when the fate of every order that was sent before is known: bots may run. Answers to what was just sent may be out.
    #[must_use]
    pub fn settled(&self) -> bool {
        !self.entries.values().any(|e| matches!(e.stage, Stage::Unknown { .. } | Stage::Checking))
    }

    /// Orders whose outcome is not known, for people.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.entries.values().filter(|e| !matches!(e.stage, Stage::Lost { .. })).count()
    }
}

const fn report(order: &OrderRef, outcome: Outcome) -> Action {
    Action::Report(Report { market: order.market, client_id: order.client_id, outcome })
}

const fn ends(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Canceled | Outcome::Expired | Outcome::Rejected(_))
}

#[cfg(test)]
mod tests;
