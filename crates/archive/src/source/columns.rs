//! Which column of a CSV is what: by the names in its first line, or, without names, by the shape of the rows.
//!
//! Known without names: klines (12 columns), aggregate trades (8 or 7) and trades (7 or 6) of Binance's archives
//! (github.com/binance/binance-public-data, November 2026), and time, open, high, low, close, volume.

use crate::limits::CSV_COLUMNS_MAX;
use crate::stamp;

/// Places of a bar's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BarColumns {
    pub(crate) time: usize,
    pub(crate) open: usize,
    pub(crate) high: usize,
    pub(crate) low: usize,
    pub(crate) close: usize,
    pub(crate) volume: Option<usize>,
    pub(crate) close_time: Option<usize>,
    pub(crate) quote: Option<usize>,
    pub(crate) count: Option<usize>,
    pub(crate) taker_base: Option<usize>,
    pub(crate) taker_quote: Option<usize>,
}

/// Places of a trade's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TradeColumns {
    pub(crate) id: usize,
    pub(crate) price: usize,
    pub(crate) qty: usize,
    pub(crate) time: usize,
    pub(crate) maker: usize,
}

/// What the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    Bars(BarColumns),
    Trades(TradeColumns),
}

/// How a CSV is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) separator: char,
    /// True if the first line holds names.
    pub(crate) header: bool,
    pub(crate) columns: Columns,
    /// For people: `Binance klines`.
    pub(crate) name: &'static str,
}

const TIME: &[&str] = &[
    "open_time",
    "opentime",
    "open_time_ms",
    "unix",
    "timestamp",
    "ts",
    "ts_event",
    "time",
    "datetime",
    "date_time",
    "date",
    "t",
    "ds",
    "transact_time",
    "timestamp_ms",
    "gmt_time",
];
const VOLUME: &[&str] = &["volume", "vol", "v", "base_volume", "volume_base", "amount", "tick_volume"];
const QUOTE: &[&str] =
    &["quote_volume", "quote_asset_volume", "quote_av", "turnover", "volume_quote", "quotevolume"];
const COUNT: &[&str] = &["count", "trades", "number_of_trades", "tradecount", "num_trades", "trade_count"];
const TAKER_BASE: &[&str] =
    &["taker_buy_volume", "taker_buy_base_asset_volume", "tb_base_av", "taker_base_volume"];
const TAKER_QUOTE: &[&str] = &["taker_buy_quote_volume", "taker_buy_quote_asset_volume", "tb_quote_av"];
const ID: &[&str] = &["agg_trade_id", "trade_id", "id", "tradeid", "aggtradeid"];
const QTY: &[&str] = &["qty", "quantity", "size", "amount", "volume"];
const MAKER: &[&str] = &["is_buyer_maker", "buyer_is_maker", "isbuyermaker", "is_buyer_the_maker"];

/// Splits a line into fields, without quotes and blanks around them; `None` for too many.
pub(crate) fn split<'a>(line: &'a str, separator: char, fields: &mut [&'a str]) -> Option<usize> {
    let mut n = 0;
    for field in line.split(separator) {
        let field = field.trim_ascii();
        let inner = field.strip_prefix('"').and_then(|f| f.strip_suffix('"')).unwrap_or(field);
        *fields.get_mut(n)? = inner;
        n += 1;
    }
    Some(n)
}

/// Finds out from the first line what the file is.
pub(crate) fn detect(first: &str) -> Result<Dialect, String> {
    let separator =
        [',', ';', '\t', '|'].into_iter().max_by_key(|c| first.matches(*c).count()).unwrap_or(',');
    let mut fields = [""; CSV_COLUMNS_MAX];
    let Some(n) = split(first, separator, &mut fields) else {
        return Err(format!("its first line has more than {CSV_COLUMNS_MAX} columns"));
    };
    let fields = &fields[..n];
    if !fields.iter().any(|f| is_word(f)) {
        let (columns, name) = by_shape(fields).ok_or_else(|| {
            format!("its first line has {n} values and no names; which is what cannot be told")
        })?;
        return Ok(Dialect { separator, header: false, columns, name });
    }
    let names: Vec<String> = fields.iter().map(|f| plain(f)).collect();
    let (columns, name) = by_name(&names)?;
    Ok(Dialect { separator, header: true, columns, name })
}

/// True for a name of a column: letters that are not part of a number, a time or a truth value.
fn is_word(field: &str) -> bool {
    let lower = field.to_ascii_lowercase();
    let known = matches!(lower.as_str(), "true" | "false" | "nan" | "inf");
    !known
        && stamp::parse(field).is_none()
        && field.bytes().any(|b| b.is_ascii_alphabetic() && !matches!(b, b'e' | b'E'))
}

/// `Open time` and `<OPEN_TIME>` become `open_time`.
fn plain(name: &str) -> String {
    let name = name.trim_matches(['<', '>', '#', ' ']);
    name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

fn is_truth(field: &str) -> bool {
    matches!(field, "true" | "false" | "True" | "False" | "TRUE" | "FALSE")
}

fn by_shape(fields: &[&str]) -> Option<(Columns, &'static str)> {
    let truth = |at: usize| fields.get(at).copied().is_some_and(is_truth);
    let trades = |id, price, qty, time, maker| Columns::Trades(TradeColumns { id, price, qty, time, maker });
    let bare = |volume| BarColumns {
        time: 0,
        open: 1,
        high: 2,
        low: 3,
        close: 4,
        volume,
        close_time: None,
        quote: None,
        count: None,
        taker_base: None,
        taker_quote: None,
    };
    match fields.len() {
        12 => Some((
            Columns::Bars(BarColumns {
                close_time: Some(6),
                quote: Some(7),
                count: Some(8),
                taker_base: Some(9),
                taker_quote: Some(10),
                ..bare(Some(5))
            }),
            "Binance klines",
        )),
        6 | 7 if truth(5) => Some((trades(0, 1, 2, 4, 5), "Binance trades")),
        7 | 8 if truth(6) => Some((trades(0, 1, 2, 5, 6), "Binance aggregate trades")),
        5 => Some((Columns::Bars(bare(None)), "bars")),
        6 | 7 if fields.iter().all(|f| !is_truth(f)) => Some((Columns::Bars(bare(Some(5))), "bars")),
        _ => None,
    }
}

fn by_name(names: &[String]) -> Result<(Columns, &'static str), String> {
    let find = |wanted: &[&str]| wanted.iter().find_map(|w| names.iter().position(|n| n == w));
    let need = |wanted: &[&str]| {
        find(wanted).ok_or_else(|| {
            format!("none of its columns ({}) is the {}", names.join(", "), wanted[0].replace('_', " "))
        })
    };
    if let Some(maker) = find(MAKER) {
        let columns = TradeColumns {
            id: need(ID)?,
            price: need(&["price"])?,
            qty: need(QTY)?,
            time: need(TIME)?,
            maker,
        };
        let name = if names[columns.id].starts_with("agg") { "Binance aggregate trades" } else { "trades" };
        return Ok((Columns::Trades(columns), name));
    }
    // CryptoDataDownload writes "Volume BTC" and "Volume USDT": the first is the base.
    let named = || names.iter().position(|n| n.starts_with("volume_"));
    let columns = BarColumns {
        time: need(TIME)?,
        open: need(&["open", "o", "open_price"])?,
        high: need(&["high", "h", "high_price"])?,
        low: need(&["low", "l", "low_price"])?,
        close: need(&["close", "c", "close_price"])?,
        volume: find(VOLUME).or_else(named),
        close_time: find(&["close_time", "closetime"]),
        quote: find(QUOTE),
        count: find(COUNT),
        taker_base: find(TAKER_BASE),
        taker_quote: find(TAKER_QUOTE),
    };
    let name = if columns.taker_quote.is_some() { "Binance klines" } else { "bars" };
    Ok((Columns::Bars(columns), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(first: &str) -> BarColumns {
        match detect(first).unwrap().columns {
            Columns::Bars(columns) => columns,
            Columns::Trades(_) => panic!("{first} was taken for trades"),
        }
    }

    #[test]
    fn every_known_header_is_understood() {
        for first in [
            "timestamp,open,high,low,close,volume",
            "open_time_ms,open,high,low,close,volume",
            "ts,open,high,low,close,volume",
            "Date;Open;High;Low;Close;Volume",
            "\"t\",\"o\",\"h\",\"l\",\"c\",\"v\"",
            "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<VOL>",
        ] {
            let columns = bars(first);
            assert_eq!((columns.time, columns.close, columns.volume), (0, 4, Some(5)), "{first}");
        }
        let other = bars("Unix,Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USDT,tradecount");
        assert_eq!((other.time, other.open, other.volume, other.count), (0, 3, Some(7), Some(9)));
        let futures = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,\
                       taker_buy_quote_volume,ignore";
        let row =
            "1504254000000,4716.47,4730.0,4716.47,4727.96,12.4,1504257599999,58601.2,167,8.05,38033.1,0";
        assert_eq!(bars(futures), bars(row));
        assert!(detect(futures).unwrap().header && !detect(row).unwrap().header);
    }

    #[test]
    fn trades_are_told_from_bars() {
        let place = |first: &str| match detect(first).unwrap().columns {
            Columns::Trades(t) => (t.id, t.price, t.qty, t.time, t.maker),
            Columns::Bars(_) => panic!("{first} was taken for bars"),
        };
        assert_eq!(place("26129,0.01633102,4.70443515,27781,27781,1498793709153,true,true"), (0, 1, 2, 5, 6));
        assert_eq!(
            place("agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"),
            (0, 1, 2, 5, 6)
        );
        assert_eq!(place("id,price,qty,quote_qty,time,is_buyer_maker"), (0, 1, 2, 4, 5));
        assert_eq!(place("28457,4.00000100,12.00000000,48.000012,1499865549590,True,True"), (0, 1, 2, 4, 5));
    }

    #[test]
    fn what_cannot_be_told_is_said() {
        for (first, want) in [
            ("t,value", "none of its columns (t, value) is the open"),
            ("1,2", "its first line has 2 values"),
            ("open,high,low,close", "is the open time"),
            ("PK\u{3}\u{4}", "none of its columns"),
        ] {
            let error = detect(first).unwrap_err();
            assert!(error.contains(want), "{first}: {error}");
        }
        assert!(detect(&",".repeat(1_000)).unwrap_err().contains("more than"));
    }
}
