//! The platform's API as its clients see it: public market data, health, errors, headers.

use std::path::Path;

use crate::program::{Answer, Server, ask};

/// How often is read anew what a minute has begun between; more than once is a fault.
const MINUTES_MAX: usize = 3;

/// A server whose market has an hour behind it and stands still, so that two readings agree: unless a minute begins between them, which
/// begins a candle also where nobody trades.
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
    let venues = get(&server, "/api/venues").json();
    let ids: Vec<_> = markets.as_array().unwrap().iter().map(|market| market["id"].clone()).collect();
    assert_eq!(
        venues,
        serde_json::json!([{
            "name": "local", "kind": "built_in", "default": true, "markets": 5, "symbols": ids,
            "assets": ["BTC", "ETH", "KRW", "SOL", "USDT"], "market_kinds": ["spot"],
            "order_types": ["market", "limit", "limit_maker", "stop_loss", "stop_loss_limit", "take_profit",
                "take_profit_limit", "oco"],
            "times_in_force": ["gtc", "ioc", "fok"],
        }])
    );

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
fn indicators_by_name_are_values_over_the_candles_that_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let server = with_market(dir.path());
    let all = get(&server, "/api/indicators").json();
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 237);
    let macd = all.iter().find(|i| i["name"] == "MACD").unwrap();
    assert_eq!((macd["group"].as_str(), macd["lookback"].as_u64()), (Some("Momentum Indicators"), Some(33)));
    assert_eq!(macd["params"][1]["name"], "slow-period");
    assert_eq!((&macd["params"][1]["default"], &macd["params"][1]["min"]), (&"26".into(), &"2".into()));
    assert_eq!(macd["outputs"][1]["name"], "macd-signal");

    let read = |limit: u32, names: &str| {
        get(&server, &format!("/api/indicators/BTCUSDT?interval=1m&names={names}&limit={limit}")).json()
    };
    let of_one_minute = (0..MINUTES_MAX).find_map(|_| {
        let candles = get(&server, "/api/candles/BTCUSDT?interval=1m&limit=5000").json()["candles"].clone();
        let (found, few) = (read(5_000, "sma(3),MACD(12,26,9),OBV"), read(4, "SMA(3)"));
        let newest = &candles.as_array().unwrap().last().unwrap()["t"];
        (*newest == few["t"][3]).then_some((candles, found, few))
    });
    let (candles, found, few) = of_one_minute.expect("all three of the same minute");
    let candles = candles.as_array().unwrap();
    let times: Vec<i64> = candles.iter().map(|candle| candle["t"].as_i64().unwrap()).collect();
    assert_eq!(found["t"], serde_json::json!(times));
    let names: Vec<&str> =
        found["indicators"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["SMA(3)", "MACD(12,26,9)", "OBV"]);
    let average = found["indicators"][0]["outputs"][0]["values"].as_array().unwrap();
    assert!(average[0].is_null() && average[1].is_null(), "two candles of warm-up: {:?}", &average[..3]);
    let closes: Vec<f64> = candles.iter().map(|c| c["c"].as_str().unwrap().parse().unwrap()).collect();
    for (at, window) in closes.windows(3).enumerate() {
        let want = window.iter().sum::<f64>() / 3.0;
        assert!((average[at + 2].as_f64().unwrap() / want - 1.0).abs() < 1e-12, "candle {at}");
    }
    let signal = &found["indicators"][1]["outputs"][1];
    assert_eq!(signal["values"].as_array().unwrap().iter().filter(|v| v.is_null()).count(), 33);
    // Fewer candles have the same values: what came before them is read as well.
    assert_eq!(
        few["indicators"][0]["outputs"][0]["values"].as_array().unwrap()[..],
        average[average.len() - 4..]
    );

    for (query, status, code) in [
        ("interval=1m&names=RSJ(14)", 400, "unknown_indicator"),
        ("interval=1m&names=RSI(1)", 400, "bad_indicator"),
        ("interval=1m&names=RSI,RSI,RSI,RSI,RSI,RSI,RSI,RSI,RSI,RSI,RSI", 400, "too_many_indicators"),
        ("interval=1m", 400, "invalid_request"),
        ("interval=7m&names=RSI", 400, "invalid_request"),
        ("interval=1m&names=RSI&limit=5001", 400, "invalid_request"),
    ] {
        let answer = get(&server, &format!("/api/indicators/BTCUSDT?{query}"));
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{query}");
    }
    assert_eq!(get(&server, "/api/indicators/NOPE?interval=1m&names=RSI").status, 404);
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
fn a_request_keeps_its_callers_trace_or_gets_one() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let kept = ask(server.api(), "GET", "/api/markets", &[("traceparent", &parent)], "");
    assert!(kept.head.contains(&format!("x-trace-id: {trace}")), "{}", kept.head);
    let wrong = ask(server.api(), "GET", "/api/nothing", &[("traceparent", "00-nonsense")], "");
    let given = wrong.head.lines().find_map(|line| line.strip_prefix("x-trace-id: ")).unwrap();
    assert!(given.len() == 32 && given != trace, "{given}");
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

#[test]
fn public_reads_are_cached_and_never_older_than_ones_own_order() {
    let dir = tempfile::tempdir().unwrap();
    let server = with_market(dir.path());
    let body = serde_json::json!({ "code": server.ready["api"]["setup_code"], "username": "root", "password": "correct horse battery" });
    let token = ask(server.api(), "POST", "/api/setup", &[], &body.to_string()).json()["token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let without_times = |answer: &Answer| {
        let mut value = answer.json();
        for one in value.as_array_mut().map_or_else(Vec::new, |list| list.iter_mut().collect()) {
            one.as_object_mut().unwrap().remove("at");
        }
        value.as_object_mut().map(|one| one.remove("at"));
        value
    };
    for path in [
        "/api/book/BTCUSDT?depth=3",
        "/api/tickers",
        "/api/markets",
        "/api/venues",
        "/api/candles/BTCUSDT?interval=1m",
    ] {
        let mut pairs = (0..MINUTES_MAX).map(|_| (get(&server, path), get(&server, path)));
        let same = |pair: &(Answer, Answer)| without_times(&pair.0) == without_times(&pair.1);
        let (first, again) = pairs.find(same).unwrap_or_else(|| panic!("{path}"));
        assert_eq!((first.status, again.status), (200, 200), "{path}");
        assert!(again.head.contains("vary: accept-encoding"), "{path}: {}", again.head);
        let zipped = ask(server.api(), "HEAD", path, &[("Accept-Encoding", "gzip")], "");
        assert_eq!(zipped.status, 200, "{path}");
    }
    let markets = get(&server, "/api/markets");
    let tag = markets.raw_head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let known = ask(server.api(), "GET", "/api/markets", &[("If-None-Match", tag)], "");
    assert_eq!((known.status, known.body.as_str()), (304, ""));
    // A hundred orders, each seen by the very next read.
    for n in 1..=100 {
        let price = format!("{}", 50_000 + n);
        let order = serde_json::json!({ "symbol": "BTCUSDT", "side": "buy", "order_type": "limit", "quantity": "0.001", "price": price });
        let placed =
            ask(server.api(), "POST", "/api/orders", &[("Authorization", &bearer)], &order.to_string());
        assert_eq!(placed.status, 201, "{}", placed.body);
        let book = get(&server, "/api/book/BTCUSDT?depth=1000").json();
        let seen = book["bids"].as_array().unwrap().iter().any(|level| level[0] == price.as_str());
        assert!(seen, "order {n} is not in the book that was read after it");
        let again = get(&server, "/api/book/BTCUSDT?depth=1000").json();
        assert_eq!((&again["bids"], &again["asks"]), (&book["bids"], &book["asks"]));
    }
    let classes = get(&server, "/api/monitoring/cache").json();
    let books =
        classes["classes"].as_array().unwrap().iter().find(|c| c["class"] == "books").unwrap().clone();
    assert!(books["hits"].as_u64() >= Some(90) && books["misses"].as_u64() >= Some(101), "{books}");
    assert_eq!(get(&server, "/api/book/NOPE").status, 404);
    assert_eq!(get(&server, "/api/book/BTCUSDT?depth=0").status, 400);
    server.stop(rustix::process::Signal::TERM);
}
