//! Limits of accounts: refusals with numbers that leave a reason and send nothing, orders at once, previews, pairs, amendments.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::home::{Home, on_both};
use crate::person::Person;
use crate::program::{Answer, Server, ask};

on_both!(
    a_limit_refuses_with_its_numbers_leaves_a_reason_and_sends_nothing,
    b4_orders_that_come_at_once_do_not_slip_past_a_limit_together,
    of_a_pair_one_cancels_the_other_and_an_order_can_be_made_smaller,
    a_refused_request_that_comes_again_is_told_so_and_never_sent,
);

fn start(dir: &std::path::Path) -> Server {
    Server::start_with(dir, &["--participants-speed", "0"])
}

fn market_order(side: &str, quantity: &str) -> Value {
    json!({ "symbol": "BTCUSDT", "side": side, "quantity": quantity, "order_type": "market" })
}

fn place(person: &Person, order: &Value) -> Value {
    let answer = person.post("/api/orders", order);
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()
}

/// The path of the default account's limits.
fn limits_path(person: &Person) -> String {
    // The first look opens the account.
    person.read("/api/balances");
    format!("/api/accounts/{}/limits", person.read("/api/accounts")[0]["id"].as_str().unwrap())
}

fn set(person: &Person, limits: &Value) -> Answer {
    let body = json!({ "limits": limits }).to_string();
    person.ask("PUT", &limits_path(person), &body)
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

fn a_limit_refuses_with_its_numbers_leaves_a_reason_and_sends_nothing(dir: &Home) {
    let server = start(dir.path());
    let root = Person::first(&server);
    let alice = root.add(&server, "alice", "trader");
    let limits = json!({ "markets": { "BTCUSDT": { "position_max": "0.01" } }, "order_value_max": "5000" });
    let answer = set(&alice, &limits);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!((&answer.json()["limits"], &answer.json()["currency"]), (&limits, &json!("USDT")));
    place(&alice, &market_order("buy", "0.008"));
    let refused = alice.post("/api/orders", &market_order("buy", "0.003"));
    assert_eq!(code(&refused), (422, "position_limit".to_owned()), "{}", refused.body);
    // A fee in BTC makes the position a little smaller than what was bought.
    let numbers = &refused.json()["limit"];
    assert_eq!(
        (&numbers["name"], &numbers["symbol"], &numbers["max"], &numbers["unit"]),
        (&json!("position"), &json!("BTCUSDT"), &json!("0.01"), &json!("BTC"))
    );
    assert!(numbers["after"].as_str().unwrap().starts_with("0.01099"), "{numbers}");
    let rejected = alice.read("/api/orders?status=rejected");
    assert_eq!(rejected.as_array().unwrap().len(), 1, "{rejected}");
    assert!(rejected[0]["reason"].as_str().unwrap().contains("limit is 0.01 BTC"), "{rejected}");
    assert_eq!(rejected[0]["exchange_order_id"], Value::Null, "it was never sent");
    let audit = root.read("/api/audit?action=order.refused");
    assert_eq!((&audit[0]["actor"], audit.as_array().unwrap().len()), (&json!("alice"), 1), "{audit}");
    assert!(audit[0].to_string().contains("position_limit"), "{audit}");

    // The way out is open, and another limit is another code.
    place(&alice, &market_order("sell", "0.005"));
    let dear = alice.post("/api/orders", &market_order("buy", "0.06"));
    assert_eq!(code(&dear), (422, "order_value_limit".to_owned()), "{}", dear.body);
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));

    let server = start(dir.path());
    let alice = Person::login(&server, "alice");
    assert_eq!(alice.read(&limits_path(&alice))["limits"], limits, "limits outlive a restart");
    let refused = alice.post("/api/orders", &market_order("buy", "0.008"));
    assert_eq!(
        code(&refused),
        (422, "position_limit".to_owned()),
        "the position does, too: {}",
        refused.body
    );
    server.stop(Signal::TERM);
}

fn b4_orders_that_come_at_once_do_not_slip_past_a_limit_together(dir: &Home) {
    let server = start(dir.path());
    let alice = Person::first(&server).add(&server, "alice", "trader");
    set(&alice, &json!({ "markets": { "BTCUSDT": { "position_max": "0.02" } } }));
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let order = market_order("buy", "0.005");
        let all: Vec<_> = (0..16)
            .map(|_| {
                let (alice, order) = (alice.clone(), order.clone());
                scope.spawn(move || alice.post("/api/orders", &order))
            })
            .collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let filled = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(filled, 4, "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
    assert!(
        answers.iter().filter(|a| a.status != 201).all(|a| code(a) == (422, "position_limit".to_owned()))
    );
    let position = alice.read("/api/positions");
    assert_eq!(position[0]["quantity"], "0.02", "{position}");
    server.stop(Signal::TERM);
}

#[test]
fn orders_in_a_minute_and_nonsense_limits_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    let root = Person::first(&server);
    let (alice, vera) = (root.add(&server, "alice", "trader"), root.add(&server, "vera", "viewer"));
    for (limits, wanted) in [
        (json!({ "order_value_max": "0" }), "above zero"),
        (json!({ "order_value_max": "-1" }), "above zero"),
        (json!({ "drawdown_max_bips": 20_000 }), "at most 10000"),
        (json!({ "markets": { "NOPE": { "position_max": "1" } } }), "no market"),
        (json!({ "markets": { "BTCUSDT": { "position_max": "0.0000000001" } } }), "position_max"),
    ] {
        let answer = set(&alice, &limits);
        assert_eq!(code(&answer), (422, "limit".to_owned()), "{limits}: {}", answer.body);
        assert!(answer.body.contains(wanted), "{limits}: {}", answer.body);
    }
    assert_eq!(set(&alice, &json!({ "order_value": "5" })).status, 400, "a misspelt limit is no limit");
    assert_eq!(alice.read(&limits_path(&alice))["limits"], json!({}));
    let path = limits_path(&alice);
    assert_eq!(root.get(&path).status, 404, "somebody else's account is not there");
    assert_eq!(vera.ask("PUT", &path, r#"{"limits":{}}"#).status, 403);

    assert_eq!(set(&alice, &json!({ "orders_per_minute": 2 })).status, 200);
    let limit = json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.01", "order_type": "limit", "price": "20000" });
    let orders = [place(&alice, &limit), place(&alice, &limit)];
    let third = alice.post("/api/orders", &limit);
    assert_eq!(code(&third), (422, "order_rate_limit".to_owned()), "{}", third.body);
    for order in orders {
        let path = format!("/api/orders/{}", order["id"].as_str().unwrap());
        assert_eq!(alice.ask("DELETE", &path, "").status, 200, "cancelling is no order");
    }
    server.stop(Signal::TERM);
}

#[test]
fn a_preview_tells_cost_fee_and_limits_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    let alice = Person::first(&server).add(&server, "alice", "trader");
    set(&alice, &json!({ "exposure_max": "1000" }));
    let preview = |order: &Value| {
        let answer = alice.post("/api/orders/preview", order);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    };
    let seen = preview(&market_order("buy", "0.001"));
    assert_eq!(
        (&seen["accepted"], &seen["fills_at_once"], &seen["gets"]["amount"]),
        (&json!(true), &json!("0.001"), &json!("0.001")),
        "{seen}"
    );
    let number = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
    let placed = place(&alice, &market_order("buy", "0.001"));
    assert!(
        (number(&seen["pays"]["amount"]) - number(&placed["filled_quote"])).abs() < 1e-9,
        "{seen} {placed}"
    );
    assert_eq!(seen["price"], placed["average_price"], "{seen} {placed}");
    let fee = &alice.read("/api/trades")[0]["fee"];
    assert_eq!(&seen["fee"], fee, "{seen}");

    let dear = preview(&market_order("buy", "0.05"));
    assert_eq!(
        (&dear["accepted"], &dear["refusal"]["code"]),
        (&json!(false), &json!("exposure_limit")),
        "{dear}"
    );
    let exposure = dear["limits"].as_array().unwrap().iter().find(|one| one["name"] == "exposure").unwrap();
    assert!(number(&exposure["used"]) > 0.0 && number(&exposure["after"]) > 1000.0, "{exposure}");
    assert_eq!(exposure["max"], "1000");
    assert_eq!(dear["refusal"]["limit"], *exposure);
    assert_eq!(alice.read("/api/orders").as_array().unwrap().len(), 1, "nothing was recorded");
    let rest = preview(
        &json!({ "symbol": "BTCUSDT", "side": "sell", "quantity": "0.001", "order_type": "limit", "price": "900000" }),
    );
    assert_eq!(
        (&rest["fills_at_once"], &rest["gets"]["amount"], &rest["pays"]["asset"]),
        (&json!("0"), &json!("900"), &json!("BTC")),
        "{rest}"
    );
    server.stop(Signal::TERM);
}

fn of_a_pair_one_cancels_the_other_and_an_order_can_be_made_smaller(dir: &Home) {
    let server = start(dir.path());
    let alice = Person::first(&server).add(&server, "alice", "trader");
    let last = alice.read("/api/tickers?symbols=BTCUSDT")[0]["last"].as_str().unwrap().to_owned();
    let last: f64 = last.parse().unwrap();
    let at = |factor: f64| format!("{:.0}", last * factor);
    let pair = json!({ "symbol": "BTCUSDT", "side": "sell", "quantity": "0.01", "order_type": "oco",
        "price": at(1.05), "stop_price": at(0.95) });
    let keyed = |body: &Value| {
        let bearer = format!("Bearer {}", alice.token);
        ask(
            alice.addr,
            "POST",
            "/api/orders",
            &[("Authorization", &bearer), ("Idempotency-Key", "pair")],
            &body.to_string(),
        )
    };
    let placed = keyed(&pair);
    assert_eq!(placed.status, 201, "{}", placed.body);
    let placed = placed.json();
    let legs = placed["legs"].as_array().unwrap();
    assert_eq!(
        (legs.len(), &legs[0]["order_type"], &legs[1]["order_type"]),
        (2, &json!("limit_maker"), &json!("stop_loss")),
        "{placed}"
    );
    assert!(legs[0]["list_id"].is_string() && legs[0]["list_id"] == legs[1]["list_id"], "{placed}");
    let again = keyed(&pair);
    assert_eq!(
        (again.status, again.json()["legs"][1]["id"].clone()),
        (200, legs[1]["id"].clone()),
        "{}",
        again.body
    );
    let live = alice.read("/api/orders?live=true");
    assert_eq!(live.as_array().unwrap().len(), 2, "{live}");
    let locked = |alice: &Person| {
        let all = alice.read("/api/balances");
        all.as_array().unwrap().iter().find(|b| b["asset"] == "BTC").unwrap()["locked"].clone()
    };
    assert_eq!(locked(&alice), "0.01", "one of them can trade");
    let path = format!("/api/orders/{}", legs[0]["id"].as_str().unwrap());
    assert_eq!(alice.ask("DELETE", &path, "").status, 200);
    assert_eq!(alice.read("/api/orders?live=true"), json!([]), "the other one went with it");
    let wrong = json!({ "symbol": "BTCUSDT", "side": "sell", "quantity": "0.01", "order_type": "oco",
        "price": at(0.95), "stop_price": at(1.05) });
    let answer = alice.post("/api/orders", &wrong);
    assert_eq!(answer.status, 422, "{}", answer.body);

    let order = place(
        &alice,
        &json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.02", "order_type": "limit", "price": at(0.9) }),
    );
    let path = format!("/api/orders/{}", order["id"].as_str().unwrap());
    let smaller = alice.ask("PATCH", &path, r#"{"quantity":"0.01"}"#);
    assert_eq!(
        (smaller.status, smaller.json()["quantity"].clone()),
        (200, json!("0.01")),
        "{}",
        smaller.body
    );
    let larger = alice.ask("PATCH", &path, r#"{"quantity":"0.03"}"#);
    assert_eq!(larger.status, 422, "an order grows only as a new one: {}", larger.body);
    assert_eq!(alice.read(&path)["quantity"], "0.01");
    server.stop(Signal::TERM);
}

fn a_refused_request_that_comes_again_is_told_so_and_never_sent(dir: &Home) {
    let server = start(dir.path());
    let alice = Person::first(&server).add(&server, "alice", "trader");
    set(&alice, &json!({ "order_value_max": "10" }));
    let keyed = || {
        let bearer = format!("Bearer {}", alice.token);
        let body = market_order("buy", "0.01").to_string();
        ask(alice.addr, "POST", "/api/orders", &[("Authorization", &bearer), ("Idempotency-Key", "k")], &body)
    };
    assert_eq!(code(&keyed()), (422, "order_value_limit".to_owned()));
    assert_eq!(set(&alice, &json!({})).status, 200, "without a second factor a login may raise a limit");
    assert_eq!(code(&keyed()), (422, "refused_before".to_owned()), "the key was used up");
    assert_eq!(alice.read("/api/trades"), json!([]));
    assert_eq!(alice.read("/api/orders").as_array().unwrap().len(), 1);
    place(&alice, &market_order("buy", "0.01"));
    server.stop(Signal::TERM);
}
