//! A real PostgreSQL that is killed and started again under a running platform.

use rustix::process::Signal;
use serde_json::{Value, json};
use testkit::OwnPostgres;

use crate::home::STORE_FILE;
use crate::person::Person;
use crate::program::{Answer, Server, ask};

fn retry_after(answer: &Answer) -> u32 {
    let line = answer.head.lines().find_map(|line| line.strip_prefix("retry-after: "));
    line.unwrap_or_else(|| panic!("{}", answer.head)).parse().unwrap()
}

/// Whether an answer says that it is one of before.
fn is_old(answer: &Answer) -> bool {
    answer.head.lines().any(|line| line.starts_with("age:") || line.starts_with("warning:"))
}

/// Asks until it is answered so.
fn until(answer: impl Fn() -> Answer, fits: impl Fn(&Answer) -> bool) -> Answer {
    for _ in 0..5_000 {
        let got = answer();
        if fits(&got) {
            return got;
        }
    }
    let last = answer();
    panic!("never got there: {} {}", last.status, last.body)
}

fn code(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    body["code"].as_str().unwrap_or_default().to_owned()
}

fn breaker(server: &Server) -> Option<String> {
    let metrics = ask(server.api(), "GET", "/metrics", &[], "").body;
    let line = metrics.lines().find(|line| line.starts_with("circuit_breaker_state{of=\"database_oltp\"}"));
    line.and_then(|line| Some(line.rsplit_once(' ')?.1.to_owned()))
}

/// Writes of several kinds, and reads of what somebody has for himself: those are in the database and nowhere else.
fn nothing_is_written_and_nothing_private_is_read(root: &Person) {
    for (method, path, body) in [
        (
            "POST",
            "/api/bots",
            json!({
                "name": "never", "strategy": "ema-cross", "markets": [{ "symbol": "BTCUSDT", "interval": "1s" }],
                "params": { "fast": 1, "slow": 2, "qty": "0.01" }, "funds": { "USDT": "10" },
            }),
        ),
        ("POST", "/api/accounts", json!({ "name": "never" })),
        ("PATCH", "/api/settings", json!({ "theme": "never" })),
    ] {
        let refused = until(|| root.ask(method, path, &body.to_string()), |answer| answer.status == 503);
        assert_eq!(code(&refused), "read_only", "{method} {path}: {}", refused.body);
    }
    // Never with what was before.
    for path in ["/api/orders", "/api/positions", "/api/accounts", "/api/bots", "/api/jobs", "/api/users"] {
        let read = until(|| root.get(path), |answer| code(answer) == "database_away");
        assert!(read.status == 503 && !is_old(&read), "{path}: {}", read.head);
    }
}

#[test]
fn markets_go_on_writes_are_told_plainly_and_it_recovers_by_itself() {
    let postgres = OwnPostgres::start();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(STORE_FILE), postgres.url()).unwrap();
    let file = dir.path().join("tradewind.toml");
    std::fs::write(&file, "[limits]\nenabled = false\n").unwrap();
    let server = Server::start_logging(
        dir.path(),
        &["--participants-speed", "20", "--durability", "buffered", "--config", file.to_str().unwrap()],
        "error",
        std::process::Stdio::null(),
    );
    let root = Person::first(&server);
    let add = |name: &str| {
        let body = json!({ "username": name, "password": crate::person::PASSWORD, "role": "trader" });
        root.post("/api/users", &body)
    };
    assert_eq!(add("before").status, 201);
    postgres.kill();
    let refused = until(|| add("during"), |answer| code(answer) == "read_only");
    assert_eq!(refused.status, 503, "{}", refused.body);
    let seconds = retry_after(&refused);
    assert!((1..=61).contains(&seconds), "{seconds}");
    assert!(refused.body.contains("nothing can be changed"), "{}", refused.body);
    nothing_is_written_and_nothing_private_is_read(&root);
    let ready = ask(server.api(), "GET", "/ready", &[], "");
    assert_eq!(ready.status, 503, "{}", ready.body);
    // Markets go on, and they move.
    let update = || ask(server.api(), "GET", "/api/book/BTCUSDT", &[], "").json()["update"].as_u64().unwrap();
    let before = update();
    until(
        || ask(server.api(), "GET", "/api/book/BTCUSDT", &[], ""),
        |answer| {
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.json()["update"].as_u64() > Some(before)
        },
    );
    for path in [
        "/api/tickers",
        "/api/markets",
        "/api/venues",
        "/api/candles/ETHUSDT?interval=1m",
        "/api/indicators/BTCUSDT?interval=1m&names=SMA(20)",
    ] {
        let fresh = ask(server.api(), "GET", path, &[], "");
        assert!(fresh.status == 200 && !is_old(&fresh), "{path}: {}", fresh.head);
    }
    while breaker(&server).as_deref() != Some("2") {}
    postgres.again();
    // Whoever looks whether it is ready finds out, and so does the service itself every ten seconds.
    until(|| ask(server.api(), "GET", "/ready", &[], ""), |answer| answer.status == 200);
    let added = until(|| add("after"), |answer| answer.status != 503);
    assert_eq!(added.status, 201, "{}", added.body);
    while breaker(&server).as_deref() != Some("0") {}
    let report = root.read("/api/monitoring/database");
    assert_eq!(report["pools"][0]["breaker"], "closed", "{report}");
    let names: Vec<Value> =
        root.read("/api/users").as_array().unwrap().iter().map(|user| user["username"].clone()).collect();
    assert_eq!(root.read("/api/bots"), json!([]));
    assert!(!root.read("/api/accounts").to_string().contains("never"));
    assert!(!root.read("/api/settings").to_string().contains("never"));
    // What was answered before the kill is there, although this server's own `synchronous_commit` is off.
    for (name, there) in [("before", true), ("during", false), ("after", true)] {
        assert_eq!(names.contains(&json!(name)), there, "{name}: {names:?}");
    }
    server.stop(Signal::TERM);
}
