//! Answers by route over the last five minutes: counts by the buckets of `http_request_duration_seconds`, so that a percentile here is
//! the one that Prometheus works out of the same buckets.
//!
//! Memory: 600 bytes a route. A value counts for 4.5 to 5 minutes.

use std::collections::BTreeMap;

use crate::catalogue::{Kind, bounds, find};

/// Length of a slot, seconds.
const SLOT_S: u64 = 30;
/// Slots of five minutes.
const SLOTS: usize = 10;
/// Routes followed; more than the API has.
const ROUTES_MAX: usize = 512;
/// Answers below which a percentile tells nothing.
const COUNT_MIN: u64 = 20;

#[derive(Debug, Default)]
struct Slot {
    /// Number of the slot since time 0, and one more: 0 is empty.
    at: u64,
    /// By bucket; the last is what is above all bounds.
    counts: Vec<u32>,
}

/// All routes.
#[derive(Debug)]
pub(crate) struct Routes {
    bounds: Vec<f64>,
    slots: BTreeMap<String, Vec<Slot>>,
}

impl Default for Routes {
    fn default() -> Self {
        let bounds = match find("http_request_duration_seconds").map(|metric| metric.kind) {
            Some(Kind::Histogram(buckets)) => bounds(buckets),
            _ => Vec::new(),
        };
        Self { bounds, slots: BTreeMap::new() }
    }
}

impl Routes {
    pub(crate) fn record(&mut self, route: &str, seconds: f64, now_s: u64) {
        if !self.slots.contains_key(route) {
            if self.slots.len() >= ROUTES_MAX {
                return;
            }
            let empty = || Slot { at: 0, counts: vec![0; self.bounds.len() + 1] };
            self.slots.insert(route.to_owned(), (0..SLOTS).map(|_| empty()).collect());
        }
        let at = now_s / SLOT_S + 1;
        let place = usize::try_from(at % SLOTS as u64).unwrap_or(0);
        let Some(slot) = self.slots.get_mut(route).and_then(|slots| slots.get_mut(place)) else { return };
        if slot.at != at {
            slot.at = at;
            slot.counts.fill(0);
        }
        let bucket = self.bounds.iter().position(|bound| seconds <= *bound).unwrap_or(self.bounds.len());
        slot.counts[bucket] = slot.counts[bucket].saturating_add(1);
    }

    /// 95th percentiles in seconds, by route.
    pub(crate) fn p95(&self, now_s: u64) -> Vec<(String, f64)> {
        let first = (now_s / SLOT_S + 2).saturating_sub(SLOTS as u64);
        let of = |(route, slots): (&String, &Vec<Slot>)| {
            let mut counts = vec![0_u64; self.bounds.len() + 1];
            for slot in slots.iter().filter(|slot| slot.at >= first.max(1)) {
                counts.iter_mut().zip(&slot.counts).for_each(|(sum, count)| *sum += u64::from(*count));
            }
            let enough = counts.iter().sum::<u64>() >= COUNT_MIN;
            enough.then(|| (route.clone(), quantile(0.95, &self.bounds, &counts)))
        };
        self.slots.iter().filter_map(of).collect()
    }
}

/// Prometheus' `histogram_quantile`: linear within a bucket, from 0 in the first; the last bound for what is above all.
fn quantile(share: f64, bounds: &[f64], counts: &[u64]) -> f64 {
    let rank = share * counts.iter().sum::<u64>() as f64;
    let (mut below, mut lower) = (0.0, 0.0);
    for (bound, count) in bounds.iter().zip(counts) {
        let count = *count as f64;
        if below + count >= rank && count > 0.0 {
            return lower + (bound - lower) * (rank - below) / count;
        }
        below += count;
        lower = *bound;
    }
    lower
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_the_one_prometheus_works_out() {
        // Worked by hand after the source of histogram_quantile: rank 95 of 100 lies in the bucket (0.5, 1], 5 of its 10 in.
        let bounds = [0.1, 0.5, 1.0];
        assert!((quantile(0.95, &bounds, &[50, 40, 10, 0]) - 0.75).abs() < 1e-12);
        assert!((quantile(0.5, &bounds, &[100, 0, 0, 0]) - 0.05).abs() < 1e-12);
        assert!(
            (quantile(0.95, &bounds, &[0, 0, 0, 9]) - 1.0).abs() < 1e-12,
            "above all bounds: the last one"
        );
    }

    #[test]
    fn a_route_is_judged_by_its_own_last_five_minutes() {
        let mut routes = Routes::default();
        for n in 0..100 {
            routes.record("/slow", if n % 10 == 0 { 0.9 } else { 0.01 }, 1_000 + n);
            routes.record("/fine", 0.002, 1_000 + n);
        }
        (0..COUNT_MIN - 1).for_each(|n| routes.record("/rare", 3.0, 1_000 + n));
        let told = routes.p95(1_100);
        let of = |route: &str| told.iter().find(|(name, _)| name == route).map(|(_, p95)| *p95);
        assert!(of("/slow").is_some_and(|p95| p95 > 0.5 && p95 <= 1.0), "{told:?}");
        assert!(of("/fine").is_some_and(|p95| p95 <= 0.002_5), "{told:?}");
        assert_eq!(of("/rare"), None, "too few to tell");
        assert!(routes.p95(1_100 + 300).is_empty(), "five minutes later nothing of it is left");
        routes.record("/slow", 0.001, 2_000);
        assert!(routes.p95(2_000).is_empty(), "old slots do not count with new ones");
    }

    #[test]
    fn made_up_routes_cannot_fill_the_memory() {
        let mut routes = Routes::default();
        (0..2 * ROUTES_MAX).for_each(|n| routes.record(&format!("/{n}"), 0.1, 0));
        assert_eq!(routes.slots.len(), ROUTES_MAX);
    }
}
