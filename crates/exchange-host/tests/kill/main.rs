//! Kills a loaded exchange at random moments and looks at what is left (invariants D1, D2, D3).
//!
//! The program starts itself as a child that opens a host, loads it from two threads and writes a line for every answer it
//! gets. After a random number of lines the parent kills it (SIGKILL), reads what it still said, and opens the directory:
//! everything answered is there, nothing is there twice, all invariants hold, and the recovered state equals the replay.
//! `TRADEWIND_KILLS` sets the number of kills (20), `TRADEWIND_KILL_SEED` the random numbers (printed).
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test program stops at what it did not expect and says where"
)]

mod child;
mod parent;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "child", dir, run] => child::run(dir.as_ref(), run),
        // Test runners ask for the names of the tests first, and of the ignored ones, of which there are none.
        _ if args.iter().any(|arg| arg == "--ignored") => {}
        _ if args.iter().any(|arg| arg == "--list") => println!("kill: test"),
        _ => parent::run(),
    }
}
