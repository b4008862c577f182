//! Starts, kills, and looks.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;
use std::process::{Command, Stdio};

use exchange_host::view::Range;
use exchange_host::{Handle, OpenError, verify};
use types::command::Target;
use types::{AccountId, AccountName, ClientOrderId, OrderId};

use crate::child::{COUNTED, MARKET, NAMES, WINDOW, config};

/// Most lines after which the child is killed.
const LINES_MAX: u64 = 3_000;

/// What was answered so far, over all runs.
#[derive(Default)]
struct Answered {
    orders: BTreeMap<OrderId, (AccountId, ClientOrderId)>,
    /// Deposits per account, as the last look found them.
    deposits: BTreeMap<AccountId, i128>,
}

/// As many kills as asked for.
pub(crate) fn run() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let kills = number("TRADEWIND_KILLS").unwrap_or(20);
    let mut seed = number("TRADEWIND_KILL_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("kill: {kills} kills, TRADEWIND_KILL_SEED={seed}");
    let dir = tempfile::tempdir().unwrap();
    let mut answered = Answered::default();
    for kill in 0..kills {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Squared: early kills, some while the child still recovers, are as common as late ones.
        let part = (seed >> 33) % 1_000;
        let said = killed_after(dir.path(), kill, LINES_MAX * part * part / 1_000_000);
        look(dir.path(), &mut answered, &said);
    }
    println!("kill: {} orders answered, all there once", answered.orders.len());
    assert!(kills < 20 || !answered.orders.is_empty());
}

/// Starts a child and kills it after so many lines; returns everything it said, whole lines only.
fn killed_after(dir: &Path, kill: u64, lines: u64) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("child")
        .arg(dir)
        .arg(format!("k{kill}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let (mut said, mut line) = (Vec::new(), String::new());
    let mut killed = lines == 0;
    if killed {
        child.kill().unwrap();
    }
    while reader.read_line(&mut line).unwrap() > 0 {
        assert!(line.ends_with('\n'));
        said.push(line.trim_end().to_owned());
        line.clear();
        if said.len() as u64 == lines && !killed {
            child.kill().unwrap();
            killed = true;
        }
    }
    let status = child.wait().unwrap();
    assert!(killed && !status.success(), "the child ended by itself: {status}");
    said
}

/// Opens what was killed and compares it with what was answered.
fn look(dir: &Path, answered: &mut Answered, said: &[String]) {
    let before = verify(dir, &mut |_| {});
    let host = exchange_host::open(&config(dir), &mut |_| {}).unwrap();
    let handle = host.handle();
    match before {
        Ok(before) => {
            assert_eq!(before.findings, []);
            assert_eq!(before.seq, handle.status().seq, "recovery and replay end at the same command");
        }
        // Killed before there was a journal, or even its folder.
        Err(OpenError::Journal(journal::Failure::Missing { .. } | journal::Failure::Io { .. }))
            if said.is_empty() => {}
        Err(OpenError::Io { source, .. })
            if source.kind() == ErrorKind::NotFound
                && said.is_empty()
                && answered.orders.is_empty()
                && answered.deposits.is_empty() => {}
        Err(other) => panic!("{other}"),
    }
    let mut deposits: BTreeMap<AccountId, i128> = BTreeMap::new();
    for line in said {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["o", account, order, client_id] => {
                let account = AccountId(account.parse().unwrap());
                let client_id = ClientOrderId::new(client_id).unwrap();
                answered.orders.insert(OrderId(order.parse().unwrap()), (account, client_id));
            }
            ["d", account] => *deposits.entry(AccountId(account.parse().unwrap())).or_default() += 1,
            _ => panic!("{line:?}"),
        }
    }
    for (id, (account, client_id)) in &answered.orders {
        let found = handle.view().order(*account, MARKET, &Target::Id(*id)).unwrap();
        assert!(
            found.is_some_and(|record| record.order.client_id == *client_id),
            "order {id} was answered and is lost"
        );
    }
    for name in NAMES {
        let Some(account) = handle.view().account_by_name(&AccountName::new(name).unwrap()) else { continue };
        each_order_once(&handle, account.id);
        // Every answered deposit counts once; those on their way at the kill may have counted, once.
        let now = counted(&handle, account.id);
        let least =
            answered.deposits.get(&account.id).unwrap_or(&0) + deposits.get(&account.id).unwrap_or(&0);
        let most = least + i128::try_from(WINDOW).unwrap();
        assert!(
            (least..=most).contains(&now),
            "{name}: {now} deposits, between {least} and {most} were made"
        );
        answered.deposits.insert(account.id, now);
    }
    drop(handle);
    // The closing snapshot is the recovered state; the replay compares itself with it (D2).
    host.shutdown();
    assert_eq!(verify(dir, &mut |_| {}).unwrap().findings, []);
}

fn counted(handle: &Handle, account: AccountId) -> i128 {
    let held = handle.view().balances(account).balances.into_iter().find(|balance| balance.asset == COUNTED);
    held.map_or(0, |balance| balance.available.0)
}

/// Client ids are never used again by the child, so each stands for one command.
fn each_order_once(handle: &Handle, account: AccountId) {
    let (mut seen, mut from) = (BTreeSet::new(), 0);
    loop {
        let page = handle.view().orders(account, MARKET, &Range::from_id(from, 1_000)).unwrap();
        let Some(last) = page.last() else { return };
        from = last.order.id.0 + 1;
        for record in &page {
            assert!(seen.insert(record.order.client_id), "{} is there twice", record.order.client_id);
        }
    }
}
