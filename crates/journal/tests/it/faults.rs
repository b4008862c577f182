//! An I/O failure at every operation of a script in turn (invariant D1): what was acknowledged is there after reopening,
//! nothing is acknowledged after the failure, nothing is there twice.

use journal::disk::Fault;
use journal::{Durability, Failure, Journal};

use crate::script::{Seeded, World, live};

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// A setting's new world.
type New = fn() -> World;

fn operations(new: New) -> u64 {
    let mut world = new();
    live(&mut world).unwrap();
    assert!(world.log.len() > 60, "the script is long enough to mean something");
    world.disk.operations()
}

/// Runs the script with a fault at `operation`; gives the world as the failure left it.
fn fail(new: New, operation: u64, fault: Fault, lasting: bool) -> World {
    let mut world = new();
    world.disk.fail_at(operation, fault, lasting);
    let result = live(&mut world);
    // A short write alone is completed by a second one; only a fault that fails must show.
    assert!(world.disk.has_failed(), "operation {operation} was not reached");
    assert!(result.is_err() || fault == Fault::Short, "operation {operation}: the failure was swallowed");
    world
}

#[test]
fn after_a_failure_at_any_operation_everything_acknowledged_is_there() {
    let faults = [
        (Fault::Error(EIO), false),
        (Fault::Error(ENOSPC), true),
        (Fault::Short, false),
        (Fault::ShortThenError(ENOSPC), false),
    ];
    for new in World::all() {
        let count = operations(new);
        assert!(count > 60, "{count}");
        for operation in 1..=count {
            for (fault, lasting) in faults {
                let mut world = fail(new, operation, fault, lasting);
                world.disk.heal();
                // The process ends, the machine goes on: even buffered commits are there.
                let acked = world.acked;
                let mut journal = world.open(acked).unwrap();
                world.commit(&mut journal, 2).unwrap();
                world.snapshot(&mut journal).unwrap();
                world.commit(&mut journal, 30).unwrap();
                drop(journal);
                let acked = world.acked;
                world.open(acked).unwrap();
            }
        }
    }
}

#[test]
fn after_a_failure_at_any_operation_and_a_power_cut_everything_synced_is_there() {
    let seed = 7;
    let mut seeded = Seeded(seed);
    let new: New = || World::new(Durability::Fsync);
    for operation in 1..=operations(new) {
        for fault in [Fault::Error(EIO), Fault::ShortThenError(ENOSPC)] {
            for sector in [512, 4096] {
                let mut world = fail(new, operation, fault, true);
                // The system may have marked what it failed to sync as clean.
                world.model.forget_unsynced();
                let found = world.model.after_power_cut(sector, &mut |below| seeded.below(below));
                world.replace_disk(found);
                let acked = world.acked;
                world.open(acked).unwrap_or_else(|e| panic!("operation {operation}, {fault:?}: {e}"));
            }
        }
    }
}

#[test]
fn data_that_a_failed_sync_left_in_memory_is_written_again_before_it_counts() {
    for new in World::all() {
        for operation in 1..=operations(new) {
            let mut world = fail(new, operation, Fault::Error(EIO), false);
            let setting = (world.durability, world.preparation);
            world.model.forget_unsynced();
            // The process starts again and reads what only the system's memory holds.
            let acked = world.acked;
            let journal = world.open(acked).unwrap();
            let told = journal.last_seq();
            drop(journal);
            // The worst power cut: nothing unsynced survives.
            let found = world.model.after_power_cut(512, &mut |_| 0);
            world.replace_disk(found);
            world.open(told).unwrap_or_else(|e| panic!("{setting:?}, operation {operation}: {e}"));
        }
    }
}

#[test]
fn nothing_is_accepted_after_a_failed_commit() {
    for fault in [Fault::Error(EIO), Fault::ShortThenError(ENOSPC)] {
        for step in [1, 2] {
            let mut world = World::new(Durability::Fsync);
            let mut journal: Journal = world.open(0).unwrap();
            world.commit(&mut journal, 3).unwrap();
            // Step 1 is the write of the next commit, step 2 its sync (or the rest of the short write).
            world.disk.fail_at(world.disk.operations() + step, fault, false);
            world.commit(&mut journal, 1).unwrap_err();
            let next = journal.last_seq() + 1;
            assert!(matches!(journal.append(next, b"x"), Err(Failure::Poisoned { .. })));
            assert!(matches!(journal.commit(), Err(Failure::Poisoned { .. })));
            assert!(matches!(journal.sync(), Err(Failure::Poisoned { .. })));
            assert_eq!(journal.durable_seq(), 3);
        }
    }
}

#[test]
fn a_failed_snapshot_leaves_the_journal_working() {
    let clean = {
        let mut world = World::new(Durability::Fsync);
        let mut journal = world.open(0).unwrap();
        world.commit(&mut journal, 3).unwrap();
        let before = world.disk.operations();
        world.snapshot(&mut journal).unwrap();
        world.disk.operations() - before
    };
    for step in 1..=clean {
        let mut world = World::new(Durability::Fsync);
        let mut journal = world.open(0).unwrap();
        world.commit(&mut journal, 3).unwrap();
        world.disk.fail_at(world.disk.operations() + step, Fault::Error(ENOSPC), false);
        world.snapshot(&mut journal).unwrap_err();
        world.commit(&mut journal, 3).unwrap();
        world.snapshot(&mut journal).unwrap();
        drop(journal);
        world.open(6).unwrap();
    }
}
