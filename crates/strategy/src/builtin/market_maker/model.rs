//! Where to quote, and how much the mid moves.

use types::Time;
use types::wire::{Reader, WireError, Writer};

/// The parameters of Avellaneda and Stoikov, per basis point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub(super) gamma: f64,
    pub(super) kappa: f64,
    pub(super) horizon: f64,
    pub(super) least: f64,
}

impl Model {
    /// Distance of the reservation price from the mid and half the spread, in basis points, for an inventory of `q` quotes and a
    /// volatility of `sigma` basis points per √second.
    pub(super) fn quotes(&self, q: f64, sigma: f64) -> (f64, f64) {
        let risk = self.gamma * sigma * sigma * self.horizon;
        let spread = 0.5 * risk + (1.0 + self.gamma / self.kappa).ln() / self.gamma;
        (-q * risk, spread.max(self.least))
    }
}

/// Volatility of the mid: an exponential average of its squared returns, sampled once a second at most.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Volatility {
    half_life: f64,
    samples: u64,
    at: Time,
    mid: f64,
    /// Squared basis points per second.
    variance: f64,
}

impl Volatility {
    pub(super) const fn new(half_life: f64) -> Self {
        Self { half_life, samples: 0, at: Time(0), mid: 0.0, variance: 0.0 }
    }

    /// Takes in the mid of a moment.
    pub(super) fn update(&mut self, now: Time, mid: f64) {
        let seconds = now.since(self.at) as f64 / 1e9;
        if self.mid > 0.0 && seconds < 1.0 {
            return;
        }
        if self.mid > 0.0 {
            let moved = (mid / self.mid).ln() * 10_000.0;
            let sample = moved * moved / seconds;
            let keep = 0.5_f64.powf(seconds / self.half_life);
            // The first samples count equally until the average has its own length.
            let share = (1.0 - keep).max(1.0 / (self.samples as f64 + 1.0));
            self.variance += share * (sample - self.variance);
            self.samples += 1;
        }
        (self.at, self.mid) = (now, mid);
    }

    /// Basis points per √second, once there are enough samples.
    pub(super) fn per_second(&self, least: u64) -> Option<f64> {
        (self.samples >= least).then(|| self.variance.max(0.0).sqrt())
    }

    pub(super) const fn samples(&self) -> u64 {
        self.samples
    }

    pub(super) fn save(&self, w: &mut Writer<'_>) {
        w.u64(self.samples);
        w.i64(self.at.0);
        w.u64(self.mid.to_bits());
        w.u64(self.variance.to_bits());
    }

    pub(super) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.samples = r.u64()?;
        self.at = Time(r.i64()?);
        self.mid = f64::from_bits(r.u64()?);
        self.variance = f64::from_bits(r.u64()?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inventory_leans_the_quotes_and_risk_widens_them() {
        let model = Model { gamma: 0.1, kappa: 0.5, horizon: 60.0, least: 1.0 };
        let (level, calm) = model.quotes(0.0, 0.5);
        let (long, _) = model.quotes(2.0, 0.5);
        let (_, wild) = model.quotes(0.0, 5.0);
        assert!(level.abs() < 1e-12 && long < 0.0 && wild > calm);
        // 0.5 · 0.1 · 0.25 · 60 + ln(1.2) / 0.1
        assert!((calm - (0.75 + 1.823_215_567_939_546)).abs() < 1e-9);
    }

    #[test]
    fn a_steady_walk_has_its_own_volatility() {
        let mut volatility = Volatility::new(60.0);
        let mut mid = 100.0;
        for second in 0..2_000 {
            volatility.update(Time(second * 1_000_000_000), mid);
            mid *= if second % 2 == 0 { 1.0001 } else { 1.0 / 1.0001 };
        }
        let sigma = volatility.per_second(10).unwrap();
        assert!((sigma - 1.0).abs() < 0.01, "{sigma}");
    }
}
