//! A host on which the commands of P1 can be submitted.
//!
//! The standard BTCUSDT gets the rules of P1 (a smaller minimum notional, more orders per account), so ids of markets and
//! assets are put in place of the workload's own; ids of orders and accounts agree because the host is new.

use std::path::Path;

use exchange_host::{Host, HostConfig};
use types::{AssetId, Command, Market};

use crate::feed::Feed;

/// A new host in `dir` with everything that P1 begins with, and the commands to come.
pub fn open(dir: &Path) -> (Host, Feed) {
    let host = exchange_host::open(&config(dir), &mut |_| {}).expect("a new host");
    let handle = host.handle();
    let mut feed = Feed::plan("P1", 100);
    let mut pending = Vec::new();
    let listed = handle.view().catalog().market_by_symbol("BTCUSDT").expect("listed").clone();
    for command in feed.opening() {
        if let Some(command) = adapted(&listed, command.input) {
            pending.push(handle.submit(command, None));
        }
        if pending.len() == 1_000 {
            pending.drain(..).for_each(|answer| drop(answer.wait().expect("accepted")));
        }
    }
    pending.drain(..).for_each(|answer| drop(answer.wait().expect("accepted")));
    (host, feed)
}

/// No snapshots by number; those by size come.
pub fn config(dir: &Path) -> HostConfig {
    let mut config = HostConfig::new(dir);
    config.snapshot_every = u64::MAX;
    config
}

/// The command on the standard listing; `None` for listings, but the rules of the market.
pub fn adapted(listed: &Market, command: Command) -> Option<Command> {
    match command {
        Command::ListAsset(_) => None,
        Command::ListMarket(market) => {
            let Market { id, symbol, base, quote, price_scale, .. } = listed.clone();
            let market =
                Market::new(id, symbol, base, quote, price_scale, market.rules).expect("sound rules");
            Some(Command::ListMarket(Box::new(market)))
        }
        Command::Deposit { account, asset, amount } => {
            // The workload's quote asset is 0 and its base asset 1; here USDT is 3 and BTC is 0.
            let asset = AssetId(if asset.0 == 0 { 3 } else { 0 });
            Some(Command::Deposit { account, asset, amount })
        }
        other => Some(other),
    }
}
