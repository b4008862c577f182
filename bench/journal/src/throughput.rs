//! Many records per commit, and what a record costs in CPU time.

use std::path::Path;
use std::time::Instant;

use cpu_time::ThreadTime;
use journal::{Config, Durability, Journal};

use crate::acknowledge::{histogram, print, record};

pub fn measure(dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    for (durability, records, per_commit) in [
        (Durability::Fsync, 2_000_000_u64, 1000_u64),
        (Durability::Buffered, 2_000_000, 1000),
        (Durability::Buffered, 500_000, 1),
    ] {
        let payloads: Vec<Vec<u8>> = (1..=1000).map(crate::order).collect();
        let config = Config { durability, ..Config::default() };
        let name = dir.join(format!("{durability:?}-{per_commit}"));
        let (mut journal, _) = Journal::open(&name, &config)?;
        let (start, cpu, mut took) = (Instant::now(), ThreadTime::now(), histogram());
        for seq in 1..=records {
            journal.append(seq, &payloads[(seq % 1000) as usize])?;
            if seq % per_commit == 0 {
                let commit = Instant::now();
                journal.commit()?;
                record(&mut took, commit);
            }
        }
        journal.sync()?;
        let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
        println!("\n{durability:?}, {per_commit} records per commit, {records} records:");
        println!(
            "  {:.0} records/s by wall, {:.0} records/s by CPU, {:.3} us CPU per record (checksum, copy, write)",
            records as f64 / wall,
            records as f64 / cpu,
            cpu * 1e6 / records as f64
        );
        print("commit, us", &took);
        drop(journal);
        std::fs::remove_dir_all(&name)?;
    }
    Ok(())
}
