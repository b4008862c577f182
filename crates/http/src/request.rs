//! One request, with a body that is read under limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::{HeaderMap, Method, Uri};

use crate::connection::Shared;

/// An answer.
pub type Response = hyper::Response<crate::body::Body>;

/// A request whose head was read.
#[derive(Debug)]
pub struct Request {
    pub(crate) inner: hyper::Request<Incoming>,
    pub(crate) peer: SocketAddr,
    pub(crate) shared: Arc<Shared>,
}

/// Why a body could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Longer than the limit. Answer 413.
    #[error("the body is larger than allowed")]
    TooLarge,
    /// Not complete in time. Answer 408 and close.
    #[error("the body did not arrive in time")]
    TimedOut,
    /// The client went away or broke the framing.
    #[error("the body broke off")]
    Broken,
}

impl Request {
    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.inner.method()
    }

    /// The target.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        self.inner.uri()
    }

    /// The path, as sent (not percent-decoded).
    #[must_use]
    pub fn path(&self) -> &str {
        self.inner.uri().path()
    }

    /// The query as sent, without its `?`; empty if there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.inner.uri().query().unwrap_or("")
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// A header's text; `None` if absent or not text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.inner.headers().get(name)?.to_str().ok()
    }

    /// Who is connected: the other end of the TCP connection.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The whole body, at most `body_len_max` bytes and within `body_read_max` (see [`crate::Limits`]).
    /// A second call gives an empty body.
    pub async fn body(&mut self) -> Result<Bytes, BodyError> {
        let limits = self.shared.limits();
        let (len_max, read_max) = (limits.body_len_max, limits.body_read_max);
        read_body(self.inner.body_mut(), len_max, read_max).await
    }
}

async fn read_body(body: &mut Incoming, len_max: usize, read_max: Duration) -> Result<Bytes, BodyError> {
    // What announces too much is not waited for.
    if body.size_hint().lower() > u64::try_from(len_max).unwrap_or(u64::MAX) {
        return Err(BodyError::TooLarge);
    }
    let whole = Limited::new(body, len_max).collect();
    match tokio::time::timeout(read_max, whole).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        Ok(Err(_)) => Err(BodyError::Broken),
        Err(_) => Err(BodyError::TimedOut),
    }
}
