//! Rows of a CSV as bars and trades. A row that is not what it should be stops the import with its line and the reason.

use types::decimal::DecimalError;
use types::{Bar, Interval, Money, Price, Print, Qty, Time, TradeId};

use super::Lines;
use super::columns::{BarColumns, Dialect, TradeColumns, split};
use crate::Error;
use crate::limits::CSV_COLUMNS_MAX;
use crate::manifest::Scales;
use crate::number::scaled;
use crate::stamp;
use crate::table::prints::quote;

/// Hands the fields of every row to `row`.
pub(crate) fn each_row(
    text: Box<dyn std::io::Read>,
    dialect: &Dialect,
    mut row: impl FnMut(u64, &[&str]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut lines = Lines::new(text);
    let mut header = dialect.header;
    while let Some((number, line)) = lines.next()? {
        if std::mem::take(&mut header) {
            continue;
        }
        let mut fields = [""; CSV_COLUMNS_MAX];
        let Some(n) = split(line, dialect.separator, &mut fields) else {
            return Err(Error::line(number, format!("it has more than {CSV_COLUMNS_MAX} columns")));
        };
        row(number, &fields[..n])?;
    }
    Ok(())
}

/// Whether a source's times are the starts or the ends of its bars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// Starts: what venues and most files give.
    #[default]
    Open,
    /// Ends: a bar that is stamped 00:01 covers the minute before.
    Close,
}

/// Reads rows; counts numbers that were prints of binary floats.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) scales: Scales,
    pub(crate) noisy: u64,
}

impl Rows {
    pub(crate) const fn new(scales: Scales) -> Self {
        Self { scales, noisy: 0 }
    }

    /// A bar of `interval`.
    pub(crate) fn bar(
        &mut self,
        fields: &[&str],
        columns: &BarColumns,
        interval: Interval,
        stamp: Stamp,
    ) -> Result<Bar, String> {
        let given = time(fields, columns.time)?;
        let open_time = opening(given, interval, stamp)?;
        let (price_scale, base_scale) = (self.scales.price, self.scales.base);
        let mut price = |at, name| self.number(fields, Some(at), price_scale, name).map(Price);
        let (open, high) = (price(columns.open, "open")?, price(columns.high, "high")?);
        let (low, close) = (price(columns.low, "low")?, price(columns.close, "close")?);
        let mut bar = Bar { high, low, close, ..Bar::flat(interval, open_time, open) };
        let base = |n: i64| Money(i128::from(n));
        bar.volume = base(self.number(fields, columns.volume, base_scale, "volume")?);
        bar.taker_base = base(self.number(fields, columns.taker_base, base_scale, "taker buy volume")?);
        bar.quote = self.amount(fields, columns.quote, "quote volume")?;
        bar.taker_quote = self.amount(fields, columns.taker_quote, "taker buy quote volume")?;
        if let Some(at) = columns.count {
            let text = field(fields, at)?;
            let whole = text.strip_suffix(".0").unwrap_or(text);
            bar.count =
                whole.parse().map_err(|_| format!("the number of trades \"{}\" is none", short(text)))?;
        }
        sane(&bar)?;
        Ok(bar)
    }

    /// A public trade.
    pub(crate) fn print(&mut self, fields: &[&str], columns: &TradeColumns) -> Result<Print, String> {
        let at = time(fields, columns.time)?;
        let text = field(fields, columns.id)?;
        let id =
            text.parse().map_err(|_| format!("the trade's id \"{}\" is no whole number", short(text)))?;
        let price = Price(self.number(fields, Some(columns.price), self.scales.price, "price")?);
        let qty = Qty(self.number(fields, Some(columns.qty), self.scales.base, "quantity")?);
        let maker = field(fields, columns.maker)?;
        let buyer_is_maker = match maker {
            "true" | "True" | "TRUE" | "1" => true,
            "false" | "False" | "FALSE" | "0" => false,
            other => {
                return Err(format!("\"{}\" does not say whether the buyer was the maker", short(other)));
            }
        };
        if price.0 == 0 || qty.0 == 0 {
            return Err("a trade of nothing, or for nothing".into());
        }
        Ok(Print { id: TradeId(id), price, qty, quote: quote(price, qty), buyer_is_maker, at })
    }

    fn number(&mut self, fields: &[&str], at: Option<usize>, scale: u8, name: &str) -> Result<i64, String> {
        let Some(at) = at else { return Ok(0) };
        let text = field(fields, at)?;
        let number = scaled(text, scale).map_err(|why| misread(name, text, scale, why))?;
        self.noisy += u64::from(number.noisy);
        Ok(number.value)
    }

    /// An amount of quote: a statistic that may be finer than the scale or a float's sum; rounded down to the scale.
    fn amount(&mut self, fields: &[&str], at: Option<usize>, name: &str) -> Result<Money, String> {
        let Some(at) = at else { return Ok(Money::ZERO) };
        let text = field(fields, at)?;
        let cut = match text.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|b| b.is_ascii_digit()) => {
                &text[..whole.len() + 1 + fraction.len().min(usize::from(self.scales.quote))]
            }
            _ => text,
        };
        match types::decimal::parse(cut, self.scales.quote) {
            Ok(value) if value >= 0 && value < 10_i128.pow(38) => Ok(Money(value)),
            Ok(_) => Err(misread(name, text, self.scales.quote, DecimalError::OutOfRange)),
            Err(why) => Err(misread(name, text, self.scales.quote, why)),
        }
    }
}

/// A bar that a market can have made.
pub(crate) fn sane(bar: &Bar) -> Result<(), String> {
    if bar.low.0 <= 0 {
        return Err("a price is zero".into());
    }
    let inside = |price: Price| bar.low <= price && price <= bar.high;
    if !inside(bar.open) || !inside(bar.close) {
        return Err("open and close must lie between low and high".into());
    }
    if bar.taker_base > bar.volume || bar.taker_quote > bar.quote {
        return Err("takers bought more than was traded".into());
    }
    Ok(())
}

fn opening(given: Time, interval: Interval, stamp: Stamp) -> Result<Time, String> {
    let open = match stamp {
        Stamp::Open => given,
        Stamp::Close => interval.start(given.plus_nanos(-1)),
    };
    let aligned = match stamp {
        Stamp::Open => interval.start(given) == given,
        Stamp::Close => interval.next(open) == given,
    };
    if aligned {
        return Ok(open);
    }
    let end = if stamp == Stamp::Open { "start" } else { "end" };
    Err(format!("{} is not the {end} of a {} bar", stamp::iso(given), interval.as_str()))
}

/// The time in a column.
pub(crate) fn time(fields: &[&str], at: usize) -> Result<Time, String> {
    let text = field(fields, at)?;
    stamp::parse(text).ok_or_else(|| format!("\"{}\" is not a time", short(text)))
}

fn field<'a>(fields: &[&'a str], at: usize) -> Result<&'a str, String> {
    fields
        .get(at)
        .copied()
        .ok_or_else(|| format!("it has {} columns, and column {} is missing", fields.len(), at + 1))
}

fn misread(name: &str, text: &str, scale: u8, why: DecimalError) -> String {
    let more = match why {
        DecimalError::TooPrecise => format!(": the instrument's scale is {scale} decimals, for ever"),
        DecimalError::OutOfRange if text.starts_with('-') => {
            return format!("the {name} {} is negative", short(text));
        }
        DecimalError::OutOfRange => format!(" for 64 bits at {scale} decimals"),
        DecimalError::Malformed => String::new(),
    };
    format!("the {name} \"{}\" {why}{more}", short(text))
}

/// Foreign text for a message.
pub(crate) fn short(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).take(41).collect();
    if clean.chars().count() > 40 { clean.chars().take(40).chain("...".chars()).collect() } else { clean }
}
