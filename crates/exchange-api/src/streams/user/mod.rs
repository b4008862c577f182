//! Private events as JSON.

pub(super) mod account;
pub(super) mod report;

use http::websocket::Utf8Bytes;
use types::Time;

use crate::call::TimeUnit;

/// The message that the server is about to end the connection.
pub(crate) fn server_shutdown(now: Time, unit: TimeUnit) -> Utf8Bytes {
    account::server_shutdown(now, unit).into_text()
}
