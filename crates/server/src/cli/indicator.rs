//! `tradewind indicator`: what technical indicators there are.

use clap::Subcommand;

use super::Output;

#[derive(Subcommand, Debug)]
pub(crate) enum Indicator {
    /// List the indicators by group
    List {
        /// Only those whose name, group or description holds this text
        #[arg(value_name = "TEXT")]
        text: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Show an indicator's inputs, parameters (name, range, default) and outputs
    Show {
        /// Its name, like RSI, in any case
        name: String,
        #[command(flatten)]
        output: Output,
    },
}

impl Indicator {
    pub(super) const fn output(&self) -> Output {
        match self {
            Self::List { output, .. } | Self::Show { output, .. } => *output,
        }
    }
}
