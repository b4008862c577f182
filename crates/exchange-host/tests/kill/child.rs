//! The loaded exchange that will be killed.

use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;

use exchange_host::admin::{Admin, Amount};
use exchange_host::{Handle, HostConfig, Pending};
use types::command::NewOrder;
use types::order::Tags;
use types::{
    AccountId, AccountName, AssetId, ClientOrderId, Command, Event, MarketId, Money, Price, Qty, Side,
    StpMode, Terms, TimeInForce,
};

/// The accounts, one per loading thread.
pub(crate) const NAMES: [&str; 2] = ["alice", "bob"];
/// Commands of a thread that are on their way at the same time.
pub(crate) const WINDOW: usize = 16;
/// BTCUSDT.
pub(crate) const MARKET: MarketId = MarketId(0);
/// SOL: deposits of its smallest unit are counted.
pub(crate) const COUNTED: AssetId = AssetId(2);

/// Small snapshots intervals and segments, so that kills also hit snapshots, pruning and new segments.
pub(crate) fn config(dir: &Path) -> HostConfig {
    let mut config = HostConfig::new(dir);
    config.snapshot_every = 700;
    config.journal.segment_len = 64 * 1024;
    config
}

/// Loads the host until killed. Prints `o ACCOUNT ORDER CLIENT` for an accepted order, `d ACCOUNT` for a deposit.
pub(crate) fn run(dir: &Path, run: &str) {
    let host = exchange_host::open(&config(dir), &mut |_| {}).unwrap();
    let handle = host.handle();
    let threads: Vec<_> = NAMES
        .iter()
        .map(|name| {
            let (handle, run, account) = (handle.clone(), run.to_owned(), account(&handle, name));
            std::thread::spawn(move || load(&handle, account, &run))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn account(handle: &Handle, name: &str) -> AccountId {
    let find = || handle.view().account_by_name(&AccountName::new(name).unwrap()).map(|account| account.id);
    find().unwrap_or_else(|| {
        let amount =
            |asset: &str, amount: &str| Amount { asset: asset.to_owned(), amount: amount.to_owned() };
        let fund = [amount("USDT", "100000000"), amount("BTC", "10000")];
        Admin::new(handle.clone()).create_account(name, &fund).unwrap();
        find().unwrap()
    })
}

fn load(handle: &Handle, account: AccountId, run: &str) {
    let mut window = VecDeque::new();
    for n in 0_u64.. {
        if window.len() == WINDOW {
            report(account, window.pop_front().unwrap());
        }
        window.push_back(handle.submit(command(account, run, n), None));
    }
}

fn command(account: AccountId, run: &str, n: u64) -> Command {
    let random = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ u64::from(account.0)) >> 33;
    let client_id = ClientOrderId::new(&format!("{run}-{account}-{n}")).unwrap();
    if n % 40 == 39 {
        return Command::CancelAll { account, market: MARKET, client_id };
    }
    if n % 7 == 3 {
        return Command::Deposit { account, asset: COUNTED, amount: Money(1) };
    }
    let below = |bound: u64, shift: u32| i64::try_from((random >> shift) % bound).unwrap();
    Command::Place(NewOrder {
        account,
        market: MARKET,
        client_id,
        side: if random.is_multiple_of(2) { Side::Buy } else { Side::Sell },
        terms: Terms::Limit {
            price: Price((29_990 + below(20, 1)) * 100_000_000),
            qty: Qty((1 + below(10, 8)) * 100_000),
            tif: TimeInForce::Gtc,
            display: None,
        },
        stp: StpMode::None,
        tags: Tags::default(),
    })
}

/// One write per line: a pipe takes it whole or not at all.
fn report(account: AccountId, pending: Pending) {
    let Ok(receipt) = pending.wait() else { return };
    let line = receipt.events.iter().find_map(|event| match event {
        Event::Order { order, .. } if order.account == account => {
            Some(format!("o {account} {} {}\n", order.id, order.client_id))
        }
        Event::Transfer { account, .. } => Some(format!("d {account}\n")),
        _ => None,
    });
    // A cancel of everything reports the first order it cancelled, which is true as well.
    if let Some(line) = line {
        std::io::stdout().write_all(line.as_bytes()).unwrap();
        std::io::stdout().flush().unwrap();
    }
}
