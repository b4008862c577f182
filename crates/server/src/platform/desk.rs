//! Accounts of the built-in exchange behind the API's port. Orders go through the [`Lane`]; what only makes risk smaller (cancels,
//! smaller quantities, the kill switch) goes straight to the exchange.

use api::account_limits::LimitsBody;
use api::ports::{AccountRisk, Desk, Holding, OrderRequest, Permit, Placed, PortError, Preview, Reply};
use exchange_host::Handle;
use exchange_host::admin::{Admin, Amount};
use types::command::{Cancel, Target};
use types::{
    AccountId, AssetId, ClientOrderId, Command, InstrumentId, Market, OrderId, OrderView, Qty, VenueName,
};

use super::LOCAL;
use super::lane::Lane;
use super::projector::{Follow, Owned};
use super::refusals::order_in;

/// Test money of a new account.
const TEST_FUNDS: [(&str, &str); 5] =
    [("USDT", "1000000"), ("BTC", "10"), ("ETH", "100"), ("SOL", "1000"), ("KRW", "1000000000")];

/// The exchange as a trading desk.
pub(crate) struct ExchangeDesk {
    handle: Handle,
    venue: VenueName,
    follow: Follow,
    lane: Lane,
}

impl ExchangeDesk {
    /// `None` never happens: the venue's name is one.
    pub(crate) fn new(handle: Handle, store: store::Store, follow: Follow) -> Option<Self> {
        let venue = VenueName::new(LOCAL).ok()?;
        let lane = Lane::new(handle.clone(), store, venue, follow.clone());
        Some(Self { handle, venue, follow, lane })
    }

    /// The lane of its orders.
    pub(crate) const fn lane(&self) -> &Lane {
        &self.lane
    }

    fn market(&self, id: &InstrumentId) -> Result<Market, PortError> {
        if id.venue != self.venue {
            return Err(PortError::Unknown("market"));
        }
        let catalog = self.handle.view().catalog();
        catalog.market_by_symbol(id.symbol.as_str()).cloned().ok_or(PortError::Unknown("market"))
    }
}

/// An order after a command that changed it.
fn changed(receipt: &exchange_host::Receipt, id: OrderId) -> Result<Placed, PortError> {
    let order = order_in(&receipt.events, |o| o.id == id).ok_or(PortError::Unknown("order"))?;
    Ok(Placed { orders: vec![order], seq: receipt.seq })
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

    fn judge(
        &self,
        account: AccountId,
        order: OrderRequest,
    ) -> Reply<'_, Result<Box<dyn Permit>, PortError>> {
        Box::pin(self.lane.judge(account, order))
    }

    fn preview(&self, account: AccountId, order: OrderRequest) -> Reply<'_, Result<Preview, PortError>> {
        Box::pin(self.lane.preview(account, order))
    }

    fn amend(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        id: OrderId,
        qty: Qty,
    ) -> Reply<'_, Result<Placed, PortError>> {
        Box::pin(async move {
            let market = self.market(&instrument)?.id;
            let known = self.handle.view().open_orders(account, Some(market));
            let order = known.iter().find(|order| order.id == id).ok_or(PortError::Unknown("order"))?;
            let (target, client_id) = (Target::Id(id), order.client_id);
            let amend = Command::Amend { account, market, target, qty, client_id };
            let receipt = self.lane.submit(amend, Some(market)).await?;
            changed(&receipt, id)
        })
    }

    fn limits(&self, account: AccountId) -> Reply<'_, Result<AccountRisk, PortError>> {
        Box::pin(self.lane.limits(account))
    }

    fn raises(&self, account: AccountId, limits: LimitsBody) -> Reply<'_, Result<bool, PortError>> {
        Box::pin(async move { self.lane.raises(account, &limits).await })
    }

    fn limit(&self, account: AccountId, limits: LimitsBody) -> Reply<'_, Result<(), PortError>> {
        Box::pin(async move { self.lane.limit(account, &limits).await })
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
            let receipt = self.lane.submit(Command::Cancel(cancel), Some(market.id)).await?;
            changed(&receipt, id)
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
            let mut seq =
                self.lane.submit(Command::SetTrading { account, allowed: !halted }, None).await?.seq;
            if halted {
                let markets: Vec<_> = self.handle.view().catalog().markets.iter().map(|m| m.id).collect();
                let by = ClientOrderId::new("halt").map_err(|e| PortError::Failed(e.to_string()))?;
                for market in markets {
                    if self.handle.view().open_orders(account, Some(market)).is_empty() {
                        continue;
                    }
                    let cancel = Command::CancelAll { account, market, client_id: by };
                    seq = self.lane.submit(cancel, Some(market)).await?.seq;
                }
            }
            Ok(seq)
        })
    }
}
