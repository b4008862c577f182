//! `cargo run --release -- [SECONDS] [DIRECTORY]`: each line of the report is one run of SECONDS (5). The exchange keeps its
//! journal in a fresh folder of DIRECTORY (`.`), whose disk is what durable orders wait for.

mod load;
mod venue;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use exchange_host::Durability;
use hdrhistogram::Histogram;

use load::{Outcome, Requests, histogram, run};

/// Connections of the loops that measure throughput.
const MANY: usize = 16;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let seconds = args.next().and_then(|text| text.parse().ok()).unwrap_or(5.0);
    let length = Duration::from_secs_f64(seconds);
    let root = args.next().unwrap_or_else(|| ".".to_owned());
    println!("| what | loop | connections | per second | p50 us | p99 us | p99.9 us | not 200 |");
    println!("|---|---|---|---|---|---|---|---|");
    reads(length, Path::new(&root)).await;
    orders(length, Path::new(&root)).await;
}

async fn reads(length: Duration, root: &Path) {
    let dir = tempfile::tempdir_in(root).expect("a folder");
    let venue = venue::venue(dir.path(), Durability::Buffered).await;
    let small = venue::hello(Bytes::from_static(b"{}")).await;
    // As long as the depth below, so that the bytes moved are the same.
    let large = venue::hello(Bytes::from(vec![b'x'; 8 * 1024])).await;
    for (name, addr, target) in [
        ("bare hyper, 2 bytes", small, "/"),
        ("bare hyper, 8 KB", large, "/"),
        ("GET ping", venue.addr, "/api/v3/ping"),
        ("GET depth, 100 levels", venue.addr, "/api/v3/depth?symbol=BTCUSDT&limit=100"),
        ("GET ticker/24hr", venue.addr, "/api/v3/ticker/24hr?symbol=BTCUSDT"),
        ("GET ticker/price", venue.addr, "/api/v3/ticker/price?symbol=BTCUSDT"),
        ("GET bookTicker, all", venue.addr, "/api/v3/ticker/bookTicker"),
    ] {
        both(name, addr, venue::get(target), length).await;
    }
}

/// Closed loop for the throughput, then an open one at half of it for the latency.
async fn both(name: &str, addr: std::net::SocketAddr, requests: Requests, length: Duration) {
    let closed = run(addr, requests.clone(), MANY, length, None).await;
    report(name, "closed", MANY, &closed);
    let open = run(addr, requests, MANY, length, Some(closed.per_second / 2.0)).await;
    report(name, "open, half", MANY, &open);
}

async fn orders(length: Duration, root: &Path) {
    let dir = tempfile::tempdir_in(root).expect("a folder");
    raw_sync(length, dir.path());
    let venue = venue::venue(dir.path(), Durability::Fsync).await;
    for connections in [1, MANY, 64] {
        let outcome = run(venue.addr, venue.orders(), connections, length, None).await;
        report("POST order, durable", "closed", connections, &outcome);
    }
    raw_sync(length, dir.path());
    let dir = tempfile::tempdir_in(root).expect("a folder");
    let venue = venue::venue(dir.path(), Durability::Buffered).await;
    for connections in [1, MANY] {
        let outcome = run(venue.addr, venue.orders(), connections, length, None).await;
        report("POST order, buffered", "closed", connections, &outcome);
    }
}

/// What the disk itself needs: append 4 KB, fdatasync.
fn raw_sync(length: Duration, dir: &Path) {
    let mut file = File::create(dir.join("raw")).expect("a file");
    file.set_len(64 << 20).expect("room");
    file.sync_all().expect("a sync");
    let (start, mut latency_ns) = (Instant::now(), histogram());
    while start.elapsed() < length {
        let from = Instant::now();
        file.write_all(&[7; 4096]).expect("a write");
        file.sync_data().expect("a sync");
        latency_ns.saturating_record(u64::try_from(from.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    let per_second = latency_ns.len() as f64 / length.as_secs_f64();
    report("raw write + fdatasync, 4 KB", "closed", 1, &Outcome { per_second, latency_ns, failed: 0 });
}

fn report(name: &str, kind: &str, connections: usize, outcome: &Outcome) {
    let us = |histogram: &Histogram<u64>, q: f64| histogram.value_at_quantile(q) / 1_000;
    let latency = &outcome.latency_ns;
    println!(
        "| {name} | {kind} | {connections} | {:.0} | {} | {} | {} | {} |",
        outcome.per_second,
        us(latency, 0.5),
        us(latency, 0.99),
        us(latency, 0.999),
        outcome.failed
    );
}
