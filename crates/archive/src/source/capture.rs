//! Recorded Binance streams: every line is a receive time in nanoseconds, a blank, and the message as it came
//! (`depthUpdate`, `trade`, `aggTrade`, `bookTicker`; with or without the combined streams' envelope), or the answer of
//! the REST depth snapshot. Field names: Binance spot WebSocket streams documentation, July 2026.

use serde::Deserialize;
use serde_json::value::RawValue;
use types::depth::{DepthDiff, DepthSnapshot, Level};
use types::{Price, Print, Qty, Time, TradeId};

use super::csv::short;
use crate::manifest::Scales;
use crate::number::scaled;
use crate::stamp;
use crate::table::book::BookNews;
use crate::table::prints::quote;

/// What a line of a recording says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Print(Print),
    Book(BookNews),
}

/// A line that concerns the wanted market, or why it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    News(Time, News),
    /// Of another market.
    Foreign(String),
    /// Of a type that is not stored: `kline`, an answer to a subscription.
    Skipped(String),
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(rename = "lastUpdateId")]
    last_update: Option<u64>,
    #[serde(borrow)]
    bids: Option<&'a RawValue>,
    #[serde(borrow)]
    asks: Option<&'a RawValue>,
}

/// One message; the same letter means different things in different types.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(rename = "e", borrow)]
    event: Option<&'a str>,
    #[serde(rename = "s", borrow)]
    symbol: Option<&'a str>,
    #[serde(rename = "U")]
    first: Option<u64>,
    #[serde(rename = "u")]
    last: Option<u64>,
    #[serde(borrow)]
    b: Option<&'a RawValue>,
    #[serde(borrow)]
    a: Option<&'a RawValue>,
    #[serde(rename = "B", borrow)]
    bid_qty: Option<&'a RawValue>,
    #[serde(rename = "A", borrow)]
    ask_qty: Option<&'a RawValue>,
    t: Option<u64>,
    #[serde(borrow)]
    p: Option<&'a RawValue>,
    #[serde(borrow)]
    q: Option<&'a RawValue>,
    #[serde(rename = "T")]
    time: Option<i64>,
    m: Option<bool>,
}

/// True if `line` looks like a line of a recording.
pub(crate) fn looks_like_it(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < line.len() && rest.trim_start().starts_with('{')
}

/// Reads lines for one market.
pub(crate) struct Capture {
    pub(crate) scales: Scales,
    /// `None` takes every market for the one.
    pub(crate) symbol: Option<String>,
    /// True once a message of another market was seen: from then on a snapshot, which names none, could be anybody's.
    several: bool,
}

impl Capture {
    pub(crate) const fn new(scales: Scales, symbol: Option<String>) -> Self {
        Self { scales, symbol, several: false }
    }

    /// What one line says.
    pub(crate) fn read(&mut self, line: &str) -> Result<Message, String> {
        let (time, json) = line.split_once(' ').ok_or("it is not a time, a blank and a message")?;
        let at = stamp::parse(time).ok_or_else(|| format!("\"{}\" is not a time", short(time)))?;
        self.message(at, json)
    }

    /// What one message says that was received at `at`.
    pub(crate) fn message(&mut self, at: Time, json: &str) -> Result<Message, String> {
        let frame: Frame<'_> =
            serde_json::from_str(json).map_err(|error| format!("no JSON of a stream: {error}"))?;
        if let (Some(last), Some(bids), Some(asks)) = (frame.last_update, frame.bids, frame.asks) {
            if self.several {
                return Err("a snapshot that names no market, in a recording of several".into());
            }
            let (bids, asks) = (self.levels(bids)?, self.levels(asks)?);
            let snapshot = BookNews::Snapshot(DepthSnapshot { last, bids, asks });
            return Ok(Message::News(at, News::Book(snapshot)));
        }
        let data = frame.data.map_or(json, RawValue::get);
        let fields: Fields<'_> = match serde_json::from_str(data) {
            Ok(fields) => fields,
            // A list or a null is an answer of the venue, not news.
            Err(_) if !data.trim_start().starts_with('{') => return Ok(Message::Skipped("answer".into())),
            Err(error) => return Err(format!("no message of a known form: {error}")),
        };
        let Some(symbol) = fields.symbol else {
            return Ok(Message::Skipped(short(fields.event.unwrap_or("answer"))));
        };
        if self.symbol.as_ref().is_some_and(|wanted| symbol != wanted) {
            self.several = true;
            return Ok(Message::Foreign(short(symbol)));
        }
        let news = match fields.event {
            Some("depthUpdate") => self.diff(&fields)?,
            Some("trade") => self.print(&fields, fields.t)?,
            // The id of an aggregate is in `a`.
            Some("aggTrade") => self.print(&fields, fields.a.and_then(|a| a.get().parse().ok()))?,
            None | Some("bookTicker") if fields.bid_qty.is_some() => self.best(&fields)?,
            other => return Ok(Message::Skipped(short(other.unwrap_or("unknown")))),
        };
        Ok(Message::News(at, news))
    }

    fn diff(&self, fields: &Fields<'_>) -> Result<News, String> {
        let (Some(first), Some(last), Some(b), Some(a)) = (fields.first, fields.last, fields.b, fields.a)
        else {
            return Err("a depth update without U, u, b or a".into());
        };
        if first > last {
            return Err(format!("a depth update from {first} to {last}"));
        }
        let (bids, asks) = (self.levels(b)?, self.levels(a)?);
        Ok(News::Book(BookNews::Diff(DepthDiff { first, last, bids, asks })))
    }

    fn print(&self, fields: &Fields<'_>, id: Option<u64>) -> Result<News, String> {
        let (Some(id), Some(p), Some(q), Some(time), Some(buyer_is_maker)) =
            (id, fields.p, fields.q, fields.time, fields.m)
        else {
            return Err("a trade without its id, p, q, T or m".into());
        };
        let (price, qty) =
            (Price(self.number(p, self.scales.price)?), Qty(self.number(q, self.scales.base)?));
        if price.0 == 0 || qty.0 == 0 {
            return Err("a trade of nothing, or for nothing".into());
        }
        let at = stamp::parse(&time.to_string()).ok_or_else(|| format!("{time} is not a time"))?;
        Ok(News::Print(Print { id: TradeId(id), price, qty, quote: quote(price, qty), buyer_is_maker, at }))
    }

    fn best(&self, fields: &Fields<'_>) -> Result<News, String> {
        let (Some(update), Some(b), Some(bq), Some(a), Some(aq)) =
            (fields.last, fields.b, fields.bid_qty, fields.a, fields.ask_qty)
        else {
            return Err("a book ticker without u, b, B, a or A".into());
        };
        let bid = (Price(self.number(b, self.scales.price)?), Qty(self.number(bq, self.scales.base)?));
        let ask = (Price(self.number(a, self.scales.price)?), Qty(self.number(aq, self.scales.base)?));
        Ok(News::Book(BookNews::Best { update, bid, ask }))
    }

    fn levels(&self, raw: &RawValue) -> Result<Vec<Level>, String> {
        let texts: Vec<(&str, &str)> = serde_json::from_str(raw.get())
            .map_err(|error| format!("levels that are not pairs of decimal texts: {error}"))?;
        let level = |(price, qty): (&str, &str)| -> Result<Level, String> {
            Ok((Price(self.text(price, self.scales.price)?), Qty(self.text(qty, self.scales.base)?)))
        };
        texts.into_iter().map(level).collect()
    }

    /// A decimal in a JSON text; a JSON number would have gone through a float on its way here.
    fn number(&self, raw: &RawValue, scale: u8) -> Result<i64, String> {
        let text: &str = serde_json::from_str(raw.get())
            .map_err(|_| format!("{} is not a decimal text", short(raw.get())))?;
        self.text(text, scale)
    }

    fn text(&self, text: &str, scale: u8) -> Result<i64, String> {
        match scaled(text, scale) {
            Ok(number) if !number.noisy => Ok(number.value),
            Ok(_) => {
                Err(format!("\"{}\" has too many decimals: the scale is {scale}, for ever", short(text)))
            }
            Err(why) => Err(format!("\"{}\" {why} (at a scale of {scale} decimals)", short(text))),
        }
    }
}
