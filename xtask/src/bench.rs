//! `cargo xtask bench`: the standalone projects under `bench/`, one folder with a `Cargo.toml` each.
//!
//! They stand outside the workspace because they bring the peers we measure against. Nothing here asserts a time; the
//! numbers and the machines they come from are written down in `bench/README.md`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::run::{self, Report, cargo};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which measurements (all when none is named)
    names: Vec<String>,
    /// Names them and stops
    #[arg(long)]
    list: bool,
    /// Arguments for the measurement itself
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Runs the chosen measurements; true when each ended well.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    let projects = projects(root)?;
    if options.list {
        for (name, dir) in &projects {
            println!("{name:<20} {}", description(dir));
        }
        return Ok(true);
    }
    if let Some(unknown) = options.names.iter().find(|n| !projects.iter().any(|(name, _)| name == *n)) {
        bail!("no measurement `{unknown}`; `cargo xtask bench --list` names them");
    }
    let mut report = Report::default();
    for (name, dir) in projects.iter().filter(|(n, _)| options.names.is_empty() || options.names.contains(n))
    {
        report.step(name, || {
            let mut command = cargo(dir, &["run", "--release", "--quiet", "--"]);
            run::run(command.args(&options.arguments))
        });
    }
    Ok(report.close())
}

fn projects(root: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let bench = root.join("bench");
    if !bench.is_dir() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(bench)? {
        let dir = entry?.path();
        if dir.join("Cargo.toml").is_file() {
            found.push((dir.file_name().unwrap_or_default().to_string_lossy().into_owned(), dir));
        }
    }
    found.sort();
    Ok(found)
}

fn description(dir: &Path) -> String {
    let manifest = std::fs::read_to_string(dir.join("Cargo.toml")).unwrap_or_default();
    let line = manifest.lines().find_map(|line| line.strip_prefix("description = "));
    line.unwrap_or_default().trim_matches('"').to_owned()
}
