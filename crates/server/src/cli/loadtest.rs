//! `tradewind loadtest`: the arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Output;

#[derive(Subcommand, Debug)]
pub(crate) enum LoadTest {
    /// Carry out a scenario: planned arrivals, latencies from the planned time, a verdict per criterion and promise
    Run(Box<LoadRun>),
    /// List the scenarios of a folder
    List {
        /// Folder with scenario files
        #[arg(long, value_name = "DIR", default_value = "load-tests")]
        dir: PathBuf,
        #[command(flatten)]
        output: Output,
    },
}

/// Options of `loadtest run`.
#[derive(Args, Debug)]
pub(crate) struct LoadRun {
    /// Scenario file (TOML)
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenario: PathBuf,
    /// Server to load, like http://127.0.0.1:8080; this machine only unless --allow-remote
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", conflicts_with = "serve")]
    pub(crate) target: String,
    /// Start a server of this program on free ports with a fresh folder, load it, and remove it afterwards
    #[arg(long)]
    pub(crate) serve: bool,
    /// Allow a target on another machine; make sure that it is yours
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// Factor of clients and rates, above 0 to 1; the factor stands in the report
    #[arg(long, value_name = "F", default_value = "1")]
    pub(crate) scale: f64,
    /// Factor of all times, above 0 to 1
    #[arg(long, value_name = "F", default_value = "1")]
    pub(crate) time: f64,
    /// User that logs in; an administrator where the scenario makes accounts
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// File that holds the user's password in its first line
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
    /// Stored report of an earlier run: what is more than 5 % worse fails
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write the report as JSON; a later run takes it as its baseline
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write the report as a page
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

impl LoadTest {
    pub(crate) fn output(&self) -> Output {
        match self {
            Self::Run(run) => run.output,
            Self::List { output, .. } => *output,
        }
    }
}
