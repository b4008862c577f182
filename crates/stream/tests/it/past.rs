//! What is sent past a client's server: in the same order, once, and only while that server has nothing in hand.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, Sender, channel};

use stream::{Errand, Serves};

use super::*;

/// A client's server that notes what reaches the client, and how often it was woken.
#[derive(Default)]
struct Desk {
    reached: Mutex<Vec<u64>>,
    woken: AtomicUsize,
    /// The socket is full.
    full: AtomicBool,
}

impl Desk {
    fn reach(&self, frames: &[Arc<Frame>]) {
        let offsets = frames.iter().map(|frame| value(frame)["offset"].as_u64().unwrap());
        self.reached.lock().unwrap().extend(offsets);
    }

    fn reached(&self) -> Vec<u64> {
        self.reached.lock().unwrap().clone()
    }

    fn woken(&self) -> usize {
        self.woken.swap(0, Ordering::AcqRel)
    }
}

impl Serves for Desk {
    fn wake(&self) {
        self.woken.fetch_add(1, Ordering::AcqRel);
    }

    fn send_now(&self, frames: &[Arc<Frame>]) -> bool {
        let sends = !self.full.load(Ordering::Acquire);
        if sends {
            self.reach(frames);
        }
        sends
    }
}

fn served(hub: &Arc<Hub>, owner: Owner) -> (Arc<Desk>, Connection) {
    let desk = Arc::<Desk>::default();
    let connection = hub.connect_served(owner, None, Arc::<Desk>::clone(&desk)).unwrap();
    (desk, connection)
}

#[test]
fn an_event_is_sent_past_a_server_that_rests_and_waits_for_one_that_does_not() {
    let hub = Hub::new("e");
    let orders = room("orders");
    let (desk, mut connection) = served(&hub, ME);
    connection.subscribe(orders, None).unwrap();
    let publish = || hub.publish(&orders, None, 0, &1);
    publish();
    assert_eq!((desk.reached(), desk.woken()), (vec![], 1), "it has something in hand");
    desk.reach(&connection.take());
    connection.rest();
    publish();
    publish();
    assert_eq!((desk.reached(), desk.woken()), (vec![1, 2, 3], 0), "nobody had to be woken");
    desk.full.store(true, Ordering::Release);
    publish();
    assert_eq!(desk.woken(), 1, "the socket is full: the server has to wait for it");
    desk.full.store(false, Ordering::Release);
    publish();
    assert_eq!((desk.reached(), desk.woken()), (vec![1, 2, 3], 0), "nothing overtakes what waits");
    connection.rise();
    desk.reach(&connection.take());
    publish();
    assert_eq!((desk.reached(), desk.woken()), (vec![1, 2, 3, 4, 5], 1));
    assert_eq!(connection.take().len(), 1);
    connection.rest();
    hub.end_session(0, "not this one");
    publish();
    assert_eq!(desk.reached().last(), Some(&7));
}

#[test]
fn nothing_is_sent_to_a_client_that_has_to_go() {
    let hub = Hub::new("e");
    let desk = Arc::<Desk>::default();
    let mut connection = hub.connect_served(ME, Some(5), Arc::<Desk>::clone(&desk)).unwrap();
    connection.subscribe(room("orders"), None).unwrap();
    connection.rest();
    assert_eq!(hub.end_session(5, "the login has ended"), 1);
    hub.publish(&room("orders"), None, 0, &1);
    assert!(desk.reached().is_empty());
    assert_eq!(connection.over(), Some(Over::Ended("the login has ended")));
}

/// A hub whose errands wait until the test carries them out.
fn with_errands() -> (Arc<Hub>, Receiver<Errand>) {
    let (to, errands): (Sender<Errand>, _) = channel();
    (Hub::with_couriers("e", move |errand| to.send(errand).unwrap()), errands)
}

#[test]
fn many_listeners_are_told_by_errands_in_whatever_order_those_run() {
    let (hub, errands) = with_errands();
    let trades = room("trades:BTCUSDT");
    let mut all: Vec<_> = (0..150).map(|n| served(&hub, Owner(n))).collect();
    for (_, connection) in &mut all {
        connection.subscribe(trades, None).unwrap();
        connection.rest();
    }
    for _ in 0..3 {
        assert_eq!(hub.publish(&trades, None, 0, &1), 150);
    }
    assert!(all.iter().all(|(desk, _)| desk.reached().is_empty() && desk.woken() == 0));
    // One of them has got something in hand meanwhile.
    all[70].1.rise();
    let due: Vec<Errand> = errands.try_iter().collect();
    assert_eq!(due.len(), 3, "who is told already of something is told of more by the same errand");
    due.into_iter().rev().for_each(Errand::run);
    for (n, (desk, connection)) in all.iter().enumerate() {
        if n == 70 {
            assert_eq!((desk.reached(), desk.woken()), (vec![], 1));
            assert_eq!(connection.take().len(), 3);
        } else {
            assert_eq!((desk.reached(), desk.woken()), (vec![1, 2, 3], 0), "{n}");
        }
    }
    hub.publish(&trades, None, 0, &1);
    assert_eq!(errands.try_iter().count(), 3);
}

/// Two threads publish, one carries errands out, each server rises and rests by itself: every client gets everything, in order.
#[test]
fn nothing_is_lost_doubled_or_overtaken_whoever_sends_it() {
    (0..4).for_each(|_| race());
}

/// Sets a flag however a scope is left.
struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn race() {
    /// Fewer than may wait: nobody is too slow, however late its turn comes.
    const EVENTS: u64 = BACKLOG_MAX as u64 - 100;
    let (hub, errands) = with_errands();
    let (crowd, few) = (room("trades:BTCUSDT"), room("trades:ETHUSDT"));
    let mut crowded: Vec<_> = (0..40).map(|n| served(&hub, Owner(n))).collect();
    let mut alone: Vec<_> = (100..104).map(|n| served(&hub, Owner(n))).collect();
    crowded.iter_mut().for_each(|(_, connection)| drop(connection.subscribe(crowd, None).unwrap()));
    alone.iter_mut().for_each(|(_, connection)| drop(connection.subscribe(few, None).unwrap()));
    let done = AtomicBool::new(false);
    let serve = |(desk, connection): &(Arc<Desk>, Connection)| {
        if desk.woken() > 0 {
            connection.rise();
            assert_eq!(connection.over(), None);
            desk.reach(&connection.take());
            if connection.waits() {
                desk.wake();
            }
        }
        connection.rest();
    };
    let reached_all =
        |(desk, _): &(Arc<Desk>, Connection)| desk.reached.lock().unwrap().len() as u64 == EVENTS;
    std::thread::scope(|threads| {
        let publish = |channel: Channel| {
            let hub = &hub;
            move || {
                for n in 0..EVENTS {
                    hub.publish(&channel, None, 0, &n);
                    if n % 16 == 0 {
                        std::thread::yield_now();
                    }
                }
            }
        };
        let publishers = [threads.spawn(publish(crowd)), threads.spawn(publish(few))];
        let ended = &done;
        threads.spawn(move || {
            while !ended.load(Ordering::Acquire) {
                errands.try_iter().for_each(Errand::run);
                std::thread::yield_now();
            }
        });
        let _ended = AtEnd(&done);
        let mut round = 0_usize;
        while !(publishers.iter().all(std::thread::ScopedJoinHandle::is_finished)
            && crowded.iter().chain(&alone).all(reached_all))
        {
            round += 1;
            // Sometimes a socket is full for a while.
            let (desk, _) = &crowded[round % 40];
            desk.full.fetch_xor(true, Ordering::AcqRel);
            crowded.iter().chain(&alone).for_each(serve);
            if round.is_multiple_of(7) {
                crowded.iter().for_each(|(desk, _)| desk.full.store(false, Ordering::Release));
            }
        }
    });
    for (desk, _) in crowded.iter().chain(&alone) {
        let reached = desk.reached();
        assert!(reached.iter().copied().eq(1..=EVENTS), "{reached:?}");
    }
}
