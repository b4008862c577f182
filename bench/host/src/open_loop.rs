//! Latency from planned times: command n is due at n / rate, whether those before it are done or not, so that a stall is
//! paid by everyone who came during it. One thread: it takes what is due, applies it, commits it as one group, and notes how
//! long after its plan each command was done. The spinner does nothing but read the clock for as long: its gaps are the machine's.
//! Service is the time from taking a command up until it is done (with a journal: committed), without what it waited before.

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use exchange::Exchange;
use hdrhistogram::Histogram;
use journal::{Config, Durability, Journal, encoding};
use types::{Command, Stamped};

use crate::feed::Feed;
use crate::{cells, histogram, record};

const RATES: [u64; 4] = [200_000, 500_000, 1_000_000, 2_000_000];
/// Commands of one run at most, and how long it is planned.
const COMMANDS_MAX: usize = 2_900_000;
const PLANNED: Duration = Duration::from_secs(2);
/// Commands of one group, as in the host.
const GROUP_MAX: usize = exchange_host::limits::GROUP_MAX;

pub fn measure() {
    println!(
        "\n## Open loop: P1 at fixed rates through core and journal, {} s each, microseconds from the planned time\n",
        PLANNED.as_secs()
    );
    println!(
        "| journal | planned/s | done/s | CPU ns | p50 | p90 | p99 | p99.9 | p99.99 | max | service p50 | p99 | p99.9 |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    );
    println!("| (idle spinner) | | | | {} |", cells(&spin()));
    for rate in RATES {
        println!("| (nothing, as planned) | {rate} | | | {} |", cells(&nothing(rate)));
    }
    for (name, durability) in
        [("off", None), ("buffered", Some(Durability::Buffered)), ("fsync", Some(Durability::Fsync))]
    {
        for rate in RATES {
            let Run { times, service, done, cpu } = run(rate, durability);
            let us = |q| service.value_at_quantile(q) as f64 / 1e3;
            let service = format!("{:.1} | {:.1} | {:.1}", us(0.5), us(0.99), us(0.999));
            println!("| {name} | {rate} | {done:.0} | {cpu:.0} | {} | {service} |", cells(&times));
        }
    }
    println!("| (idle spinner) | | | | {} |", cells(&spin()));
}

/// The same plan with no work at all: what the machine itself makes late. Where this is above a target, no program meets it.
fn nothing(rate: u64) -> Histogram<u64> {
    let count = usize::try_from(rate * PLANNED.as_secs()).expect("few").min(COMMANDS_MAX);
    let (mut times, start) = (histogram(), Instant::now());
    let planned = |n: usize| Duration::from_nanos(n as u64 * 1_000_000_000 / rate);
    let mut next = 0;
    while next < count {
        let now = start.elapsed();
        while next < count && planned(next) <= now {
            record(&mut times, (now - planned(next)).as_nanos());
            next += 1;
        }
    }
    times
}

/// Gaps between two readings of the clock.
fn spin() -> Histogram<u64> {
    let (mut gaps, start) = (histogram(), Instant::now());
    let mut last = start;
    while last - start < PLANNED {
        let now = Instant::now();
        record(&mut gaps, (now - last).as_nanos());
        last = now;
    }
    gaps
}

/// One plan worked off: ns from the plan, ns of service, commands done a second, CPU ns a command.
struct Run {
    times: Histogram<u64>,
    service: Histogram<u64>,
    done: f64,
    cpu: f64,
}

fn run(rate: u64, durability: Option<Durability>) -> Run {
    let dir = tempfile::tempdir().expect("a directory");
    let mut journal = durability.map(|durability| {
        let config = Config { durability, ..Config::default() };
        Journal::open(dir.path(), &config).expect("a new journal").0
    });
    let mut feed = Feed::plan("P1", 100);
    let (mut exchange, mut events, mut payload) = (Exchange::new(), Vec::new(), Vec::new());
    for command in feed.opening() {
        apply(&mut exchange, &command, &mut events);
        if let Some(journal) = &mut journal {
            append(journal, &command, &mut payload);
        }
    }
    if let Some(journal) = &mut journal {
        journal.commit().expect("committed");
    }
    let count = usize::try_from(rate * PLANNED.as_secs()).expect("few").min(COMMANDS_MAX);
    let commands = feed.chunk(count);
    let (mut times, mut service, start) = (histogram(), histogram(), Instant::now());
    let planned = |n: usize| Duration::from_nanos(n as u64 * 1_000_000_000 / rate);
    let (mut next, mut cpu, mut taken) = (0, 0.0, Vec::with_capacity(GROUP_MAX));
    while next < commands.len() {
        let first = next;
        let busy = ThreadTime::now();
        taken.clear();
        while next < commands.len() && next - first < GROUP_MAX {
            let now = start.elapsed();
            if now < planned(next) {
                break;
            }
            taken.push(now);
            apply(&mut exchange, &commands[next], &mut events);
            match &mut journal {
                Some(journal) => append(journal, &commands[next], &mut payload),
                None => {
                    let done = start.elapsed();
                    record(&mut times, (done - planned(next)).as_nanos());
                    record(&mut service, (done - now).as_nanos());
                }
            }
            next += 1;
        }
        if let (Some(journal), true) = (&mut journal, next > first) {
            journal.commit().expect("committed");
            let now = start.elapsed();
            for (n, taken) in (first..next).zip(&taken) {
                record(&mut times, (now - planned(n)).as_nanos());
                record(&mut service, (now - *taken).as_nanos());
            }
        }
        if next > first {
            cpu += busy.elapsed().as_secs_f64();
        }
    }
    let count = commands.len() as f64;
    Run { times, service, done: count / start.elapsed().as_secs_f64(), cpu: cpu * 1e9 / count }
}

fn apply(exchange: &mut Exchange, command: &Stamped<Command>, events: &mut Vec<types::Event>) {
    events.clear();
    exchange.apply(command, events).expect("accepted");
}

fn append(journal: &mut Journal, command: &Stamped<Command>, payload: &mut Vec<u8>) {
    payload.clear();
    encoding::encode(command.at, &command.input, payload).expect("a command that was accepted");
    journal.append(command.seq, payload).expect("appended");
}
