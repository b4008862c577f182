//! Orders whose answer was lost because the server stopped: the next start finds out what became of them.

use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::person::Person;
use crate::program::Server;

/// Changes the database of a server that does not run, as a crash at a bad moment would have left it.
fn sql(dir: &Path, text: &str) {
    let mut sqlite = std::process::Command::new("sqlite3");
    let output = sqlite.arg("-bail").arg(dir.join("platform.db")).arg(text).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_export_holds_every_fill_once_however_many_there_are_and_nobody_elses() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let root = Person::first(&server);
    let (alice, bob) = (root.add(&server, "alice", "trader"), root.add(&server, "bob", "trader"));
    for person in [&alice, &bob] {
        let order =
            json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.0001", "order_type": "market" });
        assert_eq!(person.post("/api/orders", &order).status, 201);
    }
    let of_bob = bob.read("/api/trades")[0]["id"].as_str().unwrap().to_owned();
    let newest = alice.read("/api/trades")[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
    // Some at the same moment, more than two pages of them.
    sql(
        dir.path(),
        &format!(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2499) INSERT INTO trades \
             SELECT randomblob(16), user_id, account_id, bot_id, order_id, trading_pair_id, exchange, symbol, base, side, \
             price, quantity, fee, fee_currency, pnl, venue_trade_id, created_at - 1000 * (1 + i / 3) FROM trades, n \
             WHERE hex(id) = upper(replace('{newest}', '-', ''))"
        ),
    );
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let alice = Person::login(&server, "alice");
    let answer = alice.get("/api/trades/export");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer.head.contains("content-type: text/csv") && answer.head.contains("trades.csv"),
        "{}",
        answer.head
    );
    // Lines of the table among the chunks' lengths.
    let rows: Vec<&str> = answer.body.lines().filter(|line| line.contains(",BTCUSDT,")).collect();
    let ids: std::collections::BTreeSet<&str> = rows.iter().filter_map(|row| row.split(',').nth(1)).collect();
    assert_eq!((rows.len(), ids.len()), (2_501, 2_501));
    assert!(rows.is_sorted_by_key(|row| row.split(',').next()), "oldest first");
    assert!(ids.contains(newest.as_str()) && !answer.body.contains(&of_bob));
    let none = alice.get("/api/trades/export?from=2030-01-01T00:00:00Z");
    assert!(none.status == 200 && none.body.contains("time,id,order") && !none.body.contains("BTCUSDT"));
    assert_eq!(alice.get("/api/trades/export?symbol=NOPE").status, 404);
    server.stop(Signal::TERM);
}

#[test]
fn an_intent_without_an_answer_is_found_at_the_exchange_or_said_to_be_lost() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let alice = Person::first(&server).add(&server, "alice", "trader");
    let place = |order: Value| {
        let answer = alice.post("/api/orders", &order);
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    };
    let resting = place(json!({
        "symbol": "BTCUSDT", "side": "buy", "quantity": "0.01", "order_type": "limit", "price": "20000",
    }));
    let filled =
        place(json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.01", "order_type": "market" }));
    let path = |order: &Value| format!("/api/orders/{}", order["id"].as_str().unwrap());
    alice.until(&path(&filled), |order| order["status"] == "filled");
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));

    // Both answers are lost, and a third intent never left.
    sql(
        dir.path(),
        "UPDATE orders SET status = 'pending', live = 1, exchange_order_id = NULL, filled_quantity = '0'",
    );
    sql(
        dir.path(),
        "INSERT INTO orders SELECT x'00112233445566778899aabbccddeeff', user_id, account_id, bot_id, trading_pair_id, \
         exchange, symbol, 'never-left', NULL, side, order_type, time_in_force, price, stop_price, quantity, '0', '0', \
         'pending', 1, NULL, created_at, updated_at, list_id, NULL FROM orders WHERE order_type = 'limit'",
    );
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let alice = Person::login(&server, "alice");
    assert_eq!(alice.read(&path(&resting))["status"], "new");
    let found = alice.read(&path(&filled));
    assert_eq!((&found["status"], &found["filled_quantity"]), (&json!("filled"), &json!("0.01")));
    let lost = alice.read("/api/orders/00112233-4455-6677-8899-aabbccddeeff");
    assert_eq!((&lost["status"], &lost["live"]), (&json!("rejected"), &json!(false)));
    assert!(lost["reason"].as_str().unwrap().contains("never got it"), "{lost}");
    assert_eq!(alice.ask("DELETE", &path(&resting), "").status, 200);
    server.stop(Signal::TERM);
}
