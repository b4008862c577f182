//! A virtual day (or `bench-market HOURS [TICK_MS]`) of the simulated market through participants, core, journal encoding, history
//! and views in one thread (`bench-market orders`: a million customers' orders into history; `points`: public
//! trades into history and stream): CPU per part, bytes, memory, and what the market looks like.

mod look;
mod meter;
mod orders;
mod points;

use std::sync::Arc;
use std::time::Instant;

use exchange::Exchange;
use exchange_host::participants::{Crowd, TICK_MS};
use exchange_host::{Applied, View, listing};
use types::{Command, MarketId, Stamped, Time};

use look::Look;
use meter::Meter;

const SEED: u64 = 42;
const START: Time = Time(1_795_132_800_000_000_000);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some("orders") {
        return orders::run();
    }
    if std::env::args().nth(1).as_deref() == Some("points") {
        return points::run();
    }
    let hours: u64 = std::env::args().nth(1).map_or(Ok(24), |text| text.parse())?;
    let tick_ms: i64 = std::env::args().nth(2).map_or(Ok(TICK_MS), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("history.redb");
    let config =
        history::Config { internal_from: exchange_host::limits::INTERNAL_FROM, ..history::Config::default() };
    let (mut feed, reader) = history::open(&path, &config)?;
    let mut exchange = Exchange::new();
    let (mut events, mut crowd, mut look, mut meter) =
        (Vec::new(), Crowd::new(SEED), Look::default(), Meter::default());
    for command in listing::commands(&exchange)? {
        let seq = exchange.last_seq() + 1;
        events.clear();
        exchange.apply(&Stamped { at: START, seq, input: command }, &mut events)?;
        feed.apply([history::Applied { seq, at: START, events: &events }])?;
    }
    let view = View::new(&exchange, reader.clone())?;
    let ticks = hours * 3_600_000 / tick_ms.unsigned_abs();
    let started = Instant::now();
    let mut bytes = Vec::new();
    for tick in 0..ticks {
        let at = START.plus_nanos(i64::try_from(tick + 1)? * tick_ms * 1_000_000);
        let command = meter.time(0, || crowd.step(tick_ms, &exchange));
        if let Command::Batch(commands) = &command {
            look.commands += commands.len() as u64;
        }
        bytes.clear();
        meter.time(2, || journal::encoding::encode(at, &command, &mut bytes))?;
        look.journal_bytes += bytes.len() as u64;
        let stamped = Stamped { at, seq: exchange.last_seq() + 1, input: command };
        events.clear();
        meter.time(1, || exchange.apply(&stamped, &mut events))?;
        let applied = Applied { at, seq: stamped.seq, events: Arc::from(events.as_slice()) };
        meter.time(3, || feed.apply([history::Applied { seq: applied.seq, at, events: &applied.events }]))?;
        meter.time(4, || view.apply(std::slice::from_ref(&applied)));
        look.events += applied.events.len() as u64;
        look.tick(&exchange, &applied.events, at);
    }
    meter.print(ticks, look.events, hours);
    reader.persist()?;
    meter.print_process();
    look.print(hours);
    println!(
        "wall {:.1} s; history file {} MB",
        started.elapsed().as_secs_f64(),
        std::fs::metadata(&path)?.len() >> 20
    );
    let mut snapshot = Vec::new();
    exchange.snapshot(&mut snapshot);
    println!("snapshot {} KB, resident {} MB", snapshot.len() >> 10, meter::resident_mb());
    reads(&view, &reader)?;
    Ok(())
}

/// What readers pay.
fn reads(view: &View, reader: &history::Reader) -> Result<(), Box<dyn std::error::Error>> {
    let (market, now) = (MarketId(0), Time(i64::MAX / 2));
    let now = reader.trades(market, &history::Range::latest(1))?.first().map_or(now, |trade| trade.at);
    let time = |name: &str, rounds: u32, work: &mut dyn FnMut()| {
        let started = cpu_time::ThreadTime::now();
        (0..rounds).for_each(|_| work());
        println!("{name:36} {:9.2} µs", started.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
    };
    let range = history::Range::latest(500);
    let m1 = types::Interval::M1;
    time("depth 100, unchanged book", 10_000, &mut || drop(view.depth(market, 100)));
    time("top", 10_000, &mut || {
        std::hint::black_box(view.top(market));
    });
    time("stats 24h, same minute", 10_000, &mut || {
        std::hint::black_box(view.stats(market, 1_440, now));
    });
    let mut later = now;
    time("stats 7d, each time a new minute", 200, &mut || {
        later = later.plus_nanos(60_000_000_000);
        std::hint::black_box(view.stats(market, 10_080, later));
    });
    time("500 newest trades", 500, &mut || drop(std::hint::black_box(view.trades(market, &range))));
    let old = history::Range::from_id(1_000, 500);
    time("500 old trades", 500, &mut || drop(std::hint::black_box(view.trades(market, &old))));
    time("500 one-minute bars", 500, &mut || drop(std::hint::black_box(view.bars(market, m1, &range, now))));
    Ok(())
}
