//! Starts, kills, and looks.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use bus::Envelope;
use bus::bots::{BotCommand, BotEntry, BotQuery, BotReply, Desk, Holding};
use exchange_host::Handle;
use exchange_host::view::Range;
use live::record::Intent;
use live::session;
use types::{AccountId, MarketId};

use crate::child::{bots_config, open};

/// Most lines after which the child is killed.
const LINES_MAX: u64 = 120;
/// Lives of one directory. Every life adds bots, all snapshots are kept and each look reads everything: two hundred lives of one directory
/// are fifteen gigabytes and hours.
const LIVES_MAX: u64 = 40;
const BTCUSDT: MarketId = MarketId(0);

/// As many kills as asked for.
pub(crate) fn run() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let kills = number("TRADEWIND_BOT_KILLS").unwrap_or(10);
    let mut seed = number("TRADEWIND_KILL_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("kill: {kills} kills, TRADEWIND_KILL_SEED={seed}");
    let (mut bots, mut orders, mut left) = (0, 0, kills);
    while left > 0 {
        let lives = left.min(LIVES_MAX);
        left -= lives;
        let (of_history, ordered) = history(lives, &mut seed);
        (bots, orders) = (bots + of_history, orders + ordered);
        println!("kill: {} kills, {bots} bots, {orders} orders that left, each accounted for", kills - left);
    }
    assert!(kills < 5 || orders > 0);
}

/// One directory and its lives; how many bots it had, and how many orders left.
fn history(lives: u64, seed: &mut u64) -> (usize, usize) {
    let dir = tempfile::tempdir().unwrap();
    let (mut bots, mut orders) = (BTreeMap::new(), BTreeSet::new());
    for life in 0..lives {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lines = (*seed >> 33) % LINES_MAX;
        for line in killed_after(dir.path(), life, lines) {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["b", name, account] => drop(bots.insert(name.to_owned(), account.parse::<u32>().unwrap())),
                ["o", order] => drop(orders.insert(order.to_owned())),
                _ => panic!("{line:?}"),
            }
        }
        look(dir.path(), &bots);
    }
    replay(dir.path(), &orders);
    (bots.len(), orders.len())
}

/// Starts a child and kills it after so many lines; returns everything it said, whole lines only.
fn killed_after(dir: &Path, kill: u64, lines: u64) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("child")
        .arg(dir)
        .arg(kill.to_string())
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

fn command(desk: &Desk, command: BotCommand) -> BotEntry {
    let BotReply::Bot(bot) = desk.commands.submit(Envelope::of_operator(command)).wait().unwrap().outcome
    else {
        panic!()
    };
    *bot
}

fn list(desk: &Desk) -> Vec<BotEntry> {
    let answer = desk.queries.submit(Envelope::of_operator(BotQuery::List {})).wait().unwrap().outcome;
    let BotReply::Bots(bots) = answer else { panic!() };
    bots
}

/// Opens what was killed, stops every bot, and compares its ledger with its account.
fn look(dir: &Path, answered: &BTreeMap<String, u32>) {
    let (host, running) = open(dir);
    let (desk, handle) = (running.desk().clone(), host.handle());
    let bots = list(&desk);
    for (name, account) in answered {
        let found = bots.iter().find(|bot| bot.name == *name);
        assert_eq!(found.map(|bot| bot.account), Some(*account), "{name} was answered for and is lost");
    }
    for bot in &bots {
        command(&desk, BotCommand::Stop { bot: bot.name.clone() });
    }
    let settled = (0..1_000_000).any(|_| {
        std::thread::yield_now();
        list(&desk).iter().all(|bot| bot.orders == 0)
    });
    assert!(settled, "orders stay open: {:?}", list(&desk));
    for bot in list(&desk) {
        assert_eq!(bot.assets, held(&handle, bot.account), "{}: its ledger is not what it has", bot.name);
        assert_eq!(handle.view().open_orders(AccountId(bot.account), None), []);
        each_order_once(&handle, bot.account);
        // They go on in the next run.
        command(&desk, BotCommand::Start { bot: bot.name });
    }
    drop(running);
    drop(handle);
    host.shutdown();
}

fn held(handle: &Handle, account: u32) -> Vec<Holding> {
    let catalog = handle.view().catalog();
    let held = handle.view().balances(AccountId(account)).balances;
    let one = |b: &exchange_host::view::Balance| {
        let asset = catalog.asset(b.asset)?;
        let amount = types::decimal::format(b.available.0 + b.locked.0, asset.scale);
        (b.available.0 + b.locked.0 != 0).then(|| Holding { asset: asset.code.to_string(), amount })
    };
    held.iter().filter_map(one).collect()
}

/// A bot's ids are never used again, so each stands for one intent: O1 for the platform's own orders.
fn each_order_once(handle: &Handle, account: u32) {
    let (mut seen, mut from) = (BTreeSet::new(), 0);
    loop {
        let page = handle.view().orders(AccountId(account), BTCUSDT, &Range::from_id(from, 1_000)).unwrap();
        let Some(last) = page.last() else { return };
        from = last.order.id.0 + 1;
        for record in &page {
            assert!(seen.insert(record.order.client_id), "{} is there twice", record.order.client_id);
        }
    }
}

/// Every session is decided the same again, and every order that left is in one of them.
fn replay(dir: &Path, orders: &BTreeSet<String>) {
    let bots = bots_config(dir).dir;
    let mut recorded = BTreeSet::new();
    for entry in session::list(&bots).unwrap() {
        session::walk(&bots, entry.number, &mut |_, step| {
            recorded.extend(step.intents.iter().filter_map(|intent| match intent {
                Intent::Submit(order) => Some(order.client_id.to_string()),
                Intent::Cancel { .. } => None,
            }));
        })
        .unwrap();
    }
    let lost: Vec<_> = orders.difference(&recorded).collect();
    assert!(lost.is_empty(), "left without a record: {lost:?}");
}
