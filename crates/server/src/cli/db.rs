//! `tradewind db` and `tradewind audit`: the platform's database.

use std::path::PathBuf;

use clap::Subcommand;

use super::Output;

/// The platform's database; works whether the server runs or not
#[derive(Subcommand, Debug)]
pub(crate) enum Db {
    /// Bring the schema to this program's version (the server does it at its start, too)
    Migrate(Output),
    /// What is in the database: schema, size, indexes, pools, last maintenance; changes nothing
    Status(Output),
    /// Write everything into one file that goes back into SQLite as well as PostgreSQL
    Backup {
        /// The file; must not exist
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Put a backup into a database that has no rows yet
    Restore {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Check the database (or a backup), the audit log included; exit code 1 on a fault
    Verify {
        /// A backup to check instead of the database
        file: Option<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// Carry out the maintenance that is due by the calendar, or one task of it now
    Maintain {
        /// checkpoint, vacuum, analyze, reindex, partitions, predictions, sessions, audit or equity
        #[arg(long, value_name = "TASK")]
        task: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Months that have fills, and how many each
    Months(Output),
    /// Move the fills of a month that is over out of the database into a file
    Archive {
        /// The month, like 2026-05 (UTC)
        month: String,
        /// The file; must not exist
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Put the fills of such a file back
    Unarchive {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Print a postgresql.conf for a machine
    Tune {
        /// Its memory (MiB) [default: this machine's]
        #[arg(long, value_name = "MIB")]
        memory: Option<u64>,
        /// Its processors [default: this machine's]
        #[arg(long, value_name = "N")]
        cpus: Option<u64>,
        /// Nothing but PostgreSQL runs on it
        #[arg(long)]
        dedicated: bool,
    },
}

/// The audit log
#[derive(Subcommand, Debug)]
pub(crate) enum Audit {
    /// Check every hash and every signed checkpoint; exit code 1 on a fault
    Verify {
        /// A further key that may have signed, in hex: of an installation that the database came from (repeat)
        #[arg(long = "key", value_name = "HEX")]
        keys: Vec<String>,
        #[command(flatten)]
        output: Output,
    },
}

impl Db {
    /// True if it answers with JSON.
    pub(crate) const fn json(&self) -> bool {
        match self {
            Self::Migrate(output)
            | Self::Status(output)
            | Self::Backup { output, .. }
            | Self::Restore { output, .. }
            | Self::Verify { output, .. }
            | Self::Months(output)
            | Self::Archive { output, .. }
            | Self::Unarchive { output, .. }
            | Self::Maintain { output, .. } => output.json,
            Self::Tune { .. } => false,
        }
    }
}

impl Audit {
    /// True if it answers with JSON.
    pub(crate) const fn json(&self) -> bool {
        let Self::Verify { output, .. } = self;
        output.json
    }
}
