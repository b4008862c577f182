//! `tradewind user`: people who may log in to the platform.

use clap::Subcommand;

use super::Output;

/// People of the platform; works whether the server runs or not
#[derive(Subcommand, Debug)]
pub(crate) enum User {
    /// Add a user; the password is read from standard input
    Add {
        /// The name to log in with: letters, digits and . _ -, 3 to 40
        name: String,
        /// An e-mail address
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// viewer (looks), trader (trades on own accounts) or admin
        #[arg(long, default_value = "trader", value_name = "ROLE")]
        role: String,
        /// Read the password from standard input (its first line)
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        output: Output,
    },
    /// List all users
    List(Output),
    /// Set a new password, read from standard input; ends all logins of the user
    ResetPassword {
        /// The user's name
        name: String,
        /// Read the password from standard input (its first line)
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Remove a lost second factor
    TotpReset {
        /// The user's name
        name: String,
        #[command(flatten)]
        output: Output,
    },
}

impl User {
    /// How it answers.
    pub(crate) const fn output(&self) -> Output {
        match self {
            Self::Add { output, .. }
            | Self::List(output)
            | Self::ResetPassword { output, .. }
            | Self::TotpReset { output, .. } => *output,
        }
    }
}
