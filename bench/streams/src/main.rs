//! From a published trade to its receipt by 1,000 WebSocket clients of one stream, beside a bare loop that writes the same
//! bytes to 1,000 sockets, in the same run.
//!
//! Each server is a process of its own, so that its CPU time and memory are its own; the clients share one more. The
//! exchange trades once per [`PERIOD`]; a message carries the time of its publication in microseconds (`E`), which the client
//! compares with its own clock on the same machine. Every client takes part in every message: samples = clients × messages.
//!
//! `ulimit -n 8192 && cargo run --release -- [clients] [seconds] [servers]`, 1,000 and 20 unless given; servers are `bare,venue,bare,venue`
//! unless given. `platform` is the whole program (TRADEWIND_BIN, else the workspace's release build), its clients in the room of all
//! tickers; a bare loop behind it writes as many bytes as often as the platform did, its times cut to milliseconds like the
//! platform's: `ulimit -n 32768 && cargo run --release -- 10000 20 platform,bare,platform,bare`.

mod bare;
mod clients;
mod platform;
mod process;
mod venue;

use std::time::Duration;

/// Between two published messages of the venue's.
pub(crate) const PERIOD: Duration = Duration::from_millis(50);

/// What is written to every client.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Bytes of a message.
    pub(crate) len: usize,
    pub(crate) period: Duration,
    /// Times are told in steps of so many microseconds.
    pub(crate) step_us: u64,
}

/// The venue's trades.
const TRADES: Shape = Shape { len: 150, period: PERIOD, step_us: 1 };

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("venue") => venue::serve(),
        Some("bare") => {
            let number = |at: usize| words[at].parse::<u64>().expect("a number");
            let period = Duration::from_micros(number(3));
            let shape = Shape { len: words[2].parse().expect("a length"), period, step_us: number(4) };
            bare::serve(words[1].parse().expect("a number of clients"), shape);
        }
        _ => {
            let clients = words.first().map_or(1_000, |word| word.parse().expect("a number of clients"));
            let seconds = words.get(1).map_or(20, |word| word.parse().expect("a number of seconds"));
            let mut shape = TRADES;
            println!(
                "| server | bytes | messages | deliveries | p50 ms | p90 ms | p99 ms | p99.9 ms | max ms | CPU us per delivery | KiB \
                 per connection |"
            );
            println!("|---|---|---|---|---|---|---|---|---|---|---|");
            let servers = words.get(2).map_or("bare,venue,bare,venue", String::as_str);
            for server in servers.split(',') {
                shape = clients::measure(server, clients, seconds, shape);
            }
        }
    }
}
