//! Programs that speak to the exchange directly, on an account of the platform: the kill switch stops them, what they trade counts for the
//! account's limits, and money from outside is neither a position nor a profit.

use ring::hmac;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::home::{Home, on_both};
use crate::person::Person;
use crate::program::{Answer, Server, ask, run_in};

on_both!(the_kill_switch_and_the_limits_hold_for_direct_clients_too);

/// A client of the exchange with a key of its own.
struct Direct {
    exchange: std::net::SocketAddr,
    key: String,
    secret: String,
}

impl Direct {
    fn order(&self, side: &str, qty: &str, price: &str) -> Answer {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let query = format!(
            "symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity={qty}&price={price}&timestamp={}",
            since.as_millis()
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let signature: String =
            hmac::sign(&key, query.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let path = format!("/api/v3/order?{query}&signature={signature}");
        ask(self.exchange, "POST", &path, &[("X-MBX-APIKEY", &self.key)], "")
    }
}

fn used(alice: &Person, path: &str, name: &str) -> Value {
    let risk = alice.read(path);
    risk["uses"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()["used"].clone()
}

fn the_kill_switch_and_the_limits_hold_for_direct_clients_too(dir: &Home) {
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let alice = Person::first(&server).add(&server, "alice", "trader");
    alice.read("/api/balances");
    let account = alice.read("/api/accounts")[0]["id"].as_str().unwrap().to_owned();
    let limits = format!("/api/accounts/{account}/limits");
    let body = json!({ "limits": { "markets": { "BTCUSDT": { "position_max": "0.015" } }, "daily_loss_max": "1000" } });
    assert_eq!(alice.ask("PUT", &limits, &body.to_string()).status, 200);
    let name = format!("p-{}", account.replace('-', ""));
    let made = run_in(dir.path(), &["exchange", "account", "key", "add", &name, "--json"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let text = |field: &str| made.json()[field].as_str().unwrap().to_owned();
    let direct = Direct { exchange: server.addr(), key: text("api_key"), secret: text("secret") };

    assert_eq!(direct.order("BUY", "0.01", "20000").status, 200);
    alice.until("/api/orders?live=true", |orders| orders.as_array().unwrap().len() == 1);
    let market = json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.01", "order_type": "market" });
    let refused = alice.post("/api/orders", &market);
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (422, &json!("position_limit")),
        "{}",
        refused.body
    );

    assert_eq!(alice.post("/api/halt", &json!({ "reason": "drill" })).status, 200);
    assert_eq!(alice.read("/api/orders?live=true"), json!([]));
    let blocked = direct.order("BUY", "0.01", "20000");
    assert_eq!((blocked.status, blocked.json()["code"].as_i64()), (400, Some(-2010)), "{}", blocked.body);
    let halted = alice.post("/api/orders", &market);
    assert_eq!((halted.status, &halted.json()["code"]), (422, &json!("trading_halted")));
    assert_eq!(alice.post("/api/resume", &json!({})).status, 200);
    assert_eq!(direct.order("BUY", "0.001", "20000").status, 200);

    let funded = run_in(dir.path(), &["exchange", "account", "fund", &name, "BTC=5", "USDT=77"]);
    assert_eq!(funded.code, 0, "{}", funded.err);
    let balances = alice.until("/api/balances", |all| {
        all.as_array().unwrap().iter().any(|b| b["asset"] == "BTC" && b["total"] == "15")
    });
    assert!(balances.is_array());
    alice.until(&limits, |risk| {
        let uses = risk["uses"].as_array().unwrap();
        uses.iter().any(|one| one["name"] == "position" && one["used"] == "0.001")
    });
    assert_eq!(used(&alice, &limits, "daily_loss"), "0");
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let alice = Person::login(&server, "alice");
    assert_eq!(used(&alice, &limits, "position"), "0.001", "what was brought in is found again");
    assert_eq!(used(&alice, &limits, "daily_loss"), "0");
    server.stop(Signal::TERM);
}
