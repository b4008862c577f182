//! What a metric is: a name, a unit, a sentence, a formula in code, and how its value is written for people.

use serde_json::{Value, json};

use super::Basis;

/// In what a metric is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share of one, written in per cent.
    Share,
    /// A number without a unit.
    Ratio,
    /// The quote asset.
    Money,
    /// A whole number.
    Count,
    /// Days of 24 hours.
    Days,
    /// Times a day.
    PerDay,
    /// Times a year.
    PerYear,
    /// A probability, 0 to 1.
    Probability,
}

/// One metric of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its stable name in JSON: `sharpe`.
    pub name: &'static str,
    /// What people read: `Sharpe ratio`.
    pub label: &'static str,
    /// In what it is counted.
    pub unit: Unit,
    /// What it says, in one sentence.
    pub doc: &'static str,
    /// True if the sign says good or bad, so that it may be coloured.
    pub signed: bool,
    /// Computes it.
    pub compute: fn(&Basis<'_>) -> Measured,
}

/// A metric's value in one back-test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// The value; `None` where the back-test does not define it (no trade, no loss, one day).
    pub value: Option<f64>,
    /// A 95 % confidence interval, where there is one.
    pub interval: Option<(f64, f64)>,
    /// What else belongs to the number: dates, counts, the reason of its absence.
    pub note: String,
}

impl Measured {
    /// A value alone. What is not a finite number counts as absent.
    #[must_use]
    pub fn of(value: f64) -> Self {
        Self { value: Some(value).filter(|v| v.is_finite()), ..Self::default() }
    }

    /// No value, and why.
    #[must_use]
    pub fn absent(why: &str) -> Self {
        Self { note: why.to_owned(), ..Self::default() }
    }

    /// The same with an interval.
    #[must_use]
    pub fn between(mut self, low: f64, high: f64) -> Self {
        self.interval = Some((low, high)).filter(|(l, h)| l.is_finite() && h.is_finite());
        self
    }

    /// The same with a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// A metric with its value.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// Which.
    pub metric: &'static Metric,
    /// Its value.
    pub measured: Measured,
}

impl Measurement {
    /// The value as people read it: `+1.25 %`, `0.84`, `—`.
    #[must_use]
    pub fn text(&self) -> String {
        self.measured.value.map_or_else(|| "—".to_owned(), |v| self.metric.unit.text(v, self.metric.signed))
    }

    /// The interval as people read it; empty without one.
    #[must_use]
    pub fn interval_text(&self) -> String {
        let signed = self.metric.signed;
        let unit = self.metric.unit;
        self.measured.interval.map_or_else(String::new, |(l, h)| {
            format!("{} to {}", unit.text(l, signed), unit.text(h, signed))
        })
    }

    /// `{"value", "low", "high", "unit", "note"}`; shares are fractions, what is absent is left out or null.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = json!({ "value": self.measured.value, "unit": self.metric.unit.name() });
        if let Some((low, high)) = self.measured.interval {
            object["low"] = json!(low);
            object["high"] = json!(high);
        }
        if !self.measured.note.is_empty() {
            object["note"] = json!(self.measured.note);
        }
        object
    }
}

impl Unit {
    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Ratio => "ratio",
            Self::Money => "quote",
            Self::Count => "count",
            Self::Days => "days",
            Self::PerDay => "per_day",
            Self::PerYear => "per_year",
            Self::Probability => "probability",
        }
    }

    /// A value in this unit. `signed` puts a plus before what is above zero.
    #[must_use]
    pub fn text(self, value: f64, signed: bool) -> String {
        match self {
            Self::Share => format!("{}\u{202f}%", number(value * 100.0, 2, signed)),
            Self::Ratio | Self::PerDay | Self::Money => number(value, 2, signed),
            Self::PerYear => format!("{}×", number(value, 1, signed)),
            Self::Count => number(value, 0, signed),
            Self::Days => number(value, if value < 10.0 { 1 } else { 0 }, signed),
            Self::Probability => number(value, 3, signed),
        }
    }
}

/// `value` with `decimals`, thousands parted by thin commas, a true minus, and a plus where `signed`.
#[must_use]
pub fn number(value: f64, decimals: usize, signed: bool) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = digits.split_once('.').map_or((digits.as_str(), None), |(w, f)| (w, Some(f)));
    let mut out = String::with_capacity(digits.len() + 8);
    // What rounds to nothing has no sign.
    if digits.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        if value < 0.0 {
            out.push('−');
        } else if signed {
            out.push('+');
        }
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        for (value, decimals, signed, want) in [
            (1_234_567.891, 2, false, "1,234,567.89"),
            (-1_234.5, 1, true, "−1,234.5"),
            (0.004, 2, true, "0.00"),
            (-0.004, 2, true, "0.00"),
            (0.2, 2, true, "+0.20"),
            (999.0, 0, false, "999"),
            (1_000.0, 0, false, "1,000"),
        ] {
            assert_eq!(number(value, decimals, signed), want);
        }
        assert_eq!(Unit::Share.text(-0.00558416, true), "−0.56\u{202f}%");
    }
}
