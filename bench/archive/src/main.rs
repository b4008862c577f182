//! Imports `--files` CSV files of `--rows` one-minute bars each (default 10 of 5 million), then reads all of them back in a
//! process of its own: bar by bar, as columns, folded to 15 minutes, and as plain bytes. CPU seconds of the working thread.
//! `--keep DIR` leaves the archive and one CSV there for other readers (`peers.py`).

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use archive::{Archive, Given, Request, Span, Stamp, import};
use cpu_time::ThreadTime;
use types::{InstrumentId, Interval, VenueName};

const MINUTE_MS: i64 = 60_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option =
        |name: &str| arguments.iter().position(|a| a == name).and_then(|n| arguments.get(n + 1)).cloned();
    let number = |name: &str, otherwise: i64| {
        option(name).map_or(otherwise, |text| text.parse().expect("a whole number"))
    };
    if let Some(dir) = option("--read") {
        return read(&Archive::open(Path::new(&dir)));
    }
    let (files, rows) = (number("--files", 10), number("--rows", 5_000_000));
    let temporary = tempfile::tempdir().expect("a folder for the bars");
    let dir = option("--keep").map_or_else(|| temporary.path().to_path_buf(), PathBuf::from);
    let archive = Archive::open(&dir.join("archive"));
    let (mut cpu, mut wall, mut bytes) = (0.0, 0.0, 0);
    for n in 0..files {
        let csv = dir.join("bars.csv");
        bytes += generate(&csv, n * rows, rows);
        let (start, thread) = (Instant::now(), ThreadTime::now());
        import(&archive, &request(&csv), &mut |_| {}).expect("the bars are imported");
        cpu += thread.elapsed().as_secs_f64();
        wall += start.elapsed().as_secs_f64();
        if option("--keep").is_none() {
            std::fs::remove_file(&csv).expect("the file was written");
        }
    }
    let total = files * rows;
    println!(
        "import           {total} rows, {:.0} MB of CSV: {cpu:.2} CPU s, {wall:.2} s wall, {:.2} M rows, {:.0} MB per CPU s, peak {} MB",
        bytes as f64 / 1e6,
        total as f64 / cpu / 1e6,
        bytes as f64 / cpu / 1e6,
        peak_mb()
    );
    let mut child = std::process::Command::new(std::env::current_exe().expect("this program"));
    let status = child.arg("--read").arg(archive.root()).status().expect("the reader starts");
    assert!(status.success());
}

fn id() -> InstrumentId {
    InstrumentId::parse("SYNTH", VenueName::new("file").expect("a name")).expect("a symbol")
}

fn request(file: &Path) -> Request {
    Request {
        file: file.to_path_buf(),
        id: id(),
        interval: Some(Interval::M1),
        stamp: Stamp::Open,
        replace: false,
        sort: false,
        given: Given::default(),
    }
}

/// A random walk of minutes from 1975 on; the number of bytes.
fn generate(path: &Path, from: i64, count: i64) -> u64 {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).expect("the folder can be written"));
    writeln!(out, "open_time,open,high,low,close,volume").expect("the disk has room");
    let (mut seed, mut price) = (0x9e37_79b9_7f4a_7c15_u64 ^ from.unsigned_abs(), 2_000_000_i64);
    for n in from..from + count {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let step = (seed >> 33) as i64 % 401 - 200;
        let (open, close) = (price, (price + step).max(1_000));
        let (high, low) = (open.max(close) + (seed & 63) as i64, open.min(close) - (seed >> 6 & 63) as i64);
        price = close;
        let decimal = |v: i64| (v / 100, v % 100);
        let ((o, oo), (h, hh), (l, ll), (c, cc)) =
            (decimal(open), decimal(high), decimal(low), decimal(close));
        let volume = seed >> 44;
        writeln!(
            out,
            "{},{o}.{oo:02},{h}.{hh:02},{l}.{ll:02},{c}.{cc:02},{}.{:03}",
            157_766_400_000 + n * MINUTE_MS,
            volume / 1000,
            volume % 1000
        )
        .expect("the disk has room");
    }
    out.flush().expect("the disk has room");
    std::fs::metadata(path).expect("the file was written").len()
}

fn measure(name: &str, work: impl FnOnce() -> (u64, u64)) {
    let (start, thread) = (Instant::now(), ThreadTime::now());
    let (rows, digest) = work();
    let (cpu, wall) = (thread.elapsed().as_secs_f64(), start.elapsed().as_secs_f64());
    println!(
        "{name:<16} {rows} rows: {cpu:.2} CPU s, {wall:.2} s wall, {:.1} M rows per CPU s, peak {} MB (digest {digest:x})",
        rows as f64 / cpu / 1e6,
        peak_mb()
    );
}

fn read(archive: &Archive) {
    let folder = archive.root().join("file/SYNTH/bars-1m");
    let stored = archive.list().expect("the archive is there")[0].rows;
    measure("plain bytes", || {
        let (mut buffer, mut digest) = (vec![0_u8; 1 << 20], 0_u64);
        for entry in std::fs::read_dir(&folder).expect("the series is there") {
            let mut file = File::open(entry.expect("an entry").path()).expect("a file");
            while let n @ 1.. = file.read(&mut buffer).expect("a read") {
                digest = digest.wrapping_add(n as u64 + u64::from(buffer[0]));
            }
        }
        (stored, digest)
    });
    measure("columns", || {
        let (mut rows, mut digest) = (0, 0_u64);
        for batch in archive.bar_batches(id(), Interval::M1, Span::ALL).expect("bars") {
            let batch = batch.expect("whole blocks");
            rows += batch.len() as u64;
            digest = batch.closes().iter().fold(digest, |sum, close| sum.wrapping_add(close.unsigned_abs()));
        }
        (rows, digest)
    });
    measure("bars", || fold(archive, Interval::M1));
    measure("15m of 1m", || {
        let (_, digest) = fold(archive, Interval::M15);
        (stored, digest)
    });
}

fn fold(archive: &Archive, interval: Interval) -> (u64, u64) {
    let (mut rows, mut digest) = (0, 0_u64);
    for bar in archive.bars(id(), interval, Span::ALL).expect("bars") {
        let bar = bar.expect("whole blocks");
        rows += 1;
        digest = digest.wrapping_add(bar.close.0.unsigned_abs());
    }
    (rows, digest)
}

/// The most memory this process ever had, from Linux.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}
