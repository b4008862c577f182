//! When each request is due: arrivals at rates that change in straight lines, each at a time that can be worked out beforehand.

use std::time::Duration;

use crate::scenario::Scenario;

/// A stretch in which the rate changes in a straight line. Times in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stretch {
    begins: f64,
    lasts: f64,
    /// Arrivals a second at its beginning and its end.
    rates: (f64, f64),
    /// Arrivals before it.
    before: f64,
}

impl Stretch {
    fn arrivals(&self) -> f64 {
        (self.rates.0 + self.rates.1) / 2.0 * self.lasts
    }

    /// When so many arrivals of this stretch have come: r0·t + (r1 - r0)/(2·lasts)·t² = n, solved for t.
    fn time_of(&self, n: f64) -> f64 {
        let (r0, slope) = (self.rates.0, (self.rates.1 - self.rates.0) / self.lasts);
        // The stable form of the quadratic's root, which also holds for slope 0.
        let root = (r0 * r0 + 2.0 * slope * n).max(0.0).sqrt();
        if r0 + root > 0.0 { 2.0 * n / (r0 + root) } else { 0.0 }
    }
}

/// All arrivals of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    stretches: Vec<Stretch>,
    total: u64,
    /// When the steady part begins: after the ramp.
    pub(crate) steady: Duration,
    /// When it ends.
    pub(crate) ends: Duration,
}

impl Plan {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let mut stretches = Vec::new();
        let (mut begins, mut before, mut last) = (0.0, 0.0, 0.0);
        let mut add = |lasts: f64, from: f64, to: f64| {
            if lasts > 0.0 {
                let stretch = Stretch { begins, lasts, rates: (from, to), before };
                begins += lasts;
                before += stretch.arrivals();
                stretches.push(stretch);
            }
        };
        let mut steady = Duration::ZERO;
        if scenario.phases.is_empty() {
            let (ramp, rate) = (scenario.ramp_up_time.as_secs_f64(), scenario.rate());
            add(ramp, 0.0, rate);
            add(scenario.duration.as_secs_f64() - ramp, rate, rate);
            steady = scenario.ramp_up_time;
        } else {
            for phase in &scenario.phases {
                let from = if phase.ramp { last } else { phase.rate };
                add(phase.duration.as_secs_f64(), from, phase.rate);
                last = phase.rate;
            }
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rates and times are bounded"
        )]
        let total = before as u64;
        Self { stretches, total, steady, ends: Duration::from_secs_f64(begins) }
    }

    /// How many there are.
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// When number `n`, from 0, is due; `None` after the last one.
    pub(crate) fn time_of(&self, n: u64) -> Option<Duration> {
        if n >= self.total {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53")]
        let n = n as f64;
        let place = self.stretches.partition_point(|stretch| stretch.before <= n).saturating_sub(1);
        let stretch = self.stretches.get(place)?;
        let within = stretch.time_of(n - stretch.before).min(stretch.lasts);
        Some(Duration::from_secs_f64(stretch.begins + within))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(more: &str) -> Scenario {
        let text = format!(
            "name = \"a\"\ntype = \"load\"\nduration = \"30s\"\nconcurrent_users = 1\n{more}\n[success_criteria]\n\
             [[requests]]\nname = \"a\"\npath = \"/\"\n"
        );
        Scenario::parse(&text).unwrap()
    }

    fn times(plan: &Plan) -> Vec<f64> {
        (0..plan.total()).map(|n| plan.time_of(n).unwrap().as_secs_f64()).collect()
    }

    #[test]
    fn a_ramp_brings_half_as_many_and_then_the_rate_holds() {
        let plan = Plan::of(&scenario("ramp_up_time = \"10s\"\nrate = 100.0"));
        assert_eq!(plan.total(), 500 + 2_000);
        let all = times(&plan);
        assert!(all.windows(2).all(|pair| pair[0] <= pair[1]));
        let within = |from: f64, to: f64| all.iter().filter(|t| (from..to).contains(*t)).count();
        // In the ramp's first half a quarter of its arrivals, in each steady second a hundred.
        assert!(within(0.0, 5.0).abs_diff(125) <= 1, "{}", within(0.0, 5.0));
        assert!(within(5.0, 10.0).abs_diff(375) <= 1);
        assert!((10..30).all(|s| within(f64::from(s), f64::from(s + 1)).abs_diff(100) <= 1));
        assert_eq!((plan.steady.as_secs(), plan.ends.as_secs(), plan.time_of(2_500)), (10, 30, None));
    }

    #[test]
    fn phases_follow_one_another_with_and_without_ramps() {
        let phases = "phases = [{ duration = \"10s\", rate = 10.0 }, { duration = \"10s\", rate = 50.0, ramp = true }, \
                      { duration = \"5s\", rate = 0.0 }, { duration = \"5s\", rate = 20.0 }]";
        let plan = Plan::of(&scenario(phases));
        assert_eq!(plan.total(), 100 + 300 + 100);
        let all = times(&plan);
        assert!(all.iter().all(|t| !(20.001..25.0).contains(t)), "nobody comes in the silent phase");
        assert!(all.last().is_some_and(|t| *t > 29.9 && *t < 30.0));
    }
}
