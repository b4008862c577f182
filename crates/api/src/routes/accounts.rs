//! Trading accounts of the one who asks.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::accounts::{Account, Mode};
use store::{AccountId, Owner, StoreError, Ts, accounts, audit};
use utoipa::ToSchema;

use super::markets::from_port;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Principal, Trader, Viewer, from_store};
use crate::wire::{Decimal, Json, Moment, id_of};

/// The name of the account that a user gets without asking.
const FIRST_NAME: &str = "main";
/// Longest name in characters.
const NAME_LEN_MAX: usize = 40;

/// A trading account.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountBody {
    /// Its id.
    id: String,
    /// What its owner calls it.
    name: String,
    /// The venue it trades on.
    venue: String,
    /// `builtin` (the exchange in the box), `paper` or `live`.
    mode: &'static str,
    /// The one that is meant when none is named.
    is_default: bool,
    /// Since when it takes no new orders.
    halted_at: Option<Moment>,
    /// Why.
    halt_reason: Option<String>,
    /// The bot it belongs to: nothing else trades on it.
    bot: Option<String>,
    /// When it was opened.
    created_at: Moment,
}

impl AccountBody {
    fn of(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            venue: account.venue.clone(),
            mode: account.mode.word(),
            is_default: account.is_default,
            halted_at: account.halted_at.map(|at| Moment(at.time())),
            halt_reason: account.halt_reason.clone(),
            bot: account.bot_id.map(|id| id.to_string()),
            created_at: Moment(account.created_at.time()),
        }
    }
}

/// An account that trades on the built-in exchange, with its number there.
#[derive(Clone, Debug)]
pub(crate) struct Trading {
    pub(crate) account: Account,
    pub(crate) number: types::AccountId,
}

/// The account that a request means: the named one, or the user's default, which is opened with test money when there is none.
pub(crate) async fn meant(app: &App, owner: Owner, named: Option<&str>) -> Result<Trading, Problem> {
    let named = named.map(|id| id_of::<AccountId>(id, "account")).transpose()?;
    let changes = match app.accounts.get(owner.user(), named) {
        Ok(known) => return Ok(known),
        Err(changes) => changes,
    };
    let found = match named {
        Some(id) => accounts::by_id(&mut app.store.read(), owner, id).await.map_err(|e| from_store(&e))?,
        None => match accounts::default(&mut app.store.read(), owner).await {
            Ok(account) => account,
            Err(StoreError::Absent { .. }) => open_first(app, owner).await?,
            Err(error) => return Err(from_store(&error)),
        },
    };
    let trading = opened(app, owner, found).await?;
    app.accounts.put(owner.user(), named, &trading, changes);
    Ok(trading)
}

/// The first account of a user. Two requests that come at once make one.
async fn open_first(app: &App, owner: Owner) -> Result<Account, Problem> {
    match record(app, owner, FIRST_NAME, true).await {
        Ok(account) => Ok(account),
        Err(StoreError::Taken { .. }) => {
            accounts::default(&mut app.store.read(), owner).await.map_err(|e| from_store(&e))
        }
        Err(error) => Err(from_store(&error)),
    }
}

async fn record(app: &App, owner: Owner, name: &str, is_default: bool) -> Result<Account, StoreError> {
    let account = Account {
        id: AccountId::new(),
        user_id: owner.user(),
        name: name.to_owned(),
        venue: "local".to_owned(),
        mode: Mode::Builtin,
        venue_account: None,
        venue_key_id: None,
        is_default,
        halted_at: None,
        halt_reason: None,
        created_at: Ts::now(),
        bot_id: None,
    };
    let kept = account.clone();
    app.store.write(move |tx| Box::pin(async move { accounts::open(tx, &kept).await })).await?;
    app.accounts.forget(owner.user());
    Ok(account)
}

/// What an account of people's is called at the exchange.
#[must_use]
pub fn name_at_exchange(account: AccountId) -> String {
    format!("p-{}", account.0.simple())
}

/// Sees to it that an account exists at the exchange too. The record comes first and the name there is derived from its id, so
/// a crash in between is mended by the next request.
async fn opened(app: &App, owner: Owner, account: Account) -> Result<Trading, Problem> {
    if let Some(number) = account.venue_account.as_deref().and_then(|text| text.parse().ok()) {
        return Ok(Trading { account, number: types::AccountId(number) });
    }
    if account.bot_id.is_some() {
        let detail = "the bot of this account is not made completely; start it, and it is finished";
        return Err(Problem::conflict("bot_starting", detail));
    }
    let number = app.desk.open(name_at_exchange(account.id)).await.map_err(|e| from_port(&e))?;
    let (id, text) = (account.id, number.0.to_string());
    let account = Account { venue_account: Some(text.clone()), ..account };
    let noted = app
        .store
        .write(move |tx| Box::pin(async move { accounts::set_venue_account(tx, owner, id, &text).await }));
    noted.await.map_err(|e: StoreError| from_store(&e))?;
    app.accounts.forget(owner.user());
    app.desk.follow(number, owner.user(), id, None);
    Ok(Trading { account, number })
}

/// A name that a person gives something: 1 to 40 characters, none of them a control character.
pub(crate) fn name_of(text: &str) -> Result<String, Problem> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > NAME_LEN_MAX || name.chars().any(char::is_control) {
        return Err(Problem::refused("name", format!("a name has 1 to {NAME_LEN_MAX} characters")));
    }
    Ok(name.to_owned())
}

/// The account of a bot.
pub(crate) async fn of_bot(app: &App, owner: Owner, id: AccountId) -> Result<Account, Problem> {
    accounts::by_id(&mut app.store.read(), owner, id).await.map_err(|e| from_store(&e))
}

/// One's own accounts.
#[utoipa::path(get, path = "/api/accounts", tag = "accounts", operation_id = "listAccounts",
    responses((status = 200, body = Vec<AccountBody>), (status = 401, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
) -> Result<Json<Vec<AccountBody>>, Problem> {
    let found = accounts::list(&mut app.store.read(), who.owner()).await.map_err(|e| from_store(&e))?;
    Ok(Json(found.iter().map(AccountBody::of).collect()))
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    /// What to call it, 1 to 40 characters.
    name: String,
    /// Whether it is meant when none is named.
    is_default: Option<bool>,
}

/// Opens an account on the built-in exchange, with test money.
#[utoipa::path(post, path = "/api/accounts", tag = "accounts", operation_id = "openAccount", request_body = NewAccount,
    responses((status = 201, body = AccountBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Json(new): Json<NewAccount>,
) -> Result<(StatusCode, Json<AccountBody>), Problem> {
    let name = name_of(&new.name)?;
    let known = accounts::list(&mut app.store.read(), who.owner()).await.map_err(|e| from_store(&e))?;
    let most = super::system::read(&app).await.map_err(|e| from_store(&e))?.accounts_per_user;
    if known.iter().filter(|account| account.bot_id.is_none()).count() >= most as usize {
        return Err(Problem::refused("too_many_accounts", format!("a user has at most {most} accounts")));
    }
    let account =
        record(&app, who.owner(), &name, new.is_default == Some(true)).await.map_err(|e| from_store(&e))?;
    let id = account.id;
    opened(&app, who.owner(), account).await?;
    app.audit(who.note("account.open", id, &serde_json::json!({ "name": name }))).await;
    let account =
        accounts::by_id(&mut app.store.read(), who.owner(), id).await.map_err(|e| from_store(&e))?;
    Ok((StatusCode::CREATED, Json(AccountBody::of(&account))))
}

/// What an account holds of one asset.
#[derive(Serialize, ToSchema)]
pub(crate) struct BalanceBody {
    /// `BTC`.
    asset: String,
    /// Can be spent.
    free: Decimal,
    /// Reserved by live orders.
    locked: Decimal,
    /// Both.
    total: Decimal,
}

/// Which account.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Its id; the default account when absent.
    account: Option<String>,
}

/// What an account holds, straight from the exchange.
#[utoipa::path(get, path = "/api/balances", tag = "accounts", operation_id = "listBalances", params(Which),
    responses((status = 200, body = Vec<BalanceBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub(crate) async fn balances(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    crate::wire::Query(which): crate::wire::Query<Which>,
) -> Result<Json<Vec<BalanceBody>>, Problem> {
    let trading = meant(&app, who.owner(), which.account.as_deref()).await?;
    let holdings = app.desk.holdings(trading.number);
    let body = |h: &crate::ports::Holding| BalanceBody {
        asset: h.code.to_string(),
        free: Decimal::of(h.available.0, h.scale),
        locked: Decimal::of(h.locked.0, h.scale),
        total: Decimal::of(h.available.0.saturating_add(h.locked.0), h.scale),
    };
    Ok(Json(holdings.iter().map(body).collect()))
}

/// Which accounts to stop or release.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct HaltRequest {
    /// One account; all of one's own when absent.
    account: Option<String>,
    /// Why, for the record.
    reason: Option<String>,
}

/// The kill switch: cancels every live order and lets no new one in, by whatever way it comes, until it is released.
#[utoipa::path(post, path = "/api/halt", tag = "accounts", operation_id = "halt", request_body = HaltRequest,
    responses((status = 200, body = Vec<AccountBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn halt(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Json(request): Json<HaltRequest>,
) -> Result<Json<Vec<AccountBody>>, Problem> {
    let reason = request.reason.unwrap_or_else(|| "by its owner".to_owned());
    set_halted(&app, &who, request.account.as_deref(), Some(reason.chars().take(200).collect())).await
}

/// Releases the kill switch; nothing else does.
#[utoipa::path(post, path = "/api/resume", tag = "accounts", operation_id = "resume", request_body = HaltRequest,
    responses((status = 200, body = Vec<AccountBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn resume(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Json(request): Json<HaltRequest>,
) -> Result<Json<Vec<AccountBody>>, Problem> {
    set_halted(&app, &who, request.account.as_deref(), None).await
}

async fn set_halted(
    app: &App,
    who: &Principal,
    named: Option<&str>,
    reason: Option<String>,
) -> Result<Json<Vec<AccountBody>>, Problem> {
    let owner = who.owner();
    let chosen = match named {
        Some(_) => vec![meant(app, owner, named).await?.account],
        None => accounts::list(&mut app.store.read(), owner).await.map_err(|e| from_store(&e))?,
    };
    let action = if reason.is_some() { "account.halt" } else { "account.resume" };
    let mut done = Vec::with_capacity(chosen.len());
    for account in chosen {
        let (id, bot) = (account.id, account.bot_id);
        if bot.is_some() && account.venue_account.is_none() {
            // There is nothing at the exchange yet that could trade.
            continue;
        }
        let trading = opened(app, owner, account).await?;
        // The exchange first: an order must not slip in between. If the note then fails, the exchange stays halted.
        let seq = app.desk.set_halted(trading.number, reason.is_some()).await.map_err(|e| from_port(&e))?;
        app.wrote(owner.user(), seq);
        if let Some(bot) = bot.filter(|_| reason.is_some()) {
            halt_bot(app, owner, bot).await;
        }
        let (why, note) = (reason.clone(), who.note(action, id, &serde_json::json!({ "reason": reason })));
        let noted = app.store.write(move |tx| {
            Box::pin(async move {
                let now = Ts::now();
                accounts::set_halt(tx, owner, id, why.as_deref(), now).await?;
                audit::append(tx, note, now).await?;
                accounts::by_id(tx, owner, id).await
            })
        });
        let noted = noted.await.map_err(|e: StoreError| from_store(&e));
        app.accounts.forget(owner.user());
        let account = noted?;
        done.push(AccountBody::of(&account));
    }
    Ok(Json(done))
}

/// Tells a bot's driver what the exchange already enforces. A driver that does not answer is no reason to stop halting.
async fn halt_bot(app: &App, owner: Owner, id: store::BotId) {
    let Ok(bot) = store::bots::by_id(&mut app.store.read(), owner, id).await else { return };
    let Some(name) = bot.desk_name else { return };
    let halt = bus::bots::BotCommand::Halt { bot: name, flatten: false };
    if let Err(error) = super::bots::desk::command(app, owner.user(), None, halt).await {
        tracing::warn!(%error, bot = %id, "the driver did not take the halt; the exchange has it");
    }
}
