//! The hub as its clients see it: nothing lost, nothing mixed, nothing unbounded.
#![expect(clippy::unwrap_used, reason = "a test that unwraps nothing fails, as it should")]

mod past;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use serde_json::Value;
use stream::limits::{
    BACKLOG_MAX, CONNECTIONS_MAX, CONNECTIONS_PER_OWNER_MAX, RING_MAX, ROOM_IDLE_MAX_MS, ROOMS_MAX,
};
use stream::{Channel, Connection, Format, Frame, Full, Hub, Over, Owner, Room, Since};

const ME: Owner = Owner(7);

fn connect(hub: &Arc<Hub>, owner: Owner) -> Connection {
    hub.connect(owner, None, || {}).unwrap()
}

fn room(name: &str) -> Channel {
    Channel::of(Room::parse(name).unwrap(), ME)
}

fn value(frame: &Arc<Frame>) -> Value {
    serde_json::from_slice(&frame.bytes(Format::Json)).unwrap()
}

/// Everything that waits for a client.
fn drain(connection: &Connection) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        assert_eq!(connection.over(), None);
        let frames = connection.take();
        if frames.is_empty() {
            return all;
        }
        all.extend(frames.iter().map(value));
    }
}

#[test]
fn an_event_reaches_those_in_the_room_and_no_others() {
    let hub = Hub::new("e");
    let (book, trades) = (room("book:BTCUSDT"), room("trades:BTCUSDT"));
    let mut both = connect(&hub, ME);
    let mut one = connect(&hub, Owner(8));
    both.subscribe(book, None).unwrap();
    both.subscribe(trades, None).unwrap();
    one.subscribe(trades, None).unwrap();
    assert_eq!(hub.publish(&trades, None, 5, &1), 2);
    assert_eq!(hub.publish(&book, Some(0), 6, &2), 1);
    assert_eq!(hub.publish(&room("book:ETHUSDT"), Some(0), 6, &2), 0, "a room that nobody made");
    let got = drain(&both);
    assert_eq!(
        (got[0]["room"].as_str(), got[0]["data"].as_i64(), got[0]["ts"].as_i64()),
        (Some("trades:BTCUSDT"), Some(1), Some(5))
    );
    assert_eq!(got[1]["room"], "book:BTCUSDT");
    assert_eq!(drain(&one).len(), 1);
    assert!(both.unsubscribe(&book) && !both.unsubscribe(&book));
    hub.publish(&book, Some(0), 6, &2);
    assert_eq!(drain(&both).len(), 0);
    drop(one);
    assert_eq!(hub.publish(&trades, None, 5, &1), 1, "who is gone is gone");
}

#[test]
fn two_users_never_hear_each_other() {
    let hub = Hub::new("e");
    let owners: Vec<Owner> = (0..20).map(Owner).collect();
    let connections: Vec<Connection> = owners
        .iter()
        .map(|owner| {
            let mut connection = connect(&hub, *owner);
            for room in [Room::Orders, Room::Positions, Room::Bots, Room::Jobs] {
                connection.subscribe(Channel::of(room, *owner), None).unwrap();
            }
            connection
        })
        .collect();
    for round in 0..50_u64 {
        for owner in &owners {
            for room in [Room::Orders, Room::Positions, Room::Bots, Room::Jobs] {
                let whose = u64::try_from(owner.0).unwrap();
                assert_eq!(hub.publish(&Channel::of(room, *owner), None, 0, &(whose, round)), 1);
            }
        }
    }
    for (owner, connection) in owners.iter().zip(&connections) {
        let got = drain(connection);
        assert_eq!(got.len(), 200);
        assert!(got.iter().all(|event| event["data"][0].as_u64() == u64::try_from(owner.0).ok()));
    }
}

#[test]
fn a_slow_client_is_told_to_go_and_costs_nothing_more() {
    let hub = Hub::new("e");
    let trades = room("trades:BTCUSDT");
    let (mut slow, mut quick) = (connect(&hub, ME), connect(&hub, ME));
    slow.subscribe(trades, None).unwrap();
    quick.subscribe(trades, None).unwrap();
    for n in 0..=BACKLOG_MAX {
        hub.publish(&trades, None, 0, &n);
        assert_eq!(drain(&quick).len(), 1, "others are not held up");
    }
    assert_eq!(slow.over(), Some(Over::TooSlow));
    assert!(slow.take().is_empty(), "what waited is dropped: a client never gets events behind a gap");
    assert_eq!(hub.counts().slow_total, 1);
    // A reader of states only is never too slow: it gets the newest.
    let book = room("book:BTCUSDT");
    let mut lazy = connect(&hub, ME);
    lazy.subscribe(book, None).unwrap();
    for n in 0..10 * BACKLOG_MAX {
        hub.publish(&book, Some(0), 0, &n);
    }
    let got = drain(&lazy);
    assert_eq!(got.len(), 1);
    assert_eq!(got[0]["data"].as_u64(), Some(10 * BACKLOG_MAX as u64 - 1));
}

#[test]
fn one_wake_stands_for_all_that_waits() {
    let hub = Hub::new("e");
    let woken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&woken);
    let mut connection = hub
        .connect(ME, None, move || {
            count.fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
    let trades = room("trades:BTCUSDT");
    connection.subscribe(trades, None).unwrap();
    for n in 0..10 {
        hub.publish(&trades, None, 0, &n);
    }
    assert_eq!(woken.load(Ordering::Relaxed), 1);
    drain(&connection);
    hub.publish(&trades, None, 0, &1);
    assert_eq!(woken.load(Ordering::Relaxed), 2);
}

#[test]
fn limits_hold_and_come_back() {
    let hub = Hub::new("e");
    let mut mine: Vec<_> = (0..CONNECTIONS_PER_OWNER_MAX).map(|_| connect(&hub, ME)).collect();
    assert_eq!(hub.connect(ME, None, || {}).err(), Some(Full::Owner));
    mine.pop();
    mine.push(connect(&hub, ME));
    let others: Vec<_> =
        (0..CONNECTIONS_MAX - mine.len()).map(|n| connect(&hub, Owner(1_000 + n as u128 / 50))).collect();
    assert_eq!(hub.connect(Owner(8), None, || {}).err(), Some(Full::Process));
    drop(others);
    let mut one = connect(&hub, Owner(8));
    for n in 0..ROOMS_MAX {
        one.subscribe(room(&format!("ticker:M{n}")), None).unwrap();
    }
    assert!(one.subscribe(room("ticker:ONEMORE"), None).is_err());
    one.subscribe(room("ticker:M0"), None).unwrap();
    assert_eq!(hub.counts().rooms, ROOMS_MAX);
    drop((one, mine));
    let counts = hub.counts();
    assert_eq!((counts.connections, counts.refused_total), (0, 2));
}

#[test]
fn an_empty_room_is_remembered_for_two_minutes_and_then_begins_anew() {
    let hub = Hub::new("e");
    let trades = room("trades:BTCUSDT");
    let mut first = connect(&hub, ME);
    let entered = first.subscribe(trades, None).unwrap();
    hub.publish(&trades, None, 0, &1);
    drop(first);
    hub.publish(&trades, None, 0, &2);
    hub.sweep(0);
    hub.sweep(ROOM_IDLE_MAX_MS - 1);
    let since = Since { epoch: entered.epoch.to_string(), offset: 1 };
    let mut again = connect(&hub, ME);
    let missed = again.subscribe(trades, Some(&since)).unwrap().missed.unwrap();
    assert_eq!(missed.iter().map(|f| value(f)["data"].as_i64()).collect::<Vec<_>>(), [Some(2)]);
    drop(again);
    hub.sweep(ROOM_IDLE_MAX_MS);
    hub.sweep(2 * ROOM_IDLE_MAX_MS);
    assert_eq!(hub.counts().rooms, 0);
    let mut late = connect(&hub, ME);
    let anew = late.subscribe(trades, Some(&since)).unwrap();
    assert!(anew.missed.is_none());
    assert_ne!(anew.epoch, entered.epoch, "an old offset means nothing here");
}

#[test]
fn a_login_that_ends_takes_its_connections_along() {
    let hub = Hub::new("e");
    let ended = hub.connect(ME, Some(1), || {}).unwrap();
    let other = hub.connect(ME, Some(2), || {}).unwrap();
    assert_eq!(hub.sessions().into_iter().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(hub.end_session(1, "over"), 1);
    assert_eq!((ended.over(), other.over()), (Some(Over::Ended("over")), None));
}

#[test]
fn a_room_that_lost_events_lets_nobody_go_on() {
    let hub = Hub::new("e");
    let trades = room("trades:BTCUSDT");
    let mut client = connect(&hub, ME);
    let entered = client.subscribe(trades, None).unwrap();
    hub.publish(&trades, None, 0, &1);
    hub.break_off(&trades, "lost");
    assert_eq!(client.over(), Some(Over::Ended("lost")));
    let since = Since { epoch: entered.epoch.to_string(), offset: 1 };
    let mut back = connect(&hub, ME);
    assert!(back.subscribe(trades, Some(&since)).unwrap().missed.is_none());
    assert_eq!(back.over(), None);
}

/// What a client does, and what happens around it.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// An event of a thing, or a plain one.
    Publish(Option<i64>),
    /// The client reads what waits.
    Read,
    /// It loses its connection with all that waits, and comes back with the last offset it has seen.
    Reconnect,
    /// The client is gone.
    Cut,
    /// Something happens that nobody is told, if nobody is there.
    Skip,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => Just(Step::Publish(None)),
        8 => (0..3_i64).prop_map(|key| Step::Publish(Some(key))),
        3 => Just(Step::Read),
        2 => Just(Step::Reconnect),
        1 => Just(Step::Cut),
        2 => Just(Step::Skip),
    ];
    prop::collection::vec(step, 0..200)
}

/// A client's picture of a room: plain events in order, and the newest state of each thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Picture {
    plain: Vec<u64>,
    things: BTreeMap<i64, u64>,
}

impl Picture {
    fn take(&mut self, key: Option<i64>, number: u64) {
        match key {
            None => self.plain.push(number),
            Some(key) => {
                self.things.insert(key, number);
            }
        }
    }
}

proptest! {
    /// Whatever happens, a client that follows the protocol ends with the same picture as one that saw everything.
    #[test]
    fn a_client_that_follows_the_protocol_misses_nothing(steps in steps()) {
        let hub = Hub::new("e");
        let channel = room("candles:BTCUSDT:1m");
        let (mut truth, mut mine) = (Picture::default(), Picture::default());
        let mut first = connect(&hub, ME);
        let entered = first.subscribe(channel, None).unwrap();
        let mut client = Some(first);
        let mut seen = Since { epoch: entered.epoch.to_string(), offset: entered.offset };
        for (number, step) in (0_u64..).zip(steps.iter().copied().chain([Step::Reconnect, Step::Read])) {
            match step {
                Step::Publish(key) => {
                    truth.take(key, number);
                    hub.publish(&channel, key, 0, &(key, number));
                }
                Step::Skip => {
                    truth.take(Some(9), number);
                    // Whoever would leave it out has seen nobody; somebody may be there by now, with all but this.
                    if !hub.skip(&channel) {
                        hub.publish(&channel, Some(9), 0, &(9, number));
                    }
                }
                Step::Read => client.iter().for_each(|client| read(&drain(client), &mut mine, &mut seen)),
                Step::Cut => client = None,
                Step::Reconnect => {
                    let mut again = connect(&hub, ME);
                    let recovery = again.subscribe(channel, Some(&seen)).unwrap();
                    client = Some(again);
                    seen.epoch = recovery.epoch.to_string();
                    match recovery.missed {
                        Some(missed) => read(&missed.iter().map(value).collect::<Vec<_>>(), &mut mine, &mut seen),
                        None => {
                            // The snapshot.
                            mine = truth.clone();
                            seen.offset = recovery.offset;
                        }
                    }
                }
            }
        }
        prop_assert_eq!(mine, truth);
    }
}

fn read(events: &[Value], mine: &mut Picture, seen: &mut Since) {
    for event in events {
        let offset = event["offset"].as_u64().unwrap();
        assert!(offset > seen.offset, "offsets rise: {offset} after {}", seen.offset);
        seen.offset = offset;
        mine.take(event["data"][0].as_i64(), event["data"][1].as_u64().unwrap());
    }
}

#[test]
fn what_nobody_would_be_told_is_told_to_one_who_has_just_come() {
    let hub = Hub::new("e");
    let book = room("book:BTCUSDT");
    let mut client = connect(&hub, ME);
    let entered = client.subscribe(book, None).unwrap();
    let seen = Since { epoch: entered.epoch.to_string(), offset: entered.offset };
    drop(client);
    assert!(hub.skip(&room("book:ETHUSDT")), "a room that nobody made");
    // The room was empty when the beat began; now he is back, and nothing has been left out until now.
    let mut back = connect(&hub, ME);
    assert_eq!(back.subscribe(book, Some(&seen)).unwrap().missed.unwrap().len(), 0);
    assert!(!hub.skip(&book), "it must be told");
    assert_eq!(hub.publish(&book, Some(0), 0, &1), 1);
    assert_eq!(drain(&back).len(), 1);
    // Once he is gone it is left out, and he needs a snapshot.
    let seen = Since { offset: 1, ..seen };
    drop(back);
    assert!(hub.skip(&book));
    let mut late = connect(&hub, ME);
    assert!(late.subscribe(book, Some(&seen)).unwrap().missed.is_none());
}

#[test]
fn more_than_is_remembered_is_said_to_be_lost() {
    let hub = Hub::new("e");
    let trades = room("trades:BTCUSDT");
    let mut client = connect(&hub, ME);
    let entered = client.subscribe(trades, None).unwrap();
    drop(client);
    for n in 0..=RING_MAX {
        hub.publish(&trades, None, 0, &n);
    }
    let since = |offset| Since { epoch: entered.epoch.to_string(), offset };
    let mut back = connect(&hub, ME);
    assert!(back.subscribe(trades, Some(&since(0))).unwrap().missed.is_none());
    assert_eq!(back.subscribe(trades, Some(&since(1))).unwrap().missed.unwrap().len(), RING_MAX);
}

/// Two processes with the same room: what the second tells is what the first told, whatever the way between them does.
mod mirrored {
    use stream::relay::{Piece, Tap};
    use stream::{Mirrored, RoomError};

    use super::*;

    fn places() -> (Channel, Channel) {
        let shared = |name: &str| Room::parse(name).map(|room| Channel::shared(room).unwrap());
        let both: Result<_, RoomError> =
            shared("trades:BTCUSDT").and_then(|at| Ok((at, shared("trades:tokyo:BTCUSDT")?)));
        both.unwrap()
    }

    /// What the way does with a message.
    #[derive(Clone, Copy, Debug)]
    enum Fate {
        Arrives,
        Lost,
        /// Arrives before the one that went before it.
        Overtakes,
        Twice,
    }

    fn fate() -> impl Strategy<Value = Fate> {
        prop_oneof![
            6 => Just(Fate::Arrives), 1 => Just(Fate::Lost), 1 => Just(Fate::Overtakes), 1 => Just(Fate::Twice)
        ]
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        /// So many events, in one message.
        Events(u8, Fate),
        /// The mirror asks again where it stands, as it does every few seconds.
        Ask(Fate),
        /// Something happens at the origin that it tells nobody.
        Broken,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            8 => (1..30_u8, fate()).prop_map(|(n, fate)| Step::Events(n, fate)),
            2 => fate().prop_map(Step::Ask),
            1 => Just(Step::Broken),
        ];
        prop::collection::vec(step, 1..120)
    }

    /// A message as it is on its way: text.
    fn sent(piece: &Piece) -> Piece {
        serde_json::from_str(&serde_json::to_string(piece).unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn no_event_is_left_out_in_silence(steps in steps()) {
            let (hub, copy) = (Hub::new("origin"), Hub::new("copy"));
            let (home, away) = places();
            let mut tap = Tap::open(&hub, home, || {}).unwrap();
            copy.mirror(&away, &sent(&hub.piece(&home, None).unwrap()));
            let mut client = connect(&copy, ME);
            let mut at = client.subscribe(away, None).unwrap().offset;
            let mut delayed: Option<Piece> = None;
            let mut next = 0_i64;
            for step in steps {
                let (pieces, fate): (Vec<Piece>, Fate) = match step {
                    Step::Events(count, fate) => {
                        for _ in 0..count {
                            next += 1;
                            hub.publish(&home, None, 5, &next);
                        }
                        (std::iter::from_fn(|| tap.take()).collect(), fate)
                    }
                    Step::Ask(fate) => (hub.piece(&home, copy.position(&away).as_ref()).into_iter().collect(), fate),
                    Step::Broken => {
                        hub.break_off(&home, "broken");
                        prop_assert!(tap.is_over());
                        tap = Tap::open(&hub, home, || {}).unwrap();
                        continue;
                    }
                };
                for piece in pieces {
                    let arrivals = match fate {
                        Fate::Arrives => vec![piece],
                        Fate::Lost => Vec::new(),
                        Fate::Twice => vec![sent(&piece), piece],
                        Fate::Overtakes if delayed.is_none() => { delayed = Some(piece); continue; }
                        Fate::Overtakes => vec![piece],
                    };
                    for piece in arrivals.into_iter().chain(delayed.take()) {
                        let lost = copy.mirror(&away, &sent(&piece)) == Mirrored::Lost;
                        prop_assert_eq!(lost, client.over().is_some(), "told that something is lost, and only then");
                        if lost {
                            client = connect(&copy, ME);
                            at = client.subscribe(away, None).unwrap().offset;
                        }
                        for event in drain(&client) {
                            let offset = event["offset"].as_u64().unwrap();
                            // Every offset is an event here, but those that were broken off.
                            prop_assert_eq!(offset, at + 1, "a gap that nobody was told of");
                            at = offset;
                        }
                    }
                }
            }
            // However it was: after one question that is answered both are at the same place.
            let last = hub.piece(&home, copy.position(&away).as_ref()).unwrap();
            prop_assert_ne!(copy.mirror(&away, &sent(&last)), Mirrored::Gap);
            prop_assert_eq!(copy.position(&away).unwrap().offset, last.offset);
        }
    }

    #[test]
    fn numbers_of_another_life_mean_nothing() {
        let (old, new, copy) = (Hub::new("old"), Hub::new("new"), Hub::new("copy"));
        let (home, away) = places();
        let (mut old_tap, mut new_tap) =
            (Tap::open(&old, home, || {}).unwrap(), Tap::open(&new, home, || {}).unwrap());
        let say = |hub: &Hub, tap: &mut Tap, count: i64| {
            for n in 0..count {
                hub.publish(&home, None, 5, &n);
            }
            sent(&tap.take().unwrap())
        };
        copy.mirror(&away, &sent(&old.piece(&home, None).unwrap()));
        let mut client = connect(&copy, ME);
        client.subscribe(away, None).unwrap();
        assert_eq!(copy.mirror(&away, &say(&old, &mut old_tap, 5)), Mirrored::Current);
        assert_eq!(drain(&client).len(), 5);
        // The origin begins anew: what it tells goes in front of where the copy is, and is not for it.
        let begun = say(&new, &mut new_tap, 9);
        assert_eq!((begun.from, begun.whole), (0, false));
        assert_eq!(copy.mirror(&away, &begun), Mirrored::Gap);
        assert_eq!((drain(&client).len(), copy.position(&away).unwrap().offset), (0, 5));
        // Asked, it tells all that it remembers: nobody goes on from the old numbers.
        let whole = new.piece(&home, copy.position(&away).as_ref()).unwrap();
        assert!(whole.whole);
        assert_eq!(copy.mirror(&away, &sent(&whole)), Mirrored::Lost);
        assert!(client.over().is_some());
        let now = copy.position(&away).unwrap();
        assert_eq!((now.epoch.starts_with("new."), now.offset), (true, 9));
        // And what is late from before does not come in between.
        assert_eq!(copy.mirror(&away, &say(&old, &mut old_tap, 9)), Mirrored::Gap);
        assert_eq!(copy.position(&away), Some(now));
    }

    #[test]
    fn a_mirrored_room_is_written_by_its_origin_alone_and_states_are_conflated_as_at_home() {
        let (hub, copy) = (Hub::new("origin"), Hub::new("copy"));
        let (home, away) = (room("candles:BTCUSDT:1m"), room("candles:tokyo:BTCUSDT:1m"));
        let mut tap = Tap::open(&hub, home, || {}).unwrap();
        copy.mirror(&away, &hub.piece(&home, None).unwrap());
        let mut client = connect(&copy, ME);
        let entered = client.subscribe(away, None).unwrap();
        for (t, close) in [(60, 1), (60, 2), (60, 3), (120, 4), (120, 5)] {
            hub.publish(&home, Some(t), 5, &serde_json::json!({ "t": t, "c": close }));
        }
        copy.mirror(&away, &sent(&tap.take().unwrap()));
        // Not of this process: a candle, an end, a loss.
        assert_eq!(copy.publish(&away, None, 5, &9), 0);
        assert!(copy.skip(&away));
        copy.break_off(&away, "not yours");
        let closes: Vec<i64> = drain(&client).iter().map(|e| e["data"]["c"].as_i64().unwrap()).collect();
        assert_eq!(closes, [3, 5], "the newest of each candle");
        let since = Since { epoch: entered.epoch.to_string(), offset: 0 };
        let again = client.subscribe(away, Some(&since)).unwrap();
        assert_eq!((again.offset, again.missed.map(|m| m.len())), (5, Some(2)));
        assert_eq!(copy.counts().connections, 1, "a tap is nobody's connection");
        assert_eq!(hub.counts().connections, 0);
    }
}
