//! What the real server tells about itself: metrics with the promised names, the last hour, the promises.

use std::collections::BTreeSet;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::program::{Answer, Server, ask};

const PASSWORD: &str = "correct horse battery";

fn start(dir: &Path, options: &[&str]) -> Server {
    let mut all = vec!["--participants-speed", "20", "--durability", "buffered"];
    all.extend(options);
    Server::start_with(dir, &all)
}

fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(server.api(), "GET", path, headers, "")
}

fn first_user(server: &Server) -> String {
    let body = json!({ "code": server.ready["api"]["setup_code"], "username": "root", "password": PASSWORD });
    let answer = ask(server.api(), "POST", "/api/setup", &[], &body.to_string());
    answer.json()["token"].as_str().unwrap().to_owned()
}

/// The value of the first sample that begins with `head`.
fn sample(text: &str, head: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(head));
    let line = line.unwrap_or_else(|| panic!("{head} is not in\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// The names in docs/metrics.md.
fn documented() -> BTreeSet<String> {
    let page = include_str!("../../../../docs/metrics.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
}

#[test]
fn metrics_are_recorded_under_the_promised_names_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &[]);
    let token = first_user(&server);
    let bearer = format!("Bearer {token}");
    let order = json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.001", "order_type": "market" });
    let placed = ask(server.api(), "POST", "/api/orders", &[("Authorization", &bearer)], &order.to_string());
    assert_eq!(placed.status, 201, "{}", placed.body);
    // The tables follow the order; who reads their own waits for them.
    assert_eq!(ask(server.api(), "GET", "/api/orders", &[("Authorization", &bearer)], "").status, 200);
    for (path, status) in
        [("/api/book/BTCUSDT", 200), ("/api/book/ETHUSDT", 200), ("/api/book/NOPE", 404), ("/nowhere/x", 404)]
    {
        assert_eq!(get(&server, path, &[]).status, status);
    }
    let answer = get(&server, "/metrics", &[]);
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
    let text = answer.body;
    for (head, least) in [
        (
            "http_request_duration_seconds_count{method=\"GET\",route=\"/api/book/{symbol}\",status_code=\"200\"}",
            2.0,
        ),
        (
            "http_request_duration_seconds_bucket{method=\"GET\",route=\"/api/book/{symbol}\",status_code=\"404\",le=\"+Inf\"}",
            1.0,
        ),
        ("http_request_duration_seconds_count{method=\"GET\",route=\"unmatched\",status_code=\"404\"}", 1.0),
        ("api_request_duration_seconds_count{method=\"POST\",endpoint=\"/api/orders\"}", 1.0),
        ("api_requests_total{method=\"POST\",endpoint=\"/api/orders\",status=\"201\"}", 1.0),
        (
            "trade_execution_duration_seconds_bucket{exchange=\"local\",symbol=\"BTCUSDT\",side=\"buy\",le=\"+Inf\"}",
            1.0,
        ),
        ("db_query_duration_seconds_bucket{query_type=\"insert\",table=\"orders\",le=\"+Inf\"}", 1.0),
        ("database_query_duration_seconds_count", 5.0),
        ("pending_trades_queue_size", 0.0),
        ("process_memory_usage_bytes{type=\"rss\"}", 1e6),
        ("database_pool_size", 1.0),
        ("active_trading_bots", 0.0),
        ("process_open_files", 5.0),
    ] {
        assert!(sample(&text, head) >= least, "{head}");
    }
    for name in documented() {
        assert!(text.contains(&format!("# TYPE {name} ")), "{name} is promised and not there");
    }
    let documented = documented();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let name = line.split(['{', ' ']).next().unwrap();
        let base =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(documented.contains(name) || documented.contains(base), "{name} is not in docs/metrics.md");
    }
    server.stop(Signal::TERM);
}

#[test]
fn the_last_hour_is_reported_and_the_promises_are_judged() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &[]);
    let token = first_user(&server);
    let bearer = format!("Bearer {token}");
    for _ in 0..20 {
        assert_eq!(get(&server, "/api/tickers", &[]).status, 200);
    }
    let report = get(&server, "/api/monitoring/performance", &[("Authorization", &bearer)]).json();
    assert!(report["requests"]["recent"].as_u64() >= Some(21), "{report}");
    assert_eq!(report["requests"]["error_rate"].as_f64().map(f64::to_bits), Some(0.0_f64.to_bits()));
    let [average, p50, p95, p99] =
        ["average", "p50", "p95", "p99"].map(|key| report["requests"][key].as_f64().unwrap());
    assert!(average > 0.0 && p50 <= p95 && p95 <= p99, "{report}");
    assert!(report["system"]["memory_bytes"].as_u64() > Some(1_000_000));
    let promise = |name: &str| -> &Value {
        report["promises"].as_array().unwrap().iter().find(|p| p["name"] == name).unwrap()
    };
    assert_eq!(promise("api_p95")["target"], 200.0);
    assert_eq!(promise("error_rate")["verdict"], "met");
    assert_ne!(promise("memory")["verdict"], "no_data");
    assert_eq!(promise("users")["verdict"], "no_data", "only a load test can tell");
    let health = get(&server, "/api/monitoring/health", &[]).json();
    assert_eq!(health["checks"][0]["ok"], true, "{health}");
    assert_eq!(get(&server, "/api/monitoring/loadbalancer", &[]).json()["configured"], false);
    let all = get(&server, "/api/monitoring/dashboard", &[]).json();
    for part in ["health", "performance", "cache", "loadbalancer", "stream"] {
        assert!(all[part].is_object(), "{part}");
    }
    server.stop(Signal::TERM);
}

#[test]
fn numbers_are_for_this_machine_and_administrators() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &[]);
    let bearer = format!("Bearer {}", first_user(&server));
    let forwarded = ("X-Forwarded-For", "203.0.113.9");
    for path in [
        "/metrics",
        "/api/monitoring/health",
        "/api/monitoring/performance",
        "/api/monitoring/database",
        "/api/monitoring/dashboard",
    ] {
        assert_eq!(get(&server, path, &[]).status, 200, "{path}");
        assert_eq!(
            get(&server, path, &[forwarded]).status,
            401,
            "{path}: a proxy's client is not this machine"
        );
        assert_eq!(get(&server, path, &[forwarded, ("Authorization", &bearer)]).status, 200, "{path}");
    }
    server.stop(Signal::TERM);
    let file = dir.path().join("closed.toml");
    std::fs::write(&file, "[monitoring]\nloopback = false\n").unwrap();
    let server = start(dir.path(), &["--config", file.to_str().unwrap()]);
    assert_eq!(get(&server, "/metrics", &[]).status, 401);
    let add = json!({ "username": "vera", "password": PASSWORD });
    let login = ask(
        server.api(),
        "POST",
        "/api/auth/login",
        &[],
        &json!({ "username": "root", "password": PASSWORD }).to_string(),
    );
    let bearer = format!("Bearer {}", login.json()["token"].as_str().unwrap());
    assert_eq!(get(&server, "/metrics", &[("Authorization", &bearer)]).status, 200);
    let made = json!({ "username": "vera", "password": PASSWORD, "role": "trader" });
    assert_eq!(
        ask(server.api(), "POST", "/api/users", &[("Authorization", &bearer)], &made.to_string()).status,
        201
    );
    let hers = ask(server.api(), "POST", "/api/auth/login", &[], &add.to_string()).json();
    let hers = format!("Bearer {}", hers["token"].as_str().unwrap());
    assert_eq!(get(&server, "/metrics", &[("Authorization", &hers)]).status, 403);
    server.stop(Signal::TERM);
}

/// An alert that a run left behind, as it would be after a crash while it fired.
fn leave_an_alert(dir: &Path) {
    let url = format!("sqlite:{}", dir.join("platform.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = store::Store::at(&url).await.unwrap();
        let now = store::Ts::now();
        let alert = store::alerts::Alert {
            id: store::AlertId::new(),
            user_id: None,
            scope: String::new(),
            rule: "HighErrorRate".into(),
            severity: store::alerts::Severity::Critical,
            state: store::alerts::AlertState::Firing,
            subject: "service".into(),
            message: "left behind".into(),
            detail: "{}".into(),
            occurrences: 1,
            created_at: now,
            updated_at: now,
            resolved_at: None,
            acknowledged_by: None,
            acknowledged_at: None,
        };
        let raised =
            store.write(move |tx| Box::pin(async move { store::alerts::raise(tx, &alert).await })).await;
        let _: (store::AlertId, bool) = raised.map_err(|e: store::StoreError| e).unwrap();
        store.close().await;
    });
}

#[test]
fn an_alert_that_a_run_left_behind_is_over_in_the_next_one() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &[]);
    first_user(&server);
    assert_eq!(get(&server, "/api/monitoring/alerts", &[]).json(), json!([]));
    assert_eq!(get(&server, "/api/monitoring/alerts", &[("X-Forwarded-For", "203.0.113.9")]).status, 401);
    server.stop(Signal::TERM);
    leave_an_alert(dir.path());
    let server = start(dir.path(), &[]);
    // It clears within the first round of the watchman; every look costs a request, so this ends one way or the other.
    let cleared = (0..5_000).any(|_| get(&server, "/api/monitoring/alerts", &[]).json() == json!([]));
    assert!(cleared, "still open");
    server.stop(Signal::TERM);
}
