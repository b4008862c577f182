//! Silences: rules of the service that nobody is told of until a moment.

use crate::error::StoreError;
use crate::ids::SilenceId;
use crate::limits::PAGE_MAX;
use crate::record::record;
use crate::statement::sql;
use crate::tx::{Reader, Tx};
use crate::value::Ts;

record! {
    /// A silence.
    pub struct Silence in "alert_silences" {
        /// Which.
        id: SilenceId,
        /// The rule; `*` for all.
        rule: String,
        /// Until when.
        ends_at: Ts,
        /// Why.
        comment: String,
        /// Who wanted it, by name.
        created_by: String,
        /// Since when.
        created_at: Ts,
    }
}

/// Adds one, and forgets those that are over.
///
/// # Errors
/// Failures of the database.
pub async fn add(tx: &mut Tx, silence: &Silence) -> Result<(), StoreError> {
    tx.execute(sql("DELETE FROM alert_silences WHERE ends_at <= $1").bind(silence.created_at)).await?;
    tx.execute(silence.insert()).await.map(|_| ())
}

/// Those that last, the one that ends first before the others. For administration.
///
/// # Errors
/// Failures of the database.
pub async fn active_of_all(reader: &mut Reader, now: Ts) -> Result<Vec<Silence>, StoreError> {
    let rest = "WHERE ends_at > $1 ORDER BY ends_at, id LIMIT $2";
    Silence::all_of(&reader.all(Silence::select(rest).bind(now).bind(PAGE_MAX)).await?)
}

/// Ends one at once.
///
/// # Errors
/// `Absent` if there is none, and failures of the database.
pub async fn remove(tx: &mut Tx, id: SilenceId) -> Result<(), StoreError> {
    tx.change("silence", sql("DELETE FROM alert_silences WHERE id = $1").bind(id)).await
}
