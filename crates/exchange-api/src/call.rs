//! One call of an endpoint, whichever way it came.

use std::sync::Arc;

use exchange_host::Permissions;
use types::{AccountId, Time};

use crate::error::ApiError;
use crate::params::Params;

/// In what unit times are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    /// Milliseconds, the default.
    #[default]
    Millis,
    /// Microseconds, asked for by `X-MBX-TIME-UNIT: MICROSECOND` (REST) or `timeUnit=MICROSECOND` (WebSockets).
    Micros,
}

impl TimeUnit {
    /// The number to print.
    pub(crate) const fn print(self, at: Time) -> i64 {
        match self {
            Self::Millis => at.millis(),
            Self::Micros => at.micros(),
        }
    }
}

/// Who signed a call.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) account: AccountId,
    pub(crate) permissions: Permissions,
    pub(crate) api_key: Arc<str>,
    /// When the request's time window ends: after it, nothing may take effect.
    pub(crate) deadline: Option<Time>,
}

/// One call of an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) params: Params,
    /// `None` for public endpoints.
    pub(crate) caller: Option<Caller>,
    pub(crate) unit: TimeUnit,
    /// When it came in.
    pub(crate) at: Time,
}

impl Call {
    /// Who signed it. Endpoints that are not public get no call without a caller.
    pub(crate) fn caller(&self) -> Result<&Caller, ApiError> {
        self.caller.as_ref().ok_or_else(|| ApiError::new(-2014, "API-key format invalid.").with_status(401))
    }
}
