//! The exchange with its API; two accounts trade once per period.

use std::time::Instant;

use exchange_api::{ApiConfig, serve as serve_api};
use exchange_host::{Durability, Handle, HostConfig};
use types::command::NewOrder;
use types::order::Tags;
use types::{
    AccountId, AccountName, AssetId, ClientOrderId, Command, FeeRate, MarketId, Money, Price, Qty, Side,
    StpMode, Terms, TimeInForce,
};

use crate::PERIOD;

const UNIT: i64 = 100_000_000;

/// Runs until it is killed.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let dir = tempfile::tempdir().expect("a directory");
        let config = HostConfig { durability: Durability::Buffered, ..HostConfig::new(dir.path()) };
        let host = exchange_host::open(&config, &mut |_| {}).expect("a new exchange");
        let handle = host.handle();
        for id in [1, 2] {
            open_account(&handle, AccountId(id)).await;
        }
        let (_stopper, stop) = http::stop();
        let config = ApiConfig { addr: ([127, 0, 0, 1], 0).into(), ..ApiConfig::default() };
        let server = serve_api(host.handle(), config, stop).await.expect("a server");
        println!("{}", server.local_addr());
        trade(&handle).await;
    });
}

async fn open_account(handle: &Handle, account: AccountId) {
    let name = AccountName::new(&format!("account-{account}")).expect("a name");
    let fee = FeeRate(0);
    let open = Command::OpenAccount { account, name, maker: fee, taker: fee };
    handle.submit(open, None).await.expect("an account");
    for asset in (0..5).map(AssetId) {
        let amount = Money(i128::from(UNIT) * 1_000_000_000);
        handle.submit(Command::Deposit { account, asset, amount }, None).await.expect("a deposit");
    }
}

/// One trade per period: a resting order and one that takes it.
async fn trade(handle: &Handle) {
    let mut next = Instant::now();
    for round in 0_u64.. {
        next += PERIOD;
        tokio::time::sleep_until(next.into()).await;
        for (account, side) in [(1, Side::Sell), (2, Side::Buy)] {
            let order = NewOrder {
                account: AccountId(account),
                market: MarketId(0),
                client_id: ClientOrderId::new(&format!("r{round}")).expect("an id"),
                side,
                terms: Terms::Limit {
                    price: Price(30_000 * UNIT),
                    qty: Qty(UNIT / 1_000),
                    tif: TimeInForce::Gtc,
                    display: None,
                },
                stp: StpMode::None,
                tags: Tags::default(),
            };
            handle.submit(Command::Place(order), None).await.expect("an order");
        }
    }
}
