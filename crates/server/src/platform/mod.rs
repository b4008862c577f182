//! The platform inside this process: what stands behind the API's ports.

use std::net::SocketAddr;
use std::sync::Arc;

use api::auth::SetupCode;
use api::{ApiConfig, App, BoundApi, Parts};
use exchange_host::Handle;
use http::Stop;
use store::{Location, Options, Store, StoreError};

use crate::commands::serve::listen_failure;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::note;

mod markets;
pub(crate) mod secrets;

pub(crate) use markets::ExchangeMarkets;

/// The venue name of the built-in exchange.
pub(crate) const LOCAL: &str = "local";

/// Name of the embedded database in the data directory.
pub(crate) const DATABASE_NAME: &str = "platform.db";

/// The running platform.
pub(crate) struct Platform {
    api: BoundApi,
    store: Store,
    /// The code of the first start, while there is no user.
    pub(crate) setup_code: Option<String>,
}

impl Platform {
    /// Where its API listens.
    pub(crate) const fn local_addr(&self) -> SocketAddr {
        self.api.local_addr()
    }

    /// Resolves when its last request is answered and its database is closed.
    pub(crate) async fn ended(self) {
        self.api.ended().await;
        self.store.close().await;
    }
}

/// Opens the platform's database.
pub(crate) async fn open_store(config: &Config) -> Result<Store, Failure> {
    let path = config.data_dir.join(DATABASE_NAME);
    let options = Options::new(Location::Sqlite(path.clone()));
    Store::open(&options).await.map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot use the database {}", path.display()))
            .because(error)
            .advise("`tradewind doctor` checks the folder and the disk")
    })
}

/// Starts the platform over a running exchange. A default address that another program uses is no error: a free port is taken
/// and told.
pub(crate) async fn start(config: &Config, handle: &Handle, stop: Stop) -> Result<Platform, Failure> {
    let secrets = secrets::load(&config.data_dir)?;
    let store = open_store(config).await?;
    let failed = |error: StoreError| Failure::new(Exit::Failed, "cannot read the database").because(error);
    let first_start = store::users::count(&mut store.read()).await.map_err(failed)? == 0;
    let (setup, setup_code) = if first_start {
        let (setup, code) = SetupCode::generate();
        (setup, Some(code))
    } else {
        (SetupCode::used(), None)
    };
    let markets = ExchangeMarkets::new(handle.clone())
        .ok_or_else(|| Failure::new(Exit::Failed, "the built-in exchange has no venue name"))?;
    let app = Arc::new(App::new(Parts {
        markets: Arc::new(markets),
        store: store.clone(),
        vault: secrets.vault,
        tokens: secrets.tokens,
        setup,
        version: env!("CARGO_PKG_VERSION"),
    }));
    let api = listen(config, app, stop).await?;
    Ok(Platform { api, store, setup_code })
}

async fn listen(config: &Config, app: Arc<App>, stop: Stop) -> Result<BoundApi, Failure> {
    let settings = ApiConfig {
        addr: config.api.addr,
        http: http::Limits::default(),
        docs: config.api.docs,
        frontend: config.api.frontend.clone(),
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
