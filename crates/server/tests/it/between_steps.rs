//! The server dies between two steps of an order: recorded, taken by the exchange, in the tables. What each moment leaves on the disk is
//! put together from what was there before and after an order (invariants O1, D1, D3).

use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::person::Person;
use crate::program::{Server, ask, run_in};

const KEY: &str = "the one";

fn start(dir: &Path) -> Server {
    Server::start_with(dir, &["--participants-speed", "0"])
}

fn stop(server: Server) {
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, target) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_file() {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A folder like `base`, with some things as they are in `other`.
fn mixed(base: &Path, other: &Path, what: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(base, dir.path());
    for name in what {
        let (from, to) = (other.join(name), dir.path().join(name));
        if from.is_dir() {
            std::fs::remove_dir_all(&to).unwrap();
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
    dir
}

fn order() -> Value {
    json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.01", "order_type": "market" })
}

fn place(alice: &Person) -> (u16, Value) {
    let bearer = format!("Bearer {}", alice.token);
    let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", KEY)];
    let answer = ask(alice.addr, "POST", "/api/orders", &headers, &order().to_string());
    (answer.status, answer.json())
}

/// Before the order, after it, and its id.
fn before_and_after() -> (tempfile::TempDir, tempfile::TempDir, String) {
    let (before, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = start(before.path());
    let alice = Person::first(&server).add(&server, "alice", "trader");
    alice.read("/api/balances");
    stop(server);
    copy(before.path(), after.path());
    let server = start(after.path());
    let (status, placed) = place(&Person::login(&server, "alice"));
    assert_eq!((status, &placed["status"]), (201, &json!("filled")), "{placed}");
    stop(server);
    let id = placed["id"].as_str().unwrap().to_owned();
    (before, after, id)
}

fn entries(dir: &Path) -> usize {
    let log = run_in(dir, &["audit", "verify"]);
    assert_eq!(log.code, 0, "{}", log.err);
    let mut sqlite = std::process::Command::new("sqlite3");
    let asked = "SELECT count(*) FROM audit_log WHERE action = 'order.place'";
    let output = sqlite.arg(dir.join("platform.db")).arg(asked).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

#[test]
fn o1_d1_an_order_is_one_order_wherever_the_server_died_on_its_way() {
    let (before, after, id) = before_and_after();
    let path = format!("/api/orders/{id}");

    // Recorded, and never sent: it is said to be lost, and its key is used up.
    let dir = mixed(before.path(), after.path(), &["intents"]);
    let server = start(dir.path());
    let alice = Person::login(&server, "alice");
    let lost = alice.read(&path);
    assert_eq!((&lost["status"], &lost["live"]), (&json!("rejected"), &json!(false)), "{lost}");
    assert!(lost["reason"].as_str().unwrap().contains("never got it"), "{lost}");
    let (status, again) = place(&alice);
    assert_eq!((status, &again["code"]), (422, &json!("refused_before")), "{again}");
    assert_eq!(alice.read("/api/trades"), json!([]));
    stop(server);
    assert_eq!(entries(dir.path()), 1);

    // Taken by the exchange, and not in the tables: it is found, once, under the id that was answered.
    let dir = mixed(after.path(), before.path(), &["platform.db", "audit.checkpoint"]);
    for _ in 0..2 {
        let server = start(dir.path());
        let alice = Person::login(&server, "alice");
        let found = alice.read(&path);
        assert_eq!((&found["status"], &found["filled_quantity"]), (&json!("filled"), &json!("0.01")));
        let (status, again) = place(&alice);
        assert_eq!((status, &again["id"]), (200, &json!(id)), "{again}");
        let (orders, trades) = (alice.read("/api/orders"), alice.read("/api/trades"));
        assert_eq!(orders.as_array().unwrap().len(), 1, "{orders}");
        assert!(!trades.as_array().unwrap().is_empty(), "{trades}");
        assert!(trades.as_array().unwrap().iter().all(|trade| trade["order_id"] == id.as_str()), "{trades}");
        assert_eq!(alice.read("/api/positions").as_array().unwrap().len(), 1);
        stop(server);
        assert_eq!(entries(dir.path()), 1);
    }

    // The intents' journal is gone (a disk was restored without it): the tables have what they have, and go on.
    let dir = tempfile::tempdir().unwrap();
    copy(after.path(), dir.path());
    std::fs::remove_dir_all(dir.path().join("intents")).unwrap();
    let server = start(dir.path());
    let alice = Person::login(&server, "alice");
    assert_eq!(place(&alice).1["id"], json!(id));
    assert_eq!(alice.post("/api/orders", &order()).status, 201);
    alice.until("/api/orders", |orders| orders.as_array().unwrap().len() == 2);
    stop(server);
    assert_eq!(entries(dir.path()), 2, "a new journal counts from its own beginning");
}
