//! What a bot is told: start, pause, stop, exit, and messages from outside.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use bus::bots::BotCommand;
use bytes::Bytes;
use store::bots::{self, BotStatus};
use store::{StoreError, Ts, audit};

use super::body::BotBody;
use super::create::finish;
use super::desk::{self, desk_name, from_lane, mine};
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Principal, Trader, from_store};
use crate::routes::accounts;
use crate::wire::Json;

/// Longest message in bytes: what the driver takes.
const SIGNAL_LEN_MAX: usize = 64 * 1024;

/// Gives a command and notes what came of it.
async fn tell(
    app: &App,
    who: &Principal,
    id: &str,
    action: &str,
    command: impl FnOnce(String) -> BotCommand,
) -> Result<Json<BotBody>, Problem> {
    let owner = who.owner();
    let bot = mine(app, owner, id).await?;
    if bot.status == BotStatus::Starting {
        // Its creation broke off.
        finish(app, owner, &bot).await?;
    }
    let entry = desk::command(app, who.user, None, command(desk_name(&bot)?)).await;
    let entry = entry.map_err(|error| from_lane(&error))?;
    let status = entry.state.parse().unwrap_or(BotStatus::Failed);
    let (id, note) = (bot.id, who.note(action, bot.id, &serde_json::json!({ "name": bot.name })));
    let noted = app.store.write(move |tx| {
        Box::pin(async move {
            let now = Ts::now();
            bots::set_status(tx, owner, id, status, None, now).await?;
            audit::append(tx, note, now).await?;
            bots::by_id(tx, owner, id).await
        })
    });
    let bot = noted.await.map_err(|e: StoreError| from_store(&e))?;
    Ok(Json(BotBody::of(bot, Some(entry))))
}

/// Lets a bot act; also releases its own kill switch.
#[utoipa::path(post, path = "/api/bots/{bot_id}/start", tag = "bots", operation_id = "startBot",
    params(("bot_id" = String, Path, description = "the bot's id")),
    responses((status = 200, body = BotBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
) -> Result<Json<BotBody>, Problem> {
    let bot = mine(&app, who.owner(), &id).await?;
    let account = accounts::of_bot(&app, who.owner(), bot.account_id).await?;
    if account.halted_at.is_some() {
        let detail = "the bot's account is halted; POST /api/resume releases it";
        return Err(Problem::refused("trading_halted", detail));
    }
    tell(&app, &who, &id, "bot.start", |bot| BotCommand::Start { bot }).await
}

/// Lets a bot listen but not act; its orders stay.
#[utoipa::path(post, path = "/api/bots/{bot_id}/pause", tag = "bots", operation_id = "pauseBot",
    params(("bot_id" = String, Path, description = "the bot's id")),
    responses((status = 200, body = BotBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn pause(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
) -> Result<Json<BotBody>, Problem> {
    tell(&app, &who, &id, "bot.pause", |bot| BotCommand::Pause { bot }).await
}

/// Stops a bot and cancels its orders; its positions stay.
#[utoipa::path(post, path = "/api/bots/{bot_id}/stop", tag = "bots", operation_id = "stopBot",
    params(("bot_id" = String, Path, description = "the bot's id")),
    responses((status = 200, body = BotBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn stop(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
) -> Result<Json<BotBody>, Problem> {
    tell(&app, &who, &id, "bot.stop", |bot| BotCommand::Stop { bot }).await
}

/// Stops a bot and closes its positions at the market.
#[utoipa::path(post, path = "/api/bots/{bot_id}/exit", tag = "bots", operation_id = "exitBot",
    params(("bot_id" = String, Path, description = "the bot's id")),
    responses((status = 200, body = BotBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn exit(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
) -> Result<Json<BotBody>, Problem> {
    tell(&app, &who, &id, "bot.exit", |bot| BotCommand::Exit { bot }).await
}

/// Hands a bot a message from outside, as it comes: the body is the message, whatever its type. What it means is the
/// strategy's business (see `webhook` in `/api/strategies`); programs sign the request with an API key.
#[utoipa::path(post, path = "/api/bots/{bot_id}/signals", tag = "bots", operation_id = "signalBot",
    params(("bot_id" = String, Path, description = "the bot's id")),
    request_body(content = String, content_type = "text/plain", description = "1 byte to 64 KiB of UTF-8"),
    responses((status = 202, description = "the bot has it"), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn signal(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let bot = mine(&app, who.owner(), &id).await?;
    let text = std::str::from_utf8(&body).map_err(|_| Problem::invalid("a signal is UTF-8 text"))?;
    if text.is_empty() || text.len() > SIGNAL_LEN_MAX {
        return Err(Problem::invalid(format!("a signal has 1 to {SIGNAL_LEN_MAX} bytes")));
    }
    let command = BotCommand::Signal { bot: desk_name(&bot)?, text: text.to_owned() };
    desk::command(&app, who.user, None, command).await.map_err(|error| from_lane(&error))?;
    Ok(StatusCode::ACCEPTED)
}
