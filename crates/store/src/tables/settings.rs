//! Settings that people change while the program runs: of the whole system, or a user's own.

use std::collections::BTreeMap;

use crate::error::StoreError;
use crate::ids::{Owner, UserId};
use crate::statement::{Statement, sql};
use crate::tx::{Reader, Tx};
use crate::value::Ts;

/// The scope of settings that hold for everybody.
const SYSTEM: &str = "system";

/// Whose settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's; set by administrators.
    System,
    /// A user's own.
    Of(Owner),
}

impl Scope {
    fn text(self) -> String {
        match self {
            Self::System => SYSTEM.to_owned(),
            Self::Of(owner) => format!("user:{}", owner.user()),
        }
    }
}

/// All settings of a scope: name to JSON text.
///
/// # Errors
/// Failures of the database.
pub async fn all(reader: &mut Reader, scope: Scope) -> Result<BTreeMap<String, String>, StoreError> {
    let statement = sql("SELECT name, value FROM settings WHERE scope = $1").bind(scope.text());
    reader.all(statement).await?.iter().map(|row| Ok((row.get("name")?, row.get("value")?))).collect()
}

/// Sets a value (JSON text).
///
/// # Errors
/// Failures of the database.
pub async fn set(
    tx: &mut Tx,
    scope: Scope,
    name: &str,
    value: &str,
    by: Option<UserId>,
    now: Ts,
) -> Result<(), StoreError> {
    let statement: Statement = sql("INSERT INTO settings (scope, name, value, updated_by, updated_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value, \
         updated_by = excluded.updated_by, updated_at = excluded.updated_at");
    tx.execute(statement.bind(scope.text()).bind(name).bind(value).bind(by).bind(now)).await.map(|_| ())
}

/// Takes a value back to its default; false if there was none.
///
/// # Errors
/// Failures of the database.
pub async fn remove(tx: &mut Tx, scope: Scope, name: &str) -> Result<bool, StoreError> {
    let text = "DELETE FROM settings WHERE scope = $1 AND name = $2";
    Ok(tx.execute(sql(text).bind(scope.text()).bind(name)).await? > 0)
}
