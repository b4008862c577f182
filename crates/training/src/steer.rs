//! What a training asks at every step: whether somebody wants it to end, whether its time is over, whether memory is short.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use forecast::lstm::Flow;

use crate::limits::PAUSE;
use crate::memory::{Memory, memory};
use crate::run::{Control, Progress};

/// Progress reports between two looks at the memory: a look costs as much as a small batch.
const LOOK_EVERY: u32 = 32;

/// Steers one training. Cancelling works between two steps of a kernel (a batch, an evaluation of a likelihood): milliseconds.
pub struct Steering<'a> {
    ended: &'a (dyn Fn() -> bool + Sync),
    told: &'a (dyn Fn(Progress) + Sync),
    /// How memory is looked at; another one in tests.
    look: fn() -> Memory,
    deadline: Instant,
    steps: AtomicU32,
    late: AtomicBool,
}

impl<'a> Steering<'a> {
    /// Ends the training when `ended` says so or after `limit`, and tells `told` how far it is.
    pub fn new(
        limit: Duration,
        ended: &'a (dyn Fn() -> bool + Sync),
        told: &'a (dyn Fn(Progress) + Sync),
    ) -> Self {
        let deadline = Instant::now() + limit;
        Self { ended, told, look: memory, deadline, steps: AtomicU32::new(0), late: AtomicBool::new(false) }
    }

    /// True if its time was over.
    #[must_use]
    pub fn was_late(&self) -> bool {
        self.late.load(Ordering::Acquire)
    }

    fn must_end(&self) -> bool {
        if (self.ended)() {
            return true;
        }
        let late = Instant::now() > self.deadline;
        if late {
            self.late.store(true, Ordering::Release);
        }
        late
    }

    /// Waits while memory is short, as long as the training may last.
    fn pause_while_short(&self) {
        let mut noted = false;
        loop {
            let now = (self.look)();
            if !now.is_short() || self.must_end() {
                return;
            }
            if !noted {
                tracing::warn!(
                    resident = now.resident,
                    used = now.used_share,
                    "a training pauses: memory is short"
                );
                noted = true;
            }
            std::thread::park_timeout(PAUSE);
        }
    }
}

impl Control for Steering<'_> {
    fn tell(&self, progress: Progress) -> Flow {
        if self.must_end() {
            return Flow::Cancel;
        }
        (self.told)(progress);
        if self.steps.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOK_EVERY) {
            self.pause_while_short();
        }
        if self.must_end() { Flow::Cancel } else { Flow::Continue }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(_: Progress) {}

    #[test]
    fn it_ends_when_somebody_wants_it_and_when_its_time_is_over() {
        let ended = AtomicBool::new(false);
        let asked = || ended.load(Ordering::Acquire);
        let steering = Steering::new(Duration::from_secs(3_600), &asked, &quiet);
        assert_eq!(steering.tell(Progress::default()), Flow::Continue);
        ended.store(true, Ordering::Release);
        assert_eq!(steering.tell(Progress::default()), Flow::Cancel);
        assert!(!steering.was_late());

        let steering = Steering::new(Duration::ZERO, &|| false, &quiet);
        assert_eq!(steering.tell(Progress::default()), Flow::Cancel);
        assert!(steering.was_late());
    }

    #[test]
    fn it_pauses_while_memory_is_short_and_can_be_cancelled_meanwhile() {
        let (looks, ended) = (AtomicU32::new(0), AtomicBool::new(false));
        let asked = || {
            // Two looks at short memory, then somebody cancels.
            if looks.fetch_add(1, Ordering::Relaxed) >= 2 {
                ended.store(true, Ordering::Release);
            }
            ended.load(Ordering::Acquire)
        };
        let mut steering = Steering::new(Duration::from_secs(3_600), &asked, &quiet);
        steering.look = || Memory { resident: u64::MAX, used_share: 0.0 };
        assert_eq!(steering.tell(Progress::default()), Flow::Cancel);
        assert!(!steering.was_late());
        // With memory to spare it goes on at once.
        let mut steering = Steering::new(Duration::from_secs(3_600), &|| false, &quiet);
        steering.look = || Memory { resident: 0, used_share: 0.0 };
        assert_eq!(steering.tell(Progress::default()), Flow::Continue);
    }
}
