//! Fills and positions of the one who asks.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::positions::Position;
use store::trades::{Filter, Place, Trade};
use store::{Side, TradeId, positions, trades};
use types::{InstrumentId, VenueName};
use utoipa::{IntoParams, ToSchema};

use super::orders::{decimal, page_limit};
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Viewer, from_store};
use crate::ports::Markets;
use crate::wire::{Decimal, Json, Moment, Query, id_of};

/// A fill.
#[derive(Serialize, ToSchema)]
#[schema(as = Trade)]
pub(crate) struct TradeBody {
    /// Its id.
    id: String,
    /// The order.
    order_id: String,
    /// The account.
    account: String,
    /// The bot whose order it was.
    bot: Option<String>,
    /// `BTCUSDT`.
    symbol: String,
    /// `buy` or `sell`.
    side: String,
    /// In the quote asset per base.
    price: Decimal,
    /// In the base asset.
    quantity: Decimal,
    /// Paid for it.
    fee: Decimal,
    /// In this asset.
    fee_currency: String,
    /// Realised profit of what it closed, before its fee; absent for a fill that only opened.
    pnl: Option<Decimal>,
    /// When it happened.
    created_at: Moment,
    /// For the next page: give it as `before` or `after`.
    cursor: String,
}

impl TradeBody {
    fn of(trade: &Trade) -> Self {
        Self {
            id: trade.id.to_string(),
            order_id: trade.order_id.to_string(),
            account: trade.account_id.to_string(),
            bot: trade.bot_id.map(|id| id.to_string()),
            symbol: trade.symbol.clone(),
            side: trade.side.word().to_owned(),
            price: decimal(trade.price),
            quantity: decimal(trade.quantity),
            fee: decimal(trade.fee),
            fee_currency: trade.fee_currency.clone(),
            pnl: trade.pnl.map(decimal),
            created_at: Moment(trade.created_at.time()),
            cursor: format!("{}.{}", trade.created_at.0, trade.id),
        }
    }
}

/// Which fills.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TradeQuery {
    /// Of this account; all of one's own when absent.
    account: Option<String>,
    /// Of this market.
    symbol: Option<String>,
    /// `buy` or `sell`.
    side: Option<String>,
    /// From this moment on.
    #[param(value_type = Option<String>)]
    from: Option<Moment>,
    /// Until before this moment.
    #[param(value_type = Option<String>)]
    to: Option<Moment>,
    /// Those before this fill's `cursor`.
    before: Option<String>,
    /// Those after this fill's `cursor`.
    after: Option<String>,
    /// 1 to 1,000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// One's own fills, newest first.
#[utoipa::path(get, path = "/api/trades", tag = "orders", operation_id = "listTrades", params(TradeQuery),
    responses((status = 200, body = Vec<TradeBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Query(query): Query<TradeQuery>,
) -> Result<Json<Vec<TradeBody>>, Problem> {
    app.caught_up(who.user).await?;
    let limit = page_limit(query.limit)?;
    let side = match query.side.as_deref() {
        None => None,
        Some("buy") => Some(Side::Buy),
        Some("sell") => Some(Side::Sell),
        Some(_) => return Err(Problem::invalid("side is buy or sell")),
    };
    let place = match (query.before.as_deref(), query.after.as_deref()) {
        (None, None) => Place::Newest,
        (Some(cursor), None) => cursor_of(cursor).map(|(at, id)| Place::Before(at, id))?,
        (None, Some(cursor)) => cursor_of(cursor).map(|(at, id)| Place::After(at, id))?,
        (Some(_), Some(_)) => return Err(Problem::invalid("give before or after, not both")),
    };
    let of = (query.account.as_deref(), query.symbol.as_deref());
    let filter = Filter { side, ..filter(&app, of, (query.from, query.to))? };
    let found = trades::page(&mut app.store.read(), who.owner(), &filter, place, limit).await;
    Ok(Json(found.map_err(|e| from_store(&e))?.iter().map(TradeBody::of).collect()))
}

/// The fills of an account and a market, each of all when absent, from a moment on until before another.
pub(super) fn filter(
    app: &App,
    (account, symbol): (Option<&str>, Option<&str>),
    (from, to): (Option<Moment>, Option<Moment>),
) -> Result<Filter, Problem> {
    let listed = |text: &str| app.instrument(text).map(|instrument| instrument.id.symbol.to_string());
    Ok(Filter {
        account: account.map(|id| id_of(id, "account")).transpose()?,
        symbol: symbol.map(listed).transpose()?,
        side: None,
        from: from.map(|moment| moment.0.into()),
        to: to.map(|moment| moment.0.into()),
        order: None,
    })
}

fn cursor_of(text: &str) -> Result<(store::Ts, TradeId), Problem> {
    let parts =
        text.split_once('.').and_then(|(at, id)| Some((store::Ts(at.parse().ok()?), id.parse().ok()?)));
    parts.ok_or_else(|| Problem::invalid("this is not the `cursor` of a fill"))
}

/// What an account has traded itself into.
#[derive(Serialize, ToSchema)]
#[schema(as = Position)]
pub(crate) struct PositionBody {
    /// Its id.
    id: String,
    /// The account.
    account: String,
    /// The bot that holds it.
    bot: Option<String>,
    /// `BTCUSDT`.
    symbol: String,
    /// Bought minus sold since it was opened; negative when more was sold. Deposits do not count.
    quantity: Decimal,
    /// Average price of entry.
    entry_price: Decimal,
    /// The market's last price.
    mark_price: Option<Decimal>,
    /// (mark − entry) × quantity, in the quote asset.
    unrealised_pnl: Option<Decimal>,
    /// Realised so far, before fees.
    realised_pnl: Decimal,
    /// Fees so far, in the quote asset.
    fees: Decimal,
    /// When it was opened.
    opened_at: Moment,
    /// When it last changed.
    updated_at: Moment,
}

impl PositionBody {
    pub(crate) fn of(markets: &dyn Markets, position: &Position) -> Self {
        let venue = VenueName::new(&position.exchange);
        let id = venue.and_then(|venue| InstrumentId::parse(&position.symbol, venue));
        let instrument = id.ok().and_then(|id| markets.instrument(&id));
        let mark = instrument.as_ref().and_then(|i| {
            let last = markets.ticker(&i.id)?.last;
            store::Amount::from_units(i128::from(last.0), i.market.price_scale)
        });
        let unrealised = mark.and_then(|mark| mark.minus(position.entry_price)?.times(position.quantity));
        Self {
            id: position.id.to_string(),
            account: position.account_id.to_string(),
            bot: position.bot_id.map(|id| id.to_string()),
            symbol: position.symbol.clone(),
            quantity: decimal(position.quantity),
            entry_price: decimal(position.entry_price),
            mark_price: mark.map(decimal),
            unrealised_pnl: unrealised.map(decimal),
            realised_pnl: decimal(position.realised_pnl),
            fees: decimal(position.fees),
            opened_at: Moment(position.opened_at.time()),
            updated_at: Moment(position.updated_at.time()),
        }
    }
}

/// Which positions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PositionQuery {
    /// Of this account; all of one's own when absent.
    account: Option<String>,
}

/// One's own open positions.
#[utoipa::path(get, path = "/api/positions", tag = "orders", operation_id = "listPositions", params(PositionQuery),
    responses((status = 200, body = Vec<PositionBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn list_positions(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Query(query): Query<PositionQuery>,
) -> Result<Json<Vec<PositionBody>>, Problem> {
    app.caught_up(who.user).await?;
    let account = query.account.map(|id| id_of(&id, "account")).transpose()?;
    let found =
        positions::open(&mut app.store.read(), who.owner(), account).await.map_err(|e| from_store(&e))?;
    Ok(Json(found.iter().map(|position| PositionBody::of(&*app.markets, position)).collect()))
}
