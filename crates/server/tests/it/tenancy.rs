//! Two servers never share a database: the second is refused while the first lives, whoever loses the database stops by itself.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use serde_json::json;
use testkit::{Database, Postgres};

use crate::home::STORE_FILE;
use crate::person::Person;
use crate::program::{Done, Server, ask, finish, tradewind};

const ADDRESSES: [&str; 4] = ["--exchange-addr", "127.0.0.1:0", "--api-addr", "127.0.0.1:0"];
const HOLDERS: &str = "pg_locks WHERE locktype = 'advisory' AND objsubid = 2 \
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// A data directory whose server uses this database.
fn home(url: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(STORE_FILE), url).unwrap();
    dir
}

fn serve(dir: &Path, url: &str) -> Done {
    let mut command = tradewind(&["serve", "--no-participants", "--store", url, "--data-dir"]);
    finish(command.arg(dir).args(ADDRESSES))
}

fn beside(url: &str, arguments: &[&str]) -> Done {
    let dir = tempfile::tempdir().unwrap();
    finish(tradewind(arguments).args(["--store", url, "--data-dir"]).arg(dir.path()))
}

fn refused_while_it_runs(first: &Server, dir: &Path, url: &str) -> String {
    let second = serve(dir, url);
    assert_eq!(second.code, 1, "{}", second.err);
    for words in ["another server uses the database", "overwrite each other's", "--store"] {
        assert!(second.err.contains(words), "{}", second.err);
    }
    assert_eq!(ask(first.api(), "GET", "/ready", &[], "").status, 200);
    second.err
}

#[test]
fn a_second_server_on_the_same_postgresql_is_refused_until_the_first_is_gone() {
    let database = Postgres::shared().database();
    let url = database.url();
    let (one, two) = (home(&url), home(&url));
    let first = Server::start(one.path());
    let root = Person::first(&first);
    let why = refused_while_it_runs(&first, two.path(), &url);
    assert!(why.contains(&format!("process {}", first.pid())), "who has it: {why}");
    let parts = root.read("/api/health/detailed");
    let lock = parts["components"].as_array().unwrap().iter().find(|c| c["name"] == "database_lock");
    assert_eq!(lock.unwrap()["status"], "ok", "{parts}");

    // What is meant to work beside a running server does.
    assert_eq!(beside(&url, &["user", "list"]).code, 0);
    assert_eq!(beside(&url, &["db", "status"]).code, 0);
    assert_eq!(beside(&url, &["db", "verify"]).code, 0);

    assert_eq!(first.stop(Signal::KILL).code(), None);
    let second = Server::start(two.path());
    assert_eq!(ask(second.api(), "GET", "/ready", &[], "").json(), json!({ "ready": true, "down": [] }));
    assert_eq!(second.stop(Signal::TERM).code(), Some(0));
    // In order, and the first may come back.
    assert_eq!(Server::start(one.path()).stop(Signal::TERM).code(), Some(0));
}

#[test]
fn a_database_belongs_to_the_data_directory_whose_exchange_its_accounts_are_on() {
    let database = Postgres::shared().database();
    let url = database.url();
    let (one, two) = (home(&url), home(&url));
    let server = Server::start_with(one.path(), &["--participants-speed", "0"]);
    let root = Person::first(&server);
    let order = json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.001", "order_type": "market" });
    assert_eq!(root.post("/api/orders", &order).status, 201);
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
    let other = serve(two.path(), &url);
    assert_eq!(other.code, 1, "{}", other.err);
    assert!(other.err.contains("belongs to another data directory"), "{}", other.err);
    let server = Server::start_with(one.path(), &["--participants-speed", "0"]);
    let root = Person { addr: server.api(), ..root };
    assert_eq!(root.read("/api/trades").as_array().unwrap().len(), 1);
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
}

#[test]
fn a_file_outside_the_data_directory_has_one_server_too() {
    let shared = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", shared.path().join("shared.db").display());
    let (one, two) = (home(&url), home(&url));
    let first = Server::start(one.path());
    let why = refused_while_it_runs(&first, two.path(), &url);
    assert!(why.contains("shared.db.lock"), "{why}");
    assert_eq!(first.stop(Signal::TERM).code(), Some(0));
    assert_eq!(Server::start(two.path()).stop(Signal::TERM).code(), Some(0));
}

/// Somebody who queues for the database's lock, and keeps it without doing anything.
fn rival(database: &Database) -> Child {
    let lock = b"SELECT pg_advisory_lock(hashtext('tradewind server'), hashtext(current_schema()));\n";
    let mut psql = Command::new("psql");
    psql.arg(database.url()).args(["-X", "-q"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut rival = psql.spawn().unwrap();
    // Left open: it ends when its input does.
    rival.stdin.as_mut().unwrap().write_all(lock).unwrap();
    let queued = format!("SELECT count(*) FROM {HOLDERS} AND NOT granted");
    while database.sql(&queued).unwrap().trim() != "1" {
        std::thread::yield_now();
    }
    rival
}

#[test]
fn a_server_whose_database_somebody_took_stops_and_loses_nothing() {
    let database = Postgres::shared().database();
    let dir = home(&database.url());
    let server = Server::start_logging(dir.path(), &["--participants-speed", "0"], "error", Stdio::null());
    let root = Person::first(&server);
    let order = json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.001", "order_type": "market" });
    let answer = root.post("/api/orders", &order);
    assert_eq!(answer.status, 201, "{}", answer.body);
    let placed = answer.json()["id"].clone();
    let mut rival = rival(&database);
    database.sql(&format!("SELECT pg_terminate_backend(pid) FROM {HOLDERS} AND granted")).unwrap();
    assert_eq!(server.wait().code(), Some(1));
    rival.kill().unwrap();
    rival.wait().unwrap();
    let server = Server::start_with(dir.path(), &["--participants-speed", "0"]);
    let root = Person { addr: server.api(), ..root };
    assert_eq!(root.read("/api/orders")[0]["id"], placed);
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
}
