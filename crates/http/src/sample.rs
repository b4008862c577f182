//! For tests: a connection over memory, on a clock that the test moves.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

use crate::connection::{Shared, run};
use crate::deadline::Phase;
use crate::permits::Permits;
use crate::{Counters, Limits, Service, Stopper, stop};

/// The client's end of a connection that is being served.
pub(crate) struct Wire {
    pub(crate) io: DuplexStream,
    pub(crate) served: JoinHandle<()>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) stopper: Stopper,
    pub(crate) killer: Stopper,
}

pub(crate) const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

impl Wire {
    /// Serves a new connection whose pipe holds `room` bytes each way.
    pub(crate) fn serve<S: Service>(service: S, limits: Limits, room: usize) -> Self {
        let (io, server) = duplex(room);
        let ((stopper, stop_signal), (killer, kill)) = (stop(), stop());
        let counters = Arc::new(Counters::default());
        let permit = Permits::new(1, 1).take(PEER.ip()).expect("the first permit");
        let shared = Arc::new(Shared {
            limits: Arc::new(limits),
            counters: Arc::clone(&counters),
            phase: Phase::new(),
            stop: stop_signal,
            kill,
            _permit: permit,
        });
        let served = tokio::spawn(run(server, PEER, Arc::new(service), shared));
        Self { io, served, counters, stopper, killer }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.io.write_all(text.as_bytes()).await.expect("the server reads");
    }

    /// Reads up to the end of an answer whose body is `body`.
    pub(crate) async fn answer(&mut self, body: &str) -> String {
        let mut text = String::new();
        while !text.ends_with(body) || !text.contains("\r\n\r\n") {
            let mut bytes = [0; 4096];
            let count = self.io.read(&mut bytes).await.expect("the server answers");
            assert!(count > 0, "the server closed after {text:?}");
            text.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        text
    }

    /// Reads until the server closes.
    pub(crate) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        self.io.read_to_end(&mut bytes).await.expect("the server closes");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
