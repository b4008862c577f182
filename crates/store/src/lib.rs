//! The platform's database: one [`Store`], SQLite or PostgreSQL behind it, chosen by a URL.
//!
//! * Every statement is one SQL text with `$n` that both engines understand; [`Amount`] and [`Ts`] hold exact decimals and
//!   microseconds on both. What differs (dialect, pools, the one writer of SQLite) is behind [`Store`].
//! * Reads go through [`Store::read`], changes through [`Store::write`], which carries out a closure as one transaction:
//!   durable when it returns. SQLite lets waiting transactions share a commit.
//! * The tables' functions stand in one module per table and take `&mut Reader` or `&mut Tx`. What belongs to a user cannot
//!   be asked for without an [`Owner`].
//! * One server at a time: [`tenancy`].
//! * Tables of orders, fills, positions and balances are projections of journals: applied once, by sequence, with
//!   [`projections`].
//!
//! Limits: a write closure must only talk to the database; on SQLite others wait for it. Amounts have at most 28 digits.

mod backend;
pub mod backup;
mod bulk;
mod catalog;
mod conditions;
mod error;
mod ids;
mod indexes;
pub mod limits;
pub mod maintenance;
mod migrate;
pub mod months;
mod observe;
mod options;
mod pace;
mod record;
mod row;
mod statement;
pub mod statistics;
mod store;
mod tables;
pub mod tenancy;
pub mod tune;
mod tx;
mod value;

pub use backend::Engine;
pub use error::StoreError;
pub use ids::{
    AccountId, AlertId, BacktestId, BotId, JobId, ModelId, OrderId, Owner, PositionId, PredictionId,
    SessionId, SilenceId, SweepId, TradeId, TrialId, UserId, VenueKeyId,
};
pub use indexes::{INDEXES, Index};
pub use migrate::{State as VersionState, newest as newest_version};
pub use observe::{SlowStatement, counted};
pub use options::{Class, Location, Options, PoolSize};
pub use store::{PoolSample, Store};
pub use tables::Side;
pub use tables::{
    account_risk, accounts, alerts, audit, balances, bots, jobs, keys, markets, models, orders, positions,
    projections, research, sessions, settings, silences, trades, users,
};
pub use tx::{Reader, Tx};
pub use value::{Amount, Ts};
