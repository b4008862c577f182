//! Runs the binary: single commands, and a server that is stopped when its test ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// What a command left behind.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {:?} {:?}", self.out, self.err))
    }
}

/// The binary, without settings of the person who runs the tests.
pub(crate) fn tradewind(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tradewind"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TRADEWIND__"))
    {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs one command to its end.
pub(crate) fn run(arguments: &[&str]) -> Done {
    finish(&mut tradewind(arguments))
}

/// Runs one command on a data directory.
pub(crate) fn run_in(dir: &Path, arguments: &[&str]) -> Done {
    finish(tradewind(arguments).arg("--data-dir").arg(dir))
}

/// Runs a prepared command to its end.
pub(crate) fn finish(command: &mut Command) -> Done {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Done { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// An answer over HTTP.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The head, in small letters.
    pub(crate) head: String,
    /// The head as it came.
    pub(crate) raw_head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {} {:?}", self.status, self.body))
    }
}

/// How often it is asked again: a server that is behind makes each wait for two seconds, one that is overloaded says so at once.
const BEHIND_MAX: usize = 10;
const OVERLOADED_MAX: usize = 10_000;

/// One request on a connection of its own. It does what every client does with "catching_up" to a read and with "overloaded": it asks
/// again. On a busy machine the tables are behind for seconds, and after it stood still for one everything but orders is put off.
pub(crate) fn ask(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let (mut behind, mut overloaded) = (0, 0);
    loop {
        let answer = ask_once(addr, method, path, headers, body);
        let says = |code: &str| answer.status == 503 && answer.body.contains(&format!("\"{code}\""));
        behind += usize::from(says("catching_up"));
        overloaded += usize::from(says("overloaded"));
        let reads_again = method == "GET" && says("catching_up") && behind <= BEHIND_MAX;
        let tries_again = says("overloaded") && overloaded <= OVERLOADED_MAX;
        if !(reads_again || tries_again) {
            return answer;
        }
    }
}

fn ask_once(addr: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(addr).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        request.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    }
    write!(stream, "{request}\r\n{body}").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    // A compressed body is no text; that it is the same one can be seen all the same.
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), raw_head: head.to_owned(), body: body.to_owned() }
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// Kept open: a server that cannot write to it would be another test.
    _out: BufReader<ChildStdout>,
    pub(crate) ready: Value,
}

impl Server {
    /// Starts a silent exchange on a free port and waits until it is ready.
    pub(crate) fn start(dir: &Path) -> Self {
        Self::start_with(dir, &["--no-participants"])
    }

    /// The same with other options.
    pub(crate) fn start_with(dir: &Path, options: &[&str]) -> Self {
        Self::start_logging(dir, options, "warn", Stdio::inherit())
    }

    /// The same with another log level, and another place for standard error.
    pub(crate) fn start_logging(dir: &Path, options: &[&str], level: &str, log: Stdio) -> Self {
        let mut command = tradewind(&[
            "serve",
            "--json",
            "--log",
            level,
            "--exchange-addr",
            "127.0.0.1:0",
            "--api-addr",
            "127.0.0.1:0",
        ]);
        if let Ok(url) = std::fs::read_to_string(dir.join(crate::home::STORE_FILE)) {
            command.args(["--store", &url]);
        }
        Self::spawn(command.args(options).arg("--data-dir").arg(dir), log)
    }

    pub(crate) fn spawn(command: &mut Command, log: Stdio) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let ready =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("the server did not start: {line:?}"));
        Self { child, _out: out, ready }
    }

    /// With what the configuration says about the log, and without what it says on standard error.
    pub(crate) fn start_quiet(dir: &Path, options: &[&str]) -> Self {
        let addresses = ["--exchange-addr", "127.0.0.1:0", "--api-addr", "127.0.0.1:0"];
        Self::spawn(
            tradewind(&["serve", "--json"]).args(addresses).args(options).arg("--data-dir").arg(dir),
            Stdio::null(),
        )
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.ready["exchange"]["http"].as_str().unwrap().trim_start_matches("http://").parse().unwrap()
    }

    /// Where the platform listens.
    pub(crate) fn api(&self) -> SocketAddr {
        self.ready["api"]["http"].as_str().unwrap().trim_start_matches("http://").parse().unwrap()
    }

    /// The status and body of a GET at the exchange.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let answer = ask(self.addr(), "GET", path, &[], "");
        (answer.status, answer.body)
    }

    /// Waits for the end of a server that was told to stop.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn stop(mut self, signal: Signal) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only for a test that failed before it stopped the server.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
