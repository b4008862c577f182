//! Bots of the one who asks.
//!
//! What a bot is stands in the database and belongs to its owner; what it does stands at the driver, which knows no users: a
//! bot's name there follows from its id, and only its owner's requests are passed on.

pub(crate) mod body;
pub(crate) mod control;
pub(crate) mod create;
pub(crate) mod desk;
pub(crate) mod limits;
pub(crate) mod record;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use bus::bots::BotCommand;
use serde::Deserialize;
use store::bots::{self, Bot, BotStatus};
use store::{StoreError, Ts, audit};
use utoipa::IntoParams;

use self::body::{BotBody, ChangeBody};
use self::desk::{from_lane, mine};
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Trader, Viewer, from_store};
use crate::routes::accounts::name_of;
use crate::wire::{Json, Query};

/// Which bots.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BotQuery {
    /// `starting`, `paused`, `running`, `stopped` or `failed`; all when absent.
    status: Option<String>,
}

/// One's own bots by name, as they stand.
#[utoipa::path(get, path = "/api/bots", tag = "bots", operation_id = "listBots", params(BotQuery),
    responses((status = 200, body = Vec<BotBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Query(query): Query<BotQuery>,
) -> Result<Json<Vec<BotBody>>, Problem> {
    let wanted: Option<BotStatus> = query
        .status
        .map(|word| word.parse().map_err(|why| Problem::invalid(format!("status {word:?} {why}"))))
        .transpose()?;
    let found = bots::list(&mut app.store.read(), who.owner(), None).await.map_err(|e| from_store(&e))?;
    let mut entries = desk::entries(&app).await;
    let body = |bot: Bot| {
        let entry = bot.desk_name.as_deref().and_then(|name| entries.remove(name));
        BotBody::of(bot, entry)
    };
    let bodies = found.into_iter().map(body).filter(|body| wanted.is_none_or(|wanted| body.is(wanted)));
    Ok(Json(bodies.collect()))
}

/// One of one's own bots.
#[utoipa::path(get, path = "/api/bots/{bot_id}", tag = "bots", operation_id = "getBot",
    params(("bot_id" = String, Path, description = "the bot's id")),
    responses((status = 200, body = BotBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<Json<BotBody>, Problem> {
    let bot = mine(&app, who.owner(), &id).await?;
    let entry = desk::entry(&app, &bot).await;
    Ok(Json(BotBody::of(bot, entry)))
}

/// Gives a bot another name.
#[utoipa::path(patch, path = "/api/bots/{bot_id}", tag = "bots", operation_id = "changeBot",
    params(("bot_id" = String, Path, description = "the bot's id")), request_body = ChangeBody,
    responses((status = 200, body = BotBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
    Json(change): Json<ChangeBody>,
) -> Result<Json<BotBody>, Problem> {
    let owner = who.owner();
    let mut bot = mine(&app, owner, &id).await?;
    let name = name_of(&change.name)?;
    let note = who.note("bot.rename", bot.id, &serde_json::json!({ "from": bot.name, "to": name }));
    bot.revision = change.revision.unwrap_or(bot.revision);
    bot.name = name;
    let changed = app.store.write(move |tx| {
        Box::pin(async move {
            let now = Ts::now();
            bots::update(tx, owner, &bot, now).await?;
            audit::append(tx, note, now).await?;
            bots::by_id(tx, owner, bot.id).await
        })
    });
    let bot = changed.await.map_err(|e: StoreError| from_store(&e))?;
    let entry = desk::entry(&app, &bot).await;
    Ok(Json(BotBody::of(bot, entry)))
}

/// Removes a bot that does not run; its working orders are cancelled. Its orders, fills and its account stay on record, and
/// what it still holds stays on that account: exit it first.
#[utoipa::path(delete, path = "/api/bots/{bot_id}", tag = "bots", operation_id = "deleteBot",
    params(("bot_id" = String, Path, description = "the bot's id")),
    responses((status = 204, description = "removed"), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let owner = who.owner();
    let bot = mine(&app, owner, &id).await?;
    if let Some(entry) = desk::entry(&app, &bot).await {
        if entry.state == "running" {
            return Err(Problem::conflict("bot_runs", "the bot runs; stop or exit it first"));
        }
        // Nothing of it may trade any more, whatever still works at the exchange.
        let stop = BotCommand::Stop { bot: entry.name };
        desk::command(&app, who.user, None, stop).await.map_err(|error| from_lane(&error))?;
    }
    let (id, note) = (bot.id, who.note("bot.delete", bot.id, &serde_json::json!({ "name": bot.name })));
    let removed = app.store.write(move |tx| {
        Box::pin(async move {
            bots::remove(tx, owner, id).await?;
            audit::append(tx, note, Ts::now()).await
        })
    });
    removed.await.map_err(|e: StoreError| from_store(&e))?;
    Ok(StatusCode::NO_CONTENT)
}
