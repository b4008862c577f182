//! How long messages travel to the venue and back.

use types::Time;

use crate::Latency;
use crate::draw::Draw;

/// One connection: each direction keeps the order of its messages.
#[derive(Clone, Debug)]
pub(crate) struct Travel {
    latency: Latency,
    draw: Draw,
    last_order: Time,
    last_report: Time,
}

impl Travel {
    pub(crate) fn new(latency: Latency, seed: u64) -> Self {
        Self { latency, draw: Draw::new(seed, 1), last_order: Time(i64::MIN), last_report: Time(i64::MIN) }
    }

    /// When a message sent at `now` is at the venue.
    pub(crate) fn there(&mut self, now: Time) -> Time {
        let ns = self.ns(now, true);
        self.last_order = now.plus_nanos(ns).max(self.last_order);
        self.last_order
    }

    /// When a report made at `now` is here.
    pub(crate) fn back(&mut self, now: Time) -> Time {
        let ns = self.ns(now, false);
        self.last_report = now.plus_nanos(ns).max(self.last_report);
        self.last_report
    }

    fn ns(&mut self, now: Time, to_venue: bool) -> i64 {
        match &self.latency {
            Latency::None => 0,
            Latency::Constant { order_ns, report_ns } => {
                (if to_venue { *order_ns } else { *report_ns }).max(0)
            }
            Latency::Drawn { least_ns, mean_ns } => {
                least_ns.max(&0).saturating_add(self.draw.exponential(*mean_ns))
            }
            Latency::Recorded { measured, .. } => {
                let after = measured.partition_point(|m| m.at <= now);
                let found = measured.get(after.saturating_sub(1));
                found.map_or(0, |m| (if to_venue { m.order_ns } else { m.report_ns }).max(0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Travelled;

    #[test]
    fn messages_of_one_direction_never_overtake_each_other() {
        let mut travel = Travel::new(Latency::Drawn { least_ns: 10, mean_ns: 1_000_000 }, 3);
        let arrivals: Vec<Time> = (0..1_000).map(|n| travel.there(Time(n))).collect();
        assert!(arrivals.is_sorted());
        assert!(arrivals.iter().zip(0..).all(|(at, n)| at.0 >= n + 10));
    }

    #[test]
    fn a_recorded_delay_counts_from_its_time_on() {
        let at = |at, order_ns| Travelled { at: Time(at), order_ns, report_ns: 1 };
        let latency = Latency::Recorded { source: "test".into(), measured: vec![at(100, 5), at(200, 7)] };
        let mut travel = Travel::new(latency, 0);
        let arrivals = [0, 150, 200].map(|n| travel.there(Time(n)).0);
        assert_eq!(arrivals, [5, 155, 207]);
        assert_eq!(travel.back(Time(300)), Time(301));
    }
}
