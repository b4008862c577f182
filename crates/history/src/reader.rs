//! The way out: any number of readers, at the same time as the writer. Every method sees all that was fed before it was
//! called, whether it is on disk yet or not. Work is a few microseconds plus about one per item; call from a thread that
//! may block.

use types::{AccountId, ClientOrderId, ListId, ListView, MarketId, OrderId, event::Trade};

use crate::{AccountFill, AggTrade, Bar, ClosedOrder, Failure, Interval, PreventedMatch, Range};

/// A handle for reading; cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader {}

impl Reader {
    /// The last command taken in; 0 when there was none.
    #[must_use]
    pub fn applied_seq(&self) -> u64 {
        0
    }

    /// The last command that is safely on disk: the journal must keep everything after it.
    #[must_use]
    pub fn durable_seq(&self) -> u64 {
        0
    }

    /// Waits until everything taken in before this call is on disk, and returns [`Self::durable_seq`]. Blocks for one
    /// disk flush; for snapshots and before pruning.
    pub fn persist(&self) -> Result<u64, Failure> {
        Ok(0)
    }

    /// Public trades.
    pub fn trades(&self, market: MarketId, range: &Range) -> Result<Vec<Trade>, Failure> {
        let _ = (market, range);
        Ok(Vec::new())
    }

    /// Aggregated trades.
    pub fn agg_trades(&self, market: MarketId, range: &Range) -> Result<Vec<AggTrade>, Failure> {
        let _ = (market, range);
        Ok(Vec::new())
    }

    /// Bars that had a trade, the open one included; `range.from_id` has no meaning here.
    pub fn bars(&self, market: MarketId, interval: Interval, range: &Range) -> Result<Vec<Bar>, Failure> {
        let _ = (market, interval, range);
        Ok(Vec::new())
    }

    /// A closed order.
    pub fn order(
        &self,
        account: AccountId,
        market: MarketId,
        id: OrderId,
    ) -> Result<Option<ClosedOrder>, Failure> {
        let _ = (account, market, id);
        Ok(None)
    }

    /// The last closed order of the account with this client id.
    pub fn order_by_client(
        &self,
        account: AccountId,
        market: MarketId,
        client_id: &ClientOrderId,
    ) -> Result<Option<ClosedOrder>, Failure> {
        let _ = (account, market, client_id);
        Ok(None)
    }

    /// Closed orders by order id and by the time they were accepted.
    pub fn orders(
        &self,
        account: AccountId,
        market: MarketId,
        range: &Range,
    ) -> Result<Vec<ClosedOrder>, Failure> {
        let _ = (account, market, range);
        Ok(Vec::new())
    }

    /// Fills by trade id and time.
    pub fn fills(
        &self,
        account: AccountId,
        market: MarketId,
        range: &Range,
    ) -> Result<Vec<AccountFill>, Failure> {
        let _ = (account, market, range);
        Ok(Vec::new())
    }

    /// Fills of one order (live or closed) by trade id; times in `range` are not looked at.
    pub fn fills_of(
        &self,
        account: AccountId,
        market: MarketId,
        order: OrderId,
        range: &Range,
    ) -> Result<Vec<AccountFill>, Failure> {
        let _ = (account, market, order, range);
        Ok(Vec::new())
    }

    /// A list that is done.
    pub fn list(&self, account: AccountId, id: ListId) -> Result<Option<ListView>, Failure> {
        let _ = (account, id);
        Ok(None)
    }

    /// The last done list of the account with this client id.
    pub fn list_by_client(
        &self,
        account: AccountId,
        client_id: &ClientOrderId,
    ) -> Result<Option<ListView>, Failure> {
        let _ = (account, client_id);
        Ok(None)
    }

    /// Lists that are done, by list id and by the time they were done.
    pub fn lists(&self, account: AccountId, range: &Range) -> Result<Vec<ListView>, Failure> {
        let _ = (account, range);
        Ok(Vec::new())
    }

    /// Prevented matches by their number.
    pub fn prevented(
        &self,
        account: AccountId,
        market: MarketId,
        range: &Range,
    ) -> Result<Vec<PreventedMatch>, Failure> {
        let _ = (account, market, range);
        Ok(Vec::new())
    }
}
