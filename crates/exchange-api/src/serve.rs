//! Starting the API's server.

use std::net::SocketAddr;
use std::sync::Arc;

use exchange_host::Handle;
use tokio::task::JoinHandle;

use crate::ApiConfig;
use crate::context::Context;
use crate::rate;
use crate::rest::Api;
use crate::streams;

/// A server that is listening. It runs until its stop signal; [`BoundServer::ended`] waits for the end.
#[derive(Debug)]
pub struct BoundServer {
    local_addr: SocketAddr,
    counters: Arc<http::Counters>,
    task: JoinHandle<()>,
}

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {addr}: {source}")]
pub struct ServeError {
    /// Where it should have listened.
    pub addr: SocketAddr,
    /// Why not.
    pub source: std::io::Error,
}

/// Listens and serves in the background until `stop`.
pub async fn serve(handle: Handle, config: ApiConfig, stop: http::Stop) -> Result<BoundServer, ServeError> {
    let addr = config.addr;
    let failed = |source| ServeError { addr, source };
    let listener = http::listen(addr).map_err(failed)?;
    let local_addr = listener.local_addr().map_err(failed)?;
    let counters = Arc::new(http::Counters::default());
    // Follow the exchange before anybody can connect, so that no stream begins with a hole.
    let batches = handle.batches();
    let ctx = Arc::new(Context::new(handle, config.rate, stop.clone()));
    tokio::spawn(rate::follow(Arc::clone(&ctx), ctx.handle.batches()));
    tokio::spawn(streams::hub::run(Arc::clone(&ctx), batches));
    let api = Arc::new(Api { ctx: Arc::clone(&ctx) });
    let (closing, close) = http::stop();
    let task = tokio::spawn(http::serve(listener, api, config.http, Arc::clone(&counters), close));
    // Connections are told before they are closed.
    let mut stop = stop;
    tokio::spawn(async move {
        stop.wait().await;
        ctx.hub.announce_shutdown(ctx.now());
        closing.stop();
    });
    Ok(BoundServer { local_addr, counters, task })
}

impl BoundServer {
    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// What happened on its connections so far.
    #[must_use]
    pub fn counts(&self) -> http::Counts {
        self.counters.read()
    }

    /// Returns when the server has stopped and no connection is left.
    pub async fn ended(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the accept loop ended by a bug");
        }
    }
}
