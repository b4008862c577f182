//! A real power cut and a really full disk, where the machine allows them: ext4 in an image file on a loop device. The cut is
//! a shutdown without a log flush (`EXT4_IOC_SHUTDOWN` with `NOLOGFLUSH`, Linux `fs/ext4/ioctl.c`) while a writer commits.
//! What the file system had not sent to the device is gone, as if the power had failed; then it is mounted again and
//! recovers its own log.
//!
//! Needs root, a free loop device, `mkfs.ext4`, `mount` and perl (Debian's perl-base has `ioctl`, and unsafe code of our own
//! is forbidden). Without them a test says so on standard error and passes. A control run shows that the cut is real:
//! with `Buffered` something committed must be gone.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

use journal::{Config, Durability, Failure, Journal, Preparation, Recovery};

/// An ext4 file system in a file; unmounted when dropped.
struct Image {
    dir: tempfile::TempDir,
    mounted: bool,
}

const SHUTDOWN: &str = r#"open(F, "<", $ARGV[0]) or die "open: $!"; my $f = pack("L", 2); ioctl(F, 0x8004587D, $f) or die "ioctl: $!""#;

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|e| format!("{program}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl Image {
    fn make() -> Result<Self, String> {
        let dir = tempfile::tempdir().map_err(|e| e.to_string())?;
        let file = std::fs::File::create(dir.path().join("image")).map_err(|e| e.to_string())?;
        file.set_len(64 * 1024 * 1024).map_err(|e| e.to_string())?;
        std::fs::create_dir(dir.path().join("mount")).map_err(|e| e.to_string())?;
        run("mkfs.ext4", &["-q", "-F", text(&dir.path().join("image"))])?;
        let mut image = Self { dir, mounted: false };
        image.mount()?;
        // Try the cut itself once, so that everything after this is a matter of the journal.
        image.cut()?;
        image.unmount()?;
        image.mount()?;
        Ok(image)
    }

    fn mount_point(&self) -> PathBuf {
        self.dir.path().join("mount")
    }

    fn mount(&mut self) -> Result<(), String> {
        run("mount", &["-o", "loop", text(&self.dir.path().join("image")), text(&self.mount_point())])?;
        self.mounted = true;
        Ok(())
    }

    fn unmount(&mut self) -> Result<(), String> {
        run("umount", &[text(&self.mount_point())])?;
        self.mounted = false;
        Ok(())
    }

    fn cut(&self) -> Result<(), String> {
        run("perl", &["-e", SHUTDOWN, text(&self.mount_point())])
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if self.mounted {
            let _ = run("umount", &["-l", text(&self.mount_point())]);
        }
    }
}

fn payload(seq: u64) -> Vec<u8> {
    format!("{seq}:").into_bytes().repeat(1 + usize::try_from(seq % 23).unwrap())
}

fn found(recovery: &mut Recovery) -> u64 {
    let mut last = 0;
    while let Some(record) = recovery.records.next().unwrap() {
        last += 1;
        assert_eq!((record.seq, record.payload), (last, &*payload(last)));
    }
    last
}

/// Commits until the disk fails, telling every acknowledged number; at most `max`.
fn write(mut journal: Journal, told: &mpsc::Sender<u64>, max: u64) {
    for seq in journal.last_seq() + 1..=max {
        journal.append(seq, &payload(seq)).unwrap();
        if seq % 3 == 0 {
            match journal.commit() {
                Ok(acknowledged) => told.send(acknowledged).unwrap(),
                Err(_) => return,
            }
        }
    }
}

/// Writes, cuts the power after `after` more acknowledgements, mounts again: gives (acknowledged, found).
fn cut_while_writing(image: &mut Image, durability: Durability, after: usize) -> (u64, u64) {
    // A journal of its own for each setting; the buffered one must not be synced by the change to another segment.
    let (name, segment_len) = match durability {
        Durability::Fsync => ("synced", 64 * 1024),
        Durability::Buffered => ("buffered", 16 * 1024 * 1024),
    };
    let dir = image.mount_point().join(name);
    let config = Config { durability, segment_len, ..Config::default() };
    let (journal, mut recovery) = Journal::open(&dir, &config).unwrap();
    let before = found(&mut recovery);
    drop(recovery);
    let (told, hear) = mpsc::channel();
    let writer = std::thread::spawn(move || write(journal, &told, before + 50_000));
    let mut acknowledged = hear.iter().take(after).last().unwrap_or(before);
    image.cut().unwrap();
    // What was acknowledged while the cut was on its way. The writer ends at its first failure.
    if let Some(last) = hear.iter().last() {
        acknowledged = last;
    }
    writer.join().unwrap();
    image.unmount().unwrap();
    image.mount().unwrap();
    let (journal, mut recovery) = Journal::open(&dir, &config).unwrap();
    let there = found(&mut recovery);
    assert_eq!(journal.last_seq(), there);
    (acknowledged, there)
}

/// The image, or a word on standard error why there is none: past the test harness, which keeps what a passing test prints.
fn image_or_say_why(test: &str) -> Option<Image> {
    let image = Image::make();
    if let Err(why) = &image {
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
    }
    image.ok()
}

#[test]
fn a_power_cut_of_a_real_file_system_loses_nothing_acknowledged() {
    let Some(mut image) = image_or_say_why("power cut of a real ext4") else { return };
    for after in [1, 2, 7, 20, 50, 120] {
        let (acknowledged, there) = cut_while_writing(&mut image, Durability::Fsync, after);
        assert!(there >= acknowledged, "acknowledged {acknowledged}, found {there}");
    }
    let (acknowledged, there) = cut_while_writing(&mut image, Durability::Buffered, 3000);
    assert!(there < acknowledged, "the cut was none: {there} of {acknowledged} unsynced commits are there");
}

#[test]
fn a_full_disk_is_told_in_time_and_loses_nothing_acknowledged() {
    let Some(image) = image_or_say_why("full disk of a real ext4") else { return };
    let dir = image.mount_point().join("journal");
    let config = Config { segment_len: 64 * 1024, preparation: Preparation::OnDemand, ..Config::default() };
    let (mut journal, _) = Journal::open(&dir, &config).unwrap();
    let filler = image.mount_point().join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while file.write_all(&[1; 64 * 1024]).and_then(|()| file.sync_data()).is_ok() {}
    // What is left in single blocks goes too.
    while file.write_all(&[1; 512]).and_then(|()| file.sync_data()).is_ok() {}

    let mut acknowledged = 0;
    let failure = loop {
        let (seq, room) = (journal.last_seq() + 1, journal.room());
        journal.append(seq, &payload(seq)).unwrap();
        match journal.commit() {
            Ok(last) => acknowledged = last,
            Err(failure) => {
                assert!(room < 1024, "{room} bytes were promised");
                break failure;
            }
        }
    };
    assert!(acknowledged > 100, "the segment at hand was made before the disk was full");
    assert!(
        matches!(&failure, Failure::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull)
    );
    assert!(matches!(journal.commit(), Err(Failure::Poisoned { .. })));
    drop(journal);
    std::fs::remove_file(&filler).unwrap();
    let (journal, mut recovery) = Journal::open(&dir, &config).unwrap();
    assert_eq!(found(&mut recovery), acknowledged);
    assert_eq!(journal.last_seq(), acknowledged);
}
