//! Durable commands a second through the whole host: core, journal, history, views, answers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use cpu_time::ProcessTime;
use types::Command;

use crate::{cells, histogram, since, stage};

const COMMANDS: usize = 1_000_000;
/// Commands in flight: below the writer's queue, so that none is turned away.
const WINDOW: usize = 12_000;

pub fn measure() {
    println!("\n## Throughput: {COMMANDS} commands of P1, fsync, {WINDOW} in flight\n");
    println!(
        "| commands/s | CPU us per command | commands per sync | us to answer: p50 | p90 | p99 | p99.9 | p99.99 | max |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for _ in 0..3 {
        one_round();
    }
}

fn one_round() {
    let dir = tempfile::tempdir().expect("a directory");
    let (host, mut feed) = stage::open(dir.path());
    let handle = host.handle();
    let commands: Vec<Command> = feed.chunk(COMMANDS).into_iter().map(|stamped| stamped.input).collect();
    let (groups, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let counter = {
        let (mut batches, groups, done) = (handle.batches(), Arc::clone(&groups), Arc::clone(&done));
        std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                match batches.blocking_recv() {
                    Ok(_) => groups.fetch_add(1, Ordering::Relaxed),
                    Err(_) => return,
                };
            }
        })
    };
    let mut times = histogram();
    let mut window = VecDeque::with_capacity(WINDOW);
    let (start, cpu) = (Instant::now(), ProcessTime::now());
    for command in commands {
        if window.len() == WINDOW {
            finish(&mut window, &mut times);
        }
        window.push_back((Instant::now(), handle.submit(command, None)));
    }
    while !window.is_empty() {
        finish(&mut window, &mut times);
    }
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    done.store(true, Ordering::Relaxed);
    // One more batch wakes the counter.
    let nothing = Command::SetTrading { account: types::AccountId(0), allowed: true };
    handle.submit(nothing, None).wait().expect("accepted");
    counter.join().expect("counted");
    let count = COMMANDS as f64;
    println!(
        "| {:.0} | {:.2} | {:.0} | {} |",
        count / wall,
        cpu * 1e6 / count,
        count / groups.load(Ordering::Relaxed) as f64,
        cells(&times)
    );
}

type Waiting = (Instant, exchange_host::Pending);

fn finish(window: &mut VecDeque<Waiting>, times: &mut hdrhistogram::Histogram<u64>) {
    let (start, answer) = window.pop_front().expect("not empty");
    answer.wait().expect("accepted");
    since(times, start);
}
