//! `tradewind order`, `tradewind position`: by hand at the machine, through the same limits as over the API.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::person::Person;
use crate::program::{Done, Server, run_in};

fn run(dir: &std::path::Path, line: &str) -> Done {
    let words: Vec<&str> = line.split_whitespace().collect();
    run_in(dir, &words)
}

fn done(dir: &std::path::Path, line: &str) -> Value {
    let done = run(dir, &format!("{line} --json"));
    assert_eq!(done.code, 0, "{line}: {} {}", done.out, done.err);
    let json = done.json();
    assert_eq!(json["v"], 1, "{line}");
    json
}

#[test]
fn orders_are_placed_listed_cancelled_and_positions_closed() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let root = Person::first(&server);
    let dir = dir.path();
    let bought = done(dir, "order place BTCUSDT buy 0.01 --idempotency-key a");
    assert_eq!(
        (&bought["order"]["status"], &bought["order"]["order_type"]),
        (&json!("filled"), &json!("market"))
    );
    let again = done(dir, "order place BTCUSDT buy 0.01 --idempotency-key a");
    assert_eq!(again["order"]["id"], bought["order"]["id"], "the same key is one order");
    let table = run(dir, "position list");
    assert!(table.out.contains("BTCUSDT") && table.out.contains("0.01"), "{}", table.out);

    let resting = done(dir, "order place BTCUSDT buy 0.01 --price 20000");
    let live = done(dir, "order list --live");
    assert_eq!(live["orders"].as_array().unwrap().len(), 1, "{live}");
    let id = resting["order"]["id"].as_str().unwrap();
    assert_eq!(done(dir, &format!("order cancel {id}"))["order"]["status"], "canceled");
    let gone = run(dir, &format!("order cancel {id}"));
    assert_eq!(gone.code, 5, "{}", gone.err);

    let preview = done(dir, "order place BTCUSDT sell 0.01 --dry-run");
    assert_eq!(preview["preview"]["accepted"], true, "{preview}");
    assert_eq!(done(dir, "position close BTCUSDT --dry-run")["preview"]["pays"]["amount"], "0.01");
    let closed = done(dir, "position close BTCUSDT");
    assert_eq!((&closed["order"]["side"], &closed["order"]["quantity"]), (&json!("sell"), &json!("0.01")));
    assert_eq!(done(dir, "position list")["positions"], json!([]));
    assert_eq!(run(dir, "position close BTCUSDT").code, 5);

    let audit = root.read("/api/audit?action=order.place");
    assert!(audit[0]["actor"].as_str().unwrap().contains("operator"), "{audit}");
    server.stop(Signal::TERM);
}

#[test]
fn a_refusal_is_code_5_with_the_numbers_and_other_mistakes_have_their_own_codes() {
    let dir = tempfile::tempdir().unwrap();
    let nobody = run(dir.path(), "order list");
    assert_eq!(nobody.code, 4, "no server: {}", nobody.err);
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let root = Person::first(&server);
    let alice = root.add(&server, "alice", "trader");
    root.add(&server, "vera", "viewer");
    let dir = dir.path();
    alice.read("/api/balances");
    let account = alice.read("/api/accounts")[0]["id"].as_str().unwrap().to_owned();
    let limits = json!({ "limits": { "order_value_max": "100" } }).to_string();
    assert_eq!(alice.ask("PUT", &format!("/api/accounts/{account}/limits"), &limits).status, 200);
    let refused = run(dir, "order place BTCUSDT buy 0.01 --user alice --json");
    assert_eq!(refused.code, 5, "{}", refused.err);
    let error = &refused.json()["error"];
    assert_eq!(
        (&error["code"], &error["limit"]["max"]),
        (&json!("order_value_limit"), &json!("100")),
        "{error}"
    );
    let refused = run(dir, "order place BTCUSDT buy 0.01 --user alice");
    assert!(refused.err.contains("limit is 100 USDT"), "{}", refused.err);
    for (line, code) in [
        ("order place BTCUSDT buy 0.001", 2),
        ("order place BTCUSDT buy 0.001 --user nobody", 5),
        ("order place BTCUSDT buy 0.001 --user vera", 5),
        ("order place NOPE buy 1 --user alice", 5),
        ("order place BTCUSDT buy --user alice", 2),
    ] {
        let done = run(dir, line);
        assert_eq!(done.code, code, "{line}: {}", done.err);
    }
    assert_eq!(alice.read("/api/trades"), json!([]));
    server.stop(Signal::TERM);
}
