//! One record, one commit: how long until it is durable, against the raw fdatasync of the same bytes.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hdrhistogram::Histogram;
use journal::{Config, Journal};

const ROUNDS: u64 = 4_000;
/// Length of the yardstick files: that of a segment.
const FILE_LEN: u64 = journal::limits::SEGMENT_LEN_DEFAULT;
/// Zeros are written in the journal's steps.
const FILL_STEP: usize = 64 * 1024;
/// Bytes of a block with one such record: header, record head, payload, padding, end mark.
const OVERHEAD: usize = 40 + 16 + 8;

/// A file prepared in some way, written in order like a segment.
struct Raw {
    name: &'static str,
    file: File,
    at: u64,
    took: Histogram<u64>,
}

impl Raw {
    fn new(name: &'static str, dir: &Path, prepare: fn(&PathBuf) -> io::Result<()>) -> io::Result<Self> {
        let path = dir.join(name);
        prepare(&path)?;
        let file = File::options().write(true).open(&path)?;
        file.sync_all()?;
        File::open(dir)?.sync_all()?;
        Ok(Self { name, file, at: 512, took: histogram() })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let start = Instant::now();
        self.file.write_all_at(bytes, self.at)?;
        self.file.sync_data()?;
        record(&mut self.took, start);
        self.at += bytes.len() as u64;
        Ok(())
    }
}

pub fn measure(dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut raws = [
        Raw::new("raw, zero-filled", dir, fill)?,
        Raw::new("raw, fallocated (unwritten)", dir, |path| {
            let done = std::process::Command::new("fallocate")
                .args(["-l", &FILE_LEN.to_string()])
                .arg(path)
                .status()?;
            if done.success() { Ok(()) } else { Err(io::Error::other("fallocate failed")) }
        })?,
        Raw::new("raw, sparse", dir, |path| File::create(path)?.set_len(FILE_LEN))?,
        Raw::new("raw, growing", dir, |path| std::fs::write(path, []))?,
    ];
    let (mut journal, _) = Journal::open(&dir.join("acknowledge"), &Config::default())?;
    let (mut took, turns) = (histogram(), raws.len() as u64 + 1);
    for round in 1..=ROUNDS {
        let payload = crate::order(round);
        let bytes = vec![0x5a; (payload.len() + OVERHEAD).next_multiple_of(8)];
        // Who comes first, and who comes after whom, changes from round to round: five is prime.
        for turn in 0..turns {
            match raws.get_mut(((turn * (1 + round % (turns - 1)) + round) % turns) as usize) {
                Some(raw) => raw.write(&bytes)?,
                None => {
                    let start = Instant::now();
                    journal.append(round, &payload)?;
                    journal.commit()?;
                    record(&mut took, start);
                }
            }
        }
    }
    println!("\none record per commit, fsync, {ROUNDS} rounds, microseconds:");
    print("journal", &took);
    for raw in &raws {
        print(raw.name, &raw.took);
    }
    let ratio = |q| took.value_at_quantile(q) as f64 / raws[0].took.value_at_quantile(q) as f64;
    println!("journal / raw zero-filled: p50 {:.2}, p99 {:.2}", ratio(0.5), ratio(0.99));
    Ok(())
}

fn fill(path: &PathBuf) -> io::Result<()> {
    let mut file = File::create(path)?;
    (0..FILE_LEN as usize / FILL_STEP).try_for_each(|_| file.write_all(&[0; FILL_STEP]))
}

pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("legal bounds")
}

pub fn record(into: &mut Histogram<u64>, start: Instant) {
    into.saturating_record(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
}

pub fn print(name: &str, took: &Histogram<u64>) {
    let us = |q| took.value_at_quantile(q) as f64 / 1e3;
    println!(
        "  {name:<28} p50 {:>9.1}  p90 {:>9.1}  p99 {:>9.1}  p99.9 {:>9.1}  max {:>9.1}",
        us(0.5),
        us(0.9),
        us(0.99),
        us(0.999),
        took.max() as f64 / 1e3
    );
}
