//! Trading by hand, straight on the exchange: for tests that look at what others get to see of it.

use std::net::SocketAddr;

use exchange_host::{Receipt, SubmitError};
use types::command::{Cancel, NewOrder, Target};
use types::order::Tags;
use types::{
    AccountId, ClientOrderId, Command, MarketId, Price, Qty, Side, StpMode, Terms, TimeInForce, decimal,
};

use crate::venue::Venue;

/// The market most tests trade on.
pub(crate) const BTCUSDT: MarketId = MarketId(0);
/// The accounts of [`Venue::alice`] and [`Venue::bob`].
pub(crate) const ALICE: AccountId = AccountId(1_001);
pub(crate) const BOB: AccountId = AccountId(1_002);

impl Venue {
    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// WebSockets closed because their client did not keep up.
    pub(crate) fn slow_sockets(&self) -> u64 {
        self.server.counts().slow_sockets
    }

    /// Places a limit order (GTC) on BTCUSDT.
    pub(crate) async fn limit(
        &self,
        account: AccountId,
        client: &str,
        side: Side,
        price: &str,
        qty: &str,
    ) -> Result<Receipt, SubmitError> {
        let order = limit(account, client, side, price, qty);
        self.handle.submit(Command::Place(order), None).await
    }

    /// Cancels an order on BTCUSDT by its client id.
    pub(crate) async fn cancel(&self, account: AccountId, client: &str) -> Result<Receipt, SubmitError> {
        let cancel = Cancel {
            account,
            market: BTCUSDT,
            target: Target::Client(client_id(client)),
            client_id: client_id("the-cancel"),
            only_if: None,
        };
        self.handle.submit(Command::Cancel(cancel), None).await
    }
}

/// A limit order (GTC) on BTCUSDT.
pub(crate) fn limit(account: AccountId, client: &str, side: Side, price: &str, qty: &str) -> NewOrder {
    let price = Price(decimal::parse_unsigned(price, 8).unwrap());
    let qty = Qty(decimal::parse_unsigned(qty, 8).unwrap());
    NewOrder {
        account,
        market: BTCUSDT,
        client_id: client_id(client),
        side,
        terms: Terms::Limit { price, qty, tif: TimeInForce::Gtc, display: None },
        stp: StpMode::None,
        tags: Tags::default(),
    }
}

fn client_id(text: &str) -> ClientOrderId {
    ClientOrderId::new(text).unwrap()
}
