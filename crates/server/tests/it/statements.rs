//! A page asks the database as often for many rows as for few (no question per row).

use std::collections::BTreeMap;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::person::Person;
use crate::program::Server;

/// Pages that list what somebody has.
const PAGES: &[&str] = &[
    "/api/orders",
    "/api/trades",
    "/api/positions",
    "/api/accounts",
    "/api/bots",
    "/api/keys",
    "/api/venue-keys",
    "/api/jobs",
    "/api/backtests",
    "/api/sessions",
    "/api/audit",
    "/api/settings",
    "/api/status",
    "/api/analytics",
];

/// Something of each kind.
fn make(person: &Person, n: usize) {
    for k in 0..n {
        let order = |kind: &str, price: Value| json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.01", "order_type": kind, "price": price });
        let bot = json!({ "name": format!("bot {n} {k}"), "strategy": "ema-cross", "funds": { "USDT": "100" },
            "markets": [{ "symbol": "BTCUSDT", "interval": "1m" }] });
        for (path, body) in [
            ("/api/orders", order("limit", json!("20000"))),
            ("/api/orders", order("market", Value::Null)),
            ("/api/keys", json!({ "label": format!("{n} {k}"), "scopes": ["read"] })),
            (
                "/api/venue-keys",
                json!({ "venue": "binance", "label": format!("{n} {k}"), "key": format!("abcdefgh{n}{k}"), "secret": "abcdefghijkl" }),
            ),
            ("/api/accounts", json!({ "name": format!("account {n} {k}") })),
            ("/api/backtests", json!({ "strategy": "ema-cross", "symbols": ["BTCUSDT"], "interval": "1m" })),
            ("/api/bots", bot),
        ] {
            let answer = person.post(path, &body);
            assert!((200..300).contains(&answer.status), "{path}: {}", answer.body);
        }
    }
    // How far a run is that has not ended takes a statement of its own: once for all of them, but not when all have ended.
    person.until("/api/backtests", |runs| {
        runs.as_array()
            .unwrap()
            .iter()
            .all(|run| !matches!(run["status"].as_str(), Some("queued" | "running")))
    });
}

/// Looks at each page in a row: the first may fill what is remembered, and whether a login still holds is asked once a second, by
/// whichever request comes then.
const LOOKS: usize = 4;

/// The statements that each page needs, from the log.
fn counted(person: &Person, log: &Path) -> BTreeMap<&'static str, u64> {
    for page in PAGES {
        for _ in 0..LOOKS {
            assert_eq!(person.get(page).status, 200, "{page}");
        }
    }
    let text = std::fs::read_to_string(log).unwrap();
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of = |page: &&'static str| {
        let is_it = |line: &&Value| {
            let fields = &line["fields"];
            line["target"] == "api::statements" && fields["method"] == "GET" && fields["route"] == **page
        };
        let last = lines.iter().rev().filter(is_it).take(LOOKS);
        let fewest = last.filter_map(|line| line["fields"]["statements"].as_u64()).min();
        (*page, fewest.unwrap_or_else(|| panic!("{page} is not in the log")))
    };
    PAGES.iter().map(of).collect()
}

#[test]
fn no_page_asks_the_database_once_per_row() {
    let dir = tempfile::tempdir().unwrap();
    let (file, log) = (dir.path().join("tradewind.toml"), dir.path().join("log"));
    let text = format!(
        "[log]\nfilter = \"warn,api::statements=debug\"\njson = true\nfile = \"{}\"\n",
        log.display()
    );
    std::fs::write(&file, text).unwrap();
    let options = ["--participants-speed", "0", "--config", file.to_str().unwrap()];
    let server = Server::start_quiet(&dir.path().join("data"), &options);
    let person = Person::first(&server);
    make(&person, 1);
    let few = counted(&person, &log);
    make(&person, 6);
    let many = counted(&person, &log);
    assert_eq!(few, many);
    assert!(few["/api/orders"] >= 1 && few.values().all(|count| *count <= 12), "{few:?}");
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
}
