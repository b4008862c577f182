//! Alerts: what somebody should look at. One per rule and subject while it lasts.

use crate::error::StoreError;
use crate::ids::{AlertId, Owner, UserId};
use crate::limits::PAGE_MAX;
use crate::record::{record, words};
use crate::statement::sql;
use crate::tables::FAR;
use crate::tx::{Reader, Tx};
use crate::value::Ts;

words! {
    /// How bad it is.
    pub enum Severity {
        /// For information.
        Low = "low",
        /// Somebody should look.
        Medium = "medium",
        /// Somebody should look soon.
        High = "high",
        /// Somebody must act now.
        Critical = "critical",
    }
}

words! {
    /// How far it is.
    pub enum AlertState {
        /// Lasts, and nobody has seen it.
        Firing = "firing",
        /// Lasts, and somebody knows.
        Acknowledged = "acknowledged",
        /// Over.
        Resolved = "resolved",
    }
}

record! {
    /// An alert.
    pub struct Alert in "alerts" {
        /// Which.
        id: AlertId,
        /// Whose; `None` for the system's.
        user_id: Option<UserId>,
        /// The same in words, `system` or the user's id: an alert is one per scope, rule and subject while it lasts.
        scope: String,
        /// The rule that found it.
        rule: String,
        /// How bad it is.
        severity: Severity,
        /// How far it is.
        state: AlertState,
        /// What it is about.
        subject: String,
        /// In one sentence.
        message: String,
        /// Particulars: JSON.
        detail: String,
        /// How often it was found while it lasts.
        occurrences: i64,
        /// When it was first found.
        created_at: Ts,
        /// When it was last found or changed.
        updated_at: Ts,
        /// When it was over.
        resolved_at: Option<Ts>,
        /// Who knows of it, by name.
        acknowledged_by: Option<String>,
        /// Since when.
        acknowledged_at: Option<Ts>,
    }
}

/// Which alerts of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Only those that last (true) or are over (false).
    pub open: Option<bool>,
    /// Only those first found before this.
    pub before: Option<Ts>,
}

/// Notes that a rule found something: a new alert, or one more occurrence of the one that lasts. Gives its id, and true
/// if it is new.
///
/// # Errors
/// Failures of the database.
pub async fn raise(tx: &mut Tx, alert: &Alert) -> Result<(AlertId, bool), StoreError> {
    let alert = Alert { scope: scope(alert.user_id), ..alert.clone() };
    let text = format!(
        "{} ON CONFLICT (scope, rule, subject) WHERE resolved_at IS NULL DO UPDATE SET \
         occurrences = alerts.occurrences + 1, message = excluded.message, detail = excluded.detail, \
         severity = excluded.severity, updated_at = excluded.updated_at RETURNING id",
        crate::record::insert_text(Alert::TABLE, Alert::COLUMNS)
    );
    let row = tx.one("alert", crate::statement::composed(text).kept().bind_all(alert.values())).await?;
    let id = AlertId(row.get("id")?);
    Ok((id, id == alert.id))
}

fn scope(user: Option<UserId>) -> String {
    user.map_or_else(|| "system".to_owned(), |user| user.to_string())
}

/// What a rule found is over; true if there was something.
///
/// # Errors
/// Failures of the database.
pub async fn resolve(
    tx: &mut Tx,
    user: Option<UserId>,
    rule: &str,
    subject: &str,
    now: Ts,
) -> Result<bool, StoreError> {
    let text = "UPDATE alerts SET state = 'resolved', resolved_at = $3, updated_at = $3 \
                WHERE scope = $4 AND rule = $1 AND subject = $2 AND resolved_at IS NULL";
    Ok(tx.execute(sql(text).bind(rule).bind(subject).bind(now).bind(scope(user))).await? > 0)
}

/// Somebody knows of an alert of the owner's.
///
/// # Errors
/// `Absent` if it is not the owner's or over, and failures of the database.
pub async fn acknowledge(tx: &mut Tx, owner: Owner, id: AlertId, now: Ts) -> Result<(), StoreError> {
    let text = "UPDATE alerts SET state = 'acknowledged', updated_at = $3 \
                WHERE id = $1 AND user_id = $2 AND resolved_at IS NULL";
    tx.change("alert", sql(text).bind(id).bind(owner).bind(now)).await
}

/// Somebody knows of an alert of the system that lasts; gives it as it is then. Twice changes nothing: the first one stays.
///
/// # Errors
/// `Absent` if there is none or it is over, and failures of the database.
pub async fn acknowledge_of_system(tx: &mut Tx, id: AlertId, by: &str, now: Ts) -> Result<Alert, StoreError> {
    let text = "UPDATE alerts SET state = 'acknowledged', acknowledged_by = COALESCE(acknowledged_by, $2), \
                acknowledged_at = COALESCE(acknowledged_at, $3), updated_at = $3 \
                WHERE id = $1 AND user_id IS NULL AND resolved_at IS NULL";
    tx.change("alert", sql(text).bind(id).bind(by).bind(now)).await?;
    Alert::of(&tx.one("alert", Alert::select("WHERE id = $1").bind(id)).await?)
}

/// The system's alerts, newest first.
///
/// # Errors
/// Failures of the database.
pub async fn page_of_system(
    reader: &mut Reader,
    search: Search,
    limit: u32,
) -> Result<Vec<Alert>, StoreError> {
    let open = match search.open {
        None => "",
        Some(true) => "AND resolved_at IS NULL ",
        Some(false) => "AND resolved_at IS NOT NULL ",
    };
    let rest =
        format!("WHERE user_id IS NULL AND created_at < $1 {open}ORDER BY created_at DESC, id DESC LIMIT $2");
    let statement = Alert::select(&rest).bind(search.before.unwrap_or(FAR)).bind(limit.min(PAGE_MAX));
    Alert::all_of(&reader.all(statement).await?)
}

/// A user's alerts, newest first, before a moment.
///
/// # Errors
/// Failures of the database.
pub async fn page(
    reader: &mut Reader,
    owner: Owner,
    before: Option<Ts>,
    limit: u32,
) -> Result<Vec<Alert>, StoreError> {
    let rest = "WHERE user_id = $1 AND created_at < $2 ORDER BY created_at DESC LIMIT $3";
    let statement = Alert::select(rest).bind(owner).bind(before.unwrap_or(FAR)).bind(limit.min(PAGE_MAX));
    Alert::all_of(&reader.all(statement).await?)
}

/// All alerts that last, the system's included, newest first. For administration.
///
/// # Errors
/// Failures of the database.
pub async fn open_of_all(reader: &mut Reader, limit: u32) -> Result<Vec<Alert>, StoreError> {
    let rest = "WHERE resolved_at IS NULL ORDER BY created_at DESC LIMIT $1";
    Alert::all_of(&reader.all(Alert::select(rest).bind(limit.min(PAGE_MAX))).await?)
}
