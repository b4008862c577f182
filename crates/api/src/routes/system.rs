//! Settings of the whole system, which administrators change while it runs: a notice for everybody, and how much a user may
//! have. What a configuration file says stays there; see `tradewind config show`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::settings::{self, Scope};
use store::{StoreError, Ts, audit};
use utoipa::ToSchema;

use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Admin, from_store};
use crate::wire::Json;

/// Longest notice in characters.
const NOTICE_LEN_MAX: usize = 500;
/// Accounts of one user unless it is set.
const ACCOUNTS: u32 = 20;
/// Bots of one user unless it is set.
const BOTS: u32 = 100;
/// Jobs of one user that wait or run unless it is set.
const JOBS: u32 = 50;

/// Settings of the whole system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SystemSettings)]
pub(crate) struct SystemBody {
    /// What everybody is told, also before a login; absent for nothing.
    pub(crate) notice: Option<String>,
    /// Accounts that one user may open, those of bots not counted.
    pub(crate) accounts_per_user: u32,
    /// Bots that one user may have.
    pub(crate) bots_per_user: u32,
    /// Back-tests, sweeps and trainings of one user that may wait or run.
    pub(crate) jobs_per_user: u32,
}

impl Default for SystemBody {
    fn default() -> Self {
        Self { notice: None, accounts_per_user: ACCOUNTS, bots_per_user: BOTS, jobs_per_user: JOBS }
    }
}

/// What is to be changed; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SystemSettingsChange)]
pub(crate) struct SystemChange {
    /// At most 500 characters; empty takes it away.
    #[schema(max_length = 500)]
    notice: Option<String>,
    /// 1 to 100.
    #[schema(minimum = 1, maximum = 100)]
    accounts_per_user: Option<u32>,
    /// 1 to 1,000.
    #[schema(minimum = 1, maximum = 1000)]
    bots_per_user: Option<u32>,
    /// 1 to 500.
    #[schema(minimum = 1, maximum = 500)]
    jobs_per_user: Option<u32>,
}

impl SystemBody {
    /// What is stored, and the defaults of the rest. A value that a later program stored and this one cannot read is as if
    /// it were not there.
    fn of(stored: &BTreeMap<String, String>) -> Self {
        let value = |name: &str| stored.get(name).and_then(|text| serde_json::from_str::<Value>(text).ok());
        let number = |name: &str, default: u32| {
            value(name)
                .and_then(|value| value.as_u64())
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(default)
        };
        Self {
            notice: value("notice").and_then(|value| value.as_str().map(str::to_owned)),
            accounts_per_user: number("accounts_per_user", ACCOUNTS),
            bots_per_user: number("bots_per_user", BOTS),
            jobs_per_user: number("jobs_per_user", JOBS),
        }
    }
}

/// The settings as they are now.
pub(crate) async fn read(app: &App) -> Result<SystemBody, StoreError> {
    Ok(SystemBody::of(&settings::all(&mut app.store.read(), Scope::System).await?))
}

/// Settings of the whole system.
#[utoipa::path(get, path = "/api/settings/system", tag = "settings", operation_id = "getSystemSettings",
    responses((status = 200, body = SystemBody), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn get(State(app): State<Arc<App>>, _: Admin) -> Result<Json<SystemBody>, Problem> {
    read(&app).await.map(Json).map_err(|e| from_store(&e))
}

/// Changes what is given; it holds from the next request on. The answer is all settings.
#[utoipa::path(patch, path = "/api/settings/system", tag = "settings", operation_id = "changeSystemSettings",
    request_body = SystemChange,
    responses((status = 200, body = SystemBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    Admin(who): Admin,
    Json(change): Json<SystemChange>,
) -> Result<Json<SystemBody>, Problem> {
    let rows = change.rows()?;
    if !rows.is_empty() {
        let changed: BTreeMap<&str, &Value> = rows.iter().map(|(name, value)| (*name, value)).collect();
        let note = who.note("settings.system.change", "system", &serde_json::json!(changed));
        let written = app.store.write(move |tx| {
            Box::pin(async move {
                let now = Ts::now();
                for (name, value) in &rows {
                    if value.is_null() {
                        settings::remove(tx, Scope::System, name).await?;
                    } else {
                        settings::set(tx, Scope::System, name, &value.to_string(), Some(who.user), now)
                            .await?;
                    }
                }
                audit::append(tx, note, now).await
            })
        });
        written.await.map_err(|e: StoreError| from_store(&e))?;
    }
    read(&app).await.map(Json).map_err(|e| from_store(&e))
}

impl SystemChange {
    /// Names and values to be stored; null takes one back.
    fn rows(&self) -> Result<Vec<(&'static str, Value)>, Problem> {
        let mut rows = Vec::new();
        if let Some(notice) = &self.notice {
            if notice.chars().count() > NOTICE_LEN_MAX || notice.chars().any(|c| c.is_control() && c != '\n')
            {
                let detail = format!(
                    "a notice has at most {NOTICE_LEN_MAX} characters and none that control a terminal"
                );
                return Err(Problem::refused("notice", detail));
            }
            let notice = notice.trim();
            rows.push(("notice", if notice.is_empty() { Value::Null } else { notice.into() }));
        }
        for (name, value, max) in [
            ("accounts_per_user", self.accounts_per_user, 100),
            ("bots_per_user", self.bots_per_user, 1_000),
            ("jobs_per_user", self.jobs_per_user, 500),
        ] {
            let Some(value) = value else { continue };
            if !(1..=max).contains(&value) {
                return Err(Problem::refused(name, format!("{name} is 1 to {max}")));
            }
            rows.push((name, value.into()));
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_holds_and_nonsense_is_as_if_it_were_not_there() {
        let stored = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        assert_eq!(SystemBody::of(&stored(&[])), SystemBody::default());
        let some = SystemBody::of(&stored(&[("notice", "\"lunch\""), ("jobs_per_user", "7")]));
        assert_eq!((some.notice.as_deref(), some.jobs_per_user), (Some("lunch"), 7));
        let odd = stored(&[("notice", "7"), ("jobs_per_user", "-1"), ("bots_per_user", "{"), ("later", "1")]);
        assert_eq!(SystemBody::of(&odd), SystemBody::default());
    }

    #[test]
    fn a_change_is_held_to_its_bounds() {
        let change = |text: &str| serde_json::from_str::<SystemChange>(text).unwrap().rows();
        assert_eq!(change("{}").unwrap(), []);
        assert_eq!(change(r#"{"notice":"  "}"#).unwrap(), [("notice", Value::Null)]);
        assert_eq!(change(r#"{"bots_per_user":1000}"#).unwrap(), [("bots_per_user", 1_000.into())]);
        for bad in [r#"{"accounts_per_user":0}"#, r#"{"jobs_per_user":501}"#, r#"{"notice":"\u001b[2J"}"#] {
            assert!(change(bad).is_err(), "{bad}");
        }
        assert!(change(&format!(r#"{{"notice":"{}"}}"#, "x".repeat(501))).is_err());
    }
}
