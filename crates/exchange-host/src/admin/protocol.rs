//! What can be asked for and what is answered: one JSON object per line each way. Amounts are decimal text.

use serde::{Deserialize, Serialize};

/// Longest request line in bytes: a public key and a few dozen amounts fit many times.
pub const REQUEST_LEN_MAX: usize = 64 * 1024;
/// Longest answer line in bytes: a page of accounts with all their balances and keys.
pub const REPLY_LEN_MAX: usize = 16 * 1024 * 1024;
/// Accounts of one page.
pub const ACCOUNTS_PAGE_MAX: usize = 500;
/// Amounts of one request: there are far fewer assets.
pub const AMOUNTS_MAX: usize = 100;

/// A request to the operator's side of an exchange. (Without braces, `deny_unknown_fields` would not hold for the short ones.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Opens and funds an account and makes an HMAC key for it ([`Reply::Key`]) or registers its owner's public key
    /// ([`Reply::PublicKey`]).
    AccountCreate {
        /// Its name.
        name: String,
        /// What it starts with.
        #[serde(default)]
        fund: Vec<Amount>,
        /// PEM, Ed25519 or RSA; an HMAC key is made when absent.
        #[serde(default)]
        public_key: Option<String>,
    },
    /// Accounts by id. Answer: [`Reply::Accounts`].
    AccountList {
        /// Only accounts with a higher id.
        #[serde(default)]
        after: Option<u32>,
    },
    /// Brings money in. Answer: [`Reply::Account`].
    AccountFund {
        /// Whose.
        name: String,
        /// How much.
        fund: Vec<Amount>,
    },
    /// Takes available money out. Answer: [`Reply::Account`].
    AccountWithdraw {
        /// Whose.
        name: String,
        /// How much.
        amounts: Vec<Amount>,
    },
    /// Revokes one API key of an account, or all of them. Answer: [`Reply::Revoked`].
    AccountRevoke {
        /// Whose.
        name: String,
        /// Which; all when absent.
        #[serde(default)]
        api_key: Option<String>,
    },
    /// Makes another HMAC key. Answer: [`Reply::Key`].
    KeyCreate {
        /// Whose.
        name: String,
        /// Without the right to trade.
        #[serde(default)]
        read_only: bool,
        /// The owner's words for it.
        #[serde(default)]
        label: String,
    },
    /// Registers a public key (Ed25519 or RSA). Answer: [`Reply::PublicKey`].
    KeyAdd {
        /// Whose.
        name: String,
        /// PEM.
        public_key: String,
        /// Without the right to trade.
        #[serde(default)]
        read_only: bool,
        /// The owner's words for it.
        #[serde(default)]
        label: String,
    },
    /// Takes a snapshot. Answer: [`Reply::Snapshot`].
    Snapshot {},
    /// How the exchange is. Answer: [`Reply::Status`].
    Status {},
    /// How fast the simulated market lives. Answer: [`Reply::Speed`].
    SpeedGet {},
    /// Changes that. Answer: [`Reply::Speed`].
    SpeedSet {
        /// Percent of normal; 0 halts it.
        percent: u32,
    },
}

/// An amount of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// `USDT`.
    pub asset: String,
    /// `100000`: decimal text, exact at the asset's scale, above zero.
    pub amount: String,
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// A new HMAC key.
    Key(Credentials),
    /// A registered public key.
    PublicKey {
        /// The account's name.
        name: String,
        /// `X-MBX-APIKEY`.
        api_key: String,
    },
    /// Accounts.
    Accounts {
        /// By id.
        accounts: Vec<AccountEntry>,
        /// True when there are more after the last one.
        more: bool,
    },
    /// One account.
    Account(AccountEntry),
    /// Keys were revoked.
    Revoked {
        /// So many.
        keys: usize,
    },
    /// A snapshot is on disk.
    Snapshot {
        /// The last command in it.
        seq: u64,
    },
    /// How the exchange is.
    Status {
        /// False once it accepts nothing any more.
        ready: bool,
        /// Why.
        stopped: Option<String>,
        /// The last durable command.
        seq: u64,
        /// The last command in the newest snapshot.
        snapshot_seq: u64,
        /// The disk is almost full: only cancels and the like are accepted.
        #[serde(default)]
        low_on_disk: bool,
        /// Accounts.
        accounts: usize,
        /// The process.
        pid: u32,
    },
    /// How fast the simulated market lives.
    Speed {
        /// Percent of normal.
        percent: u32,
    },
    /// It was not carried out.
    Error {
        /// A stable word for programs.
        code: String,
        /// For people.
        message: String,
    },
}

/// An HMAC key as its owner gets it, once. `Debug` hides the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The account's name.
    pub name: String,
    /// `X-MBX-APIKEY`.
    pub api_key: String,
    /// The secret.
    pub secret: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Credentials");
        shown.field("name", &self.name).field("api_key", &self.api_key).finish_non_exhaustive()
    }
}

/// An account as its operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountEntry {
    /// Its id.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Whether it may place orders.
    pub trading: bool,
    /// One of the simulated participants.
    pub simulated: bool,
    /// By asset, those above zero.
    pub balances: Vec<BalanceEntry>,
    /// Its API keys, oldest first.
    pub keys: Vec<KeyEntry>,
}

/// A holding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceEntry {
    /// Of what.
    pub asset: String,
    /// Can be spent.
    pub available: String,
    /// Reserved by live orders.
    pub locked: String,
}

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEntry {
    /// `X-MBX-APIKEY`.
    pub api_key: String,
    /// `hmac`, `ed25519` or `rsa`.
    pub kind: String,
    /// May read.
    pub read: bool,
    /// May trade.
    pub trade: bool,
    /// The owner's words for it.
    pub label: String,
}
