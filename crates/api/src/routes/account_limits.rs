//! What one's own accounts may do. Tightening a limit is done at once; raising one needs a login and, where there is one, the second
//! factor: who steals a session must not be able to take the brakes off.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::bots::Bot;
use store::{StoreError, Ts, account_risk, accounts, audit, users};
use utoipa::ToSchema;

use super::accounts::{Trading, meant};
use super::bots::limits as bots;
use super::keys::by_login;
use super::markets::from_port;
use super::session::second_factor;
use crate::Problem;
use crate::account_limits::{LimitUse, LimitsBody};
use crate::app::App;
use crate::auth::principal::{Principal, Trader, Viewer, from_store};
use crate::ports::AccountRisk;
use crate::wire::{Json, id_of};

/// An account's limits and how much of them is used.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountRisk)]
pub(crate) struct RiskBody {
    /// The account.
    pub(super) account: String,
    /// The asset that money limits are in.
    pub(super) currency: String,
    /// The limits.
    pub(super) limits: LimitsBody,
    /// How much is used.
    pub(super) uses: Vec<LimitUse>,
}

/// New limits.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountLimitsRequest)]
pub(crate) struct LimitsRequest {
    /// All limits from now on; what is absent is off.
    limits: LimitsBody,
    /// A code of the second factor, for users who have one and raise a limit.
    totp: Option<String>,
}

/// The bot that trades on an account of the caller's; `None` for one that people trade on.
async fn bot_of(app: &App, who: &Principal, id: &str) -> Result<Option<Bot>, Problem> {
    let account = accounts::by_id(&mut app.store.read(), who.owner(), id_of(id, "account")?).await;
    let Some(bot) = account.map_err(|e| from_store(&e))?.bot_id else { return Ok(None) };
    store::bots::by_id(&mut app.store.read(), who.owner(), bot).await.map(Some).map_err(|e| from_store(&e))
}

/// Raising a limit needs a login and, where there is one, the second factor.
async fn may_raise(app: &App, who: &Principal, totp: Option<&str>) -> Result<(), Problem> {
    by_login(who)?;
    let user = users::by_id(&mut app.store.read(), who.user).await.map_err(|e| from_store(&e))?;
    second_factor(app, &user, totp).await
}

fn body(trading: &Trading, risk: AccountRisk) -> Json<RiskBody> {
    let AccountRisk { currency, limits, uses } = risk;
    Json(RiskBody { account: trading.account.id.to_string(), currency, limits, uses })
}

/// What an account may do, and how much of it is used. Of a bot's account: what the bot may do now; how much of it is used, the bot shows.
#[utoipa::path(get, path = "/api/accounts/{account_id}/limits", tag = "accounts", operation_id = "getAccountLimits",
    params(("account_id" = String, Path, description = "the account's id")),
    responses((status = 200, body = RiskBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<Json<RiskBody>, Problem> {
    if let Some(bot) = bot_of(&app, &who, &id).await? {
        return bots::limits(&app, &bot).await.map(Json);
    }
    let trading = meant(&app, who.owner(), Some(&id)).await?;
    let risk = app.desk.limits(trading.number).await.map_err(|e| from_port(&e))?;
    Ok(body(&trading, risk))
}

/// Sets what an account may do, a running bot's too: nothing is closed, its orders that could take it beyond are cancelled, and until it
/// is within its limits it only reduces. What can be said of a bot only (losing streaks), stays as it was. Raising or removing a limit asks for the second factor where there is one.
#[utoipa::path(put, path = "/api/accounts/{account_id}/limits", tag = "accounts", operation_id = "setAccountLimits",
    request_body = LimitsRequest, params(("account_id" = String, Path, description = "the account's id")),
    responses((status = 200, body = RiskBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
    Json(request): Json<LimitsRequest>,
) -> Result<Json<RiskBody>, Problem> {
    let limits = request.limits;
    if let Some(bot) = bot_of(&app, &who, &id).await? {
        let (given, raises) = bots::wanted(&app, &bot, &limits).await?;
        if raises {
            may_raise(&app, &who, request.totp.as_deref()).await?;
        }
        return bots::limit(&app, &who, &bot, (given, raises)).await.map(Json);
    }
    let trading = meant(&app, who.owner(), Some(&id)).await?;
    let raises = app.desk.raises(trading.number, limits.clone()).await.map_err(|e| from_port(&e))?;
    if raises {
        may_raise(&app, &who, request.totp.as_deref()).await?;
    }
    let (owner, account, text) = (who.owner(), trading.account.id, limits.to_json());
    let note = who.note("account.limits", account, &json!({ "limits": limits, "raises": raises }));
    let stored = app.store.write(move |tx| {
        Box::pin(async move {
            let now = Ts::now();
            account_risk::set_limits(tx, owner, account, &text, now).await?;
            audit::append(tx, note, now).await.map(|_| ())
        })
    });
    stored.await.map_err(|e: StoreError| from_store(&e))?;
    app.desk.limit(trading.number, limits).await.map_err(|e| from_port(&e))?;
    let risk = app.desk.limits(trading.number).await.map_err(|e| from_port(&e))?;
    Ok(body(&trading, risk))
}
