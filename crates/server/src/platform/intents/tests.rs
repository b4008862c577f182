//! What is recorded is there after a stop, by number and by name, until the tables have it.

use std::sync::Arc;

use api::ports::{Condition, Intent, Intents};
use exchange_host::Durability;
use journal::disk::{Fault, FaultyDisk, RealDisk};
use store::audit::Note;
use store::orders::Order;
use store::{AccountId, Amount, OrderId, Side, Ts, UserId};

use super::IntentLog;

fn order(account: AccountId, name: &str) -> Order {
    Order {
        id: OrderId::new(),
        user_id: UserId::new(),
        account_id: account,
        bot_id: None,
        trading_pair_id: 1,
        exchange: "local".to_owned(),
        symbol: "BTCUSDT".to_owned(),
        client_order_id: name.to_owned(),
        exchange_order_id: None,
        side: Side::Buy,
        order_type: "limit".to_owned(),
        time_in_force: "gtc".to_owned(),
        price: "20000.0000000001".parse::<Amount>().ok(),
        stop_price: None,
        quantity: "0.001".parse().unwrap(),
        filled_quantity: Amount::ZERO,
        filled_quote: Amount::ZERO,
        status: "pending".to_owned(),
        live: true,
        reason: None,
        created_at: Ts(1_795_000_000_000_001),
        updated_at: Ts(1_795_000_000_000_001),
        list_id: None,
        asked: Some("ab".to_owned()),
    }
}

fn intent(orders: &[Order]) -> Intent {
    let note = Note { actor: "alice".to_owned(), action: "order.place".to_owned(), ..Note::default() };
    Intent { orders: orders.to_vec(), note, at: Ts(5) }
}

fn open(dir: &std::path::Path) -> IntentLog {
    IntentLog::open(dir, Durability::Fsync).unwrap()
}

#[tokio::test]
async fn what_was_numbered_is_there_after_a_stop_until_the_tables_have_it() {
    let dir = tempfile::tempdir().unwrap();
    let (account, log) = (AccountId::new(), open(dir.path()));
    assert_eq!(log.recorded(), *log.in_tables().borrow(), "a new journal has nothing to wait for");
    let (a, b) = (order(account, "a"), order(account, "b"));
    let first = log.record(intent(std::slice::from_ref(&a))).await.unwrap();
    let second = log.record(intent(std::slice::from_ref(&b))).await.unwrap();
    assert_eq!(second, first + 1);
    assert_eq!(log.known(account, "a"), Some(a.clone()));
    assert_eq!(log.known(AccountId::new(), "a"), None, "another account's name is another name");
    let name = log.name().to_owned();
    log.close().await;
    drop(log);

    let log = open(dir.path());
    assert_eq!(log.name(), name);
    let waiting = log.waiting();
    assert_eq!(waiting.iter().map(|one| one.number).collect::<Vec<_>>(), [first, second]);
    assert_eq!(*waiting[0].intent, intent(std::slice::from_ref(&a)));
    log.are_in_tables(first);
    assert_eq!((log.known(account, "a"), log.known(account, "b")), (None, Some(b.clone())));
    assert_eq!((*log.in_tables().borrow(), log.recorded()), (first, second));
    log.some().await;
    log.are_in_tables(second);
    assert!(log.waiting().is_empty());
    log.close().await;
}

#[tokio::test]
async fn the_end_of_an_order_is_known_by_its_last_word() {
    let dir = tempfile::tempdir().unwrap();
    let (account, log) = (AccountId::new(), open(dir.path()));
    let placed = order(account, "a");
    let ended = Order { status: "rejected".to_owned(), live: false, ..placed.clone() };
    let first = log.record(intent(&[placed])).await.unwrap();
    let last = log.record(intent(std::slice::from_ref(&ended))).await.unwrap();
    log.are_in_tables(first);
    assert_eq!(log.known(account, "a"), Some(ended), "the second word is not in the tables yet");
    log.are_in_tables(last);
    assert_eq!(log.known(account, "a"), None);
    log.close().await;
}

#[tokio::test]
async fn a_journal_that_was_let_go_of_keeps_its_name_and_its_count() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let account = AccountId::new();
    let mut last = 0;
    for _ in 0..super::PRUNE_EVERY / 100 {
        let recorded: Vec<_> =
            (0..100).map(|n| log.record(intent(&[order(account, &n.to_string())]))).collect();
        for one in recorded {
            last = one.await.unwrap();
        }
    }
    log.are_in_tables(last);
    log.tidy().await;
    let name = log.name().to_owned();
    log.close().await;
    drop(log);
    let log = open(dir.path());
    assert_eq!((log.name(), log.recorded(), log.waiting().len()), (name.as_str(), last, 0));
    assert_eq!(log.record(intent(&[order(account, "next")])).await.unwrap(), last + 1);
    log.close().await;
}

#[tokio::test]
async fn after_its_end_nothing_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.close().await;
    let refused = log.record(intent(&[order(AccountId::new(), "a")])).await.unwrap_err();
    assert!(refused.to_string().contains("was not sent"), "{refused}");
}

#[tokio::test]
async fn somebody_who_waits_is_heard_until_the_tables_hold_it() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.hurry(7, 0);
    log.hurried(6).await;
    // Still wanted, however often it is looked at.
    log.hurried(6).await;
    let mut done = Box::pin(log.hurried(7));
    let waits = std::future::poll_fn(|cx| std::task::Poll::Ready(done.as_mut().poll(cx).is_pending())).await;
    assert!(waits, "the tables hold it");
    drop(done);
    log.close().await;
}

#[tokio::test]
async fn a_write_that_failed_is_told_until_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::new(Arc::new(RealDisk));
    let config = journal::Config { disk: Arc::new(disk.clone()), ..journal::Config::default() };
    let log = IntentLog::open_with(dir.path(), &config).unwrap();
    let account = AccountId::new();
    log.record(intent(&[order(account, "a")])).await.unwrap();
    assert_eq!((log.health().name, log.health().condition), ("intents", Condition::Ok));
    disk.fail_at(disk.operations() + 1, Fault::Error(28), true);
    let refused = log.record(intent(&[order(account, "b")])).await.unwrap_err();
    assert!(refused.to_string().contains("was not sent"), "{refused}");
    let health = log.health();
    assert_eq!(health.condition, Condition::Down, "{health:?}");
    assert!(health.detail.contains("until a restart"), "{health:?}");
    // There is room again, and still nobody knows what is on the disk.
    disk.heal();
    log.record(intent(&[order(account, "c")])).await.unwrap_err();
    assert_eq!(log.health().condition, Condition::Down);
    log.close().await;
    drop(log);
    let log = open(dir.path());
    assert_eq!(log.health().condition, Condition::Ok);
    log.record(intent(&[order(account, "d")])).await.unwrap();
    log.close().await;
}

#[tokio::test]
async fn what_the_disk_did_not_confirm_is_not_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::new(Arc::new(RealDisk));
    // No thread of its own counts among the operations.
    let preparation = journal::Preparation::OnDemand;
    let config = journal::Config { disk: Arc::new(disk.clone()), preparation, ..journal::Config::default() };
    let (account, log) = (AccountId::new(), IntentLog::open_with(dir.path(), &config).unwrap());
    log.record(intent(&[order(account, "a")])).await.unwrap();
    // The write is done, its sync fails.
    disk.fail_at(disk.operations() + 2, Fault::Error(5), false);
    let refused = log.record(intent(&[order(account, "b")])).await.unwrap_err();
    assert!(disk.has_failed() && refused.to_string().contains("was not sent"), "{refused}");
    assert_eq!(log.known(account, "b"), None, "nobody finds what was not acknowledged");
    assert_eq!(log.health().condition, Condition::Down);
    log.close().await;
}
