//! The port's thread: batches become news and reports, answers and look-ups become answers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use strategy::Feed;
use tokio::sync::{broadcast, mpsc};
use types::command::Target;
use types::depth::{DepthDiff, DepthSnapshot};
use types::{
    AccountId, ClientOrderId, Event, FeedState, Interval, MarketEvent, MarketId, MarketNews, Print, Side,
    Time, VenueReason,
};
use venue::{Answer, Inbox, OrderRef, VenueEvent};

use super::bars::{BarFeed, GRACE};
use super::{Ask, reports};
use crate::limits::DEPTH_MAX;
use crate::view::Range;
use crate::{Batch, Handle, Pending, Receipt, SubmitError};

/// Longest sleep when no bar is awaited.
const IDLE: Duration = Duration::from_secs(3_600);

/// What an answer belongs to.
enum Request {
    Submit([Option<ClientOrderId>; 2]),
    Cancel(ClientOrderId),
}

/// The thread's state.
pub(super) struct Worker {
    handle: Handle,
    inbox: Box<dyn Inbox>,
    accounts: BTreeSet<AccountId>,
    prints: BTreeSet<MarketId>,
    /// By market, the update number of what was told last.
    books: BTreeMap<MarketId, u64>,
    bars: Vec<BarFeed>,
    /// In the order in which they were handed in, which is that of their answers.
    answers: VecDeque<(Request, Pending)>,
    /// Something could not be told; nothing more is until this is.
    lost: bool,
}

impl Worker {
    pub(super) fn new(handle: Handle, inbox: Box<dyn Inbox>) -> Self {
        Self {
            handle,
            inbox,
            accounts: BTreeSet::new(),
            prints: BTreeSet::new(),
            books: BTreeMap::new(),
            bars: Vec::new(),
            answers: VecDeque::new(),
            lost: false,
        }
    }

    /// Runs until all ports are gone, or the exchange is.
    pub(super) async fn run(
        mut self,
        mut asked: mpsc::Receiver<Ask>,
        mut batches: broadcast::Receiver<Arc<Batch>>,
    ) {
        loop {
            let (wait, at) = self.next_bar();
            tokio::select! {
                ask = asked.recv() => match ask {
                    Some(ask) => self.asked(ask),
                    None => return,
                },
                batch = batches.recv() => match batch {
                    Ok(batch) => self.batch(&batch),
                    Err(broadcast::error::RecvError::Lagged(batches)) => {
                        tracing::warn!(batches, "the exchange's port was too slow for the exchange and begins anew");
                        self.lost = true;
                    }
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                answer = first(&mut self.answers) => self.answered(answer),
                () = tokio::time::sleep(wait) => self.close_bars(at),
            }
            self.make_up();
        }
    }

    /// How long until a bar is told for lack of anything later, and that moment's bound.
    fn next_bar(&self) -> (Duration, Time) {
        let now = self.handle.now();
        let Some(closes) = self.bars.iter().map(BarFeed::closes).min() else { return (IDLE, now) };
        let left = Duration::from_nanos(u64::try_from(closes.since(now)).unwrap_or(0));
        (left.saturating_add(GRACE), closes)
    }

    /// Hands an event over; once one was dropped, nothing more until that is said.
    fn tell(&mut self, event: VenueEvent) {
        if !self.lost && self.inbox.put(event).is_err() {
            tracing::warn!("the bots are too slow for the exchange's port; it begins anew");
            self.lost = true;
        }
    }

    /// Says that something was lost, as soon as that can be heard, and begins the books anew.
    fn make_up(&mut self) {
        if !self.lost || self.inbox.put(VenueEvent::Lost).is_err() {
            return;
        }
        self.lost = false;
        for market in self.books.keys().copied().collect::<Vec<_>>() {
            self.market(market, MarketNews::Feed(FeedState::Down));
            self.market(market, MarketNews::Feed(FeedState::Up));
            self.snapshot(market);
        }
    }

    fn market(&mut self, market: MarketId, data: MarketNews) {
        self.tell(VenueEvent::Market(MarketEvent { market, data }));
    }

    fn snapshot(&mut self, market: MarketId) {
        let depth = self.handle.view().depth(market, DEPTH_MAX);
        self.books.insert(market, depth.update_id);
        let (bids, asks) = (depth.bids.clone(), depth.asks.clone());
        self.market(market, MarketNews::Snapshot(DepthSnapshot { last: depth.update_id, bids, asks }));
    }

    fn asked(&mut self, ask: Ask) {
        match ask {
            Ask::Submitted(ids, pending) => self.answers.push_back((Request::Submit(ids), pending)),
            Ask::Canceled(id, pending) => self.answers.push_back((Request::Cancel(id), pending)),
            Ask::Query(order) => {
                let answer = self.look_up(&order);
                self.tell(VenueEvent::Answer { client_id: order.client_id, answer });
            }
            Ask::Watch(account) => {
                self.accounts.insert(account);
            }
            Ask::Subscribe(market, feed) => self.subscribe(market, feed),
            Ask::Past { ticket, market, interval, count } => self.past(ticket, market, interval, count),
        }
    }

    fn subscribe(&mut self, market: MarketId, feed: Feed) {
        match feed {
            Feed::Prints => {
                self.prints.insert(market);
            }
            Feed::Book if !self.books.contains_key(&market) => self.snapshot(market),
            Feed::Book => {}
            Feed::Bars(interval) => {
                self.bar_feed(market, interval);
            }
        }
    }

    /// Opening of the bar that is told next.
    fn bar_feed(&mut self, market: MarketId, interval: Interval) -> Time {
        if let Some(known) = self.bars.iter().find(|b| b.market == market && b.interval == interval) {
            return known.from();
        }
        let feed = BarFeed::new(market, interval, self.handle.now());
        self.bars.push(feed);
        feed.from()
    }

    fn past(&mut self, ticket: u64, market: MarketId, interval: Interval, count: u32) {
        let until = self.bar_feed(market, interval).plus_nanos(-1);
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(history::limits::PAGE_MAX);
        let range = Range { from_id: None, start: None, end: Some(until), limit: count };
        let bars = self.handle.view().bars(market, interval, &range, until).unwrap_or_else(|failure| {
            tracing::warn!(%failure, "a market's past cannot be read; the bot warms up with what comes");
            Vec::new()
        });
        self.tell(VenueEvent::Past { ticket, market, bars });
    }

    fn look_up(&self, order: &OrderRef) -> Answer {
        let OrderRef { account, market, client_id } = *order;
        let found =
            self.handle.view().order(account, market, &Target::Client(client_id)).and_then(|record| {
                let Some(record) = record else { return Ok(Answer::NotFound) };
                let (mut fills, mut from) = (Vec::new(), 0);
                loop {
                    let page = Range::from_id(from, history::limits::PAGE_MAX);
                    let page = self.handle.view().fills(account, market, Some(record.order.id), &page)?;
                    let Some(last) = page.last() else { break };
                    from = last.fill.trade.0 + 1;
                    fills.extend(page);
                }
                Ok(Answer::Found(reports::found(&record, &fills)))
            });
        found.unwrap_or_else(|failure| {
            tracing::warn!(%failure, "an order cannot be looked up");
            Answer::Unclear
        })
    }

    fn answered(&mut self, (request, result): (Request, Result<Receipt, SubmitError>)) {
        let (client_id, answer) = match (request, result) {
            (Request::Submit(ids), result) => {
                for id in ids.into_iter().flatten() {
                    let answer = to_submit(&id, &result);
                    self.tell(VenueEvent::Answer { client_id: id, answer });
                }
                return;
            }
            // Its effect comes as a report.
            (Request::Cancel(_), Ok(_)) => return,
            (Request::Cancel(id), Err(SubmitError::Stopped)) => (id, Answer::Unclear),
            (Request::Cancel(id), Err(_)) => (id, Answer::CancelRefused),
        };
        self.tell(VenueEvent::Answer { client_id, answer });
    }

    fn batch(&mut self, batch: &Batch) {
        let mut diffs: BTreeMap<MarketId, DepthDiff> = BTreeMap::new();
        for event in batch.applied.iter().flat_map(|one| one.events.iter()) {
            if let Event::Level { market, side, price, qty, update_id } = event
                && self.books.get(market).is_some_and(|told| update_id > told)
            {
                let diff = diffs
                    .entry(*market)
                    .or_insert_with(|| DepthDiff { first: *update_id, ..DepthDiff::default() });
                diff.last = *update_id;
                let levels = if *side == Side::Buy { &mut diff.bids } else { &mut diff.asks };
                levels.push((*price, *qty));
            }
        }
        for (market, diff) in diffs {
            self.books.insert(market, diff.last);
            self.market(market, MarketNews::Diff(diff));
        }
        for event in batch.applied.iter().flat_map(|one| one.events.iter()) {
            match event {
                Event::Trade(trade) if self.prints.contains(&trade.market) => {
                    let print = Print {
                        id: trade.id,
                        price: trade.price,
                        qty: trade.qty,
                        quote: trade.quote,
                        buyer_is_maker: trade.buyer_is_maker,
                        at: trade.at,
                    };
                    self.market(trade.market, MarketNews::Print(print));
                }
                Event::Order { order, change } if self.accounts.contains(&order.account) => {
                    let account = order.account;
                    for report in reports::of_event(order, change).into_iter().flatten() {
                        self.tell(VenueEvent::Report { account, report });
                    }
                }
                _ => {}
            }
        }
        if let Some(last) = batch.applied.last() {
            self.close_bars(last.at);
        }
    }

    /// Tells the bars that have ended by `until`.
    fn close_bars(&mut self, until: Time) {
        for at in 0..self.bars.len() {
            if self.bars[at].closes() > until {
                continue;
            }
            let market = self.bars[at].market;
            match self.bars[at].closed(self.handle.view(), until) {
                Ok(bars) => bars.into_iter().for_each(|bar| self.market(market, MarketNews::Bar(bar))),
                Err(failure) => tracing::error!(%failure, "closed bars cannot be read"),
            }
        }
    }
}

/// What became of the submit of an order, alone or in a pair.
fn to_submit(id: &ClientOrderId, result: &Result<Receipt, SubmitError>) -> Answer {
    match result {
        Ok(receipt) => {
            Answer::Accepted { venue_id: reports::placed(id, &receipt.events).unwrap_or_default() }
        }
        Err(SubmitError::Refused(refusal)) => Answer::Rejected(reports::reason(refusal)),
        Err(SubmitError::Late | SubmitError::Busy | SubmitError::NoRoom) => {
            Answer::Rejected(VenueReason::RateLimited)
        }
        Err(SubmitError::Stopped) => Answer::Unclear,
    }
}

/// Waits for the first answer; for ever when none is awaited.
async fn first(answers: &mut VecDeque<(Request, Pending)>) -> (Request, Result<Receipt, SubmitError>) {
    let Some((_, pending)) = answers.front_mut() else { return std::future::pending().await };
    let result = pending.await;
    match answers.pop_front() {
        Some((request, _)) => (request, result),
        None => std::future::pending().await,
    }
}
