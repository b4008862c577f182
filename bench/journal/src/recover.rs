//! A million records: open (check everything), then read and decode them.

use std::path::Path;
use std::time::Instant;

use cpu_time::ThreadTime;
use journal::{Config, Durability, Journal, encoding};

const RECORDS: u64 = 1_000_000;

pub fn measure(dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let dir = &dir.join("recover");
    let config = Config { durability: Durability::Buffered, ..Config::default() };
    let (mut journal, _) = Journal::open(dir, &config)?;
    for seq in 1..=RECORDS {
        journal.append(seq, &crate::order(seq))?;
        if seq % 100 == 0 {
            journal.commit()?;
        }
    }
    journal.sync()?;
    drop(journal);
    let (start, cpu) = (Instant::now(), ThreadTime::now());
    let (journal, mut recovery) = Journal::open(dir, &config)?;
    let (open_wall, open_cpu) = (start.elapsed(), cpu.elapsed());
    let (start, cpu) = (Instant::now(), ThreadTime::now());
    let mut count = 0;
    while let Some(record) = recovery.records.next()? {
        count += 1;
        std::hint::black_box(encoding::decode(record.payload)?);
    }
    assert_eq!((count, journal.last_seq()), (RECORDS, RECORDS));
    println!("\nrecovery of {RECORDS} records (page cache warm):");
    println!("  open, every checksum:   {:>6.0} ms CPU, {:>6.0} ms wall", ms(open_cpu), ms(open_wall));
    println!(
        "  read, check and decode: {:>6.0} ms CPU, {:>6.0} ms wall",
        ms(cpu.elapsed()),
        ms(start.elapsed())
    );
    Ok(())
}

fn ms(took: std::time::Duration) -> f64 {
    took.as_secs_f64() * 1e3
}
