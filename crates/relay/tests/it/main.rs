//! Two instances over one real Redis (the package redis-server): order and offsets, moving from one to the other, loss, kill -9.
//! Visibly skipped where there is no redis-server.
#![expect(clippy::unwrap_used, reason = "a test that unwraps nothing fails, as it should")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use relay::{Options, Relay, Reply, Rooms};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use stream::{Channel, Connection, Format, Hub, Over, Owner, Room, Since};
use testkit::Redis;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::time;
use types::VenueName;

/// Rooms of one market whose state is how many events there were.
#[derive(Default)]
struct Counted(AtomicU64);

impl Rooms for Counted {
    fn has(&self, room: &Room) -> bool {
        // That private rooms are nobody's business is not for this to say.
        room.market().is_none_or(|market| market.symbol.as_str() == "BTCUSDT")
    }

    fn state(&self, _: Room) -> Reply<'_, Result<Box<RawValue>, String>> {
        Box::pin(async { Ok(to_raw_value(&self.0.load(Ordering::SeqCst)).unwrap()) })
    }
}

/// One instance.
struct Instance {
    hub: Arc<Hub>,
    relay: Relay,
    rooms: Arc<Counted>,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl Instance {
    fn start(redis: &str, name: &str, run: &str) -> Self {
        let hub = Hub::new(run);
        let options =
            Options { url: redis.to_owned(), prefix: "desk".to_owned(), name: VenueName::new(name).unwrap() };
        let relay = Relay::new(options, Arc::clone(&hub)).unwrap();
        let rooms = Arc::<Counted>::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let mine: Arc<dyn Rooms> = Arc::<Counted>::clone(&rooms);
        let task = tokio::spawn(relay.clone().run(mine, async {
            let _ = stopped.await;
        }));
        Self { hub, relay, rooms, stop: Some(stop), task }
    }

    async fn connected(&self) {
        while !self.relay.standing().connected {
            tokio::task::yield_now().await;
        }
    }

    /// One more trade of BTCUSDT; it tells its number.
    fn trade(&self) -> u64 {
        // The state counts an event before it is told, as a book does.
        let n = self.rooms.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.hub.publish(&channel("trades:BTCUSDT"), None, 7, &json!({ "id": n }));
        n
    }

    /// So many more; gives the last one's number.
    fn trades(&self, count: u64) -> u64 {
        (0..count).fold(0, |_, _| self.trade())
    }

    fn guest(&self) -> Guest {
        let woken = Arc::new(Notify::new());
        let wake = Arc::clone(&woken);
        let connection = self.hub.connect(Owner(1), None, move || wake.notify_one()).unwrap();
        Guest { connection, woken }
    }

    async fn stop(mut self) {
        drop(self.stop.take());
        self.task.await.unwrap();
    }
}

fn channel(name: &str) -> Channel {
    Channel::shared(Room::parse(name).unwrap()).unwrap()
}

const THERE: &str = "trades:tokyo:BTCUSDT";

/// A client of one instance.
struct Guest {
    connection: Connection,
    woken: Arc<Notify>,
}

impl Guest {
    /// The next events as (offset, id); none when the connection has to go.
    async fn events(&self) -> Vec<(u64, u64)> {
        loop {
            if self.connection.over().is_some() {
                return Vec::new();
            }
            let frames = self.connection.take();
            if !frames.is_empty() {
                return frames.iter().map(|frame| told(&frame.bytes(Format::Json))).collect();
            }
            self.woken.notified().await;
        }
    }

    /// Everything until the event `id`.
    async fn until(&self, id: u64) -> Vec<(u64, u64)> {
        let mut all = Vec::new();
        while all.last().is_none_or(|last: &(u64, u64)| last.1 < id) {
            let events = self.events().await;
            assert!(!events.is_empty(), "ended: {:?}", self.connection.over());
            all.extend(events);
        }
        all
    }
}

fn told(json: &[u8]) -> (u64, u64) {
    let value: Value = serde_json::from_slice(json).unwrap();
    (value["offset"].as_u64().unwrap(), value["data"]["id"].as_u64().unwrap())
}

/// Enters the room at an instance that has to be asked for it, like the API: reach, enter, state.
async fn enter(
    at: &Instance,
    guest: &mut Guest,
    since: Option<&Since>,
) -> (Since, Option<u64>, Vec<(u64, u64)>) {
    let room = Room::parse(THERE).unwrap();
    at.relay.reach(room).await.unwrap();
    let entered = guest.connection.subscribe(channel(THERE), since).unwrap();
    let place = Since { epoch: entered.epoch.to_string(), offset: entered.offset };
    match entered.missed {
        Some(missed) => (place, None, missed.iter().map(|f| told(&f.bytes(Format::Json))).collect()),
        None => {
            let state = at.relay.state(room).await.unwrap();
            (place, Some(state.get().parse().unwrap()), Vec::new())
        }
    }
}

fn ids(events: &[(u64, u64)]) -> Vec<u64> {
    events.iter().map(|event| event.1).collect()
}

async fn two(redis: &Redis) -> (Instance, Instance) {
    let (tokyo, osaka) =
        (Instance::start(&redis.url(), "tokyo", "t"), Instance::start(&redis.url(), "osaka", "o"));
    tokyo.connected().await;
    osaka.connected().await;
    (tokyo, osaka)
}

#[tokio::test]
async fn what_one_instance_tells_arrives_at_the_other_with_its_offsets_and_a_client_moves_between_them() {
    let Some(redis) = Redis::start() else { return };
    let (tokyo, osaka) = two(&redis).await;
    // At home the room has a listener of its own.
    let mut home = tokyo.guest();
    let at_home = home.connection.subscribe(channel("trades:BTCUSDT"), None).unwrap();
    tokyo.trades(10);
    let mut away = osaka.guest();
    let (place, state, _) = enter(&osaka, &mut away, None).await;
    assert_eq!((place.epoch.as_str(), place.offset, state), (&*at_home.epoch, 10, Some(10)));
    let (mut home_saw, mut away_saw) = (Vec::new(), Vec::new());
    for _ in 0..30 {
        let last = tokyo.trades(100);
        home_saw.extend(home.until(last).await);
        away_saw.extend(away.until(last).await);
    }
    let expected: Vec<(u64, u64)> = (11..=3_010).map(|n| (n, n)).collect();
    assert_eq!(away_saw, expected, "in order, none missing, the origin's offsets");
    assert_eq!(home_saw, [(1..=10).map(|n| (n, n)).collect(), expected].concat());
    // From home to the other instance: the last 500 are told again, with no snapshot.
    let since = Since { epoch: at_home.epoch.to_string(), offset: 2_510 };
    drop((home, away));
    let mut moved = osaka.guest();
    let (place, state, missed) = enter(&osaka, &mut moved, Some(&since)).await;
    assert_eq!((state, ids(&missed)), (None, (2_511..=3_010).collect()));
    // And back, from where the other instance left it.
    let last = tokyo.trade();
    moved.until(last).await;
    let mut back = tokyo.guest();
    let entered = back.connection.subscribe(channel("trades:BTCUSDT"), Some(&place)).unwrap();
    assert_eq!(entered.missed.unwrap().len(), 1);
    // More than is remembered: an explicit no, and a state.
    let long_ago = Since { offset: 5, ..since };
    let mut late = osaka.guest();
    let (place, state, missed) = enter(&osaka, &mut late, Some(&long_ago)).await;
    assert_eq!((place.offset, state, missed.len()), (3_011, Some(3_011), 0));
    osaka.stop().await;
    tokyo.stop().await;
}

#[tokio::test]
async fn an_instance_that_comes_later_knows_what_the_origin_remembers() {
    let Some(redis) = Redis::start() else { return };
    let (tokyo, osaka) = two(&redis).await;
    let mut first = osaka.guest();
    let (begun, _, _) = enter(&osaka, &mut first, None).await;
    let last = tokyo.trades(500);
    first.until(last).await;
    // A third instance has never heard of the room; its client was at 100 elsewhere.
    let kyoto = Instance::start(&redis.url(), "kyoto", "k");
    kyoto.connected().await;
    let mut moved = kyoto.guest();
    let since = Since { epoch: begun.epoch, offset: 100 };
    let (_, state, missed) = enter(&kyoto, &mut moved, Some(&since)).await;
    assert_eq!((state, ids(&missed)), (None, (101..=500).collect()));
}

#[tokio::test]
async fn nobody_of_the_name_and_no_such_market_are_said_at_once_and_private_rooms_are_nobodys_business() {
    let Some(redis) = Redis::start() else { return };
    let (tokyo, osaka) = two(&redis).await;
    let why = |name: &str| {
        let (relay, room) = (osaka.relay.clone(), Room::parse(name).unwrap());
        async move { relay.reach(room).await.unwrap_err() }
    };
    assert_eq!(why("book:kyoto:BTCUSDT").await, "there is no instance kyoto now");
    assert_eq!(why("book:tokyo:NOPE").await, "there is no such market");
    // Whoever can speak to Redis can ask for anything; this is not answered with somebody's orders.
    let client = redis::Client::open(redis.url()).unwrap();
    let mut heard = osaka.relay.standing();
    let mut asks = client.get_multiplexed_async_connection().await.unwrap();
    for room in ["orders", "jobs", "market-data", "alerts", "nonsense"] {
        let want = json!({ "room": room, "since": null, "state": true }).to_string();
        let told: u64 = redis::cmd("SPUBLISH")
            .arg("desk:stream:want:tokyo")
            .arg(want)
            .query_async(&mut asks)
            .await
            .unwrap();
        assert_eq!(told, 1);
    }
    // Behind them on the same way.
    let mut guest = osaka.guest();
    enter(&osaka, &mut guest, None).await;
    while heard.followed == 0 || tokyo.relay.standing().offered == 0 {
        tokio::task::yield_now().await;
        heard = osaka.relay.standing();
    }
    assert_eq!((tokyo.relay.standing().offered, heard.followed), (1, 1));
}

#[tokio::test]
async fn a_message_that_goes_behind_what_is_missing_is_not_taken_but_asked_for() {
    let Some(redis) = Redis::start() else { return };
    let (tokyo, osaka) = two(&redis).await;
    let mut guest = osaka.guest();
    let (place, _, _) = enter(&osaka, &mut guest, None).await;
    let last = tokyo.trades(5);
    assert_eq!(ids(&guest.until(last).await), [1, 2, 3, 4, 5]);
    // As if 6 to 8 had been lost: 9 arrives, then once more an old one, then one of another life.
    let client = redis::Client::open(redis.url()).unwrap();
    let mut network = client.get_multiplexed_async_connection().await.unwrap();
    let event = |offset: u64| json!({ "type": "event", "room": "x", "offset": offset, "ts": 1, "data": { "id": 999 } });
    let piece = |epoch: &str, from: u64| json!({ "piece": { "epoch": epoch, "from": from, "offset": from + 1, "whole": false, "events": [event(from + 1)] } });
    for forged in [piece(&place.epoch, 8), piece(&place.epoch, 2), piece("another", 5)] {
        let told: u64 = redis::cmd("SPUBLISH")
            .arg(format!("desk:stream:room:{THERE}"))
            .arg(forged.to_string())
            .query_async(&mut network)
            .await
            .unwrap();
        assert_eq!(told, 1);
    }
    let last = tokyo.trades(5);
    assert_eq!(ids(&guest.until(last).await), [6, 7, 8, 9, 10], "none of the forged ones");
    assert_eq!(guest.connection.over(), None);
}

#[tokio::test]
async fn redis_is_killed_under_traffic_and_comes_back() {
    let Some(mut redis) = Redis::start() else { return };
    let (tokyo, osaka) = two(&redis).await;
    let mut home = tokyo.guest();
    home.connection.subscribe(channel("trades:BTCUSDT"), None).unwrap();
    let mut away = osaka.guest();
    enter(&osaka, &mut away, None).await;
    let (mut home_saw, mut away_saw) = (Vec::new(), Vec::new());
    let mut last = 0;
    for round in 0..3 {
        for _ in 0..10 {
            last = tokyo.trades(20);
            home_saw.extend(home.until(last).await);
        }
        away_saw.extend(away.until(last).await);
        redis.kill();
        // At home nothing waits for Redis.
        for _ in 0..10 {
            last = tokyo.trades(20);
            home_saw.extend(home.until(last).await);
        }
        while osaka.relay.standing().connected || tokyo.relay.standing().connected {
            tokio::task::yield_now().await;
        }
        assert!(osaka.relay.standing().failure.is_some(), "round {round}");
        let refused = osaka.relay.reach(Room::parse("book:tokyo:BTCUSDT").unwrap()).await.unwrap_err();
        assert!(refused.contains("Redis"), "{refused}");
        redis.again();
        osaka.connected().await;
        tokyo.connected().await;
    }
    away_saw.extend(away.until(last).await);
    let all: Vec<u64> = (1..=last).collect();
    assert_eq!((ids(&home_saw), ids(&away_saw)), (all.clone(), all), "nothing lost anywhere");
    // While it is away more happens than the origin remembers.
    redis.kill();
    while osaka.relay.standing().connected || tokyo.relay.standing().connected {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        last = tokyo.trades(20);
        home.until(last).await;
    }
    redis.again();
    osaka.connected().await;
    tokyo.connected().await;
    while guest_lives(&away) {
        away.woken.notified().await;
    }
    assert_eq!(away.connection.over(), Some(Over::Ended("events were lost; connect again")));
    let mut again = osaka.guest();
    let (place, state, _) =
        enter(&osaka, &mut again, Some(&Since { epoch: "t.1".to_owned(), offset: 600 })).await;
    assert_eq!((place.offset, state), (last, Some(last)));
    last = tokyo.trade();
    assert_eq!(ids(&again.until(last).await), [last]);
}

/// Whether it is still served. What it has not missed may arrive before the end.
fn guest_lives(guest: &Guest) -> bool {
    drop(guest.connection.take());
    guest.connection.over().is_none()
}

#[tokio::test]
async fn an_origin_that_begins_a_new_life_ends_who_listened_to_the_old_one() {
    let Some(redis) = Redis::start() else { return };
    let (tokyo, osaka) = two(&redis).await;
    let mut guest = osaka.guest();
    let (old, _, _) = enter(&osaka, &mut guest, None).await;
    let last = tokyo.trade();
    guest.until(last).await;
    tokyo.stop().await;
    let tokyo = Instance::start(&redis.url(), "tokyo", "t2");
    tokyo.connected().await;
    // The next question, at the latest five seconds on, finds another epoch.
    while guest_lives(&guest) {
        guest.woken.notified().await;
    }
    let mut again = osaka.guest();
    let (place, state, _) = enter(&osaka, &mut again, Some(&old)).await;
    assert_ne!(place.epoch, old.epoch);
    assert_eq!(state, Some(0));
}

/// Moves the clock of all instances; what is on its way to Redis and back takes no time.
async fn leap(by: Duration) {
    time::pause();
    time::advance(by).await;
    time::resume();
}

/// Some seconds go by, beat after beat.
async fn seconds(count: u32) {
    for _ in 0..4 * count {
        leap(Duration::from_millis(250)).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
}

/// Redis is away for so long that nobody asks it any more.
async fn opened(at: &Instance) {
    let mut most = 0;
    while at.relay.standing().breaker != "open" {
        most += 1;
        assert!(most < 30, "it never opens");
        seconds(1).await;
    }
}

#[tokio::test]
async fn a_redis_that_is_away_for_long_is_left_alone_and_then_every_room_goes_on_or_says_that_it_cannot() {
    let Some(mut redis) = Redis::start() else { return };
    let (tokyo, osaka) = two(&redis).await;
    let mut home = tokyo.guest();
    home.connection.subscribe(channel("trades:BTCUSDT"), None).unwrap();
    let mut away = osaka.guest();
    let (place, _, _) = enter(&osaka, &mut away, None).await;
    let last = tokyo.trades(20);
    assert_eq!(ids(&away.until(last).await), (1..=last).collect::<Vec<_>>());
    assert_eq!(osaka.relay.standing().breaker, "closed");

    redis.kill();
    opened(&osaka).await;
    opened(&tokyo).await;
    // It is back, and nobody asks it: a minute is not over. At home the market goes on.
    redis.again();
    let client = redis::Client::open(redis.url()).unwrap();
    let mut probe = client.get_multiplexed_async_connection().await.unwrap();
    let last = tokyo.trades(200);
    home.until(last).await;
    seconds(20).await;
    let clients: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut probe).await.unwrap();
    assert_eq!(clients.lines().count(), 1, "only this test's own: {clients}");
    for at in [&osaka, &tokyo] {
        let standing = at.relay.standing();
        assert_eq!((standing.connected, standing.breaker), (false, "open"));
    }
    // An origin that has been silent for longer than it may: who listened was told, and is not left with what was.
    let silent = "the instance of this room does not answer; connect again";
    assert_eq!(away.connection.over(), Some(Over::Ended(silent)));

    // The minute is over: one attempt, which is good, and everything is as before.
    leap(Duration::from_secs(60)).await;
    for at in [&osaka, &tokyo] {
        at.connected().await;
        assert_eq!((at.relay.standing().breaker, at.relay.standing().failure), ("closed", None));
    }
    // Who comes back from where it was gets everything, in order; who is too far back is told so and gets the state.
    let since = Since { epoch: place.epoch, offset: 20 };
    let mut back = osaka.guest();
    let (_, state, missed) = enter(&osaka, &mut back, Some(&since)).await;
    assert_eq!((state, ids(&missed)), (None, (21..=220).collect()));
    let last = tokyo.trades(900);
    assert_eq!(ids(&back.until(last).await), (221..=last).collect::<Vec<_>>());
    let mut late = osaka.guest();
    let (place, state, missed) = enter(&osaka, &mut late, Some(&since)).await;
    assert_eq!((place.offset, state, missed.len()), (last, Some(last), 0));
    osaka.stop().await;
    tokyo.stop().await;
}

#[tokio::test]
async fn the_one_attempt_after_a_minute_decides_about_the_next() {
    let Some(mut redis) = Redis::start() else { return };
    let tokyo = Instance::start(&redis.url(), "tokyo", "t");
    tokyo.connected().await;
    redis.kill();
    opened(&tokyo).await;
    // Something that is not Redis has its port, and sees when it is asked.
    let port = TcpListener::bind(redis.url().trim_start_matches("redis://")).await.unwrap();
    leap(Duration::from_secs(60)).await;
    drop(port.accept().await.unwrap());
    drop(port);
    // That attempt fails: one more minute, although Redis is back by now.
    redis.again();
    seconds(50).await;
    assert_eq!((tokyo.relay.standing().connected, tokyo.relay.standing().breaker), (false, "open"));
    leap(Duration::from_secs(10)).await;
    tokyo.connected().await;
    assert_eq!(tokyo.relay.standing().breaker, "closed");
    tokyo.stop().await;
}
