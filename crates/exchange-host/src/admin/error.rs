//! The operator's expected and unexpected "no".

use types::{AccountName, AssetCode};

use crate::{KeysError, SubmitError};

/// Why an administrative request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The name is taken; nothing changed.
    #[error("an account named {0} exists already")]
    NameTaken(AccountName),
    /// No such account.
    #[error("there is no account named {0}")]
    UnknownAccount(String),
    /// Not a name.
    #[error("{0:?} is no account name: it {1}")]
    BadName(String, types::TextError),
    /// No such asset; nothing changed.
    #[error("there is no asset {0}; listed are {1}")]
    UnknownAsset(AssetCode, String),
    /// Not an amount of this asset; nothing changed.
    #[error("{amount:?} is no amount of {asset}: it {why}")]
    BadAmount {
        /// The asset.
        asset: AssetCode,
        /// The text.
        amount: String,
        /// What is wrong with it.
        why: String,
    },
    /// The account has no such API key.
    #[error("the account has no API key {0}")]
    UnknownKey(String),
    /// The API keys could not be changed.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The exchange did not carry the command out.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The snapshot could not be taken.
    #[error("no snapshot was taken: {0}")]
    Snapshot(String),
    /// This exchange has no simulated participants.
    #[error("this exchange runs without simulated participants")]
    NoParticipants,
    /// The request is none.
    #[error("the request cannot be read: {0}")]
    BadRequest(String),
    /// Too many administrators at once.
    #[error("too many connections to the control socket")]
    Busy,
}

impl AdminError {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NameTaken(_) => "name_taken",
            Self::UnknownAccount(_) => "unknown_account",
            Self::BadName(..) => "bad_name",
            Self::UnknownAsset(..) => "unknown_asset",
            Self::BadAmount { .. } => "bad_amount",
            Self::UnknownKey(_) => "unknown_key",
            Self::Keys(KeysError::Public(_)) => "bad_public_key",
            Self::Keys(_) => "keys",
            Self::Submit(SubmitError::Refused(_)) => "refused",
            Self::Submit(SubmitError::Busy) | Self::Busy => "busy",
            Self::Submit(SubmitError::NoRoom) => "no_room",
            Self::Submit(SubmitError::Late | SubmitError::Stopped) => "stopped",
            Self::Snapshot(_) => "snapshot",
            Self::NoParticipants => "no_participants",
            Self::BadRequest(_) => "bad_request",
        }
    }
}
