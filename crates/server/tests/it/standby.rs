//! A server with a real PostgreSQL and a real standby of it: exports are read from the standby, and go on when it is killed.

use std::path::Path;

use rustix::process::Signal;
use serde_json::json;
use testkit::OwnPostgres;

use crate::home::STORE_FILE;
use crate::person::Person;
use crate::program::Server;

/// Sessions of the pools for long reads whose last statement read fills.
const READ_HERE: &str = "SELECT count(*) > 0 FROM pg_stat_activity \
    WHERE application_name = 'tradewind report' AND query LIKE '%FROM trades%'";

fn start(dir: &Path, primary: &OwnPostgres, standby: &OwnPostgres) -> Server {
    std::fs::write(dir.join(STORE_FILE), primary.url()).unwrap();
    let file = dir.join("tradewind.toml");
    let config = format!("[store]\nreplica = \"{}\"\n[limits]\nenabled = false\n", standby.url());
    std::fs::write(&file, config).unwrap();
    let config = file.to_str().unwrap();
    Server::start_with(dir, &["--participants-speed", "0", "--durability", "buffered", "--config", config])
}

fn buy(person: &Person) {
    let order = json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.001", "order_type": "market" });
    let answer = person.post("/api/orders", &order);
    assert_eq!(answer.status, 201, "{}", answer.body);
}

/// One's fills, as the table has them. On a busy machine the tables may be behind; then every client asks again.
fn export(person: &Person) -> Vec<String> {
    loop {
        let answer = person.get("/api/trades/export");
        if answer.status == 503 && answer.body.contains("catching_up") {
            continue;
        }
        assert_eq!(answer.status, 200, "{}", answer.body);
        // The pieces that the body comes in end with a line of the table.
        return answer
            .body
            .lines()
            .filter(|line| line.contains(",BTCUSDT,buy,"))
            .map(str::to_owned)
            .collect();
    }
}

#[test]
fn exports_are_read_from_the_standby_and_go_on_when_it_is_killed() {
    let primary = OwnPostgres::start();
    let standby = primary.standby();
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &primary, &standby);
    let root = Person::first(&server);
    buy(&root);
    // Until it is known to be up to date the primary answers, and afterwards it may be a moment behind.
    let is_read_there = || standby.sql(READ_HERE).unwrap().trim() == "t";
    let mut before = export(&root);
    while before.is_empty() || !is_read_there() {
        before = export(&root);
    }
    standby.kill();
    assert!(export(&root).starts_with(&before), "the primary says the same");
    // Nothing else has noticed; and what the primary says is never behind one's own orders.
    assert_eq!(root.ask("PATCH", "/api/settings", "{\"theme\":\"dark\"}").status, 200);
    buy(&root);
    let after = export(&root);
    assert!(after.starts_with(&before) && after.len() > before.len(), "{before:?} {after:?}");
    let sheets = root.read("/api/analytics");
    assert_eq!(sheets["sheets"][0]["fills"], after.len(), "{sheets}");
    server.stop(Signal::TERM);
}
