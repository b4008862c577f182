//! Values of the last hour: twelve slots of five minutes, each a histogram with two significant digits.
//!
//! Sans-I/O: time comes with every call. Memory: about 13 KiB a slot. A value counts for 60 to 65 minutes.

use hdrhistogram::Histogram;

/// Length of a slot, seconds.
const SLOT_S: u64 = 300;
/// Slots of an hour, and the one that is being filled.
const SLOTS: usize = 13;
/// Largest value told apart, microseconds: ten minutes.
const MICROS_MAX: u64 = 600_000_000;

#[derive(Debug)]
struct Slot {
    /// Number of the slot since time 0.
    at: u64,
    micros: Histogram<u32>,
}

/// What a window holds, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// Number of values.
    pub count: u64,
    /// Mean.
    pub average_ms: f64,
    /// Median.
    pub p50_ms: f64,
    /// 95 % are not larger.
    pub p95_ms: f64,
    /// 99 % are not larger.
    pub p99_ms: f64,
    /// Largest.
    pub max_ms: f64,
}

/// Durations of the last hour.
#[derive(Debug, Default)]
pub struct Window {
    slots: Vec<Slot>,
    total: u64,
}

fn histogram() -> Histogram<u32> {
    Histogram::new_with_bounds(1, MICROS_MAX, 2).expect("the bounds are in order and 2 digits are allowed")
}

impl Window {
    /// Takes in a duration in seconds at `now_s`, seconds since any fixed moment. What is no number is left out.
    pub fn record(&mut self, seconds: f64, now_s: u64) {
        if !seconds.is_finite() || seconds < 0.0 {
            return;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
        let micros = (seconds * 1e6).clamp(1.0, MICROS_MAX as f64) as u64;
        self.total += 1;
        let at = now_s / SLOT_S;
        let newest = self.slots.last().map(|slot| slot.at);
        if newest.is_none_or(|newest| newest < at) {
            if self.slots.len() >= SLOTS {
                let mut oldest = self.slots.remove(0);
                oldest.micros.reset();
                self.slots.push(Slot { at, micros: oldest.micros });
            } else {
                self.slots.push(Slot { at, micros: histogram() });
            }
        }
        if let Some(slot) = self.slots.last_mut() {
            slot.micros.saturating_record(micros);
        }
    }

    /// Values ever.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The last hour.
    #[must_use]
    pub fn summary(&self, now_s: u64) -> Summary {
        self.slots_of(now_s, SLOTS as u64)
    }

    /// The last five to ten minutes: for alerts, which look at what is going on now.
    #[must_use]
    pub fn recent(&self, now_s: u64) -> Summary {
        self.slots_of(now_s, 2)
    }

    fn slots_of(&self, now_s: u64, slots: u64) -> Summary {
        let first = (now_s / SLOT_S + 1).saturating_sub(slots);
        let mut all = histogram();
        for slot in self.slots.iter().filter(|slot| slot.at >= first) {
            // Of the same shape: cannot fail.
            let _ = all.add(&slot.micros);
        }
        if all.is_empty() {
            return Summary::default();
        }
        let at = |share: f64| all.value_at_quantile(share) as f64 / 1e3;
        Summary {
            count: all.len(),
            average_ms: all.mean() / 1e3,
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: all.max() as f64 / 1e3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= b * 0.01
    }

    #[test]
    fn percentiles_are_within_one_percent_of_a_sort() {
        let mut window = Window::default();
        let mut values: Vec<f64> = (1..=10_000).map(|n| f64::from(n * 7919 % 10_007) / 1e4).collect();
        for value in &values {
            window.record(*value, 10);
        }
        values.sort_by(f64::total_cmp);
        let got = window.summary(10);
        assert_eq!(got.count, 10_000);
        for (share, ms) in [(0.5, got.p50_ms), (0.95, got.p95_ms), (0.99, got.p99_ms)] {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "an index of the list"
            )]
            let want = values[(share * 10_000.0) as usize - 1] * 1e3;
            assert!(near(ms, want), "{share}: {ms} {want}");
        }
        assert!(near(got.average_ms, values.iter().sum::<f64>() / 10.0));
    }

    #[test]
    fn an_hour_later_nothing_of_it_is_left() {
        let mut window = Window::default();
        window.record(1.0, 0);
        assert_eq!(window.summary(3_599).count, 1);
        window.record(0.001, 3_600);
        assert_eq!(window.summary(3_600).count, 2);
        assert_eq!(window.summary(3_900).count, 1, "the first five minutes are over an hour old");
        assert_eq!(window.summary(100_000).count, 0);
        assert_eq!(
            (window.recent(3_600).count, window.recent(4_199).count, window.recent(4_200).count),
            (1, 1, 0)
        );
        assert_eq!(window.total(), 2);
        for n in 0..100 {
            window.record(0.5, n * 1_000);
        }
        assert!(window.slots.len() <= SLOTS);
    }

    #[test]
    fn what_is_no_duration_is_left_out_and_what_is_too_long_is_the_longest() {
        let mut window = Window::default();
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            window.record(value, 0);
        }
        assert_eq!(window.summary(0), Summary::default());
        window.record(1e9, 0);
        assert!(near(window.summary(0).max_ms, 600_000.0));
    }
}
