//! Bots of people, through the API: made, started, asked why, valued, stopped; each belongs to its owner alone.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::home::{Home, on_both};
use crate::person::Person;
use crate::program::{Server, ask, run_in};

on_both!(a_bot_trades_for_its_owner_and_for_nobody_else,);

fn new_bot(name: &str) -> Value {
    json!({
        "name": name, "strategy": "ema-cross", "markets": [{ "symbol": "BTCUSDT", "interval": "1s" }],
        "params": { "fast": 1, "slow": "2", "qty": 0.01 }, "funds": { "usdt": "10000" },
        "limits": { "order_quantity_max": "1" },
    })
}

/// All of the requests about one bot that somebody may send.
fn requests(id: &str) -> Vec<(&'static str, String, &'static str)> {
    let path = |rest: &str| format!("/api/bots/{id}{rest}");
    vec![
        ("GET", path(""), ""),
        ("GET", path("/decisions"), ""),
        ("GET", path("/equity"), ""),
        ("PATCH", path(""), r#"{"name":"mine now"}"#),
        ("POST", path("/start"), "{}"),
        ("POST", path("/pause"), "{}"),
        ("POST", path("/stop"), "{}"),
        ("POST", path("/exit"), "{}"),
        ("POST", path("/signals"), "buy"),
        ("DELETE", path(""), ""),
    ]
}

fn its_limits_are_its_owners_to_change(root: &Person, alice: &Person, bob: &Person, account: &str) {
    let path = format!("/api/accounts/{account}/limits");
    let limits = alice.read(&path);
    let wanted = json!({ "markets": { "BTCUSDT": { "order_quantity_max": "1" } } });
    assert_eq!((&limits["limits"], &limits["currency"]), (&wanted, &json!("USDT")), "{limits}");
    let put = |limits: &Value| alice.ask("PUT", &path, &json!({ "limits": limits }).to_string());
    let other = put(&json!({ "markets": { "ETHUSDT": { "position_max": "1" } } }));
    assert_eq!((other.status, &other.json()["code"]), (422, &json!("limit")), "{}", other.body);
    let wrong = put(&json!({ "daily_loss_max": "0.0000000000001" }));
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert_eq!(alice.read(&path)["limits"], wanted, "what is refused changes nothing");
    let tighter = json!({ "orders_per_minute": 600, "price_band_bips": 500, "drawdown_max_bips": 9_000,
        "markets": { "BTCUSDT": { "order_quantity_max": "0.5", "position_max": "2" } } });
    let set = put(&tighter);
    assert_eq!((set.status, &set.json()["limits"]), (200, &tighter), "{}", set.body);
    assert_eq!(alice.read(&path)["limits"], tighter);
    // Without a second factor a login may raise them; who, what and that it was a raise stands in the log.
    assert_eq!(put(&wanted).status, 200);
    let notes = root.read("/api/audit?action=bot.limits");
    let notes: Vec<String> = notes.as_array().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(notes.len(), 2, "{notes:?}");
    let raises =
        |note: &String, raises: bool| note.replace(['\\', ' '], "").contains(&format!("\"raises\":{raises}"));
    assert!(raises(&notes[0], true) && raises(&notes[1], false) && notes[0].contains("alice"), "{notes:?}");
    assert_eq!((bob.get(&path).status, bob.ask("PUT", &path, r#"{"limits":{}}"#).status), (404, 404));
}

fn a_bot_trades_for_its_owner_and_for_nobody_else(dir: &Home) {
    let fast = ["--participants-speed", "10"];
    let server = Server::start_with(dir.path(), &fast);
    let root = Person::first(&server);
    let (alice, bob) = (root.add(&server, "alice", "trader"), root.add(&server, "bob", "trader"));
    let made = alice.post("/api/bots", &new_bot("Schildkröte 1"));
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&made["status"], &made["halt"], &made["name"]),
        (&json!("paused"), &json!("off"), &json!("Schildkröte 1"))
    );
    assert_eq!(made["params"]["fast"], "1");
    its_limits_are_its_owners_to_change(&root, &alice, &bob, made["account"].as_str().unwrap());
    assert_eq!(made["funds"], json!([{ "asset": "USDT", "amount": "10000" }]));

    let path = format!("/api/bots/{id}");
    let started = alice.post(&format!("{path}/start"), &json!({}));
    assert_eq!((started.status, &started.json()["status"]), (200, &json!("running")));
    let account = made["account"].as_str().unwrap();
    let fills =
        alice.until(&format!("/api/trades?account={account}"), |fills| !fills.as_array().unwrap().is_empty());
    assert_eq!((&fills[0]["bot"], &fills[0]["symbol"]), (&json!(id), &json!("BTCUSDT")));
    let orders = alice.read(&format!("/api/orders?account={account}"));
    assert!(orders.as_array().unwrap().iter().all(|order| order["bot"] == json!(id)));
    let decisions = alice.read(&format!("{path}/decisions?limit=50"));
    let crossed = decisions.as_array().unwrap().iter().any(|d| d["reason"] == "fast_crossed_above");
    assert!(crossed, "{decisions}");
    let curve = alice.until(&format!("{path}/equity"), |curve| curve.as_array().unwrap().len() >= 2);
    let worth: f64 = curve[0]["equity"].as_str().unwrap().parse().unwrap();
    assert!((9_000.0..11_000.0).contains(&worth), "{curve}");
    assert_eq!(alice.read("/api/status")["own"]["running_bots"], 1);

    // Nobody else sees it, changes it, or trades on its account; not even its owner does the last.
    for person in [&bob, &root] {
        assert_eq!(person.read("/api/bots"), json!([]));
        for (method, path, body) in requests(&id) {
            assert_eq!(person.ask(method, &path, body).status, 404, "{method} {path}");
        }
        assert_eq!(person.read(&format!("/api/trades?account={account}")), json!([]));
    }
    let order = json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.01", "order_type": "market", "account": account });
    assert_eq!(bob.post("/api/orders", &order).status, 404);
    let refused = alice.post("/api/orders", &order);
    assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("bots_account")));
    assert_eq!(alice.read(&path)["status"], "running");
    assert_eq!(alice.ask("DELETE", &path, "").status, 409, "it runs");

    // The operator sees it under a name of its own, and what is done there is noted here.
    let name =
        run_in(dir.path(), &["bot", "list", "--json"]).json()["bots"][0]["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("Schildkrte1."), "{name}");
    assert_eq!(run_in(dir.path(), &["bot", "pause", &name]).code, 0);
    alice.until(&path, |bot| bot["status"] == "paused" && bot["stopped_at"] != Value::Null);
    assert_eq!(alice.post(&format!("{path}/start"), &json!({})).status, 200);
    assert_eq!(server.stop(Signal::KILL).code(), None);

    let server = Server::start_with(dir.path(), &fast);
    let alice = Person::login(&server, "alice");
    assert_eq!(alice.read(&path)["status"], "running");
    a_halt_stops_it_and_it_leaves(&alice, &path, account);
    server.stop(Signal::TERM);
}

/// The end of a bot: halted, released, exited, removed.
fn a_halt_stops_it_and_it_leaves(alice: &Person, path: &str, account: &str) {
    let halted = alice.post("/api/halt", &json!({ "reason": "lunch" })).json();
    assert!(halted.as_array().unwrap().iter().all(|account| account["halt_reason"] == "lunch"), "{halted}");
    assert_eq!(alice.read(path)["halt"], "full");
    let start = alice.post(&format!("{path}/start"), &json!({}));
    assert_eq!((start.status, &start.json()["code"]), (422, &json!("trading_halted")));
    assert_eq!(alice.post("/api/resume", &json!({})).status, 200);
    assert_eq!(alice.post(&format!("{path}/start"), &json!({})).json()["halt"], "off");
    assert_eq!(alice.post(&format!("{path}/exit"), &json!({})).json()["status"], "stopped");
    assert_eq!(alice.ask("DELETE", path, "").status, 204);
    assert_eq!(alice.get(path).status, 404);
    assert!(
        !alice.read(&format!("/api/trades?account={account}")).as_array().unwrap().is_empty(),
        "its fills stay"
    );
}

#[test]
fn what_is_no_bot_is_refused_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let root = Person::first(&server);
    let (alice, viewer) = (root.add(&server, "alice", "trader"), root.add(&server, "victor", "viewer"));
    let strategies = alice.read("/api/strategies");
    let cross = strategies.as_array().unwrap().iter().find(|s| s["name"] == "ema-cross").unwrap();
    assert!(cross["params"].as_array().unwrap().iter().any(|p| p["name"] == "fast" && p["min"].is_string()));
    let with = |key: &str, value: Value| {
        let mut body = new_bot("one");
        body[key] = value;
        body
    };
    for (body, status, code) in [
        (with("strategy", json!("luck")), 422, "unknown_strategy"),
        (with("params", json!({ "speed": 3 })), 422, "bad_param"),
        (with("params", json!({ "fast": "quick" })), 422, "bad_param"),
        (with("params", json!({ "fast": null })), 400, "invalid_request"),
        (with("markets", json!([])), 422, "bad_market"),
        (with("markets", json!([{ "symbol": "DOGEUSDT", "interval": "1m" }])), 404, "not_found"),
        (with("markets", json!([{ "symbol": "BTCUSDT", "interval": "7m" }])), 422, "bad_interval"),
        (with("funds", json!({})), 422, "bad_funds"),
        (with("funds", json!({ "DOGE": 1 })), 422, "bad_funds"),
        (with("funds", json!({ "USDT": "much" })), 400, "invalid_request"),
        (with("name", json!("")), 422, "name"),
        (with("speed", json!(1)), 400, "invalid_request"),
    ] {
        let answer = alice.post("/api/bots", &body);
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{body}: {}",
            answer.body
        );
    }
    assert_eq!(viewer.post("/api/bots", &new_bot("one")).status, 403);
    assert_eq!(ask(server.api(), "GET", "/api/bots", &[], "").status, 401);
    assert_eq!(alice.read("/api/bots"), json!([]));
    assert_eq!(alice.read("/api/accounts"), json!([]));
    assert_eq!(run_in(dir.path(), &["bot", "list", "--json"]).json()["bots"], json!([]));

    // The same key is the same bot; the same name is not.
    let bearer = format!("Bearer {}", alice.token);
    let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", "k1")];
    let body = new_bot("one").to_string();
    let first = ask(server.api(), "POST", "/api/bots", &headers, &body);
    let second = ask(server.api(), "POST", "/api/bots", &headers, &body);
    assert_eq!((first.status, second.status), (201, 200), "{}", first.body);
    assert_eq!(first.json()["id"], second.json()["id"]);
    let taken = alice.post("/api/bots", &new_bot("one"));
    assert_eq!((taken.status, &taken.json()["code"]), (409, &json!("name_taken")));
    let path = format!("/api/bots/{}", first.json()["id"].as_str().unwrap());
    let renamed = alice.ask("PATCH", &path, r#"{"name":"zwei"}"#);
    assert_eq!((renamed.status, &renamed.json()["name"]), (200, &json!("zwei")));
    let stale = alice.ask("PATCH", &path, r#"{"name":"drei","revision":1}"#);
    assert_eq!((stale.status, &stale.json()["code"]), (409, &json!("stale")));
    assert_eq!(alice.ask("PATCH", &path, r#"{"name":"drei","strategy":"x"}"#).status, 400);
    assert_eq!(alice.ask("POST", &format!("{path}/signals"), "buy 1").status, 202);
    assert_eq!(alice.get(&format!("{path}/equity?limit=1")).status, 400);
    assert_eq!(alice.get("/api/bots?status=asleep").status, 400);
    assert_eq!(alice.read("/api/bots?status=running"), json!([]));
    assert_eq!(alice.read("/api/bots?status=paused").as_array().unwrap().len(), 1);
    server.stop(Signal::TERM);
}
