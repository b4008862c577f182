//! `tradewind doctor`.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::program::{Done, Server, finish, run_in, tradewind};

fn doctor(dir: &Path, addr: &str) -> Done {
    let mut command = tradewind(&["doctor", "--json", "--data-dir"]);
    finish(command.arg(dir).env("TRADEWIND__EXCHANGE__ADDR", addr).env("TRADEWIND__API__ADDR", "127.0.0.1:0"))
}

fn state(done: &Done, name: &str) -> String {
    let checks = done.json()["checks"].clone();
    let found = checks.as_array().unwrap().iter().find(|c| c["name"] == name).cloned().unwrap_or(Value::Null);
    found["state"].as_str().unwrap_or("missing").to_owned()
}

#[test]
fn a_fresh_place_and_a_running_server_are_fine() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let fresh = doctor(&data, "127.0.0.1:0");
    assert!(!data.exists(), "doctor changes nothing");
    assert_eq!(state(&fresh, "data directory"), "ok");
    let server = Server::start(&data);
    let busy = doctor(&data, &server.addr().to_string());
    for name in ["data directory", "server", "port", "key file", "API keys", "journal", "history", "clock"] {
        assert_eq!(state(&busy, name), "ok", "{name}: {}", busy.out);
    }
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
}

#[test]
fn damaged_keys_and_a_damaged_history_are_found() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run_in(dir.path(), &["exchange", "account", "create", "alice"]).code, 0);
    let sound = doctor(dir.path(), "127.0.0.1:0");
    for name in ["API keys", "history"] {
        assert_eq!(state(&sound, name), "ok", "{}", sound.out);
    }
    for (file, name) in [("keys.sealed", "API keys"), ("history.redb", "history")] {
        let path = dir.path().join(file);
        let kept = std::fs::read(&path).unwrap();
        let mut bytes = kept.clone();
        let middle = bytes.len() / 2;
        bytes[..middle].fill(0x5a);
        std::fs::write(&path, &bytes).unwrap();
        let done = doctor(dir.path(), "127.0.0.1:0");
        assert_eq!((done.code, state(&done, name).as_str()), (1, "failed"), "{}", done.out);
        std::fs::write(&path, kept).unwrap();
    }
}

#[test]
fn each_problem_is_named_with_what_mends_it() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run_in(dir.path(), &["exchange", "account", "create", "alice"]).code, 0);
    let key = dir.path().join("master.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let done = doctor(dir.path(), &taken.local_addr().unwrap().to_string());
    assert_eq!(done.code, 1);
    assert_eq!((state(&done, "key file").as_str(), state(&done, "port").as_str()), ("failed", "failed"));
    assert_eq!(done.json()["ok"], false);
    let text = run_in(dir.path(), &["doctor"]);
    assert!(text.out.contains("do: chmod 600"), "{}", text.out);
}

#[test]
fn what_can_be_mended_is_mended_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let fix = || {
        let mut command = tradewind(&["doctor", "--fix", "--json", "--data-dir"]);
        let free = ("TRADEWIND__EXCHANGE__ADDR", "127.0.0.1:0");
        finish(command.arg(&data).env(free.0, free.1).env("TRADEWIND__API__ADDR", "127.0.0.1:0"))
    };
    let made = fix();
    assert!(made.code == 0 && made.out.contains("made the folder") && data.is_dir(), "{}", made.out);
    let server = Server::start(&data);
    assert_eq!(fix().json()["mended"], serde_json::json!([]), "a running server's things are in order");
    // A server that is killed leaves its socket and its addresses behind.
    server.stop(Signal::KILL);
    assert!(data.join("control.sock").exists() && data.join("serving.json").exists());
    for (file, mode) in [("master.key", 0o644), ("platform.key", 0o640), (".", 0o755)] {
        std::fs::set_permissions(data.join(file), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let before = doctor(&data, "127.0.0.1:0");
    assert_eq!((before.code, state(&before, "key file").as_str()), (1, "failed"));
    let mended = fix();
    assert_eq!(mended.code, 0, "{}", mended.out);
    let list = mended.json()["mended"].as_array().unwrap().clone();
    assert!(list.len() == 5 && list.iter().all(|one| one["ok"] == true), "{list:?}");
    for (file, mode) in [("master.key", 0o600), ("platform.key", 0o600), (".", 0o700)] {
        assert_eq!(std::fs::metadata(data.join(file)).unwrap().permissions().mode() & 0o777, mode, "{file}");
    }
    assert!(!data.join("control.sock").exists() && !data.join("serving.json").exists());
    assert_eq!(fix().json()["mended"], serde_json::json!([]));
    let server = Server::start(&data);
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
}
