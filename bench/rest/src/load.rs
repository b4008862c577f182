//! The load generator: connections that are kept alive, each sends one request and waits for its answer.
//!
//! Closed loop: the next request leaves when the answer is there; tells the throughput. Open loop: requests have planned
//! times and latency counts from the plan, so that a stall is seen by all who should have been sent meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Makes the bytes of the next request.
pub type Requests = Arc<dyn Fn() -> Vec<u8> + Send + Sync>;

/// What a run gave.
pub struct Outcome {
    pub per_second: f64,
    pub latency_ns: Histogram<u64>,
    /// Answers whose status was not 200.
    pub failed: u64,
}

/// Runs `connections` for `length`; with `per_second` the requests are planned, evenly spread over the connections.
pub async fn run(
    addr: SocketAddr,
    requests: Requests,
    connections: usize,
    length: Duration,
    per_second: Option<f64>,
) -> Outcome {
    let start = Instant::now() + Duration::from_millis(50);
    let tasks: Vec<_> = (0..connections)
        .map(|at| {
            let plan = per_second.map(|rate| {
                let gap = Duration::from_secs_f64(connections as f64 / rate);
                (start + gap.mul_f64(at as f64 / connections as f64), gap)
            });
            tokio::spawn(connection(addr, Arc::clone(&requests), start, length, plan))
        })
        .collect();
    let (mut latency_ns, mut failed) = (histogram(), 0);
    for task in tasks {
        let (part, part_failed) = task.await.expect("a connection's task ends");
        latency_ns.add(part).expect("histograms of one shape");
        failed += part_failed;
    }
    let per_second = latency_ns.len() as f64 / length.as_secs_f64();
    Outcome { per_second, latency_ns, failed }
}

pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(100, 60_000_000_000, 3).expect("bounds are in order")
}

async fn connection(
    addr: SocketAddr,
    requests: Requests,
    start: Instant,
    length: Duration,
    plan: Option<(Instant, Duration)>,
) -> (Histogram<u64>, u64) {
    let mut stream = TcpStream::connect(addr).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let (mut latency_ns, mut failed) = (histogram(), 0);
    let mut buffer = Vec::with_capacity(1 << 20);
    let mut planned = plan.map_or(start, |(first, _)| first);
    tokio::time::sleep_until(planned.into()).await;
    while start.elapsed() < length {
        let from = if plan.is_some() { planned } else { Instant::now() };
        stream.write_all(&requests()).await.expect("the server reads");
        if !answer(&mut stream, &mut buffer).await {
            failed += 1;
        }
        latency_ns.saturating_record(u64::try_from(from.elapsed().as_nanos()).unwrap_or(u64::MAX));
        if let Some((_, gap)) = plan {
            planned += gap;
            tokio::time::sleep_until(planned.into()).await;
        }
    }
    (latency_ns, failed)
}

/// Reads one answer; true if its status is 200.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> bool {
    buffer.clear();
    let mut whole = None;
    loop {
        let count = stream.read_buf(buffer).await.expect("the server answers");
        assert!(count > 0, "the server closed the connection");
        if whole.is_none() {
            whole = length(buffer);
        }
        if whole.is_some_and(|whole| buffer.len() >= whole) {
            return buffer.starts_with(b"HTTP/1.1 200");
        }
    }
}

/// Length of head and body, once the head is there.
fn length(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&buffer[..head]).expect("a head is text");
    let line = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    Some(head + line.expect("every answer has a length").expect("a number"))
}
