//! How long from `open` to ready after a million commands; snapshots come by size, so the tail is what is left after the last one.

use std::collections::VecDeque;
use std::time::Instant;

use cpu_time::ProcessTime;

use crate::stage;

const COMMANDS: usize = 1_000_000;
const WINDOW: usize = 12_000;

pub fn measure() {
    let dir = tempfile::tempdir().expect("a directory");
    let (host, mut feed) = stage::open(dir.path());
    let handle = host.handle();
    let mut window = VecDeque::new();
    for command in feed.chunk(COMMANDS) {
        if window.len() == WINDOW {
            let first: exchange_host::Pending = window.pop_front().expect("not empty");
            first.wait().expect("accepted");
        }
        window.push_back(handle.submit(command.input, None));
    }
    window.into_iter().for_each(|answer| drop(answer.wait().expect("accepted")));
    let seq = handle.status().seq;
    drop((handle, host));
    println!("\n## Restart: {seq} commands since the beginning, snapshots by size\n");
    println!("| history | seconds to ready | CPU seconds |\n|---|---|---|");
    for (name, lost) in [("kept", false), ("kept", false), ("lost: fed again whole", true)] {
        if lost {
            std::fs::remove_file(dir.path().join("history.redb")).expect("removed");
        }
        let (start, cpu) = (Instant::now(), ProcessTime::now());
        let host = exchange_host::open(&stage::config(dir.path()), &mut |_| {}).expect("opened");
        let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
        println!("| {name} | {wall:.2} | {cpu:.2} |");
        assert_eq!(host.handle().status().seq, seq);
    }
}
