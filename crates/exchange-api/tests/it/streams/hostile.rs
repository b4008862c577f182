//! Whatever a client sends, it gets an error or a clean close, and others go on.

use futures_util::SinkExt;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use types::Side;

use crate::desk::{ALICE, BOB, limit};
use crate::socket::Socket;
use crate::venue::Venue;

fn frames() -> impl Strategy<Value = Message> {
    let names =
        prop_oneof![Just("btcusdt@trade".to_owned()), ".{0,200}", "[a-z!]{0,9}@[a-zA-Z_0-9@:+]{0,20}"];
    let id = prop_oneof![
        Just(json!(1)),
        Just(json!(null)),
        Just(json!({})),
        Just(json!(1e300)),
        ".{0,60}".prop_map(|t| json!(t))
    ];
    let method = prop_oneof![
        Just("SUBSCRIBE"),
        Just("UNSUBSCRIBE"),
        Just("SET_PROPERTY"),
        Just("GET_PROPERTY"),
        Just("X")
    ];
    let request = (method, proptest::collection::vec(names, 0..5), id)
        .prop_map(|(method, params, id)| json!({"method": method, "params": params, "id": id}).to_string());
    prop_oneof![
        4 => request.prop_map(Message::text),
        1 => ".{0,300}".prop_map(Message::text),
        1 => proptest::collection::vec(any::<u8>(), 0..300).prop_map(Message::binary),
        1 => (1_usize..30_000).prop_map(|depth| Message::text("[".repeat(depth))),
        1 => proptest::collection::vec(any::<u8>(), 0..125).prop_map(|bytes| Message::Ping(bytes.into())),
        1 => proptest::collection::vec(any::<u8>(), 0..125).prop_map(|bytes| Message::Pong(bytes.into())),
    ]
}

#[test]
fn random_frames_end_in_an_answer_or_a_clean_close() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    let venue = runtime.block_on(Venue::start());
    let config = ProptestConfig { cases: 64, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&proptest::collection::vec(frames(), 1..5), |frames| {
        runtime.block_on(async {
            for path in ["/ws", "/stream", "/ws-api/v3"] {
                let mut socket = Socket::connect(venue.addr(), path).await;
                for frame in &frames {
                    if socket.stream.send(frame.clone()).await.is_err() {
                        break;
                    }
                }
                let _ = socket.stream.close(None).await;
                let code = socket.closed().await;
                assert!(!matches!(code, Some(CloseCode::Error)), "{frames:?} broke the server");
            }
        });
        Ok(())
    });
    outcome.unwrap();
    runtime.block_on(async {
        let mut socket = Socket::connect(venue.addr(), "/ws").await;
        assert_eq!(socket.ask("LIST_SUBSCRIPTIONS", json!(null)).await["result"], json!([]));
    });
}

#[tokio::test]
async fn a_message_beyond_64_kib_closes_the_connection() {
    let venue = Venue::start().await;
    let mut socket = Socket::connect(venue.addr(), "/ws").await;
    // The server may close before all of it is written.
    let _ = socket.stream.send(Message::text(" ".repeat(64 * 1024 + 1))).await;
    assert!(matches!(socket.closed().await, Some(CloseCode::Size) | None));
}

#[tokio::test]
async fn a_request_that_is_no_handshake_gets_an_error() {
    let venue = Venue::start().await;
    for path in ["/ws", "/stream?streams=btcusdt@trade", "/ws-api/v3"] {
        let mut tcp = tokio::net::TcpStream::connect(venue.addr()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut tcp, &mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 4") && answer.contains("\"code\":"), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_is_closed_and_others_go_on() {
    let venue = Venue::start().await;
    let names =
        "/stream?streams=btcusdt@trade/btcusdt@aggTrade/btcusdt@depth@100ms/btcusdt@bookTicker/!bookTicker";
    let mut slow = Socket::connect_narrow(venue.addr(), names).await;
    slow.ask("LIST_SUBSCRIPTIONS", json!(null)).await;
    let mut quick = Socket::connect(venue.addr(), "/ws/btcusdt@trade").await;
    quick.ask("LIST_SUBSCRIPTIONS", json!(null)).await;
    let (reached, mut reader_at) = tokio::sync::watch::channel(0);
    let reader = async {
        let mut last = 0;
        // Ends with the trader, who lets the sender's other end go.
        while !reached.is_closed() {
            tokio::select! {
                trade = quick.next() => {
                    assert_eq!(trade["t"].as_u64().unwrap(), last + 1, "nothing is lost for those who read");
                    last += 1;
                    reached.send_replace(last);
                }
                () = reached.closed() => {}
            }
        }
    };
    let venue = &venue;
    let trader = async move {
        let mut trades = 0;
        // Each round fills one resting order by hundreds of small ones, until no socket buffer holds them.
        while venue.slow_sockets() == 0 {
            venue.limit(ALICE, &format!("m{trades}"), Side::Sell, "30000", "0.5").await.unwrap();
            let place = |n| {
                let order = limit(BOB, &format!("t{n}"), Side::Buy, "30000", "0.001");
                venue.handle.submit(types::Command::Place(order), None)
            };
            let orders: Vec<_> = (trades..trades + 500).map(place).collect();
            for order in orders {
                order.await.unwrap();
            }
            trades += 500;
            reader_at.wait_for(|at| *at == trades).await.unwrap();
        }
        drop(reader_at);
    };
    tokio::join!(reader, trader);
}
