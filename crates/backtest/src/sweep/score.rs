//! How good a trial was: the few numbers that a search needs and that are kept of every trial.

use types::Money;

/// Stretches of time for the probability of overfitting; 16 give 12,870 ways to split them in two halves.
pub const BLOCKS: usize = 16;

/// Returns of one stretch: their number, sum and sum of squares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Block {
    /// How many.
    pub n: f64,
    /// Σ x.
    pub sum: f64,
    /// Σ x².
    pub squares: f64,
}

/// One trial's numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// What the account was worth at the end.
    pub final_equity: Money,
    /// E_T / E_0 − 1.
    pub total_return: f64,
    /// Sharpe ratio a year; 0 when returns do not vary.
    pub sharpe: f64,
    /// Largest fall from a high, not above 0.
    pub max_drawdown: f64,
    /// Closed trades.
    pub trades: u32,
    /// Fees as a share of the starting money.
    pub fees: f64,
    /// Periods a year that `sharpe` was scaled with.
    pub per_year: f64,
    /// Returns by stretch of time.
    pub blocks: [Block; BLOCKS],
}

/// What a search looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// The Sharpe ratio.
    Sharpe,
    /// The total return.
    Return,
    /// The total return over the largest fall.
    ReturnOverDrawdown,
}

impl Objective {
    /// All of them by name.
    pub const ALL: [(&'static str, Self); 3] = [
        ("sharpe", Self::Sharpe),
        ("return", Self::Return),
        ("return-over-drawdown", Self::ReturnOverDrawdown),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, o)| *o == self).map_or("sharpe", |(name, _)| name)
    }

    /// For people: `Sharpe`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sharpe => "Sharpe",
            Self::Return => "Return",
            Self::ReturnOverDrawdown => "Return over drawdown",
        }
    }

    /// The number that should be large. A trial without a trade earned nothing: 0.
    #[must_use]
    pub fn of(self, score: &Score) -> f64 {
        match self {
            Self::Sharpe => score.sharpe,
            Self::Return => score.total_return,
            // A fall below a hundredth of a percent is no denominator.
            Self::ReturnOverDrawdown => score.total_return / score.max_drawdown.abs().max(1e-4),
        }
    }
}

/// x̄ / s of pooled blocks; `None` below two values or without scatter.
#[must_use]
pub fn sharpe_of(blocks: &[Block]) -> Option<f64> {
    let (n, sum, squares) =
        blocks.iter().fold((0.0, 0.0, 0.0), |(n, s, q), b| (n + b.n, s + b.sum, q + b.squares));
    if n < 2.0 {
        return None;
    }
    let mean = sum / n;
    let variance = (squares - sum * mean) / (n - 1.0);
    // What the subtraction leaves of nothing is not scatter.
    if variance > squares * 1e-14 { Some(mean / variance.sqrt()) } else { None }
}
