//! One module per table, or per family of tables.

pub mod sessions;
pub mod users;
