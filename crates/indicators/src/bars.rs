//! Bars as the rows and columns that functions read.
//!
//! Prices and volumes are in their own units (50,000.5, not 5,000,050 ticks), so that values are what people know; candlestick patterns,
//! which only compare prices, read whole ticks, because sums of whole numbers are exact and their state stays a window. A series
//! that a function does not name is the closes'; a function of two such takes the highs and the lows, as TA-Lib's abstract
//! interface does. Floats: a signal, never money.

use types::{Bar, Price};

use crate::function::{Function, Input};
use crate::limits::INPUTS_MAX;
use crate::settings::Settings;

/// Reads a function's inputs out of bars of a market.
#[derive(Clone, Debug)]
pub struct Rows {
    inputs: Vec<Input>,
    /// Two series that the function does not name.
    paired: bool,
    price_unit: f64,
    volume_unit: f64,
}

impl Rows {
    /// Of a market whose prices and volumes have so many decimals.
    #[must_use]
    pub fn new(function: Function, price_scale: u8, volume_scale: u8) -> Self {
        let unit = |scale: u8| 10_f64.powi(i32::from(scale));
        let whole = function.group() == PATTERNS;
        let inputs = function.inputs();
        Self {
            paired: inputs == [Input::Real(0), Input::Real(1)],
            inputs,
            price_unit: if whole { 1.0 } else { unit(price_scale) },
            volume_unit: unit(volume_scale),
        }
    }

    /// One bar's values, and how many there are.
    #[must_use]
    pub fn of(&self, bar: &Bar) -> ([f64; INPUTS_MAX], usize) {
        let mut row = [0.0; INPUTS_MAX];
        row.iter_mut().zip(&self.inputs).for_each(|(x, input)| *x = self.value(*input, bar));
        (row, self.inputs.len())
    }

    #[expect(clippy::cast_precision_loss, reason = "a price has at most 15 figures that matter to a signal")]
    fn value(&self, input: Input, bar: &Bar) -> f64 {
        let of = |price: Price| price.0 as f64 / self.price_unit;
        match input {
            Input::Open => of(bar.open),
            Input::High => of(bar.high),
            Input::Low => of(bar.low),
            Input::Close => of(bar.close),
            Input::Volume => bar.volume.0 as f64 / self.volume_unit,
            Input::Real(0) if self.paired => of(bar.high),
            Input::Real(1) if self.paired => of(bar.low),
            Input::Real(_) => of(bar.close),
        }
    }
}

/// TA-Lib's name for the group of candlestick patterns.
const PATTERNS: &str = "Pattern Recognition";

impl Settings {
    /// The function over bars: one column per output, each shorter than the bars by the lookback. `None` when TA-Lib refuses it.
    #[must_use]
    pub fn over(&self, bars: &[Bar], price_scale: u8, volume_scale: u8) -> Option<Vec<Vec<f64>>> {
        let rows = Rows::new(self.function(), price_scale, volume_scale);
        let column = |input: &Input| bars.iter().map(|bar| rows.value(*input, bar)).collect::<Vec<f64>>();
        let columns: Vec<Vec<f64>> = rows.inputs.iter().map(column).collect();
        let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        self.batch(&views)
    }
}

#[cfg(test)]
mod tests {
    use types::{Interval, Money, Time};

    use super::*;
    use crate::stream::Stream;

    fn bar(n: i64) -> Bar {
        let close = Price(10_000 + n * 7 % 120);
        let flat = Bar::flat(Interval::M1, Time(n * 60_000_000_000), close);
        Bar { high: Price(close.0 + 50), low: Price(close.0 - 25), volume: Money(i128::from(n) * 10), ..flat }
    }

    #[test]
    fn the_values_over_bars_are_those_of_a_stream_that_hears_them() {
        let bars: Vec<Bar> = (0..200).map(bar).collect();
        for text in ["SMA(20)", "MACD", "OBV", "BETA", "CDLDOJI", "ATR", "VWAP"] {
            let settings = Settings::named(text).unwrap();
            let columns = settings.over(&bars, 2, 1).unwrap();
            let rows = Rows::new(settings.function(), 2, 1);
            let mut stream = Stream::new(&settings);
            let mut at = 0;
            for bar in &bars {
                let (row, width) = rows.of(bar);
                let Some(values) = stream.update(&row[..width]).unwrap() else { continue };
                for (column, value) in columns.iter().zip(values) {
                    assert_eq!(column[at].to_bits(), value.to_bits(), "{text} at {at}");
                }
                at += 1;
            }
            assert_eq!((at, columns[0].len()), (200 - settings.lookback(), at), "{text}");
        }
    }

    #[test]
    fn prices_are_in_their_own_units_and_two_series_are_highs_and_lows() {
        let one = |text: &str| {
            let (row, width) = Rows::new(Settings::named(text).unwrap().function(), 2, 1).of(&bar(3));
            row[..width].to_vec()
        };
        assert_eq!(one("SMA"), [100.21]);
        assert_eq!(one("ADD"), [100.71, 99.96]);
        assert_eq!(one("OBV"), [100.21, 3.0]);
        assert_eq!(one("CDLDOJI"), [10_021.0, 10_071.0, 9_996.0, 10_021.0]);
    }
}
