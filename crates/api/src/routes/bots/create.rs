//! Making a bot.
//!
//! The record comes first, with everything that was asked for; then the driver makes the bot under a key that is the record's
//! id, so that a creation that broke off half-way is finished by the next start of the bot and never made twice.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use bus::LaneError;
use bus::bots::{BotCommand, BotEntry, BotMarket, Holding, NewBot, NewBracket, NewLimits};
use store::accounts::{self, Account, Mode};
use store::bots::{self, Bot, BotStatus};
use store::{AccountId, BotId, Owner, StoreError, Ts, audit};

use super::body::{BotBody, LimitsBody, NewBotBody};
use super::desk::{self, from_lane};
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Principal, Trader, from_store};
use crate::auth::secret_hash;
use crate::models::registry_name;
use crate::research::Guards;
use crate::routes::accounts::name_of;
use crate::routes::markets::from_port;
use crate::routes::models::usable;
use crate::routes::orders::idempotency_key;
use crate::wire::{Decimal, Json};

/// Most markets of one bot; strategies say how many they need.
const MARKETS_MAX: usize = 20;

/// Makes a bot with an account of its own. It waits until it is started.
#[utoipa::path(post, path = "/api/bots", tag = "bots", operation_id = "createBot", request_body = NewBotBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "the same key is never a second bot")),
    responses((status = 201, body = BotBody), (status = 200, body = BotBody, description = "made before with this key"),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem),
        (status = 415, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    headers: HeaderMap,
    Json(new): Json<NewBotBody>,
) -> Result<(StatusCode, Json<BotBody>), Problem> {
    let owner = who.owner();
    let key = idempotency_key(&headers)?;
    let id = key.map_or_else(BotId::new, |key| {
        let hash = secret_hash(&format!("{}\nbot\n{key}", who.user));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        BotId::of_hash(bytes)
    });
    if key.is_some()
        && let Ok(known) = bots::by_id(&mut app.store.read(), owner, id).await
    {
        let entry = desk::entry(&app, &known).await;
        return Ok((StatusCode::OK, Json(BotBody::of(known, entry))));
    }
    let known = bots::list(&mut app.store.read(), owner, None).await.map_err(|e| from_store(&e))?;
    let most = crate::routes::system::read(&app).await.map_err(|e| from_store(&e))?.bots_per_user;
    if known.len() >= most as usize {
        return Err(Problem::refused("too_many_bots", format!("a user has at most {most} bots")));
    }
    let model = match &new.model_id {
        Some(model) => {
            let model = usable(&app, owner, model).await?;
            Some(format!("{}@{}", registry_name(model.id), model.version))
        }
        None => None,
    };
    let bot = row(&app, &who, id, new, model)?;
    record(&app, &who, &bot).await?;
    match finish(&app, owner, &bot).await {
        Ok(entry) => {
            let bot = bots::by_id(&mut app.store.read(), owner, id).await.map_err(|e| from_store(&e))?;
            Ok((StatusCode::CREATED, Json(BotBody::of(bot, Some(entry)))))
        }
        Err(problem) => {
            // A clear no: nothing of it stays. Otherwise the record stays `starting`, and a start finishes it.
            if problem.status == StatusCode::UNPROCESSABLE_ENTITY.as_u16() {
                forget(&app, owner, &bot).await;
            }
            Err(problem)
        }
    }
}

/// The record of a bot to be made.
fn row(
    app: &App,
    who: &Principal,
    id: BotId,
    new: NewBotBody,
    model: Option<String>,
) -> Result<Bot, Problem> {
    let name = name_of(&new.name.unwrap_or_else(|| default_name(&new.strategy, id)))?;
    if new.markets.is_empty() || new.markets.len() > MARKETS_MAX {
        return Err(Problem::refused("bad_market", format!("a bot trades 1 to {MARKETS_MAX} markets")));
    }
    let first = app.instrument(&new.markets[0].symbol)?;
    let mut markets = Vec::with_capacity(new.markets.len());
    for market in &new.markets {
        let instrument = app.instrument(&market.symbol)?;
        markets.push(BotMarket { symbol: instrument.id.to_string(), interval: market.interval.clone() });
    }
    let asked = NewBot {
        name: Some(at_desk(&name, id)),
        strategy: new.strategy.clone(),
        markets,
        params: new.params.into_iter().map(|(name, value)| (name, value.0)).collect(),
        funds: new
            .funds
            .iter()
            .map(|(asset, amount)| Holding {
                asset: asset.to_ascii_uppercase(),
                amount: amount.as_str().to_owned(),
            })
            .collect(),
        limits: limits_of(&new.limits),
        model,
        bracket: bracket_of(new.bracket),
        found: None,
    };
    let now = Ts::now();
    Ok(Bot {
        id,
        user_id: who.user,
        account_id: AccountId::new(),
        name,
        strategy: new.strategy,
        exchange: first.id.venue.to_string(),
        symbol: first.id.symbol.to_string(),
        bar_interval: new.markets[0].interval.clone(),
        params: serde_json::to_string(&asked.params).unwrap_or_default(),
        status: BotStatus::Starting,
        status_reason: None,
        revision: 1,
        created_at: now,
        updated_at: now,
        started_at: None,
        stopped_at: None,
        desk_name: asked.name.clone(),
        asked: serde_json::to_string(&asked).map_err(|e| Problem::internal(&e))?,
    })
}

/// What it may do, in the driver's words.
fn limits_of(limits: &LimitsBody) -> NewLimits {
    let text = |decimal: &Option<Decimal>| decimal.as_ref().map(|d| d.as_str().to_owned());
    NewLimits {
        order_qty_max: text(&limits.order_quantity_max),
        order_notional_max: text(&limits.order_notional_max),
        position_max: text(&limits.position_max),
        exposure_max: text(&limits.exposure_max),
        // Every bot has an account of its own, and a user's bots are not the server's.
        account_exposure_max: None,
        portfolio_exposure_max: None,
        price_band_bips: limits.price_band_bips,
        losing_streak_max: limits.losing_streak_max,
        cool_down_minutes: limits.cool_down_minutes,
        orders_per_minute: limits.orders_per_minute,
        drawdown_max_bips: limits.drawdown_max_bips,
        daily_loss_max: text(&limits.daily_loss_max),
    }
}

/// What guards its positions, in the driver's words.
fn bracket_of(guards: Guards) -> Option<NewBracket> {
    let Guards { stop_loss_bps, take_profit_bps, trailing_bps } = guards;
    (!guards.is_empty()).then_some(NewBracket { stop_loss_bps, take_profit_bps, trailing_bps })
}

fn short_id(id: BotId) -> String {
    let text = id.0.simple().to_string();
    text[text.len() - 12..].to_owned()
}

fn default_name(strategy: &str, id: BotId) -> String {
    let strategy: String = strategy.chars().take(30).collect();
    format!("{strategy}-{}", &short_id(id)[8..])
}

/// A name that no other bot has at the driver: the owner's, as far as it fits, and 48 bits of the id.
fn at_desk(name: &str, id: BotId) -> String {
    let kept = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    let kept: String = kept.take(bus::bots::NAME_LEN_MAX - 13).collect();
    format!("{kept}.{}", short_id(id))
}

/// The record of the bot and of its account.
async fn record(app: &App, who: &Principal, bot: &Bot) -> Result<(), Problem> {
    let account = Account {
        id: bot.account_id,
        user_id: bot.user_id,
        name: format!("bot {}", bot.desk_name.as_deref().unwrap_or_default()),
        venue: bot.exchange.clone(),
        mode: Mode::Builtin,
        venue_account: None,
        venue_key_id: None,
        is_default: false,
        halted_at: None,
        halt_reason: None,
        created_at: bot.created_at,
        bot_id: Some(bot.id),
    };
    let note =
        who.note("bot.create", bot.id, &serde_json::json!({ "name": bot.name, "strategy": bot.strategy }));
    let bot = bot.clone();
    let noted = app.store.write(move |tx| {
        Box::pin(async move {
            accounts::open(tx, &account).await?;
            bots::insert(tx, &bot).await?;
            audit::append(tx, note, bot.created_at).await.map(|_| ())
        })
    });
    noted.await.map_err(|e: StoreError| {
        if e.is_taken("bots.user_id,name") {
            return Problem::conflict(
                "name_taken",
                "you have a bot with this name already; choose another name",
            );
        }
        from_store(&e)
    })
}

/// Lets the driver make the bot, or finds that it has done so, and notes its account.
pub(super) async fn finish(app: &App, owner: Owner, bot: &Bot) -> Result<BotEntry, Problem> {
    let mut asked: NewBot = serde_json::from_str(&bot.asked).map_err(|e| Problem::internal(&e))?;
    if let Some(label) = asked.model.clone() {
        asked.found = Some(app.models.for_bot(label).await.map_err(|error| from_port(&error))?);
    }
    let key = Some(format!("bot-{}", bot.id.0.simple()));
    let made = desk::command(app, owner.user(), key, BotCommand::Create(Box::new(asked))).await;
    let entry = match made {
        Ok(entry) => entry,
        // Made by a program that stopped before it could note it, so long ago that the key is forgotten.
        Err(LaneError::Refused(refusal)) if refusal.code == "name_taken" => {
            desk::entry(app, bot).await.ok_or_else(|| Problem::refused(refusal.code, refusal.message))?
        }
        Err(error) => return Err(from_lane(&error)),
    };
    let (id, account, number) = (bot.id, bot.account_id, entry.account.to_string());
    let noted = app.store.write(move |tx| {
        Box::pin(async move {
            accounts::set_venue_account(tx, owner, account, &number).await?;
            bots::set_status(tx, owner, id, BotStatus::Paused, None, Ts::now()).await
        })
    });
    noted.await.map_err(|e: StoreError| from_store(&e))?;
    app.desk.follow(types::AccountId(entry.account), owner.user(), account, Some(id));
    Ok(entry)
}

/// Takes back the record of a bot that the driver refused.
async fn forget(app: &App, owner: Owner, bot: &Bot) {
    let (id, account) = (bot.id, bot.account_id);
    let done = app.store.write(move |tx| {
        Box::pin(async move {
            bots::remove(tx, owner, id).await?;
            accounts::remove_unused(tx, owner, account).await
        })
    });
    let done: Result<(), StoreError> = done.await;
    if let Err(error) = done {
        tracing::error!(%error, bot = %id, "the record of a refused bot could not be taken back");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_at_the_driver_is_short_plain_and_its_own() {
        let (a, b) = (BotId::new(), BotId::new());
        let name = at_desk("Mein schöner Bot, der lange heißt und läuft", a);
        assert!(name.len() <= bus::bots::NAME_LEN_MAX && name.starts_with("MeinschnerBotderlan"), "{name}");
        assert_ne!(name, at_desk("Mein schöner Bot, der lange heißt und läuft", b));
        assert!(at_desk("", a).starts_with('.'));
        assert!(name_of(" ").is_err() && name_of("a\u{7}").is_err());
        assert_eq!(name_of(" läuft ").unwrap(), "läuft");
    }
}
