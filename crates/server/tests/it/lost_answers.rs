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
         'pending', 1, NULL, created_at, updated_at, list_id FROM orders WHERE order_type = 'limit'",
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
