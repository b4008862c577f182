//! The exchange under test: the program named by `TRADEWIND_BIN`, on a free port, with a data directory of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A running exchange.
pub(crate) struct Exchange {
    program: PathBuf,
    folder: tempfile::TempDir,
    server: Child,
    _out: BufReader<ChildStdout>,
    pub(crate) http: String,
    pub(crate) ws: String,
}

/// An account's credentials.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) key: String,
    pub(crate) secret: String,
}

impl Exchange {
    /// Starts a silent exchange.
    pub(crate) fn start() -> Result<Self> {
        let program =
            PathBuf::from(std::env::var_os("TRADEWIND_BIN").context("TRADEWIND_BIN names the program")?);
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(&program);
        command.args([
            "serve",
            "--json",
            "--log",
            "warn",
            "--no-participants",
            "--exchange-addr",
            "127.0.0.1:0",
            "--api-addr",
            "127.0.0.1:0",
        ]);
        command.arg("--data-dir").arg(folder.path()).stdout(Stdio::piped());
        let mut server = command.spawn()?;
        let mut out = BufReader::new(server.stdout.take().context("a pipe")?);
        let mut line = String::new();
        out.read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).context("the server did not start")?;
        let url = |kind: &str| ready["exchange"][kind].as_str().map(String::from).context("an address");
        let (http, ws) = (url("http")?, url("ws")?);
        Ok(Self { program, folder, server, _out: out, http, ws })
    }

    /// Opens an account with test money.
    pub(crate) fn account(&self, name: &str) -> Result<Account> {
        let made = self.command(&["account", "create", name, "--fund", "USDT=100000", "--fund", "BTC=5"])?;
        let text = |key: &str| made[key].as_str().map(String::from).context("credentials");
        Ok(Account { key: text("api_key")?, secret: text("secret")? })
    }

    /// Checks the ledger; fails on any violation.
    pub(crate) fn verify(&self) -> Result<()> {
        self.command(&["verify"]).map(|_| ())
    }

    fn command(&self, words: &[&str]) -> Result<Value> {
        let mut command = Command::new(&self.program);
        command.arg("exchange").args(words).arg("--json").arg("--data-dir").arg(self.folder.path());
        let done = command.output()?;
        ensure!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        Ok(serde_json::from_slice(&done.stdout)?)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // What was answered is on disk; how a server stops is tested elsewhere.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
