//! Millions of random commands, many of them absurd, on small worlds that fill up fast. After every command: the auditor
//! reads the events (O1-O3, O6, L3, L5) and the ledger's sums hold (L1). Every so often: all invariants, the auditor's own
//! books against the exchange's, a refusal's traces, and a restored twin that must go on exactly like the original.
//!
//! `TRADEWIND_EXCHANGE_COMMANDS` sets how many commands in all (default 10 million over the shards below).

use crate::audit::Audit;
use crate::generate::Generator;
use exchange::Exchange;
use types::{Command, Event, Stamped, Time};

/// Commands in all by default.
const COMMANDS: u64 = 10_000_000;
/// Tests that share them, so that they run side by side.
const SHARDS: u64 = 4;
/// Commands until a world is given up for a new one with other rules.
const WORLD_LEN: u64 = 50_000;

fn run_shard(shard: u64) {
    let total = std::env::var("TRADEWIND_EXCHANGE_COMMANDS").map_or(COMMANDS, |n| n.parse().unwrap());
    let worlds = (total / SHARDS).div_ceil(WORLD_LEN);
    let mut accepted = 0;
    for world in 0..worlds {
        let seed = shard * 1_000_000 + world;
        accepted += run_world(seed, WORLD_LEN);
    }
    assert!(accepted > worlds * WORLD_LEN / 4, "the generator must not only be refused: {accepted}");
}

/// Runs a world to its end; tells how many commands were accepted. A panic tells the seed.
fn run_world(seed: u64, len: u64) -> u64 {
    let told = Seed(seed);
    let mut generator = Generator::new(seed);
    let mut run = Run::default();
    for input in generator.opening() {
        run.apply(input).expect("the opening is sound");
    }
    for number in 0..len {
        let input = generator.next(&run.audit);
        run.at = Time(run.at.0 + generator.pause());
        let watched = number % 128 == 0;
        let before = watched.then(|| run.bytes());
        let result = run.apply(input);
        if let (Some(before), Err(refusal)) = (before, result) {
            assert!(before == run.bytes(), "a refusal left traces: {refusal}");
        }
        if number % 1_000 == 0 {
            run.inspect();
        }
        if number % 10_000 == 9_999 {
            run.go_on_with_twin(&mut generator);
        }
    }
    run.inspect();
    let Audit { trades, prevented, fired, amended, lists_done, lists_renamed, .. } = run.audit;
    let seen = [trades, prevented, fired, amended, lists_done, 10 * lists_renamed];
    assert!(seen.iter().all(|count| *count > 100), "a world must see everything: {seen:?}");
    std::mem::forget(told);
    run.accepted
}

/// Tells the seed when a test dies over it.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        eprintln!("the seed of the world that failed: {}", self.0);
    }
}

#[derive(Default)]
struct Run {
    x: Exchange,
    at: Time,
    audit: Audit,
    events: Vec<Event>,
    accepted: u64,
}

impl Run {
    fn apply(&mut self, input: Command) -> Result<(), types::Refusal> {
        self.events.clear();
        let stamped = Stamped { at: self.at, seq: self.x.last_seq() + 1, input };
        let result = self.x.apply(&stamped, &mut self.events);
        if result.is_ok() {
            self.accepted += 1;
            self.audit.read(&self.events);
        } else {
            assert!(self.events.is_empty(), "a refusal has no events");
        }
        assert_eq!(self.x.check_conservation(), []);
        result
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.x.snapshot(&mut bytes);
        bytes
    }

    fn inspect(&self) {
        assert_eq!(self.x.check(), []);
        self.audit.compare(&self.x);
    }

    /// Run N, snapshot, restore, run M equals run N + M: same events, same refusals, same bytes.
    fn go_on_with_twin(&mut self, generator: &mut Generator) {
        let mut twin = Exchange::restore(&self.bytes()).expect("own bytes");
        let mut twin_events = Vec::new();
        for _ in 0..200 {
            let input = generator.next(&self.audit);
            twin_events.clear();
            let stamped = Stamped { at: self.at, seq: twin.last_seq() + 1, input: input.clone() };
            let expected = twin.apply(&stamped, &mut twin_events);
            assert_eq!(self.apply(input), expected);
            assert_eq!(self.events, twin_events);
        }
        let mut twin_bytes = Vec::new();
        twin.snapshot(&mut twin_bytes);
        assert!(self.bytes() == twin_bytes, "the twin's bytes differ");
        // From here on the restored one is the original.
        self.x = twin;
    }
}

#[test]
fn hostile_commands_break_no_invariant_shard_0() {
    run_shard(0);
}

#[test]
fn hostile_commands_break_no_invariant_shard_1() {
    run_shard(1);
}

#[test]
fn hostile_commands_break_no_invariant_shard_2() {
    run_shard(2);
}

#[test]
fn hostile_commands_break_no_invariant_shard_3() {
    run_shard(3);
}
