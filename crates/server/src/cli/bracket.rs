//! What guards every position of a bot or a run: the same three options wherever there is a strategy.

use clap::Args;
use orders::{Bracket, BracketError};

/// Where every position is left, whatever the strategy does. A basis point (bps) is a hundredth of a percent of the position's average
/// price.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Bracket of every position")]
pub(crate) struct Guards {
    /// Leave every position with this loss
    #[arg(long, value_name = "BPS", conflicts_with = "trailing_bps")]
    pub(crate) stop_loss_bps: Option<u32>,
    /// Leave every position with this profit
    #[arg(long, value_name = "BPS")]
    pub(crate) take_profit_bps: Option<u32>,
    /// Leave every position when the price has come back by this from its best since
    #[arg(long, value_name = "BPS")]
    pub(crate) trailing_bps: Option<u32>,
}

impl Guards {
    /// The bracket that is asked for, if one is.
    pub(crate) fn bracket(self) -> Result<Option<Bracket>, BracketError> {
        Bracket::of_bips(self.stop_loss_bps, self.take_profit_bps, self.trailing_bps)
    }
}
