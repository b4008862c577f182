//! Handing a command in for a caller.

use exchange_host::Receipt;
use types::{ClientOrderId, Command};

use crate::call::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::refusal::{self, Action};

/// Submits with the deadline of the caller's time window: a command whose turn comes later is -1021.
pub(super) async fn submit(
    ctx: &Context,
    caller: &Caller,
    command: Command,
    action: Action,
) -> Result<Receipt, ApiError> {
    let receipt = ctx.handle.submit(command, caller.deadline).await;
    receipt.map_err(|error| refusal::failed(&error, action))
}

/// Length of the ids that are made up when a client sends none (as Binance's).
const ID_LEN: usize = 22;

/// The client's id, or a fresh random one of 22 letters and digits.
pub(super) fn id_or_fresh(ctx: &Context, sent: Option<ClientOrderId>) -> Result<ClientOrderId, ApiError> {
    match sent {
        Some(id) => Ok(id),
        None => ClientOrderId::new(&ctx.random_text(ID_LEN)?).map_err(|_| refusal::unknown_outcome()),
    }
}
