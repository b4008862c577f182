//! Answers that are held: they say the same as those that are made, and the operator can look at them, fill them and forget them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::person::Person;
use crate::program::{Answer, Server, ask, run_in, tradewind};

/// The headers of an answer that do not change from one to the next.
fn lasting(answer: &Answer) -> BTreeMap<String, String> {
    let changing = ["date", "x-request-id", "x-trace-id", "ratelimit-remaining", "ratelimit-reset"];
    let pairs = answer.raw_head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let lower = pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    lower.filter(|(name, _)| !changing.contains(&name.as_str())).collect()
}

fn value<'h>(answer: &'h Answer, name: &str) -> &'h str {
    let line = answer.raw_head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {}", answer.raw_head))
}

#[test]
fn a_held_answer_says_what_a_made_one_says() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    for (path, encodings) in [
        ("/api/tickers", ""),
        ("/api/tickers", "br"),
        ("/api/venues", ""),
        ("/api/venues", "gzip"),
        ("/api/book/ETHUSDT?depth=7", ""),
        ("/api/book/ETHUSDT?depth=50", "gzip"),
        ("/api/candles/SOLUSDT?interval=5m&limit=7", ""),
    ] {
        let get = |more: &[(&str, &str)]| {
            let mut headers = vec![("Accept-Encoding", encodings)];
            headers.extend(more);
            ask(server.api(), "GET", path, &headers, "")
        };
        // A request that says how long its body is goes to the routes, held or not. Once more if a candle began between the two.
        let both = || (get(&[("Content-Length", "0")]), get(&[]));
        let (made, held) = Some(both()).filter(|(made, held)| made.body == held.body).unwrap_or_else(both);
        assert_eq!((made.status, held.status), (200, 200), "{path}");
        assert_eq!(lasting(&made), lasting(&held), "{path} {encodings}");
        assert_eq!(made.body, held.body, "{path} {encodings}");
        // Told right after it was charged: even a bucket that was full lacks one.
        let number = |name| value(&held, name).parse::<u64>().unwrap();
        assert!(number("ratelimit-remaining") < number("ratelimit-limit"), "charged, too: {path}");
        assert_ne!(value(&made, "x-request-id"), value(&held, "x-request-id"));
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let asked = get(&[("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"))]);
        assert_eq!(value(&asked, "x-trace-id"), trace);
        let known = get(&[("If-None-Match", value(&held, "etag"))]);
        assert_eq!((known.status, known.body.as_str()), (304, ""), "{path}");
    }
    let metrics = ask(server.api(), "GET", "/metrics", &[], "").body;
    let line = metrics
        .lines()
        .find(|line| {
            line.starts_with("api_requests_total{")
                && line.contains("/api/candles/{symbol}")
                && line.contains("\"200\"")
        })
        .unwrap_or_else(|| panic!("{metrics}"));
    assert!(line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap() >= 4.0, "{line}");
    server.stop(Signal::TERM);
}

#[test]
fn the_operator_looks_at_the_cache_warms_it_and_empties_it() {
    let dir = tempfile::tempdir().unwrap();
    let nobody = run_in(dir.path(), &["cache", "stats"]);
    assert_eq!(nobody.code, 4, "no server: {}", nobody.err);
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    for words in [&["cache", "clear"][..], &["profile", "--seconds", "1", "--out", "/dev/null"]] {
        let nobody = run_in(dir.path(), words);
        assert_eq!(nobody.code, 5, "there is no user: {}", nobody.err);
        assert!(nobody.err.contains("user add") && !nobody.err.contains("order"), "{}", nobody.err);
    }
    let root = Person::first(&server);
    root.add(&server, "tara", "trader");
    let run = |words: &[&str]| {
        let done = run_in(dir.path(), &[words, &["--user", "root", "--json"]].concat());
        assert_eq!(done.code, 0, "{words:?}: {} {}", done.out, done.err);
        done.json()
    };
    let candles = || -> Value {
        let stats = run(&["cache", "stats"]);
        let all = stats["classes"].as_array().unwrap().clone();
        all.into_iter().find(|c| c["class"] == "open_candles" && c["layer"] == "memory").unwrap()
    };
    let path = "/api/candles/BTCUSDT?interval=1h&limit=3";
    let ask_twice = || {
        for _ in 0..2 {
            assert_eq!(ask(server.api(), "GET", path, &[], "").status, 200);
        }
    };
    ask_twice();
    let before = candles();
    assert!(before["hits"].as_u64() >= Some(1), "{before}");
    assert_eq!(run(&["cache", "clear"]), json!({ "v": 1, "cleared": true, "redis": null }));
    ask_twice();
    let misses = |one: &Value| one["misses"].as_u64().unwrap();
    assert!(misses(&candles()) > misses(&before), "it had to be read anew");
    assert_eq!(run(&["cache", "warm"])["warming"], true);
    let table = run_in(dir.path(), &["cache", "stats", "--user", "root"]);
    assert!(table.out.contains("open_candles") && table.out.contains("hit rate"), "{}", table.out);
    for command in ["clear", "warm", "stats"] {
        let refused = run_in(dir.path(), &["cache", command, "--user", "tara"]);
        assert_eq!(refused.code, 5, "{command} is for administrators: {}", refused.err);
    }
    assert_eq!(root.read("/api/audit?action=cache.clear").as_array().unwrap().len(), 1);
    server.stop(Signal::TERM);
}

#[test]
fn closed_candles_are_read_once_and_a_changed_market_is_seen_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let root = Person::first(&server);
    let stats = |class: &str| -> Value {
        let all = ask(server.api(), "GET", "/api/monitoring/cache", &[], "").json();
        let all = all["classes"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["class"] == class && one["layer"] == "memory").unwrap()
    };
    let get = |path: &str| {
        let answer = ask(server.api(), "GET", path, &[], "");
        assert_eq!(answer.status, 200, "{path}");
        answer.json()
    };
    let all = get("/api/candles/BTCUSDT?interval=1m&limit=30");
    let closed = all["candles"][10]["t"].as_i64().unwrap();
    let past = format!("/api/candles/BTCUSDT?interval=1m&limit=5&to={closed}");
    let before = get(&past);
    assert_eq!(before["candles"][4]["t"], closed, "{before}");
    let open = "/api/candles/BTCUSDT?limit=2&interval=1d";
    let quiet = get(open);
    assert_eq!(get(open), quiet);
    let order = json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.01", "order_type": "market" });
    assert_eq!(root.ask("POST", "/api/orders", &order.to_string()).status, 201);
    assert_ne!(
        get(open),
        quiet,
        "a day's candle is kept for hours, and one's own order is seen in it at once"
    );
    let misses = stats("closed_candles")["misses"].clone();
    for spelling in ["BTCUSDT", "local:BTCUSDT"] {
        assert_eq!(get(&past.replace("BTCUSDT", spelling)), before);
    }
    let after = stats("closed_candles");
    assert_eq!(
        (&after["misses"], &after["hits"]),
        (&misses, &json!(2)),
        "the market changed, its past did not"
    );
    server.stop(Signal::TERM);
}

#[test]
fn what_a_venue_says_of_itself_is_held_whatever_is_traded_there() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let root = Person::first(&server);
    // Warming asks for other encodings, once for each: it hits nothing.
    let hits = || -> u64 {
        let all = ask(server.api(), "GET", "/api/monitoring/cache", &[], "").json();
        let all = all["classes"].as_array().unwrap().clone();
        let line = all.into_iter().find(|one| one["class"] == "venues" && one["layer"] == "memory").unwrap();
        line["hits"].as_u64().unwrap()
    };
    let get = || {
        let answer = ask(server.api(), "GET", "/api/venues", &[("Accept-Encoding", "identity")], "");
        assert_eq!((answer.status, value(&answer, "vary")), (200, "accept-encoding"));
        answer.json()
    };
    let first = get();
    let before = hits();
    let order = json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.01", "order_type": "market" });
    assert_eq!(root.ask("POST", "/api/orders", &order.to_string()).status, 201);
    for _ in 0..3 {
        assert_eq!(get(), first);
    }
    assert_eq!(hits(), before + 3, "a trade lists nothing");
    server.stop(Signal::TERM);
}

/// By another process.
fn reset_password(dir: &Path, name: &str) {
    let mut command = tradewind(&["user", "reset-password", name, "--password-stdin", "--data-dir"]);
    let mut child = command.arg(dir).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"another-Long-1-passw0rd\n").unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn settings_and_logins_are_kept_and_never_longer_than_they_hold() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let root = Person::first(&server);
    let tara = root.add(&server, "tara", "trader");
    let line = |class: &str| -> Value {
        let all = ask(server.api(), "GET", "/api/monitoring/cache", &[], "").json();
        let all = all["classes"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["class"] == class && one["layer"] == "memory").unwrap()
    };
    for theme in ["dark", "light"] {
        assert_eq!(tara.ask("PATCH", "/api/settings", &json!({ "theme": theme }).to_string()).status, 200);
        for _ in 0..3 {
            assert_eq!(tara.read("/api/settings"), json!({ "theme": theme }));
            assert_eq!(root.read("/api/settings"), json!({}), "another's are another's");
        }
    }
    assert!(line("profiles")["hits"].as_u64() >= Some(9), "{}", line("profiles"));
    let logins = line("sessions");
    assert!(
        logins["hits"].as_u64() > logins["misses"].as_u64() && logins["entries"].as_u64() >= Some(2),
        "{logins}"
    );
    assert_eq!(logins["capacity"], 10_000);
    // Another process ends her login: within a second nobody takes it any more, and hers alone.
    reset_password(dir.path(), "tara");
    assert!((0..20_000).any(|_| tara.get("/api/me").status == 401), "she is let in for ever");
    assert_eq!(root.get("/api/me").status, 200);
    server.stop(Signal::TERM);
}
