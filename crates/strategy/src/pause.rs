//! Waiting after a refusal: an order that risk or the venue would not have is not sent again at once.

use types::Time;
use types::wire::{Reader, WireError, Writer};

/// First wait after a refusal.
const FIRST_NS: i64 = 1_000_000_000;
/// Longest wait: a market that lets nothing in is asked once a minute.
const LONGEST_NS: i64 = 60_000_000_000;

/// Doubles from one second to a minute with each refusal in a row; one success ends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pause {
    until: Time,
    wait_ns: i64,
}

impl Pause {
    /// An order was refused.
    pub fn refused(&mut self, now: Time) {
        // Several refusals of one moment are one.
        if now < self.until {
            return;
        }
        self.wait_ns = (self.wait_ns * 2).clamp(FIRST_NS, LONGEST_NS);
        self.until = now.plus_nanos(self.wait_ns);
    }

    /// An order was let in.
    pub const fn accepted(&mut self) {
        self.wait_ns = 0;
    }

    /// Whether there is nothing to wait for.
    #[must_use]
    pub fn is_over(&self, now: Time) -> bool {
        now >= self.until
    }

    /// Seconds left, for a reason's numbers.
    #[must_use]
    pub fn seconds_left(&self, now: Time) -> f64 {
        self.until.since(now).max(0) as f64 / 1e9
    }

    /// Appends the state.
    pub fn save(&self, w: &mut Writer<'_>) {
        w.i64(self.until.0);
        w.i64(self.wait_ns);
    }

    /// Restores it.
    ///
    /// # Errors
    /// When the bytes end too early.
    pub fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.until = Time(r.i64()?);
        self.wait_ns = r.i64()?.clamp(0, LONGEST_NS);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_a_minute_and_starts_again_after_a_success() {
        let mut pause = Pause::default();
        let mut now = Time(0);
        let mut waits = Vec::new();
        for _ in 0..8 {
            pause.refused(now);
            pause.refused(now);
            waits.push(pause.seconds_left(now));
            assert!(!pause.is_over(now));
            now = now.plus_nanos(LONGEST_NS);
            assert!(pause.is_over(now));
        }
        assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
        pause.accepted();
        pause.refused(now);
        assert_eq!(vec![pause.seconds_left(now)], [1.0]);
    }
}
