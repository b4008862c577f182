//! What can be traded, under which rules.

use super::symbols::asked;
use crate::call::Call;
use crate::context::Context;
use crate::dispatch::Answer;
use crate::error::ApiError;
use crate::params::{Params, bad_combination, invalid};
use crate::render;

/// `GET /api/v3/exchangeInfo`, `exchangeInfo`.
pub(crate) fn exchange_info(ctx: &Context, call: &Call) -> Answer {
    let catalog = ctx.handle.view().catalog();
    let params = &call.params;
    let by_symbol = params.has("symbol") || params.has("symbols");
    if by_symbol && (params.has("permissions") || params.has("symbolStatus")) {
        return Err(bad_combination());
    }
    let permission_sets = params.bool("showPermissionSets")?.unwrap_or(true);
    let mut markets = asked(&catalog, params, true)?.markets;
    if !spot(params)? {
        markets.clear();
    }
    let limits = ctx.meters.limits();
    Ok(render::exchange_info::exchange_info(&markets, &limits, permission_sets, call.at, call.unit))
}

/// Whether `permissions` (a word or an array of words) asks for SPOT; it does if not sent.
fn spot(params: &Params) -> Result<bool, ApiError> {
    let Some(text) = params.optional("permissions")? else { return Ok(true) };
    if !text.starts_with('[') {
        return Ok(text == "SPOT");
    }
    let words: Vec<String> = serde_json::from_str(text).map_err(|_| invalid("permissions"))?;
    Ok(words.iter().any(|word| word == "SPOT"))
}
