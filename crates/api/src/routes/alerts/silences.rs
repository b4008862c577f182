//! Silences: rules that nobody is told of for a while. What fires meanwhile is in the history all the same.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::silences::{self, Silence};
use store::{SilenceId, StoreError, Ts, audit};
use utoipa::ToSchema;

use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Admin, from_store};
use crate::routes::performance::Operator;
use crate::wire::{Json, Moment, id_of};

/// Longest silence: who wants to hear nothing for longer wants another rule.
const DAYS_MAX: i64 = 30;
/// Most silences at the same time.
const SILENCES_MAX: usize = 100;
/// Longest comment, characters.
const COMMENT_MAX: usize = 500;
/// Every rule.
const ALL: &str = "*";

/// A silence.
#[derive(Serialize, ToSchema)]
#[schema(as = AlertSilence)]
pub(crate) struct SilenceBody {
    /// Its id.
    silence_id: String,
    /// The rule; `*` for all.
    rule: String,
    /// Until when.
    until: Moment,
    /// Why.
    comment: String,
    /// Who wanted it.
    created_by: String,
    /// Since when.
    created_at: Moment,
}

impl SilenceBody {
    fn of(silence: &Silence) -> Self {
        Self {
            silence_id: silence.id.to_string(),
            rule: silence.rule.clone(),
            until: Moment(silence.ends_at.time()),
            comment: silence.comment.clone(),
            created_by: silence.created_by.clone(),
            created_at: Moment(silence.created_at.time()),
        }
    }
}

/// A silence to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertSilenceRequest)]
pub(crate) struct SilenceRequest {
    /// The rule, or `*` for all.
    rule: String,
    /// Until when, at most 30 days from now.
    until: Moment,
    /// Why: whoever wonders later reads it. 1 to 500 characters.
    comment: String,
}

/// The silences that last, the one that ends first before the others.
#[utoipa::path(get, path = "/api/alerts/silences", tag = "alerts", operation_id = "listAlertSilences",
    responses((status = 200, body = Vec<SilenceBody>), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Operator,
) -> Result<Json<Vec<SilenceBody>>, Problem> {
    let found = silences::active_of_all(&mut app.store.read(), Ts::now()).await;
    Ok(Json(found.map_err(|e| from_store(&e))?.iter().map(SilenceBody::of).collect()))
}

/// Silences a rule until a moment: what fires is kept and streamed, and told on no channel. What still fires at the end is told then.
#[utoipa::path(post, path = "/api/alerts/silences", tag = "alerts", operation_id = "addAlertSilence",
    request_body = SilenceRequest,
    responses((status = 201, body = SilenceBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    Admin(who): Admin,
    Json(request): Json<SilenceRequest>,
) -> Result<(StatusCode, Json<SilenceBody>), Problem> {
    let now = Ts::now();
    let silence = checked(&app, &request, &who.name, now)?;
    let known = silences::active_of_all(&mut app.store.read(), now).await.map_err(|e| from_store(&e))?;
    if known.len() >= SILENCES_MAX {
        return Err(Problem::refused(
            "too_many_silences",
            format!("at most {SILENCES_MAX} at the same time"),
        ));
    }
    let detail =
        serde_json::json!({ "rule": silence.rule, "until": request.until, "comment": silence.comment });
    let (note, row) = (who.note("alert.silence", silence.id, &detail), silence.clone());
    let added = app.store.write(move |tx| {
        Box::pin(async move {
            silences::add(tx, &row).await?;
            audit::append(tx, note, now).await
        })
    });
    added.await.map_err(|e: StoreError| from_store(&e))?;
    Ok((StatusCode::CREATED, Json(SilenceBody::of(&silence))))
}

fn checked(app: &App, request: &SilenceRequest, by: &str, now: Ts) -> Result<Silence, Problem> {
    let rule = request.rule.trim();
    if rule != ALL && !app.alerting.rules().iter().any(|known| known.rule == rule) {
        let detail = "there is no such rule; GET /api/alerts/rules lists them, and * is all of them";
        return Err(Problem::refused("rule", detail));
    }
    let ends_at: Ts = request.until.0.into();
    if ends_at <= now || ends_at > now.plus_seconds(DAYS_MAX * 86_400) {
        let detail = format!("a silence ends in the future, at most {DAYS_MAX} days from now");
        return Err(Problem::refused("until", detail));
    }
    let comment = request.comment.trim();
    if comment.is_empty() || comment.chars().count() > COMMENT_MAX {
        return Err(Problem::refused("comment", format!("say why, in 1 to {COMMENT_MAX} characters")));
    }
    Ok(Silence {
        id: SilenceId::new(),
        rule: rule.to_owned(),
        ends_at,
        comment: comment.to_owned(),
        created_by: by.to_owned(),
        created_at: now,
    })
}

/// Ends a silence at once.
#[utoipa::path(delete, path = "/api/alerts/silences/{silence_id}", tag = "alerts", operation_id = "removeAlertSilence",
    params(("silence_id" = String, Path, description = "the silence's id")),
    responses((status = 204, description = "ended"), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    Admin(who): Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id: SilenceId = id_of(&id, "silence")?;
    let note = who.note("alert.unsilence", id, &serde_json::json!({}));
    let removed = app.store.write(move |tx| {
        Box::pin(async move {
            silences::remove(tx, id).await?;
            audit::append(tx, note, Ts::now()).await
        })
    });
    removed.await.map_err(|e: StoreError| from_store(&e))?;
    Ok(StatusCode::NO_CONTENT)
}
