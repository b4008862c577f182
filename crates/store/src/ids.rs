//! Identities as newtypes. Version 7 UUIDs: they sort by time, and 74 random bits cannot be guessed.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::value::Value;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(pub Uuid);

            impl $name {
                /// A new one: the time and 74 random bits.
                #[must_use]
                #[expect(clippy::new_without_default, reason = "a default that differs each time misleads")]
                pub fn new() -> Self {
                    Self(Uuid::now_v7())
                }
            }

            impl $name {
                /// One that follows from a hash (version 8 UUID): what is written twice gets the same.
                #[must_use]
                pub const fn of_hash(hash: [u8; 16]) -> Self {
                    Self(uuid::Builder::from_custom_bytes(hash).into_uuid())
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    self.0.fmt(f)
                }
            }

            impl std::str::FromStr for $name {
                type Err = uuid::Error;

                fn from_str(text: &str) -> Result<Self, Self::Err> {
                    Uuid::try_parse(text).map(Self)
                }
            }

            impl From<$name> for Value {
                fn from(id: $name) -> Self {
                    Self::Id(Some(id.0))
                }
            }

            impl crate::record::Stored for $name {
                fn read(row: &crate::row::Row, column: &str) -> Result<Self, crate::error::StoreError> {
                    row.get(column).map(Self)
                }
                fn value(&self) -> Value {
                    (*self).into()
                }
            }

            impl crate::record::Stored for Option<$name> {
                fn read(row: &crate::row::Row, column: &str) -> Result<Self, crate::error::StoreError> {
                    Ok(row.maybe(column)?.map($name))
                }
                fn value(&self) -> Value {
                    (*self).into()
                }
            }

            impl From<Option<$name>> for Value {
                fn from(id: Option<$name>) -> Self {
                    Self::Id(id.map(|id| id.0))
                }
            }
        )*
    };
}

id!(
    /// A user.
    UserId,
    /// A login: a family of refresh tokens (`sid` of the access token).
    SessionId,
    /// A user's key of another exchange.
    VenueKeyId,
    /// A trading account of a user.
    AccountId,
    /// A bot.
    BotId,
    /// An order of the platform.
    OrderId,
    /// A fill of a user's order.
    TradeId,
    /// A position.
    PositionId,
    /// A back-test.
    BacktestId,
    /// A sweep: many back-tests over a space of parameters.
    SweepId,
    /// One back-test of a sweep.
    TrialId,
    /// A trained model.
    ModelId,
    /// A forecast of a model.
    PredictionId,
    /// An alert.
    AlertId,
    /// A silence: a rule that nobody is told of for a while.
    SilenceId,
    /// A job of the queue.
    JobId,
);

/// Whose rows a call may touch. Every call on a table with owners takes one; there is no way around it but the calls
/// named `..._of_all`, which administration uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner(UserId);

impl Owner {
    /// The rows of this user: of the one who asks, established by authentication.
    #[must_use]
    pub const fn of(user: UserId) -> Self {
        Self(user)
    }

    /// The user.
    #[must_use]
    pub const fn user(self) -> UserId {
        self.0
    }
}

impl From<Owner> for Value {
    fn from(owner: Owner) -> Self {
        owner.0.into()
    }
}
