//! What a bot decided and what it was worth.

use std::sync::Arc;

use axum::extract::{Path, State};
use bus::bots::{BotQuery, BotReply};
use serde::{Deserialize, Serialize};
use store::bots;
use utoipa::{IntoParams, ToSchema};

use super::body::{DecisionBody, short};
use super::desk::{self, desk_name, from_lane, mine};
use crate::Problem;
use crate::app::{App, now};
use crate::auth::principal::{Viewer, from_store};
use crate::limits::CANDLES_MAX;
use crate::routes::orders::{decimal, page_limit};
use crate::wire::{Decimal, Json, Moment, Query, millis};

/// Which decisions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DecisionQuery {
    /// The last so many, 1 to 1,000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// The last decisions of a bot with their reasons, oldest first. Equal ones in a row are one.
#[utoipa::path(get, path = "/api/bots/{bot_id}/decisions", tag = "bots", operation_id = "listBotDecisions",
    params(("bot_id" = String, Path, description = "the bot's id"), DecisionQuery),
    responses((status = 200, body = Vec<DecisionBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn decisions(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
    Query(query): Query<DecisionQuery>,
) -> Result<Json<Vec<DecisionBody>>, Problem> {
    let limit = usize::try_from(page_limit(query.limit)?).unwrap_or(usize::MAX);
    let bot = mine(&app, who.owner(), &id).await?;
    let why = BotQuery::Why { bot: desk_name(&bot)?, limit };
    match desk::ask(&app, why).await.map_err(|error| from_lane(&error))? {
        BotReply::Why(all) => Ok(Json(all.into_iter().map(DecisionBody::of).collect())),
        _ => Err(Problem::internal(&"the driver answered something else")),
    }
}

/// Which part of a bot's history.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EquityQuery {
    /// From this moment on.
    #[param(value_type = Option<String>)]
    from: Option<Moment>,
    /// Until before this moment.
    #[param(value_type = Option<String>)]
    to: Option<Moment>,
    /// Most points, 2 to 5,000; more are thinned out, the first and the last stay.
    #[param(minimum = 2, maximum = 5000, default = 1000)]
    limit: Option<usize>,
}

/// What a bot was worth at a moment.
#[derive(Serialize, ToSchema)]
#[schema(as = BotEquity)]
pub(crate) struct EquityBody {
    /// Milliseconds since 1970.
    t: i64,
    /// In the quote asset of its first market.
    equity: Decimal,
}

/// What a bot was worth over time, oldest first: a point a minute while it runs and one at each fill, at last now.
#[utoipa::path(get, path = "/api/bots/{bot_id}/equity", tag = "bots", operation_id = "getBotEquity",
    params(("bot_id" = String, Path, description = "the bot's id"), EquityQuery),
    responses((status = 200, body = Vec<EquityBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn equity(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
    Query(query): Query<EquityQuery>,
) -> Result<Json<Vec<EquityBody>>, Problem> {
    let limit = query.limit.unwrap_or(1_000);
    if !(2..=CANDLES_MAX).contains(&limit) {
        return Err(Problem::invalid(format!("limit is 2 to {CANDLES_MAX}")));
    }
    let bot = mine(&app, who.owner(), &id).await?;
    let (from, to) = (query.from.map(|m| m.0.into()), query.to.map(|m| m.0.into()));
    let points = bots::equity(&mut app.store.read(), who.owner(), bot.id, from, to).await;
    let points = points.map_err(|e| from_store(&e))?;
    let mut bodies: Vec<EquityBody> = thinned(points.len(), limit)
        .map(|at| EquityBody { t: millis(points[at].taken_at.time()), equity: decimal(points[at].equity) })
        .collect();
    if to.is_none()
        && let Some(equity) = desk::entry(&app, &bot).await.and_then(|entry| entry.equity)
    {
        bodies.push(EquityBody { t: now().millis(), equity: short(&equity) });
    }
    Ok(Json(bodies))
}

/// Places of at most `limit` of `count` points, evenly, the first and the last among them.
pub(crate) fn thinned(count: usize, limit: usize) -> impl Iterator<Item = usize> {
    let kept = count.min(limit);
    (0..kept).map(move |n| if kept < 2 { 0 } else { n * (count - 1) / (kept - 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_thinned_evenly_and_the_ends_stay() {
        let at = |count, limit| thinned(count, limit).collect::<Vec<_>>();
        assert_eq!(at(0, 5), Vec::<usize>::new());
        assert_eq!((at(1, 5), at(3, 5)), (vec![0], vec![0, 1, 2]));
        assert_eq!(at(101, 5), [0, 25, 50, 75, 100]);
        assert_eq!(at(50_000, 2), [0, 49_999]);
    }
}
