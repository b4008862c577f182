//! The command lane of people's accounts on the built-in exchange: a request is judged by its account's limits, and what is approved is
//! sent; nothing else is. Bots go through the same [`risk::check`] in their driver.
//!
//! The venue's word ([`seen::Seen`]) is read in one piece under the lane's lock, so judging and counting what is on its way are one step.
//! A refusal that only stands because of what is on its way is given when that has landed, not before.

mod keeper;
mod load;
mod seen;
mod words;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::account_limits::LimitsBody;
use api::ports::{AccountRisk, Flow, OrderRequest, Permit, Placed, PortError, Preview, Reply};
use exchange_host::{Catalog, Handle, Receipt};
use risk::account::{Account, Results, Wish};
use risk::{Approved, Denied};
use store::Store;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use traces::{Kind, Span};
use types::command::{Leg, ListShape, NewList, NewOrder};
use types::order::Tags;
use types::{
    AccountId, ClientOrderId, Command, Instrument, Market, Money, OrderView, Qty, Side, StpMode, Terms, Time,
    VenueName,
};

use super::projector::{Follow, Owned};
use super::refusals::{denied as denied_error, order_in, submit_error};
use seen::Seen;
pub(super) use words::used;

/// How long a refusal waits for what is on its way.
const LANDING_MAX: Duration = Duration::from_millis(500);
/// Levels of the book that a preview looks through.
const DEPTH: usize = 1_000;

/// All people's accounts. Clone freely.
#[derive(Clone)]
pub(crate) struct Lane(Arc<Inner>);

struct Inner {
    handle: Handle,
    store: Store,
    venue: VenueName,
    follow: Follow,
    /// Accounts that were looked at. Held for one judgement.
    accounts: Mutex<BTreeMap<AccountId, Kept>>,
    /// Something is no longer on its way.
    landed: Notify,
    /// The exchange's time up to which news of money from outside was taken in.
    heard: watch::Sender<Time>,
}

/// An account in memory.
struct Kept {
    account: Account,
    owned: Owned,
    /// What was traded up to a fill.
    book: load::Book,
    /// The venue's last change that the account knows of: later transfers are news.
    since: Time,
    /// False once news may have been missed: it is read again before it is used.
    sound: bool,
    /// The results that are stored.
    noted: Option<Results>,
}

impl Lane {
    pub(super) fn new(handle: Handle, store: Store, venue: VenueName, follow: Follow) -> Self {
        let (accounts, landed) = (Mutex::default(), Notify::new());
        let heard = watch::Sender::new(handle.now());
        Self(Arc::new(Inner { handle, store, venue, follow, accounts, landed, heard }))
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<AccountId, Kept>> {
        self.0.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn catalog(&self) -> Arc<Catalog> {
        self.0.handle.view().catalog()
    }

    fn instrument(&self, request: &OrderRequest) -> Result<Instrument, PortError> {
        if request.instrument.venue != self.0.venue {
            return Err(PortError::Unknown("market"));
        }
        let catalog = self.catalog();
        let market = catalog.market_by_symbol(request.instrument.symbol.as_str());
        market.map(|market| seen::instrument(market, self.0.venue)).ok_or(PortError::Unknown("market"))
    }

    /// Looks at an account that is known, once all money from outside that its holdings show was heard of: else a deposit would look like
    /// a profit for a moment, and the highest result would never come down again.
    async fn look<T>(
        &self,
        number: AccountId,
        with: impl FnOnce(&mut Kept, &Seen) -> T,
    ) -> Result<T, PortError> {
        let (mut heard, deadline) = (self.0.heard.subscribe(), Instant::now() + LANDING_MAX);
        loop {
            let behind = {
                let mut all = self.kept();
                let kept = all.get_mut(&number).ok_or(PortError::Unknown("account"))?;
                // Under the lock: two requests at once see each other.
                let seen = Seen::of(&self.0.handle, self.0.venue, number);
                let seen = seen.ok_or(PortError::Unknown("account"))?;
                let heard = *heard.borrow_and_update();
                if seen.changed <= heard || Instant::now() >= deadline {
                    return Ok(with(kept, &seen));
                }
                seen.changed
            };
            // Running out of time, or the exchange's end, is seen by the next look.
            let _ = tokio::time::timeout_at(deadline, heard.wait_for(|at| *at >= behind)).await;
        }
    }

    /// Judges a request; see [`Permit`].
    pub(super) async fn judge(
        &self,
        number: AccountId,
        request: OrderRequest,
    ) -> Result<Box<dyn Permit>, PortError> {
        let instrument = self.instrument(&request)?;
        self.ensure(number).await?;
        let deadline = Instant::now() + LANDING_MAX;
        loop {
            let landed = self.0.landed.notified();
            tokio::pin!(landed);
            landed.as_mut().enable();
            match self.try_judge(number, &instrument, &request).await? {
                Ok(approved) => {
                    let first = request.legs.first().map_or(request.client_id, |leg| leg.client_id);
                    let legs = request.legs.iter().map(|leg| leg.client_id).collect();
                    let market = instrument.market.id;
                    return Ok(Box::new(Ready { lane: self.clone(), number, first, legs, market, approved }));
                }
                // What is on its way may fill or fail: then it is judged again, by what came of it.
                Err((error, true)) if Instant::now() < deadline => {
                    if tokio::time::timeout_at(deadline, landed).await.is_err() {
                        return Err(error);
                    }
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    /// The outer error is for an account that is not there; the inner one is the refusal, and whether waiting may change it.
    async fn try_judge(
        &self,
        number: AccountId,
        instrument: &Instrument,
        request: &OrderRequest,
    ) -> Result<Result<Approved<Command>, (PortError, bool)>, PortError> {
        let command = command(number, &instrument.market, request)
            .ok_or_else(|| PortError::Failed("a request has one or two legs".to_owned()))?;
        let catalog = self.catalog();
        let judged = self.look(number, |kept, seen| {
            let (standing, legs) = (seen.standing(), terms(request));
            let wish = wish(instrument, request, &legs);
            kept.account.judge(&standing, &wish, command).map_err(|denied| {
                let waits = matches!(
                    denied,
                    Denied::Position { .. } | Denied::Exposure { .. } | Denied::Balance { .. }
                );
                let uses = kept.account.uses(&standing, Some(&wish));
                let error = denied_error(&denied, &uses, &catalog, instrument);
                (error, waits && kept.account.in_flight() > 0)
            })
        });
        judged.await
    }

    /// What a request would do; see [`Preview`].
    pub(super) async fn preview(
        &self,
        number: AccountId,
        request: OrderRequest,
    ) -> Result<Preview, PortError> {
        let instrument = self.instrument(&request)?;
        self.ensure(number).await?;
        let catalog = self.catalog();
        let market = &instrument.market;
        let looked = self.look(number, |kept, seen| {
            let (standing, legs) = (seen.standing(), terms(&request));
            let wish = wish(&instrument, &request, &legs);
            let uses = kept.account.uses(&standing, Some(&wish));
            // On a copy: looking counts nothing.
            let judged = kept.account.clone().judge(&standing, &wish, ());
            let refusal = judged.err().map(|denied| denied_error(&denied, &uses, &catalog, &instrument));
            let free = (seen.free_of(market.base.id), seen.free_of(market.quote.id));
            let best =
                seen::estimate(&self.0.handle, market, request.side, &legs, standing.marks.last(market.id));
            (best, uses, refusal, (seen.maker, seen.taker), free)
        });
        let (best, uses, refusal, rates, free) = looked.await?;
        let buys = request.side == Side::Buy;
        let (base, quote) = (Money::from(best.qty), best.quote);
        let flow =
            |asset: &types::Asset, amount, free| Flow { code: asset.code, scale: asset.scale, amount, free };
        let (of_base, of_quote) = (flow(&market.base, base, free.0), flow(&market.quote, quote, free.1));
        let (pays, gets) = if buys { (of_quote, of_base) } else { (of_base, of_quote) };
        let rate = if best.at_once.is_zero() { rates.0 } else { rates.1 };
        Ok(Preview {
            price: best.price,
            qty: best.qty,
            at_once: best.at_once,
            fee: gets.amount.fee(rate).unwrap_or_default(),
            pays,
            gets,
            limits: uses.iter().map(|one| used(one, &catalog)).collect(),
            refusal,
        })
    }

    /// An account's limits and how much of them is used.
    pub(super) async fn limits(&self, number: AccountId) -> Result<AccountRisk, PortError> {
        self.ensure(number).await?;
        let catalog = self.catalog();
        self.look(number, |kept, seen| {
            let standing = seen.standing();
            kept.account.observe(&standing);
            let uses = kept.account.uses(&standing, None);
            AccountRisk {
                currency: catalog.asset(standing.currency).map(|a| a.code.to_string()).unwrap_or_default(),
                limits: words::body(kept.account.limits(), &catalog),
                uses: uses.iter().map(|one| used(one, &catalog)).collect(),
            }
        })
        .await
    }

    /// Whether limits allow anything that the present ones do not.
    pub(super) async fn raises(&self, number: AccountId, limits: &LimitsBody) -> Result<bool, PortError> {
        self.ensure(number).await?;
        let new = words::limits(limits, &self.catalog())?;
        self.look(number, |kept, _| new.raises(kept.account.limits())).await
    }

    /// Takes over limits that are stored.
    pub(super) async fn limit(&self, number: AccountId, limits: &LimitsBody) -> Result<(), PortError> {
        let new = words::limits(limits, &self.catalog())?;
        self.ensure(number).await?;
        self.look(number, |kept, seen| {
            kept.account.limit(new);
            kept.account.observe(&seen.standing());
        })
        .await?;
        self.note(number).await;
        Ok(())
    }

    /// A command to the exchange.
    pub(super) async fn submit(
        &self,
        command: Command,
        market: Option<types::MarketId>,
    ) -> Result<Receipt, PortError> {
        let mut span = Span::child(Kind::Internal, "exchange command");
        let result = self.0.handle.submit(command, None).await;
        result.map_err(|error| submit_error(error, &self.catalog(), market)).inspect_err(|why| {
            span.fail(why.to_string());
        })
    }
}

fn terms(request: &OrderRequest) -> Vec<Terms> {
    request.legs.iter().map(|leg| leg.terms).collect()
}

fn wish<'a>(instrument: &'a Instrument, request: &OrderRequest, legs: &'a [Terms]) -> Wish<'a> {
    let client_id = request.legs.first().map_or(request.client_id, |leg| leg.client_id);
    Wish { instrument, side: request.side, legs, client_id }
}

/// What the exchange is told; `None` unless there are one or two legs.
fn command(account: AccountId, market: &Market, request: &OrderRequest) -> Option<Command> {
    let stp = StpMode::ExpireTaker;
    match request.legs.as_slice() {
        [one] => Some(Command::Place(NewOrder {
            account,
            market: market.id,
            client_id: one.client_id,
            side: request.side,
            terms: one.terms,
            stp,
            tags: Tags::default(),
        })),
        [above, below] => {
            let leg = |leg: &api::ports::LegRequest| Leg {
                client_id: leg.client_id,
                side: request.side,
                terms: leg.terms,
                tags: Tags::default(),
            };
            Some(Command::PlaceList(Box::new(NewList {
                account,
                market: market.id,
                client_id: request.client_id,
                stp,
                shape: ListShape::Oco { above: leg(above), below: leg(below) },
            })))
        }
        _ => None,
    }
}

/// An approved request. Dropped, it is no longer counted.
struct Ready {
    lane: Lane,
    number: AccountId,
    /// Under which it is counted.
    first: ClientOrderId,
    legs: Vec<ClientOrderId>,
    market: types::MarketId,
    approved: Approved<Command>,
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Some(kept) = self.lane.kept().get_mut(&self.number) {
            kept.account.landed(&self.first);
        }
        self.lane.0.landed.notify_waiters();
    }
}

impl Permit for Ready {
    fn send(self: Box<Self>) -> Reply<'static, Result<Placed, PortError>> {
        Box::pin(async move {
            let receipt = self.lane.submit(self.approved.order().clone(), Some(self.market)).await?;
            let mine = |id: &ClientOrderId| -> Option<OrderView> {
                order_in(&receipt.events, |o| o.account == self.number && o.client_id == *id)
            };
            let orders: Option<Vec<OrderView>> = self.legs.iter().map(mine).collect();
            let silent = || PortError::Failed("the exchange took an order and told nothing of it".to_owned());
            Ok(Placed { orders: orders.ok_or_else(silent)?, seq: receipt.seq })
        })
    }
}

/// What a preview expects.
struct Estimate {
    price: Option<types::Price>,
    qty: Qty,
    at_once: Qty,
    quote: Money,
}
