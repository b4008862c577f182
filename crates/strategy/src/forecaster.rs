//! What the forecast-driven strategy asks: given the logarithms of closes so far, how far will the next ones go?

use std::collections::VecDeque;

use forecast::Series;
use forecast::arima::{self, Given, Params, Regressor, Spec};
use types::Bar;
use types::wire::{Reader, WireError, Writer};

/// The distribution of a change of the logarithm of a price: normal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// Its mean; 0.001 is about 10 basis points up.
    pub mean: f64,
    /// Its standard deviation.
    pub deviation: f64,
}

/// Anything that forecasts from closes alone. Its state is saved and restored bit for bit like a strategy's.
pub trait Forecaster: Send {
    /// `arima`.
    fn name(&self) -> &'static str;
    /// Values before the first forecast.
    fn warm_up(&self) -> u32;
    /// Takes in the logarithm of the next close.
    fn observe(&mut self, x: f64);
    /// Takes in the next bar; a forecaster that needs no more than closes leaves this as it is.
    fn hear(&mut self, bar: &Bar) {
        // A signal: the price's integer is exact in a float up to 2^53.
        self.observe((bar.close.0 as f64).max(1.0).ln());
    }
    /// The change from the last value to the one `horizon` ≥ 1 bars later; `None` when it cannot tell.
    fn outlook(&self, horizon: u32) -> Option<Outlook>;
    /// Appends its state.
    fn save(&self, w: &mut Writer<'_>);
    /// Restores a state saved with the same settings.
    ///
    /// # Errors
    /// When the bytes are not such a state.
    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError>;
}

/// The last values, at most a window of them.
#[derive(Clone, Debug)]
struct Window {
    most: usize,
    values: VecDeque<f64>,
}

impl Window {
    fn new(most: u32) -> Self {
        let most = most.max(2) as usize;
        Self { most, values: VecDeque::with_capacity(most) }
    }

    fn push(&mut self, x: f64) {
        if self.values.len() == self.most {
            self.values.pop_front();
        }
        self.values.push_back(x);
    }

    fn is_full(&self) -> bool {
        self.values.len() == self.most
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.varint(self.values.len() as u64);
        self.values.iter().for_each(|x| w.u64(x.to_bits()));
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        let count = r.count(8)?;
        if count > self.most {
            return Err(WireError::Invalid);
        }
        self.values.clear();
        for _ in 0..count {
            self.values.push_back(f64::from_bits(r.u64()?));
        }
        Ok(())
    }
}

/// A random walk, with the mean change of its window or without: the forecasts that every other one has to beat.
#[derive(Clone, Debug)]
pub struct RandomWalk {
    window: Window,
    has_drift: bool,
}

impl RandomWalk {
    /// No change is expected.
    #[must_use]
    pub fn naive(window: u32) -> Self {
        Self { window: Window::new(window), has_drift: false }
    }

    /// The mean change of the window is expected to go on.
    #[must_use]
    pub fn with_drift(window: u32) -> Self {
        Self { has_drift: true, ..Self::naive(window) }
    }
}

impl Forecaster for RandomWalk {
    fn name(&self) -> &'static str {
        if self.has_drift { "drift" } else { "naive" }
    }

    fn warm_up(&self) -> u32 {
        u32::try_from(self.window.most).unwrap_or(u32::MAX)
    }

    fn observe(&mut self, x: f64) {
        self.window.push(x);
    }

    fn outlook(&self, horizon: u32) -> Option<Outlook> {
        if !self.window.is_full() {
            return None;
        }
        let values = &self.window.values;
        let changes = (values.len() - 1) as f64;
        let mean = (values.back()? - values.front()?) / changes;
        let squares = values.iter().zip(values.iter().skip(1)).map(|(a, b)| (b - a - mean).powi(2));
        let deviation = (squares.sum::<f64>() / changes).sqrt();
        let steps = f64::from(horizon);
        let mean = if self.has_drift { mean * steps } else { 0.0 };
        Some(Outlook { mean, deviation: deviation * steps.sqrt() })
    }

    fn save(&self, w: &mut Writer<'_>) {
        self.window.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.window.load(r)
    }
}

/// ARIMA(p, 1, q) on the last values: parameters are estimated afresh every so many values and kept in between.
#[derive(Clone, Debug)]
pub struct Arima {
    window: Window,
    spec: Spec,
    every: u64,
    seen: u64,
    /// The present parameters; `None` before the first fit and when no fit was found.
    params: Option<Params>,
}

impl Arima {
    /// Orders `p` and `q`, `window` values, a new fit every `every` of them.
    #[must_use]
    pub fn new(p: usize, q: usize, window: u32, every: u32) -> Self {
        let spec = Spec { p, d: 1, q, seasonal: None, regressor: Regressor::None };
        Self { window: Window::new(window), spec, every: u64::from(every.max(1)), seen: 0, params: None }
    }

    fn series(&self) -> Option<Series> {
        Series::new(self.window.values.iter().copied().collect()).ok()
    }
}

impl Forecaster for Arima {
    fn name(&self) -> &'static str {
        "arima"
    }

    fn warm_up(&self) -> u32 {
        u32::try_from(self.window.most).unwrap_or(u32::MAX)
    }

    fn observe(&mut self, x: f64) {
        self.window.push(x);
        if !self.window.is_full() {
            return;
        }
        if self.seen.is_multiple_of(self.every) {
            let fit = self.series().and_then(|series| arima::fit(&series, &self.spec).ok());
            self.params = fit.map(|fit| fit.params);
        }
        self.seen += 1;
    }

    fn outlook(&self, horizon: u32) -> Option<Outlook> {
        let params = self.params.as_ref()?;
        let given = Given {
            ar: params.ar.clone(),
            ma: params.ma.clone(),
            sar: params.sar.clone(),
            sma: params.sma.clone(),
            constant: params.constant,
            sigma2: Some(params.sigma2),
        };
        let model = arima::fixed(&self.series()?, &self.spec, &given).ok()?;
        let point = *model.forecast(horizon as usize).ok()?.last()?;
        let last = *self.window.values.back()?;
        Some(Outlook { mean: point.mean - last, deviation: point.se })
    }

    fn save(&self, w: &mut Writer<'_>) {
        self.window.save(w);
        w.u64(self.seen);
        w.bool(self.params.is_some());
        let Some(params) = &self.params else { return };
        params.ar.iter().chain(&params.ma).for_each(|x| w.u64(x.to_bits()));
        w.u64(params.sigma2.to_bits());
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.window.load(r)?;
        self.seen = r.u64()?;
        self.params = None;
        if r.bool()? {
            let mut read = |count: usize| -> Result<Vec<f64>, WireError> {
                (0..count).map(|_| r.u64().map(f64::from_bits)).collect()
            };
            let (ar, ma) = (read(self.spec.p)?, read(self.spec.q)?);
            let sigma2 = read(1)?[0];
            self.params = Some(Params { ar, ma, sigma2, ..Params::default() });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: u32) -> f64 {
        let t = f64::from(n);
        4.0 + 0.001 * t + 0.01 * (t * 0.7).sin()
    }

    #[test]
    fn a_random_walk_expects_nothing_and_with_drift_what_was() {
        let (mut naive, mut drift) = (RandomWalk::naive(11), RandomWalk::with_drift(11));
        for n in 0..11 {
            assert!(naive.outlook(1).is_none());
            naive.observe(0.01 * f64::from(n));
            drift.observe(0.01 * f64::from(n));
        }
        assert!(naive.outlook(5).unwrap().mean.abs() < 1e-15);
        let outlook = drift.outlook(5).unwrap();
        assert!((outlook.mean - 0.05).abs() < 1e-12 && outlook.deviation < 1e-9);
    }

    #[test]
    fn a_restored_forecaster_goes_on_with_the_same_bits() {
        let make: [fn() -> Box<dyn Forecaster>; 2] =
            [|| Box::new(Arima::new(2, 1, 60, 25)), || Box::new(RandomWalk::with_drift(20))];
        for make in make {
            for cut in [3, 59, 61, 90] {
                let (mut whole, mut halves) = (make(), make());
                for n in 0..130 {
                    if n == cut {
                        let mut bytes = Vec::new();
                        halves.save(&mut Writer(&mut bytes));
                        halves = make();
                        let mut r = Reader::new(&bytes);
                        halves.load(&mut r).unwrap();
                        r.end().unwrap();
                    }
                    whole.observe(wave(n));
                    halves.observe(wave(n));
                    let bits =
                        |f: &dyn Forecaster| f.outlook(3).map(|o| (o.mean.to_bits(), o.deviation.to_bits()));
                    assert_eq!(bits(whole.as_ref()), bits(halves.as_ref()), "cut {cut}, value {n}");
                }
                assert!(whole.outlook(3).is_some());
            }
        }
    }
}
