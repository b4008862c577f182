//! The journal of intents cannot be written any more: /ready says no, orders are refused and not sent, everything else goes on, and a
//! restart goes on with what was answered.

use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::person::Person;
use crate::program::{Server, ask, run_in};

/// Of a segment of the server's journal of intents.
const SEGMENT_LEN: u64 = 4 * 1024 * 1024;
/// More orders than the first segment holds.
const TRIES: usize = 64;

/// A journal whose first segment is used up after some orders.
fn small_first_segment(folder: &Path) {
    let config =
        journal::Config { segment_len: journal::limits::SEGMENT_LEN_MIN, ..journal::Config::default() };
    journal::Journal::open(folder, &config).unwrap();
}

/// The next segment's file is there, and the writer has it open: only its name is missing.
fn wait_for_the_next_segment(folder: &Path) {
    let spare = folder.join("spare.tmp");
    while std::fs::metadata(&spare).map_or(0, |found| found.len()) < SEGMENT_LEN {
        std::thread::yield_now();
    }
}

/// A limit order that rests, and differs from others by its price.
fn order(n: usize) -> Value {
    let price = (20_000 + n).to_string();
    json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.001", "order_type": "limit", "price": price })
}

#[test]
fn a_journal_of_intents_that_fails_is_not_ready_and_refuses_orders_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, away) = (dir.path().join("intents"), dir.path().join("away"));
    small_first_segment(&folder);
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let root = Person::first(&server);
    let mut kept = vec![root.post("/api/orders", &order(0)).json()["id"].clone()];
    wait_for_the_next_segment(&folder);
    assert_eq!(ask(server.api(), "GET", "/ready", &[], "").status, 200);

    // As by a disk that goes away: the next segment cannot get its name.
    std::fs::rename(&folder, &away).unwrap();
    let refused = (1..TRIES).find_map(|n| {
        let answer = root.post("/api/orders", &order(n));
        if answer.status == 201 {
            kept.push(answer.json()["id"].clone());
            return None;
        }
        Some(answer)
    });
    let refused = refused.expect("the journal never failed");
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.body.contains("the order was not sent"), "{}", refused.body);
    let ready = ask(server.api(), "GET", "/ready", &[], "");
    assert_eq!((ready.status, ready.json()), (503, json!({ "ready": false, "down": ["intents"] })));
    let detailed = root.get("/api/health/detailed");
    assert_eq!(detailed.status, 503, "{}", detailed.body);
    assert!(detailed.body.contains("cannot be recorded until a restart"), "{}", detailed.body);
    let status = run_in(dir.path(), &["status"]);
    assert!(status.code == 1 && status.out.contains("intents"), "{} {}", status.out, status.err);

    // No order reached the exchange that was refused, and what somebody needs now works.
    assert_eq!(root.post("/api/orders", &order(TRIES)).status, 503);
    let live = root.read("/api/orders?live=true&limit=100");
    assert_eq!(live.as_array().unwrap().len(), kept.len(), "{live}");
    for path in ["/api/balances", "/api/positions", "/api/book/BTCUSDT", "/api/bots", "/api/audit", "/health"]
    {
        assert_eq!(root.get(path).status, 200, "{path}");
    }
    let first = format!("/api/orders/{}", kept[0].as_str().unwrap());
    assert_eq!(root.ask("DELETE", &first, "").status, 200, "a cancel is always taken");
    root.add(&server, "tara", "trader");
    assert_eq!(server.get("/api/v3/ping").0, 200);
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));

    std::fs::rename(&away, &folder).unwrap();
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let root = Person { addr: server.api(), ..root };
    assert_eq!(ask(server.api(), "GET", "/ready", &[], "").status, 200);
    assert_eq!(root.post("/api/orders", &order(TRIES)).status, 201);
    let orders = root.read("/api/orders?limit=100");
    let ids: Vec<&Value> = orders.as_array().unwrap().iter().map(|order| &order["id"]).collect();
    assert_eq!(ids.len(), kept.len() + 1, "{orders}");
    assert!(kept.iter().all(|id| ids.contains(&id)), "what was answered is there: {orders}");
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
}
