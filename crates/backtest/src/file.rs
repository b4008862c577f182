//! Bars from one CSV file, read as a stream.
//!
//! Columns are found by their names (`open_time_ms`, `open_time`, `timestamp`, `time` or `date`; `open`, `high`, `low`, `close`;
//! `volume`), or, without a header, taken in Binance's order. Times are whole seconds, milli-, micro- or nanoseconds by their
//! size, or `2024-01-31 12:00:00`. Prices are read at scale 8. Memory: one line.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use types::{Bar, Interval, Money, Price, Time};

use crate::tape::TapeError;

/// Decimals of prices and volumes in a file.
pub const SCALE: u8 = 8;
/// Rows from which the interval and the tick are told.
const SAMPLE_ROWS: usize = 10_000;
/// Longest line: OHLCV has far less.
const LINE_MAX: u64 = 4_096;

/// Where the columns are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    time: usize,
    prices: [usize; 4],
    volume: Option<usize>,
}

/// A file of bars.
#[derive(Debug)]
pub struct BarFile {
    reader: BufReader<File>,
    columns: Columns,
    interval: Interval,
    tick: i64,
    line: Vec<u8>,
    number: u64,
}

impl BarFile {
    /// Opens a file and looks at its first rows.
    ///
    /// # Errors
    /// What is wrong with the file, with the line.
    pub fn open(path: &Path) -> Result<Self, TapeError> {
        let file = File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut reader = BufReader::with_capacity(1 << 18, file);
        let mut line = Vec::new();
        let (mut columns, mut number) = (Columns { time: 0, prices: [1, 2, 3, 4], volume: Some(5) }, 0);
        let head = read_line(&mut reader, &mut line)?;
        let mut data_starts = 0;
        if head && line.iter().any(|b| b.is_ascii_alphabetic()) {
            columns = header(std::str::from_utf8(&line)?)?;
            data_starts = reader.stream_position()?;
            number = 1;
        }
        let mut bars = Self { reader, columns, interval: Interval::M1, tick: 1, line, number };
        bars.reader.seek(SeekFrom::Start(data_starts))?;
        bars.sample()?;
        bars.reader.seek(SeekFrom::Start(data_starts))?;
        bars.number = number;
        Ok(bars)
    }

    /// The length of its bars.
    #[must_use]
    pub const fn interval(&self) -> Interval {
        self.interval
    }

    /// Sets the tick instead of the one that was told.
    #[must_use]
    pub const fn with_tick(mut self, tick: Price) -> Self {
        self.tick = tick.0;
        self
    }

    /// Its tick: the place of the last decimal in use, in units of 10^-8.
    #[must_use]
    pub const fn tick(&self) -> Price {
        Price(self.tick)
    }

    /// Tells interval and tick from the first rows.
    fn sample(&mut self) -> Result<(), TapeError> {
        let (mut before, mut step, mut finest) = (None, i64::MAX, 100_000_000);
        for _ in 0..SAMPLE_ROWS {
            let Some(bar) = self.read(Interval::M1)? else { break };
            if let Some(before) = before {
                let distance = bar.open_time.since(before);
                if distance <= 0 {
                    return Err(self.wrong("its time is not after the row before"));
                }
                step = step.min(distance);
            }
            before = Some(bar.open_time);
            for price in [bar.open, bar.high, bar.low, bar.close] {
                while price.0 % finest != 0 {
                    finest /= 10;
                }
            }
        }
        let length = |i: &Interval| i.seconds() * 1_000_000_000 == step;
        let found = Interval::ALL.into_iter().find(length);
        self.interval =
            found.ok_or("the file's rows are not bars of a known length (1s to 1w, two rows at least)")?;
        self.tick = finest;
        Ok(())
    }

    fn read(&mut self, interval: Interval) -> Result<Option<Bar>, TapeError> {
        loop {
            if !read_line(&mut self.reader, &mut self.line)? {
                return Ok(None);
            }
            self.number += 1;
            if !self.line.is_empty() {
                break;
            }
        }
        let mut fields = [&[][..]; 16];
        let mut count = 0;
        for (slot, field) in fields.iter_mut().zip(self.line.split(|b| *b == b',')) {
            *slot = field;
            count += 1;
        }
        let columns = self.columns;
        let last = columns.prices.into_iter().chain(columns.volume).max().unwrap_or(0).max(columns.time);
        if count <= last {
            return Err(self.wrong("it has too few columns"));
        }
        let time = time(fields[columns.time]).ok_or_else(|| self.wrong("its time is not readable"))?;
        let mut prices = [Price(0); 4];
        for (price, at) in prices.iter_mut().zip(columns.prices) {
            let found = decimal(fields[at]).filter(|p| *p > 0);
            *price =
                Price(found.ok_or_else(|| {
                    self.wrong("a price is not a number above zero with at most 8 decimals")
                })?);
        }
        let [open, high, low, close] = prices;
        if low > open.min(close) || high < open.max(close) {
            return Err(self.wrong("open and close are not between low and high"));
        }
        let volume = columns
            .volume
            .map(|at| volume(fields[at]).ok_or_else(|| self.wrong("its volume is not a number")));
        let volume = Money(i128::from(volume.transpose()?.unwrap_or(0)));
        let flat = Bar::flat(interval, time, close);
        Ok(Some(Bar { open, high, low, volume, ..flat }))
    }

    fn wrong(&self, what: &str) -> TapeError {
        format!("line {}: {what}", self.number).into()
    }
}

impl Iterator for BarFile {
    type Item = Result<Bar, TapeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let bar = self.read(self.interval).transpose()?;
        Some(bar.and_then(|bar| {
            let finer = [bar.open, bar.high, bar.low, bar.close].iter().any(|p| p.0 % self.tick != 0);
            if finer {
                return Err(self.wrong("a price is finer than those of the first rows: give the tick"));
            }
            Ok(bar)
        }))
    }
}

/// Reads a line without its end; `false` at the end of the file.
fn read_line(reader: &mut BufReader<File>, line: &mut Vec<u8>) -> Result<bool, TapeError> {
    line.clear();
    if reader.by_ref().take(LINE_MAX).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.len() as u64 == LINE_MAX {
        return Err("a line is longer than 4,096 bytes: this is not a file of bars".into());
    }
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    Ok(true)
}

fn header(line: &str) -> Result<Columns, TapeError> {
    let names: Vec<String> =
        line.split(',').map(|n| n.trim().trim_matches('"').to_ascii_lowercase()).collect();
    let find = |wanted: &[&str]| wanted.iter().find_map(|w| names.iter().position(|n| n == w));
    let need = |wanted: &[&str]| {
        find(wanted).ok_or_else(|| {
            format!("the file has no column {}; it has {}", wanted.join(" or "), names.join(", "))
        })
    };
    Ok(Columns {
        time: need(&["open_time_ms", "open_time", "timestamp", "time", "date", "datetime"])?,
        prices: [need(&["open"])?, need(&["high"])?, need(&["low"])?, need(&["close"])?],
        volume: find(&["volume", "vol"]),
    })
}

/// A decimal at scale 8, not negative.
fn decimal(text: &[u8]) -> Option<i64> {
    let (mut value, mut decimals, mut point, mut digits) = (0_i64, 0_u32, false, 0_u32);
    for byte in text {
        match byte {
            b'0'..=b'9' if !point || decimals < 8 => {
                value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
                decimals += u32::from(point);
                digits += 1;
            }
            // A ninth decimal must say nothing.
            b'0' => {}
            b'.' if !point => point = true,
            _ => return slow_decimal(text),
        }
    }
    if digits == 0 { None } else { value.checked_mul(10_i64.pow(8 - decimals)) }
}

/// Exponents and signs.
fn slow_decimal(text: &[u8]) -> Option<i64> {
    types::decimal::parse_unsigned(std::str::from_utf8(text).ok()?.trim().trim_matches('"'), SCALE).ok()
}

/// A volume, cut to eight decimals: it bounds fills, it is not money.
fn volume(text: &[u8]) -> Option<i64> {
    let point = text.iter().position(|b| *b == b'.').map_or(text.len(), |at| at + 9);
    decimal(&text[..point.min(text.len())])
}

/// A time as files and people write it: `2024-01-31`, `2024-01-31T12:00:00Z`, or a count since 1970.
#[must_use]
pub fn parse_time(text: &str) -> Option<Time> {
    time(text.as_bytes())
}

/// A time in one of the known forms.
fn time(text: &[u8]) -> Option<Time> {
    let text = text.trim_ascii();
    let mut value = 0_i64;
    for byte in text {
        if !byte.is_ascii_digit() {
            return date_time(std::str::from_utf8(text).ok()?.trim_matches('"'));
        }
        value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
    }
    // Seconds reach 10^11 in the year 5138; milliseconds were there in 1973.
    Some(match value {
        0..100_000_000_000 => Time(value.checked_mul(1_000_000_000)?),
        100_000_000_000..100_000_000_000_000 => Time::from_millis(value),
        100_000_000_000_000..100_000_000_000_000_000 => Time::from_micros(value),
        _ => Time(value),
    })
}

/// `2024-01-31`, `2024-01-31 12:00`, `2024-01-31T12:00:00.123456Z`.
fn date_time(text: &str) -> Option<Time> {
    let text = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00")).unwrap_or(text);
    let (date, clock) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    let mut parts = date.split('-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let mut parts = clock.splitn(3, ':');
    let (hour, minute) = (parts.next()?.parse::<i64>().ok()?, parts.next()?.parse::<i64>().ok()?);
    let nanos = match parts.next() {
        Some(seconds) => decimal(seconds.as_bytes())?.checked_mul(10)?,
        None => 0,
    };
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60;
    let days = days_from_civil(year, month, day);
    let seconds = days.checked_mul(86_400)?.checked_add(hour * 3_600 + minute * 60)?;
    valid.then(|| seconds.checked_mul(1_000_000_000)?.checked_add(nanos).map(Time)).flatten()
}

/// Days since 1970-01-01 of a date, counted from March so that the leap day is the year's last.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        let cases: [(&str, Option<i64>); 9] = [
            ("19994.81", Some(1_999_481_000_000)),
            ("46319.0", Some(4_631_900_000_000)),
            ("7", Some(700_000_000)),
            ("0.12345678", Some(12_345_678)),
            ("0.1234567800", Some(12_345_678)),
            ("0.123456789", None),
            ("1e-3", Some(100_000)),
            ("", None),
            ("x", None),
        ];
        for (text, want) in cases {
            assert_eq!(decimal(text.as_bytes()), want, "{text}");
        }
        assert_eq!(volume(b"0.1234567891"), Some(12_345_678));
    }

    #[test]
    fn times_are_read_in_every_form() {
        for text in [
            "1640991660",
            "1640991660000",
            "1640991660000000",
            "1640991660000000000",
            "2021-12-31 23:01:00.000000",
            "2021-12-31T23:01:00Z",
            "2021-12-31 23:01",
        ] {
            assert_eq!(time(text.as_bytes()), Some(Time(1_640_991_660_000_000_000)), "{text}");
        }
        assert_eq!(time(b"2021-13-01"), None);
        assert_eq!(time(b"1970-01-02"), Some(Time(86_400_000_000_000)));
    }
}
