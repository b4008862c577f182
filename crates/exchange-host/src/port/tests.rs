//! A bot's account trades through the port, by the same path as everybody else.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use orders::VenueOrder;
use risk::{Approved, Halt, Limits, Losses, Proposal, View};
use strategy::Feed;
use types::{
    AccountId, AssetId, ClientOrderId, Interval, MarketId, MarketNews, Money, Outcome, Price, Qty, Side,
    SignedQty, Terms, Time, TimeInForce,
};
use venue::{
    Accounts as _, Answer, FoundState, Full, Inbox, MarketFeed as _, OrderGateway as _, OrderRef, VenueEvent,
};

use super::{ExchangePort, open};
use crate::{Host, HostConfig};

const BTCUSDT: MarketId = MarketId(0);
const ONE: i64 = 100_000_000;

struct Sender(SyncSender<VenueEvent>);

impl Inbox for Sender {
    fn put(&mut self, event: VenueEvent) -> Result<(), Full> {
        self.0.try_send(event).map_err(|_| Full)
    }
}

fn exchange(dir: &std::path::Path, room: usize) -> (Host, ExchangePort, Receiver<VenueEvent>) {
    let mut config = HostConfig::new(dir);
    config.journal.segment_len = 256 * 1024;
    let host = crate::open(&config, &mut |_| {}).unwrap();
    let (sender, inbox) = sync_channel(room);
    let (port, _) = open(host.handle(), Box::new(Sender(sender))).unwrap();
    (host, port, inbox)
}

fn account(port: &mut ExchangePort, name: &str) -> AccountId {
    let funds = [(AssetId(0), Money(i128::from(10 * ONE))), (AssetId(3), Money(1_000_000 * i128::from(ONE)))];
    let account = port.open(name, &funds).unwrap();
    port.watch(account);
    account
}

/// An order that risk let through.
fn order(port: &ExchangePort, account: AccountId, side: Side, price: i64, id: &str) -> Approved<VenueOrder> {
    let instrument = port.instruments().swap_remove(0);
    let terms =
        Terms::Limit { price: Price(price * ONE), qty: Qty(ONE / 10), tif: TimeInForce::Gtc, display: None };
    let view = View {
        now: Time(0),
        instrument: &instrument,
        limits: &Limits::default(),
        halt: Halt::Off,
        running: true,
        barred: None,
        fresh: true,
        last: Some(Price(price * ONE)),
        free: Money(i128::MAX),
        position: SignedQty(0),
        working_buys: Qty(0),
        working_sells: Qty(0),
        exposure: [Money(0); 3],
        sent_in_window: 0,
        losses: Losses::default(),
    };
    let order = VenueOrder {
        client_id: ClientOrderId::new(id).unwrap(),
        account,
        market: BTCUSDT,
        side,
        terms,
        reduce_only: false,
        other: None,
    };
    risk::check(&Proposal { side, terms, reduce_only: false }, &view, order).unwrap()
}

fn reference(account: AccountId, id: &str) -> OrderRef {
    OrderRef { account, market: BTCUSDT, client_id: ClientOrderId::new(id).unwrap() }
}

/// Events until one fits.
fn until(inbox: &Receiver<VenueEvent>, fits: impl Fn(&VenueEvent) -> bool) -> Vec<VenueEvent> {
    let mut seen = Vec::new();
    loop {
        let event = inbox.recv().unwrap();
        let done = fits(&event);
        seen.push(event);
        if done {
            return seen;
        }
    }
}

fn reported(event: &VenueEvent, id: &str, wanted: fn(&Outcome) -> bool) -> bool {
    matches!(event, VenueEvent::Report { report, .. } if report.client_id.as_str() == id && wanted(&report.outcome))
}

#[test]
fn o1_an_order_is_answered_reported_found_and_cancelled() {
    let dir = tempfile::tempdir().unwrap();
    let (host, mut port, inbox) = exchange(dir.path(), 1_000);
    let (maker, taker) = (account(&mut port, "bot.maker"), account(&mut port, "bot.taker"));
    port.submit(&order(&port, maker, Side::Sell, 30_000, "t-1")).unwrap();
    let seen = until(&inbox, |e| reported(e, "t-1", |o| matches!(o, Outcome::Accepted { .. })));
    // The answer and the report come in either order.
    let answered = |e: &VenueEvent| matches!(e, VenueEvent::Answer { answer: Answer::Accepted { .. }, .. });
    if !seen.iter().any(answered) {
        until(&inbox, answered);
    }
    port.submit(&order(&port, taker, Side::Buy, 30_000, "t-2")).unwrap();
    until(&inbox, |e| {
        reported(e, "t-2", |o| matches!(o, Outcome::Fill(f) if f.qty == Qty(ONE / 10) && !f.is_maker))
    });
    port.query(&reference(maker, "t-1")).unwrap();
    let seen = until(&inbox, |e| matches!(e, VenueEvent::Answer { answer: Answer::Found(_), .. }));
    let Some(VenueEvent::Answer { answer: Answer::Found(found), .. }) = seen.last() else { panic!() };
    assert_eq!((found.state, found.fills.len(), found.fills[0].is_maker), (FoundState::Filled, 1, true));
    port.query(&reference(maker, "t-9")).unwrap();
    until(&inbox, |e| matches!(e, VenueEvent::Answer { answer: Answer::NotFound, .. }));
    port.submit(&order(&port, taker, Side::Buy, 20_000, "t-3")).unwrap();
    until(&inbox, |e| reported(e, "t-3", |o| matches!(o, Outcome::Accepted { .. })));
    port.cancel(&reference(taker, "t-3")).unwrap();
    until(&inbox, |e| reported(e, "t-3", |o| *o == Outcome::Canceled));
    port.cancel(&reference(taker, "t-3")).unwrap();
    until(&inbox, |e| matches!(e, VenueEvent::Answer { answer: Answer::CancelRefused, .. }));
    // What the account holds is what its fills say: 0.1 BTC less its fee of 0.1 %.
    assert_eq!(port.holdings(taker)[0], (AssetId(0), Money(i128::from(10 * ONE + ONE / 10 - ONE / 10_000))));
    drop(port);
    host.shutdown();
}

#[test]
fn market_data_begins_with_a_snapshot_and_continues() {
    let dir = tempfile::tempdir().unwrap();
    let (host, mut port, inbox) = exchange(dir.path(), 1_000);
    let (maker, taker) = (account(&mut port, "bot.maker"), account(&mut port, "bot.taker"));
    port.submit(&order(&port, maker, Side::Sell, 30_000, "t-1")).unwrap();
    until(&inbox, |e| reported(e, "t-1", |o| matches!(o, Outcome::Accepted { .. })));
    for feed in [Feed::Book, Feed::Prints, Feed::Bars(Interval::S1)] {
        port.subscribe(BTCUSDT, feed);
    }
    let mut book = market_data::SyncedBook::default();
    let seen =
        until(&inbox, |e| matches!(e, VenueEvent::Market(m) if matches!(m.data, MarketNews::Snapshot(_))));
    let Some(VenueEvent::Market(event)) = seen.last() else { panic!() };
    let MarketNews::Snapshot(snapshot) = &event.data else { panic!() };
    book.snapshot(snapshot);
    assert_eq!(book.book().unwrap().ask(), Some((Price(30_000 * ONE), Qty(ONE / 10))));
    port.submit(&order(&port, taker, Side::Buy, 30_000, "t-2")).unwrap();
    let (mut printed, mut bar) = (false, None);
    while bar.is_none() {
        match inbox.recv().unwrap() {
            VenueEvent::Market(event) => match event.data {
                MarketNews::Diff(diff) => {
                    book.diff(&diff);
                }
                MarketNews::Print(print) => printed = print.price == Price(30_000 * ONE),
                MarketNews::Bar(closed) => bar = Some(closed),
                _ => {}
            },
            VenueEvent::Lost => panic!("nothing was lost"),
            _ => {}
        }
    }
    assert!(printed);
    assert_eq!(book.book().unwrap().ask(), None);
    assert_eq!(bar.map(|bar| (bar.interval, bar.close)), Some((Interval::S1, Price(30_000 * ONE))));
    port.past(7, BTCUSDT, Interval::S1, 1);
    let seen = until(&inbox, |e| matches!(e, VenueEvent::Past { .. }));
    assert!(matches!(seen.last(), Some(VenueEvent::Past { ticket: 7, bars, .. }) if bars.len() == 1));
    drop(port);
    host.shutdown();
}

#[test]
fn what_a_full_inbox_misses_is_said_to_be_lost() {
    let dir = tempfile::tempdir().unwrap();
    let (host, mut port, inbox) = exchange(dir.path(), 1);
    let account = account(&mut port, "bot.one");
    for n in 0..5 {
        port.submit(&order(&port, account, Side::Buy, 20_000 + n, &format!("t-{n}"))).unwrap();
    }
    // Five answers and five reports do not fit into one place.
    until(&inbox, |e| matches!(e, VenueEvent::Answer { .. } | VenueEvent::Report { .. }));
    let mut n = 5;
    let lost = std::iter::repeat_with(|| {
        // Something happens now and then, as it does on an exchange.
        port.submit(&order(&port, account, Side::Buy, 20_000 + n, &format!("t-{n}"))).unwrap();
        n += 1;
        inbox.recv().unwrap()
    });
    assert!(lost.take(100).any(|event| event == VenueEvent::Lost));
    drop(port);
    host.shutdown();
}

#[test]
fn an_account_left_behind_by_a_crash_is_taken_and_one_in_use_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let (host, mut port, _inbox) = exchange(dir.path(), 1_000);
    let first = account(&mut port, "bot.one");
    assert_eq!(account(&mut port, "bot.one"), first);
    assert!(port.open("bot.one", &[(AssetId(3), Money(5))]).is_err());
    assert!(port.open("no spaces", &[]).is_err());
    drop(port);
    host.shutdown();
}
