//! `exchange verify`, `snapshot` and `speed`.

use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::program::{Server, run_in};

/// The first journal segment.
fn segment(dir: &Path) -> PathBuf {
    let entries = std::fs::read_dir(dir.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|e| e == "log")).min().unwrap()
}

#[test]
fn the_state_hash_is_the_same_with_and_without_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    assert_eq!(run_in(dir.path(), &["exchange", "account", "create", "alice", "--fund", "BTC=1"]).code, 0);
    let running = run_in(dir.path(), &["exchange", "verify", "--json"]);
    assert_eq!(running.code, 0, "{}", running.err);
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
    let stopped = run_in(dir.path(), &["exchange", "verify", "--json"]).json();
    let running = running.json();
    assert_eq!((&running["running"], &stopped["running"]), (&true.into(), &false.into()));
    assert_eq!(running["state_hash"], stopped["state_hash"]);
    assert_eq!(running["seq"], stopped["seq"]);
    assert!(stopped["seq"].as_u64().unwrap() > 10, "listings and the account are commands");
}

#[test]
fn a_damaged_journal_is_found_and_nothing_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run_in(dir.path(), &["exchange", "account", "create", "alice", "--fund", "BTC=1"]).code, 0);
    // Without the snapshot of the clean stop the first records are needed again.
    for entry in std::fs::read_dir(dir.path().join("journal")).unwrap().map(|entry| entry.unwrap()) {
        if entry.file_name().to_string_lossy().starts_with("snapshot") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    let path = segment(dir.path());
    let mut bytes = std::fs::read(&path).unwrap();
    // In the first block: far before the tail, which a crash could have torn.
    bytes[100] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    for command in
        [["exchange", "verify"].as_slice(), &["serve", "--exchange-addr", "127.0.0.1:0"], &["doctor"]]
    {
        let done = run_in(dir.path(), command);
        assert_eq!(done.code, 1, "{command:?} {} {}", done.out, done.err);
        assert!(format!("{}{}", done.out, done.err).contains("damaged"), "{command:?} {}", done.err);
    }
    assert!(std::fs::read(&path).unwrap() == bytes, "the journal was changed");
}

#[test]
fn a_shortened_tail_is_told() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run_in(dir.path(), &["exchange", "account", "create", "alice", "--fund", "BTC=1"]).code, 0);
    let sound = run_in(dir.path(), &["exchange", "verify", "--json"]).json();
    assert_eq!(sound["signs"], serde_json::json!([]));
    let path = segment(dir.path());
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_len(std::fs::metadata(&path).unwrap().len() - 4_096).unwrap();
    let done = run_in(dir.path(), &["exchange", "verify"]);
    assert!(done.out.contains("shorter than it was made"), "{} {}", done.out, done.err);
    assert_eq!(done.code, 0, "nothing that is there is wrong");
}

#[test]
fn a_directory_that_cannot_be_written_can_be_verified() {
    let dir = tempfile::tempdir().unwrap();
    let (data, mount) = (dir.path().join("data"), dir.path().join("mount"));
    assert_eq!(run_in(&data, &["exchange", "account", "create", "alice"]).code, 0);
    std::fs::create_dir(&mount).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let output = std::process::Command::new(program).args(arguments).output();
        output.is_ok_and(|output| output.status.success())
    };
    let (from, to) = (data.to_str().unwrap(), mount.to_str().unwrap());
    if !(run("mount", &["--bind", from, to]) && run("mount", &["-o", "remount,bind,ro", to])) {
        let _ = run("umount", &[to]);
        // Past the test harness, which keeps what a passing test prints.
        let _ =
            std::io::Write::write_all(&mut std::io::stderr(), b"SKIPPED verify: no read-only mount here\n");
        return;
    }
    let done = run_in(&mount, &["exchange", "verify"]);
    assert!(run("umount", &[to]));
    assert_eq!(done.code, 0, "{} {}", done.out, done.err);
    assert!(done.out.contains("every invariant holds"), "{}", done.out);
}

#[test]
fn an_empty_place_is_no_exchange() {
    let dir = tempfile::tempdir().unwrap();
    let done = run_in(dir.path(), &["exchange", "verify"]);
    assert_eq!(done.code, 1);
    assert!(
        done.err.contains("there is no exchange here") && done.err.contains("--data-dir"),
        "{}",
        done.err
    );
}

#[test]
fn a_snapshot_is_taken_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    assert_eq!(run_in(dir.path(), &["exchange", "account", "create", "alice"]).code, 0);
    let taken = run_in(dir.path(), &["exchange", "snapshot", "--json"]).json();
    assert!(taken["seq"].as_u64().unwrap() > 10);
    assert_eq!(run_in(dir.path(), &["exchange", "verify"]).code, 0);
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
}

#[test]
fn the_speed_of_the_market_is_shown_and_set() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run_in(dir.path(), &["exchange", "speed"]).code, 4);
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    assert_eq!(run_in(dir.path(), &["exchange", "speed", "--json"]).json()["speed"], "0.00");
    assert_eq!(run_in(dir.path(), &["exchange", "speed", "2.5", "--json"]).json()["speed"], "2.50");
    assert_eq!(run_in(dir.path(), &["exchange", "speed", "fast"]).code, 2);
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
    let server = Server::start(dir.path());
    let silent = run_in(dir.path(), &["exchange", "speed"]);
    assert_eq!(silent.code, 5, "{}", silent.err);
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
}
