//! The program under measurement: started on a directory of its own, and what the kernel says of it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A running server; stopped when dropped.
pub struct Server {
    child: Child,
    _out: BufReader<std::process::ChildStdout>,
    /// What it said when it was ready.
    pub ready: Value,
}

/// The program: named by `TRADEWIND_PROGRAM`, else built from this checkout.
pub fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("TRADEWIND_PROGRAM") {
        return named.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut cargo = Command::new("cargo");
    let built = cargo.args(["build", "--release", "--locked", "-p", "server"]).current_dir(&root).status();
    assert!(built.is_ok_and(|status| status.success()), "the program could not be built");
    root.join("target/release/tradewind")
}

impl Server {
    /// Starts a server with its defaults on free ports and waits until it is ready.
    pub fn start(program: &Path, dir: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(["serve", "--json", "--log", "error", "--exchange-addr", "127.0.0.1:0"]);
        command.args(["--api-addr", "127.0.0.1:0"]).args(options).arg("--data-dir").arg(dir);
        // A thousand logins of one address are what is measured, not what is refused.
        command.env("TRADEWIND__LIMITS__ENABLED", "false");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("it says that it is ready");
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("it did not start: {line:?}"));
        Self { child, _out: out, ready }
    }

    /// Where the platform listens.
    pub fn api(&self) -> SocketAddr {
        let url = self.ready["api"]["http"].as_str().unwrap_or_default();
        url.trim_start_matches("http://").parse().expect("an address")
    }

    /// Resident memory in MiB.
    pub fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        if !told.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
