//! Long work of the one who asks: how far it is, and ending it.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use store::jobs::{self as rows, Job, JobStatus};
use store::{JobId, Owner, StoreError, Ts};
use utoipa::ToSchema;

use super::paged::Paged;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Trader, Viewer, from_store};
use crate::wire::{Json, Moment, Query, id_of};

/// A job.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobBody {
    /// Its id.
    id: String,
    /// `backtest`, `sweep` or `training`.
    kind: String,
    /// The id of the back-test, sweep or model that it carries out.
    subject: Option<String>,
    /// `queued`, `running`, `done`, `failed`, `cancelled` or `crashed`.
    status: String,
    /// How far it is, 0 to 100 percent.
    progress: f64,
    /// What it is doing.
    progress_note: String,
    /// Whether somebody wants it to end.
    cancel_requested: bool,
    /// Why it failed.
    error: Option<String>,
    /// When it was asked for.
    created_at: Moment,
    /// When a worker first took it.
    started_at: Option<Moment>,
    /// When it ended.
    finished_at: Option<Moment>,
}

/// What a job's payload says.
#[derive(Serialize, Deserialize)]
pub(crate) struct Payload {
    /// The id of what it carries out.
    pub(crate) subject: String,
}

/// Hundredths of a percent as percent.
pub(crate) fn percent(progress: i64) -> f64 {
    f64::from(i32::try_from(progress).unwrap_or(0)) / 100.0
}

impl JobBody {
    pub(crate) fn of(job: Job) -> Self {
        Self {
            id: job.id.to_string(),
            subject: serde_json::from_str(&job.payload).ok().map(|payload: Payload| payload.subject),
            kind: job.kind,
            status: job.status.word().to_owned(),
            progress: percent(job.progress),
            progress_note: job.progress_note,
            cancel_requested: job.cancel_requested,
            error: job.error,
            created_at: Moment(job.created_at.time()),
            started_at: job.started_at.map(|at| Moment(at.time())),
            finished_at: job.finished_at.map(|at| Moment(at.time())),
        }
    }
}

/// True once nothing more will come of it.
pub(crate) const fn is_over(status: JobStatus) -> bool {
    !matches!(status, JobStatus::Queued | JobStatus::Running)
}

/// The job behind a record that is not over, or that nothing is known about any more.
pub(crate) async fn behind(app: &App, owner: Owner, id: Option<JobId>) -> Result<Option<Job>, Problem> {
    let Some(id) = id else { return Ok(None) };
    match rows::by_id(&mut app.store.read(), owner, id).await {
        Ok(job) => Ok(Some(job)),
        Err(StoreError::Absent { .. }) => Ok(None),
        Err(error) => Err(from_store(&error)),
    }
}

/// Refuses more work than one user may have waiting.
pub(crate) async fn room_for_one(app: &App, owner: Owner) -> Result<(), Problem> {
    let newest = rows::page(&mut app.store.read(), owner, None, 1_000).await.map_err(|e| from_store(&e))?;
    let most = super::system::read(app).await.map_err(|e| from_store(&e))?.jobs_per_user;
    if newest.iter().filter(|job| !is_over(job.status)).count() < most as usize {
        return Ok(());
    }
    let detail = format!("{most} of your jobs wait or run already; cancel some, or wait");
    Err(Problem::slow_down("too_many_jobs", detail, 10))
}

/// One's own jobs, newest first.
#[utoipa::path(get, path = "/api/jobs", tag = "research", operation_id = "listJobs", params(Paged),
    responses((status = 200, body = Vec<JobBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Query(page): Query<Paged>,
) -> Result<Json<Vec<JobBody>>, Problem> {
    let (before, limit) = page.read()?;
    let found = rows::page(&mut app.store.read(), who.owner(), before, limit).await;
    let found = found.map_err(|e| from_store(&e))?.into_iter();
    Ok(Json(found.map(|job| JobBody::of(app.queue.as_it_is(job))).collect()))
}

/// One of one's own jobs.
#[utoipa::path(get, path = "/api/jobs/{job_id}", tag = "research", operation_id = "getJob",
    params(("job_id" = String, Path, description = "the job's id")),
    responses((status = 200, body = JobBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<Json<JobBody>, Problem> {
    let id: JobId = id_of(&id, "job")?;
    let job = app.queue.job(who.owner(), id).await.map_err(|e| from_store(&e))?;
    Ok(Json(JobBody::of(job)))
}

/// Ends a job: a waiting one at once, a running one within seconds. One that has ended stays as it is.
#[utoipa::path(delete, path = "/api/jobs/{job_id}", tag = "research", operation_id = "cancelJob",
    params(("job_id" = String, Path, description = "the job's id")),
    responses((status = 200, body = JobBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
) -> Result<Json<JobBody>, Problem> {
    let id: JobId = id_of(&id, "job")?;
    app.queue.cancel(who.owner(), id).await.map_err(|e| from_store(&e))?;
    app.audit(who.note("job.cancel", id, &serde_json::json!({}))).await;
    let job = app.queue.job(who.owner(), id).await.map_err(|e| from_store(&e))?;
    Ok(Json(JobBody::of(job)))
}

/// A job for a user that carries out something.
pub(crate) fn job_for(owner: Owner, kind: &str, subject: String, now: Ts) -> Result<Job, Problem> {
    let payload = serde_json::to_string(&Payload { subject }).map_err(|e| Problem::internal(&e))?;
    let mut job = Job::new(Some(owner.user()), kind, payload, now);
    // A crash of the whole program is no fault of the job: once more after it.
    job.attempts_max = 2;
    Ok(job)
}
