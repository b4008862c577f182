//! `tradewind db` and `audit`, on a file and on a real PostgreSQL.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use testkit::Postgres;

use crate::program::{Done, finish, tradewind};

fn run(dir: &Path, store: Option<&str>, arguments: &[&str]) -> Done {
    let mut command = tradewind(arguments);
    command.arg("--data-dir").arg(dir);
    if let Some(url) = store {
        command.args(["--store", url]);
    }
    finish(&mut command)
}

fn add_user(dir: &Path, store: Option<&str>, name: &str) {
    let mut command = tradewind(&["user", "add", name, "--role", "admin", "--password-stdin", "--data-dir"]);
    command.arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(url) = store {
        command.args(["--store", url]);
    }
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"correct-horse-battery-9\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_file_moves_to_postgresql_by_backup_and_restore() {
    let (dir, database) = (tempfile::tempdir().unwrap(), Postgres::shared().database());
    let url = database.url();
    let due = run(dir.path(), None, &["db", "status"]);
    assert!(due.code == 0 && due.out.contains("versions due: 1"), "{}{}", due.out, due.err);
    assert!(!dir.path().join("platform.db").exists(), "status changes nothing");
    assert_eq!(run(dir.path(), None, &["db", "migrate"]).code, 0);
    add_user(dir.path(), None, "alice");
    let status = run(dir.path(), None, &["db", "status", "--json"]).json();
    assert_eq!((status["counts"]["users"].as_u64(), status["engine"].as_str()), (Some(1), Some("sqlite")));
    let file = dir.path().join("backup.jsonl");
    let path = file.to_str().unwrap();
    let saved = run(dir.path(), None, &["db", "backup", path]);
    assert_eq!(saved.code, 0, "{}", saved.err);
    assert_eq!(run(dir.path(), None, &["db", "backup", path]).code, 2, "a backup is never overwritten");
    assert_eq!(run(dir.path(), None, &["db", "verify", path]).code, 0);
    let restored = run(dir.path(), Some(&url), &["db", "restore", path, "--json"]);
    assert_eq!(restored.code, 0, "{}", restored.err);
    assert_eq!(run(dir.path(), Some(&url), &["db", "restore", path]).code, 1, "it has rows now");
    let users = run(dir.path(), Some(&url), &["user", "list"]);
    assert!(users.out.contains("alice"), "{}", users.out);
    assert_eq!(run(dir.path(), Some(&url), &["db", "verify"]).code, 0);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("alice", "malice")).unwrap();
    let bad = run(dir.path(), None, &["db", "verify", path]);
    assert!(bad.code == 1 && bad.err.contains("checksum"), "{}", bad.err);
}

#[test]
fn only_a_month_that_is_over_and_has_fills_is_archived() {
    let dir = tempfile::tempdir().unwrap();
    add_user(dir.path(), None, "alice");
    assert_eq!(run(dir.path(), None, &["db", "months", "--json"]).json()["months"], serde_json::json!([]));
    let file = dir.path().join("month.jsonl");
    let path = file.to_str().unwrap();
    for (month, code) in [("2026-05", 5), ("2026-13", 2), ("may", 2)] {
        assert_eq!(run(dir.path(), None, &["db", "archive", month, path]).code, code, "{month}");
    }
    assert!(!file.exists());
    std::fs::write(&file, "not a backup\n").unwrap();
    assert_eq!(run(dir.path(), None, &["db", "archive", "2026-05", path]).code, 2, "never overwritten");
    assert_eq!(run(dir.path(), None, &["db", "unarchive", path]).code, 1);
}

#[test]
fn maintenance_and_the_audit_log_are_looked_after_by_command() {
    let dir = tempfile::tempdir().unwrap();
    add_user(dir.path(), None, "alice");
    let all = run(dir.path(), None, &["db", "maintain"]);
    assert!(all.code == 0 && all.out.contains("analyze"), "{}{}", all.out, all.err);
    assert_eq!(run(dir.path(), None, &["db", "maintain"]).out.trim(), "nothing is due");
    let one = run(dir.path(), None, &["db", "maintain", "--task", "checkpoint", "--json"]).json();
    assert_eq!(one["done"][0]["task"], "checkpoint");
    assert_eq!(run(dir.path(), None, &["db", "maintain", "--task", "sweep"]).code, 2);
    let audit = run(dir.path(), None, &["audit", "verify", "--json"]).json();
    assert_eq!(audit["ok"], true);
    let conf = run(dir.path(), None, &["db", "tune", "--memory", "8192", "--cpus", "4", "--dedicated"]);
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/postgresql/postgresql.conf");
    assert_eq!(conf.out.trim_end(), std::fs::read_to_string(shipped).unwrap().trim_end());
}

#[test]
fn a_server_that_does_not_answer_is_code_4_and_tls_is_verified_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let nobody = run(dir.path(), Some("postgres://trader:s3cret@127.0.0.1:1/tw"), &["db", "status"]);
    assert_eq!(nobody.code, 4, "{}", nobody.err);
    assert!(!nobody.err.contains("s3cret"), "{}", nobody.err);
    assert_eq!(run(dir.path(), Some("mysql://x"), &["db", "status"]).code, 3);
    let database = Postgres::shared().database();
    let Some(authority) = Postgres::shared().authority() else { return };
    let good = format!("{}?sslmode=verify-full&sslrootcert={}", database.url(), authority.display());
    let status = run(dir.path(), Some(&good), &["db", "migrate"]);
    assert_eq!(status.code, 0, "{}", status.err);
    // Another authority, and none: the server's certificate proves nothing then.
    let other = dir.path().join("other.crt");
    std::fs::copy(authority.with_file_name("server.crt"), &other).unwrap();
    let strange = format!("{}?sslmode=verify-full&sslrootcert={}", database.url(), other.display());
    assert_ne!(run(dir.path(), Some(&strange), &["db", "status"]).code, 0);
    let unknown = format!("{}?sslmode=verify-full", database.url());
    assert_ne!(run(dir.path(), Some(&unknown), &["db", "status"]).code, 0);
    let doctor = run(dir.path(), Some(&good), &["doctor", "--json"]).json();
    let check =
        doctor["checks"].as_array().unwrap().iter().find(|c| c["name"] == "database").unwrap().clone();
    assert_eq!(check["state"], "ok", "{check}");
    assert!(check["found"].as_str().unwrap().contains("39 of"), "{check}");
}
