//! Kills an exchange with busy bots at random moments and looks at what is left (invariants B1, B2, B6, D1, H6).
//!
//! The program starts itself as a child that opens an exchange with its simulated participants and bots on it, and writes a line
//! for every order that left and every command that was answered. After a random number of lines the parent kills it (SIGKILL)
//! and opens the directory: every bot answered for is there, every order that left is one of a recorded intent and there once,
//! and when the bots are stopped each ledger is to the last unit what the exchange says the account holds. At the end every
//! session is replayed. `TRADEWIND_BOT_KILLS` sets the number of kills (10), `TRADEWIND_KILL_SEED` the random numbers (printed).
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
