//! What the LSTM sees of a bar. A row holds only what was known when its bar closed: cut the bars anywhere, and the rows that
//! remain are the same to the last bit (a test cuts everywhere).

use indicators::{Ema, Seed};

use super::bars::View;

/// Their names, in the order of a row.
pub const FEATURES: [&str; 7] =
    ["return", "range", "body", "volume_change", "above_ema_12", "above_ema_48", "volatility_24"];

/// Bars before the first row: one for the return, the rest so that the averages have settled.
pub const WARM_UP: usize = 48;

/// Rows of [`FEATURES`], unscaled, row-major, one for each bar from number [`WARM_UP`] on.
#[must_use]
pub fn features(bars: View<'_>) -> Vec<f64> {
    let mut out = Vec::with_capacity(bars.len().saturating_sub(WARM_UP) * FEATURES.len());
    let (mut fast, mut slow) = (Ema::new(12, Seed::First), Ema::new(48, Seed::First));
    let mut swings = Ema::new(24, Seed::First);
    for t in 0..bars.len() {
        let close = bars.close[t];
        let (fast, slow) = (fast.update(close).unwrap_or(close), slow.update(close).unwrap_or(close));
        if t == 0 {
            continue;
        }
        let change = (close / bars.close[t - 1]).ln();
        let swing = swings.update(change.abs()).unwrap_or(0.0);
        if t < WARM_UP {
            continue;
        }
        out.extend([
            change,
            (bars.high[t] / bars.low[t]).ln(),
            (close / bars.open[t]).ln(),
            bars.volume[t].ln_1p() - bars.volume[t - 1].ln_1p(),
            (close / fast).ln(),
            (close / slow).ln(),
            swing,
        ]);
    }
    out
}
