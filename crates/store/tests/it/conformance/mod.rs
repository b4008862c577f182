//! What holds on both engines.

mod logins;
mod people;
mod transactions;

use store::users::{self, NewUser, Role, User};
use store::{Owner, Store, StoreError, Ts};

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
