//! Memory only: one load per key, failures that are not kept, hit rates.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use cache::{Cache, Class, Key, Layer, Options};
use rand_core::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use tokio::sync::Barrier;

fn key(n: u64) -> Key {
    Key::public(Class::General, &["thing", &n.to_string()])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_misses_at_once_are_one_call_of_the_origin() {
    let cache = Arc::new(Cache::new(&Options::default()).unwrap());
    let calls = Arc::new(AtomicU64::new(0));
    let all_there = Arc::new(Barrier::new(10_000));
    let mut tasks = Vec::new();
    for _ in 0..10_000 {
        let (cache, calls, all_there) = (Arc::clone(&cache), Arc::clone(&calls), Arc::clone(&all_there));
        tasks.push(tokio::spawn(async move {
            all_there.wait().await;
            let origin = async {
                calls.fetch_add(1, Ordering::Relaxed);
                // Others come while this one works.
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                Ok::<_, ()>(Some(Bytes::from_static(b"value")))
            };
            cache.get(&key(1), origin).await.unwrap()
        }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap().as_deref(), Some(&b"value"[..]));
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_failure_is_told_and_not_kept_and_absence_is_kept() {
    let cache = Cache::new(&Options::default()).unwrap();
    let failed = cache.get(&key(1), async { Err::<Option<Bytes>, _>("down") }).await;
    assert_eq!(failed.map_err(|e| *e), Err("down"));
    let found = cache.get(&key(1), async { Ok::<_, ()>(Some(Bytes::from_static(b"up"))) }).await.unwrap();
    assert_eq!(found.as_deref(), Some(&b"up"[..]));
    assert_eq!(cache.get(&key(2), async { Ok::<_, ()>(None) }).await, Ok(None));
    let again = cache.get(&key(2), async { Ok::<_, ()>(Some(Bytes::from_static(b"late"))) }).await;
    assert_eq!(again, Ok(None), "absence is an answer for a while");
    cache.remove(&key(2)).await;
    let after = cache.get(&key(2), async { Ok::<_, ()>(Some(Bytes::from_static(b"late"))) }).await.unwrap();
    assert!(after.is_some(), "whoever makes it removes the key");
}

#[tokio::test]
async fn what_is_mine_is_never_anothers() {
    let cache = Cache::new(&Options::default()).unwrap();
    for owner in 0..100_u128 {
        let value = Bytes::from(owner.to_string());
        let key = Key::owned(Class::Profiles, owner, &["settings"]);
        cache.get(&key, async { Ok::<_, ()>(Some(value)) }).await.unwrap();
    }
    for owner in 0..100_u128 {
        let key = Key::owned(Class::Profiles, owner, &["settings"]);
        let mine = cache.get(&key, async { Err(()) }).await.unwrap().unwrap();
        assert_eq!(mine, Bytes::from(owner.to_string()));
    }
}

/// Requests for 2,000 things (markets times intervals) that fit into the class, the n-th asked for less and less often. What misses is
/// the first look at each.
#[tokio::test]
async fn a_zipf_trace_hits_more_than_98_times_of_100() {
    const THINGS: usize = 2_000;
    const REQUESTS: usize = 200_000;
    let cache = Cache::new(&Options::default()).unwrap();
    let weights: Vec<f64> = (1..=THINGS).map(|n| 1.0 / (n as f64).powf(1.2)).collect();
    let sum: f64 = weights.iter().sum();
    let ends: Vec<f64> = weights
        .iter()
        .scan(0.0, |at, weight| {
            *at += weight / sum;
            Some(*at)
        })
        .collect();
    let mut random = Pcg64Mcg::seed_from_u64(7);
    for _ in 0..REQUESTS {
        let at = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let n = ends.partition_point(|end| *end < at).min(THINGS - 1) as u64;
        // The largest class in memory.
        let key = Key::public(Class::Profiles, &[&n.to_string()]);
        cache.get(&key, async { Ok::<_, ()>(Some(Bytes::from_static(b"x"))) }).await.unwrap();
    }
    let line =
        cache.lines().into_iter().find(|l| l.class == Class::Profiles && l.layer == Layer::Memory).unwrap();
    assert_eq!(line.hits + line.misses, REQUESTS as u64);
    let rate = line.hits as f64 / REQUESTS as f64;
    assert!(rate >= 0.98, "{rate}");
}

#[tokio::test]
async fn what_is_too_large_passes_and_is_not_kept() {
    let cache = Cache::new(&Options::default()).unwrap();
    let large = || async { Ok::<_, ()>(Some(Bytes::from(vec![b'x'; 2 * 1024 * 1024]))) };
    assert_eq!(cache.get(&key(1), large()).await.unwrap().unwrap().len(), 2 * 1024 * 1024);
    let after = cache.get(&key(1), async { Ok::<_, ()>(None) }).await;
    assert_eq!(after, Ok(None), "asked again");
    let long = Key::public(Class::General, &[&"k".repeat(1_000)]);
    let calls = AtomicU64::new(0);
    for _ in 0..2 {
        let origin = async {
            calls.fetch_add(1, Ordering::Relaxed);
            Ok::<_, ()>(Some(Bytes::from_static(b"v")))
        };
        assert!(cache.get(&long, origin).await.unwrap().is_some());
    }
    assert_eq!(calls.load(Ordering::Relaxed), 2, "a key without bounds is nobody's");
}

#[tokio::test]
async fn a_value_of_another_version_is_made_anew_in_its_place() {
    let cache = Cache::new(&Options::default()).unwrap();
    let calls = AtomicU64::new(0);
    let get = async |version: &str| {
        let key = Key::public(Class::Markets, &["ohlcv"]).at(version.to_owned());
        let origin = async {
            calls.fetch_add(1, Ordering::Relaxed);
            Ok::<_, ()>(Some(Bytes::from(version.to_owned())))
        };
        assert_eq!(cache.get(&key, origin).await.unwrap().unwrap(), version);
        assert_eq!(cache.held(&key).await.unwrap(), version);
    };
    for version in ["1", "1", "2", "2", "1"] {
        get(version).await;
    }
    assert_eq!(calls.load(Ordering::Relaxed), 3, "each change of version asks once");
    let key = Key::public(Class::Markets, &["ohlcv"]);
    assert_eq!(cache.held(&key.clone().at("3".to_owned())).await, None, "nobody is served what is too old");
    // One entry, whatever the versions: the old ones take no room.
    cache.remove(&key).await;
    assert_eq!(cache.held(&key.at("1".to_owned())).await, None);
}

#[tokio::test]
async fn what_is_removed_while_it_is_read_is_not_kept() {
    let cache = Cache::new(&Options::default()).unwrap();
    let key = Key::owned(Class::Profiles, 7, &["settings"]);
    let old = async {
        // The change comes between the reading and the keeping.
        cache.remove(&key).await;
        Ok::<_, ()>(Some(Bytes::from_static(b"old")))
    };
    assert_eq!(cache.get(&key, old).await.unwrap().unwrap(), "old");
    let new = cache.get(&key, async { Ok::<_, ()>(Some(Bytes::from_static(b"new"))) }).await;
    assert_eq!(new.unwrap().unwrap(), "new");
}

#[tokio::test]
async fn a_class_is_bounded_in_bytes_too() {
    let cache = Cache::new(&Options::default()).unwrap();
    for n in 0..300 {
        let key = Key::public(Class::OpenCandles, &[&n.to_string()]);
        let value = Bytes::from(vec![b'x'; 256 * 1024]);
        cache.get(&key, async { Ok::<_, ()>(Some(value)) }).await.unwrap();
    }
    cache.settle().await;
    let most = u64::try_from(cache::ENTRY_LEN).unwrap() * Class::OpenCandles.capacity();
    assert!((most / 2..=most).contains(&cache.len_bytes()), "{} of {most}", cache.len_bytes());
}
