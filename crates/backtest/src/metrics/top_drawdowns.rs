//! The five deepest drawdowns, deepest first. Source: definition of [`super::max_drawdown`], per episode.

use super::Basis;
use super::basis::Drawdown;

/// How many are told.
pub const COUNT: usize = 5;

/// The deepest episodes.
#[must_use]
pub fn top(basis: &Basis<'_>) -> Vec<Drawdown> {
    let mut all = basis.drawdowns.clone();
    all.sort_by(|a, b| a.depth.total_cmp(&b.depth).then(a.peak.cmp(&b.peak)));
    all.truncate(COUNT);
    all
}
