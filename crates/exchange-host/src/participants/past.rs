//! The hours before a new exchange is opened: participants live through them in virtual time, so that charts and statistics
//! are not empty. Real commands through the real core, journaled and kept in history like all others; only the clock is
//! not real. Coarse steps keep it to a fifth of a second for three hours.

use journal::encoding;
use types::{Command, Event, Stamped, Time};

use super::Crowd;
use crate::limits::GROUP_MAX;
use crate::recovery::Recovered;
use crate::{Applied, OpenError};

/// Length of a step. A minute has three, so one-minute bars have shapes.
const STEP_MS: i64 = 20_000;

/// Bytes of records and events that are committed together. What a first start once needed its process keeps: a larger group would be
/// written a little faster, and would be most of the memory of a server that does nothing yet.
const GROUP_BYTES: usize = 1 << 20;

/// Most minutes: a week, which takes about ten seconds.
pub const PAST_MINUTES_MAX: u32 = 7 * 24 * 60;

/// Commands that are applied but not yet committed and fed.
#[derive(Default)]
struct Group {
    applied: Vec<Applied>,
    bytes: usize,
}

impl Recovered {
    /// Applies `first`, then lets `crowd` live through `minutes` up to `now`. Only for an exchange without a past. Ended in the
    /// middle, it leaves a sound exchange with a shorter past.
    pub(crate) fn live_through(
        &mut self,
        first: Vec<Command>,
        crowd: &mut Crowd,
        minutes: u32,
        now: Time,
    ) -> Result<(), OpenError> {
        let minutes = i64::from(minutes.min(PAST_MINUTES_MAX));
        let steps = minutes * 60_000 / STEP_MS;
        let begin = now.plus_nanos(-steps * STEP_MS * 1_000_000);
        let mut group = Group::default();
        for command in first {
            self.take_in(begin, command, &mut group)?;
        }
        for step in 1..=steps {
            let command = crowd.step(STEP_MS, &self.exchange);
            self.take_in(begin.plus_nanos(step * STEP_MS * 1_000_000), command, &mut group)?;
            if group.bytes >= GROUP_BYTES || group.applied.len() >= GROUP_MAX {
                self.commit(&mut group)?;
            }
        }
        self.commit(&mut group)
    }

    fn take_in(&mut self, at: Time, command: Command, group: &mut Group) -> Result<(), OpenError> {
        let seq = self.exchange.last_seq() + 1;
        let mut payload = Vec::new();
        encoding::encode(at, &command, &mut payload)
            .map_err(|error| OpenError::Damaged(format!("a command of the past: {error}")))?;
        let mut events = Vec::new();
        self.exchange
            .apply(&Stamped { at, seq, input: command }, &mut events)
            .map_err(|refusal| OpenError::Damaged(format!("a command of the past: {refusal}")))?;
        self.journal.append(seq, &payload).map_err(OpenError::Journal)?;
        // A step's events are many times its record: they are what the group holds in memory.
        group.bytes += payload.len() + events.len() * size_of::<Event>();
        group.applied.push(Applied { at, seq, events: events.into() });
        Ok(())
    }

    /// Durable first, then in history, as always.
    fn commit(&mut self, group: &mut Group) -> Result<(), OpenError> {
        self.journal.commit().map_err(OpenError::Journal)?;
        self.feed_history(&mut group.applied)?;
        group.bytes = 0;
        Ok(())
    }
}
