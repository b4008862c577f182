//! In front of a real Redis (the package redis-server): shared between instances, killed under load, restored. Visibly skipped where
//! there is none.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cache::{Cache, Class, Key, Layer, Options, SharedRate, State};

struct Redis {
    child: Child,
    addr: SocketAddr,
    _dir: tempfile::TempDir,
}

/// Of those who ask a Redis that is there: a machine that stands still for a moment changes nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// A port that was free a moment ago; below those that the kernel gives to everybody who listens or connects.
fn free() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let of_process = u16::try_from(std::process::id() * 53 % 20_000).unwrap();
    let mut all = std::iter::repeat_with(|| {
        let port = 10_000 + (of_process + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    });
    all.find(|addr| TcpListener::bind(addr).is_ok()).unwrap()
}

impl Redis {
    /// `None` where no redis-server is installed.
    fn at(addr: SocketAddr) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let port = addr.port().to_string();
        let child = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .arg(dir.path())
            .stdout(Stdio::null())
            .spawn();
        let Ok(child) = child else {
            println!("skipped: there is no redis-server on this machine");
            return None;
        };
        let mut redis = Self { child, addr, _dir: dir };
        while TcpStream::connect(addr).is_err() {
            assert!(redis.child.try_wait().unwrap().is_none(), "redis-server ended at once");
            std::thread::yield_now();
        }
        Some(redis)
    }

    fn cache(&self, prefix: &str) -> Cache {
        self.cache_of(prefix, "")
    }

    /// The cache of an instance with a name.
    fn cache_of(&self, prefix: &str, instance: &str) -> Cache {
        let redis = Some(format!("redis://{}", self.addr));
        let (prefix, instance) = (prefix.to_owned(), instance.to_owned());
        let options = Options { redis, prefix, instance, patience: PATIENCE };
        Cache::new(&options).unwrap()
    }

    /// A client that asks it without a cache.
    fn client(&self) -> ::redis::Client {
        ::redis::Client::open(format!("redis://{}", self.addr)).unwrap()
    }

    /// kill -9.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn key(n: u64) -> Key {
    Key::public(Class::Markets, &["thing", &n.to_string()])
}

async fn get(cache: &Cache, n: u64, calls: &AtomicU64) -> Option<Bytes> {
    let origin = async {
        calls.fetch_add(1, Ordering::Relaxed);
        Ok::<_, ()>(Some(Bytes::from(format!("value {n}"))))
    };
    cache.get(&key(n), origin).await.unwrap()
}

#[tokio::test]
async fn a_second_instance_finds_what_the_first_one_loaded_until_it_is_removed() {
    let Some(redis) = Redis::at(free()) else { return };
    let (first, second, other) = (redis.cache("a"), redis.cache("a"), redis.cache("b"));
    let calls = AtomicU64::new(0);
    for cache in [&first, &second, &second, &other] {
        assert_eq!(get(cache, 1, &calls).await.as_deref(), Some(&b"value 1"[..]));
    }
    assert_eq!(calls.load(Ordering::Relaxed), 2, "once under each prefix");
    let lines = second.lines();
    let line = lines.iter().find(|l| l.layer == Layer::Redis && l.class == Class::Markets).unwrap();
    assert_eq!(line.hits, 1);
    first.remove(&key(1)).await;
    let third = redis.cache("a");
    get(&third, 1, &calls).await;
    assert_eq!(calls.load(Ordering::Relaxed), 3, "a new instance finds it gone");
    // Absence is shared, too.
    assert_eq!(first.get(&key(9), async { Ok::<_, ()>(None) }).await, Ok(None));
    assert_eq!(second.get(&key(9), async { Err(()) }).await, Ok(None));
}

#[tokio::test]
async fn clearing_forgets_the_values_of_ones_own_prefix_and_no_bucket() {
    let Some(redis) = Redis::at(free()) else { return };
    // A prefix is a text, whatever it would mean as a pattern.
    let (mine, other) = (redis.cache("a*[x]"), redis.cache("ab[x]"));
    let calls = AtomicU64::new(0);
    for n in 0..1_200 {
        get(&mine, n, &calls).await;
    }
    get(&other, 1, &calls).await;
    let rate = SharedRate { capacity: 5, refill_ms: 60_000 };
    assert_eq!(mine.take("u", rate, 3).await.unwrap().remaining, 2);
    assert_eq!(mine.clear_everywhere().await, Some(1_200));
    assert_eq!(mine.take("u", rate, 1).await.unwrap().remaining, 1, "limits are no cache");
    calls.store(0, Ordering::Relaxed);
    get(&redis.cache("a*[x]"), 7, &calls).await;
    get(&mine, 8, &calls).await;
    get(&redis.cache("ab[x]"), 1, &calls).await;
    assert_eq!(calls.load(Ordering::Relaxed), 2, "the other prefix was left alone");
    redis.kill();
    assert_eq!(mine.clear_everywhere().await, None);
    assert_eq!(get(&mine, 8, &calls).await.as_deref(), Some(&b"value 8"[..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_under_load_makes_nothing_wrong_and_nothing_fail() {
    let addr = free();
    let Some(redis) = Redis::at(addr) else { return };
    let cache = Arc::new(redis.cache("load"));
    let calls = Arc::new(AtomicU64::new(0));
    let next = Arc::new(AtomicU64::new(0));
    let redis = Arc::new(Mutex::new(Some(redis)));
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (cache, calls, next) = (Arc::clone(&cache), Arc::clone(&calls), Arc::clone(&next));
            let redis = Arc::clone(&redis);
            tokio::spawn(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= 20_000 {
                        return;
                    }
                    // In the middle of what the others do.
                    if n == 2_000 {
                        assert_eq!(cache.redis(), Some(State::Closed));
                        redis.lock().unwrap().take().unwrap().kill();
                    }
                    let expected = Some(Bytes::from(format!("value {n}")));
                    assert_eq!(get(&cache, n, &calls).await, expected);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    assert_eq!(calls.load(Ordering::Relaxed), 20_000, "every value came from the origin, each once");
    assert_eq!(cache.redis(), Some(State::Open), "it is not asked any more");
    // It comes back; a process that starts now uses it at once, the old one within a minute.
    let restored = Redis::at(addr).unwrap();
    let (fresh, again) = (restored.cache("load"), restored.cache("load"));
    get(&fresh, 1, &calls).await;
    get(&again, 1, &calls).await;
    assert_eq!(calls.load(Ordering::Relaxed), 20_001);
    assert_eq!(fresh.redis(), Some(State::Closed));
}

#[tokio::test]
async fn a_redis_that_was_never_there_costs_five_tries() {
    let options = Options { redis: Some(format!("redis://{}", free())), ..Options::default() };
    let cache = Cache::new(&options).unwrap();
    let calls = AtomicU64::new(0);
    for n in 0..100 {
        assert!(get(&cache, n, &calls).await.is_some());
    }
    assert_eq!((calls.load(Ordering::Relaxed), cache.redis()), (100, Some(State::Open)));
    assert!(Cache::new(&Options { redis: Some("nonsense".into()), ..Options::default() }).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_share_a_bucket_to_the_last_request() {
    let Some(redis) = Redis::at(free()) else { return };
    // An instance's name parts what it keeps, not what somebody may ask for.
    let instances = [redis.cache_of("shared", "tokyo"), redis.cache_of("shared", "osaka")].map(Arc::new);
    let other = redis.cache("other");
    // An hour's refill: what comes back while the test runs is less than one request.
    let rate = SharedRate { capacity: 300, refill_ms: 3_600_000 };
    let mut tasks = Vec::new();
    for task in 0..8 {
        let cache = Arc::clone(&instances[task % 2]);
        tasks.push(tokio::spawn(async move {
            let mut allowed = 0;
            for _ in 0..75 {
                let told = cache.take("market:user-1", rate, 1).await.unwrap();
                assert_eq!(told.allowed, told.retry_ms == 0, "{told:?}");
                allowed += u32::from(told.allowed);
            }
            allowed
        }));
    }
    let mut allowed = 0;
    for task in tasks {
        allowed += task.await.unwrap();
    }
    assert_eq!(allowed, 300, "six hundred asked two instances");
    let told = instances[0].take("market:user-1", rate, 1).await.unwrap();
    assert!(!told.allowed && told.remaining == 0 && told.retry_ms > 0 && told.retry_ms <= 12_000, "{told:?}");
    assert!(instances[1].take("market:user-2", rate, 1).await.unwrap().allowed, "another user's is another");
    assert!(
        other.take("market:user-1", rate, 300).await.unwrap().allowed,
        "another installation's is another"
    );
    redis.kill();
    assert_eq!(instances[0].take("market:user-1", rate, 1).await, None, "each goes by its own");
}

/// Until it is held: what is being read while something else is removed is not kept.
async fn hold(cache: &Cache, key: &Key) {
    while cache.held(key).await.is_none() {
        let origin = async { Ok::<_, ()>(Some(Bytes::from_static(b"x"))) };
        cache.get(key, origin).await.unwrap();
    }
}

/// Says something until `listener` has heard that a key is over: nobody knows when it listens, and a word may be lost.
async fn until_gone<T>(listener: &Cache, key: &Key, say: impl AsyncFn() -> T) {
    // A hundred seconds: who was cut off waits for five, and Redis may be left alone for sixty.
    let mut beats = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..5_000 {
        if listener.held(key).await.is_none() {
            return;
        }
        say().await;
        beats.tick().await;
    }
    panic!("nothing was heard of {key:?}");
}

/// `teller` says that a key is over until `listener` has heard it, and with it all that was said before.
async fn tell(teller: &Cache, listener: &Cache, key: &Key) {
    hold(listener, key).await;
    until_gone(listener, key, async || teller.remove(key).await).await;
}

/// What is said on a channel; a word that is lost is said again.
async fn said(redis: &Redis, channel: &str, say: impl AsyncFn()) -> String {
    let mut way = redis.client().get_connection().unwrap();
    way.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut ear = way.as_pubsub();
    ear.subscribe(channel).unwrap();
    loop {
        say().await;
        if let Ok(message) = ear.get_message() {
            return message.get_payload().unwrap();
        }
    }
}

#[tokio::test]
async fn what_one_instance_removes_the_others_forget() {
    let Some(redis) = Redis::at(free()) else { return };
    let (first, second) = (Arc::new(redis.cache("a")), Arc::new(redis.cache("a")));
    let other = Arc::new(redis.cache("b"));
    let followers = [tokio::spawn(Arc::clone(&second).follow()), tokio::spawn(Arc::clone(&other).follow())];
    let (mine, kept) = (Key::owned(Class::Profiles, 7, &["settings"]), key(2));
    for (cache, key) in [(&second, &kept), (&other, &mine)] {
        hold(cache, key).await;
    }
    tell(&first, &second, &mine).await;
    assert!(second.held(&kept).await.is_some() && other.held(&mine).await.is_some(), "only what was meant");
    // Its own messages are not for itself: what it has read since stays, however late they come.
    let own = said(&redis, "a:forget", async || second.remove(&kept).await).await;
    hold(&second, &kept).await;
    let mut mouth = redis.client().get_connection().unwrap();
    ::redis::cmd("PUBLISH").arg("a:forget").arg(&own).exec(&mut mouth).unwrap();
    tell(&first, &second, &key(3)).await;
    assert!(second.held(&kept).await.is_some(), "{own} came before the word that it has heard");
    hold(&second, &mine).await;
    until_gone(&second, &kept, async || first.clear_everywhere().await).await;
    assert!(second.held(&mine).await.is_none(), "all of it");
    assert!(other.held(&mine).await.is_some(), "another prefix is another's");
    followers.iter().for_each(tokio::task::JoinHandle::abort);
}

/// Ends the connections of all who listen; how many there were.
async fn cut_off_listeners(redis: &Redis) -> u64 {
    let mut way = redis.client().get_multiplexed_async_connection().await.unwrap();
    let mut kill = ::redis::cmd("CLIENT");
    kill.arg("KILL").arg("TYPE").arg("pubsub").query_async(&mut way).await.unwrap()
}

#[tokio::test]
async fn who_was_cut_off_forgets_everything_and_obeys_again() {
    let Some(redis) = Redis::at(free()) else { return };
    let (first, second) = (Arc::new(redis.cache("a")), Arc::new(redis.cache("a")));
    let follower = tokio::spawn(Arc::clone(&second).follow());
    tell(&first, &second, &key(1)).await;
    // Nobody ever says anything of this one.
    let silent = Key::owned(Class::Profiles, 7, &["settings"]);
    hold(&second, &silent).await;
    assert_eq!(cut_off_listeners(&redis).await, 1);
    // Whatever was said meanwhile was heard by nobody.
    tell(&first, &second, &key(2)).await;
    assert_eq!(second.held(&silent).await, None, "it connected again, so all of it is forgotten");
    // From now on it is as before: what is meant goes, and only that.
    hold(&second, &silent).await;
    tell(&first, &second, &key(3)).await;
    assert!(second.held(&silent).await.is_some());
    follower.abort();
}

#[tokio::test]
async fn a_value_of_another_version_in_redis_is_no_value() {
    let Some(redis) = Redis::at(free()) else { return };
    let (first, second) = (redis.cache("a"), redis.cache("a"));
    let key = |version: &str| Key::public(Class::Markets, &["x"]).at(version.to_owned());
    let load = async |cache: &Cache, version: &'static str| {
        let origin = async { Ok::<_, ()>(Some(Bytes::from_static(version.as_bytes()))) };
        cache.get(&key(version), origin).await.unwrap().unwrap()
    };
    assert_eq!(load(&first, "run1.4").await, "run1.4");
    assert_eq!(load(&second, "run2.4").await, "run2.4", "another run's number four is something else");
    assert_eq!(second.get(&key("run2.4"), async { Err(()) }).await.unwrap().unwrap(), "run2.4");
}
