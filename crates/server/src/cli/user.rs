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

/// API keys for programs; works whether the server runs or not
#[derive(Subcommand, Debug)]
pub(crate) enum Token {
    /// Make an API key for a user; its secret is shown this once
    Create {
        /// The user's name
        name: String,
        /// What to call the key
        #[arg(long, default_value = "command line", value_name = "TEXT")]
        label: String,
        /// What it may do, never more than its user: read or trade (repeat)
        #[arg(long = "scope", default_value = "read", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// An address or network it may be used from, like 10.0.0.0/8 (repeat) [default: all]
        #[arg(long = "from", value_name = "NETWORK")]
        networks: Vec<String>,
        /// Days after which it ends by itself [default: never]
        #[arg(long, value_name = "N")]
        days: Option<u32>,
        #[command(flatten)]
        output: Output,
    },
}
