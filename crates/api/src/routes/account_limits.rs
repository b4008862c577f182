//! What one's own accounts may do. Tightening a limit is done at once; raising one needs a login and, where there is one, the second
//! factor: who steals a session must not be able to take the brakes off.

use std::sync::Arc;

use axum::extract::{Path, State};
use bus::bots::NewBot;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::bots::Bot;
use store::{AccountId, StoreError, Ts, account_risk, accounts, audit, bots, users};
use utoipa::ToSchema;

use super::accounts::{Trading, meant};
use super::keys::by_login;
use super::markets::from_port;
use super::session::second_factor;
use crate::Problem;
use crate::account_limits::{LimitUse, LimitsBody, MarketLimitsBody};
use crate::app::App;
use crate::auth::principal::{Principal, Trader, Viewer, from_store};
use crate::ports::AccountRisk;
use crate::wire::{Decimal, Json, id_of};

/// An account's limits and how much of them is used.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountRisk)]
pub(crate) struct RiskBody {
    /// The account.
    account: String,
    /// The asset that money limits are in.
    currency: String,
    /// The limits.
    limits: LimitsBody,
    /// How much is used.
    uses: Vec<LimitUse>,
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

/// An account that its owner trades on.
async fn own(app: &App, who: &Principal, id: &str) -> Result<Trading, Problem> {
    let id: AccountId = id_of(id, "account")?;
    let account = accounts::by_id(&mut app.store.read(), who.owner(), id).await;
    if account.map_err(|e| from_store(&e))?.bot_id.is_some() {
        let detail = "this account belongs to a bot, whose limits are given when it is made and do not change; make another bot";
        return Err(Problem::conflict("bots_account", detail));
    }
    meant(app, who.owner(), Some(&id.to_string())).await
}

fn body(trading: &Trading, risk: AccountRisk) -> Json<RiskBody> {
    let AccountRisk { currency, limits, uses } = risk;
    Json(RiskBody { account: trading.account.id.to_string(), currency, limits, uses })
}

/// What an account may do, and how much of it is used. Of a bot's account: what the bot was given when it was made.
#[utoipa::path(get, path = "/api/accounts/{account_id}/limits", tag = "accounts", operation_id = "getAccountLimits",
    params(("account_id" = String, Path, description = "the account's id")),
    responses((status = 200, body = RiskBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<Json<RiskBody>, Problem> {
    let account = accounts::by_id(&mut app.store.read(), who.owner(), id_of(&id, "account")?).await;
    let account = account.map_err(|e| from_store(&e))?;
    if let Some(bot) = account.bot_id {
        let bot = bots::by_id(&mut app.store.read(), who.owner(), bot).await.map_err(|e| from_store(&e))?;
        return of_bot(&app, &bot).map(Json);
    }
    let trading = own(&app, &who, &id).await?;
    let risk = app.desk.limits(trading.number).await.map_err(|e| from_port(&e))?;
    Ok(body(&trading, risk))
}

/// What a bot was given when it was made; how much of it is used, its driver knows.
fn of_bot(app: &App, bot: &Bot) -> Result<RiskBody, Problem> {
    let asked: NewBot = serde_json::from_str(&bot.asked).map_err(|e| Problem::internal(&e))?;
    let first = asked.markets.first().ok_or_else(|| Problem::internal(&"a bot without a market"))?;
    let instrument = app.instrument(&first.symbol)?;
    let decimal = |text: Option<String>| text.map(Decimal::text);
    let given = asked.limits;
    let of_market = MarketLimitsBody {
        order_quantity_max: decimal(given.order_qty_max),
        position_max: decimal(given.position_max),
    };
    let mut limits = LimitsBody {
        order_value_max: decimal(given.order_notional_max),
        exposure_max: decimal(given.exposure_max),
        orders_per_minute: given.orders_per_minute,
        daily_loss_max: decimal(given.daily_loss_max),
        drawdown_max_bips: given.drawdown_max_bips,
        ..LimitsBody::default()
    };
    if of_market != MarketLimitsBody::default() {
        limits.markets.insert(instrument.id.symbol.to_string(), of_market);
    }
    let currency = instrument.market.quote.code.to_string();
    Ok(RiskBody { account: bot.account_id.to_string(), currency, limits, uses: Vec::new() })
}

/// Sets what an account may do. Raising or removing a limit asks for the second factor where there is one.
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
    let trading = own(&app, &who, &id).await?;
    let limits = request.limits;
    let raises = app.desk.raises(trading.number, limits.clone()).await.map_err(|e| from_port(&e))?;
    if raises {
        by_login(&who)?;
        let user = users::by_id(&mut app.store.read(), who.user).await.map_err(|e| from_store(&e))?;
        second_factor(&app, &user, request.totp.as_deref()).await?;
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
