//! A really full disk, where the machine allows it: ext4 in an image file on a loop device. New orders are refused before a
//! commit meets it, cancels and reads go on, and when there is space again everything goes on by itself.
//!
//! Needs root, a free loop device, `mkfs.ext4` and `mount`. Without them the test says so on standard error and passes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use exchange_host::{Handle, SubmitError, verify};
use types::{AccountId, OrderId, Side};

use crate::fixture::{cancel, create, limit, open};

const IMAGE_BYTES: u64 = 192 << 20;
/// Far more commands than are needed until the disk is looked at again.
const TRIES: usize = 50_000_000;

struct Image {
    dir: tempfile::TempDir,
}

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
        file.set_len(IMAGE_BYTES).map_err(|e| e.to_string())?;
        std::fs::create_dir(dir.path().join("mount")).map_err(|e| e.to_string())?;
        let (image, mount) = (dir.path().join("image"), dir.path().join("mount"));
        run("mkfs.ext4", &["-q", "-F", text(&image)])?;
        run("mount", &["-o", "loop", text(&image), text(&mount)])?;
        Ok(Self { dir })
    }

    fn mount_point(&self) -> PathBuf {
        self.dir.path().join("mount")
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = run("umount", &["-l", text(&self.mount_point())]);
    }
}

fn order(handle: &Handle, account: AccountId, name: &str) -> Result<OrderId, SubmitError> {
    let receipt = handle.submit(limit(account, Side::Buy, 20_000, 1, name), None).wait()?;
    let placed = receipt.events.iter().find_map(|event| match event {
        types::Event::Order { order, .. } => Some(order.id),
        _ => None,
    });
    Ok(placed.unwrap())
}

/// Fills the disk to the last block.
fn fill(path: &Path) {
    let mut file = std::fs::File::create(path).unwrap();
    for step in [1 << 20, 512] {
        let bytes = vec![1; step];
        while file.write_all(&bytes).and_then(|()| file.sync_data()).is_ok() {}
    }
}

#[test]
fn a_full_disk_refuses_new_orders_early_and_is_left_by_itself() {
    let image = match Image::make() {
        Ok(image) => image,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "SKIPPED full disk of a real ext4: {why}");
            return;
        }
    };
    let (dir, filler) = (image.mount_point().join("exchange"), image.mount_point().join("filler"));
    let host = open(&dir);
    let handle = host.handle();
    let (alice, _) = create(&handle, "alice");
    let first = order(&handle, alice, "first").unwrap();
    fill(&filler);

    let mut answers = (0..TRIES).map(|n| (n, order(&handle, alice, &format!("n-{}", n % 100))));
    let refused = answers.find(|(_, answer)| *answer == Err(SubmitError::NoRoom));
    drop(answers);
    assert!(refused.is_some(), "nobody was refused");
    let status = handle.status();
    assert!(status.ready && status.low_on_disk, "{status:?}");
    // What somebody needs now still works.
    handle.submit(cancel(alice, first), None).wait().unwrap();
    assert!(handle.view().open_orders(alice, None).iter().all(|order| order.id != first));
    assert_eq!(order(&handle, alice, "another"), Err(SubmitError::NoRoom));

    std::fs::remove_file(&filler).unwrap();
    let mut answers = (0..TRIES).map(|_| order(&handle, alice, "again"));
    assert!(answers.any(|answer| answer.is_ok()), "it never went on");
    drop(answers);
    assert!(!handle.status().low_on_disk);
    let seq = handle.status().seq;
    drop(handle);
    host.shutdown();
    let verified = verify(&dir, &mut |_| {}).unwrap();
    assert_eq!((verified.seq, verified.findings.len()), (seq, 0));
}
