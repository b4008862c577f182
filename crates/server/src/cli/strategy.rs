//! `tradewind strategy`: what strategies there are.

use clap::Subcommand;

use super::Output;

#[derive(Subcommand, Debug)]
pub(crate) enum Strategy {
    /// List the built-in strategies
    List(Output),
    /// Show a strategy: idea, source, when it fails, instruments, parameters (name, range, default)
    Show {
        /// Its name, like ema-cross
        name: String,
        #[command(flatten)]
        output: Output,
    },
}

impl Strategy {
    pub(super) const fn output(&self) -> Output {
        match self {
            Self::List(output) | Self::Show { output, .. } => *output,
        }
    }
}
