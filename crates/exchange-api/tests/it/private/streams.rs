//! Private events: to their owner only (F1), in the order of the journal, until the key is gone.

use serde_json::{Value, json};
use types::{Command, Money, Side};

use super::{follow, signed};
use crate::desk::{ALICE, BOB};
use crate::socket::Socket;
use crate::venue::Venue;

/// A user stream by listen key, on `/ws/<key>`.
async fn by_listen_key(venue: &Venue) -> (Socket, String) {
    let client = venue.client();
    let headers = [("X-MBX-APIKEY", &*venue.alice.api_key)];
    let opened = client.send("POST", "/api/v3/userDataStream", &headers, "").await.ok();
    let key = opened["listenKey"].as_str().unwrap().to_owned();
    let mut socket = Socket::connect(venue.addr(), &format!("/ws/{key}")).await;
    assert_eq!(socket.ask("LIST_SUBSCRIPTIONS", json!(null)).await["result"], json!([key]));
    (socket, key)
}

/// Alice's bid is filled by bob in two parts and the rest cancelled.
async fn trade(venue: &Venue) {
    venue.limit(ALICE, "bid", Side::Buy, "30000", "3").await.unwrap();
    venue.limit(BOB, "s1", Side::Sell, "30000", "1").await.unwrap();
    venue.limit(BOB, "s2", Side::Sell, "30000", "1").await.unwrap();
    venue.cancel(ALICE, "bid").await.unwrap();
}

fn summary(event: &Value) -> String {
    let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
    match event["e"].as_str() {
        Some("executionReport") => format!("{} {} {}", text("x"), text("X"), text("z")),
        Some("outboundAccountPosition") => {
            let assets = event["B"].as_array().unwrap().iter().map(|b| b["a"].as_str().unwrap());
            format!("position {}", assets.collect::<Vec<_>>().join(" "))
        }
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn an_owner_sees_everything_in_order_and_nobody_else_anything() {
    let venue = Venue::start().await;
    let mut alice = Socket::connect(venue.addr(), "/ws-api/v3").await;
    let mut bob = Socket::connect(venue.addr(), "/ws-api/v3").await;
    let (alice_id, bob_id) = (follow(&mut alice, &venue.alice).await, follow(&mut bob, &venue.bob).await);
    let (mut legacy, _) = by_listen_key(&venue).await;
    trade(&venue).await;
    let mut told = Vec::new();
    let mut told_legacy = Vec::new();
    while told.last().is_none_or(|last: &String| !last.starts_with("CANCELED")) {
        let message = alice.next().await;
        assert_eq!(message["subscriptionId"], json!(alice_id));
        let event = &message["event"];
        if event["e"] == "executionReport" {
            assert!(["bid", "the-cancel"].contains(&event["c"].as_str().unwrap()), "bob's order: {event}");
        }
        told.push(summary(event));
        let bare = legacy.next().await;
        assert_eq!(bare, *event, "both ways tell the same");
        told_legacy.push(summary(&bare));
    }
    assert_eq!(
        told,
        [
            "NEW NEW 0.00000000",
            "position USDT",
            "TRADE PARTIALLY_FILLED 1.00000000",
            "position USDT BTC",
            "TRADE PARTIALLY_FILLED 2.00000000",
            "position USDT BTC",
            "CANCELED CANCELED 2.00000000"
        ]
        .map(str::to_owned)
    );
    let mut seen = Vec::new();
    while seen.len() < 6 {
        let message = bob.next().await;
        assert_eq!(message["subscriptionId"], json!(bob_id));
        seen.push(summary(&message["event"]));
        assert_ne!(message["event"]["c"], json!("bid"), "alice's order");
    }
    assert_eq!(seen[0], "NEW NEW 0.00000000");
    assert!(seen.iter().any(|event| event == "TRADE FILLED 1.00000000"), "{seen:?}");
}

#[tokio::test]
async fn money_from_outside_is_told() {
    let venue = Venue::start().await;
    let mut alice = Socket::connect(venue.addr(), "/ws-api/v3").await;
    follow(&mut alice, &venue.alice).await;
    let asset = venue.handle.view().catalog().asset_by_code("USDT").unwrap().id;
    let deposit = Command::Deposit { account: ALICE, asset, amount: Money(150_000_000) };
    venue.handle.submit(deposit, None).await.unwrap();
    let update = alice.next().await["event"].clone();
    assert_eq!((&update["e"], &update["a"]), (&json!("balanceUpdate"), &json!("USDT")));
    assert_eq!(update["d"], json!("1.50000000"));
    let position = alice.next().await["event"].clone();
    assert_eq!(position["e"], json!("outboundAccountPosition"));
    assert_eq!(position["B"], json!([{"a": "USDT", "f": "1000001.50000000", "l": "0.00000000"}]));
}

#[tokio::test]
async fn an_order_list_is_told_with_its_orders() {
    let venue = Venue::start().await;
    venue.limit(BOB, "b", Side::Buy, "29000", "1").await.unwrap();
    venue.limit(BOB, "a", Side::Sell, "31000", "1").await.unwrap();
    venue.limit(ALICE, "t", Side::Buy, "31000", "0.1").await.unwrap();
    let mut alice = Socket::connect(venue.addr(), "/ws-api/v3").await;
    follow(&mut alice, &venue.alice).await;
    let oco = json!({"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.1", "aboveType": "LIMIT_MAKER",
        "abovePrice": "35000", "belowType": "STOP_LOSS", "belowStopPrice": "28000", "listClientOrderId": "oco-1"});
    let placed = alice.ask("orderList.place.oco", signed(&venue.alice, oco)).await;
    assert_eq!(placed["status"], 200, "{placed}");
    let list = alice.until(|message| message["event"]["e"] == json!("listStatus")).await["event"].clone();
    for (key, want) in [
        ("s", json!("BTCUSDT")),
        ("c", json!("OCO")),
        ("l", json!("EXEC_STARTED")),
        ("L", json!("EXECUTING")),
        ("r", json!("NONE")),
        ("C", json!("oco-1")),
    ] {
        assert_eq!(list[key], want, "{key}");
    }
    assert_eq!(list["O"].as_array().map(Vec::len), Some(2));
    let less = json!({"symbol": "BTCUSDT", "orderId": list["O"][0]["i"], "newQty": "0.05",
        "newClientOrderId": "smaller"});
    let amended = alice.ask("order.amend.keepPriority", signed(&venue.alice, less)).await;
    assert_eq!(amended["status"], 200, "{amended}");
    assert_eq!(amended["result"]["amendedOrder"]["orderListId"], list["g"]);
    assert_eq!(amended["result"]["listStatus"]["listClientOrderId"], json!("oco-1"));
    let updated = alice.until(|message| message["event"]["e"] == json!("listStatus")).await["event"].clone();
    assert_eq!((&updated["l"], &updated["L"]), (&json!("UPDATED"), &json!("EXECUTING")));
    assert_eq!(
        updated["O"].as_array().map(|o| o.iter().any(|o| o["c"] == "smaller")),
        Some(true),
        "{updated}"
    );
    let id = json!({"symbol": "BTCUSDT", "orderListId": list["g"]});
    assert_eq!(alice.ask("orderList.cancel", signed(&venue.alice, id)).await["status"], 200);
    let done = |message: &Value| message["event"]["l"] == json!("ALL_DONE");
    assert_eq!(alice.until(done).await["event"]["g"], list["g"]);
}

/// What the account is told, in short, until `last` fits: `list L`, or client id, type and status of an order.
async fn told_until(socket: &mut Socket, last: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        let event = socket.next().await["event"].clone();
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        match event["e"].as_str() {
            Some("listStatus") => told.push(format!("list {}", text("l"))),
            Some("executionReport") => {
                let id = if text("C").is_empty() { text("c") } else { text("C") };
                told.push(format!("{id} {} {}", text("x"), text("X")));
            }
            _ => {}
        }
        if last(&event) {
            return told;
        }
    }
}

/// Trades one lot at a price between others, so that the last price is there.
async fn print(venue: &Venue, price: &str, n: u32) {
    venue.limit(BOB, &format!("pb{n}"), Side::Buy, price, "0.01").await.unwrap();
    venue.limit(BOB, &format!("ps{n}"), Side::Sell, price, "0.01").await.unwrap();
}

#[tokio::test]
async fn an_oco_tells_its_life_until_the_other_leg_is_gone() {
    let venue = Venue::start().await;
    print(&venue, "30000", 0).await;
    let mut alice = Socket::connect(venue.addr(), "/ws-api/v3").await;
    follow(&mut alice, &venue.alice).await;
    let oco = json!({"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.1", "aboveType": "LIMIT_MAKER",
        "abovePrice": "35000", "aboveClientOrderId": "above", "belowType": "STOP_LOSS", "belowStopPrice": "28000",
        "belowClientOrderId": "below"});
    let placed = alice.ask("orderList.place.oco", signed(&venue.alice, oco)).await;
    assert_eq!(placed["status"], 200, "{placed}");
    venue.limit(BOB, "buy", Side::Buy, "35000", "0.1").await.unwrap();
    let told = told_until(&mut alice, |event| event["l"] == json!("ALL_DONE")).await;
    let at = |what: &str| {
        told.iter().position(|line| line == what).unwrap_or_else(|| panic!("{what} is not in {told:?}"))
    };
    assert!(at("list EXEC_STARTED") < at("list ALL_DONE"), "{told:?}");
    assert!(
        at("above NEW NEW") < at("above TRADE FILLED") && at("below NEW NEW") < at("below EXPIRED EXPIRED")
    );
    assert_eq!(told.len(), 6, "{told:?}");
    venue.stop().await;
}

#[tokio::test]
async fn an_oto_tells_when_its_pending_order_works() {
    let venue = Venue::start().await;
    print(&venue, "30000", 0).await;
    let mut alice = Socket::connect(venue.addr(), "/ws-api/v3").await;
    follow(&mut alice, &venue.alice).await;
    let oto = json!({"symbol": "BTCUSDT", "workingType": "LIMIT", "workingSide": "BUY", "workingPrice": "29000",
        "workingQuantity": "0.1", "workingTimeInForce": "GTC", "workingClientOrderId": "first",
        "pendingType": "LIMIT", "pendingSide": "SELL", "pendingPrice": "31000", "pendingQuantity": "0.05",
        "pendingTimeInForce": "GTC", "pendingClientOrderId": "second"});
    let placed = alice.ask("orderList.place.oto", signed(&venue.alice, oto)).await;
    assert_eq!(placed["status"], 200, "{placed}");
    venue.limit(BOB, "sell", Side::Sell, "29000", "0.1").await.unwrap();
    venue.limit(BOB, "buy", Side::Buy, "31000", "0.05").await.unwrap();
    let told = told_until(&mut alice, |event| event["l"] == json!("ALL_DONE")).await;
    let at = |what: &str| {
        told.iter().position(|line| line == what).unwrap_or_else(|| panic!("{what} is not in {told:?}"))
    };
    assert!(at("second NEW PENDING_NEW") < at("first TRADE FILLED"), "{told:?}");
    assert!(at("first TRADE FILLED") < at("second NEW NEW"), "{told:?}");
    assert!(at("second NEW NEW") < at("second TRADE FILLED"), "{told:?}");
    assert!(at("list EXEC_STARTED") < at("list ALL_DONE"), "{told:?}");
    venue.stop().await;
}

#[tokio::test]
async fn a_trailing_stop_tells_when_it_follows_and_when_it_fires() {
    let venue = Venue::start().await;
    print(&venue, "30000", 0).await;
    venue.limit(BOB, "bid", Side::Buy, "29000", "1").await.unwrap();
    let mut alice = Socket::connect(venue.addr(), "/ws-api/v3").await;
    follow(&mut alice, &venue.alice).await;
    let order = json!({"symbol": "BTCUSDT", "side": "SELL", "type": "TAKE_PROFIT", "quantity": "0.1",
        "stopPrice": "31000", "trailingDelta": 100, "newClientOrderId": "trail"});
    let placed = alice.ask("order.place", signed(&venue.alice, order)).await;
    assert_eq!(placed["status"], 200, "{placed}");
    let accepted = alice.until(|message| message["event"]["c"] == json!("trail")).await["event"].clone();
    assert_eq!((&accepted["x"], &accepted["d"], &accepted["w"]), (&json!("NEW"), &json!(100), &json!(false)));
    assert_eq!(accepted["D"], Value::Null, "it does not follow yet");
    print(&venue, "31500", 1).await;
    let follows = alice.until(|message| message["event"]["c"] == json!("trail")).await["event"].clone();
    assert!(follows["D"].is_u64(), "{follows}");
    // More than one percent below the best price since.
    print(&venue, "31000", 2).await;
    let told = told_until(&mut alice, |event| event["X"] == json!("FILLED")).await;
    assert_eq!(told.last().map(String::as_str), Some("trail TRADE FILLED"), "{told:?}");
    venue.stop().await;
}

#[tokio::test]
async fn a_revoked_key_loses_its_streams_at_once() {
    let venue = Venue::start().await;
    let mut alice = Socket::connect(venue.addr(), "/ws-api/v3").await;
    follow(&mut alice, &venue.alice).await;
    let (mut legacy, key) = by_listen_key(&venue).await;
    assert!(venue.handle.keys().revoke(&venue.alice.api_key).unwrap());
    trade(&venue).await;
    // The very next message is the last one: nothing of the trade.
    assert_eq!(alice.next().await["event"]["e"], json!("eventStreamTerminated"));
    let expired = legacy.next().await;
    assert_eq!((&expired["e"], &expired["listenKey"]), (&json!("listenKeyExpired"), &json!(key)));
}

#[tokio::test]
async fn a_listen_key_can_be_subscribed_wrapped_renewed_and_closed() {
    let venue = Venue::start().await;
    let (_, key) = by_listen_key(&venue).await;
    let mut socket = Socket::connect(venue.addr(), "/stream").await;
    assert_eq!(socket.ask("SUBSCRIBE", json!([key])).await["result"], json!(null));
    venue.limit(ALICE, "bid", Side::Buy, "30000", "1").await.unwrap();
    let told = socket.next().await;
    assert_eq!((&told["stream"], &told["data"]["e"]), (&json!(key), &json!("executionReport")));
    let client = venue.client();
    let target = format!("/api/v3/userDataStream?listenKey={key}");
    let headers = [("X-MBX-APIKEY", &*venue.alice.api_key)];
    assert_eq!(client.send("PUT", &target, &headers, "").await.ok(), json!({}));
    let strangers = [("X-MBX-APIKEY", &*venue.bob.api_key)];
    assert_eq!(client.send("DELETE", &target, &strangers, "").await.refusal(), (400, -1125));
    assert_eq!(client.send("DELETE", &target, &headers, "").await.ok(), json!({}));
    socket.until(|message| message["data"]["e"] == json!("listenKeyExpired")).await;
}
