//! Win rate: p = wins / n of closed trades after fees, with Wilson's 95 % interval
//! (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
//! Source: Wilson, Journal of the American Statistical Association 22, 1927.

use super::{Basis, Measured, Metric, Unit};

/// Win rate.
pub const METRIC: Metric = Metric {
    name: "win_rate",
    label: "Win rate",
    unit: Unit::Share,
    doc: "The share of closed trades that earned money after fees.",
    signed: false,
    compute,
};

/// Φ⁻¹(0.975).
const Z: f64 = 1.959_963_984_540_054;

fn compute(basis: &Basis<'_>) -> Measured {
    let trades = &basis.track.trades;
    if trades.is_empty() {
        return Measured::absent("no closed trade");
    }
    let n = trades.len() as f64;
    let wins = trades.iter().filter(|t| t.profit > 0.0).count();
    let p = wins as f64 / n;
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let (middle, whole) = (p + Z * Z / (2.0 * n), 1.0 + Z * Z / n);
    Measured::of(p)
        .between((middle - half) / whole, (middle + half) / whole)
        .note(format!("{wins} of {}", trades.len()))
}
