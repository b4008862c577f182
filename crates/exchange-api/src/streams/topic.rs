//! Names of market streams, read exactly as Binance spells them (web-socket-streams.md, 2026-07-21).
//!
//! Symbols are lower-case. An explicit `@1000ms` means the default speed (clients send both); it stays visible only in the
//! name that a combined message repeats. A name that means nothing here is no error: Binance accepts the subscription and
//! never sends anything.

use exchange_host::view::Catalog;
use history::Interval;
use types::MarketId;

use crate::timezone;

/// How often a depth stream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Speed {
    /// Every 100 ms.
    Fast,
    /// Every second.
    Slow,
}

/// A rolling window with a ticker stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // each variant is the venue's own word
pub(crate) enum Window {
    H1,
    H4,
    D1,
}

/// Minutes east of UTC at which days, weeks and months of a kline begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Offset(pub(crate) i16);

/// What a stream tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Topic {
    /// Each trade.
    Trade(MarketId),
    /// Trades of one taker order at one price as one.
    AggTrade(MarketId),
    /// The open bar.
    Kline(MarketId, Interval, Offset),
    /// Statistics of 24 hours, few fields.
    MiniTicker(MarketId),
    /// The same of all markets that changed.
    MiniTickers,
    /// Statistics of 24 hours.
    Ticker(MarketId),
    /// The same of all markets that changed.
    Tickers,
    /// Statistics of a rolling window.
    WindowTicker(MarketId, Window),
    /// The same of all markets that changed.
    WindowTickers(Window),
    /// Best bid and ask.
    BookTicker(MarketId),
    /// Best bid and ask of every market.
    BookTickers,
    /// The best levels of the book.
    PartialDepth(MarketId, u8, Speed),
    /// Changes of the book.
    Depth(MarketId, Speed),
    /// The average price.
    AveragePrice(MarketId),
}

impl Window {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::H1, Self::H4, Self::D1];

    /// `1h`, `4h`, `1d`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::H1 => "1h",
            Self::H4 => "4h",
            Self::D1 => "1d",
        }
    }

    /// Its length in minutes.
    pub(crate) const fn minutes(self) -> u32 {
        match self {
            Self::H1 => 60,
            Self::H4 => 240,
            Self::D1 => 1_440,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|window| window.as_str() == text)
    }
}

impl Offset {
    /// Reads `+08:00`, `-5:30` or `0` (Binance allows −12:00 to +14:00).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        timezone::minutes(text).and_then(|minutes| i16::try_from(minutes).ok()).map(Self)
    }

    /// In nanoseconds.
    pub(crate) const fn nanos(self) -> i64 {
        self.0 as i64 * 60_000_000_000
    }
}

impl Topic {
    /// Reads a stream name; `None` if it means nothing here (unknown symbol, unknown stream).
    pub(crate) fn parse(name: &str, catalog: &Catalog) -> Option<Self> {
        if let Some(all) = name.strip_prefix('!') {
            return Self::parse_all(all);
        }
        let (symbol, stream) = name.split_once('@')?;
        if symbol.bytes().any(|b| b.is_ascii_uppercase()) {
            return None;
        }
        let market = catalog.market_by_symbol(&symbol.to_ascii_uppercase())?.id;
        if let Some(kline) = stream.strip_prefix("kline_") {
            let (interval, offset) = kline.split_once('@').unwrap_or((kline, "0"));
            return Some(Self::Kline(market, Interval::parse(interval)?, Offset::parse(offset)?));
        }
        let (kind, speed) = stream.split_once('@').unwrap_or((stream, "1000ms"));
        let speed = match speed {
            "100ms" => Speed::Fast,
            "1000ms" => Speed::Slow,
            _ => return None,
        };
        Self::parse_one(market, kind, speed)
    }

    /// The market it is about; `None` for topics of all markets.
    pub(crate) const fn market(&self) -> Option<MarketId> {
        match self {
            Self::Trade(market)
            | Self::AggTrade(market)
            | Self::Kline(market, ..)
            | Self::MiniTicker(market)
            | Self::Ticker(market)
            | Self::WindowTicker(market, _)
            | Self::BookTicker(market)
            | Self::PartialDepth(market, ..)
            | Self::Depth(market, _)
            | Self::AveragePrice(market) => Some(*market),
            Self::MiniTickers | Self::Tickers | Self::WindowTickers(_) | Self::BookTickers => None,
        }
    }

    fn parse_one(market: MarketId, kind: &str, speed: Speed) -> Option<Self> {
        // Only depth comes at two speeds.
        match (kind, speed) {
            ("depth", _) => return Some(Self::Depth(market, speed)),
            ("depth5", _) => return Some(Self::PartialDepth(market, 5, speed)),
            ("depth10", _) => return Some(Self::PartialDepth(market, 10, speed)),
            ("depth20", _) => return Some(Self::PartialDepth(market, 20, speed)),
            (_, Speed::Fast) => return None,
            (_, Speed::Slow) => {}
        }
        match kind {
            "trade" => Some(Self::Trade(market)),
            "aggTrade" => Some(Self::AggTrade(market)),
            "miniTicker" => Some(Self::MiniTicker(market)),
            "ticker" => Some(Self::Ticker(market)),
            "bookTicker" => Some(Self::BookTicker(market)),
            "avgPrice" => Some(Self::AveragePrice(market)),
            _ => Window::parse(kind.strip_prefix("ticker_")?).map(|w| Self::WindowTicker(market, w)),
        }
    }

    fn parse_all(name: &str) -> Option<Self> {
        match name.strip_suffix("@1000ms").unwrap_or(name) {
            "miniTicker@arr" => Some(Self::MiniTickers),
            "ticker@arr" => Some(Self::Tickers),
            "bookTicker" => Some(Self::BookTickers),
            name => {
                let window = name.strip_prefix("ticker_")?.strip_suffix("@arr")?;
                Window::parse(window).map(Self::WindowTickers)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::samples::catalog;

    #[test]
    fn every_stream_of_the_venue_is_understood() {
        let (catalog, m) = (catalog(), MarketId(0));
        for (name, topic) in [
            ("btcusdt@trade", Topic::Trade(m)),
            ("btcusdt@aggTrade", Topic::AggTrade(m)),
            ("btcusdt@kline_1s", Topic::Kline(m, Interval::S1, Offset(0))),
            ("btcusdt@kline_1M", Topic::Kline(m, Interval::Month, Offset(0))),
            ("btcusdt@kline_1d@+08:00", Topic::Kline(m, Interval::D1, Offset(480))),
            ("btcusdt@kline_1d@-3:30", Topic::Kline(m, Interval::D1, Offset(-210))),
            ("btcusdt@miniTicker", Topic::MiniTicker(m)),
            ("!miniTicker@arr", Topic::MiniTickers),
            ("!miniTicker@arr@1000ms", Topic::MiniTickers),
            ("btcusdt@ticker", Topic::Ticker(m)),
            ("!ticker@arr", Topic::Tickers),
            ("btcusdt@ticker_4h", Topic::WindowTicker(m, Window::H4)),
            ("!ticker_1d@arr", Topic::WindowTickers(Window::D1)),
            ("btcusdt@bookTicker", Topic::BookTicker(m)),
            ("!bookTicker", Topic::BookTickers),
            ("btcusdt@depth5", Topic::PartialDepth(m, 5, Speed::Slow)),
            ("btcusdt@depth10@1000ms", Topic::PartialDepth(m, 10, Speed::Slow)),
            ("btcusdt@depth20@100ms", Topic::PartialDepth(m, 20, Speed::Fast)),
            ("btcusdt@depth", Topic::Depth(m, Speed::Slow)),
            ("btcusdt@depth@1000ms", Topic::Depth(m, Speed::Slow)),
            ("btcusdt@depth@100ms", Topic::Depth(m, Speed::Fast)),
            ("btcusdt@avgPrice", Topic::AveragePrice(m)),
        ] {
            assert_eq!(Topic::parse(name, &catalog), Some(topic), "{name}");
        }
    }

    #[test]
    fn what_means_nothing_is_no_topic() {
        let catalog = catalog();
        for name in [
            "",
            "@",
            "!",
            "0",
            "btcusdt",
            "btcusdt@",
            "BTCUSDT@trade",
            "Btcusdt@trade",
            "nosuch@trade",
            "btcusdt@Trade",
            "btcusdt@trade@100ms",
            "btcusdt@depth7",
            "btcusdt@depth@250ms",
            "btcusdt@kline_7m",
            "btcusdt@kline_1d@+15:00",
            "btcusdt@kline_1d@+08:60",
            "btcusdt@kline_1d@",
            "btcusdt@kline_1d@++8:00",
            "btcusdt@ticker_2h",
            "!trade@arr",
            "!ticker_1w@arr",
            "btcusdt@é",
        ] {
            assert_eq!(Topic::parse(name, &catalog), None, "{name}");
        }
    }
}
