//! Parameter searches: what may be tried, in which order, on all cores, and what the number of tries does to the result.
//!
//! Every trial is recorded in the [`Ledger`] of its instrument before its score is used, and all trials ever made over the
//! same days count when a result is judged.

mod events;
mod judge;
pub mod kept;
pub mod ledger;
pub mod outcome;
pub mod overfit;
pub mod plateau;
mod run;
pub mod score;
mod search;
pub mod single;
mod space;
pub mod walk;

pub use events::EventJudge;
pub use judge::{Judge, Unjudged, Window};
pub use ledger::{Ledger, Tally};
pub use outcome::SweepOutcome;
pub use overfit::Overfit;
pub use run::{Plan, Progress, Trial};
pub use score::{Objective, Score};
pub use search::{Ask, Method, Search};
pub use space::{AXES_MAX, Axis, POINTS_MAX, Point, Space, SpaceError, VALUES_MAX};
pub use walk::{Fold, Pick};

#[cfg(test)]
mod tests {
    use super::score::{BLOCKS, Block};
    use super::*;

    pub(super) fn score(sharpe: f64) -> Score {
        Score {
            final_equity: types::Money(0),
            total_return: 0.0,
            sharpe,
            max_drawdown: 0.0,
            trades: 0,
            fees: 0.0,
            per_year: 365.0,
            blocks: [Block::default(); BLOCKS],
        }
    }
}
