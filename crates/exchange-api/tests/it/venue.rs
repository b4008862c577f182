//! A running exchange behind its API, in a directory of its own, without participants; and a client that signs.

use std::sync::Arc;

use exchange_api::{ApiConfig, BoundServer, serve};
use exchange_host::keys::Grant;
use exchange_host::{Handle, Host, HostConfig, Permissions, open};
use tempfile::TempDir;
use types::{AccountId, AccountName, Command, FeeRate, Money};

use crate::client::{Client, Key};

/// What every account starts with: (asset, whole units).
const FUNDS: &[(&str, i64)] =
    &[("USDT", 1_000_000), ("BTC", 100), ("ETH", 1_000), ("SOL", 10_000), ("KRW", 1_000_000_000)];

/// The exchange, its server and two accounts with money.
pub(crate) struct Venue {
    pub(crate) handle: Handle,
    pub(crate) server: BoundServer,
    pub(crate) alice: Key,
    pub(crate) bob: Key,
    host: Host,
    pub(crate) stopper: http::Stopper,
    dir: TempDir,
}

impl Venue {
    /// With everything at its default but the limits on requests and orders, which are off.
    pub(crate) async fn start() -> Self {
        Self::with(ApiConfig { rate: None, ..ApiConfig::default() }).await
    }

    pub(crate) async fn with(mut config: ApiConfig) -> Self {
        config.addr.set_port(0);
        let dir = tempfile::tempdir().unwrap();
        let host = open(&HostConfig::new(dir.path()), &mut |_| {}).unwrap();
        let handle = host.handle();
        let alice = account(&handle, 1_001, "alice").await;
        let bob = account(&handle, 1_002, "bob").await;
        let (stopper, stop) = http::stop();
        let server = serve(handle.clone(), config, stop).await.unwrap();
        Self { handle, server, alice, bob, host, stopper, dir }
    }

    /// Stops everything in order and starts it again on the same directory, with the limits on requests and orders off.
    pub(crate) async fn restart(self) -> Self {
        let Self { handle, server, alice, bob, host, stopper, dir } = self;
        drop(handle);
        stopper.stop();
        server.ended().await;
        tokio::task::spawn_blocking(|| host.shutdown()).await.unwrap();
        let mut config = ApiConfig { rate: None, ..ApiConfig::default() };
        config.addr.set_port(0);
        let host = open(&HostConfig::new(dir.path()), &mut |_| {}).unwrap();
        let handle = host.handle();
        let (stopper, stop) = http::stop();
        let server = serve(handle.clone(), config, stop).await.unwrap();
        Self { handle, server, alice, bob, host, stopper, dir }
    }

    /// A client without a key.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.server.local_addr())
    }

    /// A client that signs as alice.
    pub(crate) fn alice(&self) -> Client {
        self.client().with_key(self.alice.clone())
    }

    /// A client that signs as bob.
    pub(crate) fn bob(&self) -> Client {
        self.client().with_key(self.bob.clone())
    }

    /// Another HMAC key of alice's.
    pub(crate) fn add_key(&self, permissions: Permissions) -> Key {
        let name = AccountName::new("alice").unwrap();
        let grant = Grant { account: AccountId(1_001), account_name: &name, permissions, label: "more" };
        let key = self.handle.keys().create_hmac(&grant).unwrap();
        Key { api_key: Arc::from(key.api_key), secret: Arc::from(key.secret) }
    }

    /// A public key of alice's that may do everything; gives its API key.
    pub(crate) fn add_public_key(&self, pem: &str) -> String {
        let name = AccountName::new("alice").unwrap();
        let permissions = Permissions { read: true, trade: true };
        let grant = Grant { account: AccountId(1_001), account_name: &name, permissions, label: "public" };
        self.handle.keys().add_public(&grant, pem).unwrap()
    }

    /// The number of the last command that took effect: equal numbers, equal state.
    pub(crate) fn seq(&self) -> u64 {
        self.handle.status().seq
    }

    /// Stops the server and the exchange in order.
    pub(crate) async fn stop(self) {
        self.stopper.stop();
        self.server.ended().await;
        tokio::task::spawn_blocking(|| self.host.shutdown()).await.unwrap();
    }
}

/// Opens an account with money and gives it a key that may do everything.
pub(crate) async fn account(handle: &Handle, id: u32, name: &str) -> Key {
    let (id, name) = (AccountId(id), AccountName::new(name).unwrap());
    let fee = FeeRate(100_000);
    submit(handle, Command::OpenAccount { account: id, name, maker: fee, taker: fee }).await;
    let catalog = handle.view().catalog();
    for (code, amount) in FUNDS {
        let asset = catalog.asset_by_code(code).unwrap();
        let amount = Money(i128::from(*amount) * 10_i128.pow(u32::from(asset.scale)));
        submit(handle, Command::Deposit { account: id, asset: asset.id, amount }).await;
    }
    let permissions = Permissions { read: true, trade: true };
    let grant = Grant { account: id, account_name: &name, permissions, label: "test" };
    let key = handle.keys().create_hmac(&grant).unwrap();
    Key { api_key: Arc::from(key.api_key), secret: Arc::from(key.secret) }
}

async fn submit(handle: &Handle, command: Command) {
    handle.submit(command, None).await.unwrap();
}
