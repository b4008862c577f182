//! What bots were worth, thinned out with age: of each span only its last, its lowest and its highest point stay, so that a
//! curve over years keeps its drawdowns.

use crate::backend::Engine;
use crate::error::StoreError;
use crate::ids::BotId;
use crate::statement::{composed, sql};
use crate::tx::{Reader, Tx};
use crate::value::Ts;

/// Points that one statement removes.
const AT_ONCE: usize = 500;

/// The oldest point of each bot that has one before a moment.
///
/// # Errors
/// Failures of the database.
pub(crate) async fn oldest_of_all(reader: &mut Reader, before: Ts) -> Result<Vec<(BotId, Ts)>, StoreError> {
    // One probe of the primary key per bot instead of a walk through all points.
    let text = "SELECT * FROM (SELECT b.id, (SELECT min(e.taken_at) FROM bot_equity e WHERE e.bot_id = b.id) AS oldest \
                FROM bots b) AS of_all WHERE oldest < $1";
    let rows = reader.all(sql(text).bind(before)).await?;
    rows.iter().map(|row| Ok((BotId(row.get("id")?), row.get("oldest")?))).collect()
}

/// Points of a bot, from a moment until before another, that are neither the last nor the lowest nor the highest of their
/// span of `seconds` (counted from 1970).
///
/// # Errors
/// Failures of the database.
pub(crate) async fn between_extremes(
    reader: &mut Reader,
    bot: BotId,
    from: Ts,
    to: Ts,
    seconds: i64,
) -> Result<Vec<Ts>, StoreError> {
    let (span, value) = match reader.engine() {
        Engine::Sqlite => (format!("taken_at / ({seconds} * 1000000)"), "CAST(equity AS REAL)"),
        Engine::Postgres => (format!("floor(extract(epoch FROM taken_at) / {seconds})"), "equity"),
    };
    let rank = |name: &str, order: &str| {
        format!("row_number() OVER (PARTITION BY {span} ORDER BY {order}, taken_at DESC) AS {name}")
    };
    let text = format!(
        "SELECT taken_at FROM (SELECT taken_at, {}, {}, {} FROM bot_equity \
         WHERE bot_id = $1 AND taken_at >= $2 AND taken_at < $3) AS ranked \
         WHERE by_time > 1 AND by_low > 1 AND by_high > 1 ORDER BY taken_at",
        rank("by_time", "taken_at DESC"),
        rank("by_low", &format!("{value} ASC")),
        rank("by_high", &format!("{value} DESC")),
    );
    let rows = reader.all(composed(text).kept().bind(bot).bind(from).bind(to)).await?;
    rows.iter().map(|row| row.get("taken_at")).collect()
}

/// Removes points of a bot, the first [`AT_ONCE`] of a list; how many.
///
/// # Errors
/// Failures of the database.
pub(crate) async fn remove(tx: &mut Tx, bot: BotId, points: &[Ts]) -> Result<u64, StoreError> {
    let points = points.get(..AT_ONCE).unwrap_or(points);
    if points.is_empty() {
        return Ok(0);
    }
    let places: Vec<String> = (2..points.len() + 2).map(|n| format!("${n}")).collect();
    let text = format!("DELETE FROM bot_equity WHERE bot_id = $1 AND taken_at IN ({})", places.join(", "));
    let mut statement = composed(text).bind(bot);
    if points.len() == AT_ONCE {
        statement = statement.kept();
    }
    tx.execute(statement.bind_all(points.iter().map(|at| (*at).into()))).await
}

/// How many points [`remove`] takes.
pub(crate) const fn at_once() -> usize {
    AT_ONCE
}
