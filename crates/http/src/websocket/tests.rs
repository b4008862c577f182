//! WebSockets against clients that are slow, silent, large or wrong. Time is virtual.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::*;
use crate::sample::Wire;
use crate::{Counters, Limits, Service, Stopper};

const GOOD: &str = "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n";
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// "Hello" as RFC 7692 §7.2.3.1 has it.
const HELLO_DEFLATED: &[u8] = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

/// What `keep` kept.
static KEPT: std::sync::Mutex<Option<Outbox>> = std::sync::Mutex::new(None);

/// Answers each text with itself. `deflated` is answered with [`HELLO_DEFLATED`]. `flood` is answered with 1,000 kilobytes at once, `end` and `panic` do what they say,
/// `bye` closes with a reason after one more message.
struct Echo(Policy);

impl Service for Echo {
    async fn call(self: Arc<Self>, request: Request) -> Response {
        accept(request, self.0.clone(), |mut inbox, outbox| async move {
            while let Some(text) = inbox.receive().await {
                match text.as_str() {
                    "deflated" => {
                        assert!(outbox.deflates());
                        outbox.send_payload(Payload::DeflatedText(HELLO_DEFLATED.into())).await.unwrap();
                    }
                    "now" => {
                        // More than the pipe takes: the rest is written behind, and nothing comes in front of it.
                        assert!(outbox.put_now(&Payload::Text("n".repeat(100_000).into())));
                        assert!(!outbox.put_now(&Payload::Text("not yet".into())));
                        outbox.send("behind".into()).await.unwrap();
                        assert!(!outbox.put_now(&Payload::Text("not yet".into())));
                    }
                    "keep" => *KEPT.lock().unwrap() = Some(outbox.clone()),
                    "end" => return,
                    "panic" => panic!("as asked"),
                    "flood" => (0..1_000).for_each(|_| {
                        let _ = outbox.offer("x".repeat(1_000).into());
                    }),
                    "bye" => {
                        outbox.offer("last".into()).unwrap();
                        outbox.close(CloseCode::Policy, "enough");
                    }
                    _ => outbox.send(text).await.unwrap(),
                }
            }
        })
        .unwrap()
    }

    fn failed(&self) -> Response {
        Response::new(crate::body::whole(""))
    }
}

struct Socket {
    stream: WebSocketStream<DuplexStream>,
    counters: Arc<Counters>,
    stopper: Stopper,
    _killer: Stopper,
}

async fn connect(policy: Policy) -> Socket {
    let wire = Wire::serve(Echo(policy), Limits::default(), 4_096);
    let (stream, _) = client_async("ws://localhost/", wire.io).await.unwrap();
    Socket { stream, counters: wire.counters, stopper: wire.stopper, _killer: wire.killer }
}

impl Socket {
    /// The next text, or the close code.
    async fn next(&mut self) -> Result<String, u16> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn send(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn texts_go_both_ways() {
    let mut socket = connect(Policy::default()).await;
    for text in ["a", "ü", ""] {
        socket.send(text).await;
        assert_eq!(socket.next().await, Ok(text.to_owned()));
    }
    socket.stream.send(Message::binary("also text")).await.unwrap();
    assert_eq!(socket.next().await, Ok("also text".to_owned()));
    assert_eq!(socket.counters.read().sockets, 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_as_its_handler_does() {
    for (text, code) in [("end", 1000), ("panic", 1011)] {
        let mut socket = connect(Policy::default()).await;
        socket.send(text).await;
        assert_eq!(socket.next().await, Err(code), "{text}");
    }
    let mut socket = connect(Policy::default()).await;
    socket.send("bye").await;
    assert_eq!(socket.next().await, Ok("last".to_owned()));
    assert_eq!(socket.next().await, Err(1008));
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_is_answered() {
    let mut socket = connect(Policy::default()).await;
    let frame = CloseFrame { code: CloseCode::Normal, reason: "done".into() };
    socket.stream.send(Message::Close(Some(frame))).await.unwrap();
    assert_eq!(socket.next().await, Err(1000));
    assert!(!matches!(socket.stream.next().await, Some(Ok(_))));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_large_or_no_text_ends_the_connection() {
    let mut socket = connect(Policy::default()).await;
    let _ = socket.stream.send(Message::text("x".repeat(64 * 1024 + 1))).await;
    assert_eq!(socket.next().await, Err(1009));
    let mut socket = connect(Policy::default()).await;
    let bytes = Frame::message(vec![0xff, 0xfe], OpCode::Data(Data::Text), true);
    socket.stream.send(Message::Frame(bytes)).await.unwrap();
    assert_eq!(socket.next().await, Err(1007));
    let mut socket = connect(Policy::default()).await;
    socket.stream.send(Message::binary(vec![0xff])).await.unwrap();
    assert_eq!(socket.next().await, Err(1007));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_keep_up_is_told_and_dropped() {
    let policy = Policy { outbox_bytes_max: 100_000, ..Policy::default() };
    let mut socket = connect(policy).await;
    socket.send("flood").await;
    // It reads, so it learns why.
    let mut texts = 0;
    let code = loop {
        match socket.next().await {
            Ok(_) => texts += 1,
            Err(code) => break code,
        }
    };
    assert_eq!(code, 1013);
    assert!(texts <= 100, "{texts}");
    assert_eq!(socket.counters.read().slow_sockets, 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_dropped_by_the_clock() {
    let mut socket = connect(Policy { silence_max: Duration::from_secs(3_600), ..Policy::default() }).await;
    // 1 MB fits the outbox but not the pipe.
    socket.send("flood").await;
    let start = Instant::now();
    sleep(Limits::default().write_stall_max + Duration::from_secs(5)).await;
    let last = loop {
        match socket.stream.next().await {
            Some(Ok(_)) => {}
            other => break other,
        }
    };
    assert!(!matches!(last, Some(Ok(_))));
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_client_is_pinged_and_a_silent_one_dropped() {
    let wire = Wire::serve(Echo(Policy::default()), Limits::default(), 4_096);
    let (mut stream, _) = client_async("ws://localhost/", wire.io).await.unwrap();
    let start = Instant::now();
    // Reading answers pings.
    for round in 1..=5 {
        assert!(matches!(stream.next().await, Some(Ok(Message::Ping(_)))));
        assert_eq!(start.elapsed().as_secs(), round * 20);
        stream.flush().await.unwrap();
    }
    // A client that answers no ping hears from us until it is given up.
    let mut wire = Wire::serve(Echo(Policy::default()), Limits::default(), 4_096);
    let start = Instant::now();
    wire.send(&format!("GET / HTTP/1.1\r\nHost: x\r\n{GOOD}Sec-WebSocket-Version: 13\r\n{KEY}\r\n")).await;
    let everything = wire.rest().await;
    assert!(everything.ends_with("no answer to pings"), "{everything:?}");
    // Three pings, the third one finds a minute of silence; then the time for a goodbye.
    assert_eq!(start.elapsed().as_secs(), 62);
}

#[tokio::test(start_paused = true)]
async fn a_stop_and_old_age_end_a_connection() {
    let mut socket = connect(Policy::default()).await;
    socket.send("a").await;
    assert_eq!(socket.next().await, Ok("a".to_owned()));
    socket.stopper.stop();
    assert_eq!(socket.next().await, Err(1001));
    let mut socket = connect(Policy { life_max: Duration::from_secs(30), ..Policy::default() }).await;
    let start = Instant::now();
    assert_eq!(socket.next().await, Err(1001));
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_none_is_told_apart() {
    struct Check;
    impl Service for Check {
        async fn call(self: Arc<Self>, request: Request) -> Response {
            let verdict = match accept(request, Policy::default(), |_, _| async {}) {
                Ok(_) => "accepted",
                Err(HandshakeError::NotAsked) => "not asked",
                Err(HandshakeError::Invalid) => "invalid",
            };
            Response::new(crate::body::whole(Bytes::from_static(verdict.as_bytes())))
        }
        fn failed(&self) -> Response {
            Response::new(crate::body::whole(""))
        }
    }
    for (head, want) in [
        (format!("{GOOD}Sec-WebSocket-Version: 13\r\n{KEY}"), "accepted"),
        (String::new(), "not asked"),
        (format!("{GOOD}Sec-WebSocket-Version: 8\r\n{KEY}"), "invalid"),
        (format!("{GOOD}Sec-WebSocket-Version: 13\r\n"), "invalid"),
        (format!("{GOOD}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n"), "invalid"),
        (format!("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n{KEY}"), "invalid"),
    ] {
        let mut wire = Wire::serve(Check, Limits::default(), 4_096);
        wire.send(&format!("GET / HTTP/1.1\r\nHost: x\r\n{head}\r\n")).await;
        wire.answer(want).await;
    }
}

#[tokio::test(start_paused = true)]
async fn deflated_messages_go_both_ways_where_both_agreed() {
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let head = format!("GET / HTTP/1.1\r\nHost: x\r\n{GOOD}Sec-WebSocket-Version: 13\r\n{KEY}{offer}\r\n");
    let mut wire = Wire::serve(Echo(Policy { deflate: true, ..Policy::default() }), Limits::default(), 4_096);
    wire.send(&head).await;
    let answer = wire.answer("\r\n\r\n").await.to_lowercase();
    let agreed = "sec-websocket-extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    assert!(answer.contains(agreed), "{answer}");
    // Masked with zeros. "Hello" deflated comes back as it is; a deflated answer has its bit.
    let (deflated, plain) =
        ([&[0xc1, 0x87, 0, 0, 0, 0], HELLO_DEFLATED].concat(), b"\x81\x88\0\0\0\0deflated");
    for (said, want) in
        [(&deflated[..], &b"\x81\x05Hello"[..]), (plain, &[&[0xc1, 7], HELLO_DEFLATED].concat())]
    {
        wire.io.write_all(said).await.unwrap();
        let mut heard = vec![0; want.len()];
        wire.io.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, want);
    }
    // Whom it is not offered to does not get it, and who does not offer it neither.
    let mut wire = Wire::serve(Echo(Policy::default()), Limits::default(), 4_096);
    wire.send(&head).await;
    assert!(!wire.answer("\r\n\r\n").await.to_lowercase().contains("extensions"));
    wire.io.write_all(&deflated).await.unwrap();
    let mut heard = [0; 4];
    wire.io.read_exact(&mut heard).await.unwrap();
    assert_eq!((heard[0], u16::from_be_bytes([heard[2], heard[3]])), (0x88, 1002));
}

#[tokio::test(start_paused = true)]
async fn a_message_written_at_once_comes_whole_and_what_is_queued_comes_behind_it() {
    let mut socket = connect(Policy::default()).await;
    for _ in 0..3 {
        socket.stream.send(Message::text("now")).await.unwrap();
        assert_eq!(socket.stream.next().await.unwrap().unwrap(), Message::text("n".repeat(100_000)));
        assert_eq!(socket.stream.next().await.unwrap().unwrap(), Message::text("behind"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_outbox_that_outlives_its_connection_holds_no_socket_and_writes_nothing() {
    let mut socket = connect(Policy::default()).await;
    socket.send("keep").await;
    socket.send("end").await;
    assert_eq!(socket.next().await, Err(1000));
    // The end of the bytes, not only of the messages: the socket itself is gone.
    assert!(socket.stream.next().await.is_none());
    let kept = KEPT.lock().unwrap().take().unwrap();
    assert!(!kept.put_now(&Payload::Text("late".into())));
    assert!(kept.is_closed());
}
