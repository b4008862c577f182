//! What is measured: parts that every request, event or decision passes.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;

use api::auth::Tokens;
use bytes::Bytes;
use cache::{Cache, Class, Key};
use indicators::{Function, Settings};
use serde_json::{Value, json};
use store::settings::{self, Scope};
use store::{Store, StoreError, Ts};
use stream::{Channel, Connection, Hub, Owner, Room};

use crate::failure::{Exit, Failure};

/// All of them: name and what it is.
pub(super) const WORKS: &[(&str, &str)] = &[
    ("cache-hit", "a look-up of the memory cache that is answered"),
    ("token-read", "an access token checked"),
    ("store-read", "a read of the embedded database: one setting"),
    ("store-write", "a durable transaction of the embedded database: one setting"),
    ("broadcast-100", "an event of the live stream told to 100 listeners"),
    ("sma-1000", "SMA(20) over 1,000 closes"),
    ("rsi-1000", "RSI(14) over 1,000 closes"),
    ("json-order", "an order's JSON read and written"),
    ("price-text", "a price read from decimal text and written back"),
];

/// Listeners of the broadcast.
const LISTENERS: u128 = 100;
/// Closes of an indicator.
const CLOSES: usize = 1_000;
/// A time that all tokens of a run are made and read at, seconds since 1970.
const NOW_S: i64 = 1_796_000_000;
const ORDER: &str = r#"{"id":"01a2165f-54fb-7471-883e-92dcc46616f1","symbol":"local:BTCUSDT","side":"buy","order_type":"limit","quantity":"0.125","price":"100000.01","status":"partially_filled","filled":"0.1","created_at":"2026-11-26T05:00:00.000Z"}"#;

/// What the benchmarks work on.
pub(super) struct Works {
    cache: Cache,
    key: Key,
    tokens: Tokens,
    token: String,
    store: Store,
    hub: Arc<Hub>,
    channel: Channel,
    listeners: Vec<Connection>,
    closes: Vec<f64>,
    sma: Settings,
    rsi: Settings,
    count: u64,
    /// Holds the database; removed with the run.
    dir: std::path::PathBuf,
}

fn failed(why: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, "the benchmarks cannot be set up").because(why)
}

fn indicator(name: &str, period: &str) -> Result<Settings, Failure> {
    let function = Function::find(name).ok_or_else(|| failed(name))?;
    Settings::parse(function, &[("time-period", period)]).map_err(failed)
}

impl Works {
    pub(super) async fn open() -> Result<Self, Failure> {
        let dir = std::env::temp_dir().join(format!("tradewind-benchmark-{}", std::process::id()));
        std::fs::create_dir_all(&dir).map_err(failed)?;
        let store =
            Store::at(&format!("sqlite:{}", dir.join("benchmark.db").display())).await.map_err(failed)?;
        let cache = Cache::new(&cache::Options::default()).map_err(failed)?;
        let tokens = Tokens::ephemeral();
        let (hub, room) = (Hub::new("benchmark"), Room::MarketData);
        let channel = Channel::shared(room).ok_or_else(|| failed("the room is private"))?;
        let mut listeners = Vec::new();
        for n in 0..LISTENERS {
            let mut connection = hub.connect(Owner(n), None, || ()).map_err(failed)?;
            connection.subscribe(channel, None).map_err(failed)?;
            listeners.push(connection);
        }
        #[expect(clippy::cast_precision_loss, reason = "a thousand")]
        let closes = (0..CLOSES).map(|n| 100.0 + (n as f64 / 7.0).sin() * 5.0).collect();
        Ok(Self {
            cache,
            key: Key::public(Class::Tickers, &["benchmark"]),
            token: tokens.make(
                "01a2165f-54fb-7471-883e-92dcc46616f1",
                "01a2165f-54fb-7471-883e-92dcc46616f2",
                NOW_S,
            ),
            tokens,
            store,
            hub,
            channel,
            listeners,
            closes,
            sma: indicator("SMA", "20")?,
            rsi: indicator("RSI", "14")?,
            count: 0,
            dir,
        })
    }

    /// Carries one out once.
    pub(super) async fn once(&mut self, name: &str) -> Result<(), Failure> {
        self.count += 1;
        match name {
            "cache-hit" => {
                let origin = async { Ok::<_, Infallible>(Some(Bytes::from_static(b"{}"))) };
                black_box(self.cache.get(&self.key, origin).await.map_err(|error| failed(error.as_ref()))?);
            }
            "token-read" => {
                black_box(self.tokens.read(&self.token, NOW_S).map_err(failed)?);
            }
            "store-read" => {
                black_box(settings::all(&mut self.store.read(), Scope::System).await.map_err(failed)?);
            }
            "store-write" => self.write().await.map_err(failed)?,
            "broadcast-100" => {
                let event = json!({ "id": self.count, "price": "100000.01", "quantity": "0.001" });
                self.hub.publish(&self.channel, None, NOW_S * 1_000, &event);
                // What was told is taken, as a connection would: nothing piles up.
                self.listeners.iter().for_each(|listener| drop(black_box(listener.take())));
            }
            "sma-1000" => {
                black_box(self.sma.batch(&[&self.closes]));
            }
            "rsi-1000" => {
                black_box(self.rsi.batch(&[&self.closes]));
            }
            "json-order" => {
                let value: Value = serde_json::from_str(black_box(ORDER)).map_err(failed)?;
                black_box(value.to_string());
            }
            _ => {
                let units = types::decimal::parse_unsigned(black_box("100000.01"), 8).map_err(failed)?;
                black_box(types::decimal::format_short(i128::from(units), 8));
            }
        }
        Ok(())
    }

    async fn write(&self) -> Result<(), StoreError> {
        let value = self.count.to_string();
        let written = self.store.write(move |tx| {
            let value = value.clone();
            Box::pin(
                async move { settings::set(tx, Scope::System, "benchmark", &value, None, Ts::now()).await },
            )
        });
        written.await
    }
}

impl Drop for Works {
    fn drop(&mut self) {
        // What stays behind is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
