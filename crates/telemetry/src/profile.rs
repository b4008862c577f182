//! Where the process spends its processor time: stacks sampled on demand, folded by equal ones.
//!
//! A timer of the process's own processor time interrupts whichever thread runs and takes its stack; a process that waits is
//! not sampled. Stacks that end in the unwinder itself are left out, because it cannot be asked about itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::flame;

/// Samples a second of processor time: a prime, so that work with a round rhythm is not missed or met every time.
pub const RATE: u32 = 199;
/// Code in which no stack is taken: its unwinding tables are wrong or in use by the sampling itself.
const LEFT_OUT: [&str; 2] = ["libgcc", "vdso"];

/// One sampling at a time: the timer belongs to the whole process.
static RUNNING: AtomicBool = AtomicBool::new(false);

/// Why nothing was sampled.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Somebody else samples.
    #[error("the process is being sampled already")]
    Running,
    /// The system gave no timer, or stacks could not be read.
    #[error("stacks could not be sampled: {0}")]
    Unsampled(String),
}

/// A sampling that runs. Dropping it stops it.
pub struct Sampling {
    guard: pprof::ProfilerGuard<'static>,
    _turn: Turn,
}

struct Turn;

impl Drop for Turn {
    fn drop(&mut self) {
        RUNNING.store(false, Ordering::Release);
    }
}

impl Sampling {
    /// Begins to sample.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub fn begin() -> Result<Self, ProfileError> {
        if RUNNING.swap(true, Ordering::AcqRel) {
            return Err(ProfileError::Running);
        }
        let turn = Turn;
        let rate = i32::try_from(RATE).unwrap_or(i32::MAX);
        let guard = pprof::ProfilerGuardBuilder::default().frequency(rate).blocklist(&LEFT_OUT).build();
        Ok(Self { guard: guard.map_err(|e| ProfileError::Unsampled(e.to_string()))?, _turn: turn })
    }

    /// What was sampled since the beginning. Names are looked up here, which reads the program's symbols: tens of
    /// milliseconds to a second of processor time, not for an async thread.
    ///
    /// # Errors
    /// [`ProfileError::Unsampled`].
    pub fn end(self) -> Result<Profile, ProfileError> {
        let report = self.guard.report().build().map_err(|e| ProfileError::Unsampled(e.to_string()))?;
        let mut profile = Profile::default();
        for (stack, count) in &report.data {
            // A place that was inlined has several names, the innermost first; so has the whole stack.
            let mut frames = vec![group(&stack.thread_name).to_owned()];
            frames.extend(
                stack.frames.iter().rev().flat_map(|place| place.iter().rev().map(pprof::Symbol::name)),
            );
            profile.add(frames, u64::try_from(*count).unwrap_or(0));
        }
        Ok(profile)
    }
}

/// Stacks, the outermost frame first, and how often each was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    stacks: BTreeMap<Vec<String>, u64>,
}

impl Profile {
    /// Counts a stack, the outermost frame first; the first "frame" is its group of threads.
    pub fn add(&mut self, stack: Vec<String>, count: u64) {
        *self.stacks.entry(stack).or_default() += count;
    }

    /// How many samples there are.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.stacks.values().sum()
    }

    /// Stacks with their counts, in order.
    pub(crate) fn stacks(&self) -> impl Iterator<Item = (&[String], u64)> {
        self.stacks.iter().map(|(stack, count)| (stack.as_slice(), *count))
    }

    /// One stack a line, frames parted by `;`, then its count: what programs that draw or compare profiles read.
    #[must_use]
    pub fn folded(&self) -> String {
        let mut text = String::new();
        for (stack, count) in self.stacks() {
            for (depth, frame) in stack.iter().enumerate() {
                let part = if depth == 0 { "" } else { ";" };
                // The two characters mean something in this form; a frame has them in the names of arrays.
                let _ = write!(text, "{part}{}", frame.replace(';', ",").replace('\n', " "));
            }
            let _ = writeln!(text, " {count}");
        }
        text
    }

    /// A flame graph as SVG: wide is much time, above is the caller. It has no script; a frame's title says its share.
    #[must_use]
    pub fn flame_graph(&self, title: &str) -> String {
        flame::draw(self, title)
    }
}

/// `worker-12` and `worker-3` do the same: threads are told apart by what they do.
fn group(thread: &str) -> &str {
    let name = thread.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['-', '_', ' ', '#']);
    if name.is_empty() { "thread" } else { name }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[inline(never)]
    fn work_that_is_looked_for(mut x: u64) -> u64 {
        for i in 0..1_000_000_u64 {
            x = std::hint::black_box(x.rotate_left(7) ^ i.wrapping_mul(0x9e37_79b9));
        }
        x
    }

    #[test]
    fn the_function_that_works_is_found_and_only_one_samples_at_a_time() {
        let sampling = Sampling::begin().unwrap();
        assert!(matches!(Sampling::begin(), Err(ProfileError::Running)));
        // Until enough was sampled by processor time: so much work, however long a busy machine takes for it.
        let (begun, mut x, mut done) = (Instant::now(), 1, 0);
        while begun.elapsed() < Duration::from_millis(500) || done < 100 {
            x = work_that_is_looked_for(x);
            done += 1;
        }
        let profile = sampling.end().unwrap();
        let found = profile.folded().lines().filter(|line| line.contains("work_that_is_looked_for")).count();
        assert!(found > 0, "{} samples: {}", profile.samples(), profile.folded());
        assert!(profile.flame_graph("test").contains("work_that_is_looked_for"));
        // The turn was given back.
        drop(Sampling::begin().unwrap());
    }

    #[test]
    fn threads_of_one_kind_are_one_group() {
        assert_eq!(
            ["worker-12", "tokio-rt-3", "exchange", "7", "a_1"].map(group),
            ["worker", "tokio-rt", "exchange", "thread", "a"]
        );
    }

    #[test]
    fn folded_lines_have_one_count_at_their_end() {
        let mut profile = Profile::default();
        profile.add(vec!["worker".into(), "main".into(), "f<[u8; 4]>".into()], 3);
        profile.add(vec!["worker".into(), "main".into(), "f<[u8; 4]>".into()], 2);
        profile.add(vec!["worker".into(), "main".into()], 1);
        assert_eq!(profile.folded(), "worker;main 1\nworker;main;f<[u8, 4]> 5\n");
        assert_eq!(profile.samples(), 6);
    }
}
