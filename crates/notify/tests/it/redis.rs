//! Alerts on a Redis channel, with a real Redis (the package redis-server). Visibly skipped where there is none.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use alerts::Severity;
use futures_util::StreamExt as _;
use notify::{Notifier, Settings};
use serde_json::Value;

use super::{entry, local, message};

struct Redis {
    child: Child,
    addr: SocketAddr,
    _dir: tempfile::TempDir,
}

impl Redis {
    /// `None` where no redis-server is installed.
    fn start() -> Option<Self> {
        let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (dir, port) = (tempfile::tempdir().unwrap(), addr.port().to_string());
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
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn who_listens_on_the_channel_hears_of_alerts() {
    let Some(redis) = Redis::start() else { return };
    let url = format!("redis://{}", redis.addr);
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
