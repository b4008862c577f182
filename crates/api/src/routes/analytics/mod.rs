//! How somebody's trading went: the tear sheet of an account, from its fills.
//!
//! Profit is what was closed, by average cost, less the fees of all fills. It is counted in the quote asset of the market, so
//! there is one sheet per quote asset and nothing is converted at a price of today. A fee in the base asset is worth its fill's
//! price; one in a third asset is listed beside.

mod sheet;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::trades::{self, Filter, Place, Trade};
use store::{Owner, Ts};
use utoipa::{IntoParams, ToSchema};

use self::sheet::Sheet;
use crate::Problem;
use crate::app::{App, now};
use crate::auth::principal::{Viewer, from_store};
use crate::wire::{Decimal, Json, Moment, Query, id_of};

/// Most fills of one sheet: a second of reading.
const FILLS_MAX: usize = 100_000;
/// Days that are looked at unless told otherwise.
const DAYS: i64 = 30;
/// Fills read at a time.
const PAGE: u32 = 1_000;

/// Which fills.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AnalyticsQuery {
    /// Of this account; all of one's own when absent.
    account: Option<String>,
    /// Of this market.
    symbol: Option<String>,
    /// From this moment on; 30 days before `to` when absent.
    #[param(value_type = Option<String>)]
    from: Option<Moment>,
    /// Until before this moment; now when absent.
    #[param(value_type = Option<String>)]
    to: Option<Moment>,
}

/// The sums of a market or of a day.
#[derive(Serialize, ToSchema)]
#[schema(as = AnalyticsPart)]
pub(crate) struct PartBody {
    /// `BTCUSDT`, or `2026-11-26` (UTC).
    key: String,
    /// Fills.
    fills: u64,
    /// Fills that closed something.
    closing_fills: u64,
    /// Realised, before fees.
    realised_pnl: Decimal,
    /// Fees of all fills.
    fees: Decimal,
    /// Realised less fees.
    net_pnl: Decimal,
    /// Price times quantity of all fills.
    volume: Decimal,
}

/// The sheet of one quote asset. Amounts are in it.
#[derive(Serialize, ToSchema)]
#[schema(as = AnalyticsSheet)]
pub(crate) struct SheetBody {
    /// The quote asset.
    currency: String,
    /// Fills.
    fills: u64,
    /// Fills that closed something: what win and loss are counted by.
    closing_fills: u64,
    /// Closing fills with a profit.
    wins: u64,
    /// Closing fills with a loss.
    losses: u64,
    /// Wins among closing fills, 0 to 1; absent without any.
    win_rate: Option<Decimal>,
    /// Realised, before fees.
    realised_pnl: Decimal,
    /// Fees of all fills.
    fees: Decimal,
    /// Realised less fees.
    net_pnl: Decimal,
    /// Price times quantity of all fills.
    volume: Decimal,
    /// Sum of the profits over sum of the losses; absent without a loss.
    profit_factor: Option<Decimal>,
    /// Mean profit of the wins.
    average_win: Option<Decimal>,
    /// Mean loss of the losses, below zero.
    average_loss: Option<Decimal>,
    /// Mean result of the closing fills.
    expectancy: Option<Decimal>,
    /// The best closing fill.
    best: Option<Decimal>,
    /// The worst closing fill.
    worst: Option<Decimal>,
    /// Largest fall of the summed net profit from its highest point (which is 0 at the start), zero or above.
    max_drawdown: Decimal,
    /// When that fall began; absent without one.
    drawdown_from: Option<Moment>,
    /// When it was deepest.
    drawdown_to: Option<Moment>,
    /// By market, by name.
    by_symbol: Vec<PartBody>,
    /// By day of UTC, oldest first; days without fills are left out.
    by_day: Vec<PartBody>,
}

/// How trading went.
#[derive(Serialize, ToSchema)]
#[schema(as = Analytics)]
pub(crate) struct AnalyticsBody {
    /// The first moment.
    from: Moment,
    /// The moment after the last.
    to: Moment,
    /// True if there were more than 100,000 fills and only the newest are counted.
    truncated: bool,
    /// One sheet per quote asset, by name.
    sheets: Vec<SheetBody>,
    /// Fees in assets that were neither base nor quote, by asset.
    other_fees: BTreeMap<String, Decimal>,
}

/// How one's trading went: realised profit, fees, win rate, drawdown, by market and by day.
#[utoipa::path(get, path = "/api/analytics", tag = "analytics", operation_id = "getAnalytics", params(AnalyticsQuery),
    responses((status = 200, body = AnalyticsBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn account(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Json<AnalyticsBody>, Problem> {
    app.caught_up(who.user).await?;
    let to: Ts = query.to.map_or_else(now, |to| to.0).into();
    let from: Ts = query.from.map_or_else(|| to.plus_seconds(-DAYS * 86_400), |from| from.0.into());
    if from >= to {
        return Err(Problem::invalid("from is before to"));
    }
    let symbol =
        query.symbol.map(|text| app.instrument(&text).map(|i| i.id.symbol.to_string())).transpose()?;
    let account = query.account.map(|id| id_of(&id, "account")).transpose()?;
    let filter = Filter { account, symbol, from: Some(from), to: Some(to), ..Filter::default() };
    let (fills, truncated) = read(&app, who.owner(), &filter).await?;
    let mut sheets: BTreeMap<String, Sheet> = BTreeMap::new();
    let mut other_fees = BTreeMap::new();
    for fill in &fills {
        let quote = quote_of(&app, fill);
        let sheet = sheets.entry(quote.clone()).or_default();
        if let Some((asset, fee)) = sheet.add(fill, &quote) {
            let sum: &mut store::Amount = other_fees.entry(asset).or_default();
            *sum = sum.plus(fee).unwrap_or(*sum);
        }
    }
    Ok(Json(AnalyticsBody {
        from: Moment(from.time()),
        to: Moment(to.time()),
        truncated,
        sheets: sheets.into_iter().map(|(currency, sheet)| sheet.body(currency)).collect(),
        other_fees: other_fees.into_iter().map(|(asset, sum)| (asset, super::orders::decimal(sum))).collect(),
    }))
}

/// All fills, oldest first; true if older ones were left out.
async fn read(app: &App, owner: Owner, filter: &Filter) -> Result<(Vec<Trade>, bool), Problem> {
    let (mut fills, mut place): (Vec<Trade>, _) = (Vec::new(), Place::Newest);
    loop {
        let page = trades::page(&mut app.store.read_aged(), owner, filter, place, PAGE).await;
        let page = page.map_err(|e| from_store(&e))?;
        let Some(last) = page.last() else { break };
        place = Place::Before(last.created_at, last.id);
        let full = page.len() == PAGE as usize;
        fills.extend(page);
        if !full || fills.len() >= FILLS_MAX {
            break;
        }
    }
    let truncated = fills.len() >= FILLS_MAX;
    fills.reverse();
    Ok((fills, truncated))
}

/// The quote asset of a fill's market; of a market that is not listed any more what its name says.
fn quote_of(app: &App, fill: &Trade) -> String {
    let listed = app.instrument(&format!("{}:{}", fill.exchange, fill.symbol)).ok();
    let named = || fill.symbol.strip_prefix(fill.base.as_str()).unwrap_or(&fill.symbol).to_owned();
    listed.map_or_else(named, |instrument| instrument.market.quote.code.to_string())
}
