//! The platform inside this process: what stands behind the API's ports.

use std::sync::Arc;

use api::{ApiConfig, App, BoundApi};
use exchange_host::Handle;
use http::Stop;

use crate::config::Config;
use crate::terminal::note;

mod markets;

pub(crate) use markets::ExchangeMarkets;

/// The venue name of the built-in exchange.
pub(crate) const LOCAL: &str = "local";

/// Starts the platform's API over a running exchange.
///
/// # Errors
/// When the address cannot be had. A default one that another program uses is no error: a free port is taken and told.
pub(crate) async fn start(config: &Config, handle: &Handle, stop: Stop) -> std::io::Result<BoundApi> {
    let markets =
        ExchangeMarkets::new(handle.clone()).ok_or_else(|| std::io::Error::other("no venue name"))?;
    let app = Arc::new(App::new(Arc::new(markets), env!("CARGO_PKG_VERSION")));
    let settings = ApiConfig {
        addr: config.api.addr,
        http: http::Limits::default(),
        docs: config.api.docs,
        frontend: config.api.frontend.clone(),
    };
    match api::serve(Arc::clone(&app), settings.clone(), stop.clone()).await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && config.api.addr_is_default => {
            note(format!(
                "{} is in use; the platform takes a free port (choose one with --api-addr)",
                settings.addr
            ));
            let mut addr = settings.addr;
            addr.set_port(0);
            api::serve(app, ApiConfig { addr, ..settings }, stop).await
        }
        result => result,
    }
}
