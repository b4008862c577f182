//! The WebSocket API answers as REST does, with ids, statuses and rate limits.

use serde_json::{Value, json};

use super::signed;
use crate::socket::Socket;
use crate::venue::Venue;

const PATH: &str = "/ws-api/v3";

fn order() -> Value {
    json!({"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
        "price": "30000", "newClientOrderId": "bot-7"})
}

#[tokio::test]
async fn public_methods_answer_as_rest_does() {
    let venue = Venue::start().await;
    let mut socket = Socket::connect(venue.addr(), PATH).await;
    let pong = socket.ask("ping", json!({})).await;
    assert_eq!((&pong["status"], &pong["result"], &pong["id"]), (&json!(200), &json!({}), &json!(1)));
    let limit = &pong["rateLimits"][0];
    assert_eq!((&limit["rateLimitType"], &limit["intervalNum"]), (&json!("REQUEST_WEIGHT"), &json!(1)));
    for (method, path) in [
        ("exchangeInfo", "/api/v3/exchangeInfo?symbol=BTCUSDT"),
        ("depth", "/api/v3/depth?symbol=BTCUSDT"),
        ("trades.recent", "/api/v3/trades?symbol=BTCUSDT"),
        ("trades.historical", "/api/v3/historicalTrades?symbol=BTCUSDT"),
        ("trades.aggregate", "/api/v3/aggTrades?symbol=BTCUSDT"),
        ("avgPrice", "/api/v3/avgPrice?symbol=BTCUSDT"),
        ("ticker.24hr", "/api/v3/ticker/24hr?symbol=BTCUSDT"),
        ("ticker.tradingDay", "/api/v3/ticker/tradingDay?symbol=BTCUSDT"),
        ("ticker", "/api/v3/ticker?symbol=BTCUSDT"),
        ("ticker.price", "/api/v3/ticker/price?symbol=BTCUSDT"),
        ("ticker.book", "/api/v3/ticker/bookTicker?symbol=BTCUSDT"),
    ] {
        let answer = socket.ask(method, json!({"symbol": "BTCUSDT"})).await;
        assert_eq!(answer["status"], 200, "{method}: {answer}");
        let rest = venue.client().get(path).await.ok();
        let names =
            |value: &Value| value.as_object().map(|object| object.keys().cloned().collect::<Vec<String>>());
        assert_eq!(names(&answer["result"]), names(&rest), "{method}");
    }
    for (method, params) in [
        ("klines", json!({"symbol": "BTCUSDT", "interval": "1m"})),
        ("uiKlines", json!({"symbol": "BTCUSDT", "interval": "1m"})),
        ("time", json!({})),
    ] {
        assert_eq!(socket.ask(method, params).await["status"], 200, "{method}");
    }
}

#[tokio::test]
async fn an_order_lives_its_life_over_one_connection() {
    let venue = Venue::start().await;
    let mut socket = Socket::connect(venue.addr(), PATH).await;
    let tested = socket.ask("order.test", signed(&venue.alice, order())).await;
    assert_eq!((&tested["status"], &tested["result"]), (&json!(200), &json!({})));
    let placed = socket.ask("order.place", signed(&venue.alice, order())).await;
    assert_eq!((&placed["status"], &placed["result"]["status"]), (&json!(200), &json!("NEW")), "{placed}");
    let kinds: Vec<_> =
        placed["rateLimits"].as_array().unwrap().iter().map(|limit| &limit["rateLimitType"]).collect();
    assert_eq!(kinds, ["ORDERS", "ORDERS", "REQUEST_WEIGHT"]);
    assert_eq!(placed["rateLimits"][0]["count"], 1);
    let id = json!({"symbol": "BTCUSDT", "orderId": placed["result"]["orderId"]});
    let amend = json!({"symbol": "BTCUSDT", "orderId": placed["result"]["orderId"], "newQty": "0.009"});
    for (method, params) in [
        ("order.status", id.clone()),
        ("openOrders.status", json!({})),
        ("allOrders", json!({"symbol": "BTCUSDT"})),
        ("myTrades", json!({"symbol": "BTCUSDT"})),
        ("myPreventedMatches", id.clone()),
        ("account.status", json!({"omitZeroBalances": true})),
        ("account.commission", json!({"symbol": "BTCUSDT"})),
        ("account.rateLimits.orders", json!({})),
        ("openOrderLists.status", json!({})),
        ("allOrderLists", json!({})),
        ("order.amend.keepPriority", amend),
        ("order.cancel", id.clone()),
    ] {
        let answer = socket.ask(method, signed(&venue.alice, params)).await;
        let known = answer["status"] == 200 || method == "myPreventedMatches";
        assert!(known, "{method}: {answer}");
    }
    let gone = socket.ask("order.cancel", signed(&venue.alice, id)).await;
    assert_eq!((&gone["status"], &gone["error"]["code"]), (&json!(400), &json!(-2011)));
    let none = socket.ask("openOrders.cancelAll", signed(&venue.alice, json!({"symbol": "BTCUSDT"}))).await;
    assert_eq!(none["error"]["code"], -2011);
}

#[tokio::test]
async fn a_signature_may_be_over_raw_or_encoded_text_and_covers_return_rate_limits() {
    let venue = Venue::start().await;
    let mut socket = Socket::connect(venue.addr(), "/ws-api/v3?returnRateLimits=false").await;
    assert!(socket.ask("ping", json!({})).await.get("rateLimits").is_none());
    let quiet = signed(&venue.alice, json!({"returnRateLimits": false}));
    assert!(socket.ask("account.status", quiet).await.get("rateLimits").is_none());
    let loud = signed(&venue.alice, json!({"returnRateLimits": true}));
    let answer = socket.ask("account.status", loud).await;
    assert!(answer["status"] == 200 && answer.get("rateLimits").is_some(), "{answer}");
    // Slashes and colons are allowed in client ids; `urlencode` changes them before it signs.
    let mut params = order();
    params["newClientOrderId"] = json!("a/b:c");
    let mut encoded = signed(&venue.alice, params.clone());
    encoded.as_object_mut().unwrap().remove("signature");
    let text = super::payload(&encoded).replace('/', "%2F").replace(':', "%3A");
    encoded["signature"] = json!(crate::client::sign(&venue.alice.secret, &text));
    assert_eq!(socket.ask("order.place", encoded).await["status"], 200);
    params["newClientOrderId"] = json!("d/e:f");
    assert_eq!(socket.ask("order.place", signed(&venue.alice, params)).await["status"], 200);
}

#[tokio::test]
async fn whatever_is_wrong_gets_the_venues_error() {
    let venue = Venue::start().await;
    let mut socket = Socket::connect(venue.addr(), PATH).await;
    let seq = venue.seq();
    let mut forged = signed(&venue.alice, order());
    forged["price"] = json!("30001");
    let mut stale = order();
    stale["recvWindow"] = json!(60_000.5);
    let unknown_key =
        signed(&crate::client::Key { api_key: "x".repeat(64).into(), ..venue.alice.clone() }, order());
    for (method, params, status, code) in [
        ("order.place", forged, 400, -1022),
        ("order.place", order(), 401, -2014),
        ("order.place", unknown_key, 401, -2015),
        ("order.place", signed(&venue.alice, stale), 400, -1131),
        ("depth", json!({"symbol": "NOSUCH"}), 400, -1121),
        ("depth", json!({}), 400, -1102),
        ("ping", json!({"x": 1}), 400, -1101),
        ("no.such.method", json!({}), 400, -1020),
        ("userDataStream.subscribe", json!({}), 401, -1099),
        ("userDataStream.unsubscribe", json!({}), 400, -2036),
        ("session.logon", signed(&venue.alice, json!({})), 400, -4056),
    ] {
        let answer = socket.ask(method, params).await;
        assert_eq!((&answer["status"], &answer["error"]["code"]), (&json!(status), &json!(code)), "{answer}");
        assert!(answer["error"]["msg"].is_string() && answer.get("result").is_none());
    }
    for text in ["", "null", "[1]", "{\"id\":1", "\u{1}", &"{\"a\":".repeat(10_000)] {
        socket.send(text).await;
        assert_eq!(socket.answer(&Value::Null).await["error"]["code"], -1135, "{text}");
    }
    assert_eq!(venue.seq(), seq, "nothing of it changed anything");
}
