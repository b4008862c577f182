//! What all requests share.

use exchange_host::Handle;
use types::Time;

use crate::ApiConfig;
use crate::listen_keys::ListenKeys;
use crate::rate::Meters;
use crate::streams::Arrivals;
use crate::streams::hub::Hub;

/// The exchange, the settings and the counters behind the API. One per server, in an `Arc`.
pub(crate) struct Context {
    pub(crate) handle: Handle,
    pub(crate) config: ApiConfig,
    /// Request and order counts per address and account.
    pub(crate) meters: Meters,
    /// User streams of the old kind.
    pub(crate) listen_keys: ListenKeys,
    /// Who follows which stream.
    pub(crate) hub: Hub,
    /// New WebSocket connections per address.
    pub(crate) arrivals: Arrivals,
    /// Ends streams and WebSocket API connections too.
    pub(crate) stop: http::Stop,
}

impl Context {
    pub(crate) fn new(handle: Handle, config: ApiConfig, stop: http::Stop) -> Self {
        let meters = Meters::new(config.rate.clone());
        Self {
            handle,
            config,
            meters,
            listen_keys: ListenKeys::default(),
            hub: Hub::default(),
            arrivals: Arrivals::default(),
            stop,
        }
    }

    /// The exchange's time.
    pub(crate) fn now(&self) -> Time {
        self.handle.now()
    }
}
