//! The platform's limits at the real server: ordinary automation passes, a flood is refused with a reason and touches nobody else.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use rustix::process::Signal;
use serde_json::json;
use testkit::Redis;

use crate::program::{Server, ask};

const PASSWORD: &str = "correct horse battery";

/// Times that a request is put off at most: each takes a fraction of a millisecond.
const PUT_OFF_MAX: usize = 100_000;

/// Many requests over one connection.
struct Line(BufReader<TcpStream>);

impl Line {
    fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// The status, the head in small letters, and the body. What was put off, because the machine stood still, is asked again.
    fn get(&mut self, path: &str, token: &str) -> (u16, String, String) {
        for _ in 0..PUT_OFF_MAX {
            let answer = self.get_once(path, token);
            if answer.0 != 503 || !answer.2.contains("overloaded") {
                return answer;
            }
        }
        panic!("{path} is put off for ever");
    }

    fn get_once(&mut self, path: &str, token: &str) -> (u16, String, String) {
        let auth =
            if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{auth}\r\n");
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.0.read_line(&mut head).unwrap(), 0, "{head}");
        }
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head, String::from_utf8(body).unwrap())
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn start(dir: &Path, options: &[&str]) -> Server {
    let mut all = vec!["--participants-speed", "0", "--durability", "buffered"];
    all.extend(options);
    Server::start_with(dir, &all)
}

fn root(server: &Server) -> String {
    let body = json!({ "code": server.ready["api"]["setup_code"], "username": "root", "password": PASSWORD });
    let answer = ask(server.api(), "POST", "/api/setup", &[], &body.to_string());
    answer.json()["token"].as_str().unwrap().to_owned()
}

#[test]
fn a_flood_is_refused_with_a_reason_and_touches_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &[]);
    let token = root(&server);
    let bearer = format!("Bearer {token}");
    let made = json!({ "username": "tara", "password": PASSWORD, "role": "trader" }).to_string();
    assert_eq!(ask(server.api(), "POST", "/api/users", &[("Authorization", &bearer)], &made).status, 201);
    let login = json!({ "username": "tara", "password": PASSWORD }).to_string();
    let hers = ask(server.api(), "POST", "/api/auth/login", &[], &login).json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut line = Line::open(server.api());
    let (status, head, _) = line.get("/api/me", &token);
    assert_eq!((status, header(&head, "ratelimit-limit")), (200, Some("9000")));
    assert_eq!(header(&head, "ratelimit-remaining"), Some("8999"));
    assert_eq!(header(&head, "ratelimit-reset"), Some("1"));
    // Administration is a small class: 600 a minute.
    let mut passed = 0;
    let (head, body) = loop {
        let (status, head, body) = line.get("/api/users", &token);
        match status {
            200 => passed += 1,
            429 => break (head, body),
            other => panic!("{other}: {body}"),
        }
        assert!(passed < 5_000, "nobody stops it");
    };
    assert!(passed >= 599, "{passed}");
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(problem["code"], "rate_limited");
    assert!(problem["detail"].as_str().unwrap().contains("administration"), "{problem}");
    assert_eq!((header(&head, "retry-after"), header(&head, "ratelimit-remaining")), (Some("1"), Some("0")));
    // Another connection, even another login, is the same user.
    let again = json!({ "username": "root", "password": PASSWORD }).to_string();
    let second = ask(server.api(), "POST", "/api/auth/login", &[], &again).json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    while line.get("/api/users", &token).0 == 200 {}
    // What has come back since is little: ten a second. A bucket of its own would hold six hundred.
    let (_, head, _) = Line::open(server.api()).get("/api/users", &second);
    let left: u32 = header(&head, "ratelimit-remaining").unwrap().parse().unwrap();
    assert!(left < 300, "{head}");
    // Other classes, other people and those without a login go on; health always answers.
    assert_eq!(line.get("/api/me", &token).0, 200);
    assert_eq!(line.get("/api/me", &hers).0, 200);
    assert_eq!(line.get("/api/tickers", "").0, 200);
    let (_, head, _) = line.get("/api/health", "");
    assert_eq!(header(&head, "ratelimit-limit"), None);
    let metrics = line.get("/metrics", "").2;
    assert!(metrics.contains("rate_limited_total{class=\"administration\"}"), "{metrics}");
    server.stop(Signal::TERM);
}

#[test]
fn a_hundred_programs_behind_one_address_are_let_in() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &[]);
    let token = root(&server);
    let mut line = Line::open(server.api());
    // Without the price of a hundred password checks: what a login costs at the limits is one request of its class.
    for n in 0..1_000 {
        assert_eq!(line.get("/api/setup", "").0, 200, "{n}");
    }
    for n in 0..3_000 {
        assert_eq!(line.get("/api/positions", &token).0, 200, "{n}");
    }
    server.stop(Signal::TERM);
    let file = dir.path().join("open.toml");
    std::fs::write(&file, "[limits]\nenabled = false\n").unwrap();
    let server = start(dir.path(), &["--config", file.to_str().unwrap()]);
    let (_, head, _) = Line::open(server.api()).get("/api/tickers", "");
    assert_eq!(header(&head, "ratelimit-limit"), None, "switched off");
    server.stop(Signal::TERM);
}

#[test]
fn two_instances_with_one_redis_let_through_what_one_would() {
    let Some(redis) = Redis::start() else { return };
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let begin = |dir: &tempfile::TempDir, name: &str| {
        let file = dir.path().join("tradewind.toml");
        let config = format!("[cache]\nredis = \"{}\"\n[stream]\ninstance = \"{name}\"\n", redis.url());
        std::fs::write(&file, config).unwrap();
        start(dir.path(), &["--config", file.to_str().unwrap()])
    };
    // Each with a name, which parts their markets and their caches.
    let servers = [begin(&dirs[0], "tokyo"), begin(&dirs[1], "osaka")];
    // Heavy work asked for by an address that is not logged in: 120 at once, and 2 a second come back.
    let ask = |server: &Server| ask(server.api(), "POST", "/api/backtests", &[], "{}").status;
    let begun = std::time::Instant::now();
    let (mut passed, mut refused) = (0, 0);
    for _ in 0..110 {
        for server in &servers {
            match ask(server) {
                401 => passed += 1,
                429 => refused += 1,
                other => panic!("{other}"),
            }
        }
    }
    // What comes back meanwhile, and some for which Redis took too long: two buckets would let through all 220.
    let back = begun.elapsed().as_secs() * 2 + 20;
    assert!(
        (120..=120 + back).contains(&passed),
        "{passed} of 220 passed, {refused} were refused, {back} came back"
    );
    assert!(refused > 0);
    // Without Redis each goes by its own, and nobody is refused because of that.
    drop(redis);
    for server in &servers {
        let answer = crate::program::ask(server.api(), "GET", "/api/book/BTCUSDT", &[], "");
        assert!(answer.status == 200 && header(&answer.head, "ratelimit-limit").is_some(), "{}", answer.head);
    }
    for server in servers {
        server.stop(Signal::TERM);
    }
}
