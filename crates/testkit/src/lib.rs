//! What tests of several crates share. Imported as a dev-dependency only.

mod listing;
pub mod port;
pub mod postgres;
pub mod redis;

pub use listing::Listing;
pub use postgres::{Database, OwnPostgres, Postgres, certificates};
pub use redis::Redis;
