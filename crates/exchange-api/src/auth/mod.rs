//! Who calls, and whether they may. Order of checks: API key present and well formed (-2014), time window (-1021), key
//! known (-2015), signature (-1022), permission (-2015).

mod payload;
mod window;

use std::sync::Arc;

use types::Time;

pub(crate) use payload::without_signature;
pub(crate) use window::deadline;

use crate::call::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::params::{Params, missing};

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

/// Longest API key looked up.
const KEY_LEN_MAX: usize = 128;

/// Checks a call of an endpoint that is not public. `payloads` are the texts that the signature may be over: any counts.
pub(crate) fn sign_in(
    ctx: &Context,
    security: Security,
    api_key: Option<&str>,
    params: &Params,
    payloads: &[&[u8]],
    at: Time,
) -> Result<Caller, ApiError> {
    let api_key = api_key
        .filter(|key| is_key(key))
        .ok_or_else(|| ApiError::new(-2014, "API-key format invalid.").with_status(401))?;
    let signed = security != Security::KeyOnly;
    let (deadline, signature) = if signed {
        let deadline = deadline(params, at)?;
        let signature =
            params.get("signature").filter(|s| !s.is_empty()).ok_or_else(|| missing("signature"))?;
        // Base64 that was not percent-encoded had its plus signs read as spaces.
        (Some(deadline), signature.replace(' ', "+"))
    } else {
        (None, String::new())
    };
    let record = ctx.handle.keys().get(api_key).ok_or_else(refused_key)?;
    if signed && !payloads.iter().any(|payload| record.verify(payload, &signature)) {
        return Err(ApiError::new(-1022, "Signature for this request is not valid."));
    }
    let caller = Caller {
        account: record.account,
        permissions: record.permissions,
        api_key: Arc::from(api_key),
        deadline,
    };
    permit(security, &caller)?;
    Ok(caller)
}

/// Whether the caller's key may do what an endpoint of this kind does.
pub(crate) fn permit(security: Security, caller: &Caller) -> Result<(), ApiError> {
    let allowed = match security {
        Security::Public => true,
        Security::KeyOnly | Security::UserData => caller.permissions.read,
        Security::Trade => caller.permissions.trade,
    };
    if allowed { Ok(()) } else { Err(refused_key()) }
}

fn is_key(key: &str) -> bool {
    (1..=KEY_LEN_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn refused_key() -> ApiError {
    ApiError::new(-2015, "Invalid API-key, IP, or permissions for action.").with_status(401)
}

#[cfg(test)]
mod tests;
