//! The queue of long work: jobs wait, are leased by a worker, report progress, end. A worker that dies loses its lease,
//! and the job is queued again or marked as crashed.

use crate::backend::Engine;
use crate::error::StoreError;
use crate::ids::{JobId, Owner, UserId};
use crate::limits::PAGE_MAX;
use crate::record::{record, words};
use crate::statement::{composed, sql};
use crate::tables::FAR;
use crate::tx::{Reader, Tx};
use crate::value::Ts;

words! {
    /// How far a job is.
    pub enum JobStatus {
        /// Waits for a worker.
        Queued = "queued",
        /// A worker has it.
        Running = "running",
        /// Ended well.
        Done = "done",
        /// Ended with an error.
        Failed = "failed",
        /// Ended because somebody wanted it to.
        Cancelled = "cancelled",
        /// Its worker died as often as it may.
        Crashed = "crashed",
    }
}

record! {
    /// A job.
    pub struct Job in "jobs" {
        /// Which.
        id: JobId,
        /// Whose; `None` for the system's own.
        user_id: Option<UserId>,
        /// What kind of work.
        kind: String,
        /// What to do: JSON.
        payload: String,
        /// How far it is.
        status: JobStatus,
        /// Higher goes first.
        priority: i64,
        /// Progress in hundredths of a percent, 0 to 10,000.
        progress: i64,
        /// What it is doing.
        progress_note: String,
        /// What came out: JSON.
        result: Option<String>,
        /// Why it failed, for people.
        error: Option<String>,
        /// How often a worker took it.
        attempts: i64,
        /// How often it may be taken.
        attempts_max: i64,
        /// Not before this moment.
        run_after: Ts,
        /// The worker that has it.
        lease_owner: Option<String>,
        /// Until when, unless the worker renews it.
        lease_until: Option<Ts>,
        /// Somebody wants it to end.
        cancel_requested: bool,
        /// When it was queued.
        created_at: Ts,
        /// When a worker first took it.
        started_at: Option<Ts>,
        /// When it ended.
        finished_at: Option<Ts>,
        /// Where it was asked for in a trace: a `traceparent`.
        trace: Option<String>,
    }
}

impl Job {
    /// A job to be queued: for a user or the system, of a kind, with its payload (JSON), tried once, at once; part of the trace in
    /// which it is made.
    #[must_use]
    pub fn new(user_id: Option<UserId>, kind: &str, payload: String, now: Ts) -> Self {
        Self {
            id: JobId::new(),
            user_id,
            kind: kind.to_owned(),
            payload,
            status: JobStatus::Queued,
            priority: 0,
            progress: 0,
            progress_note: String::new(),
            result: None,
            error: None,
            attempts: 0,
            attempts_max: 1,
            run_after: now,
            lease_owner: None,
            lease_until: None,
            cancel_requested: false,
            created_at: now,
            started_at: None,
            finished_at: None,
            trace: traces::current().map(|place| place.to_string()),
        }
    }
}

/// Queues a job.
///
/// # Errors
/// Failures of the database.
pub async fn enqueue(tx: &mut Tx, job: &Job) -> Result<(), StoreError> {
    tx.execute(job.insert()).await.map(|_| ())
}

/// One of a user's jobs.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn by_id(reader: &mut Reader, owner: Owner, id: JobId) -> Result<Job, StoreError> {
    let statement = Job::select("WHERE id = $1 AND user_id = $2").bind(id).bind(owner);
    Job::of(&reader.one("job", statement).await?)
}

/// Those of a user's jobs that have one of these ids, in no order.
///
/// # Errors
/// Failures of the database.
pub async fn by_ids(reader: &mut Reader, owner: Owner, ids: &[JobId]) -> Result<Vec<Job>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (2..2 + ids.len()).map(|n| format!("${n}")).collect();
    let columns = Job::COLUMNS.join(", ");
    let text = format!("SELECT {columns} FROM jobs WHERE user_id = $1 AND id IN ({})", places.join(", "));
    let statement = composed(text).bind(owner).bind_all(ids.iter().map(|id| (*id).into()));
    Job::all_of(&reader.all(statement).await?)
}

/// Any job, for its worker.
///
/// # Errors
/// `Absent`, and failures of the database.
pub async fn by_id_of_all(reader: &mut Reader, id: JobId) -> Result<Job, StoreError> {
    Job::of(&reader.one("job", Job::select("WHERE id = $1").bind(id)).await?)
}

/// A user's jobs, newest first, before a moment.
///
/// # Errors
/// Failures of the database.
pub async fn page(
    reader: &mut Reader,
    owner: Owner,
    before: Option<Ts>,
    limit: u32,
) -> Result<Vec<Job>, StoreError> {
    let rest = "WHERE user_id = $1 AND created_at < $2 ORDER BY created_at DESC LIMIT $3";
    let before = before.unwrap_or(FAR);
    Job::all_of(&reader.all(Job::select(rest).bind(owner).bind(before).bind(limit.min(PAGE_MAX))).await?)
}

/// What a worker asks for.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// The worker's name.
    pub worker: &'a str,
    /// The workers it stands beside begin their names so.
    pub beside: &'a str,
    /// Most jobs of one user that these workers have at once.
    pub of_user_max: i64,
    /// Kinds of jobs it can do.
    pub kinds: &'a [&'static str],
}

/// Takes the next job for a worker, until `lease_until`. Two workers never get the same.
///
/// Higher priorities go first; among equals the user with the fewest running jobs, then who was served longest ago, then
/// the oldest job. A user who has as many jobs running as allowed is passed over.
///
/// # Errors
/// Failures of the database.
pub async fn claim(
    tx: &mut Tx,
    claim: &Claim<'_>,
    now: Ts,
    lease_until: Ts,
) -> Result<Option<Job>, StoreError> {
    let places: Vec<String> = (7..7 + claim.kinds.len()).map(|n| format!("${n}")).collect();
    if tx.engine() == Engine::Postgres {
        // One after the other: two at once would both count what runs before either of them has taken a job.
        tx.optional(sql("SELECT pg_advisory_xact_lock(hashtext('tradewind job turns'))::text AS taken"))
            .await?;
    }
    let running = "SELECT count(*) FROM jobs r WHERE r.status = 'running' AND r.user_id = j.user_id";
    let text = format!(
        "UPDATE jobs SET status = 'running', lease_owner = $1, lease_until = $2, attempts = attempts + 1, \
         started_at = coalesce(started_at, $3) \
         WHERE id = (SELECT j.id FROM jobs j LEFT JOIN job_turns t ON t.user_id = j.user_id \
         WHERE j.status = 'queued' AND j.run_after <= $3 AND j.kind IN ({}) AND (j.user_id IS NULL \
         OR ({running} AND substr(r.lease_owner, 1, CAST($5 AS INTEGER)) = $4) < $6) \
         ORDER BY j.priority DESC, ({running}), t.served_at NULLS FIRST, j.run_after, j.id LIMIT 1) AND status = 'queued' RETURNING {}",
        places.join(", "),
        Job::COLUMNS.join(", ")
    );
    let length = i64::try_from(claim.beside.chars().count()).unwrap_or(i64::MAX);
    let statement = composed(text).kept().bind(claim.worker).bind(lease_until).bind(now);
    let statement = statement.bind(claim.beside).bind(length).bind(claim.of_user_max);
    let statement = statement.bind_all(claim.kinds.iter().map(|kind| (*kind).into()));
    let Some(row) = tx.optional(statement).await? else { return Ok(None) };
    let job = Job::of(&row)?;
    if let Some(user) = job.user_id {
        let served = "INSERT INTO job_turns (user_id, served_at) VALUES ($1, $2) \
                      ON CONFLICT (user_id) DO UPDATE SET served_at = excluded.served_at";
        tx.execute(sql(served).bind(user).bind(now)).await?;
    }
    Ok(Some(job))
}

/// Renews a lease and notes the progress (hundredths of a percent); true if the job is to be cancelled.
///
/// # Errors
/// `Stale` if the lease is lost: the worker must stop. Failures of the database.
pub async fn renew(
    tx: &mut Tx,
    id: JobId,
    worker: &str,
    progress: i64,
    note: &str,
    lease_until: Ts,
) -> Result<bool, StoreError> {
    let text = "UPDATE jobs SET lease_until = $5, progress = $3, progress_note = $4 \
                WHERE id = $1 AND lease_owner = $2 AND status = 'running' RETURNING cancel_requested";
    let statement =
        sql(text).bind(id).bind(worker).bind(progress.clamp(0, 10_000)).bind(note).bind(lease_until);
    let row = tx.optional(statement).await?;
    row.ok_or(StoreError::Stale("the lease of the job is lost"))?.get("cancel_requested")
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Well, with a result (JSON).
    Done(String),
    /// With an error for people.
    Failed(String),
    /// Cancelled.
    Cancelled,
    /// Not at all: back to the queue, for a worker that stops.
    Released,
}

/// Ends a job that a worker has.
///
/// # Errors
/// `Stale` if the lease is lost: what the worker did does not count. Failures of the database.
pub async fn finish(tx: &mut Tx, id: JobId, worker: &str, end: End, now: Ts) -> Result<(), StoreError> {
    let (status, result, error) = match end {
        End::Done(result) => (JobStatus::Done, Some(result), None),
        End::Failed(error) => (JobStatus::Failed, None, Some(error)),
        End::Cancelled => (JobStatus::Cancelled, None, None),
        End::Released => return release(tx, id, worker, now).await,
    };
    let text = "UPDATE jobs SET status = $3, result = $4, error = $5, finished_at = $6, lease_owner = NULL, \
                lease_until = NULL, progress = CASE WHEN $3 = 'done' THEN 10000 ELSE progress END \
                WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
    let statement = sql(text).bind(id).bind(worker).bind(status).bind(result).bind(error).bind(now);
    changed_or_lost(tx.execute(statement).await?)
}

async fn release(tx: &mut Tx, id: JobId, worker: &str, now: Ts) -> Result<(), StoreError> {
    let text = "UPDATE jobs SET status = 'queued', lease_owner = NULL, lease_until = NULL, run_after = $3, \
                attempts = attempts - 1 WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
    changed_or_lost(tx.execute(sql(text).bind(id).bind(worker).bind(now)).await?)
}

fn changed_or_lost(rows: u64) -> Result<(), StoreError> {
    if rows == 0 { Err(StoreError::Stale("the lease of the job is lost")) } else { Ok(()) }
}

/// Asks one of a user's jobs to end: a waiting one is cancelled at once, a running one when its worker next reports.
/// One that has ended is left alone. Gives its status afterwards.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn cancel(tx: &mut Tx, owner: Owner, id: JobId, now: Ts) -> Result<JobStatus, StoreError> {
    let text = "UPDATE jobs SET cancel_requested = $4, \
                finished_at = CASE WHEN status = 'queued' THEN $3 ELSE finished_at END, \
                status = CASE WHEN status = 'queued' THEN 'cancelled' ELSE status END \
                WHERE id = $1 AND user_id = $2 AND status IN ('queued', 'running')";
    tx.execute(sql(text).bind(id).bind(owner).bind(now).bind(true)).await?;
    Ok(by_id(tx, owner, id).await?.status)
}

/// Jobs whose worker did not renew its lease: back to the queue, or crashed if they were taken as often as they may,
/// or cancelled if somebody wanted that. How many.
///
/// # Errors
/// Failures of the database.
pub async fn reap(tx: &mut Tx, now: Ts) -> Result<u64, StoreError> {
    let text = "UPDATE jobs SET lease_owner = NULL, lease_until = NULL, \
                finished_at = CASE WHEN cancel_requested OR attempts >= attempts_max THEN $1 ELSE NULL END, \
                error = CASE WHEN attempts >= attempts_max AND NOT cancel_requested \
                THEN 'the worker ended without a word' ELSE error END, \
                status = CASE WHEN cancel_requested THEN 'cancelled' \
                WHEN attempts >= attempts_max THEN 'crashed' ELSE 'queued' END \
                WHERE status = 'running' AND lease_until < $1";
    tx.execute(sql(text).bind(now)).await
}

/// Ends every lease, whoever has it: for the start of the only process that works on this database. What was in hand is taken
/// up again at once instead of when its lease runs out; how many there were.
///
/// # Errors
/// Failures of the database.
pub async fn reap_all(tx: &mut Tx, now: Ts) -> Result<u64, StoreError> {
    let text = "UPDATE jobs SET lease_until = $1 WHERE status = 'running' AND lease_until >= $2";
    tx.execute(sql(text).bind(now.plus_seconds(-1)).bind(now)).await?;
    reap(tx, now).await
}

/// All jobs that wait or run, in the order in which they were asked for. For telling their owners.
///
/// # Errors
/// Failures of the database.
pub async fn live_of_all(reader: &mut Reader, limit: u32) -> Result<Vec<Job>, StoreError> {
    let rest = "WHERE status IN ('queued', 'running') ORDER BY created_at, id LIMIT $1";
    Job::all_of(&reader.all(Job::select(rest).bind(limit.min(PAGE_MAX))).await?)
}

/// Jobs of all users that ended after a moment, in the order in which they did. For telling their owners.
///
/// # Errors
/// Failures of the database.
pub async fn ended_since_of_all(reader: &mut Reader, since: Ts, limit: u32) -> Result<Vec<Job>, StoreError> {
    let rest = "WHERE finished_at > $1 ORDER BY finished_at, id LIMIT $2";
    Job::all_of(&reader.all(Job::select(rest).bind(since).bind(limit.min(PAGE_MAX))).await?)
}

/// How many jobs wait and how many run.
///
/// # Errors
/// Failures of the database.
pub async fn waiting_and_running(reader: &mut Reader) -> Result<(u64, u64), StoreError> {
    let text = "SELECT (SELECT count(*) FROM jobs WHERE status = 'queued') AS waiting, \
                (SELECT count(*) FROM jobs WHERE status = 'running') AS running";
    let row = reader.one("count", sql(text)).await?;
    Ok((row.count("waiting")?, row.count("running")?))
}
