//! What holds on both engines.

mod auditing;
mod batches;
mod keys;
mod logins;
mod people;
mod queue;
mod research;
mod trading;
mod transactions;

pub(crate) use trading::{bot, trade};

use futures_util::future::BoxFuture;
use store::accounts::{self, Account, Mode};
use store::markets::{self, Currency, Pair};
use store::users::{self, NewUser, Role, User};
use store::{AccountId, Amount, Owner, Store, StoreError, Ts, Tx};

/// A moment in the tests' time.
pub(crate) const T0: Ts = Ts(1_796_000_000_000_000);

/// A trader.
pub(crate) async fn add_user(store: &Store, name: &str) -> User {
    let new = NewUser {
        username: name.to_owned(),
        email: Some(format!("{name}@example.org")),
        password_hash: format!("$argon2id${name}"),
        role: Role::Trader,
    };
    store.write(move |tx| Box::pin(async move { users::insert(tx, &new, T0).await })).await.unwrap()
}

/// The owner of a new trader's rows.
pub(crate) async fn add_owner(store: &Store, name: &str) -> Owner {
    Owner::of(add_user(store, name).await.id)
}

/// Seconds after [`T0`].
pub(crate) const fn at(seconds: i64) -> Ts {
    T0.plus_seconds(seconds)
}

/// True if a failure is `Absent`.
pub(crate) fn absent<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Absent { .. }))
}

/// A decimal.
pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// A transaction that must succeed.
pub(crate) async fn write<T: Send + 'static>(
    store: &Store,
    work: impl for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
) -> T {
    store.write(work).await.unwrap()
}

/// An account of an owner on the built-in exchange.
pub(crate) async fn add_account(store: &Store, owner: Owner, name: &str) -> AccountId {
    let account = Account {
        id: AccountId::new(),
        user_id: owner.user(),
        name: name.to_owned(),
        venue: "local".to_owned(),
        mode: Mode::Builtin,
        venue_account: None,
        venue_key_id: None,
        is_default: false,
        halted_at: None,
        halt_reason: None,
        created_at: T0,
        bot_id: None,
    };
    let id = account.id;
    write(store, move |tx| Box::pin(async move { accounts::open(tx, &account).await })).await;
    id
}

/// BTCUSDT on the built-in exchange.
pub(crate) async fn add_pair(store: &Store) -> i64 {
    write(store, |tx| {
        Box::pin(async move {
            for (code, scale) in [("BTC", 8), ("USDT", 8)] {
                let (name, active) = (code.to_owned(), true);
                let currency = Currency { code: code.to_owned(), name, scale, active, updated_at: T0 };
                markets::put_currency(tx, &currency).await?;
            }
            markets::put_pair(tx, &btcusdt()).await
        })
    })
    .await
}

/// The pair, without its id.
pub(crate) fn btcusdt() -> Pair {
    Pair {
        id: 0,
        exchange: "local".to_owned(),
        symbol: "BTCUSDT".to_owned(),
        base: "BTC".to_owned(),
        quote: "USDT".to_owned(),
        price_scale: 2,
        quantity_scale: 5,
        tick: amount("0.01"),
        lot: amount("0.00001"),
        notional_min: amount("5"),
        active: true,
        updated_at: T0,
    }
}

/// One row in the tables that hold every kind of value: order, fill, forecast, login, audit entry, job.
pub(crate) async fn sample(store: &Store, owner: Owner, account: AccountId, pair: i64) {
    let (order, fill) = (trading::order(owner, account, pair, 1), trade(owner, account, 3));
    let (model, forecast) = research::model_with_forecast(owner);
    write(store, move |tx| {
        Box::pin(async move {
            store::orders::put(tx, &order).await?;
            store::trades::put(tx, &[fill]).await?;
            store::models::put(tx, &model).await?;
            store::models::append_predictions(tx, &[forecast]).await?;
            let origin = store::sessions::Origin::default();
            store::sessions::begin(tx, owner, b"token", &origin, T0, at(1_000)).await?;
            let note = store::audit::Note { action: "login".to_owned(), ..store::audit::Note::default() };
            store::audit::append(tx, note, T0).await?;
            let job = store::jobs::Job::new(Some(owner.user()), "backtest", "{}".to_owned(), T0);
            store::jobs::enqueue(tx, &job).await
        })
    })
    .await;
}
