//! The lock files of the projects beside the workspace (`bench/*`, `fuzz`): a project that uses the workspace's crates by path has a lock
//! file of its own, which goes stale when one of them gets a dependency, and nobody notices before the next measurement.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::run::{Outcome, cargo};

/// Fails when a lock file lacks what its manifest needs. Asks the index only: nothing is downloaded, compiled or changed.
pub(crate) fn check(root: &Path) -> Result<Outcome> {
    let projects = projects(root)?;
    let mut stale = Vec::new();
    for project in &projects {
        let manifest = project.join("Cargo.toml").display().to_string();
        let look = ["update", "--workspace", "--locked", "--manifest-path", &manifest];
        let output = cargo(root, &look).stdin(Stdio::null()).output().context("cargo does not run")?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            println!("   {}", why.lines().find(|line| line.starts_with("error")).unwrap_or(&manifest));
            stale.push(manifest);
        }
    }
    if let Some(first) = stale.first() {
        let advice = format!("`cargo update --workspace --manifest-path {first}` renews one");
        anyhow::bail!("{} lock files are not what their manifests need; {advice}", stale.len());
    }
    println!("   {} lock files are what their manifests need", projects.len());
    Ok(Outcome::default())
}

/// The projects that keep a lock file, in the order of their names.
fn projects(root: &Path) -> Result<Vec<PathBuf>> {
    let bench = root.join("bench");
    let entries = std::fs::read_dir(&bench).with_context(|| format!("cannot read {}", bench.display()))?;
    let mut found = vec![root.join("fuzz")];
    for entry in entries {
        found.push(entry?.path());
    }
    found.retain(|folder| folder.join("Cargo.toml").is_file());
    found.sort();
    anyhow::ensure!(found.len() > 1, "no projects under {}", bench.display());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projects_are_those_with_a_manifest() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["bench/b", "bench/a", "bench/results", "fuzz"] {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        assert!(projects(root.path()).is_err(), "none is a mistake, not a pass");
        for folder in ["bench/b", "bench/a", "fuzz"] {
            std::fs::write(root.path().join(folder).join("Cargo.toml"), "[workspace]\n").unwrap();
        }
        let found = projects(root.path()).unwrap();
        let names: Vec<_> =
            found.iter().map(|f| f.strip_prefix(root.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["bench/a", "bench/b", "fuzz"]);
    }
}
