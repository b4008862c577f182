//! The third-party client suites under `tests/clients/`, one folder each.
//!
//! A folder with `requirements.txt` is a Python suite: it gets a virtual environment with exactly those packages and
//! runs `suite.py`. A folder with `package.json` is an npm suite and runs `suite.cjs`. A folder with `Cargo.toml` is a
//! Rust project of its own. Each suite starts the exchange itself (`TRADEWIND_BIN`), on free ports and with a data
//! directory of its own, and ends with a line `suite NAME: N passed, N failed`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cache::Cache;
use crate::run::{self, Outcome, cargo};

/// One suite.
pub(crate) struct Suite {
    pub(crate) name: String,
    dir: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Python,
    Npm,
    Rust,
}

/// All suites, by name.
pub(crate) fn suites(root: &Path) -> Result<Vec<Suite>> {
    let clients = root.join("tests/clients");
    let mut suites = Vec::new();
    if !clients.is_dir() {
        return Ok(suites);
    }
    for entry in std::fs::read_dir(clients)? {
        let dir = entry?.path();
        let kinds =
            [("requirements.txt", Kind::Python), ("package.json", Kind::Npm), ("Cargo.toml", Kind::Rust)];
        let Some((_, kind)) = kinds.into_iter().find(|(file, _)| dir.join(file).is_file()) else { continue };
        let name = format!("client-{}", dir.file_name().unwrap_or_default().to_string_lossy());
        suites.push(Suite { name, dir, kind });
    }
    suites.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(suites)
}

impl Suite {
    /// Installs what the suite needs and runs it.
    pub(crate) fn run(&self, root: &Path) -> Result<Outcome> {
        self.run_with(root, &[])
    }

    /// The same with sizes that the suite reads.
    pub(crate) fn run_with(&self, root: &Path, sizes: &[(&str, &str)]) -> Result<Outcome> {
        let mut command = match self.kind {
            Kind::Python => self.python()?,
            Kind::Npm => self.npm()?,
            Kind::Rust => self.rust()?,
        };
        run::run(command.env("TRADEWIND_BIN", program(root)).envs(sizes.iter().copied()))
    }

    fn python(&self) -> Result<Command> {
        let requirements = self.read("requirements.txt")?;
        let version =
            run::output(Command::new("python3").arg("--version")).context("python3 does not run")?;
        let venv = Cache::open()?.folder("venv", &[&version, &requirements], |dir| {
            done(Command::new("python3").args(["-m", "venv"]).arg(dir))?;
            let mut pip = Command::new(dir.join("bin/python"));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
            done(pip.arg(self.dir.join("requirements.txt")))
        })?;
        let mut command = Command::new(venv.join("bin/python"));
        // No byte code beside the sources; output line by line.
        command.args(["-B", "-u"]).arg(self.dir.join("suite.py")).current_dir(&self.dir);
        Ok(command)
    }

    fn npm(&self) -> Result<Command> {
        let (manifest, lock) = (self.read("package.json")?, self.read("package-lock.json")?);
        let version = run::output(Command::new("node").arg("--version")).context("node does not run")?;
        let modules = Cache::open()?.folder("npm", &[&version, &manifest, &lock], |dir| {
            std::fs::write(dir.join("package.json"), &manifest)?;
            std::fs::write(dir.join("package-lock.json"), &lock)?;
            done(
                Command::new("npm")
                    .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                    .current_dir(dir),
            )
        })?;
        let mut command = Command::new("node");
        command.arg(self.dir.join("suite.cjs")).current_dir(&self.dir);
        command.env("NODE_PATH", modules.join("node_modules"));
        Ok(command)
    }

    /// Built in the cache, so that a second run finds the client and its world compiled.
    fn rust(&self) -> Result<Command> {
        let (manifest, lock) = (self.read("Cargo.toml")?, self.read("Cargo.lock")?);
        let version = run::output(&mut cargo(&self.dir, &["--version"])).context("cargo does not run")?;
        let target = Cache::open()?.folder("target", &[&version, &manifest, &lock], |_| Ok(()))?;
        let mut command = cargo(&self.dir, &["run", "--locked"]);
        command.env("CARGO_TARGET_DIR", target);
        Ok(command)
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = self.dir.join(file);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

/// The program under test: `TRADEWIND_BIN`, else the one this workspace built last in its debug profile.
pub(crate) fn program(root: &Path) -> PathBuf {
    let given = std::env::var_os("TRADEWIND_BIN").map(PathBuf::from);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    given.unwrap_or_else(|| target.join("debug/tradewind"))
}

fn done(command: &mut Command) -> Result<()> {
    ensure!(run::run(command)?.is_good(), "the suite's packages could not be installed");
    Ok(())
}
