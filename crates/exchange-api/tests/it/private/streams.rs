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
    let id = json!({"symbol": "BTCUSDT", "orderListId": list["g"]});
    assert_eq!(alice.ask("orderList.cancel", signed(&venue.alice, id)).await["status"], 200);
    let done = |message: &Value| message["event"]["l"] == json!("ALL_DONE");
    assert_eq!(alice.until(done).await["event"]["g"], list["g"]);
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
