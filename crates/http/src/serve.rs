//! The accept loop.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::connection::{self, Shared};
use crate::deadline::Phase;
use crate::permits::{Permit, Permits};
use crate::{Counters, Limits, Request, Response, Stop, Stopper, stop};

/// What answers requests.
pub trait Service: Send + Sync + 'static {
    /// Answers one request. Must not block its thread for long; a panic is answered by [`Service::failed`].
    fn call(self: Arc<Self>, request: Request) -> impl Future<Output = Response> + Send;

    /// The answer to a request whose handling panicked: status 500, nothing about the inside.
    fn failed(&self) -> Response;
}

/// Pause after a failed accept (no free file descriptors): long enough not to spin, short enough not to be noticed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections that may wait to be accepted, as far as the system allows (`net.core.somaxconn`): when thousands of clients come back at
/// once, those beyond it are not refused but forgotten, and try again after one second, three, seven.
const WAITING_MAX: u32 = 4_096;

/// Listens.
///
/// # Errors
/// When the address cannot be had.
pub fn listen(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As everywhere: a server that was stopped may be started again at once.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(WAITING_MAX)
}

/// Serves until `stop`, then lets open requests and sockets end within `drain_max`, then ends the rest. Returns when no
/// connection is left.
pub async fn serve<S: Service>(
    listener: TcpListener,
    service: Arc<S>,
    limits: Limits,
    counters: Arc<Counters>,
    mut stop_signal: Stop,
) {
    let (killer, kill) = stop();
    let permits = Permits::new(limits.connections_max, limits.connections_per_ip_max);
    let limits = Arc::new(limits);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop_signal.wait() => break,
        };
        let (stream, peer) = match accepted {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(permit) = permits.take(peer.ip()) else {
            Counters::add(&counters.refused);
            continue;
        };
        Counters::add(&counters.accepted);
        let shared = share(&limits, &counters, &stop_signal, &kill, permit);
        spawn(stream, peer, Arc::clone(&service), shared);
    }
    drop(listener);
    drain(&permits, limits.drain_max, &killer).await;
}

fn share(
    limits: &Arc<Limits>,
    counters: &Arc<Counters>,
    stop: &Stop,
    kill: &Stop,
    permit: Permit,
) -> Arc<Shared> {
    Arc::new(Shared {
        limits: Arc::clone(limits),
        counters: Arc::clone(counters),
        phase: Phase::new(),
        stop: stop.clone(),
        kill: kill.clone(),
        _permit: permit,
    })
}

fn spawn<S: Service>(stream: TcpStream, peer: SocketAddr, service: Arc<S>, shared: Arc<Shared>) {
    // Small answers must not wait for an acknowledgement of the ones before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    tokio::spawn(connection::run(stream, peer, service, shared));
}

async fn drain(permits: &Permits, drain_max: Duration, killer: &Stopper) {
    if tokio::time::timeout(drain_max, permits.empty()).await.is_err() {
        tracing::info!("connections that did not end in time are closed");
        killer.stop();
        permits.empty().await;
    }
}
