//! A bot's account trades through the port, by the same path as everybody else.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use orders::{OtherLeg, VenueOrder};
use risk::{Approved, Halt, Limits, Losses, Proposal, View};
use strategy::Feed;
use types::order::{AfterTrigger, StopKind, Trigger};
use types::{
    AccountId, AssetId, ClientOrderId, Interval, MarketId, MarketNews, Money, Outcome, Price, Qty, Side,
    SignedQty, Terms, Time, TimeInForce,
};
use venue::{
    Accounts as _, Answer, Found, FoundState, Full, Inbox, MarketFeed as _, OrderGateway as _, OrderRef,
    VenueEvent,
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
    let terms =
        Terms::Limit { price: Price(price * ONE), qty: Qty(ONE / 10), tif: TimeInForce::Gtc, display: None };
    approved(port, account, side, terms, id, None)
}

/// The two that guard a long position of 0.1: a target above, and a stop at the market below.
fn pair(port: &ExchangePort, account: AccountId, [target, stop]: [i64; 2]) -> Approved<VenueOrder> {
    let qty = Qty(ONE / 10);
    let terms = Terms::LimitMaker { price: Price(target * ONE), qty, display: None };
    let trigger = Trigger { kind: StopKind::StopLoss, stop: Some(Price(stop * ONE)), trailing: None };
    let stop = Terms::Stop { trigger, qty, then: AfterTrigger::Market };
    let leg = OtherLeg { client_id: ClientOrderId::new("t-stop").unwrap(), terms: stop };
    approved(port, account, Side::Sell, terms, "t-target", Some(leg))
}

fn approved(
    port: &ExchangePort,
    account: AccountId,
    side: Side,
    terms: Terms,
    id: &str,
    other: Option<OtherLeg>,
) -> Approved<VenueOrder> {
    let instrument = port.instruments().swap_remove(0);
    let view = View {
        now: Time(0),
        instrument: &instrument,
        limits: &Limits::default(),
        halt: Halt::Off,
        running: true,
        barred: None,
        fresh: true,
        last: terms.price(),
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
        other,
    };
    risk::check(&Proposal { side, terms, reduce_only: false }, &view, order).unwrap()
}

fn reference(account: AccountId, id: &str) -> OrderRef {
    OrderRef { account, market: BTCUSDT, client_id: ClientOrderId::new(id).unwrap() }
}

/// Events until one fits.
fn until(inbox: &Receiver<VenueEvent>, mut fits: impl FnMut(&VenueEvent) -> bool) -> Vec<VenueEvent> {
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

/// What a crash at this moment leaves on the disk: the record, without locks, and without the history, which is rebuilt from it.
fn left_by_a_crash(dir: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let (name, kind) = (entry.file_name(), entry.file_type().unwrap());
        if kind.is_dir() {
            std::fs::create_dir(to.join(&name)).unwrap();
            left_by_a_crash(&entry.path(), &to.join(&name));
        } else if kind.is_file() && name != "lock" && name != "history.redb" {
            std::fs::copy(entry.path(), to.join(&name)).unwrap();
        }
    }
}

fn found(port: &mut ExchangePort, inbox: &Receiver<VenueEvent>, account: AccountId, id: &str) -> Found {
    port.query(&reference(account, id)).unwrap();
    let seen = until(inbox, |e| matches!(e, VenueEvent::Answer { answer: Answer::Found(_), .. }));
    match seen.into_iter().next_back() {
        Some(VenueEvent::Answer { answer: Answer::Found(found), .. }) => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn b7_a_pair_is_the_exchanges_own_and_one_leg_ends_the_other_also_after_a_crash_between() {
    for (reached, ends) in [("t-target", "t-stop"), ("t-stop", "t-target")] {
        let (dir, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (host, mut port, inbox) = exchange(dir.path(), 1_000);
        let [bot, maker, taker] = ["bot.one", "bot.maker", "bot.taker"].map(|name| account(&mut port, name));
        // Somebody stands on both sides, and a first trade makes a price.
        for (side, price, id) in
            [(Side::Buy, 28_000, "m-1"), (Side::Buy, 28_000, "m-2"), (Side::Sell, 30_000, "m-3")]
        {
            port.submit(&order(&port, maker, side, price, id)).unwrap();
        }
        port.submit(&order(&port, bot, Side::Buy, 30_000, "t-entry")).unwrap();
        until(&inbox, |e| reported(e, "t-entry", |o| matches!(o, Outcome::Fill(_))));
        port.submit(&pair(&port, bot, [31_000, 29_000])).unwrap();
        let mut accepted = 0;
        until(&inbox, |e| {
            let is_new = |id| reported(e, id, |o| matches!(o, Outcome::Accepted { .. }));
            accepted += u32::from(is_new("t-target")) + u32::from(is_new("t-stop"));
            accepted == 2
        });
        for id in ["t-target", "t-stop"] {
            assert_eq!(found(&mut port, &inbox, bot, id).state, FoundState::Live, "{id}");
        }
        left_by_a_crash(dir.path(), after.path());
        drop(port);
        host.shutdown();

        // The process died before either was reached: the exchange still has both.
        let (host, mut port, inbox) = exchange(after.path(), 1_000);
        port.watch(bot);
        for id in ["t-target", "t-stop"] {
            assert_eq!(found(&mut port, &inbox, bot, id).state, FoundState::Live, "{id} after the crash");
        }
        let (side, price) = if reached == "t-target" { (Side::Buy, 31_000) } else { (Side::Sell, 28_000) };
        port.submit(&order(&port, taker, side, price, "k-1")).unwrap();
        let mut ended = 0;
        let mut filled = 0;
        until(&inbox, |e| {
            if let VenueEvent::Report { report, .. } = e {
                let id = report.client_id.as_str();
                match report.outcome {
                    Outcome::Fill(fill) if id == reached => filled += fill.qty.0,
                    Outcome::Expired | Outcome::Canceled if id == ends => ended += 1,
                    Outcome::Fill(_) if id == ends => panic!("both of a pair traded"),
                    _ => {}
                }
            }
            filled == ONE / 10 && ended == 1
        });
        let (first, second) = (found(&mut port, &inbox, bot, reached), found(&mut port, &inbox, bot, ends));
        assert_eq!(first.state, FoundState::Filled, "{reached}");
        assert!(matches!(second.state, FoundState::Expired | FoundState::Canceled), "{second:?}");
        assert_eq!(second.fills, []);
        // Bought and sold once, with a fee of 0.1 % in what was received.
        assert_eq!(port.holdings(bot)[0], (AssetId(0), Money(i128::from(10 * ONE - ONE / 10_000))));
        drop(port);
        host.shutdown();
    }
}
