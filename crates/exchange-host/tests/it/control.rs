//! The control socket and administration.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use exchange_host::admin::{Client, REQUEST_LEN_MAX, Reply, Request, SOCKET_NAME};
use types::AccountName;

use crate::fixture::{amount, create, id, open};

fn ask(dir: &Path, request: &Request) -> Reply {
    Client::connect(dir).unwrap().unwrap().call(request).unwrap()
}

fn code(reply: Reply) -> String {
    match reply {
        Reply::Error { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_account_is_created_listed_funded_and_revoked_over_the_socket() {
    let dir = tempfile::tempdir().unwrap();
    let host = open(dir.path());
    let handle = host.handle();
    let mut client = Client::connect(dir.path()).unwrap().unwrap();
    let name = || "alice".to_owned();
    let fund = vec![amount("USDT", "100000"), amount("BTC", "0.5"), amount("BTC", "0.25")];
    let reply = client.call(&Request::AccountCreate { name: name(), fund, public_key: None }).unwrap();
    let Reply::Key(credentials) = reply else { panic!("{reply:?}") };
    assert_eq!(handle.keys().get(&credentials.api_key).unwrap().account, id(&handle, "alice"));

    let fund = vec![amount("BTC", "0.25")];
    let Reply::Account(info) = client.call(&Request::AccountFund { name: name(), fund }).unwrap() else {
        panic!()
    };
    let btc = info.balances.iter().find(|balance| balance.asset == "BTC").unwrap();
    assert_eq!((btc.available.as_str(), btc.locked.as_str()), ("1.00000000", "0.00000000"));
    let amounts = vec![amount("BTC", "1.00000001")];
    let refused = client.call(&Request::AccountWithdraw { name: name(), amounts }).unwrap();
    assert_eq!(code(refused), "refused");
    let amounts = vec![amount("BTC", "1")];
    let Reply::Account(info) = client.call(&Request::AccountWithdraw { name: name(), amounts }).unwrap()
    else {
        panic!()
    };
    assert_eq!(info.balances.len(), 1);

    let Reply::Accounts { accounts, more } = client.call(&Request::AccountList { after: None }).unwrap()
    else {
        panic!()
    };
    assert_eq!((accounts.len(), more, accounts[0].keys.len()), (1, false, 1));
    let revoked = client.call(&Request::AccountRevoke { name: name(), api_key: None }).unwrap();
    assert_eq!(revoked, Reply::Revoked { keys: 1 });
    assert!(handle.keys().get(&credentials.api_key).is_none());
}

#[test]
fn a_refused_account_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let host = open(dir.path());
    let (alice, key) = create(&host.handle(), "alice");
    let seq = host.handle().status().seq;
    let create = |name: &str, fund| Request::AccountCreate { name: name.to_owned(), fund, public_key: None };
    for (request, expected) in [
        (create("alice", vec![]), "name_taken"),
        (create("a b", vec![]), "bad_name"),
        (create("bob", vec![amount("DOGE", "1")]), "unknown_asset"),
        (create("bob", vec![amount("BTC", "0")]), "bad_amount"),
        (create("bob", vec![amount("BTC", "-1")]), "bad_amount"),
        (create("bob", vec![amount("BTC", "99999999999999999999999999999")]), "bad_amount"),
        (create("bob", vec![amount("BTC", "0.000000001")]), "bad_amount"),
        (create("bob", vec![amount("btc", "1")]), "bad_request"),
    ] {
        assert_eq!(code(ask(dir.path(), &request)), expected, "{request:?}");
    }
    let handle = host.handle();
    assert_eq!(handle.status().seq, seq);
    assert!(handle.view().account_by_name(&AccountName::new("bob").unwrap()).is_none());
    assert_eq!(handle.keys().of_account(alice).len(), 1);
    assert!(handle.keys().get(&key).is_some());
}

#[test]
fn the_socket_is_private_and_gone_after_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(SOCKET_NAME);
    std::fs::write(&path, "left over from a crash").unwrap();
    let host = open(dir.path());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(ask(dir.path(), &Request::Status {}), Reply::Status { ready: true, .. }));
    // A second server fails on the lock, before it could take the live socket away.
    exchange_host::open(&exchange_host::HostConfig::new(dir.path()), &mut |_| {}).unwrap_err();
    assert!(matches!(ask(dir.path(), &Request::Status {}), Reply::Status { ready: true, .. }));
    drop(host);
    assert!(!path.exists());
    assert!(Client::connect(dir.path()).unwrap().is_none());
}

#[test]
fn a_socket_that_somebody_removed_does_not_hinder_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let host = open(dir.path());
    std::fs::remove_file(dir.path().join(SOCKET_NAME)).unwrap();
    drop(host); // returns although nobody can connect any more
    drop(open(dir.path()));
}

#[test]
fn nonsense_on_the_socket_is_answered_and_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let host = open(dir.path());
    for line in [
        "",
        "{}",
        "null",
        "\"status\"",
        "{\"op\":\"fly\"}",
        "{\"op\":\"status\",\"more\":1}",
        "{\"op\":\"speed_set\",\"percent\":-1}",
        "{\"op\":\"account_create\"}",
        "\u{0}\u{1}",
    ] {
        let mut stream = UnixStream::connect(dir.path().join(SOCKET_NAME)).unwrap();
        stream.write_all(line.as_bytes()).unwrap();
        stream.write_all(b"\n").unwrap();
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer).unwrap();
        assert!(answer.contains("bad_request"), "{line:?}: {answer}");
    }
    let mut stream = UnixStream::connect(dir.path().join(SOCKET_NAME)).unwrap();
    stream.write_all(&vec![b'x'; REQUEST_LEN_MAX + 1]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("bad_request") && answer.ends_with('\n'), "{answer}");
    assert_eq!(code(ask(dir.path(), &Request::SpeedSet { percent: 50 })), "no_participants");
    assert_eq!(host.handle().status().seq, 10);
}

#[test]
fn idle_connections_do_not_keep_administrators_out_for_ever_nor_hinder_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let host = open(dir.path());
    let connect = || UnixStream::connect(dir.path().join(SOCKET_NAME)).unwrap();
    let idle: Vec<_> = (0..8).map(|_| connect()).collect();
    let mut answer = String::new();
    BufReader::new(connect()).read_line(&mut answer).unwrap();
    assert!(answer.contains("busy"), "{answer}");
    drop(host); // returns although eight connections are open
    for mut stream in idle {
        assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap(), 0);
    }
}
