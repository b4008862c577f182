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
    let told = second.tell(&fires).await;
    assert!(told.iter().any(|d| d.channel == "webhook" && d.failure.is_none()), "{told:?}");
}
