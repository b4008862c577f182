//! The platform inside this process: what stands behind the API's ports.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use api::auth::SetupCode;
use api::logs::LogRing;
use api::{ApiConfig, App, BoundApi, Broadcast, Parts};
use exchange_host::Handle;
use http::{Stop, Stopper};
use store::markets::{Currency, Pair};
use store::{Amount, Location, Options, Store, StoreError, Ts, markets};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use types::{Market, MarketId};

use crate::commands::serve::listen_failure;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::note;

mod alerting;
mod bots;
mod dashboard;
mod desk;
mod health;
mod intents;
mod lane;
mod ledger;
mod market_views;
pub(crate) mod models;
mod neighbours;
pub(crate) mod notary;
mod projector;
mod refusals;
mod research;
pub(crate) mod secrets;
mod strategies;
mod tape;
mod telemetry;
mod tenancy;
mod traced;
mod training;
mod uptime;
mod watchman;

use dashboard::Dashboard;
pub(crate) use desk::ExchangeDesk;
pub(crate) use market_views::ExchangeMarkets;

/// The venue name of the built-in exchange.
pub(crate) const LOCAL: &str = "local";

/// Name of the embedded database in the data directory.
pub(crate) const DATABASE_NAME: &str = "platform.db";

/// The running platform.
pub(crate) struct Platform {
    api: BoundApi,
    app: Arc<App>,
    store: Store,
    held: tenancy::Held,
    intents: Arc<intents::IntentLog>,
    notary: Arc<notary::Notary>,
    /// Those of back-tests and sweeps, and those of trainings.
    workers: [jobs::Workers; 2],
    tables: Tables,
    /// The code of the first start, while there is no user.
    pub(crate) setup_code: Option<String>,
}

impl Platform {
    /// Where its API listens.
    pub(crate) const fn local_addr(&self) -> SocketAddr {
        self.api.local_addr()
    }

    /// Its API for the operator at the machine.
    pub(crate) const fn operator(&self) -> &api::Operator {
        self.api.operator()
    }

    /// What can be changed about its API while it runs.
    pub(crate) fn dials(&self) -> &api::Dials {
        self.app.dials()
    }

    /// Resolves, with who did it, when another server takes its database.
    pub(crate) async fn ousted(&self) -> String {
        self.held.taken().await.to_string()
    }

    /// Resolves when its last request is answered and its database is closed.
    pub(crate) async fn ended(self) {
        self.api.ended().await;
        // What runs goes back to the queue and is run by the next start.
        let [research, trainings] = self.workers;
        tokio::join!(research.stop(), trainings.stop());
        // Nobody places orders any more: what is recorded is written by the last round of the tables.
        self.intents.close().await;
        self.tables.ended().await;
        self.notary.sign().await;
        self.store.close().await;
        self.held.release().await;
    }
}

/// What writes to the tables without being asked. It ends before the database is closed: there is nothing to log about a table that
/// cannot be written because the program stops.
struct Tables {
    stopper: Stopper,
    /// Those that end when told to.
    orderly: Vec<JoinHandle<()>>,
    /// Those that can end anywhere: what they were about is seen again by the next start.
    other: Vec<JoinHandle<()>>,
}

impl Tables {
    /// These, and those that look after the database and note what bots are worth.
    fn new(stopper: Stopper, orderly: Vec<JoinHandle<()>>, store: &Store, bots: &bus::bots::Desk) -> Self {
        let other = vec![
            tokio::spawn(store::maintenance::keep(store.clone())),
            tokio::spawn(bots::note(store.clone(), bots.clone())),
        ];
        Self { stopper, orderly, other }
    }

    async fn ended(self) {
        self.stopper.stop();
        for task in self.orderly {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part that writes to the tables ended badly");
            }
        }
        self.other.iter().for_each(JoinHandle::abort);
        for task in self.other {
            // Aborted, or ended before.
            let _ = task.await;
        }
    }
}

/// Where the platform's database is: as configured, else a file in the data directory.
pub(crate) fn location(config: &Config) -> Result<Location, Failure> {
    let Some(url) = &config.store.url else {
        return Ok(Location::Sqlite(config.data_dir.join(DATABASE_NAME)));
    };
    url.parse().map_err(|error| {
        senseless("the database's URL", error)
            .advise("give --store sqlite:PATH or --store postgres://USER@HOST/NAME")
    })
}

/// URLs are looked at when the configuration is read, so nobody should see this.
fn senseless(what: &str, error: StoreError) -> Failure {
    Failure::new(Exit::Config, format!("{what} makes no sense")).because(error)
}

/// Opens the platform's database.
pub(crate) async fn open_store(config: &Config) -> Result<Store, Failure> {
    let location = location(config)?;
    let mut options = Options::new(location.clone());
    options.pool = config.store.pool();
    if config.store.pool_idle_seconds > 0 {
        options.idle = std::time::Duration::from_secs(config.store.pool_idle_seconds);
    }
    let standby = config.store.replica.as_deref().map(str::parse).transpose();
    options.replica = standby.map_err(|error| senseless("the standby's URL", error))?;
    Store::open(&options).await.map_err(|error| store_failure(&location, error))
}

/// Why the database cannot be used, and what to do.
pub(crate) fn store_failure(location: &Location, error: StoreError) -> Failure {
    let exit = if matches!(error, StoreError::Unreachable(_)) { Exit::Unreachable } else { Exit::Failed };
    let advice = match location {
        Location::Sqlite(_) => "`tradewind doctor` checks the folder and the disk",
        Location::Postgres(_) => "is the server up, and are host, user, password and TLS in the URL right?",
    };
    Failure::new(exit, format!("cannot use the database {location}")).because(error).advise(advice)
}

/// Starts the platform over a running exchange. A default address that another program uses is no error: a free port is taken
/// and told.
pub(crate) async fn start(
    config: &Config,
    handle: &Handle,
    bots: &bus::bots::Desk,
    logs: Arc<LogRing>,
    stop: Stop,
) -> Result<Platform, Failure> {
    // First: what is recorded before is lost.
    let telemetry = record(config, stop.clone())?;
    let secrets = secrets::load(&config.data_dir)?;
    let (store, held) = tenancy::open(config, handle).await?;
    let failed = |error: StoreError| Failure::new(Exit::Failed, "cannot read the database").because(error);
    let (setup, setup_code) = setup(&store).await.map_err(failed)?;
    let nameless = || Failure::new(Exit::Failed, "the built-in exchange has no venue name");
    let follow = projector::Follow::default();
    let desk = ExchangeDesk::new(handle.clone(), store.clone(), follow.clone()).ok_or_else(nameless)?;
    let pairs = list_pairs(&store, handle).await.map_err(failed)?;
    let views: Arc<dyn api::ports::Markets> =
        Arc::new(ExchangeMarkets::new(handle.clone()).ok_or_else(nameless)?);
    let broadcast =
        Broadcast::new(Arc::clone(&views), config.stream_indicators.clone(), config.stream_deflate_from);
    tape::start(handle.clone(), Arc::clone(&broadcast)).ok_or_else(nameless)?;
    let others = neighbours::Others::new(config, &broadcast)?;
    let (told, (stopper, ending)) = ((Arc::clone(&broadcast), pairs.clone()), http::stop());
    let Projection { intents, projected, task: projector } =
        project(config, handle, &store, follow, told, ending.clone()).await?;
    let keeper = desk.lane().keep(ending);
    let (cache, measured) = measure(config, telemetry, &broadcast, (&store, bots), stop.clone())?;
    let alerts = watch(config, &measured, &store, &broadcast, stop.clone())?;
    let notary = notary::Notary::start(store.clone(), secrets.signer, &config.data_dir, stop.clone());
    let laboratory = research::Laboratory::new(config, handle);
    let queue = jobs::Queue::new(store.clone());
    let models = Arc::new(models::TrainedModels::open(&config.data_dir, handle.clone())?);
    let health = health::port(handle, &projected, &intents, &held, &others);
    let uptime = uptime::start(config, &measured, &health, &store, stop.clone());
    let app = Arc::new(App::new(Parts {
        models: Arc::<models::TrainedModels>::clone(&models),
        markets: views,
        desk: Arc::new(desk),
        pairs,
        health,
        projected,
        intents: Arc::<intents::IntentLog>::clone(&intents),
        bots: bots.clone(),
        strategies: strategies::all(),
        research: Arc::new(laboratory.clone()),
        queue: queue.clone(),
        logs,
        store: store.clone(),
        vault: secrets.vault,
        tokens: secrets.tokens,
        setup,
        broadcast,
        neighbours: others.port(),
        monitoring: measured,
        alerting: alerts,
        cache,
        limited: config.limited,
        open_to_loopback: config.monitoring.loopback,
        version: env!("CARGO_PKG_VERSION"),
    }));
    tokio::spawn(api::keep_models(Arc::clone(&app)));
    others.start(&app, stop.clone());
    let api = listen(config, Arc::clone(&app), stop).await?;
    let tables = Tables::new(stopper, vec![projector, keeper, uptime], &store, bots);
    take_up(&store).await.map_err(failed)?;
    let workers =
        [laboratory.start(&store, &queue), models.trainings().start(&store, &queue, config.trainings)];
    Ok(Platform { api, app, store, held, intents, notary, workers, tables, setup_code })
}

/// Begins to record metrics, and traces where they are collected.
fn record(config: &Config, stop: Stop) -> Result<::telemetry::Telemetry, Failure> {
    let telemetry = ::telemetry::install()
        .map_err(|error| Failure::new(Exit::Failed, "cannot record metrics").because(error))?;
    traced::start(config, stop)?;
    Ok(telemetry)
}

/// Makes the cache, and begins to sample the process.
fn measure(
    config: &Config,
    telemetry: ::telemetry::Telemetry,
    told: &Arc<Broadcast>,
    (store, bots): (&Store, &bus::bots::Desk),
    stop: Stop,
) -> Result<(Arc<cache::Cache>, Arc<telemetry::Measured>), Failure> {
    let cache = open_cache(config)?;
    let measured = telemetry::Measured::new(telemetry, Arc::clone(&cache), Arc::clone(told));
    measured.start(store.clone(), bots.clone(), stop);
    Ok((cache, measured))
}

/// What writes people's orders into the tables.
struct Projection {
    intents: Arc<intents::IntentLog>,
    /// The last command that is in the tables.
    projected: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

/// Opens the record of people's orders, brings the tables up and keeps them so.
async fn project(
    config: &Config,
    handle: &Handle,
    store: &Store,
    follow: projector::Follow,
    told: (Arc<Broadcast>, BTreeMap<MarketId, i64>),
    ending: Stop,
) -> Result<Projection, Failure> {
    let failed = |error: StoreError| Failure::new(Exit::Failed, "cannot read the database").because(error);
    let intents = Arc::new(intents::IntentLog::open(&config.data_dir, config.exchange.durability)?);
    let started = projector::start(handle.clone(), store.clone(), follow, Arc::clone(&intents), told, ending);
    let (projected, task) = started.await.map_err(failed)?;
    Ok(Projection { intents, projected, task })
}

/// An instance with a name has markets of its own: what is kept about them must not be taken for another's. What somebody may ask for is
/// counted by all instances together.
fn open_cache(config: &Config) -> Result<Arc<cache::Cache>, Failure> {
    let mut options = config.cache.clone();
    if let Some(name) = config.stream_instance {
        options.instance = name.to_string();
    }
    let cache = cache::Cache::new(&options).map_err(|error| {
        Failure::new(Exit::Config, "the cache cannot be made").because(error).advise("see cache.redis")
    })?;
    Ok(Arc::new(cache))
}

/// What was in hand when the last process died is taken up at once: a database has one server, so nobody else has it in hand.
async fn take_up(store: &Store) -> Result<(), StoreError> {
    let jobs: u64 = store.write(|tx| Box::pin(store::jobs::reap_all(tx, Ts::now()))).await?;
    if jobs > 0 {
        tracing::warn!(jobs, "taken up again: the last process ended in the middle of them");
    }
    Ok(())
}

/// Lets the watchman judge the service and tell people by the channels that are configured.
fn watch(
    config: &Config,
    measured: &Arc<telemetry::Measured>,
    store: &Store,
    told: &Arc<Broadcast>,
    stop: Stop,
) -> Result<Arc<alerting::Alerts>, Failure> {
    let settings = config.alert_channels();
    let notifier = notify::Notifier::new(&settings).map_err(|error| {
        Failure::new(Exit::Config, "people could not be told of alerts")
            .because(error)
            .advise("see [alerts] in docs/configuration.md")
    })?;
    let alerts = alerting::Alerts::new(notifier, &settings.service);
    watchman::start(Arc::clone(measured), store.clone(), Arc::clone(told), Arc::clone(&alerts), stop);
    Ok(alerts)
}

/// The one-time code, open while there is no user.
async fn setup(store: &Store) -> Result<(SetupCode, Option<String>), StoreError> {
    if store::users::count(&mut store.read()).await? == 0 {
        let (setup, code) = SetupCode::generate();
        Ok((setup, Some(code)))
    } else {
        Ok((SetupCode::used(), None))
    }
}

/// Notes what the exchange lists, and gives the permanent numbers that orders refer to.
async fn list_pairs(store: &Store, handle: &Handle) -> Result<BTreeMap<MarketId, i64>, StoreError> {
    let catalog = handle.view().catalog();
    let now = Ts::now();
    let currencies: Vec<Currency> = catalog
        .assets
        .iter()
        .map(|asset| Currency {
            code: asset.code.to_string(),
            name: asset.code.to_string(),
            scale: i64::from(asset.scale),
            active: true,
            updated_at: now,
        })
        .collect();
    let pairs: Vec<(MarketId, Pair)> =
        catalog.markets.iter().map(|market| (market.id, pair(market, now))).collect();
    let noted = store.write(move |tx| {
        Box::pin(async move {
            for currency in &currencies {
                markets::put_currency(tx, currency).await?;
            }
            let mut numbers = BTreeMap::new();
            for (market, pair) in &pairs {
                numbers.insert(*market, markets::put_pair(tx, pair).await?);
            }
            Ok(numbers)
        })
    });
    noted.await
}

fn pair(market: &Market, now: Ts) -> Pair {
    let units = |value: i128, scale| Amount::from_units(value, scale).unwrap_or_default();
    let tick = market.rules.tick.at(market.rules.price_min);
    Pair {
        id: 0,
        exchange: LOCAL.to_owned(),
        symbol: market.symbol.to_string(),
        base: market.base.code.to_string(),
        quote: market.quote.code.to_string(),
        price_scale: i64::from(market.price_scale),
        quantity_scale: i64::from(market.base.scale),
        tick: units(i128::from(tick.0), market.price_scale),
        lot: units(i128::from(market.rules.lot.step.0), market.base.scale),
        notional_min: units(market.rules.notional_min.0, market.quote.scale),
        active: true,
        updated_at: now,
    }
}

async fn listen(config: &Config, app: Arc<App>, stop: Stop) -> Result<BoundApi, Failure> {
    let settings = ApiConfig {
        addr: config.api.addr,
        http: http::Limits {
            connections_max: config.api.connections_max,
            connections_per_ip_max: config.api.connections_per_ip_max,
            ..http::Limits::default()
        },
        docs: config.api.docs,
        frontend: config.api.frontend.clone(),
        pages: Some(Arc::new(Dashboard)),
    };
    let failed = |error: std::io::Error| listen_failure("--api-addr", config.api.addr, &error);
    match api::serve(Arc::clone(&app), settings.clone(), stop.clone()).await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && config.api.addr_is_default => {
            note(format!(
                "{} is in use; the platform takes a free port (choose one with --api-addr)",
                settings.addr
            ));
            let mut addr = settings.addr;
            addr.set_port(0);
            api::serve(app, ApiConfig { addr, ..settings }, stop).await.map_err(failed)
        }
        result => result.map_err(failed),
    }
}
