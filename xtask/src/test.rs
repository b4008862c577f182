//! `cargo xtask test`: everything that has to hold before a change is kept.

use std::path::Path;

use anyhow::{Result, bail};

use crate::clients;
use crate::licences;
use crate::locks;
use crate::provision;
use crate::run::{self, Outcome, Report, cargo};
use crate::web;

/// What to test.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these steps, by the names `--list` prints
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// Names the steps and stops
    #[arg(long)]
    list: bool,
}

type Body = fn(&Path) -> Result<Outcome>;

/// The steps, in order: what is quick and fails often comes first.
const STEPS: &[(&str, &str, Body)] = &[
    ("machine", "install what the tests need and is missing", |_| provision::machine()),
    ("format", "cargo fmt --check", format),
    ("lints", "clippy with warnings as errors", lints),
    ("licences", "licences and sources of all dependencies", licences::check),
    ("locks", "lock files of the projects beside the workspace are current", locks::check),
    ("tidy", "the repository's own rules", tidy),
    ("tests", "all tests of the workspace", tests),
    ("doctests", "examples in the documentation", doctests),
    ("docs", "the documentation builds without warnings", docs),
    (
        "web",
        "the dashboard: types, lints, unit tests, build, budget, and that the committed build is this one",
        web::check,
    ),
    ("program", "the program that the client suites start", program),
    ("web-e2e", "the dashboard against the program in headless Chromium", web::e2e),
];

/// Carries out the steps; true when everything passed.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    let suites = clients::suites(root)?;
    if options.list {
        for (name, about, _) in STEPS {
            println!("{name:<24} {about}");
        }
        for suite in &suites {
            println!("{:<24} third-party clients against the running exchange", suite.name);
        }
        return Ok(true);
    }
    let known = |name: &String| STEPS.iter().any(|s| s.0 == name) || suites.iter().any(|s| s.name == *name);
    if let Some(unknown) = options.only.iter().find(|name| !known(name)) {
        bail!("no step `{unknown}`; `cargo xtask test --list` names them");
    }
    let chosen = |name: &str| options.only.is_empty() || options.only.iter().any(|n| n == name);
    let mut report = Report::default();
    for (name, _, body) in STEPS.iter().filter(|step| chosen(step.0)) {
        report.step(name, || body(root));
    }
    for suite in suites.iter().filter(|suite| chosen(&suite.name)) {
        report.step(&suite.name, || suite.run(root));
    }
    Ok(report.close())
}

fn format(root: &Path) -> Result<Outcome> {
    run::run(&mut cargo(root, &["fmt", "--all", "--check"]))
}

fn lints(root: &Path) -> Result<Outcome> {
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    run::run(&mut cargo(root, &clippy))
}

fn tidy(root: &Path) -> Result<Outcome> {
    run::run(&mut cargo(root, &["test", "--locked", "--package", "tidy"]))
}

fn tests(root: &Path) -> Result<Outcome> {
    let of_workspace = ["--workspace", "--exclude", "tidy", "--all-targets", "--locked"];
    let runner: &[&str] =
        if provision::has_nextest(root) { &["nextest", "run"] } else { &["test", "--no-fail-fast"] };
    run::run(&mut cargo(root, &[runner, &of_workspace].concat()))
}

fn doctests(root: &Path) -> Result<Outcome> {
    run::run(&mut cargo(root, &["test", "--workspace", "--doc", "--locked"]))
}

fn docs(root: &Path) -> Result<Outcome> {
    let doc = ["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"];
    run::run(cargo(root, &doc).env("RUSTDOCFLAGS", "-D warnings"))
}

fn program(root: &Path) -> Result<Outcome> {
    run::run(&mut cargo(root, &["build", "--package", "server", "--locked"]))
}
