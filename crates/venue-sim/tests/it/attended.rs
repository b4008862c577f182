//! A live market at the venue: whoever listens, from whichever moment on, has its book as it is once he is told that it is there.

use std::sync::{Arc, Mutex};

use market_data::{State, SyncedBook};
use strategy::Feed;
use types::depth::{DepthDiff, DepthSnapshot, Level};
use types::{FeedState, InstrumentKind, MarketEvent, MarketId, MarketNews, Price, Side};
use venue::{Full, Inbox, MarketFeed as _, VenueEvent};
use venue_sim::Config;
use venue_sim::paper::{Attended, AttendedPort, Entrance, Memory, attend};

use crate::desk::{ONE, instrument, qty};

const MARKET: MarketId = MarketId(0);

/// What was told.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<VenueEvent>>>);

impl Inbox for Heard {
    fn put(&mut self, event: VenueEvent) -> Result<(), Full> {
        self.0.lock().unwrap().push(event);
        Ok(())
    }
}

impl Heard {
    /// What was told since the last time.
    fn take(&self) -> Vec<MarketNews> {
        let all = std::mem::take(&mut *self.0.lock().unwrap());
        let news = all.into_iter().map(|event| match event {
            VenueEvent::Market(MarketEvent { market: MARKET, data }) => data,
            other => panic!("{other:?}"),
        });
        news.collect()
    }
}

fn open() -> (Entrance, AttendedPort, Heard) {
    let heard = Heard::default();
    let instruments = vec![instrument(InstrumentKind::Spot)];
    let attended = Attended { config: Config::default(), instruments, memory: Memory::default() };
    let entrance = attend(attended, Box::new(heard.clone())).unwrap();
    let port = entrance.port(Arc::new(|_, _, _, _| false));
    (entrance, port, heard)
}

fn show(entrance: &Entrance, data: MarketNews) {
    entrance.market(MarketEvent { market: MARKET, data }).unwrap();
}

fn level(price: i64, hundredths: i64) -> Level {
    (Price(price * ONE), qty(hundredths))
}

fn snapshot(last: u64, bid: i64) -> DepthSnapshot {
    DepthSnapshot { last, bids: vec![level(bid, 100)], asks: vec![level(bid + 2, 100)] }
}

/// One more bid.
fn diff(update: u64, bid: i64) -> MarketNews {
    MarketNews::Diff(DepthDiff { first: update, last: update, bids: vec![level(bid, 50)], asks: Vec::new() })
}

const UP: MarketNews = MarketNews::Feed(FeedState::Up);
const DOWN: MarketNews = MarketNews::Feed(FeedState::Down);

/// The best bids of a listener who keeps a book of what he is told; nothing while it does not count.
fn bids(book: &mut SyncedBook, news: &[MarketNews]) -> Vec<i64> {
    for one in news {
        match one {
            MarketNews::Snapshot(snapshot) => {
                book.snapshot(snapshot);
            }
            MarketNews::Diff(diff) => {
                book.diff(diff);
            }
            MarketNews::Feed(FeedState::Down) => {
                book.disconnect();
            }
            _ => {}
        }
    }
    if !matches!(book.state(), State::Live { .. }) {
        return Vec::new();
    }
    let side = book.book().unwrap().side(Side::Buy);
    side.iter().map(|(price, _)| price.0 / ONE).collect()
}

#[test]
fn m1_who_asks_for_the_book_of_a_market_that_is_down_has_it_when_it_rises() {
    let (entrance, mut port, heard) = open();
    show(&entrance, DOWN);
    // Joined while nobody listens, and not yet said to be there: bars of it may be missing.
    show(&entrance, MarketNews::Snapshot(snapshot(7, 100)));
    show(&entrance, diff(8, 99));
    assert_eq!(heard.take(), [DOWN]);
    port.subscribe(MARKET, Feed::Book);
    assert_eq!(heard.take(), [], "it is down");
    show(&entrance, UP);
    let mut book = SyncedBook::default();
    let news = heard.take();
    assert_eq!(news[0], UP);
    assert_eq!(bids(&mut book, &news), [100, 99]);
    show(&entrance, diff(9, 98));
    assert_eq!(bids(&mut book, &heard.take()), [100, 99, 98], "and it goes on");
}

#[test]
fn m1_a_listener_has_the_book_again_after_a_connection_ended() {
    let (entrance, mut port, heard) = open();
    show(&entrance, MarketNews::Snapshot(snapshot(7, 100)));
    show(&entrance, UP);
    port.subscribe(MARKET, Feed::Book);
    let mut book = SyncedBook::default();
    assert_eq!(bids(&mut book, &heard.take()), [100], "who comes late is shown it at once");
    show(&entrance, DOWN);
    assert!(bids(&mut book, &heard.take()).is_empty());
    show(&entrance, MarketNews::Snapshot(snapshot(20, 105)));
    show(&entrance, diff(21, 104));
    show(&entrance, UP);
    assert_eq!(bids(&mut book, &heard.take()), [105, 104]);
    show(&entrance, diff(22, 103));
    assert_eq!(bids(&mut book, &heard.take()), [105, 104, 103]);
}
