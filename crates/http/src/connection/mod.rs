//! One connection: requests one after another until the client leaves, a deadline passes or the server stops.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::deadline::{Phase, Timed};
use crate::permits::Permit;
use crate::{Counters, Limits, Request, Response, Service, Stop};

/// What all requests of a connection share, and a WebSocket keeps. Its permit ends with the last holder.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) limits: Arc<Limits>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) phase: Arc<Phase>,
    /// Stop taking work.
    pub(crate) stop: Stop,
    /// The drain time is over: end now.
    pub(crate) kill: Stop,
    pub(crate) _permit: Permit,
}

impl Shared {
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// Serves `io` to its end. `shared` must hold its permit.
pub(crate) async fn run<S, I>(io: I, peer: SocketAddr, service: Arc<S>, shared: Arc<Shared>)
where
    S: Service,
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = Arc::clone(&shared.limits);
    let (mut stop, mut kill) = (shared.stop.clone(), shared.kill.clone());
    let io = Timed::new(io, Arc::clone(&shared.phase), Arc::clone(&shared.counters), &limits);
    let io = TokioIo::new(io);
    let handle = service_fn(move |request: hyper::Request<Incoming>| {
        answer(Arc::clone(&service), Request { inner: request, peer, shared: Arc::clone(&shared) })
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .max_buf_size(limits.head_len_max.max(crate::limits::HEAD_LEN_MIN))
        .max_headers(limits.headers_max)
        // A client that shuts its sending side still gets its answer, and a handler is never cut off half way.
        .half_close(true)
        // Ours is in `Timed`: it tells a slow head from an idle connection.
        .header_read_timeout(None)
        .serve_connection(io, handle)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let mut draining = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            () = stop.wait(), if !draining => {
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
            () = kill.wait() => return,
        }
    }
}

/// Calls the service with a panic turned into an answer.
async fn answer<S: Service>(service: Arc<S>, request: Request) -> Result<Response, Infallible> {
    let shared = Arc::clone(&request.shared);
    shared.phase.busy();
    Counters::add(&shared.counters.requests);
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let call = AssertUnwindSafe(Arc::clone(&service).call(request)).catch_unwind();
    let response = call.await.unwrap_or_else(|_| {
        Counters::add(&shared.counters.panics);
        tracing::error!(%method, path, "a request handler panicked");
        service.failed()
    });
    // After a switch of protocols the connection stays as it is: its deadlines are the WebSocket's own.
    if response.status() != hyper::StatusCode::SWITCHING_PROTOCOLS {
        shared.phase.idle();
    }
    Ok(response)
}

#[cfg(test)]
mod tests;
