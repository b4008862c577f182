//! Public market data: what is listed, tickers, candles, books.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use types::instrument::TickRule;
use types::{Bar, Instrument, InstrumentKind, Interval, Market, Price, Qty};
use utoipa::{IntoParams, ToSchema};

use crate::Problem;
use crate::app::App;
use crate::auth::principal::Viewer;
use crate::limits::{CANDLE_PARTS_MAX, CANDLES_MAX, DEPTH_MAX, SYMBOLS_MAX};
use crate::ports::{CandleRange, Markets, PortError, Ticker};
use crate::wire::{Decimal, Json, Moment, Query, millis};

use super::recorded;

/// A market and its rules.
#[derive(Serialize, ToSchema)]
pub(crate) struct MarketBody {
    /// `local:BTCUSDT`.
    id: String,
    /// `BTCUSDT`.
    symbol: String,
    /// Where it trades.
    venue: String,
    /// `spot` or `linear_perp`.
    kind: &'static str,
    /// What is traded.
    base: String,
    /// What it is paid in.
    quote: String,
    /// Decimals of a price.
    price_scale: u8,
    /// Decimals of a quantity.
    qty_scale: u8,
    /// Step of prices (the smallest, where it depends on the price).
    tick: Decimal,
    /// Step of quantities.
    lot: Decimal,
    /// Smallest quantity.
    qty_min: Decimal,
    /// Largest quantity.
    qty_max: Decimal,
    /// Smallest value of an order.
    notional_min: Decimal,
}

impl MarketBody {
    fn of(instrument: &Instrument) -> Self {
        let market = &instrument.market;
        let rules = &market.rules;
        let tick = match &rules.tick {
            TickRule::Fixed(tick) => *tick,
            TickRule::Ladder(steps) => steps.first().map_or(Price(1), |(_, tick)| *tick),
        };
        Self {
            id: instrument.id.to_string(),
            symbol: instrument.id.symbol.to_string(),
            venue: instrument.id.venue.to_string(),
            kind: kind_word(&instrument.kind),
            base: market.base.code.to_string(),
            quote: market.quote.code.to_string(),
            price_scale: market.price_scale,
            qty_scale: market.base.scale,
            tick: price(market, tick),
            lot: qty(market, rules.lot.step),
            qty_min: qty(market, rules.lot.min),
            qty_max: qty(market, rules.lot.max),
            notional_min: Decimal::of(rules.notional_min.0, market.quote.scale),
        }
    }
}

/// How the API spells a kind of market.
pub(crate) const fn kind_word(kind: &InstrumentKind) -> &'static str {
    match kind {
        InstrumentKind::Spot => "spot",
        InstrumentKind::LinearPerp { .. } => "linear_perp",
    }
}

/// A price of a market as text.
pub(crate) fn price(market: &Market, price: Price) -> Decimal {
    Decimal::of(i128::from(price.0), market.price_scale)
}

/// A quantity of a market as text.
pub(crate) fn qty(market: &Market, qty: Qty) -> Decimal {
    Decimal::of(i128::from(qty.0), market.base.scale)
}

/// A level of a book: price and quantity.
type Level = [Decimal; 2];

/// A market's last 24 hours.
#[derive(Serialize, ToSchema)]
pub(crate) struct TickerBody {
    /// `BTCUSDT`.
    symbol: String,
    /// `local:BTCUSDT`.
    id: String,
    /// Last price.
    last: Decimal,
    /// Price 24 hours ago.
    open: Decimal,
    /// Highest price.
    high: Decimal,
    /// Lowest price.
    low: Decimal,
    /// Change in percent, two decimals; absent without trades.
    change_percent: Option<Decimal>,
    /// Best bid.
    bid: Option<Decimal>,
    /// Its quantity.
    bid_qty: Option<Decimal>,
    /// Best ask.
    ask: Option<Decimal>,
    /// Its quantity.
    ask_qty: Option<Decimal>,
    /// Base volume.
    volume: Decimal,
    /// Quote volume.
    quote_volume: Decimal,
    /// Number of trades.
    trades: u64,
    /// When this was so.
    at: Moment,
}

impl TickerBody {
    pub(crate) fn of(instrument: &Instrument, ticker: &Ticker) -> Self {
        let market = &instrument.market;
        let p = |value| price(market, value);
        // In hundredths of a percent, rounded to the nearest.
        let change = (ticker.open.0 > 0).then(|| {
            let (open, last) = (i128::from(ticker.open.0), i128::from(ticker.last.0));
            Decimal::of(((last - open) * 20_000 + open).div_euclid(2 * open), 2)
        });
        Self {
            symbol: instrument.id.symbol.to_string(),
            id: instrument.id.to_string(),
            last: p(ticker.last),
            open: p(ticker.open),
            high: p(ticker.high),
            low: p(ticker.low),
            change_percent: change,
            bid: ticker.bid.map(|(at, _)| p(at)),
            bid_qty: ticker.bid.map(|(_, size)| qty(market, size)),
            ask: ticker.ask.map(|(at, _)| p(at)),
            ask_qty: ticker.ask.map(|(_, size)| qty(market, size)),
            volume: Decimal::of(ticker.volume.0, market.base.scale),
            quote_volume: Decimal::of(ticker.quote_volume.0, market.quote.scale),
            trades: ticker.count,
            at: Moment(ticker.at),
        }
    }
}

/// All markets with their rules.
#[utoipa::path(get, path = "/api/markets", tag = "markets", operation_id = "listMarkets", security(()),
    responses((status = 200, body = Vec<MarketBody>)))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Vec<MarketBody>> {
    Json(app.markets.instruments().iter().map(|i| MarketBody::of(i)).collect())
}

/// Which symbols.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Symbols {
    /// Names separated by commas; all markets when absent.
    symbols: Option<String>,
}

/// Tickers of many markets in one call.
#[utoipa::path(get, path = "/api/tickers", tag = "markets", operation_id = "listTickers", security(()), params(Symbols),
    responses((status = 200, body = Vec<TickerBody>), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn tickers(
    State(app): State<Arc<App>>,
    Query(query): Query<Symbols>,
) -> Result<Json<Vec<TickerBody>>, Problem> {
    let chosen = match query.symbols.as_deref() {
        None => app.markets.instruments(),
        Some(names) => {
            let names: Vec<&str> = names.split(',').map(str::trim).collect();
            if names.len() > SYMBOLS_MAX {
                return Err(Problem::invalid(format!("at most {SYMBOLS_MAX} symbols in one call")));
            }
            names.into_iter().map(|name| app.instrument(name)).collect::<Result<_, _>>()?
        }
    };
    let body = |i: &Arc<Instrument>| app.markets.ticker(&i.id).map(|t| TickerBody::of(i, &t));
    Ok(Json(chosen.iter().filter_map(body).collect()))
}

/// Everything about one market at once: its ticker and the best levels.
#[derive(Serialize, ToSchema)]
pub(crate) struct MarketDataBody {
    /// `BTCUSDT`.
    symbol: String,
    /// Last price.
    price: Decimal,
    /// The last 24 hours.
    ticker: TickerBody,
    /// The best 20 levels.
    book: BookBody,
}

/// One market at a glance.
#[utoipa::path(get, path = "/api/trading/market-data/{symbol}", tag = "markets", operation_id = "getMarketData",
    security(()), params(("symbol" = String, Path, description = "like BTCUSDT or local:BTCUSDT")),
    responses((status = 200, body = MarketDataBody), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn market_data(
    State(app): State<Arc<App>>,
    Path(symbol): Path<String>,
) -> Result<Json<MarketDataBody>, Problem> {
    const LEVELS: usize = 20;
    let instrument = app.instrument(&symbol)?;
    let ticker = app.markets.ticker(&instrument.id).ok_or_else(|| Problem::not_found("market"))?;
    Ok(Json(MarketDataBody {
        symbol: instrument.id.symbol.to_string(),
        price: price(&instrument.market, ticker.last),
        ticker: TickerBody::of(&instrument, &ticker),
        book: BookBody::of(&*app.markets, &instrument, LEVELS).ok_or_else(|| Problem::not_found("market"))?,
    }))
}

/// A book's best levels, best first: `[price, quantity]`.
#[derive(Serialize, ToSchema)]
pub(crate) struct BookBody {
    /// `BTCUSDT`.
    symbol: String,
    /// The book's number; it rises with each change.
    update: u64,
    /// Buyers.
    #[schema(value_type = Vec<Vec<String>>)]
    bids: Vec<Level>,
    /// Sellers.
    #[schema(value_type = Vec<Vec<String>>)]
    asks: Vec<Level>,
    /// When this was so.
    at: Moment,
}

impl BookBody {
    /// `None` for a market that is not listed.
    pub(crate) fn of(markets: &dyn Markets, instrument: &Instrument, depth: usize) -> Option<Self> {
        let market = &instrument.market;
        let book = markets.book(&instrument.id, depth)?;
        let levels =
            |side: &[(Price, Qty)]| side.iter().map(|(p, q)| [price(market, *p), qty(market, *q)]).collect();
        Some(Self {
            symbol: instrument.id.symbol.to_string(),
            update: book.update,
            bids: levels(&book.bids),
            asks: levels(&book.asks),
            at: Moment(book.at),
        })
    }
}

/// How deep.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Depth {
    /// Levels a side, 1 to 1,000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    depth: Option<usize>,
}

/// The order book.
#[utoipa::path(get, path = "/api/book/{symbol}", tag = "markets", operation_id = "getBook", security(()),
    params(("symbol" = String, Path, description = "like BTCUSDT or local:BTCUSDT"), Depth),
    responses((status = 200, body = BookBody), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn book(
    State(app): State<Arc<App>>,
    Path(symbol): Path<String>,
    Query(query): Query<Depth>,
) -> Result<Json<BookBody>, Problem> {
    let depth = query.depth.unwrap_or(100);
    if !(1..=DEPTH_MAX).contains(&depth) {
        return Err(Problem::invalid(format!("depth is 1 to {DEPTH_MAX}")));
    }
    let instrument = app.instrument(&symbol)?;
    let book = BookBody::of(&*app.markets, &instrument, depth);
    book.map(Json).ok_or_else(|| Problem::not_found("market"))
}

/// A candle: open time in ms, then prices and volumes.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CandleBody {
    /// Open time, ms since 1970.
    pub(crate) t: i64,
    /// First price.
    o: Decimal,
    /// Highest.
    h: Decimal,
    /// Lowest.
    l: Decimal,
    /// Last.
    c: Decimal,
    /// Base volume.
    v: Decimal,
}

/// Candles of one market.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct CandlesBody {
    /// `BTCUSDT`.
    symbol: String,
    /// Length of a candle as asked for.
    interval: &'static str,
    /// So many intervals were folded into each candle to stay within the limit; 1: none.
    folded: usize,
    /// Oldest first; the last one may still be open.
    candles: Vec<CandleBody>,
}

/// Which candles.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CandleQuery {
    /// `1s` `1m` `3m` `5m` `15m` `30m` `1h` `2h` `4h` `6h` `8h` `12h` `1d` `3d` `1w` `1M`.
    interval: String,
    /// First open time: RFC 3339, seconds or milliseconds.
    #[param(value_type = Option<String>)]
    from: Option<Moment>,
    /// Last open time.
    #[param(value_type = Option<String>)]
    to: Option<Moment>,
    /// Most candles, 1 to 5,000; a longer range is folded.
    #[param(minimum = 1, maximum = 5000, default = 500)]
    limit: Option<usize>,
    /// `exchange` or `archive`: data that were imported, for those who are logged in. Without it the exchange's, and the archive's of a
    /// symbol that the exchange does not list.
    source: Option<String>,
}

/// Candles of one market, down-sampled to the limit.
#[utoipa::path(get, path = "/api/candles/{symbol}", tag = "markets", operation_id = "getCandles", security(()),
    params(("symbol" = String, Path, description = "like BTCUSDT or local:BTCUSDT"), CandleQuery),
    responses((status = 200, body = CandlesBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub(crate) async fn candles(
    State(app): State<Arc<App>>,
    Path(symbol): Path<String>,
    Query(query): Query<CandleQuery>,
    who: Result<Viewer, Problem>,
) -> Result<Json<CandlesBody>, Problem> {
    let range = CandleRange {
        interval: interval(&query.interval)?,
        from: query.from.map(|m| m.0),
        to: query.to.map(|m| m.0),
        limit: query.limit.unwrap_or(500),
    };
    let listed = app.instrument(&symbol);
    match (query.source.as_deref(), listed) {
        (None | Some("exchange"), Ok(instrument)) => read_candles(&app, &instrument, range).await.map(Json),
        (Some("exchange"), Err(unknown)) => Err(unknown),
        // What somebody imported is not for everybody who can reach the server.
        (None, Err(unknown)) if who.is_err() => Err(unknown),
        (None | Some("archive"), _) => {
            let Viewer(_) = who?;
            recorded::candles(&app, symbol, range).await.map(Json)
        }
        (Some(other), _) => Err(Problem::invalid(format!("source {other:?} is not exchange or archive"))),
    }
}

/// One part of a batch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CandlePart {
    /// Which market.
    symbol: String,
    /// Length of a candle.
    interval: String,
    /// First open time.
    from: Option<Moment>,
    /// Last open time.
    to: Option<Moment>,
    /// Most candles, 1 to 5,000.
    limit: Option<usize>,
}

/// A batch of candle requests.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CandleBatch {
    /// At most 50.
    requests: Vec<CandlePart>,
}

/// Candles of many markets and intervals; equal parts are read once.
#[utoipa::path(post, path = "/api/candles/batch", tag = "markets", operation_id = "getCandlesBatch", security(()),
    request_body = CandleBatch,
    responses((status = 200, body = Vec<CandlesBody>), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn candle_batch(
    State(app): State<Arc<App>>,
    Json(batch): Json<CandleBatch>,
) -> Result<Json<Vec<CandlesBody>>, Problem> {
    if batch.requests.is_empty() || batch.requests.len() > CANDLE_PARTS_MAX {
        return Err(Problem::invalid(format!("1 to {CANDLE_PARTS_MAX} requests in one batch")));
    }
    // Grouped by venue and interval, so that what is stored together is read together; answered in the order asked.
    let mut parts = BTreeMap::new();
    let mut order = Vec::with_capacity(batch.requests.len());
    for part in batch.requests {
        let instrument = app.instrument(&part.symbol)?;
        let interval = interval(&part.interval)?;
        let (from, to, limit) = (part.from.map(|m| m.0), part.to.map(|m| m.0), part.limit.unwrap_or(500));
        let key = (instrument.id.venue, interval, instrument.id.symbol, from, to, limit);
        order.push(key);
        parts.insert(key, (instrument, CandleRange { interval, from, to, limit }));
    }
    let mut answers = BTreeMap::new();
    for (key, (instrument, range)) in parts {
        answers.insert(key, read_candles(&app, &instrument, range).await?);
    }
    Ok(Json(order.iter().filter_map(|key| answers.get(key).cloned()).collect()))
}

/// The length of a candle by its name.
pub(super) fn interval(text: &str) -> Result<Interval, Problem> {
    Interval::parse(text).ok_or_else(|| {
        let known: Vec<&str> = Interval::ALL.iter().map(|i| i.as_str()).collect();
        Problem::invalid(format!("{text:?} is not an interval; there are {}", known.join(", ")))
    })
}

async fn read_candles(
    app: &App,
    instrument: &Instrument,
    range: CandleRange,
) -> Result<CandlesBody, Problem> {
    sound(&range)?;
    let folded = fold_of(&range);
    let wide = CandleRange { limit: range.limit.saturating_mul(folded), ..range };
    let bars = app.markets.candles(&instrument.id, wide).await.map_err(|e| from_port(&e))?;
    Ok(CandlesBody::of(instrument, range.interval, folded, &bars))
}

/// Refuses a range that asks for nothing or too much.
pub(super) fn sound(range: &CandleRange) -> Result<(), Problem> {
    if !(1..=CANDLES_MAX).contains(&range.limit) {
        return Err(Problem::invalid(format!("limit is 1 to {CANDLES_MAX}")));
    }
    if let (Some(from), Some(to)) = (range.from, range.to)
        && from > to
    {
        return Err(Problem::invalid("from is later than to"));
    }
    Ok(())
}

impl CandlesBody {
    /// Bars, so many of them folded into one candle.
    pub(super) fn of(instrument: &Instrument, interval: Interval, folded: usize, bars: &[Bar]) -> Self {
        let candles = bars.chunks(folded).filter_map(|chunk| candle(&instrument.market, chunk)).collect();
        let symbol = instrument.id.symbol.to_string();
        Self { symbol, interval: interval.as_str(), folded, candles }
    }
}

/// How many intervals become one candle, so that the whole range fits.
pub(super) fn fold_of(range: &CandleRange) -> usize {
    let (Some(from), Some(to)) = (range.from, range.to.or_else(|| Some(crate::app::now()))) else { return 1 };
    let length_ns = match range.interval {
        Interval::Month => 28 * 86_400_000_000_000,
        other => other.seconds().saturating_mul(1_000_000_000),
    };
    let count = usize::try_from(to.since(from) / length_ns + 1).unwrap_or(1);
    count.div_ceil(range.limit).clamp(1, FOLD_MAX)
}

/// Most intervals folded into one candle: with 5,000 candles half a million bars are read.
const FOLD_MAX: usize = 100;

/// Bars that follow each other as one candle; `None` without any.
pub(crate) fn candle(market: &Market, bars: &[Bar]) -> Option<CandleBody> {
    let (first, last) = (bars.first()?, bars.last()?);
    let volume: i128 = bars.iter().map(|bar| bar.volume.0).fold(0, i128::saturating_add);
    Some(CandleBody {
        t: millis(first.open_time),
        o: price(market, first.open),
        h: price(market, bars.iter().map(|bar| bar.high).max()?),
        l: price(market, bars.iter().map(|bar| bar.low).min()?),
        c: price(market, last.close),
        v: Decimal::of(volume, market.base.scale),
    })
}

/// A port's error as an answer.
pub(crate) fn from_port(error: &PortError) -> Problem {
    match error {
        PortError::Unknown(what) => Problem::not_found(what),
        PortError::Refused { code, detail } => Problem::refused(code, detail.clone()),
        PortError::Limit { code, detail, limit } => {
            let mut problem = Problem::refused(code, detail.clone());
            problem.limit = Some(limit.clone());
            problem
        }
        PortError::Unavailable(_) => Problem::unavailable("unavailable", error.to_string()),
        PortError::Unknowable(_) => {
            let mut problem = Problem::unavailable("outcome_unknown", error.to_string());
            problem.status = 504;
            problem
        }
        PortError::Failed(_) => Problem::internal(error),
    }
}
