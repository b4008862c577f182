//! The exchange as a venue in this process: a bot trades as one of its accounts, by the same commands and the same journal as
//! everybody else, and hears of its orders and of the markets from the same batches.
//!
//! [`ExchangePort`] is what callers hold; a thread of its own (`exchange-port`) turns batches into news and reports. A report is
//! only made of what is durable. When the thread falls behind ([`crate::limits::BATCHES_MAX`]) or its inbox is full, it says
//! [`venue::VenueEvent::Lost`] and begins its markets anew with snapshots.

mod accounts;
mod bars;
mod feed;
pub mod reports;
#[cfg(test)]
mod tests;

use std::thread::JoinHandle;

use orders::VenueOrder;
use risk::Approved;
use strategy::Feed;
use tokio::sync::mpsc;
use types::command::{Cancel, Leg, ListShape, NewList, NewOrder, Target};
use types::order::Tags;
use types::{AccountId, ClientOrderId, Command, Interval, MarketId, Side, StpMode, Terms};
use venue::{Facts, Inbox, MarketFeed, NotSent, OrderGateway, OrderRef};

use crate::limits::QUEUE_MAX;
use crate::{Handle, Pending, SubmitError};
use feed::Worker;

/// What the thread is asked for.
pub(crate) enum Ask {
    /// Wait for the answer to a submit of one order or of a pair.
    Submitted([Option<ClientOrderId>; 2], Pending),
    /// Wait for the answer to a cancel.
    Canceled(ClientOrderId, Pending),
    /// Look an order up.
    Query(OrderRef),
    /// Tell of this account's orders.
    Watch(AccountId),
    /// Tell of a market.
    Subscribe(MarketId, Feed),
    /// Tell of a market's past.
    Past { ticket: u64, market: MarketId, interval: Interval, count: u32 },
}

/// A way to trade on the exchange as its accounts. Cheap to clone; the thread ends when all are gone.
#[derive(Clone)]
pub struct ExchangePort {
    pub(crate) handle: Handle,
    asks: mpsc::Sender<Ask>,
}

/// Starts the port's thread. `inbox` gets everything from now on; the thread ends when every port and the exchange are gone.
///
/// # Errors
/// When the system gives no thread.
pub fn open(handle: Handle, inbox: Box<dyn Inbox>) -> std::io::Result<(ExchangePort, JoinHandle<()>)> {
    // As many requests as the exchange's own queue holds can be under way.
    let (asks, asked) = mpsc::channel(QUEUE_MAX);
    // Before anything is asked, so that nothing is missed.
    let batches = handle.batches();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let worker = Worker::new(handle.clone(), inbox);
    let thread = std::thread::Builder::new()
        .name("exchange-port".to_owned())
        .spawn(move || runtime.block_on(worker.run(asked, batches)))?;
    Ok((ExchangePort { handle, asks }, thread))
}

impl ExchangePort {
    /// Hands a command in and lets the thread wait for its answer.
    fn command(&self, command: Command, ask: impl FnOnce(Pending) -> Ask) -> Result<(), NotSent> {
        // Room first: what was handed in must be waited for.
        let room = self.asks.try_reserve().map_err(|error| match error {
            mpsc::error::TrySendError::Full(()) => NotSent::Busy,
            mpsc::error::TrySendError::Closed(()) => NotSent::Down,
        })?;
        let pending = self.handle.submit(command, None);
        match pending.refused {
            Some(SubmitError::Busy) => return Err(NotSent::Busy),
            Some(_) => return Err(NotSent::Down),
            None => {}
        }
        room.send(ask(pending));
        Ok(())
    }

    fn ask(&self, ask: Ask) -> Result<(), NotSent> {
        self.asks.try_send(ask).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotSent::Busy,
            mpsc::error::TrySendError::Closed(_) => NotSent::Down,
        })
    }
}

impl OrderGateway for ExchangePort {
    fn facts(&self) -> Facts {
        Facts::IN_PROCESS
    }

    fn submit(&mut self, order: &Approved<VenueOrder>) -> Result<(), NotSent> {
        let mut ids = order.order().client_ids();
        let ids = [ids.next(), ids.next()];
        self.command(command_of(order.order()), |pending| Ask::Submitted(ids, pending))
    }

    fn cancel(&mut self, order: &OrderRef) -> Result<(), NotSent> {
        let OrderRef { account, market, client_id } = *order;
        let target = Target::Client(client_id);
        let cancel = Cancel { account, market, target, client_id, only_if: None };
        self.command(Command::Cancel(cancel), |pending| Ask::Canceled(client_id, pending))
    }

    fn query(&mut self, order: &OrderRef) -> Result<(), NotSent> {
        self.ask(Ask::Query(*order))
    }

    fn watch(&mut self, account: AccountId) {
        // Fails only when the thread has ended with the exchange, and then nothing happens any more.
        let _ = self.ask(Ask::Watch(account));
    }
}

/// An order as the exchange's command; a pair as its OCO list, whose id is that of the first order with another first letter.
#[must_use]
pub fn command_of(order: &VenueOrder) -> Command {
    let VenueOrder { client_id, account, market, side, terms, reduce_only: _, other } = *order;
    let (stp, tags) = (StpMode::ExpireMaker, Tags::default());
    let own = client_id.as_str().get(1..).and_then(|rest| ClientOrderId::new(&format!("l{rest}")).ok());
    let (Some(other), Some(list_id)) = (other, own) else {
        return Command::Place(NewOrder { account, market, client_id, side, terms, stp, tags });
    };
    let first = Leg { client_id, side, terms, tags };
    let second = Leg { client_id: other.client_id, terms: other.terms, ..first };
    // A sale takes its profit above, a purchase below.
    let target_is_first = matches!(terms, Terms::LimitMaker { .. });
    let (above, below) =
        if (side == Side::Sell) == target_is_first { (first, second) } else { (second, first) };
    let shape = ListShape::Oco { above, below };
    Command::PlaceList(Box::new(NewList { account, market, client_id: list_id, stp, shape }))
}

impl MarketFeed for ExchangePort {
    fn subscribe(&mut self, market: MarketId, feed: Feed) {
        // As with `watch`.
        let _ = self.ask(Ask::Subscribe(market, feed));
    }

    fn past(&mut self, ticket: u64, market: MarketId, interval: Interval, count: u32) {
        // As with `watch`.
        let _ = self.ask(Ask::Past { ticket, market, interval, count });
    }
}
