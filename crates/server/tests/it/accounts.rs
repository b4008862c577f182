//! Accounts, money and keys, with a running server and without one.

use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::program::{Done, Server, run_in};

fn account(dir: &Path, words: &[&str]) -> Done {
    run_in(dir, &[&["exchange", "account"], words, &["--json"]].concat())
}

fn accounts(dir: &Path) -> Vec<Value> {
    account(dir, &["list"]).json()["accounts"].as_array().unwrap().clone()
}

fn balances(dir: &Path, name: &str) -> Vec<(String, String)> {
    let found = accounts(dir).into_iter().find(|account| account["name"] == name).unwrap();
    let text = |balance: &Value, key: &str| balance[key].as_str().unwrap().to_owned();
    let pair = |balance: &Value| (text(balance, "asset"), text(balance, "available"));
    let mut held: Vec<_> = found["balances"].as_array().unwrap().iter().map(pair).collect();
    held.sort();
    held
}

/// The same steps, whoever carries them out.
fn create_fund_and_revoke(dir: &Path) {
    let made = account(dir, &["create", "alice", "--fund", "USDT=100000", "--fund", "btc=5"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let made = made.json();
    let keys: Vec<&String> = made.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["api_key", "name", "secret"]);
    assert_eq!(made["name"], "alice");
    assert_eq!((made["api_key"].as_str().unwrap().len(), made["secret"].as_str().unwrap().len()), (64, 64));
    assert_eq!(account(dir, &["fund", "alice", "BTC=0.00000001"]).code, 0);
    let expected = [("BTC", "5.00000001"), ("USDT", "100000.00000000")];
    assert_eq!(balances(dir, "alice"), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert_eq!(account(dir, &["key", "add", "alice", "--read-only"]).code, 0);
    assert_eq!(account(dir, &["revoke", "alice"]).json()["keys"], 2);
    assert_eq!(account(dir, &["revoke", "alice"]).json()["keys"], 0);
}

#[test]
fn accounts_are_administered_through_a_running_server() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    create_fund_and_revoke(dir.path());
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
}

#[test]
fn accounts_are_administered_without_a_server() {
    let dir = tempfile::tempdir().unwrap();
    create_fund_and_revoke(dir.path());
    // A server that starts later finds them.
    let server = Server::start(dir.path());
    assert_eq!(balances(dir.path(), "alice").len(), 2);
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
}

#[test]
fn an_expected_no_is_code_5_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    assert_eq!(account(dir.path(), &["create", "bob", "--fund", "BTC=1"]).code, 0);
    for (words, what) in [
        (vec!["create", "bob"], "bob"),
        (vec!["create", "carol", "--fund", "DOGE=1"], "DOGE"),
        (vec!["create", "carol", "--fund", "BTC=0.000000001"], "0.000000001"),
        (vec!["create", "carol", "--fund", "BTC=-1"], "-1"),
        (vec!["create", "no spaces"], "no spaces"),
        (vec!["fund", "nobody", "BTC=1"], "nobody"),
        (vec!["revoke", "bob", "--key", "nosuchkey"], "nosuchkey"),
    ] {
        let done = account(dir.path(), &words);
        assert_eq!(done.code, 5, "{words:?} {}", done.err);
        assert!(done.err.contains(what), "{words:?} {}", done.err);
        assert!(done.json()["error"]["what"].as_str().unwrap().contains(what));
    }
    assert_eq!(accounts(dir.path()).len(), 1);
    assert_eq!(balances(dir.path(), "bob"), [("BTC".to_owned(), "1.00000000".to_owned())]);
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
}

#[test]
fn wrong_amounts_and_missing_keys_are_code_2() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(account(dir.path(), &["create", "bob", "--fund", "BTC"]).code, 2);
    assert_eq!(account(dir.path(), &["create", "bob", "--public-key", "no-such-file.pem"]).code, 2);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn an_account_may_bring_its_own_public_key() {
    // The example key of RFC 8410, section 10.3 (its public half).
    const KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";
    let dir = tempfile::tempdir().unwrap();
    let (key, junk) = (dir.path().join("key.pem"), dir.path().join("junk.pem"));
    std::fs::write(&key, KEY).unwrap();
    std::fs::write(&junk, "hello").unwrap();
    let data = dir.path().join("data");
    let made = account(&data, &["create", "dave", "--fund", "BTC=1", "--public-key", key.to_str().unwrap()]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert_eq!(made.json()["secret"], Value::Null);
    assert_eq!(accounts(&data)[0]["keys"][0]["kind"], "ed25519");
    let refused = account(&data, &["create", "erin", "--public-key", junk.to_str().unwrap()]);
    assert_eq!(refused.code, 5, "{}", refused.err);
    // The exchange was first opened here, so the simulated participants have their accounts too.
    let names: Vec<Value> = accounts(&data).into_iter().map(|a| a["name"].clone()).collect();
    assert!(names.contains(&"dave".into()) && !names.contains(&"erin".into()), "{names:?}");
}

#[test]
fn a_server_without_its_socket_is_told_and_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    std::fs::remove_file(dir.path().join("control.sock")).unwrap();
    let done = run_in(dir.path(), &["exchange", "account", "list"]);
    assert_eq!(done.code, 4, "{}", done.err);
    assert!(done.err.contains("control.sock is not there"), "{}", done.err);
    assert!(!done.err.contains("waiting"), "{}", done.err);
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
}

#[test]
fn an_exchange_that_an_account_opened_has_its_past() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run_in(dir.path(), &["exchange", "account", "create", "alice"]).code, 0);
    let verified = run_in(dir.path(), &["exchange", "verify", "--json"]).json();
    assert!(verified["trades"].as_u64().unwrap() > 100, "{verified}");
    // And one more visit leaves the market's orders where they are.
    let seq = verified["seq"].as_u64().unwrap();
    assert_eq!(run_in(dir.path(), &["exchange", "account", "create", "bob"]).code, 0);
    let verified = run_in(dir.path(), &["exchange", "verify", "--json"]).json();
    assert_eq!(verified["seq"].as_u64(), Some(seq + 1), "one account, nothing else");
}
