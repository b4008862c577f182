//! Placing: judged by the account's limits, recorded, sent. In this order, and only then answered.
//!
//! An intent is recorded before it leaves, under a client id of its own ([`crate::ports::Intents`]: durable ahead of the tables, ADR 11);
//! what the exchange says is applied to that record by the projection, once. A key sent as `Idempotency-Key` becomes the client id, so a request that is repeated after a lost
//! answer finds the first one and is never a second order (invariant O1). What is refused is recorded with its reason and never sent.
//! Once an intent is recorded, its sending does not depend on whether somebody still waits for the answer.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use store::orders::Order;
use store::{Amount, Owner, StoreError, Ts, orders};
use types::{ClientOrderId, Instrument, Side, Terms};

use super::intent;
use super::terms::{self, NewOrder};
use super::{OrderBody, apply, idempotency_key};
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Principal, Trader, from_store};
use crate::claims::Claim;
use crate::observe;
use crate::ports::{Intent, LegRequest, OrderRequest, Permit, PortError};
use crate::routes::accounts::{Trading, meant};
use crate::routes::markets::from_port;
use crate::wire::Json;

type Answer = Result<(StatusCode, Json<OrderBody>), Problem>;

/// Places an order. The answer is the order after it met the book.
#[utoipa::path(post, path = "/api/orders", tag = "orders", operation_id = "placeOrder", request_body = NewOrder,
    params(("Idempotency-Key" = Option<String>, Header, description = "the same key is never a second order")),
    responses((status = 201, body = OrderBody), (status = 200, body = OrderBody, description = "placed before with this key"),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem), (status = 504, body = Problem)))]
pub(crate) async fn place(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    headers: HeaderMap,
    Json(new): Json<NewOrder>,
) -> Answer {
    let wanted = wanted(&app, who.owner(), &new).await?;
    let key = idempotency_key(&headers)?;
    let placing = Placing::of(&app, who, &wanted, key).await?;
    if let Some(known) = placing.known(&app).await? {
        return placing.repeated(&app, known).await;
    }
    let judged = match &wanted.trading.account.halted_at {
        Some(_) => Err(PortError::Refused {
            code: "trading_halted",
            detail: "trading of this account is halted; POST /api/resume releases it".to_owned(),
        }),
        None => app.desk.judge(wanted.trading.number, placing.request.clone()).await,
    };
    // From here on nobody's patience counts: an intent that is recorded is sent and settled.
    let work = async move {
        match judged {
            Ok(permit) => placing.carry_out(&app, permit).await,
            Err(error) => placing.refuse(&app, error).await,
        }
    };
    let work = traces::within(traces::current(), work);
    tokio::spawn(work).await.map_err(|error| Problem::internal(&error))?
}

/// What a body asks for, understood.
pub(super) struct Wanted {
    pub(super) instrument: Arc<Instrument>,
    pub(super) side: Side,
    pub(super) legs: Vec<Terms>,
    pub(super) trading: Trading,
}

/// Reads a body and finds its account.
pub(super) async fn wanted(app: &App, owner: Owner, new: &NewOrder) -> Result<Wanted, Problem> {
    let instrument = app.instrument(&new.symbol)?;
    let (side, legs) = terms::read(new, &instrument.market)?;
    let trading = meant(app, owner, new.account.as_deref()).await?;
    by_hand(&trading)?;
    for terms in &legs {
        fits(app, &instrument, terms)?;
    }
    Ok(Wanted { instrument, side, legs, trading })
}

impl Wanted {
    /// The request for the desk; its client ids begin with `name`.
    pub(super) fn request(&self, name: &str) -> Result<OrderRequest, Problem> {
        let id = |text: &str| ClientOrderId::new(text).map_err(|e| Problem::internal(&e));
        let leg = |(at, terms): (usize, &Terms)| {
            let client_id = match self.legs.len() {
                1 => id(name)?,
                _ => id(&format!("{name}{}", if at == 0 { 'a' } else { 'b' }))?,
            };
            Ok(LegRequest { terms: *terms, client_id })
        };
        Ok(OrderRequest {
            instrument: self.instrument.id,
            side: self.side,
            legs: self.legs.iter().enumerate().map(leg).collect::<Result<_, Problem>>()?,
            client_id: id(name)?,
        })
    }
}

/// A bot's account is the bot's alone: an order from elsewhere would make its books wrong.
pub(super) fn by_hand(trading: &Trading) -> Result<(), Problem> {
    if trading.account.bot_id.is_none() {
        return Ok(());
    }
    let detail = "this account belongs to a bot and only the bot trades on it; stop or exit the bot instead";
    Err(Problem::refused("bots_account", detail))
}

/// Refuses an order whose value has more digits than the tables hold: its record would not be exact.
fn fits(app: &App, instrument: &Instrument, terms: &Terms) -> Result<(), Problem> {
    let market = &instrument.market;
    let last = || app.markets.ticker(&instrument.id).map(|ticker| ticker.last);
    let (Some(price), Some(qty)) = (terms.price().or_else(last), terms.qty()) else { return Ok(()) };
    let units = i128::from(price.0) * i128::from(qty.0);
    if Amount::from_units(units, market.price_scale + market.base.scale).is_some() {
        return Ok(());
    }
    let detail =
        "price times quantity has more than 28 digits, which no record holds exactly; send smaller orders";
    Err(Problem::refused("too_large", detail))
}

/// A request on its way: what is asked of the desk, and the records of it.
struct Placing {
    who: Principal,
    instrument: Arc<Instrument>,
    request: OrderRequest,
    /// One for each leg.
    intents: Vec<Order>,
    /// The sender's key is this request's alone until it is answered.
    claim: Option<Claim>,
}

impl Placing {
    async fn of(app: &App, who: Principal, wanted: &Wanted, key: Option<&str>) -> Result<Self, Problem> {
        let name = intent::client_name(&wanted.trading, key);
        let request = wanted.request(&name)?;
        let pair = app.pairs.get(&wanted.instrument.market.id).copied().unwrap_or_default();
        let asked = intent::asked(wanted);
        let intents = request.legs.iter().map(|leg| intent::row(wanted, leg, pair, &asked)).collect();
        let claim = match key {
            Some(_) => Some(app.claims.claim(wanted.trading.account.id, &name).await),
            None => None,
        };
        Ok(Self { who, instrument: Arc::clone(&wanted.instrument), request, intents, claim })
    }

    /// The order that was placed before with the same key.
    async fn known(&self, app: &App) -> Result<Option<Order>, Problem> {
        let Some(first) = self.intents.first().filter(|_| self.claim.is_some()) else { return Ok(None) };
        // It may be recorded and not in the tables yet; what became of it is.
        let recorded = app.intents.known(first.account_id, &first.client_order_id);
        if recorded.is_some() && app.caught_up(self.who.user).await.is_err() {
            return Ok(recorded);
        }
        let (owner, mut reader) = (self.who.owner(), app.store.read());
        let found = orders::by_client_id(&mut reader, owner, first.account_id, &first.client_order_id).await;
        match found {
            Ok(order) => Ok(Some(order)),
            Err(StoreError::Absent { .. }) => Ok(recorded),
            Err(error) => Err(from_store(&error)),
        }
    }

    /// Whether an order that was placed before is the one that is asked for.
    fn is(&self, known: &Order) -> bool {
        let same = |intent: &Order| match (&known.asked, &intent.asked) {
            (Some(before), Some(now)) => before == now,
            _ => {
                known.symbol == intent.symbol
                    && known.side == intent.side
                    && known.order_type == intent.order_type
                    && known.time_in_force == intent.time_in_force
                    // A market order by quote amount is recorded with what it bought.
                    && (known.quantity == intent.quantity || intent.quantity == Amount::ZERO)
                    && known.price == intent.price
                    && known.stop_price == intent.stop_price
            }
        };
        self.intents.first().is_some_and(same)
    }

    /// The answer to a request that came before.
    async fn repeated(&self, app: &App, known: Order) -> Answer {
        if !self.is(&known) {
            let detail = "this Idempotency-Key was used for another order";
            return Err(Problem::conflict("idempotency_key_reused", detail));
        }
        if known.status == "rejected" && known.exchange_order_id.is_none() {
            let why = known.reason.unwrap_or_default();
            let detail = format!("{why} (the order with this Idempotency-Key was never sent; use a new one)");
            return Err(Problem::refused("refused_before", detail));
        }
        let mut all = vec![known];
        for intent in self.intents.iter().skip(1) {
            let (owner, mut reader) = (self.who.owner(), app.store.read());
            let leg = orders::by_client_id(&mut reader, owner, intent.account_id, &intent.client_order_id);
            all.push(leg.await.map_err(|e| from_store(&e))?);
        }
        OrderBody::of_all(&all).map(|body| (StatusCode::OK, Json(body)))
    }

    /// Records intents, durably; the tables follow.
    async fn record(&self, app: &App, rows: Vec<Order>, action: &str, detail: &Value) -> Result<(), Problem> {
        let Some(first) = rows.first() else { return Ok(()) };
        let (note, at) = (self.who.note(action, first.id, detail), first.updated_at);
        let number = app.intents.record(Intent { orders: rows, note, at }).await;
        app.recorded(self.who.user, number.map_err(|error| from_port(&error))?);
        Ok(())
    }

    /// What the audit log is told of the request.
    fn detail(&self) -> Value {
        let Some(first) = self.intents.first() else { return json!({}) };
        let kind = if self.intents.len() > 1 { "oco" } else { &first.order_type };
        let price = |order: &Order| order.price.or(order.stop_price).map(|price| price.to_string());
        json!({
            "account": first.account_id.to_string(), "symbol": first.symbol, "side": first.side.word(),
            "type": kind, "quantity": first.quantity.to_string(),
            "price": self.intents.iter().find_map(price),
        })
    }

    async fn carry_out(self, app: &App, permit: Box<dyn Permit>) -> Answer {
        self.record(app, self.intents.clone(), "order.place", &self.detail()).await?;
        match observe::order(&self.instrument.id, self.request.side, permit.send()).await {
            Ok(placed) => {
                app.wrote(self.who.user, placed.seq);
                let market = &self.instrument.market;
                let one = |(mut row, view): (Order, &types::OrderView)| {
                    apply(&mut row, view, market);
                    row
                };
                let all: Vec<Order> = self.intents.iter().cloned().zip(&placed.orders).map(one).collect();
                OrderBody::of_all(&all).map(|body| (StatusCode::CREATED, Json(body)))
            }
            Err(error) => Err(self.settle(app, &error).await),
        }
    }

    /// Records a refusal with its reason; nothing was sent.
    async fn refuse(self, app: &App, error: PortError) -> Answer {
        let problem = from_port(&error);
        if !matches!(error, PortError::Refused { .. } | PortError::Limit { .. }) {
            return Err(problem);
        }
        let mut detail = self.detail();
        detail["code"] = json!(problem.code);
        detail["reason"] = json!(problem.detail);
        let rows = self.intents.iter().cloned().map(|row| ended(row, &problem)).collect();
        self.record(app, rows, "order.refused", &detail).await?;
        Err(problem)
    }

    /// What became of intents that have no order: the records say so, and the caller is told.
    async fn settle(self, app: &App, error: &PortError) -> Problem {
        let problem = from_port(error);
        if matches!(error, PortError::Unknowable(_) | PortError::Failed(_)) {
            // The record stays pending; it is resolved when the exchange tells, or after a restart.
            return problem;
        }
        let mut detail = self.detail();
        detail["code"] = json!(problem.code);
        detail["reason"] = json!(problem.detail);
        let rows: Vec<Order> = self.intents.iter().cloned().map(|row| ended(row, &problem)).collect();
        if let Err(error) = self.record(app, rows, "order.refused", &detail).await {
            tracing::error!(error = error.detail, "a refusal could not be noted");
        }
        problem
    }
}

fn ended(mut row: Order, problem: &Problem) -> Order {
    "rejected".clone_into(&mut row.status);
    row.live = false;
    row.reason = Some(problem.detail.clone());
    row.updated_at = Ts::now();
    row
}
