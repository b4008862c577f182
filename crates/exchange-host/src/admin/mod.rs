//! Administration: accounts, deposits, keys, snapshots, status. The same operations in this process ([`Admin`]) and through
//! the control socket of a running one.

use types::{AccountName, AssetCode};

use crate::Handle;
use crate::keys::Permissions;

/// Administration of a host in this process. Calls block until the effect is durable.
#[derive(Clone)]
pub struct Admin {
    handle: Handle,
}

/// A new account's credentials. `Debug` hides the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The account's name.
    pub name: AccountName,
    /// `X-MBX-APIKEY`.
    pub api_key: String,
    /// HMAC secret; shown this once.
    pub secret: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("name", &self.name)
            .field("api_key", &self.api_key)
            .finish_non_exhaustive()
    }
}

/// An amount of an asset as an operator writes it: `USDT=100000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funding {
    /// Which asset.
    pub asset: AssetCode,
    /// How much: decimal text, exact at the asset's scale.
    pub amount: String,
}

/// Why an administrative request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// The name is taken.
    #[error("an account named {0} exists already")]
    NameTaken(AccountName),
    /// No such account.
    #[error("there is no account named {0}")]
    UnknownAccount(AccountName),
    /// No such asset.
    #[error("there is no asset {0}")]
    UnknownAsset(AssetCode),
    /// Anything else, in words.
    #[error("{0}")]
    Failed(String),
}

impl Admin {
    /// Administration of `handle`'s host.
    #[must_use]
    pub const fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// Opens an account, funds it and gives it a key: all or nothing. A taken name changes nothing.
    pub fn create_account(
        &self,
        name: AccountName,
        funds: &[Funding],
        permissions: Permissions,
    ) -> Result<Credentials, AdminError> {
        let _ = (funds, permissions, &self.handle);
        Err(AdminError::NameTaken(name))
    }
}
