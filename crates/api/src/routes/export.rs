//! Everything at once: one's fills as a table for a spreadsheet or a tax adviser, streamed page by page, however many there are.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use store::trades::{self, Filter, Place, Trade};
use store::{Owner, Store, StoreError, TradeId, Ts};
use utoipa::IntoParams;

use super::trades::filter;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Viewer, from_store};
use crate::limits::PAGE_MAX;
use crate::wire::{Moment, Query, rfc3339};

/// The columns.
const HEAD: &str =
    "time,id,order,account,bot,exchange,symbol,side,price,quantity,fee,fee_currency,pnl,exchange_trade\n";

/// Which fills.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// Of this account; all of one's own when absent.
    account: Option<String>,
    /// Of this market.
    symbol: Option<String>,
    /// From this moment on.
    #[param(value_type = Option<String>)]
    from: Option<Moment>,
    /// Until before this moment.
    #[param(value_type = Option<String>)]
    to: Option<Moment>,
}

/// All of one's own fills, oldest first, as CSV. A failure in the middle breaks the connection off: a table that ends is whole.
#[utoipa::path(get, path = "/api/trades/export", tag = "orders", operation_id = "exportTrades", params(ExportQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn trades(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    app.caught_up(who.user).await?;
    let of = (query.account.as_deref(), query.symbol.as_deref());
    let asked = filter(&app, of, (query.from, query.to))?;
    // What is traded meanwhile is for the next one.
    let filter = Filter { to: Some(asked.to.unwrap_or_else(Ts::now)), ..asked };
    let start = (filter.from.unwrap_or(Ts(0)), TradeId::of_hash([0; 16]));
    let mut pages = Pages { store: app.store.clone(), owner: who.owner(), filter, after: Some(start) };
    // The first page before the answer: what is wrong can still be said.
    let first = pages.next().await.map_err(|error| from_store(&error))?.unwrap_or_default();
    let rest = futures_util::stream::try_unfold(pages, async |mut pages| {
        let page =
            pages.next().await.inspect_err(|error| tracing::error!(%error, "an export was broken off"));
        Ok::<_, StoreError>(page?.map(|page| (page, pages)))
    });
    let begin = futures_util::stream::iter([Ok(Bytes::from_static(HEAD.as_bytes())), Ok(first)]);
    let body = Body::from_stream(futures_util::StreamExt::chain(begin, rest));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"trades.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, body).into_response())
}

/// What is left to write.
struct Pages {
    store: Store,
    owner: Owner,
    filter: Filter,
    /// The last fill that was written; `None` after the last page.
    after: Option<(Ts, TradeId)>,
}

impl Pages {
    /// The next lines; `None` at the end. One page is in memory at a time.
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let Some((at, id)) = self.after else { return Ok(None) };
        let mut reader = self.store.read_aged();
        let place = Place::After(at, id);
        let mut page = trades::page(&mut reader, self.owner, &self.filter, place, PAGE_MAX).await?;
        page.reverse();
        let more = page.len() >= PAGE_MAX as usize;
        self.after = page.last().filter(|_| more).map(|last| (last.created_at, last.id));
        let mut text = String::with_capacity(page.len() * 300);
        page.iter().for_each(|trade| line(&mut text, trade));
        Ok(Some(text.into()))
    }
}

/// One fill. No field needs quotes: ids, names of letters and digits, numbers.
fn line(text: &mut String, trade: &Trade) {
    let bot = trade.bot_id.map(|id| id.to_string()).unwrap_or_default();
    let pnl = trade.pnl.map(|pnl| pnl.to_string()).unwrap_or_default();
    let Trade { id, order_id, account_id, exchange, symbol, price, quantity, fee, fee_currency, .. } = trade;
    let (side, number, at) = (trade.side.word(), &trade.venue_trade_id, rfc3339(trade.created_at.time()));
    // Writing to a text does not fail.
    let _ = writeln!(
        text,
        "{at},{id},{order_id},{account_id},{bot},{exchange},{symbol},{side},{price},{quantity},{fee},{fee_currency},{pnl},{number}"
    );
}
