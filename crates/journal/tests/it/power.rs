//! Simulated power cuts: un-synced sectors are lost, kept or reordered at random, at any moment of a random life.

use crate::script::{Seeded, World};

/// A few lives, each ended by a power cut in the middle; the seed is in every panic message.
fn lives(seed: u64) {
    let mut seeded = Seeded(seed);
    let new = World::all()[usize::try_from(seeded.below(3)).unwrap()];
    let sector = if seeded.below(2) == 0 { 512 } else { 4096 };
    let mut world = new();
    for _ in 0..4 {
        let mut must_be_there = world.safe;
        let mut journal = match world.open(must_be_there) {
            Ok(journal) => journal,
            Err(failure) => panic!("seed {seed}: {failure}"),
        };
        // The cut comes while operation number `end` is under way: it and all later ones fail.
        let end = world.disk.operations() + 1 + seeded.below(40);
        world.disk.fail_at(end, journal::disk::Fault::Error(5), true);
        while !world.disk.has_failed() {
            let done = match seeded.below(12) {
                0 => world.snapshot(&mut journal),
                1 => journal.sync().map(|_| ()),
                _ => {
                    let count = 1 + seeded.below(6);
                    world.commit(&mut journal, count)
                }
            };
            if done.is_err() {
                break;
            }
            must_be_there = must_be_there.max(journal.durable_seq());
        }
        world.safe = must_be_there.max(journal.durable_seq());
        drop(journal);
        let found = world.model.after_power_cut(sector, &mut |below| seeded.below(below));
        world.replace_disk(found);
    }
    let safe = world.safe;
    world.open(safe).unwrap_or_else(|failure| panic!("seed {seed}: {failure}"));
}

#[test]
fn whatever_a_power_cut_leaves_of_unsynced_sectors_nothing_synced_is_lost() {
    // `cargo xtask soak` looks at more lives; these take about a second.
    let count = std::env::var("TRADEWIND_POWER_CUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_500);
    for seed in 0..count {
        let outcome = std::panic::catch_unwind(|| lives(seed));
        assert!(outcome.is_ok(), "seed {seed} failed");
    }
}
