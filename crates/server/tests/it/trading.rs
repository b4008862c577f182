//! Trading through the platform: orders, fills, positions, balances, the kill switch; and what a restart leaves.

use std::net::SocketAddr;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::home::{Home, on_both};
use crate::program::{Answer, Server, ask, run_in};

on_both!(
    a_market_order_fills_and_shows_in_every_table_at_once,
    a_limit_order_rests_reserves_money_survives_a_restart_and_is_cancelled,
    the_same_key_is_one_order_and_another_body_is_refused,
    refusals_say_why_and_change_nothing,
    the_kill_switch_cancels_blocks_every_way_in_and_is_released_explicitly,
    people_see_their_own_things_only,
);

const PASSWORD: &str = "correct horse battery";

/// A desk of one trader on a market that stands still but can be traded.
struct Trader {
    api: SocketAddr,
    bearer: String,
}

impl Trader {
    fn first(server: &Server) -> Self {
        let code = server.ready["api"]["setup_code"].as_str().unwrap();
        let body = json!({ "code": code, "username": "root", "password": PASSWORD }).to_string();
        Self::of(server, &ask(server.api(), "POST", "/api/setup", &[], &body))
    }

    fn login(server: &Server, name: &str) -> Self {
        let body = json!({ "username": name, "password": PASSWORD }).to_string();
        Self::of(server, &ask(server.api(), "POST", "/auth/login", &[], &body))
    }

    fn of(server: &Server, answer: &Answer) -> Self {
        let token = answer.json()["token"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned();
        Self { api: server.api(), bearer: format!("Bearer {token}") }
    }

    fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("Authorization", self.bearer.as_str())];
        all.extend_from_slice(headers);
        ask(self.api, method, path, &all, body)
    }

    fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, &[], "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    fn order(&self, body: &Value) -> Answer {
        self.call("POST", "/api/orders", &[], &body.to_string())
    }
}

fn start(dir: &Path) -> Server {
    Server::start_with(dir, &["--participants-speed", "0"])
}

fn market_buy() -> Value {
    serde_json::from_str(r#"{"symbol":"BTCUSDT","side":"buy","quantity":0.001,"order_type":"market"}"#)
        .unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_str().unwrap_or_else(|| panic!("no decimal: {value}")).parse().unwrap()
}

fn a_market_order_fills_and_shows_in_every_table_at_once(dir: &Home) {
    let server = start(dir.path());
    let trader = Trader::first(&server);
    let placed = trader.order(&market_buy());
    assert_eq!(placed.status, 201, "{}", placed.body);
    let order = placed.json();
    assert_eq!(
        (order["status"].as_str(), order["filled_quantity"].as_str()),
        (Some("filled"), Some("0.001"))
    );

    let id = order["id"].as_str().unwrap();
    assert_eq!(trader.get(&format!("/api/orders/{id}"))["status"], "filled", "one's own write is read");
    let trades = trader.get("/api/trades");
    let quantity: f64 = trades.as_array().unwrap().iter().map(|t| number(&t["quantity"])).sum();
    assert!((quantity - 0.001).abs() < 1e-12);
    assert_eq!((trades[0]["order_id"].as_str(), trades[0]["fee_currency"].as_str()), (Some(id), Some("BTC")));
    assert_eq!(trades[0]["pnl"], Value::Null, "it only opened");

    let position = &trader.get("/api/positions")[0];
    assert_eq!(
        (position["symbol"].as_str(), position["quantity"].as_str()),
        (Some("BTCUSDT"), Some("0.001"))
    );
    assert!((number(&position["entry_price"]) - number(&order["average_price"])).abs() < 1e-6);
    let sold = trader
        .order(&json!({ "symbol": "BTCUSDT", "side": "sell", "quantity": "0.001", "order_type": "market" }));
    assert_eq!(sold.status, 201, "{}", sold.body);
    assert_eq!(trader.get("/api/positions"), json!([]), "closed");
    let closing = &trader.get("/api/trades?side=sell")[0];
    let earned = (number(&closing["price"]) - number(&order["average_price"])) * 0.001;
    assert!((number(&closing["pnl"]) - earned).abs() < 1e-6, "{closing} {earned}");
    server.stop(Signal::TERM);
}

fn a_limit_order_rests_reserves_money_survives_a_restart_and_is_cancelled(dir: &Home) {
    let server = start(dir.path());
    let trader = Trader::first(&server);
    let limit = json!({ "symbol": "BTCUSDT", "side": "buy", "order_type": "limit", "quantity": "0.01", "price": "90000" });
    let order = trader.order(&limit).json();
    assert_eq!((order["status"].as_str(), order["live"].as_bool()), (Some("new"), Some(true)), "{order}");
    let usdt = |trader: &Trader| {
        let all = trader.get("/api/balances");
        all.as_array().unwrap().iter().find(|b| b["asset"] == "USDT").unwrap().clone()
    };
    assert_eq!(usdt(&trader)["locked"], "900");
    assert_eq!(trader.get("/api/orders?live=true").as_array().unwrap().len(), 1);
    let wrong = trader
        .order(&json!({ "symbol": "BTCUSDT", "side": "buy", "order_type": "limit", "quantity": "0.01" }));
    assert_eq!((wrong.status, wrong.json()["code"].as_str()), (422, Some("price")));
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));

    let server = start(dir.path());
    let trader = Trader::login(&server, "root");
    assert_eq!(trader.get("/api/orders?live=true")[0]["id"], order["id"]);
    let path = format!("/api/orders/{}", order["id"].as_str().unwrap());
    let canceled = trader.call("DELETE", &path, &[], "");
    assert_eq!((canceled.status, canceled.json()["status"].as_str()), (200, Some("canceled")));
    assert_eq!(trader.call("DELETE", &path, &[], "").status, 409);
    assert_eq!(usdt(&trader)["locked"], "0");
    server.stop(Signal::TERM);
    assert_eq!(run_in(dir.path(), &["exchange", "verify"]).code, 0);
}

fn the_same_key_is_one_order_and_another_body_is_refused(dir: &Home) {
    let server = start(dir.path());
    let trader = Trader::first(&server);
    let send =
        |body: &Value| trader.call("POST", "/api/orders", &[("Idempotency-Key", "abc")], &body.to_string());
    let first = send(&market_buy());
    let second = send(&market_buy());
    assert_eq!((first.status, second.status), (201, 200), "{} {}", first.body, second.body);
    assert_eq!(first.json()["id"], second.json()["id"]);
    let mut other = market_buy();
    other["quantity"] = json!("0.002");
    assert_eq!(
        (send(&other).status, send(&other).json()["code"].as_str()),
        (409, Some("idempotency_key_reused"))
    );
    assert_eq!(trader.get("/api/orders").as_array().unwrap().len(), 1);

    // What a quote amount bought says nothing about what was asked for: the amount itself is compared, however it is spelled.
    let spend = |key: &str, amount: Value| {
        let body =
            json!({ "symbol": "BTCUSDT", "side": "buy", "order_type": "market", "quote_quantity": amount });
        trader.call("POST", "/api/orders", &[("Idempotency-Key", key)], &body.to_string())
    };
    assert_eq!(spend("quote", json!("50")).status, 201);
    assert_eq!(spend("quote", json!(50.0)).status, 200);
    let more = spend("quote", json!("60"));
    assert_eq!((more.status, more.json()["code"].as_str()), (409, Some("idempotency_key_reused")));

    // At once: one of them places it, the others find it.
    let ids: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..8).map(|_| scope.spawn(|| spend("at once", json!("50")))).collect();
        sent.into_iter()
            .map(|one| one.join().unwrap())
            .map(|one| (one.status, one.json()["id"].clone()))
            .collect()
    });
    assert_eq!(ids.iter().filter(|(status, _)| *status == 201).count(), 1, "{ids:?}");
    assert!(ids.iter().all(|(status, id)| [200, 201].contains(status) && *id == ids[0].1), "{ids:?}");
    assert_eq!(trader.get("/api/orders").as_array().unwrap().len(), 3);
    server.stop(Signal::TERM);
}

/// Orders that cannot be, with the status and the code that say so.
fn wrong_orders() -> Vec<(Value, u16, &'static str)> {
    vec![
        (
            json!({ "symbol": "NOPE", "side": "buy", "order_type": "market", "quantity": "1" }),
            404,
            "not_found",
        ),
        (
            json!({ "symbol": "BTCUSDT", "side": "hold", "order_type": "market", "quantity": "1" }),
            422,
            "side",
        ),
        (
            json!({ "symbol": "BTCUSDT", "side": "buy", "order_type": "dark", "quantity": "1" }),
            422,
            "order_type",
        ),
        (
            json!({ "symbol": "BTCUSDT", "side": "buy", "order_type": "market", "quantity": "0" }),
            422,
            "quantity",
        ),
        (
            json!({ "symbol": "BTCUSDT", "side": "buy", "order_type": "market", "quantity": "-1" }),
            422,
            "quantity",
        ),
        (
            json!({ "symbol": "BTCUSDT", "side": "buy", "order_type": "market", "quantity": "0.0000000001" }),
            422,
            "quantity",
        ),
        (
            json!({ "symbol": "BTCUSDT", "side": "buy", "order_type": "market", "quantity": "1e30" }),
            422,
            "quantity",
        ),
        (
            json!({ "symbol": "BTCUSDT", "side": "buy", "order_type": "market", "quantity": "NaN" }),
            400,
            "invalid_request",
        ),
        (
            json!({ "symbol": "BTCUSDT", "side": "buy", "order_type": "market", "quantity": "0.001", "x": 1 }),
            400,
            "invalid_request",
        ),
        (
            json!({ "symbol": "BTCUSDT", "side": "buy", "order_type": "limit", "quantity": "0.000001", "price": "90000" }),
            422,
            "lot_size",
        ),
        (
            json!({ "symbol": "BTCUSDT", "side": "sell", "order_type": "limit", "quantity": "5000", "price": "100000" }),
            422,
            "insufficient_balance",
        ),
    ]
}

fn refusals_say_why_and_change_nothing(dir: &Home) {
    let server = start(dir.path());
    let trader = Trader::first(&server);
    for (body, status, code) in wrong_orders() {
        let answer = trader.order(&body);
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (status, Some(code)),
            "{body}: {}",
            answer.body
        );
    }
    assert_eq!(trader.get("/api/trades"), json!([]));
    let rejected = trader.get("/api/orders?status=rejected");
    assert!(rejected[0]["reason"].as_str().unwrap().contains("needs 5000 BTC, 10 BTC is free"), "{rejected}");
    server.stop(Signal::TERM);
}

fn the_kill_switch_cancels_blocks_every_way_in_and_is_released_explicitly(dir: &Home) {
    let server = start(dir.path());
    let trader = Trader::first(&server);
    trader.order(&json!({ "symbol": "BTCUSDT", "side": "buy", "order_type": "limit", "quantity": "0.01", "price": "90000" }));
    let halted = trader.call("POST", "/api/halt", &[], r#"{"reason":"drill"}"#);
    assert_eq!((halted.status, halted.json()[0]["halt_reason"].as_str()), (200, Some("drill")));
    assert_eq!(trader.get("/api/orders?live=true"), json!([]));
    let refused = trader.order(&market_buy());
    assert_eq!((refused.status, refused.json()["code"].as_str()), (422, Some("trading_halted")));
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
    let server = start(dir.path());
    let trader = Trader::login(&server, "root");
    assert_eq!(trader.order(&market_buy()).status, 422, "a restart does not release it");
    assert_eq!(trader.call("POST", "/api/resume", &[], "{}").status, 200);
    assert_eq!(trader.order(&market_buy()).status, 201);
    server.stop(Signal::TERM);
}

fn people_see_their_own_things_only(dir: &Home) {
    let server = start(dir.path());
    let root = Trader::first(&server);
    let add = json!({ "username": "tara", "password": PASSWORD, "role": "trader" }).to_string();
    assert_eq!(root.call("POST", "/api/users", &[], &add).status, 201);
    let view = json!({ "username": "vera", "password": PASSWORD, "role": "viewer" }).to_string();
    assert_eq!(root.call("POST", "/api/users", &[], &view).status, 201);
    let (tara, vera) = (Trader::login(&server, "tara"), Trader::login(&server, "vera"));
    let order = root.order(&market_buy()).json();
    let account = root.get("/api/accounts")[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(tara.call("GET", &path, &[], "").status, 404);
    assert_eq!(tara.call("DELETE", &path, &[], "").status, 404);
    assert_eq!(tara.get("/api/orders"), json!([]));
    assert_eq!(tara.get(&format!("/api/trades?account={account}")), json!([]));
    assert_eq!(tara.call("GET", &format!("/api/balances?account={account}"), &[], "").status, 404);
    let mut stolen = market_buy();
    stolen["account"] = json!(account);
    assert_eq!(tara.order(&stolen).status, 404);
    assert_eq!(vera.order(&market_buy()).status, 403, "a viewer looks");
    assert_eq!(ask(server.api(), "GET", "/api/orders", &[], "").status, 401);
    server.stop(Signal::TERM);
}
