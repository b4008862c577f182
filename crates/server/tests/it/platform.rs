//! The platform's API as its clients see it: public market data, health, errors, headers.

use std::path::Path;

use crate::program::{Answer, Server, ask};

/// A server whose market has an hour behind it and stands still, so that two readings agree.
fn with_market(dir: &Path) -> Server {
    Server::start_with(dir, &["--participants-speed", "0"])
}

fn get(server: &Server, path: &str) -> Answer {
    ask(server.api(), "GET", path, &[], "")
}

#[test]
fn public_market_data_agrees_with_the_exchange_and_itself() {
    let dir = tempfile::tempdir().unwrap();
    let server = with_market(dir.path());
    let markets = get(&server, "/api/markets").json();
    let symbols: Vec<&str> =
        markets.as_array().unwrap().iter().map(|m| m["symbol"].as_str().unwrap()).collect();
    assert_eq!(symbols, ["BTCKRW", "BTCUSDT", "ETHBTC", "ETHUSDT", "SOLUSDT"]);
    assert_eq!(markets[1]["id"], "local:BTCUSDT");

    let tickers = get(&server, "/api/tickers?symbols=BTCUSDT,local:ETHUSDT").json();
    assert_eq!(tickers.as_array().unwrap().len(), 2);
    let glance = get(&server, "/api/trading/market-data/BTCUSDT").json();
    assert_eq!(glance["price"], tickers[0]["last"]);
    assert_eq!(glance["book"]["bids"][0][0], tickers[0]["bid"]);

    let book = get(&server, "/api/book/BTCUSDT?depth=5").json();
    let (status, depth) = server.get("/api/v3/depth?symbol=BTCUSDT&limit=5");
    assert_eq!(status, 200);
    let depth: serde_json::Value = serde_json::from_str(&depth).unwrap();
    assert_eq!(book["update"], depth["lastUpdateId"]);
    let number = |value: &serde_json::Value| value.as_str().unwrap().parse::<f64>().unwrap().to_bits();
    assert_eq!(number(&book["bids"][4][1]), number(&depth["bids"][4][1]));
    server.stop(rustix::process::Signal::TERM);
}

#[test]
fn candles_are_folded_into_the_limit_without_losing_a_high_a_low_or_volume() {
    let dir = tempfile::tempdir().unwrap();
    let server = with_market(dir.path());
    let all = get(&server, "/api/candles/BTCUSDT?interval=1m&limit=5000").json();
    let candles = all["candles"].as_array().unwrap();
    assert!(candles.len() >= 60, "an hour of past: {}", candles.len());
    assert_eq!(all["folded"], 1);
    let (first, last) = (candles[0]["t"].as_i64().unwrap(), candles.last().unwrap()["t"].as_i64().unwrap());
    let few =
        get(&server, &format!("/api/candles/BTCUSDT?interval=1m&from={first}&to={last}&limit=10")).json();
    let folded = few["candles"].as_array().unwrap();
    assert!(folded.len() <= 10 && few["folded"].as_u64().unwrap() > 1, "{few}");
    let value = |c: &serde_json::Value, key: &str| c[key].as_str().unwrap().parse::<f64>().unwrap();
    let most = |list: &[serde_json::Value]| list.iter().map(|c| value(c, "h")).fold(f64::MIN, f64::max);
    assert_eq!(most(candles).to_bits(), most(folded).to_bits());
    let sum = |list: &[serde_json::Value]| list.iter().map(|c| value(c, "v")).sum::<f64>();
    assert!((sum(candles) - sum(folded)).abs() < 1e-6);

    let body = r#"{"requests":[{"symbol":"ETHUSDT","interval":"5m","limit":3},{"symbol":"BTCUSDT","interval":"1m","limit":2}]}"#;
    let batch = ask(server.api(), "POST", "/api/candles/batch", &[], body).json();
    assert_eq!(
        (batch[0]["symbol"].as_str(), batch[1]["symbol"].as_str()),
        (Some("ETHUSDT"), Some("BTCUSDT"))
    );
    assert_eq!(batch[1]["candles"].as_array().unwrap().len(), 2);
    server.stop(rustix::process::Signal::TERM);
}

#[test]
fn errors_are_problems_with_a_code_and_the_request_id() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for (method, path, body, status, code) in [
        ("GET", "/api/nothing", "", 404, "not_found"),
        ("DELETE", "/api/markets", "", 405, "method_not_allowed"),
        ("GET", "/api/book/NOPE", "", 404, "not_found"),
        ("GET", "/api/book/BTCUSDT?depth=0", "", 400, "invalid_request"),
        ("GET", "/api/book/BTCUSDT?dept=5", "", 400, "invalid_request"),
        ("GET", "/api/book/a%20b", "", 400, "invalid_request"),
        ("GET", "/api/candles/BTCUSDT?interval=7m", "", 400, "invalid_request"),
        ("GET", "/api/candles/BTCUSDT?interval=1m&from=later", "", 400, "invalid_request"),
        ("POST", "/api/candles/batch", "{", 400, "invalid_request"),
        ("POST", "/api/candles/batch", r#"{"requests":[]}"#, 400, "invalid_request"),
    ] {
        let answer = ask(server.api(), method, path, &[], body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{method} {path}");
        let id = problem["request_id"].as_str().unwrap().to_lowercase();
        assert!(answer.head.contains(&format!("x-request-id: {id}")), "{}", answer.head);
        assert!(answer.head.contains("application/problem+json"));
    }
    let huge = format!(r#"{{"requests":["{}"]}}"#, "x".repeat(300_000));
    assert_eq!(ask(server.api(), "POST", "/api/candles/batch", &[], &huge).status, 413);
    server.stop(rustix::process::Signal::TERM);
}

#[test]
fn answers_are_conditional_guarded_and_closed_to_other_origins() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let first = get(&server, "/api/markets");
    let tag = first.head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
    // The head was put in small letters; the tag itself is case-sensitive, so it is taken from a raw answer.
    let raw = ask(server.api(), "GET", "/api/markets", &[("If-None-Match", "*")], "");
    assert_eq!((raw.status, raw.body.as_str()), (304, ""));
    assert!(!tag.is_empty());
    for header in ["x-content-type-options: nosniff", "content-security-policy: ", "x-frame-options: deny"] {
        assert!(first.head.contains(header), "{header}");
    }
    let foreign = ask(server.api(), "GET", "/api/markets", &[("Origin", "https://evil.example")], "");
    assert!(!foreign.head.contains("access-control-allow-origin"));
    let zipped = ask(server.api(), "HEAD", "/api/openapi.json", &[("Accept-Encoding", "gzip")], "");
    assert!(zipped.status == 200 && zipped.head.contains("content-encoding: gzip"), "{}", zipped.head);
    assert_eq!(get(&server, "/api/health").json()["status"], "ok");
    assert_eq!(get(&server, "/api/docs").status, 200);
    server.stop(rustix::process::Signal::TERM);
}
