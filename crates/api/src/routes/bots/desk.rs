//! Talking to the bots' driver: a user's bot by its id, the driver's no as a problem.

use std::collections::BTreeMap;

use bus::bots::{BotCommand, BotEntry, BotQuery, BotReply};
use bus::{Envelope, LaneError};
use store::bots::{self, Bot};
use store::{BotId, Owner};

use crate::Problem;
use crate::app::App;
use crate::auth::principal::from_store;
use crate::wire::id_of;

/// The driver's no.
pub(crate) fn from_lane(error: &LaneError) -> Problem {
    match error {
        LaneError::Refused(refusal) if refusal.code == "unknown_bot" => Problem::conflict(
            "bot_unknown",
            "the bots' driver does not know this bot; delete it and make another one",
        ),
        LaneError::Refused(refusal) => Problem::refused(refusal.code, refusal.message.clone()),
        LaneError::Busy => {
            Problem::unavailable("busy", "too many requests about bots wait; nothing was changed")
        }
        LaneError::Stopped => Problem::unavailable(
            "bots_stopped",
            "the bots' driver has stopped: nothing trades; the server's log tells why, and a restart goes on",
        ),
    }
}

/// One of a user's bots. What belongs to somebody else is not there.
pub(crate) async fn mine(app: &App, owner: Owner, id: &str) -> Result<Bot, Problem> {
    let id: BotId = id_of(id, "bot")?;
    bots::by_id(&mut app.store.read(), owner, id).await.map_err(|e| from_store(&e))
}

/// The bot's name at the driver.
///
/// # Errors
/// 409 for one that is not made completely.
pub(crate) fn desk_name(bot: &Bot) -> Result<String, Problem> {
    bot.desk_name
        .clone()
        .ok_or_else(|| Problem::conflict("bot_unknown", "this bot was never made at the driver"))
}

/// Gives a command; the bot as it stands then.
pub(crate) async fn command(
    app: &App,
    user: store::UserId,
    key: Option<String>,
    command: BotCommand,
) -> Result<BotEntry, LaneError> {
    // The driver's journal holds a number: the last 64 bits of the random part of the user's id.
    let last: [u8; 8] = user.0.as_bytes()[8..].try_into().unwrap_or_default();
    let number = u64::from_be_bytes(last);
    let envelope = Envelope { account: None, user: Some(number), idempotency_key: key, command };
    match app.bots.commands.submit(envelope).await?.outcome {
        BotReply::Bot(entry) => Ok(*entry),
        _ => Err(LaneError::Stopped),
    }
}

/// Asks.
pub(crate) async fn ask(app: &App, query: BotQuery) -> Result<BotReply, LaneError> {
    app.bots.queries.submit(Envelope::of_operator(query)).await.map(|accepted| accepted.outcome)
}

/// The driver's view of one bot; `None` when it does not answer or know it.
pub(crate) async fn entry(app: &App, bot: &Bot) -> Option<BotEntry> {
    let name = bot.desk_name.clone()?;
    match ask(app, BotQuery::Show { bot: name }).await {
        Ok(BotReply::Bot(entry)) => Some(*entry),
        _ => None,
    }
}

/// The driver's view of all bots, by name; empty when it does not answer.
pub(crate) async fn entries(app: &App) -> BTreeMap<String, BotEntry> {
    match ask(app, BotQuery::List {}).await {
        Ok(BotReply::Bots(all)) => all.into_iter().map(|entry| (entry.name.clone(), entry)).collect(),
        _ => BTreeMap::new(),
    }
}
