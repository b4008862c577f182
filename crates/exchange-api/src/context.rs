//! What all requests share.

use exchange_host::Handle;
use ring::rand::{SecureRandom, SystemRandom};
use types::Time;

use crate::RateLimits;
use crate::error::ApiError;
use crate::listen_keys::ListenKeys;
use crate::rate::Meters;
use crate::refusal::unknown_outcome;
use crate::rendered::Rendered;
use crate::streams::Arrivals;
use crate::streams::hub::Hub;

/// The exchange, the settings and the counters behind the API. One per server, in an `Arc`.
pub(crate) struct Context {
    pub(crate) handle: Handle,
    /// Request and order counts per address and account.
    pub(crate) meters: Meters,
    /// User streams of the old kind.
    pub(crate) listen_keys: ListenKeys,
    /// Who follows which stream.
    pub(crate) hub: Hub,
    /// New WebSocket connections per address.
    pub(crate) arrivals: Arrivals,
    /// Rendered answers of hot reads.
    pub(crate) rendered: Rendered,
    random: SystemRandom,
    /// Ends streams and WebSocket API connections too.
    pub(crate) stop: http::Stop,
}

impl Context {
    pub(crate) fn new(handle: Handle, rate: Option<RateLimits>, stop: http::Stop) -> Self {
        let meters = Meters::new(rate);
        Self {
            handle,
            meters,
            listen_keys: ListenKeys::default(),
            hub: Hub::default(),
            arrivals: Arrivals::default(),
            rendered: Rendered::default(),
            random: SystemRandom::new(),
            stop,
        }
    }

    /// The exchange's time.
    pub(crate) fn now(&self) -> Time {
        self.handle.now()
    }

    /// `len` random letters and digits, for ids that must not be guessed. Fails only if the system has no randomness.
    pub(crate) fn random_text(&self, len: usize) -> Result<String, ApiError> {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut text = String::with_capacity(len);
        while text.len() < len {
            let mut bytes = [0_u8; 32];
            self.random.fill(&mut bytes).map_err(|_| {
                tracing::error!("the system gives no random numbers");
                unknown_outcome()
            })?;
            // Bytes of 248 and more would make the first letters likelier.
            let fair = bytes.iter().filter(|byte| **byte < 248);
            text.extend(fair.take(len - text.len()).map(|byte| char::from(LETTERS[usize::from(byte % 62)])));
        }
        Ok(text)
    }
}
