//! What operators and programs use: health, the database's report, logs, the audit log, API keys, settings, analytics.

use std::process::Stdio;

use ring::{digest, hmac};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::person::Person;
use crate::program::{Answer, Server, ask, run_in};

/// A program with an API key.
struct Program {
    server: std::net::SocketAddr,
    id: String,
    secret: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

impl Program {
    fn of(server: &Server, made: &Answer) -> Self {
        assert_eq!(made.status, 201, "{}", made.body);
        let text = |name: &str| made.json()[name].as_str().unwrap().to_owned();
        Self { server: server.api(), id: text("id"), secret: text("secret") }
    }

    fn signature(&self, stamp: i64, method: &str, path: &str, body: &str) -> String {
        let body = hex(digest::digest(&digest::SHA256, body.as_bytes()).as_ref());
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        hex(hmac::sign(&key, format!("{stamp}\n{method}\n{path}\n{body}").as_bytes()).as_ref())
    }

    fn send(&self, stamp: i64, signature: &str, method: &str, path: &str, body: &str) -> Answer {
        let stamp = stamp.to_string();
        let headers = [("x-api-key", self.id.as_str()), ("x-timestamp", &stamp), ("x-signature", signature)];
        ask(self.server, method, path, &headers, body)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let stamp = now_ms();
        self.send(stamp, &self.signature(stamp, method, path, body), method, path, body)
    }
}

const ORDER: &str =
    r#"{"symbol":"BTCUSDT","side":"buy","quantity":"0.01","order_type":"limit","price":"2000"}"#;

/// What is signed is what is sent, now, once.
fn only_what_is_signed_is_done_and_once(trading: &Program) {
    let now = now_ms();
    let signed = trading.signature(now, "GET", "/api/me", "");
    assert_eq!(trading.send(now, &signed, "GET", "/api/me", "").status, 200);
    let again = trading.send(now, &signed, "GET", "/api/me", "");
    assert_eq!((again.status, &again.json()["code"]), (401, &json!("repeated")));
    assert_eq!(trading.send(now, &signed, "GET", "/api/orders", "").status, 401, "another path");
    let body = trading.signature(now, "POST", "/api/orders", ORDER);
    assert_eq!(trading.send(now, &body, "POST", "/api/orders", &ORDER.replace("0.01", "9")).status, 401);
    let late = trading.signature(now - 60_000, "GET", "/api/me", "");
    let late = trading.send(now - 60_000, &late, "GET", "/api/me", "");
    assert_eq!((late.status, &late.json()["code"]), (401, &json!("timestamp")));
    assert_eq!(trading.send(now, &"0".repeat(64), "GET", "/api/me", "").status, 401);
    assert_eq!(trading.send(now, "short", "GET", "/api/me", "").status, 401);
}

#[test]
fn programs_sign_their_requests_and_can_do_what_their_keys_say() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let root = Person::first(&server);
    let (alice, bob) = (root.add(&server, "alice", "trader"), root.add(&server, "bob", "viewer"));
    let make = |person: &Person, body: Value| person.post("/api/keys", &body);
    let trading = Program::of(&server, &make(&alice, json!({ "label": "desk", "scopes": ["trade"] })));
    let reading = Program::of(
        &server,
        &make(&alice, json!({ "label": "eye", "scopes": ["read"], "ip_list": ["127.0.0.0/8"] })),
    );
    let elsewhere = Program::of(
        &server,
        &make(&alice, json!({ "label": "far", "scopes": ["read"], "ip_list": ["192.0.2.1"] })),
    );
    let viewers = Program::of(&server, &make(&bob, json!({ "label": "hope", "scopes": ["trade"] })));
    let admins = Program::of(&server, &make(&root, json!({ "label": "all", "scopes": ["read", "trade"] })));

    let placed = trading.ask("POST", "/api/orders", ORDER);
    assert_eq!(placed.status, 201, "{}", placed.body);
    assert_eq!(trading.ask("GET", "/api/orders?live=true&limit=5", "").json().as_array().unwrap().len(), 1);
    assert_eq!(reading.ask("GET", "/api/me", "").json()["username"], "alice");
    for (program, method, path, body, status) in [
        (&reading, "POST", "/api/orders", ORDER, 403),
        (&elsewhere, "GET", "/api/me", "", 401),
        (&viewers, "POST", "/api/orders", ORDER, 403),
        (&viewers, "GET", "/api/orders", "", 200),
        (&admins, "GET", "/api/users", "", 403),
        (&trading, "POST", "/api/keys", r#"{"label":"more","scopes":["trade"]}"#, 403),
        (&trading, "POST", "/api/auth/totp/enrol", "", 403),
    ] {
        assert_eq!(program.ask(method, path, body).status, status, "{method} {path}");
    }

    only_what_is_signed_is_done_and_once(&trading);
    let made = run_in(
        dir.path(),
        &["token", "create", "alice", "--scope", "trade", "--from", "127.0.0.1", "--json"],
    );
    assert_eq!(made.code, 0, "{}", made.err);
    let text = |name: &str| made.json()[name].as_str().unwrap().to_owned();
    let cli = Program { server: server.api(), id: text("id"), secret: text("secret") };
    assert_eq!(cli.ask("GET", "/api/me", "").json()["username"], "alice");
    assert_eq!(run_in(dir.path(), &["token", "create", "nobody"]).code, 1);
    assert_eq!(run_in(dir.path(), &["token", "create", "alice", "--scope", "admin"]).code, 2);
    let unknown = Program { id: "twk_nobody".to_owned(), secret: trading.secret.clone(), ..trading };
    assert_eq!(unknown.ask("GET", "/api/me", "").status, 401);

    let keys = alice.read("/api/keys");
    assert_eq!(keys.as_array().unwrap().len(), 4);
    assert!(!keys.to_string().contains(&reading.secret) && keys[1]["last_used_at"].is_null(), "{keys}");
    let path = format!("/api/keys/{}", reading.id);
    assert_eq!(bob.ask("DELETE", &path, "").status, 404);
    assert_eq!(alice.ask("DELETE", &path, "").status, 204);
    assert_eq!(reading.ask("GET", "/api/me", "").status, 401, "at once");
    for body in [
        json!({ "label": "x", "scopes": ["admin"] }),
        json!({ "label": "x", "scopes": ["read"], "ip_list": ["x"] }),
    ] {
        assert_eq!(make(&alice, body).status, 422);
    }
    server.stop(Signal::TERM);
}

#[test]
fn what_people_do_is_in_the_audit_log_and_the_chain_holds() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let root = Person::first(&server);
    let alice = root.add(&server, "alice", "trader");
    let wrong = json!({ "username": "alice", "password": "not this one, surely" });
    assert_eq!(ask(server.api(), "POST", "/api/auth/login", &[], &wrong.to_string()).status, 401);
    let order = alice.post("/api/orders", &serde_json::from_str(ORDER).unwrap()).json();
    let order = order["id"].as_str().unwrap();
    assert_eq!(alice.ask("DELETE", &format!("/api/orders/{order}"), "").status, 200);
    assert_eq!(alice.post("/api/halt", &json!({ "reason": "test" })).status, 200);
    assert_eq!(alice.post("/api/resume", &json!({})).status, 200);
    assert_eq!(alice.ask("PATCH", "/api/settings", r#"{"theme":"dark","columns":[1,2]}"#).status, 200);

    let all = root.read("/api/audit?limit=1000");
    let all = all.as_array().unwrap();
    let actions: Vec<&str> = all.iter().rev().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "user.create",
            "login",
            "user.create",
            "login",
            "login.failed",
            "order.place",
            "order.cancel",
            "account.halt",
            "account.resume",
            "settings.change"
        ]
    );
    let placed = all.iter().find(|entry| entry["action"] == "order.place").unwrap();
    assert_eq!(
        (&placed["actor"], &placed["object"], &placed["ip"]),
        (&json!("alice"), &json!(order), &json!("127.0.0.1"))
    );
    assert!(placed["request_id"].as_str().unwrap().starts_with("r_"));
    assert!(!json!(all).to_string().contains("not this one"));

    // Pages join without gaps; people see their own, administrators filter.
    let page = |before: &str| root.read(&format!("/api/audit?limit=4{before}"));
    let (first, mut joined) = (page(""), Vec::new());
    joined.extend(first.as_array().unwrap().clone());
    while let Some(last) = joined.last().map(|entry| entry["seq"].clone()) {
        let next = page(&format!("&before={last}"));
        if next == json!([]) {
            break;
        }
        joined.extend(next.as_array().unwrap().clone());
    }
    assert_eq!(&joined, all);
    let own = alice.read("/api/audit");
    assert!(
        own.as_array().unwrap().iter().all(|entry| entry["actor"] == "alice")
            && own[0]["action"] == "settings.change"
    );
    let user = root.read("/api/me")["id"].as_str().unwrap().to_owned();
    assert_eq!(alice.get(&format!("/api/audit?user={user}")).status, 403);
    let logins = root.read("/api/audit?action=login");
    assert_eq!(logins.as_array().unwrap().len(), 2);
    let second = root.read(&format!("/api/audit?action=login&before={}", logins[0]["seq"]));
    assert_eq!(second, json!([logins[1]]));
    assert_eq!(alice.read("/api/settings"), json!({ "columns": [1, 2], "theme": "dark" }));
    assert_eq!(root.read("/api/settings"), json!({}));
    assert_eq!(alice.ask("PATCH", "/api/settings", r#"{"theme":null}"#).json(), json!({ "columns": [1, 2] }));
    assert_eq!(alice.ask("PATCH", "/api/settings", r#"{"Theme":1}"#).status, 422);
    server.stop(Signal::TERM);
}

#[test]
fn a_key_of_another_exchange_is_sealed_and_shown_by_its_tail() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let root = Person::first(&server);
    let (alice, bob) = (root.add(&server, "alice", "trader"), root.add(&server, "bob", "trader"));
    let body =
        json!({ "venue": "binance", "label": "main", "key": "PUBLICPART1234", "secret": "the-secret-part" });
    let added = alice.post("/api/venue-keys", &body);
    assert_eq!((added.status, &added.json()["tail"]), (201, &json!("1234")), "{}", added.body);
    let listed = alice.read("/api/venue-keys").to_string();
    assert!(!listed.contains("PUBLICPART") && !listed.contains("secret-part"), "{listed}");
    assert_eq!(alice.post("/api/venue-keys", &body).status, 409);
    assert_eq!(bob.read("/api/venue-keys"), json!([]));
    let path = format!("/api/venue-keys/{}", added.json()["id"].as_str().unwrap());
    assert_eq!(bob.ask("DELETE", &path, "").status, 404);
    let file = std::fs::read(dir.path().join("platform.db")).unwrap();
    let wal = std::fs::read(dir.path().join("platform.db-wal")).unwrap_or_default();
    for part in ["PUBLICPART1234", "the-secret-part"] {
        let inside = |bytes: &[u8]| bytes.windows(part.len()).any(|window| window == part.as_bytes());
        assert!(!inside(&file) && !inside(&wal), "{part} stands in the database");
    }
    assert_eq!(alice.ask("DELETE", &path, "").status, 204);
    for (key, value) in [("venue", "bank"), ("secret", "short"), ("label", "")] {
        let mut wrong = body.clone();
        wrong[key] = json!(value);
        assert_eq!(alice.post("/api/venue-keys", &wrong).status, 422, "{key}");
    }
    server.stop(Signal::TERM);
}

#[test]
fn health_tells_everybody_a_little_and_those_who_are_logged_in_more() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_logging(dir.path(), &["--no-participants"], "info", Stdio::null());
    let root = Person::first(&server);
    let alice = root.add(&server, "alice", "viewer");
    for path in ["/health", "/api/health", "/api/health/db", "/ready", "/api/status"] {
        let answer = ask(server.api(), "GET", path, &[], "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let head = ask(server.api(), "HEAD", path, &[], "");
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
    }
    assert_eq!(ask(server.api(), "GET", "/ready", &[], "").json(), json!({ "ready": true, "down": [] }));
    let public = ask(server.api(), "GET", "/api/status", &[], "").json();
    assert_eq!(
        (&public["status"], &public["own"], &public["markets"]),
        (&json!("ok"), &Value::Null, &json!(5))
    );
    assert_eq!(ask(server.api(), "GET", "/api/status", &[("Authorization", "Bearer x")], "").status, 401);
    assert_eq!(alice.read("/api/status")["own"]["username"], "alice");
    assert_eq!(ask(server.api(), "GET", "/api/health/detailed", &[], "").status, 401);
    let parts = alice.read("/api/health/detailed");
    let beats = |part: &Value| part["beats"].as_array().is_some_and(|beats| beats.len() <= 60);
    assert!(parts["components"].as_array().unwrap().iter().all(beats), "{parts}");
    let names: Vec<&str> =
        parts["components"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    for name in ["database", "bots", "exchange", "intents", "tables"] {
        assert!(names.contains(&name), "{parts}");
    }
    assert_eq!(alice.get("/api/logs").status, 403);
    let report = root.read("/api/monitoring/database");
    assert_eq!((&report["engine"], &report["counts"]["users"]), (&json!("sqlite"), &json!(2)));
    assert_eq!(report["indexes_missing"], json!([]));
    assert!(report["pools"].as_array().unwrap().iter().any(|pool| pool["pool"] == "writer"));
    let lines = root.read("/api/logs?limit=1000");
    assert!(lines.as_array().unwrap().iter().all(|line| line["level"] != "debug"), "{lines}");
    assert_eq!(root.get("/api/logs?level=loud").status, 400);
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
}

#[test]
fn the_sheet_of_an_account_agrees_with_its_fills() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let root = Person::first(&server);
    let (alice, bob) = (root.add(&server, "alice", "trader"), root.add(&server, "bob", "trader"));
    for (side, quantity) in [("buy", "0.02"), ("sell", "0.01"), ("sell", "0.01")] {
        let order =
            json!({ "symbol": "BTCUSDT", "side": side, "quantity": quantity, "order_type": "market" });
        assert_eq!(alice.post("/api/orders", &order).status, 201);
    }
    let fills = alice.read("/api/trades");
    let fills = fills.as_array().unwrap();
    let number = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
    let pnl: f64 = fills.iter().filter(|fill| !fill["pnl"].is_null()).map(|fill| number(&fill["pnl"])).sum();
    let sheets = alice.read("/api/analytics");
    let sheet = &sheets["sheets"][0];
    assert_eq!((&sheet["currency"], &sheet["fills"]), (&json!("USDT"), &json!(fills.len())));
    assert!((number(&sheet["realised_pnl"]) - pnl).abs() < 1e-6, "{sheet}");
    assert!(number(&sheet["fees"]) > 0.0 && number(&sheet["net_pnl"]) < pnl);
    assert_eq!(sheet["by_symbol"][0]["key"], "BTCUSDT");
    assert_eq!(bob.read("/api/analytics")["sheets"], json!([]));
    assert_eq!(alice.get("/api/analytics?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z").status, 400);
    assert_eq!(alice.read("/api/analytics?to=2020-01-01T00:00:00Z")["sheets"], json!([]));
    assert_eq!(run_in(dir.path(), &["db", "status", "--json"]).code, 0);
    server.stop(Signal::TERM);
}
