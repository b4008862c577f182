//! The routes, one folder or file per noun.

// `#[utoipa::path]` writes the extractors' types out once more.
#![allow(unused_qualifications)]

pub(crate) mod account_limits;
pub(crate) mod accounts;
pub(crate) mod alerts;
pub(crate) mod analytics;
pub(crate) mod audit;
pub(crate) mod backtests;
pub(crate) mod bots;
pub(crate) mod export;
pub(crate) mod health;
pub(crate) mod indicators;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod logs;
pub(crate) mod markets;
pub(crate) mod models;
pub(crate) mod monitoring;
pub(crate) mod orders;
pub(crate) mod paged;
pub(crate) mod performance;
pub(crate) mod profile;
mod recorded;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod strategies;
pub(crate) mod sweeps;
pub(crate) mod system;
pub(crate) mod totp;
pub(crate) mod trades;
pub(crate) mod users;
pub(crate) mod venue_keys;
pub(crate) mod venues;
pub(crate) mod ws;
