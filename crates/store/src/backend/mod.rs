//! The two engines behind one [`Store`](crate::Store).

pub(crate) mod gate;
pub(crate) mod postgres;
pub(crate) mod replica;
pub(crate) mod sqlite;
pub(crate) mod writer;

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One file in the data directory.
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

pub(crate) enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}
