//! Layer 4: the platform's REST API for several people: markets, accounts, orders, bots, research, operations.
//!
//! Invariants
//! * A private read or write names its owner; what belongs to somebody else is "not found" (invariant F1).
//! * Errors are problem+json with a stable code, never a panic, a path or a piece of SQL.
//! * The router and the OpenAPI description come from one table; `docs/openapi.json` is pinned by a test.
//!
//! The rest of the process is behind [`ports`]: this crate knows neither the exchange nor the engine.

pub mod account_limits;
pub mod alerting;
mod app;
pub mod auth;
mod beats;
mod broadcast;
mod cached;
mod claims;
mod dials;
mod etag;
mod feeds;
mod known_accounts;
mod last_good;
mod limited;
mod limits;
mod live_indicators;
pub mod logs;
pub mod models;
pub mod monitoring;
mod observe;
mod openapi;
mod operator;
pub mod ports;
mod problem;
mod quick;
pub mod research;
mod routes;
mod server;
mod socket;
mod trace;
mod warm;
pub mod wire;

pub use app::{App, Parts};
pub use broadcast::Broadcast;
pub use dials::{Dialled, Dials};
pub use openapi::document;
pub use operator::Operator;
pub use problem::Problem;
pub use routes::accounts::name_at_exchange;
pub use routes::alerts::{Detail as AlertDetail, runbook_path};
pub use routes::keys::{KeyRequest, new_api_key};
pub use routes::models::keeper::keep as keep_models;
pub use routes::orders::{apply, status_word, tif_word, type_word};
pub use routes::setup::{Names, checked_names};
pub use routes::strategies::{ParamBody, StrategyBody};
pub use server::{ApiConfig, BoundApi, serve};
