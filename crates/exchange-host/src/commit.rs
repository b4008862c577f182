//! The rules of judging and committing, without threads, files or clocks.
//!
//! [`Judge`] owns the core: it stamps a command, applies it and says what became of it. [`Group`] collects outcomes until they
//! must be made durable together. Invariants: an outcome leaves a group only after the commit of every record that was
//! taken before it (so a refusal never tells of state that could still be lost); numbers rise by one and only for
//! commands that took effect.

use std::sync::Arc;
use std::time::Duration;

use exchange::Exchange;
use types::{Command, Event, Refusal, Stamped, Time};

use crate::Applied;
use crate::limits::{GROUP_BYTES_MAX, GROUP_MAX, RELAXED_MAX};

/// What became of a command.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It took effect and must be journaled.
    Applied(Applied),
    /// The exchange said no.
    Refused(Refusal),
    /// Its deadline had passed.
    Late,
    /// The disk is almost full.
    NoRoom,
}

/// The core and the number and time of what it took in.
#[derive(Debug)]
pub(crate) struct Judge {
    exchange: Exchange,
    events: Vec<Event>,
}

impl Judge {
    pub(crate) const fn new(exchange: Exchange) -> Self {
        Self { exchange, events: Vec::new() }
    }

    pub(crate) const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Judges one command taken in at `now` (never before the last one). Cost: the core's, and one allocation for the events.
    pub(crate) fn judge(
        &mut self,
        now: Time,
        command: Command,
        deadline: Option<Time>,
    ) -> (Outcome, Command) {
        if deadline.is_some_and(|deadline| now > deadline) {
            return (Outcome::Late, command);
        }
        let stamped = Stamped { at: now, seq: self.exchange.last_seq() + 1, input: command };
        let outcome = match self.exchange.apply(&stamped, &mut self.events) {
            Ok(()) => {
                let events: Arc<[Event]> = self.events.drain(..).collect();
                Outcome::Applied(Applied { at: stamped.at, seq: stamped.seq, events })
            }
            Err(refusal) => Outcome::Refused(refusal),
        };
        (outcome, stamped.input)
    }
}

/// Whether somebody waits for a command's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Committed as soon as the disk is free.
    Waiting,
    /// Nobody waits: rides with the next commit, alone only after [`RELAXED_MAX`].
    Relaxed,
}

/// When a group must be committed. Times are monotonic, since the writer's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Now.
    Now,
    /// At this time, unless something urgent comes first.
    At(Duration),
    /// Nothing is in the group.
    Never,
}

/// Outcomes that wait for one commit, each with the way back to its caller.
#[derive(Debug)]
pub(crate) struct Group<R> {
    outcomes: Vec<(Outcome, R)>,
    urgent: bool,
    /// When the first relaxed outcome must be committed at the latest.
    relaxed_until: Option<Duration>,
    /// Size of the records to commit.
    bytes: usize,
}

impl<R> Default for Group<R> {
    fn default() -> Self {
        Self { outcomes: Vec::new(), urgent: false, relaxed_until: None, bytes: 0 }
    }
}

impl<R> Group<R> {
    /// Takes in one outcome at monotonic time `now`, with the size of its record (0 if it has none).
    pub(crate) fn push(&mut self, now: Duration, outcome: Outcome, bytes: usize, urgency: Urgency, reply: R) {
        self.bytes += bytes;
        match urgency {
            Urgency::Waiting => self.urgent = true,
            Urgency::Relaxed => self.relaxed_until = self.relaxed_until.or(Some(now + RELAXED_MAX)),
        }
        self.outcomes.push((outcome, reply));
    }

    /// When the group must be committed.
    pub(crate) fn due(&self, now: Duration) -> Due {
        if self.urgent || self.is_full() {
            return Due::Now;
        }
        match self.relaxed_until {
            Some(at) if at <= now => Due::Now,
            Some(at) => Due::At(at),
            None => Due::Never,
        }
    }

    /// True when no more may be taken in before a commit.
    pub(crate) const fn is_full(&self) -> bool {
        self.outcomes.len() >= GROUP_MAX || self.bytes >= GROUP_BYTES_MAX
    }

    /// True when there is nothing in it.
    pub(crate) const fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// True when there is something to make durable.
    pub(crate) const fn has_records(&self) -> bool {
        self.bytes > 0
    }

    /// Hands the outcomes over, in order, after their commit.
    pub(crate) fn take(&mut self) -> Vec<(Outcome, R)> {
        (self.urgent, self.relaxed_until, self.bytes) = (false, None, 0);
        std::mem::take(&mut self.outcomes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late() -> Outcome {
        Outcome::Late
    }

    #[test]
    fn a_waiting_command_is_due_at_once_and_a_relaxed_one_within_its_bound() {
        let ms = Duration::from_millis;
        let mut group = Group::default();
        assert_eq!(group.due(ms(0)), Due::Never);
        group.push(ms(5), late(), 0, Urgency::Relaxed, 1);
        group.push(ms(7), late(), 0, Urgency::Relaxed, 2);
        assert_eq!(group.due(ms(8)), Due::At(ms(5) + RELAXED_MAX), "the first one's bound");
        assert_eq!(group.due(ms(5) + RELAXED_MAX), Due::Now);
        group.push(ms(60), late(), 0, Urgency::Waiting, 3);
        assert_eq!(group.due(ms(60)), Due::Now);
        assert_eq!(group.take().iter().map(|(_, reply)| *reply).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(group.due(ms(900)), Due::Never);
    }

    #[test]
    fn a_full_group_takes_no_more_and_is_due() {
        let mut group = Group::default();
        for n in 0..GROUP_MAX {
            assert!(!group.is_full());
            group.push(Duration::ZERO, late(), 0, Urgency::Relaxed, n);
        }
        assert!(group.is_full());
        assert_eq!(group.due(Duration::ZERO), Due::Now);
        group.take();
        assert!(!group.has_records());
        group.push(Duration::ZERO, late(), GROUP_BYTES_MAX, Urgency::Relaxed, 0);
        assert!(group.has_records());
        assert!(group.is_full());
    }

    #[test]
    fn a_deadline_that_passed_leaves_the_core_alone() {
        let mut judge = Judge::new(Exchange::new());
        let asset =
            types::Asset { id: types::AssetId(0), code: types::AssetCode::new("BTC").unwrap(), scale: 8 };
        let command = Command::ListAsset(asset);
        let (outcome, command) = judge.judge(Time(11), command, Some(Time(10)));
        assert!(matches!(outcome, Outcome::Late));
        assert_eq!(judge.exchange().last_seq(), 0);
        let (outcome, command) = judge.judge(Time(11), command, Some(Time(11)));
        assert!(matches!(outcome, Outcome::Applied(Applied { at: Time(11), seq: 1, .. })));
        let (outcome, _) = judge.judge(Time(12), command, None);
        assert!(matches!(outcome, Outcome::Refused(_)));
        assert_eq!(judge.exchange().last_seq(), 1);
    }
}
