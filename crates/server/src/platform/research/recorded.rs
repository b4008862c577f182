//! Imported data as candles: what a back-test of the archive has seen.

use api::ports::{CandleRange, PortError, Recorded};
use archive::{Archive, Error, Kind, Span};
use types::{Bar, InstrumentId, MarketId, Time};

/// Times that the stretch which is read for the newest candles grows, when data have gaps, before all are read.
const WIDEN_MAX: u32 = 6;

/// An instrument of the archive and the span of its data.
pub(super) fn find(archive: &Archive, symbol: &str) -> Result<Recorded, PortError> {
    let id = archive.find(symbol).map_err(told)?;
    let instrument = archive.instrument(id, MarketId(0)).map_err(told)?;
    // Candles are made of bars or of trades.
    let all = archive.list().map_err(told)?;
    let series = all.iter().filter(|one| one.id == id && matches!(one.kind, Kind::Bars(_) | Kind::Trades));
    let spans: Vec<(Time, Time)> = series.map(|one| (one.first, one.last)).collect();
    let first = spans.iter().map(|span| span.0).min().ok_or(PortError::Unknown("market"))?;
    let last = spans.iter().map(|span| span.1).max().ok_or(PortError::Unknown("market"))?;
    Ok(Recorded { instrument, first, last })
}

/// Closed candles: from a start on, or without one the newest ones.
pub(super) fn candles(
    archive: &Archive,
    id: InstrumentId,
    range: CandleRange,
) -> Result<Vec<Bar>, PortError> {
    // The last one opens at or before the end that is asked for.
    let interval = range.interval;
    let to = range.to.map_or(Span::ALL.to, |last| interval.next(interval.start(last)));
    let read = |from: Time, limit: usize| -> Result<Vec<Bar>, PortError> {
        let bars = archive.bars(id, interval, Span { from, to }).map_err(told)?;
        bars.take(limit).collect::<Result<_, _>>().map_err(told)
    };
    if let Some(from) = range.from {
        return read(from, range.limit);
    }
    let length_ns = interval.seconds().saturating_mul(1_000_000_000);
    let mut stretch = length_ns.saturating_mul(i64::try_from(range.limit).unwrap_or(i64::MAX));
    let tries = if to == Span::ALL.to { 0 } else { WIDEN_MAX };
    for _ in 0..tries {
        let from = Time(to.0.saturating_sub(stretch).max(0));
        let mut bars = read(from, usize::MAX)?;
        if bars.len() >= range.limit || from == Time(0) {
            return Ok(bars.split_off(bars.len().saturating_sub(range.limit)));
        }
        stretch = stretch.saturating_mul(4);
    }
    let mut bars = read(Time(0), usize::MAX)?;
    Ok(bars.split_off(bars.len().saturating_sub(range.limit)))
}

fn told(error: Error) -> PortError {
    match error {
        Error::Unknown { .. } => PortError::Unknown("market"),
        Error::Request(detail) => PortError::Refused { code: "symbol", detail },
        error => {
            tracing::error!(%error, "imported data cannot be read");
            PortError::Failed(error.to_string())
        }
    }
}
