//! Trades on candles: the data that the script draws, thinned so that a file stays small and a browser quick.
//!
//! Up to 20,000 candles are kept as they are; more are folded to the shortest multiple of the interval that fits. Prices are
//! integers at the instrument's scale, each the distance from the one before it. Up to 5,000 trades are marked.

use serde_json::json;
use types::{Bar, Side};

use super::escape;
use super::page::View;

/// Most candles in a file: 400 KB.
const CANDLES_MAX: usize = 20_000;
/// Most trades that are marked.
const TRADES_MAX: usize = 5_000;

/// One candle: opening in milliseconds, open, high, low, close.
type Candle = (i64, [i64; 4]);

fn fold(bars: &[Bar]) -> (Vec<Candle>, usize) {
    let per = bars.len().div_ceil(CANDLES_MAX).max(1);
    let candle = |part: &[Bar]| {
        let high = part.iter().map(|b| b.high.0).max().unwrap_or(0);
        let low = part.iter().map(|b| b.low.0).min().unwrap_or(0);
        (part[0].open_time.millis(), [part[0].open.0, high, low, part[part.len() - 1].close.0])
    };
    (bars.chunks(per).map(candle).collect(), per)
}

/// The section.
pub(super) fn html(view: &View<'_>) -> String {
    let Some(traded) = view.report.outcome.run.traded.first().filter(|_| !view.report.bars.is_empty()) else {
        return String::new();
    };
    let (candles, per) = fold(view.report.bars);
    // Differences: a time from the one before, an open from the last close, the rest from the open.
    let mut flat = Vec::with_capacity(candles.len() * 5);
    let (mut time, mut close) = (candles[0].0, candles[0].1[0]);
    for (at, [o, h, l, c]) in &candles {
        flat.extend([at - time, o - close, h - o, o - l, c - o]);
        (time, close) = (*at, *c);
    }
    let trades: Vec<_> = view
        .track
        .trades
        .iter()
        .rev()
        .take(TRADES_MAX)
        .map(|t| {
            json!([
                t.entered,
                t.exited,
                t.entry,
                t.exit,
                if t.side == Side::Buy { 1 } else { -1 },
                (t.profit * 100.0).round() / 100.0
            ])
        })
        .collect();
    let json = json!({
        "scale": traded.price_scale, "decimals": view.price_decimals, "from": candles[0].0, "first": candles[0].1[0],
        "step": view.report.outcome.run.interval.seconds() * 1_000 * i64::try_from(per).unwrap_or(1),
        "candles": flat, "trades": trades,
    });
    let folded = if per > 1 { format!(", {per} bars a candle") } else { String::new() };
    format!(
        "<section class=card><div class=ph><h2>Trades on the price</h2><span class=dim>{}{folded}</span><span class=sp></span>\
         <span class=seg role=group aria-label=Zoom><button type=button data-zoom=out title=\"Zoom out (−)\">−</button>\
         <button type=button data-zoom=in title=\"Zoom in (+)\">+</button><button type=button data-zoom=all>All</button>\
         <button type=button data-zoom=last>Last trade</button></span></div>\
         <div class=draw id=candles tabindex=0 role=img aria-label=\"Candles with the entries and exits of trades; arrow keys move, plus and minus zoom\">\
         <canvas></canvas></div><p class=note>▲ ▼ open a long or short position, ● closes it; the line between is coloured by the result. \
         Drag or arrow keys move, wheel or + − zoom.</p><script type=\"application/json\" data-for=candles>{}</script></section>",
        escape::text(&traded.instrument),
        escape::script(&json)
    )
}
