//! `kill -9` in the middle of trading: what was answered is there, what was not is found or said never to have left, and nothing is
//! there twice (invariants O1, D1, D3).

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::home::{Home, on_both};
use crate::person::Person;
use crate::program::{Server, run_in};

on_both!(o1_d1_no_order_is_lost_or_doubled_when_the_server_is_killed,);

/// Threads that trade at once.
const THREADS: usize = 4;
/// Lives of the server.
const ROUNDS: usize = 3;

fn order(n: usize) -> Value {
    match n % 3 {
        0 => json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.001", "order_type": "market" }),
        1 => json!({ "symbol": "BTCUSDT", "side": "sell", "quantity": "0.0005", "order_type": "market" }),
        _ => {
            json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.001", "order_type": "limit", "price": "20000" })
        }
    }
}

/// An order with a key; `None` when the connection broke before the whole answer was there.
fn try_order(person: &Person, key: &str, order: &Value) -> Option<(u16, Value)> {
    let (body, mut stream) = (order.to_string(), TcpStream::connect(person.addr).ok()?);
    let head = format!(
        "POST /api/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        person.token,
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).ok()?))
}

/// Trades from several threads until the server dies; what each key was told, if anything.
fn trade_until_killed(
    server: Server,
    alice: &Person,
    round: usize,
) -> BTreeMap<String, (usize, Option<String>)> {
    let answered = AtomicUsize::new(0);
    let wanted = 20 + 17 * round;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let answered = &answered;
                scope.spawn(move || {
                    let mut told = Vec::new();
                    for n in 0.. {
                        let key = format!("{round}-{thread}-{n}");
                        let answer = try_order(alice, &key, &order(n));
                        let id = answer.as_ref().map(|(status, order)| {
                            assert_eq!(*status, 201, "{order}");
                            order["id"].as_str().unwrap().to_owned()
                        });
                        let dead = id.is_none();
                        told.push((key, (n, id)));
                        if dead {
                            break;
                        }
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                    told
                })
            })
            .collect();
        while answered.load(Ordering::Relaxed) < wanted {
            std::thread::yield_now();
        }
        server.stop(Signal::KILL);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Each key is one order, whoever asks again.
fn asked_again(alice: &Person, told: &BTreeMap<String, (usize, Option<String>)>) -> usize {
    let mut new = 0;
    for (key, (n, id)) in told {
        let (status, body) = try_order(alice, key, &order(*n)).unwrap();
        match (status, id) {
            (200, Some(id)) => assert_eq!(body["id"], id.as_str(), "{key}"),
            (200, None) => {}
            // The intent was not even recorded, or it was and never left.
            (201, None) => new += 1,
            (422, None) => assert_eq!(body["code"], "refused_before", "{key}: {body}"),
            _ => panic!("{key} was told {id:?} and is now {status}: {body}"),
        }
    }
    new
}

fn units(value: &Value) -> i128 {
    types::decimal::parse(value.as_str().unwrap_or_else(|| panic!("{value}")), 18).unwrap()
}

/// All of a list that is paged by a key.
fn pages(alice: &Person, path: &str, cursor: &str) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let before =
            all.last().map_or_else(String::new, |last| format!("&before={}", last[cursor].as_str().unwrap()));
        let page = alice.read(&format!("{path}?limit=1000{before}"));
        let page = page.as_array().unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page.iter().cloned());
    }
}

/// Orders, fills and balances tell the same story.
fn books_agree(alice: &Person) {
    let (orders, trades) = (pages(alice, "/api/orders", "id"), pages(alice, "/api/trades", "cursor"));
    let mut numbers: Vec<&str> =
        orders.iter().filter_map(|order| order["exchange_order_id"].as_str()).collect();
    numbers.sort_unstable();
    let distinct = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), distinct, "an order of the exchange belongs to two records");
    assert!(orders.iter().all(|order| order["status"] != "pending"), "all intents are resolved");
    let mut bought = 0;
    for order in &orders {
        let fills = trades.iter().filter(|trade| trade["order_id"] == order["id"]);
        let filled: i128 = fills.map(|trade| units(&trade["quantity"])).sum();
        assert_eq!(filled, units(&order["filled_quantity"]), "{order}");
        bought += if order["side"] == "buy" { filled } else { -filled };
    }
    let fees = trades.iter().filter(|trade| trade["fee_currency"] == "BTC").map(|trade| units(&trade["fee"]));
    let balances = alice.read("/api/balances");
    let btc = balances.as_array().unwrap().iter().find(|b| b["asset"] == "BTC").unwrap();
    let ten = 10 * 10_i128.pow(18);
    assert_eq!(units(&btc["total"]), ten + bought - fees.sum::<i128>(), "{btc}");
}

fn start(dir: &Path) -> Server {
    Server::start_with(dir, &["--participants-speed", "0"])
}

fn o1_d1_no_order_is_lost_or_doubled_when_the_server_is_killed(dir: &Home) {
    let mut server = start(dir.path());
    let mut alice = Person::first(&server).add(&server, "alice", "trader");
    let limits = json!({ "limits": { "markets": { "BTCUSDT": { "position_max": "100" } }, "daily_loss_max": "100000" } });
    alice.read("/api/balances");
    let account = alice.read("/api/accounts")[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(alice.ask("PUT", &format!("/api/accounts/{account}/limits"), &limits.to_string()).status, 200);
    for round in 0..ROUNDS {
        let told = trade_until_killed(server, &alice, round);
        server = start(dir.path());
        alice = Person::login(&server, "alice");
        books_agree(&alice);
        let new = asked_again(&alice, &told);
        assert!(new <= THREADS, "only what was under way can be new: {new}");
        books_agree(&alice);
        let risk = alice.read(&format!("/api/accounts/{account}/limits"));
        let position = risk["uses"].as_array().unwrap().iter().find(|one| one["name"] == "position").unwrap();
        assert!(units(&position["used"]) > 0, "{risk}");
    }
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
    assert_eq!(run_in(dir.path(), &["exchange", "verify"]).code, 0);
}
