//! What the stream says: an envelope that names the stream, and in it a bar or what the recorded captures hold as well.

use serde::Deserialize;
use serde_json::value::RawValue;
use types::{Bar, Interval, Market, Money, Price, Qty, Time, TradeId, decimal};

/// The envelope of combined streams.
#[derive(Deserialize)]
pub(crate) struct Envelope<'a> {
    /// `btcusdt@depth@100ms`; an answer to a request has none.
    pub(crate) stream: Option<&'a str>,
    #[serde(borrow)]
    pub(crate) data: Option<&'a RawValue>,
    /// A request was not understood.
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct KlineEvent<'a> {
    #[serde(borrow)]
    k: Kline<'a>,
}

#[derive(Deserialize)]
struct Kline<'a> {
    t: i64,
    i: &'a str,
    o: &'a str,
    h: &'a str,
    l: &'a str,
    c: &'a str,
    v: &'a str,
    q: &'a str,
    #[serde(rename = "V")]
    taker_base: &'a str,
    #[serde(rename = "Q")]
    taker_quote: &'a str,
    n: u64,
    f: i64,
    #[serde(rename = "L")]
    last: i64,
    x: bool,
}

/// A bar over REST: open time, open, high, low, close, volume, close time, quote volume, trades, taker's base and quote volume, unused.
type Row =
    (i64, String, String, String, String, String, i64, String, u64, String, String, serde::de::IgnoredAny);
/// Rows of an answer.
pub(crate) type Rows = Vec<Row>;

/// A bar that is closed; `None` for one that may still change.
pub(crate) fn closed(json: &str, market: &Market) -> Result<Option<Bar>, String> {
    let event: KlineEvent<'_> = serde_json::from_str(json).map_err(|error| format!("no kline: {error}"))?;
    let k = event.k;
    if !k.x {
        return Ok(None);
    }
    let interval = Interval::parse(k.i).ok_or_else(|| format!("a kline of {:?}", k.i))?;
    let texts = [k.o, k.h, k.l, k.c, k.v, k.q, k.taker_base, k.taker_quote];
    let mut bar = read(market, interval, k.t, texts, k.n)?;
    // Without trades it says -1.
    let id = |id: i64| TradeId(u64::try_from(id).unwrap_or(0));
    (bar.first, bar.last) = (id(k.f), id(k.last));
    Ok(Some(bar))
}

/// Bars of an answer over REST, in order; the last may still change.
pub(crate) fn rows(rows: &Rows, market: &Market, interval: Interval) -> Result<Vec<Bar>, String> {
    let bar = |(at, o, h, l, c, v, _, q, n, taker_base, taker_quote, _): &Row| {
        read(market, interval, *at, [o, h, l, c, v, q, taker_base, taker_quote], *n)
    };
    let bars = rows.iter().map(bar).collect::<Result<Vec<Bar>, String>>()?;
    if bars.windows(2).any(|pair| pair[0].open_time >= pair[1].open_time) {
        return Err("bars that are not in order".to_owned());
    }
    Ok(bars)
}

fn read(
    market: &Market,
    interval: Interval,
    open_ms: i64,
    [open, high, low, close, volume, quote, taker_base, taker_quote]: [&str; 8],
    count: u64,
) -> Result<Bar, String> {
    let price = |text: &str| {
        let price = decimal::parse_unsigned(text, market.price_scale).map(Price);
        price.map_err(|why| format!("the price {text:?} {why}"))
    };
    let amount = |text: &str, scale: u8| {
        let amount = decimal::parse(text, scale).map(Money);
        amount.map_err(|why| format!("the volume {text:?} {why}"))
    };
    let open_time = open_ms.checked_mul(1_000_000).map(Time).ok_or_else(|| format!("the time {open_ms}"))?;
    let (base, quoted) = (market.base.scale, market.quote.scale);
    Ok(Bar {
        interval,
        open_time,
        open: price(open)?,
        high: price(high)?,
        low: price(low)?,
        close: price(close)?,
        volume: amount(volume, base)?,
        quote: amount(quote, quoted)?,
        taker_base: amount(taker_base, base)?,
        taker_quote: amount(taker_quote, quoted)?,
        count,
        first: TradeId(0),
        last: TradeId(0),
        last_qty: Qty::ZERO,
    })
}
