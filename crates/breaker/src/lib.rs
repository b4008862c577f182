//! Layer 3: a circuit breaker around what may be away: Redis, a database, a venue, a webhook. What it forbids: a second opinion about
//! when to stop asking.
//!
//! It opens after 5 failures in a row, or when half of at least 20 calls in 10 seconds failed; lets one call try 60 seconds later, and
//! closes when that one succeeds. Sans-I/O: times are milliseconds of any clock that goes on, given by the caller.

use std::collections::VecDeque;

/// Failures in a row that open it.
const IN_A_ROW: u32 = 5;
/// Calls in the window from which on shares count.
const CALLS_MIN: usize = 20;
/// The window, ms.
const WINDOW_MS: i64 = 10_000;
/// How long it stays open before one call may try, ms.
const OPEN_MS: i64 = 60_000;
/// Calls remembered: 10 s at 100 calls a second; with more, the share is of the newest.
const CALLS_MAX: usize = 1_000;

/// What it lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything.
    Closed,
    /// Nothing.
    Open,
    /// One call, to see.
    HalfOpen,
}

impl State {
    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }

    /// For metrics: 0 closed, 1 half-open, 2 open.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }
}

/// A breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    state: State,
    opened_ms: i64,
    in_a_row: u32,
    /// When, and whether it failed.
    calls: VecDeque<(i64, bool)>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::Closed, opened_ms: 0, in_a_row: 0, calls: VecDeque::new() }
    }
}

impl Breaker {
    /// How it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// How long until a call may be made, ms; 0 while calls may be made.
    #[must_use]
    pub const fn retry_ms(&self, now_ms: i64) -> i64 {
        match self.state {
            State::Closed => 0,
            State::Open | State::HalfOpen => {
                let left = OPEN_MS.saturating_sub(now_ms.saturating_sub(self.opened_ms));
                if left > 0 { left } else { 0 }
            }
        }
    }

    /// Whether a call may be made now. Of those who ask while it is half-open only the first is let through; its outcome must be told.
    pub fn admits(&mut self, now_ms: i64) -> bool {
        match self.state {
            State::Closed => true,
            State::Open if now_ms.saturating_sub(self.opened_ms) >= OPEN_MS => {
                self.state = State::HalfOpen;
                // A call whose outcome is never told must not close the way for ever.
                self.opened_ms = now_ms;
                true
            }
            State::HalfOpen if now_ms.saturating_sub(self.opened_ms) >= OPEN_MS => {
                self.opened_ms = now_ms;
                true
            }
            State::Open | State::HalfOpen => false,
        }
    }

    /// A call's outcome.
    pub fn tell(&mut self, failed: bool, now_ms: i64) {
        match (self.state, failed) {
            (State::HalfOpen, false) => *self = Self::default(),
            (State::HalfOpen, true) => self.open(now_ms),
            // A call that began before it opened changes nothing.
            (State::Open, _) => {}
            (State::Closed, _) => self.count(failed, now_ms),
        }
    }

    fn count(&mut self, failed: bool, now_ms: i64) {
        self.in_a_row = if failed { self.in_a_row + 1 } else { 0 };
        self.calls.push_back((now_ms, failed));
        while self.calls.len() > CALLS_MAX
            || self.calls.front().is_some_and(|(at, _)| now_ms.saturating_sub(*at) > WINDOW_MS)
        {
            self.calls.pop_front();
        }
        let failures = self.calls.iter().filter(|(_, failed)| *failed).count();
        let half = self.calls.len() >= CALLS_MIN && failures * 2 >= self.calls.len();
        if self.in_a_row >= IN_A_ROW || (failed && half) {
            self.open(now_ms);
        }
    }

    fn open(&mut self, now_ms: i64) {
        *self = Self { state: State::Open, opened_ms: now_ms, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_open_it_and_a_minute_later_one_call_tries() {
        let mut breaker = Breaker::default();
        for n in 0..4 {
            breaker.tell(true, n);
            assert!(breaker.admits(n));
        }
        breaker.tell(false, 4);
        for n in 5..10 {
            assert_eq!(breaker.state(), State::Closed);
            breaker.tell(true, n);
        }
        assert_eq!(breaker.state(), State::Open);
        assert!(!breaker.admits(9 + OPEN_MS - 1));
        assert_eq!((breaker.retry_ms(9), breaker.retry_ms(9 + OPEN_MS - 1)), (OPEN_MS, 1));
        assert_eq!((breaker.retry_ms(9 + OPEN_MS), Breaker::default().retry_ms(5)), (0, 0));
        assert!(breaker.admits(9 + OPEN_MS));
        assert_eq!(breaker.state(), State::HalfOpen);
        assert!(!breaker.admits(9 + OPEN_MS), "one");
        breaker.tell(true, 9 + OPEN_MS);
        assert!(!breaker.admits(9 + 2 * OPEN_MS - 1), "again a minute");
        assert!(breaker.admits(9 + 2 * OPEN_MS));
        breaker.tell(false, 9 + 2 * OPEN_MS);
        assert_eq!(breaker.state(), State::Closed);
        assert!(breaker.admits(0));
    }

    #[test]
    fn half_of_twenty_open_it_and_half_of_nineteen_do_not() {
        let mut breaker = Breaker::default();
        for n in 0..19 {
            breaker.tell(n % 2 == 1, n);
        }
        assert_eq!(breaker.state(), State::Closed, "9 of 19");
        breaker.tell(true, 19);
        assert_eq!(breaker.state(), State::Open, "10 of 20");
        // The same, but spread over more than the window.
        let mut slow = Breaker::default();
        for n in 0..100 {
            slow.tell(n % 2 == 1, n * 1_000);
        }
        assert_eq!(slow.state(), State::Closed);
    }

    #[test]
    fn the_share_counts_from_the_twentieth_call_and_over_exactly_ten_seconds() {
        // 10 of 19, then 11 of 20.
        let mut breaker = Breaker::default();
        (0..19).for_each(|n| breaker.tell(n % 2 == 0, n));
        assert_eq!(breaker.state(), State::Closed);
        breaker.tell(true, 19);
        assert_eq!(breaker.state(), State::Open);
        for (second_half_ms, state) in [(10_000, State::Open), (10_001, State::Closed)] {
            let mut breaker = Breaker::default();
            (0..10).for_each(|n| breaker.tell(n % 2 == 1, 0));
            (0..10).for_each(|n| breaker.tell(n % 2 == 1, second_half_ms));
            assert_eq!(breaker.state(), state, "{second_half_ms} ms");
        }
        // A call that went well does not open it, whatever the share.
        let mut breaker = Breaker::default();
        (0..20).for_each(|n| breaker.tell(n % 5 != 4, 0));
        assert_eq!(breaker.state(), State::Closed, "16 of 20, and the last was good");
    }

    #[test]
    fn a_trial_whose_outcome_is_never_told_is_repeated() {
        let mut breaker = Breaker::default();
        (0..5).for_each(|n| breaker.tell(true, n));
        assert!(breaker.admits(70_000));
        assert!(!breaker.admits(129_999) && breaker.admits(130_000));
        assert_eq!([State::Closed.number(), State::HalfOpen.number(), State::Open.number()], [0, 1, 2]);
    }
}
