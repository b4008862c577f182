//! A model that was trained before, as a forecaster: ARIMA, Prophet, LSTM and the rest, whatever `forecast::market` can forecast
//! from bars. The model does not change; what is observed is the bars it forecasts from.
//!
//! Floats: a forecast is a signal, never money. Cost: a forecast reads its whole window again at every bar, so the window bounds it.

mod wire;

use std::collections::VecDeque;
use std::sync::Arc;

use forecast::market::{Bars, Trained};
use types::Bar;
use types::wire::{Reader, WireError, Writer};

use crate::{Forecaster, Outlook};

pub use wire::{get_model, put_model};

/// The normal distribution's 90 % point: a step's low and high hold 80 % of futures.
const TENTH: f64 = 1.281_551_565_544_600_4;

/// A trained model and the last bars.
#[derive(Clone, Debug)]
pub struct TrainedModel {
    model: Arc<Trained>,
    /// Bars kept.
    most: usize,
    /// What a unit of price, and of volume, is in the model's own numbers.
    price_unit: f64,
    volume_unit: f64,
    /// Opening time in seconds, open, high, low, close, volume.
    rows: VecDeque<[f64; 6]>,
    step_s: f64,
}

impl TrainedModel {
    /// Forecasts from the last `window` bars, or as many more as the model needs, of an instrument with these decimals.
    #[must_use]
    pub fn new(model: Arc<Trained>, window: u32, price_scale: u8, base_scale: u8) -> Self {
        let needed = if let Trained::Lstm(network) = &*model { network.need() } else { 0 };
        let most = (window.max(2) as usize).max(needed);
        let unit = |scale: u8| 10_f64.powi(-i32::from(scale));
        let (price_unit, volume_unit) = (unit(price_scale), unit(base_scale));
        Self { model, most, price_unit, volume_unit, rows: VecDeque::with_capacity(most), step_s: 0.0 }
    }
}

impl Forecaster for TrainedModel {
    fn name(&self) -> &'static str {
        self.model.algorithm().name()
    }

    fn warm_up(&self) -> u32 {
        u32::try_from(self.most).unwrap_or(u32::MAX)
    }

    // It needs whole bars.
    fn observe(&mut self, _: f64) {}

    fn hear(&mut self, bar: &Bar) {
        let price = |price: types::Price| price.0 as f64 * self.price_unit;
        let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(price);
        if self.rows.len() == self.most {
            self.rows.pop_front();
        }
        self.step_s = bar.interval.seconds() as f64;
        let at = bar.open_time.0 as f64 / 1e9;
        self.rows.push_back([at, open, high, low, close, bar.volume.0 as f64 * self.volume_unit]);
    }

    fn outlook(&self, horizon: u32) -> Option<Outlook> {
        if self.rows.len() < self.most {
            return None;
        }
        let column = |n: usize| self.rows.iter().map(|row| row[n]).collect::<Vec<f64>>();
        let [times, open, high, low, close, volume] = [0, 1, 2, 3, 4, 5].map(column);
        let bars = Bars::new(self.step_s, &times, [&open, &high, &low, &close, &volume]).ok()?;
        let step = *self.model.forecast(bars.view(), horizon as usize).ok()?.last()?;
        let last = bars.view().last();
        let deviation = (step.high / step.low).ln() / (2.0 * TENTH);
        Some(Outlook { mean: (step.mean / last).ln(), deviation })
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.u64(self.step_s.to_bits());
        w.varint(self.rows.len() as u64);
        self.rows.iter().flatten().for_each(|x| w.u64(x.to_bits()));
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.step_s = f64::from_bits(r.u64()?);
        let count = r.count(48)?;
        if count > self.most {
            return Err(WireError::Invalid);
        }
        self.rows.clear();
        for _ in 0..count {
            let mut row = [0.0; 6];
            for x in &mut row {
                *x = f64::from_bits(r.u64()?);
            }
            self.rows.push_back(row);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use types::{Interval, Money, Price, Time};

    use super::*;

    fn bar(n: i64) -> Bar {
        let close = Price((100 + (n * 7 % 11) + n / 10) * 100_000_000);
        let flat = Bar::flat(Interval::M1, Time(n * 60_000_000_000), close);
        Bar { volume: Money(500_000_000), ..flat }
    }

    #[test]
    fn a_naive_model_expects_no_change_and_a_restored_one_goes_on_with_the_same_bits() {
        for model in [Trained::Naive, Trained::Drift, Trained::SeasonalNaive { period: 5 }] {
            let is_naive = matches!(model, Trained::Naive);
            let make = || TrainedModel::new(Arc::new(model.clone()), 30, 8, 8);
            let (mut whole, mut part) = (make(), make());
            for n in 0..50 {
                assert_eq!(whole.outlook(3).is_some(), n >= 30, "bar {n}");
                whole.hear(&bar(n));
                part.hear(&bar(n));
                let mut bytes = Vec::new();
                part.save(&mut Writer(&mut bytes));
                part = make();
                part.load(&mut Reader::new(&bytes)).unwrap();
            }
            let (a, b) = (whole.outlook(3).unwrap(), part.outlook(3).unwrap());
            assert_eq!((a.mean.to_bits(), a.deviation.to_bits()), (b.mean.to_bits(), b.deviation.to_bits()));
            assert!(a.deviation > 0.0 && (!is_naive || a.mean.abs() < 1e-12), "{a:?}");
        }
    }
}
