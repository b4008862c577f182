//! Alerts on a Redis channel, with a real Redis (the package redis-server). Visibly skipped where there is none.

use alerts::Severity;
use futures_util::StreamExt as _;
use notify::{Notifier, Settings};
use serde_json::Value;
use testkit::Redis;

use super::sinks::HttpSink;
use super::{entry, local, message};

#[tokio::test]
async fn who_listens_on_the_channel_hears_of_alerts() {
    let Some(redis) = Redis::start() else { return };
    let url = redis.url();
    let client = redis::Client::open(url.as_str()).unwrap();
    let mut heard = client.get_async_pubsub().await.unwrap();
    heard.subscribe("desk:alerts").await.unwrap();
    let settings = Settings { redis: Some(url), redis_channel: "desk:alerts".to_owned(), ..local() };
    let notifier = Notifier::new(&settings).unwrap();
    let told = notifier.tell(&message(vec![entry("HighErrorRate", Severity::Critical)])).await;
    assert!(told.iter().all(|d| d.failure.is_none()), "{told:?}");
    let said: String = heard.on_message().next().await.unwrap().get_payload().unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (said["service"].as_str(), said["alerts"][0]["rule"].as_str()),
        (Some("desk"), Some("HighErrorRate"))
    );
    assert_eq!(said["alerts"][0]["labels"]["route"], "/api/orders");
    drop(redis);
    let told = notifier.test(Some("redis"), &message(Vec::new())).await;
    assert!(told[0].failure.is_some(), "Redis is gone: {told:?}");
}

/// A webhook of one instance that agrees with others in Redis.
async fn instance(redis: &Redis, sink: &HttpSink) -> Notifier {
    let settings = Settings {
        webhook: Some(format!("http://{}/hook", sink.addr)),
        agree: Some((redis.url(), "desk".to_owned())),
        ..local()
    };
    Notifier::new(&settings).unwrap()
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn of_instances_that_share_a_redis_one_tells_until_the_cool_down_is_over() {
    let Some(mut redis) = Redis::start() else { return };
    let sink = HttpSink::start(OK).await;
    let (first, second) = (instance(&redis, &sink).await, instance(&redis, &sink).await);
    let fires = message(vec![entry("HighErrorRate", Severity::Critical)]);
    let on = |told: &[notify::Delivery]| -> Vec<&'static str> { told.iter().map(|d| d.channel).collect() };
    let told = tokio::join!(first.tell(&fires), second.tell(&fires));
    let both = [on(&told.0), on(&told.1)].concat();
    assert_eq!(both.iter().filter(|channel| **channel == "webhook").count(), 1, "{both:?}");
    assert_eq!(both.iter().filter(|channel| **channel == "console").count(), 2, "each has a log of its own");
    let (speaker, silent) = if on(&told.0).len() == 2 { (&first, &second) } else { (&second, &first) };
    assert_eq!(on(&speaker.tell(&fires).await), ["console", "webhook"], "its own reminder is its own affair");
    assert_eq!(on(&silent.tell(&fires).await), ["console"]);
    // Another label, another rule, and the end are other things.
    let mut other = fires.clone();
    other.entries[0].labels[0].1 = "/api/bots".to_owned();
    let mut over = fires.clone();
    over.entries[0].firing = false;
    for news in [&other, &over, &message(vec![entry("HighAPILatency", Severity::Low)])] {
        assert_eq!(on(&silent.tell(news).await), ["console", "webhook"]);
        assert_eq!(on(&speaker.tell(news).await), ["console"]);
    }
    // The word lasts as long as the rule's cool-down.
    let client = redis::Client::open(redis.url()).unwrap();
    let mut asks = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> =
        redis::cmd("KEYS").arg("desk:alerts:told:*").query_async(&mut asks).await.unwrap();
    assert_eq!(keys.len(), 4, "{keys:?}");
    for key in keys {
        let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut asks).await.unwrap();
        let most =
            if key.contains("HighAPILatency") { Severity::Low } else { Severity::Critical }.cool_down_ms();
        assert!(0 < left && left <= most, "{key}: {left} of {most}");
    }
    // Over: what a cool-down does.
    let _: () = redis::cmd("FLUSHALL").query_async(&mut asks).await.unwrap();
    assert_eq!(on(&silent.tell(&fires).await), ["console", "webhook"]);
    // Redis away: each tells.
    redis.kill();
    for one in [&first, &second] {
        assert_eq!(on(&one.tell(&fires).await), ["console", "webhook"]);
    }
}

#[tokio::test]
async fn an_instance_whose_channel_fails_gives_the_word_back() {
    let Some(redis) = Redis::start() else { return };
    let (broken, sink) =
        (HttpSink::start("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n").await, HttpSink::start(OK).await);
    let (first, second) = (instance(&redis, &broken).await, instance(&redis, &sink).await);
    let fires = message(vec![entry("HighErrorRate", Severity::Critical)]);
    let told = first.tell(&fires).await;
    assert!(told.iter().any(|d| d.channel == "webhook" && d.failure.is_some()), "{told:?}");
    let client = redis::Client::open(redis.url()).unwrap();
    let mut asks = client.get_multiplexed_async_connection().await.unwrap();
    let held: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut asks).await.unwrap();
    assert!(held.is_empty(), "at once, not when its time is over: {held:?}");
    let told = second.tell(&fires).await;
    assert!(told.iter().any(|d| d.channel == "webhook" && d.failure.is_none()), "{told:?}");
}

/// Takes one request and leaves it without an answer.
async fn deaf() -> (std::net::SocketAddr, tokio::sync::oneshot::Receiver<tokio::net::TcpStream>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (addr, (told, heard)) = (listener.local_addr().unwrap(), tokio::sync::oneshot::channel());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = told.send(stream);
    });
    (addr, heard)
}

fn webhook(told: &[notify::Delivery]) -> Option<bool> {
    told.iter().find(|d| d.channel == "webhook").map(|d| d.failure.is_none())
}

#[tokio::test]
async fn who_has_the_word_and_fails_or_dies_leaves_it_to_one_that_waited() {
    let Some(redis) = Redis::start() else { return };
    let sink = HttpSink::start(OK).await;
    let at = |hook: std::net::SocketAddr| Settings {
        webhook: Some(format!("http://{hook}/hook")),
        agree: Some((redis.url(), "desk".to_owned())),
        ..local()
    };
    let client = redis::Client::open(redis.url()).unwrap();
    let mut asks = client.get_multiplexed_async_connection().await.unwrap();
    let fires = |rule| message(vec![entry(rule, Severity::Critical)]);

    // The first has the word, and its request is under way; the second hears of the same alert meanwhile.
    let (broken, under_way) = deaf().await;
    let first = Notifier::new(&at(broken)).unwrap();
    let second = std::sync::Arc::new(Notifier::new(&at(sink.addr)).unwrap());
    let errors = fires("HighErrorRate");
    let mine = errors.clone();
    let speaking = tokio::spawn(async move { first.tell(&mine).await });
    let held = under_way.await.unwrap();
    let (also, again) = (std::sync::Arc::clone(&second), errors.clone());
    let waiting = tokio::spawn(async move { also.tell(&again).await });
    let key: Vec<String> = redis::cmd("KEYS").arg("desk:alerts:told:*").query_async(&mut asks).await.unwrap();
    let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut asks).await.unwrap();
    assert!(0 < left && left <= 30_000, "a word that is held for {left} ms by one that has not told");
    // Its connection breaks, and so do the further attempts: nobody listens there any more.
    drop(held);
    assert_eq!(webhook(&speaking.await.unwrap()), Some(false));
    assert_eq!(webhook(&waiting.await.unwrap()), Some(true), "it waited, and told");
    let (_, body) = sink.next().await;
    assert!(body.contains("HighErrorRate"), "{body}");

    // One that dies in the middle of it: its word ends by itself.
    let (broken, under_way) = deaf().await;
    let third = Notifier::new(&at(broken)).unwrap();
    let latency = fires("HighAPILatency");
    let mine = latency.clone();
    let speaking = tokio::spawn(async move { third.tell(&mine).await });
    let _held = under_way.await.unwrap();
    speaking.abort();
    let (also, again) = (std::sync::Arc::clone(&second), latency.clone());
    let waiting = tokio::spawn(async move { also.tell(&again).await });
    let key: Vec<String> =
        redis::cmd("KEYS").arg("desk:alerts:told:*HighAPILatency*").query_async(&mut asks).await.unwrap();
    // As if the half minute had passed.
    let ended: i64 = redis::cmd("PEXPIRE").arg(&key).arg(1).query_async(&mut asks).await.unwrap();
    assert_eq!(ended, 1, "{key:?}");
    assert_eq!(webhook(&waiting.await.unwrap()), Some(true));
    let (_, body) = sink.next().await;
    assert!(body.contains("HighAPILatency"), "{body}");
    // And once told it is told.
    let late = Notifier::new(&at(sink.addr)).unwrap();
    assert_eq!(webhook(&late.tell(&latency).await), None);
}
