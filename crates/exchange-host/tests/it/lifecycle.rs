//! Open, use, close, open again.

use exchange_host::{OpenError, SubmitError};
use types::{AccountName, Command, Refusal, Time};

use crate::fixture::{create, open};

#[test]
fn a_new_exchange_lists_the_standard_markets_and_keeps_them() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let host = open(dir.path());
        let catalog = host.handle().view().catalog();
        let symbols: Vec<_> = catalog.markets.iter().map(|market| market.symbol.to_string()).collect();
        assert_eq!(symbols, ["BTCUSDT", "ETHUSDT", "SOLUSDT", "ETHBTC", "BTCKRW"]);
        assert_eq!(catalog.market_by_symbol("ETHBTC").unwrap().quote.code.as_str(), "BTC");
        assert_eq!(host.handle().status().seq, 10);
    }
}

#[test]
fn accounts_balances_and_keys_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let host = open(dir.path());
    let (alice, key) = create(&host.handle(), "alice");
    let before = host.handle().view().balances(alice).balances;
    assert_eq!(before.len(), 2);
    drop(host);

    let host = open(dir.path());
    let handle = host.handle();
    assert_eq!(handle.view().balances(alice).balances, before);
    assert_eq!(handle.view().account(alice).unwrap().name, AccountName::new("alice").unwrap());
    assert_eq!(handle.keys().get(&key).unwrap().account, alice);
    assert!(handle.now() >= handle.view().balances(alice).updated);
}

#[test]
fn a_directory_in_use_is_not_opened_twice() {
    let dir = tempfile::tempdir().unwrap();
    let _host = open(dir.path());
    let error = exchange_host::open(&exchange_host::HostConfig::new(dir.path()), &mut |_| {}).unwrap_err();
    assert!(
        matches!(&error, OpenError::Locked { pid, .. } if *pid == std::process::id().to_string()),
        "{error}"
    );
}

#[test]
fn a_late_or_refused_command_changes_nothing_and_is_not_journaled() {
    let dir = tempfile::tempdir().unwrap();
    let host = open(dir.path());
    let handle = host.handle();
    let (alice, _) = create(&handle, "alice");
    let seq = handle.status().seq;
    let command = Command::SetTrading { account: alice, allowed: false };
    let late = handle.submit(command, Some(Time(1))).wait();
    assert_eq!(late.unwrap_err(), SubmitError::Late);
    let nobody = Command::SetTrading { account: types::AccountId(99), allowed: false };
    let refused = handle.submit(nobody, None).wait();
    assert_eq!(refused.unwrap_err(), SubmitError::Refused(Refusal::UnknownAccount));
    assert_eq!(handle.status().seq, seq);
    assert!(handle.view().account(alice).unwrap().trading);
}

#[test]
fn nothing_is_accepted_after_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let host = open(dir.path());
    let handle = host.handle();
    let (alice, _) = create(&handle, "alice");
    drop(host);
    let answer = handle.submit(Command::SetTrading { account: alice, allowed: false }, None).wait();
    assert_eq!(answer.unwrap_err(), SubmitError::Stopped);
    assert!(!handle.status().ready);
    assert!(handle.view().account(alice).is_some(), "what was is still readable");
}
