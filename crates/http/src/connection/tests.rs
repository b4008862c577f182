//! One connection against clients that are slow, large, silent or hostile. Time is virtual.

use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use super::*;
use crate::BodyError;
use crate::sample::Wire;

/// Answers by path: `/body` tells how its body was read, `/panic` panics, `/large` is 1 MB, `/slow` takes a second.
struct Echo;

impl Service for Echo {
    async fn call(self: Arc<Self>, mut request: Request) -> Response {
        let text = match request.path() {
            "/body" => match request.body().await {
                Ok(body) => String::from_utf8_lossy(&body).into_owned(),
                Err(BodyError::TooLarge) => "too large".into(),
                Err(BodyError::TimedOut) => "timed out".into(),
                Err(BodyError::Broken) => "broken".into(),
            },
            "/panic" => panic!("as asked"),
            "/large" => "x".repeat(1 << 20),
            "/slow" => {
                sleep(Duration::from_secs(1)).await;
                "slow".into()
            }
            path => path.to_owned(),
        };
        Response::new(crate::body::whole(Bytes::from(text)))
    }

    fn failed(&self) -> Response {
        let mut response = Response::new(crate::body::whole(Bytes::from_static(b"failed")));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    }
}

const ROOM: usize = 64 * 1024;

fn wire() -> Wire {
    Wire::serve(Echo, Limits::default(), ROOM)
}

#[tokio::test(start_paused = true)]
async fn requests_follow_each_other_on_one_connection() {
    let mut wire = wire();
    for path in ["/a", "/b"] {
        wire.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        assert!(wire.answer(path).await.starts_with("HTTP/1.1 200"));
    }
    assert_eq!(wire.counters.read().requests, 2);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_ends_the_connection_in_time() {
    let mut wire = wire();
    let start = Instant::now();
    for byte in "GET / HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".bytes() {
        if wire.io.write_all(&[byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_secs(1)).await;
    }
    wire.served.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 11, "10 s from the first byte, seen at the next write");
    assert_eq!(wire.counters.read().timed_out, 1);
    assert_eq!(wire.counters.read().requests, 0);
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_ends_also_between_requests() {
    let mut wire = wire();
    wire.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").await;
    wire.answer("/a").await;
    let start = Instant::now();
    assert_eq!(wire.rest().await, "");
    assert_eq!(start.elapsed(), Limits::default().idle_max);
    wire.served.await.unwrap();
    assert_eq!(wire.counters.read().timed_out, 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_long_is_not_cut_off() {
    let limits = Limits {
        idle_max: Duration::from_millis(10),
        head_read_max: Duration::from_millis(10),
        ..Limits::default()
    };
    let mut wire = Wire::serve(Echo, limits, ROOM);
    wire.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(wire.answer("slow").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn a_body_has_a_largest_size_and_a_longest_time() {
    let limits = Limits { body_len_max: 10, ..Limits::default() };
    for (request, want) in [
        ("Content-Length: 10\r\n\r\n1234567890", "1234567890"),
        ("Content-Length: 11\r\n\r\n12345678901", "too large"),
        // Announced is enough: nothing of it comes, and nobody waits for it.
        ("Content-Length: 11\r\n\r\n", "too large"),
        ("Transfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n", "too large"),
        ("Content-Length: 5\r\n\r\n123", "timed out"),
    ] {
        let mut wire = Wire::serve(Echo, limits.clone(), ROOM);
        wire.send(&format!("POST /body HTTP/1.1\r\nHost: x\r\n{request}")).await;
        assert!(wire.answer(want).await.starts_with("HTTP/1.1 200"), "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_dropped() {
    let mut wire = wire();
    wire.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let start = Instant::now();
    (&mut wire.served).await.unwrap();
    assert_eq!(start.elapsed(), Limits::default().write_stall_max);
    assert_eq!(wire.counters.read().timed_out, 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_gets_everything() {
    let mut wire = wire();
    wire.send("GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let mut count = 0;
    loop {
        let mut bytes = vec![0; ROOM];
        match wire.io.read(&mut bytes).await.unwrap() {
            0 => break,
            more => count += more,
        }
        sleep(Duration::from_secs(20)).await;
    }
    assert!(count > 1 << 20);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_answer_and_a_count() {
    let mut wire = wire();
    wire.send("GET /panic HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(wire.answer("failed").await.starts_with("HTTP/1.1 500"));
    wire.send("GET /after HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(wire.answer("/after").await.starts_with("HTTP/1.1 200"));
    assert_eq!(wire.counters.read().panics, 1);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_too_large_is_refused() {
    let mut wire = wire();
    let huge = "x".repeat(Limits::default().head_len_max);
    let _ = wire.io.write_all(format!("GET /{huge} HTTP/1.1\r\n").as_bytes()).await;
    let answer = wire.rest().await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert_eq!(wire.counters.read().requests, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_the_running_request_end_and_closes() {
    let mut wire = wire();
    wire.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    sleep(Duration::from_millis(500)).await;
    wire.stopper.stop();
    let answer = wire.rest().await;
    assert!(answer.ends_with("slow"), "{answer}");
    wire.served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_kill_ends_a_running_request() {
    let mut wire = wire();
    wire.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    sleep(Duration::from_millis(500)).await;
    wire.killer.stop();
    assert_eq!(wire.rest().await, "");
    wire.served.await.unwrap();
}
