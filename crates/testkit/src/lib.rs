//! What tests of several crates share. Imported as a dev-dependency only.

pub mod postgres;

pub use postgres::{Database, Postgres};
