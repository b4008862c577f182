//! Bots and what happened to them.

use crate::error::StoreError;
use crate::ids::{AccountId, BotId, Owner, UserId};
use crate::limits::PAGE_MAX;
use crate::record::{record, words};
use crate::statement::sql;
use crate::tables::FAR;
use crate::tx::{Reader, Tx};
use crate::value::{Amount, Ts};

/// Most points of a bot's worth that are read at once: a month of minutes.
pub const EQUITY_MAX: u32 = 50_000;

words! {
    /// What a bot is doing.
    pub enum BotStatus {
        /// Nothing.
        Stopped = "stopped",
        /// About to run.
        Starting = "starting",
        /// Trades.
        Running = "running",
        /// Keeps its position and places nothing.
        Paused = "paused",
        /// Closes its position, then stops.
        Exiting = "exiting",
        /// Was ended by an error.
        Failed = "failed",
    }
}

record! {
    /// A bot.
    pub struct Bot in "bots" {
        /// Which.
        id: BotId,
        /// Whose.
        user_id: UserId,
        /// On which account it trades.
        account_id: AccountId,
        /// What the owner calls it.
        name: String,
        /// Its strategy.
        strategy: String,
        /// The exchange.
        exchange: String,
        /// The pair's symbol there.
        symbol: String,
        /// The bars it looks at, like 15m.
        bar_interval: String,
        /// The strategy's parameters: JSON.
        params: String,
        /// What it is doing.
        status: BotStatus,
        /// Why.
        status_reason: Option<String>,
        /// Rises with every change.
        revision: i64,
        /// When it was made.
        created_at: Ts,
        /// When it last changed.
        updated_at: Ts,
        /// When it was last started.
        started_at: Option<Ts>,
        /// When it last stopped.
        stopped_at: Option<Ts>,
        /// Its name at the driver.
        desk_name: Option<String>,
        /// What was asked for when it was made: JSON.
        asked: String,
    }
}

record! {
    /// What a bot was worth.
    pub struct EquityPoint in "bot_equity" {
        /// Which.
        bot_id: BotId,
        /// When.
        taken_at: Ts,
        /// Whose.
        user_id: UserId,
        /// In the quote asset of its first market.
        equity: Amount,
    }
}

record! {
    /// Something that happened to a bot.
    pub struct BotEvent in "bot_events" {
        /// To which.
        bot_id: BotId,
        /// Its number, per bot.
        seq: i64,
        /// Whose bot.
        user_id: UserId,
        /// What kind of thing: decision, order, refusal, state, error.
        kind: String,
        /// In one sentence.
        reason: String,
        /// Particulars: JSON.
        detail: String,
        /// When.
        created_at: Ts,
    }
}

/// Adds a bot.
///
/// # Errors
/// `Taken` of `bots.user_id,name`, `Reference` for an unknown account, and failures of the database.
pub async fn insert(tx: &mut Tx, bot: &Bot) -> Result<(), StoreError> {
    tx.execute(bot.insert()).await.map(|_| ())
}

/// One of a user's bots.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn by_id(reader: &mut Reader, owner: Owner, id: BotId) -> Result<Bot, StoreError> {
    let statement = Bot::select("WHERE id = $1 AND user_id = $2").bind(id).bind(owner);
    Bot::of(&reader.one("bot", statement).await?)
}

/// A user's bots by name; in one state if it is named.
///
/// # Errors
/// Failures of the database.
pub async fn list(
    reader: &mut Reader,
    owner: Owner,
    status: Option<BotStatus>,
) -> Result<Vec<Bot>, StoreError> {
    let rows = match status {
        Some(status) => {
            let statement = Bot::select("WHERE user_id = $1 AND status = $2 ORDER BY name LIMIT 1000");
            reader.all(statement.bind(owner).bind(status)).await?
        }
        None => reader.all(Bot::select("WHERE user_id = $1 ORDER BY name LIMIT 1000").bind(owner)).await?,
    };
    Bot::all_of(&rows)
}

/// All bots in a state, whoever's: what is started again after a restart.
///
/// # Errors
/// Failures of the database.
pub async fn in_status_of_all(reader: &mut Reader, status: BotStatus) -> Result<Vec<Bot>, StoreError> {
    Bot::all_of(&reader.all(Bot::select("WHERE status = $1 ORDER BY id").bind(status)).await?)
}

/// Bots that trade a pair in a state, whoever's.
///
/// # Errors
/// Failures of the database.
pub async fn of_symbol_of_all(
    reader: &mut Reader,
    symbol: &str,
    status: BotStatus,
) -> Result<Vec<Bot>, StoreError> {
    let statement = Bot::select("WHERE symbol = $1 AND status = $2 ORDER BY id").bind(symbol).bind(status);
    Bot::all_of(&reader.all(statement).await?)
}

/// Writes a bot that was read, with what was changed about it; its revision must still be the one that was read.
/// Gives the new revision.
///
/// # Errors
/// `Stale` if somebody changed it meanwhile, `Taken`, and failures of the database.
pub async fn update(tx: &mut Tx, owner: Owner, bot: &Bot, now: Ts) -> Result<i64, StoreError> {
    let text = "UPDATE bots SET name = $4, params = $5, bar_interval = $6, status = $7, status_reason = $8, \
                started_at = $9, stopped_at = $10, updated_at = $11, revision = revision + 1 \
                WHERE id = $1 AND user_id = $2 AND revision = $3 RETURNING revision";
    let statement = sql(text)
        .bind(bot.id)
        .bind(owner)
        .bind(bot.revision)
        .bind(bot.name.as_str())
        .bind(bot.params.as_str())
        .bind(bot.bar_interval.as_str())
        .bind(bot.status)
        .bind(bot.status_reason.as_deref())
        .bind(bot.started_at)
        .bind(bot.stopped_at)
        .bind(now);
    let row = tx.optional(statement).await?;
    row.ok_or(StoreError::Stale("the bot was changed by somebody else"))?.get("revision")
}

/// Sets what one of a user's bots is doing, without regard to its revision: this is what was seen, not a wish.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn set_status(
    tx: &mut Tx,
    owner: Owner,
    id: BotId,
    status: BotStatus,
    reason: Option<&str>,
    now: Ts,
) -> Result<(), StoreError> {
    let text = "UPDATE bots SET status = $3, status_reason = $4, updated_at = $5, revision = revision + 1, \
                started_at = CASE WHEN $3 = 'running' AND status <> 'running' THEN $5 ELSE started_at END, \
                stopped_at = CASE WHEN $3 <> 'running' AND status = 'running' THEN $5 ELSE stopped_at END \
                WHERE id = $1 AND user_id = $2";
    tx.change("bot", sql(text).bind(id).bind(owner).bind(status).bind(reason).bind(now)).await
}

/// All bots that the driver knows, whoever's, in the order of their ids, after one.
///
/// # Errors
/// Failures of the database.
pub async fn at_desk_of_all(
    reader: &mut Reader,
    after: Option<BotId>,
    limit: u32,
) -> Result<Vec<Bot>, StoreError> {
    let after = after.unwrap_or(BotId(uuid::Uuid::nil()));
    let statement = Bot::select("WHERE id > $1 AND desk_name IS NOT NULL ORDER BY id LIMIT $2");
    Bot::all_of(&reader.all(statement.bind(after).bind(limit.min(PAGE_MAX))).await?)
}

/// All bots, by id, after one. For telling their owners.
///
/// # Errors
/// Failures of the database.
pub async fn page_of_all(
    reader: &mut Reader,
    after: Option<BotId>,
    limit: u32,
) -> Result<Vec<Bot>, StoreError> {
    let after = after.unwrap_or(BotId(uuid::Uuid::nil()));
    let statement = Bot::select("WHERE id > $1 ORDER BY id LIMIT $2");
    Bot::all_of(&reader.all(statement.bind(after).bind(limit.min(PAGE_MAX))).await?)
}

/// Notes what bots are worth. A point that is there already is left alone, and so is one of a bot that is gone.
///
/// # Errors
/// Failures of the database.
pub async fn put_equity(tx: &mut Tx, points: &[EquityPoint]) -> Result<(), StoreError> {
    let text = "INSERT INTO bot_equity (bot_id, taken_at, user_id, equity) SELECT $1, $2, $3, $4 \
                WHERE EXISTS (SELECT 1 FROM bots WHERE id = $1) ON CONFLICT (bot_id, taken_at) DO NOTHING";
    for point in points {
        tx.execute(sql(text).bind_all(point.values())).await?;
    }
    Ok(())
}

/// What one of a user's bots was worth, oldest first, from a moment until before another; the newest [`EQUITY_MAX`].
///
/// # Errors
/// Failures of the database.
pub async fn equity(
    reader: &mut Reader,
    owner: Owner,
    id: BotId,
    from: Option<Ts>,
    to: Option<Ts>,
) -> Result<Vec<EquityPoint>, StoreError> {
    let rest = "WHERE bot_id = $1 AND user_id = $2 AND taken_at >= $3 AND taken_at < $4 \
                ORDER BY taken_at DESC LIMIT $5";
    let statement = EquityPoint::select(rest).bind(id).bind(owner);
    let statement = statement.bind(from.unwrap_or(Ts(0))).bind(to.unwrap_or(FAR)).bind(EQUITY_MAX);
    let mut points = EquityPoint::all_of(&reader.all(statement).await?)?;
    points.reverse();
    Ok(points)
}

/// Removes one of a user's bots with its events. Its orders and fills stay.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn remove(tx: &mut Tx, owner: Owner, id: BotId) -> Result<(), StoreError> {
    tx.change("bot", sql("DELETE FROM bots WHERE id = $1 AND user_id = $2").bind(id).bind(owner)).await
}

/// Notes something that happened; `seq` of the event is the caller's. One that is there already is left alone.
///
/// # Errors
/// Failures of the database.
pub async fn append_event(tx: &mut Tx, event: &BotEvent) -> Result<(), StoreError> {
    let text = crate::record::insert_text(BotEvent::TABLE, BotEvent::COLUMNS);
    let text = format!("{text} ON CONFLICT (bot_id, seq) DO NOTHING");
    tx.execute(crate::statement::composed(text).kept().bind_all(event.values())).await.map(|_| ())
}

/// What happened to one of a user's bots, newest first, before a number.
///
/// # Errors
/// Failures of the database.
pub async fn events(
    reader: &mut Reader,
    owner: Owner,
    id: BotId,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<BotEvent>, StoreError> {
    let rest = "WHERE bot_id = $1 AND user_id = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4";
    let statement = BotEvent::select(rest).bind(id).bind(owner).bind(before.unwrap_or(i64::MAX));
    BotEvent::all_of(&reader.all(statement.bind(limit.min(PAGE_MAX))).await?)
}
