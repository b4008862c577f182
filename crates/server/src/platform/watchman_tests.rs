//! From a number that is wrong to people who know, in virtual time: real tables, a real socket.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use notify::{Notifier, Settings};
use store::Location;
use store::silences::{self, Silence};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::platform::ExchangeMarkets;

/// A webhook that keeps what it is told.
async fn webhook() -> (SocketAddr, mpsc::Receiver<serde_json::Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (told, heard) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            // The client waits for the answer, so what it says ends with the JSON's last brace.
            while !request.ends_with(b"}") {
                if stream.read_buf(&mut request).await.unwrap() == 0 {
                    break;
                }
            }
            let text = String::from_utf8(request).unwrap();
            let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            told.send(serde_json::from_str(&body).unwrap()).await.unwrap();
        }
    });
    (addr, heard)
}

struct House {
    watchman: Watchman,
    alerts: Arc<Alerts>,
    store: Store,
    waiting: mpsc::Receiver<Message>,
    _host: exchange_host::Host,
    _dir: tempfile::TempDir,
}

impl House {
    async fn open(webhook: SocketAddr) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = exchange_host::HostConfig::new(dir.path().join("exchange"));
        settings.participants = None;
        let host = tokio::task::spawn_blocking(move || exchange_host::open(&settings, &mut |_| {}).unwrap());
        let host = host.await.unwrap();
        let location = Location::Sqlite(dir.path().join("platform.db"));
        let store = Store::open(&store::Options::new(location)).await.unwrap();
        let markets = ExchangeMarkets::new(host.handle()).unwrap();
        let told = Broadcast::new(Arc::new(markets), Vec::new(), None);
        let settings = Settings {
            console: false,
            webhook: Some(format!("http://{webhook}/hook")),
            private_addresses: true,
            ..Settings::default()
        };
        let alerts = Alerts::new(Notifier::new(&settings).unwrap(), "desk");
        let (messages, waiting) = mpsc::channel(MESSAGES_MAX);
        let watchman = Watchman::new(
            store.clone(),
            told,
            Arc::clone(&alerts),
            messages,
            Box::new(|| "caches 12.5 MB".to_owned()),
        );
        Self { watchman, alerts, store, waiting, _host: host, _dir: dir }
    }

    /// Judges every five seconds of virtual time.
    async fn stand(&mut self, seconds: std::ops::Range<i64>, readings: &Readings) {
        for s in seconds.step_by(5) {
            self.watchman.judge(s * 1_000, readings.clone(), None).await;
        }
    }

    /// What waits for the channels, told.
    async fn told(&mut self) -> usize {
        let mut count = 0;
        while let Ok(message) = self.waiting.try_recv() {
            let deliveries = self.alerts.notifier().tell(&message).await;
            assert!(deliveries.iter().all(|one| one.failure.is_none()), "{deliveries:?}");
            count += 1;
        }
        count
    }

    async fn open_alerts(&self) -> Vec<Alert> {
        store::alerts::open_of_all(&mut self.store.read(), 100).await.unwrap()
    }

    async fn acknowledge(&self, id: AlertId) {
        let known = self.store.write(move |tx| {
            Box::pin(async move { store::alerts::acknowledge_of_system(tx, id, "root", Ts::now()).await })
        });
        known.await.unwrap();
    }

    async fn silence(&self, rule: &str) {
        let silence = Silence {
            id: store::SilenceId::new(),
            rule: rule.to_owned(),
            ends_at: Ts::now().plus_seconds(3_600),
            comment: "a test".to_owned(),
            created_by: "root".to_owned(),
            created_at: Ts::now(),
        };
        let added: Result<(), StoreError> =
            self.store.write(move |tx| Box::pin(async move { silences::add(tx, &silence).await })).await;
        added.unwrap();
    }
}

fn slow(routes: &[&str]) -> Readings {
    let mut readings = Readings::default();
    routes.iter().for_each(|route| readings.set_of(Signal::RouteP95, route, 0.9));
    readings
}

#[tokio::test]
async fn a_slow_route_is_kept_told_acknowledged_and_over() {
    let (addr, mut heard) = webhook().await;
    let mut house = House::open(addr).await;
    let wrong = slow(&["/api/a", "/api/b"]);
    house.stand(0..120, &wrong).await;
    assert!(house.open_alerts().await.is_empty() && house.told().await == 0, "two minutes are not over");
    let rules = api::alerting::Alerting::rules(&*house.alerts);
    let rule = rules.iter().find(|rule| rule.rule == "HighAPILatency").unwrap();
    assert_eq!((rule.state, rule.subjects.len(), rule.subjects[0].state), ("pending", 2, "pending"));
    house.stand(120..135, &wrong).await;
    let open = house.open_alerts().await;
    assert_eq!(
        open.iter().map(|alert| alert.subject.as_str()).collect::<BTreeSet<_>>(),
        ["/api/a", "/api/b"].into()
    );
    assert!(open[0].detail.contains("\"labels\":{\"route\":\"/api/"), "{}", open[0].detail);
    assert_eq!(house.told().await, 1, "one message for both");
    let said = heard.recv().await.unwrap();
    assert_eq!(said["attachments"].as_array().map(Vec::len), Some(2), "{said}");
    house.acknowledge(open[0].id).await;
    // Long after: the one that nobody knows of is told again, the other is not.
    house.stand(135..200, &wrong).await;
    assert_eq!(house.told().await, 0);
    house.stand(14_500..14_550, &wrong).await;
    assert_eq!(house.told().await, 1);
    let said = heard.recv().await.unwrap();
    let titles = said["attachments"].as_array().unwrap();
    assert_eq!(titles.len(), 1, "{said}");
    let reminded = titles[0]["title"].as_str().unwrap();
    assert!(reminded.starts_with("STILL FIRING") && reminded.ends_with(&open[1].subject), "{reminded}");
    house.stand(14_550..14_565, &Readings::default()).await;
    assert!(house.open_alerts().await.is_empty());
    assert_eq!(house.told().await, 1);
    let said = heard.recv().await.unwrap();
    assert_eq!(said["attachments"].as_array().map(Vec::len), Some(2), "{said}");
    assert_eq!(said["attachments"][0]["color"], "good");
}

#[tokio::test]
async fn a_silenced_rule_is_kept_and_nobody_is_told() {
    let (addr, _heard) = webhook().await;
    let mut house = House::open(addr).await;
    house.silence("HighErrorRate").await;
    let mut wrong = slow(&["/api/a"]);
    wrong.set(Signal::ErrorRate, Some(50.0));
    house.stand(0..300, &wrong).await;
    assert_eq!(house.open_alerts().await.len(), 2);
    let mut told = Vec::new();
    while let Ok(message) = house.waiting.try_recv() {
        told.extend(message.entries.into_iter().map(|entry| entry.rule));
    }
    assert_eq!(told, ["HighAPILatency"], "the silenced one is not among them");
}

#[tokio::test]
async fn a_process_that_grows_says_what_may_be_growing() {
    let (addr, _heard) = webhook().await;
    let mut house = House::open(addr).await;
    for s in (0..=900).step_by(5) {
        let memory = 1e8 + 3e5 * f64::from(s);
        house.watchman.judge(i64::from(s) * 1_000, Readings::default(), Some(memory)).await;
    }
    let open = house.open_alerts().await;
    assert_eq!(open.iter().map(|alert| alert.rule.as_str()).collect::<Vec<_>>(), ["MemoryGrowth"]);
    assert!(open[0].message.contains("Known of it: caches 12.5 MB."), "{}", open[0].message);
    let told = house.waiting.try_recv().unwrap();
    assert!(told.entries[0].summary.contains("caches 12.5 MB"), "{:?}", told.entries);
}

#[test]
fn consumers_are_told_in_words() {
    let all = [("7 answers in the cache".to_owned(), 12_340_000), ("2 series of metrics".to_owned(), 100)];
    assert_eq!(largest(&all), "7 answers in the cache 12.3 MB, 2 series of metrics 0.0 MB");
}

#[tokio::test]
async fn what_a_run_left_behind_is_over_whatever_it_was_of() {
    let (addr, _heard) = webhook().await;
    let mut house = House::open(addr).await;
    let mut wrong = slow(&["/api/a"]);
    wrong.set(Signal::Cpu, Some(99.0));
    house.stand(0..310, &wrong).await;
    assert_eq!(house.open_alerts().await.len(), 2);
    house.watchman.begin().await;
    assert!(house.open_alerts().await.is_empty());
    let search = store::alerts::Search::default();
    let kept = store::alerts::page_of_system(&mut house.store.read(), search, 10).await.unwrap();
    assert!(kept.len() == 2 && kept.iter().all(|alert| alert.resolved_at.is_some()));
}

/// The bounds that the telemetry counts by are those that Prometheus is told.
#[test]
fn both_tables_of_budgets_say_the_same() {
    let ours: Vec<_> = ::alerts::BUDGETS
        .iter()
        .map(|b| (b.promise, b.metric, format!("{:?}", b.bad), b.share.to_bits()))
        .collect();
    let telemetry: Vec<_> = ::telemetry::BUDGETS
        .iter()
        .map(|b| (b.promise, b.metric, format!("{:?}", b.bad), b.share.to_bits()))
        .collect();
    assert_eq!(ours, telemetry);
}
