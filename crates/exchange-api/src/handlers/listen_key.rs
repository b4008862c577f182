//! Listen keys: the old way to a user stream.

use crate::call::Call;
use crate::context::Context;
use crate::dispatch::Answer;
use crate::error::ApiError;
use crate::json::Json;
use crate::params::missing;

/// Length of a listen key (as Binance's).
const KEY_LEN: usize = 60;

/// `POST /api/v3/userDataStream`, `userDataStream.start`.
pub(crate) fn start(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let fresh = ctx.random_text(KEY_LEN)?;
    let key = ctx.listen_keys.open(caller.account, call.at, &fresh);
    let key = key.ok_or_else(|| ApiError::new(-1003, "Too many listen keys.").with_status(429))?;
    Ok(Json::object(|o| o.text("listenKey", &key)))
}

/// `PUT /api/v3/userDataStream`, `userDataStream.ping`.
pub(crate) fn keep_alive(ctx: &Context, call: &Call) -> Answer {
    let key = owned(ctx, call)?;
    settled(ctx.listen_keys.keep_alive(key, call.at))
}

/// `DELETE /api/v3/userDataStream`, `userDataStream.stop`.
pub(crate) fn close(ctx: &Context, call: &Call) -> Answer {
    let key = owned(ctx, call)?;
    settled(ctx.listen_keys.close(key, call.at))
}

/// The key in the request, if it is the caller's own.
fn owned<'a>(ctx: &Context, call: &'a Call) -> Result<&'a str, ApiError> {
    let key =
        call.params.get("listenKey").filter(|key| !key.is_empty()).ok_or_else(|| missing("listenKey"))?;
    let owner = ctx.listen_keys.account(key, call.at);
    if owner == Some(call.caller()?.account) { Ok(key) } else { Err(unknown()) }
}

fn settled(found: bool) -> Answer {
    if found { Ok(Json::object(|_| {})) } else { Err(unknown()) }
}

fn unknown() -> ApiError {
    ApiError::new(-1125, "This listenKey does not exist.")
}
