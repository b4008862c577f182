//! Live indicators: the newest values of the configured functions over a market's last candles, for the rooms `indicators:SYM:INT`.
//!
//! Per room the last [`POINTS`] candles are kept and brought up by those that are new; once a second the rooms where something was traded
//! or a candle ended are computed, [`BATCH`] at a time, away from the async threads. The values are those that the same functions give
//! over the same candles at once, because that is how they are computed. Floats: a signal, never money. Memory: about 100 KiB a room.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indicators::Settings;
use serde::Serialize;
use types::{Bar, Instrument, InstrumentId, Interval, Time};

use crate::ports::{CandleRange, Markets, PortError};
use crate::wire::millis;

/// Candles of a room.
pub(crate) const POINTS: usize = 1_000;
/// Rooms computed at a time.
const BATCH: usize = 100;

/// A room by its market and length of candles.
pub(crate) type Key = (InstrumentId, Interval);

/// One output of a function.
#[derive(Clone, PartialEq, Serialize)]
pub(crate) struct OutputEvent {
    name: String,
    /// Null while the market has too few candles.
    value: Option<f64>,
}

/// One function.
#[derive(Clone, PartialEq, Serialize)]
pub(crate) struct FunctionEvent {
    /// With all its parameters: `SMA(20)`.
    name: String,
    outputs: Vec<OutputEvent>,
}

/// The newest values of all functions.
#[derive(Clone, PartialEq, Serialize)]
pub(crate) struct IndicatorEvent {
    /// Open time of the candle that they are of, ms.
    t: i64,
    /// Whether that candle has ended.
    closed: bool,
    indicators: Vec<FunctionEvent>,
}

/// One room's candles.
#[derive(Default)]
struct Series {
    bars: Vec<Bar>,
    last: Option<IndicatorEvent>,
}

/// All rooms.
pub(crate) struct LiveIndicators {
    wanted: Arc<Vec<Settings>>,
    rooms: BTreeMap<Key, Series>,
}

/// What one computation needs.
struct Due {
    key: Key,
    instrument: Arc<Instrument>,
    bars: Vec<Bar>,
}

impl LiveIndicators {
    pub(crate) const fn new(wanted: Arc<Vec<Settings>>) -> Self {
        Self { wanted, rooms: BTreeMap::new() }
    }

    /// What is new in the rooms that are heard; those that are not are forgotten.
    pub(crate) async fn look(
        &mut self,
        markets: &dyn Markets,
        heard: &BTreeSet<Key>,
        traded: &BTreeSet<InstrumentId>,
        now: Time,
    ) -> Vec<(Key, IndicatorEvent)> {
        self.rooms.retain(|key, _| heard.contains(key));
        let mut due = Vec::new();
        for key in heard {
            let Some(instrument) = markets.instrument(&key.0) else { continue };
            let series = self.rooms.entry(*key).or_default();
            let ended = series.bars.last().is_none_or(|bar| key.1.next(bar.open_time) <= now);
            if !ended && !traded.contains(&key.0) {
                continue;
            }
            if let Err(error) = bring_up(markets, *key, &mut series.bars).await {
                tracing::warn!(%error, market = %key.0, "candles cannot be read; indicators go on with the next ones");
                continue;
            }
            due.push(Due { key: *key, instrument, bars: series.bars.clone() });
        }
        let mut news = Vec::new();
        while !due.is_empty() {
            let rest = due.split_off(due.len().min(BATCH));
            let (batch, wanted) = (std::mem::replace(&mut due, rest), Arc::clone(&self.wanted));
            let work =
                move || batch.iter().filter_map(|due| Some((due.key, of(&wanted, due, now)?))).collect();
            let found: Vec<(Key, IndicatorEvent)> = match tokio::task::spawn_blocking(work).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::error!(%error, "indicators cannot be computed");
                    return news;
                }
            };
            news.extend(found.into_iter().filter(|(key, event)| self.differs(key, event)));
        }
        news
    }

    fn differs(&mut self, key: &Key, event: &IndicatorEvent) -> bool {
        let Some(series) = self.rooms.get_mut(key) else { return false };
        let differs = series.last.as_ref() != Some(event);
        series.last = Some(event.clone());
        differs
    }
}

/// The last candles, without what a room remembers: for somebody who enters it.
pub(crate) async fn now_of(
    wanted: Arc<Vec<Settings>>,
    markets: &dyn Markets,
    key: Key,
    now: Time,
) -> Result<Option<IndicatorEvent>, PortError> {
    let Some(instrument) = markets.instrument(&key.0) else { return Ok(None) };
    let mut bars = Vec::new();
    bring_up(markets, key, &mut bars).await?;
    let due = Due { key, instrument, bars };
    let computed = tokio::task::spawn_blocking(move || of(&wanted, &due, now)).await;
    computed.map_err(|error| PortError::Failed(error.to_string()))
}

/// Reads the candles from the last known one on, which may have been open.
async fn bring_up(markets: &dyn Markets, (id, interval): Key, bars: &mut Vec<Bar>) -> Result<(), PortError> {
    let from = bars.last().map(|bar| bar.open_time);
    let fresh = markets.candles(&id, CandleRange { interval, from, to: None, limit: POINTS }).await?;
    match fresh.first() {
        // More came than are kept: what is known is too old.
        Some(first) if fresh.len() < POINTS => {
            let known = bars.partition_point(|bar| bar.open_time < first.open_time);
            bars.truncate(known);
        }
        Some(_) => bars.clear(),
        None => return Ok(()),
    }
    bars.extend(fresh);
    bars.drain(..bars.len().saturating_sub(POINTS));
    Ok(())
}

fn of(wanted: &[Settings], due: &Due, now: Time) -> Option<IndicatorEvent> {
    let last = due.bars.last()?;
    let market = &due.instrument.market;
    let function = |settings: &Settings| {
        let columns = settings.over(&due.bars, market.price_scale, market.base.scale).unwrap_or_default();
        let outputs = settings.function().outputs().into_iter().enumerate().map(|(at, output)| {
            let value = columns.get(at).and_then(|column| column.last()).copied().filter(|v| v.is_finite());
            OutputEvent { name: output.name, value }
        });
        FunctionEvent { name: settings.to_string(), outputs: outputs.collect() }
    };
    Some(IndicatorEvent {
        t: millis(last.open_time),
        closed: due.key.1.next(last.open_time) <= now,
        indicators: wanted.iter().map(function).collect(),
    })
}
