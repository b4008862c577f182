//! The ledger from outside: what it books, what it refuses, and that a refusal leaves no trace.
#![allow(clippy::unwrap_used, reason = "a test binary: it may panic")]

use portfolio::{Holder, Ledger, MONEY_MAX, Posting, PostingError, Pot, Touched};
use proptest::prelude::*;
use types::wire::{Reader, Writer};
use types::{AssetId, Money};

const A: AssetId = AssetId(0);
const B: AssetId = AssetId(1);

fn ledger() -> (Ledger, Holder, Holder) {
    let mut ledger = Ledger::new();
    for _ in 0..3 {
        ledger.add_asset().unwrap();
    }
    let (x, y) = (ledger.open().unwrap(), ledger.open().unwrap());
    ledger.deposit(x, A, Money(1_000)).unwrap();
    ledger.deposit(y, B, Money(1_000)).unwrap();
    (ledger, x, y)
}

fn line(pot: Pot, asset: AssetId, delta: i128) -> Posting {
    Posting { pot, asset, delta: Money(delta) }
}

fn bytes(ledger: &Ledger) -> Vec<u8> {
    let mut out = Vec::new();
    ledger.encode(&mut Writer(&mut out));
    out
}

fn touched(ledger: &mut Ledger) -> Vec<Touched> {
    let mut all = Vec::new();
    ledger.drain_touched(|t, _| all.push(t));
    all
}

#[test]
fn a_transaction_is_balanced_or_not_booked() {
    let (mut ledger, x, y) = ledger();
    let before = bytes(&ledger);
    touched(&mut ledger);
    for (lines, why) in [
        (vec![line(Pot::Available(x), A, -1)], PostingError::Unbalanced),
        (vec![line(Pot::Available(x), A, -1), line(Pot::Available(y), B, 1)], PostingError::Unbalanced),
        (vec![line(Pot::Available(x), A, -10), line(Pot::Available(y), A, 9)], PostingError::Unbalanced),
        (
            vec![line(Pot::Fees, A, 0), line(Pot::Fees, B, 0), line(Pot::Fees, AssetId(2), 0)],
            PostingError::TooManyAssets,
        ),
        (
            vec![line(Pot::Available(y), A, 1_001), line(Pot::Available(x), A, -1_001)],
            PostingError::Negative { asset: A, has: Money(1_000), takes: Money(1_001) },
        ),
        (
            vec![line(Pot::Fees, B, -1), line(Pot::Available(x), B, 1)],
            PostingError::Negative { asset: B, has: Money(0), takes: Money(1) },
        ),
        (vec![line(Pot::Available(x), A, i128::MAX), line(Pot::Available(x), A, 1)], PostingError::TooMuch),
        (vec![line(Pot::Available(Holder(9)), A, -1), line(Pot::Fees, A, 1)], PostingError::Unknown),
    ] {
        assert_eq!(ledger.post(&lines), Err(why), "{lines:?}");
        assert_eq!(bytes(&ledger), before, "{lines:?}");
        assert_eq!(touched(&mut ledger), [], "{lines:?}");
    }
}

#[test]
fn holds_move_money_between_pots_and_never_below_zero() {
    let (mut ledger, x, _) = ledger();
    ledger.hold(x, A, Money(600)).unwrap();
    assert!(ledger.hold(x, A, Money(401)).is_err());
    assert!(ledger.withdraw(x, A, Money(401)).is_err());
    assert!(ledger.release(x, A, Money(601)).is_err());
    let balance = ledger.balance(x, A);
    assert_eq!((balance.available, balance.locked), (Money(400), Money(600)));
    ledger.withdraw(x, A, Money(400)).unwrap();
    assert_eq!(ledger.supply(A), Money(600));
    assert_eq!((ledger.unbalanced_assets(), ledger.overdrawn()), (vec![], vec![]));
}

/// Found by the random test below: nothing at all of an asset that does not exist.
#[test]
fn an_unknown_asset_is_unknown_for_any_amount() {
    let (mut ledger, x, _) = ledger();
    for amount in [0, 1] {
        assert_eq!(ledger.withdraw(x, AssetId(3), Money(amount)), Err(PostingError::Unknown));
        assert_eq!(ledger.deposit(x, AssetId(3), Money(amount)), Err(PostingError::Unknown));
        assert_eq!(ledger.hold(x, AssetId(3), Money(amount)), Err(PostingError::Unknown));
    }
}

#[test]
fn no_more_of_an_asset_than_can_be_counted() {
    let (mut ledger, x, y) = ledger();
    assert_eq!(ledger.deposit(x, A, MONEY_MAX), Err(PostingError::TooMuch));
    assert_eq!(ledger.deposit(x, A, Money(i128::MAX)), Err(PostingError::TooMuch));
    ledger.deposit(y, A, Money(MONEY_MAX.0 - 1_000)).unwrap();
    assert_eq!(ledger.deposit(x, A, Money(1)), Err(PostingError::TooMuch));
}

#[test]
fn each_changed_balance_is_told_once_in_order() {
    let (mut ledger, x, y) = ledger();
    let first = touched(&mut ledger);
    assert_eq!(first, [Touched { holder: x, asset: A }, Touched { holder: y, asset: B }]);
    ledger.hold(y, B, Money(5)).unwrap();
    ledger.hold(x, A, Money(5)).unwrap();
    ledger.release(y, B, Money(5)).unwrap();
    let next = touched(&mut ledger);
    assert_eq!(next, [Touched { holder: y, asset: B }, Touched { holder: x, asset: A }]);
    assert_eq!(touched(&mut ledger), []);
}

#[test]
fn zero_balances_leave_no_bytes() {
    let (mut ledger, x, y) = ledger();
    let before = bytes(&ledger);
    ledger.deposit(x, B, Money(7)).unwrap();
    ledger.withdraw(x, B, Money(7)).unwrap();
    ledger.deposit(y, A, Money(7)).unwrap();
    ledger.withdraw(y, A, Money(7)).unwrap();
    assert_eq!(bytes(&ledger), before);
}

proptest! {
    /// Whatever is posted, the sums hold, nobody is below zero, and the bytes come back the same.
    #[test]
    fn sums_hold_whatever_is_posted(steps in prop::collection::vec((0_u32..4, 0_u16..4, any::<i64>(), 0_u8..6), 1..200)) {
        let (mut ledger, x, _) = ledger();
        for (holder, asset, amount, kind) in steps {
            let (holder, asset, amount) = (Holder(holder), AssetId(asset), Money(i128::from(amount % 5_000)));
            let _ = match kind {
                0 => ledger.deposit(holder, asset, amount),
                1 => ledger.withdraw(holder, asset, amount),
                2 => ledger.hold(holder, asset, amount),
                3 => ledger.release(holder, asset, amount),
                4 => ledger.post(&[
                    line(Pot::Locked(holder), asset, -amount.0),
                    line(Pot::Available(x), asset, amount.0 - 1),
                    line(Pot::Fees, asset, 1),
                ]),
                _ => ledger.post(&[line(Pot::Fees, asset, amount.0), line(Pot::Available(x), asset, -amount.0)]),
            };
            prop_assert_eq!(ledger.unbalanced_assets(), vec![]);
            prop_assert_eq!(ledger.overdrawn(), vec![]);
        }
        let written = bytes(&ledger);
        let mut reader = Reader::new(&written);
        let again = Ledger::decode(&mut reader).unwrap();
        prop_assert!(reader.end().is_ok());
        prop_assert_eq!(bytes(&again), written);
    }
}
