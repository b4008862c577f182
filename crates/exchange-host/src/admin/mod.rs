//! Administration: accounts, deposits, keys, snapshots, status, the simulated market's speed. The same requests in this
//! process ([`Admin`]) and through the control socket of a running server ([`Client`]).
//!
//! Calls block: on the disk, and until their commands are durable. One at a time changes accounts, so that two of them
//! cannot pick the same id.

mod client;
mod error;
mod protocol;
pub(crate) mod socket;

use std::sync::{MutexGuard, PoisonError};

use types::event::AccountView;
use types::{AccountId, AccountName, AssetCode, Command, Event, FeeRate, Money};

pub use client::{Client, ClientError};
pub use error::AdminError;
pub use protocol::{
    ACCOUNTS_PAGE_MAX, AMOUNTS_MAX, AccountEntry, Amount, BalanceEntry, Credentials, KeyEntry, REPLY_LEN_MAX,
    REQUEST_LEN_MAX, Reply, Request,
};
pub use socket::SOCKET_NAME;

use crate::handle::block_on;
use crate::keys::{Grant, KeyKind, KeyRecord, Permissions};
use crate::limits::{INTERNAL_FROM, TRANSFER_MAX};
use crate::{Catalog, Handle, SubmitError};

/// What new accounts pay, as maker and as taker: 0.1 %.
pub(crate) const FEE: FeeRate = FeeRate(100_000);

/// Requests on the control socket that are not the exchange's: the program puts its other parts behind the same door.
pub trait Extension: std::fmt::Debug + Send + Sync {
    /// Answers a line of JSON by one; `None` if the request is not one of its own. Called on a connection's thread; may block.
    fn answer(&self, line: &[u8]) -> Option<Vec<u8>>;
}

/// Administration of a host in this process.
#[derive(Clone, Debug)]
pub struct Admin {
    handle: Handle,
}

impl Admin {
    /// Administration of `handle`'s host.
    #[must_use]
    pub const fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// What somebody else behind the same door says to a line.
    pub(crate) fn extended(&self, line: &[u8]) -> Option<Vec<u8>> {
        self.handle.extension.get()?.answer(line)
    }

    /// Carries a request out. A request that fails answers [`Reply::Error`].
    #[must_use]
    pub fn perform(&self, request: Request) -> Reply {
        self.carry_out(request).unwrap_or_else(|error| Reply::Error {
            code: error.code().to_owned(),
            message: error.to_string(),
        })
    }

    fn carry_out(&self, request: Request) -> Result<Reply, AdminError> {
        match request {
            Request::AccountCreate { name, fund, public_key: None } => {
                self.create_account(&name, &fund).map(Reply::Key)
            }
            Request::AccountCreate { name, fund, public_key: Some(pem) } => {
                let api_key = self.create_account_with_key(&name, &fund, &pem)?;
                Ok(Reply::PublicKey { name, api_key })
            }
            Request::AccountList { after } => Ok(self.list(after)),
            Request::AccountFund { name, fund } => self.transfer(&name, &fund, deposit).map(Reply::Account),
            Request::AccountWithdraw { name, amounts } => {
                self.transfer(&name, &amounts, withdraw).map(Reply::Account)
            }
            Request::AccountRevoke { name, api_key } => {
                self.revoke(&name, api_key.as_deref()).map(|keys| Reply::Revoked { keys })
            }
            Request::KeyCreate { name, read_only, label } => {
                self.create_key(&name, rights(read_only), &label).map(Reply::Key)
            }
            Request::KeyAdd { name, public_key, read_only, label } => {
                let api_key = self.add_public_key(&name, &public_key, rights(read_only), &label)?;
                Ok(Reply::PublicKey { name, api_key })
            }
            Request::Snapshot {} => {
                let seq = block_on(self.handle.snapshot()).map_err(AdminError::Snapshot)?;
                Ok(Reply::Snapshot { seq })
            }
            Request::Status {} => Ok(self.status()),
            Request::SpeedGet {} => self.speed().map(|percent| Reply::Speed { percent }),
            Request::SpeedSet { percent } => {
                self.handle.set_speed(percent).ok_or(AdminError::NoParticipants)?;
                self.speed().map(|percent| Reply::Speed { percent })
            }
        }
    }

    /// Opens an account, funds it and gives it an HMAC key with all permissions, all or nothing: everything is checked and the
    /// key is sealed first; opening and funding are one journal record. (A crash between the two leaves a key
    /// that is void, for an account that does not exist.)
    pub fn create_account(&self, name: &str, fund: &[Amount]) -> Result<Credentials, AdminError> {
        let key = self.open_account(name, fund, |grant| {
            let key = self.handle.keys().create_hmac(grant)?;
            Ok((key.api_key.clone(), key))
        })?;
        Ok(Credentials { name: name.to_owned(), api_key: key.api_key, secret: key.secret })
    }

    /// The same with the owner's public key (PEM, Ed25519 or RSA); returns its API key.
    pub fn create_account_with_key(
        &self,
        name: &str,
        fund: &[Amount],
        pem: &str,
    ) -> Result<String, AdminError> {
        self.open_account(name, fund, |grant| {
            let api_key = self.handle.keys().add_public(grant, pem)?;
            Ok((api_key.clone(), api_key))
        })
    }

    /// Opens and funds an account that has the key `make_key` makes (it tells the API key and what to return).
    fn open_account<T>(
        &self,
        name: &str,
        fund: &[Amount],
        make_key: impl FnOnce(&Grant<'_>) -> Result<(String, T), AdminError>,
    ) -> Result<T, AdminError> {
        let name = parse_name(name)?;
        let _one_at_a_time = self.lock();
        if self.handle.view().account_by_name(&name).is_some() {
            return Err(AdminError::NameTaken(name));
        }
        let (account, commands) = self.opening(name, fund)?;
        let grant = Grant { account, account_name: &name, permissions: Permissions::ALL, label: "" };
        let (api_key, made) = make_key(&grant)?;
        match self.submit_batch(commands) {
            Ok(()) => Ok(made),
            // It may have been opened: the key stays, and is void if it was not.
            Err(SubmitError::Stopped) => Err(SubmitError::Stopped.into()),
            Err(error) => {
                self.handle.keys().revoke(&api_key)?;
                Err(error.into())
            }
        }
    }

    /// Opens and funds an account that no API key belongs to: the platform itself trades on it, in this process. When the
    /// account exists already it is left as it is and its id is given, so that a caller that crashed half-way can ask again.
    pub fn ensure_account(&self, name: &str, fund: &[Amount]) -> Result<AccountId, AdminError> {
        let name = parse_name(name)?;
        let _one_at_a_time = self.lock();
        if let Some(known) = self.handle.view().account_by_name(&name) {
            return Ok(known.id);
        }
        let (account, commands) = self.opening(name, fund)?;
        self.submit_batch(commands)?;
        Ok(account)
    }

    /// The next account's id and the commands that open and fund it. The caller holds the lock until they are carried out.
    fn opening(&self, name: AccountName, fund: &[Amount]) -> Result<(AccountId, Vec<Command>), AdminError> {
        let account = self.next_id();
        let mut commands = vec![Command::OpenAccount { account, name, maker: FEE, taker: FEE }];
        commands.extend(self.transfers(account, fund, deposit)?);
        Ok((account, commands))
    }

    /// Makes another HMAC key.
    pub fn create_key(
        &self,
        name: &str,
        permissions: Permissions,
        label: &str,
    ) -> Result<Credentials, AdminError> {
        let account = self.account(name)?;
        let key = self.handle.keys().create_hmac(&grant(&account, permissions, label))?;
        Ok(Credentials { name: account.name.to_string(), api_key: key.api_key, secret: key.secret })
    }

    /// Registers a public key (PEM, Ed25519 or RSA) and returns its API key.
    pub fn add_public_key(
        &self,
        name: &str,
        pem: &str,
        permissions: Permissions,
        label: &str,
    ) -> Result<String, AdminError> {
        let account = self.account(name)?;
        Ok(self.handle.keys().add_public(&grant(&account, permissions, label), pem)?)
    }

    /// Revokes one API key of an account, or all of them; returns how many. Effective at once; live orders stay.
    pub fn revoke(&self, name: &str, api_key: Option<&str>) -> Result<usize, AdminError> {
        let account = self.account(name)?;
        let Some(api_key) = api_key else { return Ok(self.handle.keys().revoke_account(account.id)?) };
        let unknown = || AdminError::UnknownKey(api_key.to_owned());
        self.handle.keys().get(api_key).filter(|record| record.account == account.id).ok_or_else(unknown)?;
        if self.handle.keys().revoke(api_key)? { Ok(1) } else { Err(unknown()) }
    }

    /// Carries out one batch of deposits or withdrawals, all or nothing as far as amounts can be checked before.
    fn transfer(
        &self,
        name: &str,
        amounts: &[Amount],
        command: Transfer,
    ) -> Result<AccountEntry, AdminError> {
        let account = self.account(name)?;
        let commands = self.transfers(account.id, amounts, command)?;
        if !commands.is_empty() {
            self.submit_batch(commands)?;
        }
        Ok(self.info(&self.handle.view().catalog(), &account))
    }

    fn transfers(
        &self,
        account: AccountId,
        amounts: &[Amount],
        command: Transfer,
    ) -> Result<Vec<Command>, AdminError> {
        if amounts.len() > AMOUNTS_MAX {
            return Err(AdminError::BadRequest(format!("more than {AMOUNTS_MAX} amounts")));
        }
        let catalog = self.handle.view().catalog();
        amounts
            .iter()
            .map(|amount| {
                let code = AssetCode::new(&amount.asset)
                    .map_err(|why| AdminError::BadRequest(format!("asset {:?} {why}", amount.asset)))?;
                let listed = || catalog.assets.iter().map(|a| a.code.as_str()).collect::<Vec<_>>().join(", ");
                let asset = catalog
                    .asset_by_code(code.as_str())
                    .ok_or_else(|| AdminError::UnknownAsset(code, listed()))?;
                let bad =
                    |why: String| AdminError::BadAmount { asset: code, amount: amount.amount.clone(), why };
                let value =
                    types::decimal::parse(&amount.amount, asset.scale).map_err(|e| bad(e.to_string()))?;
                if value <= 0 {
                    return Err(bad("is not above zero".to_owned()));
                }
                if value > TRANSFER_MAX {
                    return Err(bad("is more than a transfer may move".to_owned()));
                }
                Ok(command(account, asset.id, Money(value)))
            })
            .collect()
    }

    /// One journal record for all; the first refusal inside counts as the refusal of the whole.
    pub(crate) fn submit_batch(&self, commands: Vec<Command>) -> Result<(), SubmitError> {
        let receipt = self.handle.submit(Command::Batch(commands), None).wait()?;
        let refused = receipt.events.iter().find_map(|event| match event {
            Event::Refused { refusal, .. } => Some(refusal.clone()),
            _ => None,
        });
        refused.map_or(Ok(()), |refusal| Err(SubmitError::Refused(refusal)))
    }

    fn list(&self, after: Option<u32>) -> Reply {
        let catalog = self.handle.view().catalog();
        let mut all = self.handle.view().accounts();
        all.retain(|account| after.is_none_or(|after| account.id.0 > after));
        let more = all.len() > ACCOUNTS_PAGE_MAX;
        all.truncate(ACCOUNTS_PAGE_MAX);
        Reply::Accounts { accounts: all.iter().map(|account| self.info(&catalog, account)).collect(), more }
    }

    fn status(&self) -> Reply {
        let status = self.handle.status();
        Reply::Status {
            ready: status.ready,
            stopped: status.stopped,
            seq: status.seq,
            snapshot_seq: status.snapshot_seq,
            low_on_disk: status.low_on_disk,
            accounts: self.handle.view().accounts().len(),
            pid: std::process::id(),
        }
    }

    fn speed(&self) -> Result<u32, AdminError> {
        self.handle.speed().ok_or(AdminError::NoParticipants)
    }

    fn info(&self, catalog: &Catalog, account: &AccountView) -> AccountEntry {
        let held = self.handle.view().balances(account.id).balances;
        let balances = held.iter().filter(|b| b.available.0 != 0 || b.locked.0 != 0).filter_map(|balance| {
            let asset = catalog.asset(balance.asset)?;
            let text = |amount: Money| types::decimal::format(amount.0, asset.scale);
            Some(BalanceEntry {
                asset: asset.code.to_string(),
                available: text(balance.available),
                locked: text(balance.locked),
            })
        });
        AccountEntry {
            id: account.id.0,
            name: account.name.to_string(),
            trading: account.trading,
            simulated: account.id >= INTERNAL_FROM,
            balances: balances.collect(),
            keys: self.handle.keys().of_account(account.id).iter().map(|key| key_entry(key)).collect(),
        }
    }

    fn account(&self, name: &str) -> Result<AccountView, AdminError> {
        let parsed = parse_name(name)?;
        let found = self.handle.view().account_by_name(&parsed);
        found.ok_or_else(|| AdminError::UnknownAccount(name.to_owned()))
    }

    /// The id after the highest of the customers' accounts, first is 1. The caller has the lock.
    pub(crate) fn next_id(&self) -> AccountId {
        let accounts = self.handle.view().accounts();
        let last = accounts.iter().map(|account| account.id).filter(|id| *id < INTERNAL_FROM).max();
        AccountId(last.map_or(0, |id| id.0) + 1)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, ()> {
        self.handle.account_changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes one transfer's command.
type Transfer = fn(AccountId, types::AssetId, Money) -> Command;

fn deposit(account: AccountId, asset: types::AssetId, amount: Money) -> Command {
    Command::Deposit { account, asset, amount }
}

fn withdraw(account: AccountId, asset: types::AssetId, amount: Money) -> Command {
    Command::Withdraw { account, asset, amount }
}

fn parse_name(name: &str) -> Result<AccountName, AdminError> {
    AccountName::new(name).map_err(|why| AdminError::BadName(name.to_owned(), why))
}

const fn rights(read_only: bool) -> Permissions {
    Permissions { read: true, trade: !read_only }
}

const fn grant<'a>(account: &'a AccountView, permissions: Permissions, label: &'a str) -> Grant<'a> {
    Grant { account: account.id, account_name: &account.name, permissions, label }
}

fn key_entry(key: &KeyRecord) -> KeyEntry {
    let kind = match key.kind() {
        KeyKind::Hmac => "hmac",
        KeyKind::Ed25519 => "ed25519",
        KeyKind::Rsa => "rsa",
    };
    KeyEntry {
        api_key: key.api_key.clone(),
        kind: kind.to_owned(),
        read: key.permissions.read,
        trade: key.permissions.trade,
        label: key.label.clone(),
    }
}
