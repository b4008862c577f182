//! The series that conditions name: prices and the outputs of TA-Lib's functions, each now and one bar before.
//!
//! A function that is named twice runs once. Cost: one update per function and bar. Limit: a function whose state is all its past
//! (`indicator show` says which) takes 1,048,576 bars and no more.

use indicators::limits::OUTPUTS_MAX;
use indicators::{Rows, Settings, Stream, StreamError};
use types::wire::{Reader, WireError, Writer};
use types::{Bar, Price};

use super::super::reading::readable;

/// Number of prices a bar has, with its volume.
const PRICES: usize = 5;
/// Their names, in the order of [`Series::prices`].
const NAMES: [&str; PRICES] = ["open", "high", "low", "close", "volume"];

/// One side of a comparison: a number, or a series times a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Operand {
    pub(super) factor: f64,
    pub(super) of: Of,
}

/// What an operand reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Nothing: the factor is the number.
    Number,
    /// A price of the bar, by its place.
    Price(usize),
    /// An output of a function, by their places.
    Output(usize, usize),
}

/// A function and its values.
struct Line {
    name: String,
    stream: Stream,
    rows: Rows,
    now: Option<[f64; OUTPUTS_MAX]>,
    before: Option<[f64; OUTPUTS_MAX]>,
}

/// All series of a strategy.
pub(super) struct Series {
    price_scale: u8,
    volume_scale: u8,
    prices: [f64; PRICES],
    prices_before: [f64; PRICES],
    lines: Vec<Line>,
}

impl Series {
    /// None yet, of a market with these decimals.
    pub(super) const fn new(price_scale: u8, volume_scale: u8) -> Self {
        Self {
            price_scale,
            volume_scale,
            prices: [f64::NAN; PRICES],
            prices_before: [f64::NAN; PRICES],
            lines: Vec::new(),
        }
    }

    /// The price called `name`, in any case.
    pub(super) fn price(name: &str) -> Option<Of> {
        NAMES.iter().position(|known| known.eq_ignore_ascii_case(name)).map(Of::Price)
    }

    /// The place of a function, which runs from now on.
    pub(super) fn line(&mut self, settings: &Settings) -> usize {
        let name = settings.to_string();
        if let Some(at) = self.lines.iter().position(|line| line.name == name) {
            return at;
        }
        let rows = Rows::new(settings.function(), self.price_scale, self.volume_scale);
        self.lines.push(Line { name, stream: Stream::new(settings), rows, now: None, before: None });
        self.lines.len() - 1
    }

    /// Bars before every function has a value.
    pub(super) fn lookback(&self) -> usize {
        self.lines.iter().map(|line| line.stream.settings().lookback()).max().unwrap_or(0)
    }

    /// Takes in a bar.
    ///
    /// # Errors
    /// A function that can take no more; the others took it.
    pub(super) fn update(&mut self, bar: &Bar) -> Result<(), StreamError> {
        let of = |price: Price| readable(price.0 as f64, self.price_scale);
        let volume = readable(bar.volume.0 as f64, self.volume_scale);
        let prices = [of(bar.open), of(bar.high), of(bar.low), of(bar.close), volume];
        self.prices_before = std::mem::replace(&mut self.prices, prices);
        let mut all = Ok(());
        for line in &mut self.lines {
            let (row, width) = line.rows.of(bar);
            line.before = line.now;
            match line.stream.update(&row[..width]) {
                Ok(values) => line.now = values,
                Err(error) => (line.now, all) = (None, Err(error)),
            }
        }
        all
    }

    /// An operand's value now; no number while there is none.
    pub(super) fn now(&self, operand: Operand) -> f64 {
        self.value(operand, &self.prices, |line| line.now)
    }

    /// Its value one bar before.
    pub(super) fn before(&self, operand: Operand) -> f64 {
        self.value(operand, &self.prices_before, |line| line.before)
    }

    fn value(
        &self,
        operand: Operand,
        prices: &[f64; PRICES],
        values: impl Fn(&Line) -> Option<[f64; OUTPUTS_MAX]>,
    ) -> f64 {
        operand.factor
            * match operand.of {
                Of::Number => 1.0,
                Of::Price(at) => prices[at],
                Of::Output(line, output) => {
                    self.lines.get(line).and_then(values).map_or(f64::NAN, |values| values[output])
                }
            }
    }

    /// What a reason calls an operand.
    pub(super) fn label(&self, operand: Operand) -> &'static str {
        match operand.of {
            Of::Number => "limit",
            Of::Price(at) => NAMES[at],
            Of::Output(line, _) => self.lines.get(line).map_or("", |l| l.stream.settings().function().name()),
        }
    }

    pub(super) fn save(&self, w: &mut Writer<'_>) {
        let float = |w: &mut Writer<'_>, x: f64| w.u64(x.to_bits());
        self.prices.iter().for_each(|x| float(w, *x));
        for line in &self.lines {
            line.stream.save(w);
            w.bool(line.now.is_some());
            line.now.iter().flatten().for_each(|x| float(w, *x));
        }
    }

    pub(super) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        let floats = |r: &mut Reader<'_>, slots: &mut [f64]| {
            slots.iter_mut().try_for_each(|x| r.u64().map(|bits| *x = f64::from_bits(bits)))
        };
        floats(r, &mut self.prices)?;
        for line in &mut self.lines {
            line.stream.load(r)?;
            line.now = None;
            if r.bool()? {
                let mut values = [0.0; OUTPUTS_MAX];
                floats(r, &mut values)?;
                line.now = Some(values);
            }
        }
        Ok(())
    }
}
