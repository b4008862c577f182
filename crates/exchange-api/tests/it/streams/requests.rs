//! SUBSCRIBE and its like, limits and closes.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use types::Side;

use crate::desk::ALICE;
use crate::socket::Socket;
use crate::venue::Venue;

#[tokio::test]
async fn any_path_under_ws_accepts_subscriptions_and_answers_with_the_same_id() {
    let venue = Venue::start().await;
    for path in ["/ws", "/ws/", "/ws/0", "/ws/anything", "/stream", "/stream?streams="] {
        let mut socket = Socket::connect(venue.addr(), path).await;
        assert_eq!(socket.ask("LIST_SUBSCRIPTIONS", json!(null)).await["result"], json!([]), "{path}");
        for id in [json!(7), json!("a-b"), Value::Null] {
            let request = json!({"method": "SUBSCRIBE", "params": ["btcusdt@depth"], "id": id});
            socket.send(request.to_string()).await;
            assert_eq!(socket.answer(&id).await, json!({"result": null, "id": id}), "{path}");
        }
        let listed = socket.ask("LIST_SUBSCRIPTIONS", json!(null)).await;
        assert_eq!(listed["result"], json!(["btcusdt@depth"]), "{path}");
    }
}

#[tokio::test]
async fn streams_come_and_go_and_wrapping_can_be_switched() {
    let venue = Venue::start().await;
    let maker = ALICE;
    let mut socket = Socket::connect(venue.addr(), "/ws/btcusdt@bookTicker").await;
    assert_eq!(socket.ask("GET_PROPERTY", json!(["combined"])).await["result"], json!(false));
    venue.limit(maker, "a", Side::Buy, "10000", "1").await.unwrap();
    let raw = socket.until(|message| message["b"] == json!("10000.00000000")).await;
    assert!(raw.get("stream").is_none());
    assert_eq!(socket.ask("SET_PROPERTY", json!(["combined", true])).await["result"], json!(null));
    venue.limit(maker, "b", Side::Buy, "10001", "1").await.unwrap();
    let wrapped = socket.until(|message| message["data"]["b"] == json!("10001.00000000")).await;
    assert_eq!(wrapped["stream"], "btcusdt@bookTicker");
    assert_eq!(
        socket.ask("UNSUBSCRIBE", json!(["btcusdt@bookTicker", "nosuch"])).await["result"],
        json!(null)
    );
    // What comes after the answer would be told; nothing is but the answer to the next request.
    venue.limit(maker, "c", Side::Buy, "10002", "1").await.unwrap();
    assert_eq!(socket.ask("LIST_SUBSCRIPTIONS", json!(null)).await["result"], json!([]));
    let mut later = Socket::connect(venue.addr(), "/ws/btcusdt@bookTicker").await;
    later.until(|message| message["b"] == json!("10002.00000000")).await;
}

#[tokio::test]
async fn errors_are_the_venues() {
    let venue = Venue::start().await;
    let mut socket = Socket::connect(venue.addr(), "/ws").await;
    for (text, code) in [
        ("{", 3),
        (r#"{"method":"NOSUCH","id":1}"#, 2),
        (r#"{"method":"SET_PROPERTY","params":["x",true],"id":1}"#, 0),
        (r#"{"method":"SET_PROPERTY","params":["combined",1],"id":1}"#, 1),
    ] {
        socket.send(text).await;
        assert_eq!(socket.next().await["code"], json!(code), "{text}");
    }
}

#[tokio::test]
async fn a_connection_follows_1024_streams_and_no_more() {
    let venue = Venue::start().await;
    let mut socket = Socket::connect(venue.addr(), "/ws").await;
    let names: Vec<String> = (0..1024).map(|n| format!("x{n}@trade")).collect();
    assert_eq!(socket.ask("SUBSCRIBE", json!(names)).await["result"], json!(null));
    assert_eq!(socket.ask("SUBSCRIBE", json!(["btcusdt@trade"])).await["code"], json!(2));
    assert_eq!(socket.ask("SUBSCRIBE", json!(["x5@trade"])).await["result"], json!(null), "known already");
    socket.ask("UNSUBSCRIBE", json!(["x5@trade"])).await;
    assert_eq!(socket.ask("SUBSCRIBE", json!(["btcusdt@trade"])).await["result"], json!(null));
}

#[tokio::test]
async fn a_client_that_talks_too_much_is_closed() {
    let venue = Venue::start().await;
    let mut socket = Socket::connect(venue.addr(), "/ws").await;
    for _ in 0..20 {
        let text = Message::text(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#);
        // The server may have closed already.
        let _ = futures_util::SinkExt::send(&mut socket.stream, text).await;
    }
    assert_eq!(socket.closed().await, Some(CloseCode::Policy));
}

#[tokio::test]
async fn everybody_is_told_when_the_server_goes_down() {
    let venue = Venue::start().await;
    let mut socket = Socket::connect(venue.addr(), "/ws/btcusdt@trade").await;
    socket.ask("LIST_SUBSCRIPTIONS", json!(null)).await;
    venue.stopper.stop();
    let told = socket.next().await;
    assert_eq!(told["e"], "serverShutdown");
    assert!(told["E"].is_i64());
    assert_eq!(socket.closed().await, Some(CloseCode::Away));
}
