//! Listen keys: the old way to a user stream.

use std::sync::Arc;

use crate::call::Call;
use crate::context::Context;
use crate::dispatch::Answer;
use crate::error::ApiError;
use crate::json::Json;
use crate::listen_keys::Opener;

/// Length of a listen key (as Binance's).
const KEY_LEN: usize = 60;

/// `POST /api/v3/userDataStream`, `userDataStream.start`.
pub(crate) fn start(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let opener = Opener { account: caller.account, api_key: Arc::clone(&caller.api_key) };
    let key = ctx.listen_keys.open(&opener, call.at, &ctx.random_text(KEY_LEN)?);
    let key = key.ok_or_else(|| ApiError::new(-1003, "Too many listen keys.").with_status(429))?;
    Ok(Json::object(|o| o.text("listenKey", &key)))
}

/// `PUT /api/v3/userDataStream`, `userDataStream.ping`.
pub(crate) fn keep_alive(ctx: &Context, call: &Call) -> Answer {
    settled(ctx.listen_keys.keep_alive(sent(call)?, call.caller()?.account, call.at))
}

/// `DELETE /api/v3/userDataStream`, `userDataStream.stop`.
pub(crate) fn close(ctx: &Context, call: &Call) -> Answer {
    settled(ctx.listen_keys.close(sent(call)?, call.caller()?.account, call.at))
}

fn sent(call: &Call) -> Result<&str, ApiError> {
    call.params.mandatory("listenKey")
}

fn settled(found: bool) -> Answer {
    if found { Ok(Json::object(|_| {})) } else { Err(ApiError::new(-1125, "This listenKey does not exist.")) }
}
