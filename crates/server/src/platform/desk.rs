//! Accounts of the built-in exchange behind the API's port.

use api::ports::{Desk, Holding, OrderRequest, Placed, PortError, Reply};
use exchange_host::Handle;
use exchange_host::admin::{Admin, Amount};
use types::command::{Cancel, NewOrder, Target};
use types::order::Tags;
use types::{
    AccountId, AssetId, ClientOrderId, Command, Event, InstrumentId, Market, OrderId, OrderView, StpMode,
    VenueName,
};

use super::LOCAL;
use super::projector::{Follow, Owned};
use super::refusals::submit_error;

/// Test money of a new account.
const TEST_FUNDS: [(&str, &str); 5] =
    [("USDT", "1000000"), ("BTC", "10"), ("ETH", "100"), ("SOL", "1000"), ("KRW", "1000000000")];

/// The exchange as a trading desk.
pub(crate) struct ExchangeDesk {
    handle: Handle,
    venue: VenueName,
    follow: Follow,
}

impl ExchangeDesk {
    /// `None` never happens: the venue's name is one.
    pub(crate) fn new(handle: Handle, follow: Follow) -> Option<Self> {
        Some(Self { handle, venue: VenueName::new(LOCAL).ok()?, follow })
    }

    fn market(&self, id: &InstrumentId) -> Result<Market, PortError> {
        if id.venue != self.venue {
            return Err(PortError::Unknown("market"));
        }
        let catalog = self.handle.view().catalog();
        catalog.market_by_symbol(id.symbol.as_str()).cloned().ok_or(PortError::Unknown("market"))
    }

    async fn submit(
        &self,
        command: Command,
        market: Option<types::MarketId>,
    ) -> Result<exchange_host::Receipt, PortError> {
        let result = self.handle.submit(command, None).await;
        result.map_err(|error| submit_error(error, &self.handle.view().catalog(), market))
    }
}

/// The last state of an order in the events of a command.
fn order_in(events: &[Event], wanted: impl Fn(&OrderView) -> bool) -> Option<OrderView> {
    events.iter().rev().find_map(|event| match event {
        Event::Order { order, .. } if wanted(order) => Some(*order),
        _ => None,
    })
}

impl Desk for ExchangeDesk {
    fn open(&self, name: String) -> Reply<'_, Result<AccountId, PortError>> {
        let admin = Admin::new(self.handle.clone());
        Box::pin(async move {
            let fund =
                TEST_FUNDS.map(|(asset, amount)| Amount { asset: asset.into(), amount: amount.into() });
            // Waits for the journal: not on the async threads.
            let opened = tokio::task::spawn_blocking(move || admin.ensure_account(&name, &fund)).await;
            let opened = opened.map_err(|error| PortError::Failed(error.to_string()))?;
            opened.map_err(|error| PortError::Unavailable(error.to_string()))
        })
    }

    fn place(&self, account: AccountId, order: OrderRequest) -> Reply<'_, Result<Placed, PortError>> {
        Box::pin(async move {
            let market = self.market(&order.instrument)?;
            let new = NewOrder {
                account,
                market: market.id,
                client_id: order.client_id,
                side: order.side,
                terms: order.terms,
                stp: StpMode::ExpireTaker,
                tags: Tags::default(),
            };
            let receipt = self.submit(Command::Place(new), Some(market.id)).await?;
            order_in(&receipt.events, |o| o.account == account && o.client_id == order.client_id)
                .map(|order| Placed { order, seq: receipt.seq })
                .ok_or_else(|| PortError::Failed("the exchange took an order and told nothing of it".into()))
        })
    }

    fn cancel(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        id: OrderId,
    ) -> Reply<'_, Result<Placed, PortError>> {
        Box::pin(async move {
            let market = self.market(&instrument)?;
            let by = ClientOrderId::new(&format!("cancel-{}", id.0))
                .map_err(|e| PortError::Failed(e.to_string()))?;
            let cancel =
                Cancel { account, market: market.id, target: Target::Id(id), client_id: by, only_if: None };
            let receipt = self.submit(Command::Cancel(cancel), Some(market.id)).await?;
            order_in(&receipt.events, |o| o.id == id && o.market == market.id)
                .map(|order| Placed { order, seq: receipt.seq })
                .ok_or(PortError::Unknown("order"))
        })
    }

    fn follow(
        &self,
        number: AccountId,
        user: store::UserId,
        account: store::AccountId,
        bot: Option<store::BotId>,
    ) {
        self.follow.add(number, Owned { user, account, bot });
    }

    fn open_orders(&self, account: AccountId) -> Vec<(InstrumentId, OrderView)> {
        let catalog = self.handle.view().catalog();
        let orders = self.handle.view().open_orders(account, None);
        let named = |order: OrderView| {
            let market = catalog.market(order.market)?;
            Some((InstrumentId { venue: self.venue, symbol: market.symbol }, order))
        };
        orders.into_iter().filter_map(named).collect()
    }

    fn holdings(&self, account: AccountId) -> Vec<Holding> {
        let catalog = self.handle.view().catalog();
        let named = |asset: AssetId| catalog.asset(asset).map(|a| (a.code, a.scale));
        let balances = self.handle.view().balances(account).balances;
        let holding = |b: exchange_host::view::Balance| {
            let (code, scale) = named(b.asset)?;
            Some(Holding { asset: b.asset, code, scale, available: b.available, locked: b.locked })
        };
        balances.into_iter().filter_map(holding).collect()
    }

    fn set_halted(&self, account: AccountId, halted: bool) -> Reply<'_, Result<u64, PortError>> {
        Box::pin(async move {
            let mut seq = self.submit(Command::SetTrading { account, allowed: !halted }, None).await?.seq;
            if halted {
                let markets: Vec<_> = self.handle.view().catalog().markets.iter().map(|m| m.id).collect();
                let by = ClientOrderId::new("halt").map_err(|e| PortError::Failed(e.to_string()))?;
                for market in markets {
                    if self.handle.view().open_orders(account, Some(market)).is_empty() {
                        continue;
                    }
                    let cancel = Command::CancelAll { account, market, client_id: by };
                    seq = self.submit(cancel, Some(market)).await?.seq;
                }
            }
            Ok(seq)
        })
    }
}
