//! The project's own commands: `cargo xtask test | web | screenshots | soak | bench`.
//!
//! `test` is what a developer runs before a commit and what continuous integration runs, the same thing. It installs
//! what the tests need and is missing, works on whatever it can, says what each step took, and ends with one line
//! `N passed, N failed`. What takes longer than a coffee lives in `soak` (robustness) and `bench` (speed).

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod bench;
mod cache;
mod clients;
mod licences;
mod locks;
mod provision;
mod run;
mod soak;
mod tally;
mod test;
mod web;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that has to hold: format, lints, tidy, all tests, documentation, third-party clients
    Test(test::Options),
    /// Builds the dashboard into web/dist: types, lints, unit tests, build, budget
    Web,
    /// Pictures of every page of the dashboard, both themes, into web/shots
    Screenshots,
    /// What takes long: many kills, long random runs, fuzzing
    Soak(soak::Options),
    /// Measurements against peers, from the standalone projects under bench/
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let task = Arguments::parse().task;
    let outcome = root().and_then(|root| match &task {
        Task::Test(options) => test::run(&root, options),
        Task::Web => web::build(&root),
        Task::Screenshots => web::screenshots(&root),
        Task::Soak(options) => soak::run(&root, options),
        Task::Bench(options) => bench::run(&root, options),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The repository that this is called in: the nearest folder upwards that holds a workspace. Not the one it was built from: a checkout
/// may have been moved since, or share its build folder with another.
fn root() -> Result<PathBuf> {
    let here = std::env::current_dir().context("there is no working directory")?;
    let found = here.ancestors().find(|folder| is_workspace(folder));
    found
        .map(Path::to_path_buf)
        .context("call it inside the repository: no folder upwards holds its Cargo.toml")
}

fn is_workspace(folder: &Path) -> bool {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.trim() == "[workspace]")
}
