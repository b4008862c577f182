//! A server of this program for one load test: fresh folder, free ports, one administrator; gone with the test.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use loadtest::Credentials;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::failure::{Exit, Failure};

/// Who administers it.
const USERNAME: &str = "loadtest";
/// How long one answer may take while it is set up.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A running server.
pub(super) struct House {
    child: Child,
    /// Kept open, so that the server can write to it.
    out: BufReader<ChildStdout>,
    dir: PathBuf,
    url: String,
    credentials: Credentials,
}

fn failed(what: &str) -> Failure {
    Failure::new(Exit::Failed, format!("a server for the load test {what}"))
}

impl House {
    /// Starts it and makes its administrator.
    pub(super) fn open() -> Result<Self, Failure> {
        let dir = std::env::temp_dir().join(format!("tradewind-loadtest-{}", std::process::id()));
        std::fs::create_dir_all(&dir).map_err(|error| failed("has no folder").because(error))?;
        let program = std::env::current_exe().map_err(|error| failed("cannot be found").because(error))?;
        let mut command = Command::new(program);
        command.args([
            "serve",
            "--json",
            "--log",
            "warn",
            "--exchange-addr",
            "127.0.0.1:0",
            "--api-addr",
            "127.0.0.1:0",
        ]);
        // All clients of a load test come from one address.
        command.env("TRADEWIND__API__CONNECTIONS_PER_IP_MAX", "100000");
        // And would be one address that asks for much too much.
        command.env("TRADEWIND__LIMITS__ENABLED", "false");
        command.arg("--data-dir").arg(&dir).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| failed("cannot be started").because(error))?;
        let out = child.stdout.take().ok_or_else(|| failed("has no output"))?;
        let credentials = Credentials { username: USERNAME.to_owned(), password: String::new() };
        let mut house = Self { child, out: BufReader::new(out), dir, url: String::new(), credentials };
        house.set_up()?;
        Ok(house)
    }

    fn set_up(&mut self) -> Result<(), Failure> {
        let mut line = String::new();
        self.out.read_line(&mut line).map_err(|error| failed("says nothing").because(error))?;
        let ready: Value = serde_json::from_str(&line).map_err(|_| failed("did not start").because(&line))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.url = text(&ready["api"]["http"]);
        self.credentials.password = format!("{}-{}", text(&ready["api"]["setup_code"]), std::process::id());
        let body = json!({
            "code": ready["api"]["setup_code"],
            "username": self.credentials.username,
            "password": self.credentials.password,
        });
        let addr: SocketAddr = self
            .url
            .trim_start_matches("http://")
            .parse()
            .map_err(|error| failed("has no address").because(error))?;
        let answer = post(addr, "/api/setup", &body.to_string())
            .map_err(|error| failed("does not answer").because(error))?;
        if answer.starts_with("HTTP/1.1 200") {
            Ok(())
        } else {
            Err(failed("cannot be set up").because(answer))
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn credentials(&self) -> Credentials {
        self.credentials.clone()
    }
}

fn post(addr: SocketAddr, path: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

impl Drop for House {
    /// Ends the server in order and removes its folder.
    fn drop(&mut self) {
        // It may be gone already; then there is nobody to tell.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
