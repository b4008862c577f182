//! Who did what.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::audit::{self, Entry, Search};
use store::users::Role;
use utoipa::{IntoParams, ToSchema};

use super::orders::page_limit;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Viewer, from_store};
use crate::wire::{Json, Moment, Query, id_of};

/// An entry of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct EntryBody {
    /// Its place in the chain; give it as `before` for the next page.
    seq: i64,
    /// When.
    at: Moment,
    /// Who, if it was a user.
    user: Option<String>,
    /// Who, in words.
    actor: String,
    /// What was done, like `order.place`.
    action: String,
    /// To what.
    object: String,
    /// Particulars.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// From which address.
    ip: String,
    /// In which request.
    request_id: String,
    /// The entry's hash, which every later one is bound to.
    hash: String,
}

impl EntryBody {
    fn of(entry: Entry) -> Self {
        Self {
            seq: entry.seq,
            at: Moment(entry.timestamp.time()),
            user: entry.user_id.map(|id| id.to_string()),
            actor: entry.actor,
            action: entry.action,
            object: entry.object,
            detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
            ip: entry.ip,
            request_id: entry.request_id,
            hash: entry.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Of this user; administrators only, others see their own.
    user: Option<String>,
    /// Of this kind, like `login`.
    action: Option<String>,
    /// Those before this entry's `seq`.
    #[param(minimum = 1)]
    before: Option<i64>,
    /// 1 to 1,000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// The audit log, newest first: everybody's for administrators, one's own for others.
#[utoipa::path(get, path = "/api/audit", tag = "operations", operation_id = "listAudit", params(AuditQuery),
    responses((status = 200, body = Vec<EntryBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Vec<EntryBody>>, Problem> {
    let limit = page_limit(query.limit)?;
    let named = query.user.map(|id| id_of(&id, "user")).transpose()?;
    let user = match named {
        _ if who.role == Role::Admin => named,
        Some(user) if user != who.user => {
            return Err(Problem::forbidden(
                "this needs the role admin; without `user` you see your own entries",
            ));
        }
        _ => Some(who.user),
    };
    app.all_caught_up().await?;
    let search = Search { user, action: query.action, before: query.before };
    let mut reader = app.store.read();
    let found = audit::search(&mut reader, &search, limit).await.map_err(|e| from_store(&e))?;
    Ok(Json(found.into_iter().map(EntryBody::of).collect()))
}
