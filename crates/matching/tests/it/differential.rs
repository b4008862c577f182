//! The fast book equals its naive twin after every command, whatever the commands (invariant O5).

use crate::random::runs;
use crate::twins::{Scene, Source, Twins};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use types::{AccountId, OrderId, Qty, Side};

const SEEDS: u64 = 8;
/// Commands per seed and scene; with five scenes and eight seeds, 200,000 in all.
const COMMANDS: u64 = 5_000;

fn run(scene: Scene, seed: u64, commands: u64) {
    let mut source = Source::new(scene, seed);
    let mut twins = Twins::new(source.units());
    let mut live: Vec<OrderId> = Vec::new();
    for number in 0..commands {
        let step = source.step(&live);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            twins.apply(step);
            twins.compare();
            let (side, qty) =
                (source.random.pick(&[Side::Buy, Side::Sell]), Qty(source.random.within(1, 500)));
            let skip = source.random.one_in(2).then_some(AccountId(1));
            assert_eq!(twins.fast.cost_of(side, qty, skip), twins.naive.cost_of(side, qty, skip));
            let limit = twins.naive.last_price().unwrap_or_default();
            assert_eq!(twins.fast.would_take(side, limit), twins.naive.would_take(side, limit));
        }));
        if let Err(panic) = outcome {
            eprintln!("failed: scene {scene:?}, MATCHING_SEED={seed}, command {number}: {step:?}");
            resume_unwind(panic);
        }
        live.clear();
        live.extend([Side::Buy, Side::Sell].iter().flat_map(|side| twins.fast.orders(*side)).map(|o| o.id));
    }
}

fn run_all(scene: Scene) {
    let (seeds, commands) = runs(SEEDS, COMMANDS);
    for seed in seeds {
        run(scene, seed, commands);
    }
}

#[test]
fn o5_the_fast_book_equals_its_twin_in_a_tight_market() {
    run_all(Scene::Tight);
}

#[test]
fn o5_the_fast_book_equals_its_twin_far_beyond_the_window() {
    run_all(Scene::Wide);
}

#[test]
fn o5_the_fast_book_equals_its_twin_in_a_drifting_market() {
    run_all(Scene::Drifting);
}

#[test]
fn o5_the_fast_book_equals_its_twin_off_the_tick() {
    run_all(Scene::OffTick);
}

#[test]
fn o5_the_fast_book_equals_its_twin_at_the_ends_of_the_integers() {
    run_all(Scene::Extreme);
}
