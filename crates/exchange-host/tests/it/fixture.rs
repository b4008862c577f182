//! A host in a temporary directory, and orders to throw at it.

use std::path::Path;

use exchange_host::admin::{Admin, Amount, Reply, Request};
use exchange_host::{Handle, Host, HostConfig};
use types::command::{Cancel, NewOrder, Target};
use types::order::Tags;
use types::{
    AccountId, AccountName, ClientOrderId, Command, MarketId, OrderId, Price, Qty, Side, StpMode, Terms,
    TimeInForce,
};

/// BTCUSDT of the standard listing.
pub(crate) const BTCUSDT: MarketId = MarketId(0);

pub(crate) fn open(dir: &Path) -> Host {
    let mut config = HostConfig::new(dir);
    // Small segments are made quickly.
    config.journal.segment_len = 256 * 1024;
    open_with(&config)
}

pub(crate) fn open_with(config: &HostConfig) -> Host {
    exchange_host::open(config, &mut |_| {}).unwrap()
}

pub(crate) fn amount(asset: &str, amount: &str) -> Amount {
    Amount { asset: asset.to_owned(), amount: amount.to_owned() }
}

/// Opens an account with 1,000,000 USDT and 100 BTC; returns its id and API key.
pub(crate) fn create(handle: &Handle, name: &str) -> (AccountId, String) {
    let fund = vec![amount("USDT", "1000000"), amount("BTC", "100")];
    let reply = Admin::new(handle.clone()).perform(Request::AccountCreate {
        name: name.to_owned(),
        fund,
        public_key: None,
    });
    let Reply::Key(credentials) = reply else { panic!("{reply:?}") };
    (id(handle, name), credentials.api_key)
}

pub(crate) fn id(handle: &Handle, name: &str) -> AccountId {
    handle.view().account_by_name(&AccountName::new(name).unwrap()).unwrap().id
}

/// A limit order on BTCUSDT: price in whole USDT, quantity in thousandths of a BTC.
pub(crate) fn limit(account: AccountId, side: Side, price: i64, milli_btc: i64, client_id: &str) -> Command {
    Command::Place(NewOrder {
        account,
        market: BTCUSDT,
        client_id: ClientOrderId::new(client_id).unwrap(),
        side,
        terms: Terms::Limit {
            price: Price(price * 100_000_000),
            qty: Qty(milli_btc * 100_000),
            tif: TimeInForce::Gtc,
            display: None,
        },
        stp: StpMode::None,
        tags: Tags::default(),
    })
}

pub(crate) fn cancel(account: AccountId, order: OrderId) -> Command {
    Command::Cancel(Cancel {
        account,
        market: BTCUSDT,
        target: Target::Id(order),
        client_id: ClientOrderId::new("cancel").unwrap(),
        only_if: None,
    })
}
