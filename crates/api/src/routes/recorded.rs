//! Candles of imported data: what a back-test of the archive has seen.

use super::markets::{CandlesBody, fold_of, from_port, sound};
use crate::Problem;
use crate::app::App;
use crate::ports::CandleRange;

/// Candles of an instrument of the archive, down-sampled to the limit. Without a start the newest ones.
pub(super) async fn candles(app: &App, symbol: String, range: CandleRange) -> Result<CandlesBody, Problem> {
    sound(&range)?;
    let recorded = app.research.recorded(symbol).await.map_err(|error| from_port(&error))?;
    // What is outside the data is no reason to fold what is inside.
    let from = range.from.map(|from| from.max(recorded.first));
    let to = Some(range.to.map_or(recorded.last, |to| to.min(recorded.last)));
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Ok(CandlesBody::of(&recorded.instrument, range.interval, 1, &[]));
    }
    let within = CandleRange { from, to, ..range };
    let folded = fold_of(&within);
    let wide = CandleRange { limit: range.limit.saturating_mul(folded), ..within };
    let bars = app.research.recorded_candles(recorded.instrument.id, wide).await;
    let bars = bars.map_err(|error| from_port(&error))?;
    Ok(CandlesBody::of(&recorded.instrument, range.interval, folded, &bars))
}
