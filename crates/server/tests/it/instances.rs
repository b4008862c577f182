//! Two real servers that share a real Redis: a client of one follows the markets of the other, moves to it and back, and is told when it
//! cannot go on.

use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};
use testkit::Redis;

use crate::person::Person;
use crate::program::Server;
use crate::stream::Stream;

/// A market with an hour behind it that stands still: only what the test does happens.
fn start(dir: &Path, redis: &Redis, name: &str) -> Server {
    let file = dir.join("tradewind.toml");
    let config =
        format!("[cache]\nredis = \"{}\"\nprefix = \"desk\"\n[stream]\ninstance = \"{name}\"\n", redis.url());
    std::fs::write(&file, config).unwrap();
    let config = file.to_str().unwrap();
    Server::start_with(dir, &["--participants-speed", "0", "--durability", "buffered", "--config", config])
}

fn stream(server: &Server, person: &Person) -> Stream {
    let ticket = person.post("/api/ws/ticket", &Value::Null).json()["ticket"].as_str().unwrap().to_owned();
    Stream::open(server, &format!("ticket={ticket}"), None).unwrap()
}

fn buy(person: &Person) {
    let order = json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.001", "order_type": "market" });
    let answer = person.post("/api/orders", &order);
    assert_eq!(answer.status, 201, "{}", answer.body);
}

fn part(person: &Person) -> Value {
    let health = person.read("/api/health/detailed");
    let parts = health["components"].as_array().unwrap().clone();
    parts.into_iter().find(|part| part["name"] == "instances").unwrap_or_else(|| panic!("{health}"))
}

/// Until both have found Redis.
fn connected(people: [&Person; 2]) {
    for person in people {
        while part(person)["status"] != "ok" {}
    }
}

/// Two instances, somebody at each, and a client of the second in a room of the first.
struct Pair {
    redis: Redis,
    tokyo_dir: tempfile::TempDir,
    _osaka_dir: tempfile::TempDir,
    tokyo: Server,
    osaka: Server,
    trader: Person,
    guest: Person,
    away: Stream,
    entered: Value,
}

const ROOM: &str = "trades:tokyo:BTCUSDT";

/// `None` where there is no Redis.
fn pair() -> Option<Pair> {
    let redis = Redis::start()?;
    let (tokyo_dir, osaka_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (tokyo, osaka) = (start(tokyo_dir.path(), &redis, "tokyo"), start(osaka_dir.path(), &redis, "osaka"));
    let (trader, guest) = (Person::first(&tokyo), Person::first(&osaka));
    connected([&trader, &guest]);
    let mut away = stream(&osaka, &guest);
    let entered = away.subscribe(ROOM, None);
    assert_eq!(
        (entered["room"].as_str(), entered["recovered"].as_bool()),
        (Some(ROOM), Some(false)),
        "{entered}"
    );
    Some(Pair { redis, tokyo_dir, _osaka_dir: osaka_dir, tokyo, osaka, trader, guest, away, entered })
}

#[test]
fn a_client_follows_another_instances_market_and_moves_to_it() {
    let Some(Pair {
        redis: _redis,
        tokyo_dir: _dir,
        _osaka_dir,
        tokyo,
        osaka,
        trader,
        mut away,
        entered,
        ..
    }) = pair()
    else {
        return;
    };
    assert_eq!(entered["snapshot"]["trades"].as_array().unwrap().len(), 100, "the origin's");
    buy(&trader);
    let told = away.event(ROOM);
    assert_eq!(told["offset"].as_u64(), entered["offset"].as_u64().map(|offset| offset + 1));
    // The other way of saying it at the origin itself, from where the client is; and its own market of the same symbol stood still.
    let here = json!({ "epoch": entered["epoch"], "offset": told["offset"] });
    let mut home = stream(&tokyo, &trader);
    let moved = home.subscribe(ROOM, Some(&here));
    assert_eq!((moved["room"].as_str(), moved["recovered"].as_bool()), (Some("trades:BTCUSDT"), Some(true)));
    buy(&trader);
    assert_eq!(home.event("trades:BTCUSDT")["data"], away.event(ROOM)["data"], "the same trade");
    let own = away.subscribe("trades:BTCUSDT", None);
    assert_ne!(
        own["snapshot"]["trades"][99]["id"],
        home.subscribe(ROOM, None)["snapshot"]["trades"][99]["id"]
    );
    assert_eq!(own["offset"].as_u64(), Some(0), "its own room has heard of nothing");
    // A book's state comes from the origin, too.
    let book = away.subscribe("book:tokyo:BTCUSDT", None);
    assert_eq!(book["snapshot"]["bids"][0], trader.read("/api/book/BTCUSDT?depth=50")["bids"][0]);
    for (room, code) in [
        ("trades:kyoto:BTCUSDT", "unavailable"),
        ("trades:tokyo:NOPE", "unavailable"),
        ("trades:osaka:NOPE", "unknown_market"),
    ] {
        assert_eq!(away.subscribe(room, None)["code"], code, "{room}");
    }
    // The roundabout name means the same room also when it is left.
    home.say(&json!({ "op": "unsubscribe", "rooms": [ROOM] }));
    assert_eq!(home.next().unwrap()["room"], "trades:BTCUSDT");
    tokyo.stop(Signal::TERM);
    osaka.stop(Signal::TERM);
}

#[test]
fn it_goes_on_after_redis_was_killed_and_is_ended_when_the_origin_was() {
    let Some(mut pair) = pair() else { return };
    let mut home = stream(&pair.tokyo, &pair.trader);
    home.subscribe("trades:BTCUSDT", None);
    // Redis is killed: at home nothing changes, here it is said, and afterwards what was missed follows.
    pair.redis.kill();
    buy(&pair.trader);
    home.event("trades:BTCUSDT");
    while part(&pair.guest)["status"] == "ok" {}
    assert_eq!(part(&pair.guest)["status"], "degraded");
    pair.redis.again();
    connected([&pair.trader, &pair.guest]);
    let late = pair.away.event(ROOM);
    assert_eq!(
        late["offset"].as_u64(),
        pair.entered["offset"].as_u64().map(|offset| offset + 1),
        "nothing is lost"
    );
    buy(&pair.trader);
    let next = pair.away.event(ROOM);
    assert_eq!(next["offset"].as_u64(), late["offset"].as_u64().map(|offset| offset + 1));
    // The origin is killed and begins a new life: who followed the old one is ended.
    pair.tokyo.stop(Signal::KILL);
    let tokyo = start(pair.tokyo_dir.path(), &pair.redis, "tokyo");
    connected([&Person::login(&tokyo, "root"), &pair.guest]);
    let code = loop {
        if let Err(code) = pair.away.next() {
            break code;
        }
    };
    assert_eq!(code, 1008);
    let mut again = stream(&pair.osaka, &pair.guest);
    let since = json!({ "epoch": pair.entered["epoch"], "offset": next["offset"] });
    let entered = again.subscribe(ROOM, Some(&since));
    assert_eq!(entered["recovered"], false, "{entered}");
    assert_eq!(entered["snapshot"]["trades"].as_array().unwrap().len(), 100);
    tokyo.stop(Signal::TERM);
    pair.osaka.stop(Signal::TERM);
}
