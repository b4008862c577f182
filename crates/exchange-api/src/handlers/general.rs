//! Connectivity: ping, time.

use crate::call::Call;
use crate::context::Context;
use crate::error::ApiError;
use crate::json::Json;

/// `GET /api/v3/ping`, `ping`.
#[allow(clippy::unnecessary_wraps)] // the type of all handlers
pub(crate) fn ping(_: &Context, _: &Call) -> Result<Json, ApiError> {
    Ok(Json::object(|_| {}))
}

/// `GET /api/v3/time`, `time`.
#[allow(clippy::unnecessary_wraps)] // the type of all handlers
pub(crate) fn time(_: &Context, call: &Call) -> Result<Json, ApiError> {
    Ok(Json::object(|o| o.time("serverTime", call.at, call.unit)))
}
