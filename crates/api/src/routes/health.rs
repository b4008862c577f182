//! Is it alive, is it ready, how is it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bus::bots::BotQuery;
use serde::Serialize;
use store::{Owner, StoreError, accounts, bots, orders, positions};
use utoipa::ToSchema;

use super::bots::desk;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Anybody, Viewer, from_store};
use crate::ports::{Component, Condition};
use crate::wire::{Json, Moment};

/// How long the database may take to answer.
const DATABASE_PATIENCE: Duration = Duration::from_secs(2);

/// The process answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
    /// Of the program.
    version: &'static str,
    /// Seconds since it started.
    uptime_s: u64,
    /// Now.
    time: Moment,
}

fn health(app: &App) -> Json<Health> {
    Json(Health {
        status: "ok",
        version: app.version,
        uptime_s: app.started.elapsed().as_secs(),
        time: Moment(crate::app::now()),
    })
}

/// Liveness: the process answers. Says nothing about what it depends on.
#[utoipa::path(get, path = "/api/health", tag = "health", operation_id = "getHealth", security(()),
    responses((status = 200, body = Health)))]
pub(crate) async fn alive(State(app): State<Arc<App>>) -> impl IntoResponse {
    health(&app)
}

/// The same at the address that older clients and load balancers use.
#[utoipa::path(get, path = "/health", tag = "health", operation_id = "getHealthAtOldPath", security(()),
    responses((status = 200, body = Health)))]
pub(crate) async fn alive_at_old_path(State(app): State<Arc<App>>) -> impl IntoResponse {
    health(&app)
}

/// The database's health.
#[derive(Serialize, ToSchema)]
pub(crate) struct DatabaseHealth {
    /// `ok` or `down`.
    status: &'static str,
    /// `sqlite` or `postgres`.
    engine: &'static str,
    /// How long a small question took, milliseconds.
    latency_ms: u64,
}

/// What the database's health is, and how long it took to tell.
async fn database(app: &App) -> (Result<(), StoreError>, u64) {
    let asked = Instant::now();
    let answer = app.store.ping(DATABASE_PATIENCE).await;
    (answer, u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX))
}

/// Whether the database answers.
#[utoipa::path(get, path = "/api/health/db", tag = "health", operation_id = "getDatabaseHealth", security(()),
    responses((status = 200, body = DatabaseHealth), (status = 503, body = DatabaseHealth)))]
pub(crate) async fn database_alive(State(app): State<Arc<App>>) -> Response {
    let (answer, latency_ms) = database(&app).await;
    let engine = app.store.engine().name();
    match answer {
        Ok(()) => Json(DatabaseHealth { status: "ok", engine, latency_ms }).into_response(),
        Err(error) => {
            tracing::warn!(%error, "the database does not answer");
            let body = Json(DatabaseHealth { status: "down", engine, latency_ms });
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}

/// A part of the platform.
#[derive(Serialize, ToSchema)]
#[schema(as = Component)]
pub(crate) struct ComponentBody {
    /// `database`, `database_lock` (no other server uses it), `exchange`, `intents` (orders by hand are recorded), `tables`, `instances`
    /// (rooms of other instances) or `bots`.
    name: String,
    /// `ok`, `degraded` or `down`.
    status: String,
    /// What is to be known about it.
    detail: String,
    /// How it was in each of the last minutes, oldest first, at most sixty; since the process started.
    beats: Vec<&'static str>,
}

impl ComponentBody {
    fn of(component: Component, app: &App) -> Self {
        Self {
            beats: app.beats.of(component.name),
            name: component.name.to_owned(),
            status: component.condition.word().to_owned(),
            detail: component.detail,
        }
    }
}

/// All parts.
#[derive(Serialize, ToSchema)]
pub(crate) struct DetailedHealth {
    /// The worst of the parts: `ok`, `degraded` or `down`.
    status: String,
    /// Of the program.
    version: &'static str,
    /// Seconds since it started.
    uptime_s: u64,
    /// Now.
    time: Moment,
    /// The parts.
    components: Vec<ComponentBody>,
}

/// How each part is. What this process only has in its memory is asked of the port.
pub(crate) async fn components(app: &App) -> Vec<Component> {
    let (answer, latency_ms) = database(app).await;
    let engine = app.store.engine().name();
    let database = match answer {
        Ok(()) => Component::ok("database", format!("{engine}, answered in {latency_ms} ms")),
        Err(_) => Component::down("database", format!("{engine} does not answer")),
    };
    let bots = match desk::ask(app, BotQuery::List {}).await {
        Ok(bus::bots::BotReply::Bots(all)) => {
            let running = all.iter().filter(|bot| bot.state == "running").count();
            Component::ok("bots", format!("{running} of {} run", all.len()))
        }
        Ok(_) => Component::down("bots", "the driver answered something else".to_owned()),
        Err(error) => Component::down("bots", error.to_string()),
    };
    let mut all = vec![database, bots];
    all.extend(app.health.components());
    all
}

fn worst(components: &[Component]) -> Condition {
    components.iter().map(|component| component.condition).max().unwrap_or(Condition::Ok)
}

/// How each part of the platform is.
#[utoipa::path(get, path = "/api/health/detailed", tag = "health", operation_id = "getDetailedHealth",
    responses((status = 200, body = DetailedHealth), (status = 401, body = Problem), (status = 503, body = DetailedHealth)))]
pub(crate) async fn detailed(State(app): State<Arc<App>>, _who: Viewer) -> Response {
    let components = components(&app).await;
    let worst = worst(&components);
    let body = Json(DetailedHealth {
        status: worst.word().to_owned(),
        version: app.version,
        uptime_s: app.started.elapsed().as_secs(),
        time: Moment(crate::app::now()),
        components: components.into_iter().map(|component| ComponentBody::of(component, &app)).collect(),
    });
    let status = if worst == Condition::Down { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, body).into_response()
}

/// Whether requests should be sent here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// True if every part that a request needs works.
    ready: bool,
    /// The parts that do not work; `stopping` once the server was told to stop.
    down: Vec<String>,
}

/// Readiness, for load balancers: the parts that requests need work. Details are for those who are logged in.
#[utoipa::path(get, path = "/ready", tag = "health", operation_id = "getReady", security(()),
    responses((status = 200, body = Ready), (status = 503, body = Ready)))]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    let mut down: Vec<String> = components(&app)
        .await
        .into_iter()
        .filter(|component| component.condition == Condition::Down)
        .map(|component| component.name.to_owned())
        .collect();
    if app.dials.is_draining() {
        down.push("stopping".to_owned());
    }
    let status = if down.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready: down.is_empty(), down })).into_response()
}

/// The platform at a glance.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    /// `ok`, `degraded` or `down`.
    status: String,
    /// Of the program.
    version: &'static str,
    /// Seconds since it started.
    uptime_s: u64,
    /// Now.
    time: Moment,
    /// Markets listed.
    markets: usize,
    /// True until the first administrator exists.
    needs_setup: bool,
    /// What the administrators tell everybody; absent for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
    /// What is one's own; absent without a login.
    own: Option<OwnStatus>,
}

/// What belongs to the one who asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnStatus {
    /// The user's name.
    username: String,
    /// `viewer`, `trader` or `admin`.
    role: String,
    /// Accounts, those of bots included.
    accounts: usize,
    /// Accounts that are halted.
    halted_accounts: usize,
    /// Bots.
    bots: usize,
    /// Bots that run.
    running_bots: usize,
    /// Orders that can still trade, at most 1,000 counted.
    live_orders: usize,
    /// Open positions.
    open_positions: usize,
}

/// The platform at a glance: the public part for everybody, one's own part with a login.
#[utoipa::path(get, path = "/api/status", tag = "health", operation_id = "getStatus", security((), ("bearer" = [])),
    responses((status = 200, body = Status), (status = 401, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn status(
    State(app): State<Arc<App>>,
    Anybody(who): Anybody,
) -> Result<Json<Status>, Problem> {
    let own = match &who {
        None => None,
        Some(who) => Some(OwnStatus {
            username: who.name.to_string(),
            role: who.role.word().to_owned(),
            ..own(&app, who.owner()).await.map_err(|e| from_store(&e))?
        }),
    };
    let worst = worst(&components(&app).await);
    // A database that does not answer is not asked once more.
    let notice = match worst {
        Condition::Down => None,
        _ => super::system::read(&app).await.ok().and_then(|settings| settings.notice),
    };
    Ok(Json(Status {
        status: worst.word().to_owned(),
        version: app.version,
        uptime_s: app.started.elapsed().as_secs(),
        time: Moment(crate::app::now()),
        markets: app.markets.instruments().len(),
        needs_setup: app.setup.is_open(),
        notice,
        own,
    }))
}

async fn own(app: &App, owner: Owner) -> Result<OwnStatus, StoreError> {
    let mut reader = app.store.read();
    let accounts = accounts::list(&mut reader, owner).await?;
    let found = bots::list(&mut reader, owner, None).await?;
    let live = orders::Filter { live: true, ..orders::Filter::default() };
    Ok(OwnStatus {
        username: String::new(),
        role: String::new(),
        accounts: accounts.len(),
        halted_accounts: accounts.iter().filter(|account| account.halted_at.is_some()).count(),
        bots: found.len(),
        running_bots: found.iter().filter(|bot| bot.status == bots::BotStatus::Running).count(),
        live_orders: orders::page(&mut reader, owner, &live, 1_000).await?.len(),
        open_positions: positions::open(&mut reader, owner, None).await?.len(),
    })
}
