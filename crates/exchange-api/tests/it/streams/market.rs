//! Each market stream has the venue's fields and tells what happened.

use serde_json::{Value, json};
use types::Side;

use crate::desk::{ALICE, BOB};
use crate::socket::Socket;
use crate::venue::Venue;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn sorted(mut keys: Vec<&str>) -> Vec<&str> {
    keys.sort_unstable();
    keys
}

/// One trade of 0.5 BTC at 30000 against a book of one bid and one ask.
async fn trade_once(venue: &Venue) {
    let (maker, taker) = (ALICE, BOB);
    venue.limit(maker, "bid", Side::Buy, "29990", "1").await.unwrap();
    venue.limit(maker, "ask", Side::Sell, "30000", "2").await.unwrap();
    venue.limit(taker, "take", Side::Buy, "30000", "0.5").await.unwrap();
}

#[tokio::test]
async fn a_trade_is_told_on_every_stream_in_the_venues_shape() {
    let venue = Venue::start().await;
    let names = [
        "btcusdt@trade",
        "btcusdt@aggTrade",
        "btcusdt@kline_1m",
        "btcusdt@kline_1d@+08:00",
        "btcusdt@miniTicker",
        "!miniTicker@arr",
        "btcusdt@ticker",
        "!ticker@arr",
        "btcusdt@ticker_1h",
        "!ticker_4h@arr",
        "btcusdt@bookTicker",
        "!bookTicker",
        "btcusdt@depth5",
        "btcusdt@depth20@100ms",
        "btcusdt@depth@100ms",
        "btcusdt@depth@1000ms",
        "btcusdt@avgPrice",
    ];
    let mut socket = Socket::connect(venue.addr(), "/stream").await;
    assert_eq!(socket.ask("SUBSCRIBE", json!(names)).await, json!({"result": null, "id": 1}));
    trade_once(&venue).await;
    for name in names {
        let mut socket = Socket::connect(venue.addr(), &format!("/ws/{name}")).await;
        if ["@trade", "@aggTrade", "@depth@", "!bookTicker"].iter().any(|kind| name.contains(kind)) {
            // These tell changes only: the first connection has seen them.
            continue;
        }
        let first = socket.next().await;
        assert!(first.get("stream").is_none(), "raw connections get bare payloads: {first}");
    }
    let mut seen = std::collections::BTreeMap::new();
    while seen.len() < names.len() {
        let message = socket.next().await;
        let data = message["data"].clone();
        // Tickers go on every second; the first may be of the time before the trade.
        if is_after_the_trade(&data) {
            // The first of each: a minute that begins meanwhile tells a kline without a trade.
            seen.entry(message["stream"].as_str().unwrap().to_owned()).or_insert(data);
        }
    }
    check_trades(&seen);
    check_klines(&seen);
    check_tickers(&seen);
    check_books(&seen);
}

fn is_after_the_trade(data: &Value) -> bool {
    let one = data.as_array().map_or(data, |all| &all[0]);
    let last = one.get("c").or_else(|| one["k"].get("c")).or_else(|| one.get("w"));
    match one.get("e").and_then(Value::as_str) {
        Some("trade" | "aggTrade" | "depthUpdate") => true,
        Some(_) => last == Some(&json!("30000.00000000")),
        // Books: the ask was hit.
        None => one.get("A") == Some(&json!("1.50000000")) || one["asks"][0][1] == json!("1.50000000"),
    }
}

type Seen = std::collections::BTreeMap<String, Value>;

fn check_trades(seen: &Seen) {
    let trade = &seen["btcusdt@trade"];
    assert_eq!(sorted(keys(trade)), ["E", "M", "T", "e", "m", "p", "q", "s", "t"]);
    assert_eq!(
        (&trade["e"], &trade["s"], &trade["t"], &trade["p"], &trade["q"], &trade["m"], &trade["M"]),
        (
            &json!("trade"),
            &json!("BTCUSDT"),
            &json!(1),
            &json!("30000.00000000"),
            &json!("0.50000000"),
            &json!(false),
            &json!(true)
        )
    );
    assert!(trade["E"].as_i64() >= trade["T"].as_i64(), "{trade}");
    let agg = &seen["btcusdt@aggTrade"];
    assert_eq!(sorted(keys(agg)), ["E", "M", "T", "a", "e", "f", "l", "m", "p", "q", "s"]);
    assert_eq!((&agg["a"], &agg["f"], &agg["l"]), (&json!(1), &json!(1), &json!(1)));
}

fn check_klines(seen: &Seen) {
    for (name, interval, length) in
        [("btcusdt@kline_1m", "1m", 60_000), ("btcusdt@kline_1d@+08:00", "1d", 86_400_000)]
    {
        let k = &seen[name]["k"];
        assert_eq!(sorted(keys(&seen[name])), ["E", "e", "k", "s"]);
        let fields = ["B", "L", "Q", "T", "V", "c", "f", "h", "i", "l", "n", "o", "q", "s", "t", "v", "x"];
        assert_eq!(sorted(keys(k)), fields);
        assert_eq!((&k["i"], &k["n"], &k["f"], &k["L"]), (&json!(interval), &json!(1), &json!(1), &json!(1)));
        assert_eq!((&k["v"], &k["q"]), (&json!("0.50000000"), &json!("15000.00000000")));
        assert_eq!((&k["V"], &k["Q"]), (&json!("0.50000000"), &json!("15000.00000000")));
        assert_eq!(k["T"].as_i64().unwrap() - k["t"].as_i64().unwrap(), length - 1);
    }
    let start = seen["btcusdt@kline_1d@+08:00"]["k"]["t"].as_i64().unwrap();
    assert_eq!(start % 86_400_000, 16 * 3_600_000, "midnight eight hours east is 16:00 UTC");
}

fn check_tickers(seen: &Seen) {
    let mini = ["E", "c", "e", "h", "l", "o", "q", "s", "v"];
    assert_eq!(sorted(keys(&seen["btcusdt@miniTicker"])), mini);
    assert_eq!(sorted(keys(&seen["!miniTicker@arr"][0])), mini);
    let full = [
        "A", "B", "C", "E", "F", "L", "O", "P", "Q", "a", "b", "c", "e", "h", "l", "n", "o", "p", "q", "s",
        "v", "w", "x",
    ];
    assert_eq!(sorted(keys(&seen["btcusdt@ticker"])), full);
    assert_eq!(sorted(keys(&seen["!ticker@arr"][0])), full);
    let window = ["C", "E", "F", "L", "O", "P", "c", "e", "h", "l", "n", "o", "p", "q", "s", "v", "w"];
    assert_eq!(sorted(keys(&seen["btcusdt@ticker_1h"])), window);
    assert_eq!(sorted(keys(&seen["!ticker_4h@arr"][0])), window);
    assert_eq!(seen["btcusdt@ticker_1h"]["e"], "1hTicker");
    assert_eq!(seen["!ticker_4h@arr"][0]["e"], "4hTicker");
    let ticker = &seen["btcusdt@ticker"];
    for (key, want) in [
        ("e", json!("24hrTicker")),
        ("p", json!("0.00000000")),
        ("P", json!("0.000")),
        ("w", json!("30000.00000000")),
        ("c", json!("30000.00000000")),
        ("Q", json!("0.50000000")),
        ("b", json!("29990.00000000")),
        ("B", json!("1.00000000")),
        ("a", json!("30000.00000000")),
        ("A", json!("1.50000000")),
        ("v", json!("0.50000000")),
        ("q", json!("15000.00000000")),
        ("F", json!(1)),
        ("L", json!(1)),
        ("n", json!(1)),
    ] {
        assert_eq!(ticker[key], want, "{key}");
    }
    let average = &seen["btcusdt@avgPrice"];
    assert_eq!(sorted(keys(average)), ["E", "T", "e", "i", "s", "w"]);
    assert_eq!((&average["i"], &average["w"]), (&json!("5m"), &json!("30000.00000000")));
}

fn check_books(seen: &Seen) {
    for name in ["btcusdt@bookTicker", "!bookTicker"] {
        let top = &seen[name];
        assert_eq!(sorted(keys(top)), ["A", "B", "a", "b", "s", "u"]);
        assert_eq!((&top["b"], &top["B"]), (&json!("29990.00000000"), &json!("1.00000000")));
    }
    for name in ["btcusdt@depth5", "btcusdt@depth20@100ms"] {
        let book = &seen[name];
        assert_eq!(sorted(keys(book)), ["asks", "bids", "lastUpdateId"]);
        assert_eq!(book["bids"], json!([["29990.00000000", "1.00000000"]]));
        assert_eq!(book["asks"], json!([["30000.00000000", "1.50000000"]]));
    }
    for name in ["btcusdt@depth@100ms", "btcusdt@depth@1000ms"] {
        assert_eq!(sorted(keys(&seen[name])), ["E", "U", "a", "b", "e", "s", "u"]);
        assert_eq!(seen[name]["e"], "depthUpdate");
    }
}

#[tokio::test]
async fn times_come_in_the_unit_asked_for() {
    let venue = Venue::start().await;
    let mut millis = Socket::connect(venue.addr(), "/ws/btcusdt@trade").await;
    let mut micros =
        Socket::connect(venue.addr(), "/stream?streams=btcusdt@trade&timeUnit=MICROSECOND").await;
    // An answer proves that the subscription stands.
    for socket in [&mut millis, &mut micros] {
        assert_eq!(socket.ask("LIST_SUBSCRIPTIONS", json!(null)).await["result"], json!(["btcusdt@trade"]));
    }
    trade_once(&venue).await;
    let (millis, micros) = (millis.next().await, micros.next().await["data"].clone());
    assert_eq!(micros["T"].as_i64().unwrap() / 1_000, millis["T"].as_i64().unwrap());
    assert_eq!(millis["t"], micros["t"]);
}

#[tokio::test]
async fn a_second_closes_its_kline_and_the_next_one_follows_on() {
    let venue = Venue::start().await;
    let mut socket = Socket::connect(venue.addr(), "/ws/btcusdt@kline_1s").await;
    assert_eq!(socket.ask("LIST_SUBSCRIPTIONS", json!(null)).await["result"], json!(["btcusdt@kline_1s"]));
    trade_once(&venue).await;
    let closed = socket.until(|message| message["k"]["x"] == json!(true)).await;
    assert_eq!((&closed["k"]["n"], &closed["k"]["c"]), (&json!(1), &json!("30000.00000000")));
    let flat = socket.until(|message| message["k"]["x"] == json!(true)).await;
    assert_eq!(flat["k"]["t"].as_i64(), closed["k"]["T"].as_i64().map(|end| end + 1));
    assert_eq!((&flat["k"]["n"], &flat["k"]["f"]), (&json!(0), &json!(-1)));
    assert_eq!((&flat["k"]["o"], &flat["k"]["v"]), (&json!("30000.00000000"), &json!("0.00000000")));
}
