//! The tape: what trades on the built-in exchange and which books changed, told to the live stream in order.
//!
//! Fed by the exchange's durable batches after its views have them. A batch that was missed loses no trade: the tape goes on from
//! the last number it told, out of the exchange's history.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use api::Broadcast;
use exchange_host::view::Range;
use exchange_host::{Batch, Handle};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use types::event::Trade;
use types::{Event, InstrumentId, MarketId, Print, TradeId, VenueName};

use super::LOCAL;

/// Trades read at a time.
const PAGE: usize = 1_000;

/// Starts; ends when the exchange does. `None` never happens: the venue's name is one.
pub(super) fn start(handle: Handle, told: Arc<Broadcast>) -> Option<()> {
    let venue = VenueName::new(LOCAL).ok()?;
    let batches = handle.batches();
    let mut tape = Tape { handle, told, venue, last: BTreeMap::new() };
    tape.begin();
    tokio::spawn(tape.run(batches));
    Some(())
}

struct Tape {
    handle: Handle,
    told: Arc<Broadcast>,
    venue: VenueName,
    /// The last trade told, by market.
    last: BTreeMap<MarketId, TradeId>,
}

impl Tape {
    /// What was before is nobody's news.
    fn begin(&mut self) {
        let view = self.handle.view();
        for market in &view.catalog().markets {
            self.last.insert(market.id, view.last_trade(market.id).map_or(TradeId(0), |trade| trade.id));
        }
    }

    async fn run(mut self, mut batches: broadcast::Receiver<Arc<Batch>>) {
        loop {
            match batches.recv().await {
                Ok(batch) => self.batch(&batch),
                Err(RecvError::Lagged(lost)) => {
                    tracing::warn!(lost, "the stream missed batches and is brought up from history");
                    self.bring_up().await;
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn instrument(&self, market: MarketId) -> Option<InstrumentId> {
        let symbol = self.handle.view().catalog().market(market)?.symbol;
        Some(InstrumentId { venue: self.venue, symbol })
    }

    fn batch(&mut self, batch: &Batch) {
        let mut trades: BTreeMap<MarketId, Vec<Print>> = BTreeMap::new();
        let mut books = BTreeSet::new();
        for event in batch.applied.iter().flat_map(|one| one.events.iter()) {
            match event {
                Event::Trade(trade) => {
                    let news = self.is_news(trade);
                    if news {
                        trades.entry(trade.market).or_default().push(print(trade));
                    }
                }
                Event::Level { market, .. } => {
                    books.insert(*market);
                }
                Event::MarketListed(_) => self.told.listed(),
                _ => {}
            }
        }
        for (market, prints) in trades {
            if let Some(id) = self.instrument(market) {
                self.measure(&prints);
                self.told.trades(&id, &prints);
            }
        }
        for id in books.into_iter().filter_map(|market| self.instrument(market)) {
            self.told.touched(&id);
        }
    }

    /// How old the oldest of these trades is.
    fn measure(&self, prints: &[Print]) {
        let Some(oldest) = prints.first() else { return };
        let ns = u64::try_from(self.handle.now().since(oldest.at)).unwrap_or(0);
        metrics::histogram!("market_data_latency_seconds").record(Duration::from_nanos(ns).as_secs_f64());
    }

    /// Each trade once and in order: batches that overlap with what was read from history tell nothing twice.
    fn is_news(&mut self, trade: &Trade) -> bool {
        let last = self.last.entry(trade.market).or_insert(TradeId(0));
        let news = trade.id > *last;
        *last = trade.id.max(*last);
        news
    }

    /// Tells what was missed. Books and tickers are states: that they changed is enough.
    async fn bring_up(&mut self) {
        let markets: Vec<MarketId> = self.handle.view().catalog().markets.iter().map(|m| m.id).collect();
        for market in markets {
            let Some(id) = self.instrument(market) else { continue };
            self.told.touched(&id);
            loop {
                let from = self.last.get(&market).map_or(1, |last| last.0 + 1);
                let handle = self.handle.clone();
                // History reads files: not on the async threads.
                let read = tokio::task::spawn_blocking(move || {
                    handle.view().trades(market, &Range::from_id(from, PAGE))
                });
                let trades = match read.await {
                    Ok(Ok(trades)) => trades,
                    Ok(Err(error)) => {
                        tracing::error!(%error, "missed trades cannot be read; who follows them is told to begin anew");
                        self.told.lost_trades(&id);
                        break;
                    }
                    Err(_) => return,
                };
                let Some(last) = trades.last() else { break };
                self.last.insert(market, last.id);
                self.told.trades(&id, &trades.iter().map(print).collect::<Vec<_>>());
            }
        }
    }
}

fn print(trade: &Trade) -> Print {
    Print {
        id: trade.id,
        price: trade.price,
        qty: trade.qty,
        quote: trade.quote,
        buyer_is_maker: trade.buyer_is_maker,
        at: trade.at,
    }
}
