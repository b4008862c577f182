//! The built-in exchange's public market data behind the API's port.

use std::sync::Arc;

use api::ports::{Book, CandleRange, Markets, PortError, Reply, Ticker};
use exchange_host::Handle;
use exchange_host::view::Range;
use types::{Bar, Instrument, InstrumentId, InstrumentKind, Market, MarketId, Print, VenueName};

use super::LOCAL;

/// Minutes of a ticker's window.
const DAY_MINUTES: u32 = 1_440;
/// Bars that one read of the views gives at most.
const PAGE: usize = 1_000;

/// The exchange as a source of market data.
pub(crate) struct ExchangeMarkets {
    handle: Handle,
    venue: VenueName,
}

impl ExchangeMarkets {
    /// `None` never happens: the venue's name is one.
    pub(crate) fn new(handle: Handle) -> Option<Self> {
        Some(Self { handle, venue: VenueName::new(LOCAL).ok()? })
    }

    fn market(&self, id: &InstrumentId) -> Option<MarketId> {
        if id.venue != self.venue {
            return None;
        }
        self.handle.view().catalog().market_by_symbol(id.symbol.as_str()).map(|market| market.id)
    }

    fn of(&self, market: &Market) -> Arc<Instrument> {
        let id = InstrumentId { venue: self.venue, symbol: market.symbol };
        Arc::new(Instrument { id, kind: InstrumentKind::Spot, market: market.clone() })
    }
}

impl Markets for ExchangeMarkets {
    fn instruments(&self) -> Vec<Arc<Instrument>> {
        let catalog = self.handle.view().catalog();
        let mut all: Vec<_> = catalog.markets.iter().map(|market| self.of(market)).collect();
        all.sort_by_key(|instrument| instrument.id);
        all
    }

    fn instrument(&self, id: &InstrumentId) -> Option<Arc<Instrument>> {
        let market = self.market(id)?;
        self.handle.view().catalog().market(market).map(|market| self.of(market))
    }

    fn ticker(&self, id: &InstrumentId) -> Option<Ticker> {
        let market = self.market(id)?;
        let (view, now) = (self.handle.view(), self.handle.now());
        let stats = view.stats(market, DAY_MINUTES, now);
        let top = view.top(market);
        Some(Ticker {
            last: stats.last,
            open: stats.open,
            high: stats.high,
            low: stats.low,
            bid: top.bid,
            ask: top.ask,
            volume: stats.volume,
            quote_volume: stats.quote_volume,
            count: stats.count,
            at: now,
        })
    }

    fn version(&self, id: &InstrumentId) -> Option<u64> {
        // Every trade changes a level, so the book's number is enough.
        self.market(id).map(|market| self.handle.view().update_id(market))
    }

    fn version_of_all(&self) -> u64 {
        let view = self.handle.view();
        view.catalog().markets.iter().map(|market| view.update_id(market.id)).fold(0, u64::wrapping_add)
    }

    fn book(&self, id: &InstrumentId, depth: usize) -> Option<Book> {
        let market = self.market(id)?;
        let book = self.handle.view().depth(market, depth);
        Some(Book {
            update: book.update_id,
            bids: book.bids.clone(),
            asks: book.asks.clone(),
            at: self.handle.now(),
        })
    }

    fn candles<'a>(
        &'a self,
        id: &'a InstrumentId,
        range: CandleRange,
    ) -> Reply<'a, Result<Vec<Bar>, PortError>> {
        let market = self.market(id);
        let handle = self.handle.clone();
        Box::pin(async move {
            let market = market.ok_or(PortError::Unknown("market"))?;
            // History reads files: not on the async threads.
            let read = tokio::task::spawn_blocking(move || candles(&handle, market, range));
            read.await.map_err(|error| PortError::Failed(error.to_string()))?
        })
    }

    fn prints<'a>(&'a self, id: &'a InstrumentId, limit: usize) -> Reply<'a, Result<Vec<Print>, PortError>> {
        let market = self.market(id);
        let handle = self.handle.clone();
        Box::pin(async move {
            let market = market.ok_or(PortError::Unknown("market"))?;
            let read = tokio::task::spawn_blocking(move || {
                let trades = handle.view().trades(market, &Range::latest(limit));
                trades.map_err(|error| PortError::Failed(error.to_string()))
            });
            let trades = read.await.map_err(|error| PortError::Failed(error.to_string()))??;
            Ok(trades
                .iter()
                .map(|trade| Print {
                    id: trade.id,
                    price: trade.price,
                    qty: trade.qty,
                    quote: trade.quote,
                    buyer_is_maker: trade.buyer_is_maker,
                    at: trade.at,
                })
                .collect())
        })
    }
}

/// Candles of a market, as the port gives them.
pub(super) fn candles_of(
    handle: &Handle,
    market: MarketId,
    interval: types::Interval,
    from: Option<types::Time>,
    to: Option<types::Time>,
    limit: usize,
) -> Result<Vec<Bar>, PortError> {
    candles(handle, market, CandleRange { interval, from, to, limit })
}

/// Reads pages until the limit or the end. With a start pages go forwards, without one backwards from the end.
pub(super) fn candles(handle: &Handle, market: MarketId, range: CandleRange) -> Result<Vec<Bar>, PortError> {
    let (view, now) = (handle.view(), handle.now());
    let mut bars: Vec<Bar> = Vec::new();
    let (mut from, mut to) = (range.from, range.to);
    while bars.len() < range.limit {
        let limit = (range.limit - bars.len()).min(PAGE);
        let page = Range { from_id: None, start: from, end: to, limit };
        let mut page = view
            .bars(market, range.interval, &page, now)
            .map_err(|error| PortError::Failed(error.to_string()))?;
        let full = page.len() == limit;
        let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
        if range.from.is_some() {
            from = Some(range.interval.next(last.open_time));
            bars.append(&mut page);
        } else {
            to = Some(first.open_time.plus_nanos(-1));
            page.append(&mut bars);
            bars = page;
        }
        if !full {
            break;
        }
    }
    Ok(bars)
}
