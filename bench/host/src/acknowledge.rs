//! One command at a time: from submission until it is durable, visible and answered, against the raw `fdatasync` of as many
//! bytes on the same disk. Who comes first changes from round to round.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use crate::{cells, histogram, since, stage};

const ROUNDS: usize = 3_000;
/// Bytes of one record's block; both files are zero-filled before, as a segment is.
const BLOCK: u64 = 256;

pub fn measure() {
    let dir = tempfile::tempdir().expect("a directory");
    let (host, mut feed) = stage::open(dir.path());
    let handle = host.handle();
    let raw = raw_file(&dir.path().join("raw"));
    let (mut ours, mut theirs) = (histogram(), histogram());
    for (round, command) in feed.chunk(ROUNDS).into_iter().enumerate() {
        let mut command = Some(command.input);
        for turn in 0..2 {
            if (turn + round) % 2 == 0 {
                let start = Instant::now();
                handle.submit(command.take().expect("once"), None).wait().expect("accepted");
                since(&mut ours, start);
            } else {
                let start = Instant::now();
                let bytes = [0x5a; BLOCK as usize];
                raw.write_all_at(&bytes, BLOCK * round as u64).expect("written");
                raw.sync_data().expect("synced");
                since(&mut theirs, start);
            }
        }
    }
    println!("\n## Durable acknowledgement: {ROUNDS} commands of P1, one at a time, microseconds\n");
    println!("| | p50 | p90 | p99 | p99.9 | p99.99 | max |\n|---|---|---|---|---|---|---|");
    println!("| host | {} |\n| raw fdatasync | {} |", cells(&ours), cells(&theirs));
    let ratio = |q| ours.value_at_quantile(q) as f64 / theirs.value_at_quantile(q) as f64;
    println!("\nhost / raw: p50 {:.2}, p99 {:.2}", ratio(0.5), ratio(0.99));
}

fn raw_file(path: &Path) -> File {
    std::fs::write(path, vec![0; BLOCK as usize * ROUNDS]).expect("written");
    let file = File::options().write(true).open(path).expect("opened");
    file.sync_all().expect("synced");
    file
}
