//! How long from `open` to ready with a tail of a million commands and no snapshot at all: the journal is written without a host,
//! which would have made snapshots by size.

use std::path::Path;
use std::time::Instant;

use cpu_time::ProcessTime;
use exchange::Exchange;
use journal::{Config, Durability, Journal, encoding};
use types::{Command, Stamped, Time};

use crate::feed::Feed;
use crate::stage;

const COMMANDS: usize = 1_000_000;
/// Commands of one commit.
const GROUP: u64 = 2_048;
/// When the first command was taken in, in nanoseconds since 1970.
const BEGIN: i64 = 1_795_000_000_000_000_000;

pub fn measure() {
    let dir = tempfile::tempdir().expect("a directory");
    let seq = write(dir.path());
    println!("\n## Restart: a tail of {seq} commands, no snapshot\n");
    println!("| history | seconds to ready | CPU seconds |\n|---|---|---|");
    for name in ["made from the tail", "kept", "kept", "kept"] {
        let (start, cpu) = (Instant::now(), ProcessTime::now());
        let host = exchange_host::open(&stage::config(dir.path()), &mut |_| {}).expect("opened");
        let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
        println!("| {name} | {wall:.2} | {cpu:.2} |");
        let status = host.handle().status();
        assert_eq!((status.seq, status.snapshot_seq), (seq, 0));
        // Dropped, not shut down: without a closing snapshot.
        drop(host);
    }
}

/// The standard listing and P1 in a new journal; gives the last number.
fn write(dir: &Path) -> u64 {
    let config = Config { durability: Durability::Buffered, ..Config::default() };
    let (mut journal, _) = Journal::open(&dir.join("journal"), &config).expect("a new journal");
    let (mut exchange, mut events, mut payload) = (Exchange::new(), Vec::new(), Vec::new());
    let mut put = |exchange: &mut Exchange, input: Command| {
        let seq = exchange.last_seq() + 1;
        let at = Time(BEGIN + i64::try_from(seq).expect("few") * 1_000);
        let stamped = Stamped { at, seq, input };
        events.clear();
        exchange.apply(&stamped, &mut events).expect("accepted");
        payload.clear();
        encoding::encode(at, &stamped.input, &mut payload).expect("a command that was accepted");
        journal.append(seq, &payload).expect("appended");
        if seq.is_multiple_of(GROUP) {
            journal.commit().expect("committed");
        }
    };
    for command in exchange_host::listing::commands(&exchange).expect("a sound listing") {
        put(&mut exchange, command);
    }
    let mut feed = Feed::plan("P1", 100);
    let listed =
        exchange.markets().find(|market| market.symbol.as_str() == "BTCUSDT").expect("listed").clone();
    for command in feed.opening() {
        if let Some(command) = stage::adapted(&listed, command.input) {
            put(&mut exchange, command);
        }
    }
    for command in feed.chunk(COMMANDS) {
        put(&mut exchange, command.input);
    }
    journal.sync().expect("synced");
    exchange.last_seq()
}
