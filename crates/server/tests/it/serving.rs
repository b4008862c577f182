//! Starting, running beside others, stopping.

use std::net::TcpListener;

use rustix::process::Signal;

use crate::program::{Server, run_in};

#[test]
fn a_server_says_where_it_is_answers_and_stops_cleanly() {
    for signal in [Signal::INT, Signal::TERM] {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("not/there/yet");
        let server = Server::start(&data);
        assert_eq!(server.ready["v"], 1);
        assert_eq!(server.ready["pid"], server.pid());
        assert_eq!(server.ready["data_dir"], data.to_str().unwrap());
        assert_eq!(server.get("/api/v3/ping"), (200, "{}".into()));
        assert_eq!(server.stop(signal).code(), Some(0), "{signal:?}");
        assert!(!data.join("control.sock").exists());
    }
}

#[test]
fn a_log_that_cannot_be_written_ends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let server = Server::start_logging(dir.path(), &["--no-participants"], "info", full.into());
    // The closing snapshot is logged.
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
    assert_eq!(run_in(dir.path(), &["exchange", "verify"]).code, 0);
}

#[test]
fn a_second_server_on_the_same_data_names_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let done = run_in(dir.path(), &["serve", "--api-addr", "127.0.0.1:0", "--exchange-addr", "127.0.0.1:0"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains(&format!("process {}", server.pid())), "{}", done.err);
    assert_eq!(server.get("/api/v3/ping").0, 200);
}

#[test]
fn a_port_in_use_is_named_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let done = run_in(
        dir.path(),
        &["serve", "--no-participants", "--api-addr", "127.0.0.1:0", "--exchange-addr", &addr],
    );
    assert_eq!(done.code, 1);
    assert!(done.err.contains(&addr) && done.err.contains("--exchange-addr"), "{}", done.err);
    // The data directory was given back.
    assert_eq!(run_in(dir.path(), &["exchange", "verify"]).code, 0);
}

#[test]
fn what_was_answered_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let made = run_in(dir.path(), &["exchange", "account", "create", "alice", "--fund", "BTC=1.5"]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(server.stop(Signal::KILL).code().is_none());
    let server = Server::start(dir.path());
    let accounts = run_in(dir.path(), &["exchange", "account", "list", "--json"]).json();
    assert_eq!(accounts["accounts"][0]["name"], "alice");
    assert_eq!(accounts["accounts"][0]["balances"][0]["available"], "1.50000000");
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
}

#[test]
fn a_file_in_place_of_the_data_directory_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let done = run_in(file.path(), &["serve", "--api-addr", "127.0.0.1:0", "--exchange-addr", "127.0.0.1:0"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains(file.path().to_str().unwrap()) && done.err.contains("do:"), "{}", done.err);
}
