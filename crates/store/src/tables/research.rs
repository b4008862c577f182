//! Back-tests, sweeps and their trials.

use crate::error::StoreError;
use crate::ids::{BacktestId, JobId, ModelId, Owner, SweepId, TrialId, UserId};
use crate::limits::PAGE_MAX;
use crate::record::{record, upsert};
use crate::statement::sql;
use crate::tables::FAR;
use crate::tables::jobs::JobStatus;
use crate::tx::{Reader, Tx};
use crate::value::Ts;

record! {
    /// A back-test.
    pub struct Backtest in "backtests" {
        /// Which.
        id: BacktestId,
        /// Whose.
        user_id: UserId,
        /// The model it evaluates.
        model_id: Option<ModelId>,
        /// The sweep it belongs to.
        sweep_id: Option<SweepId>,
        /// The strategy.
        strategy: String,
        /// The exchange whose past is used.
        exchange: String,
        /// The pair's symbol there.
        symbol: String,
        /// The bars it looks at.
        bar_interval: String,
        /// The strategy's parameters: JSON.
        params: String,
        /// How far it is.
        status: JobStatus,
        /// Why it failed.
        error: Option<String>,
        /// The job that carries it out.
        job_id: Option<JobId>,
        /// The first moment of the past.
        starts_at: Ts,
        /// The moment after the last.
        ends_at: Ts,
        /// The figures: JSON.
        metrics: String,
        /// The hash over all decisions: equal runs have equal ones.
        result_hash: Option<String>,
        /// When it was asked for.
        created_at: Ts,
        /// When it ended.
        finished_at: Option<Ts>,
        /// What the owner calls it.
        name: String,
        /// What was asked for: JSON.
        request: String,
        /// The stored run that it gave.
        run: Option<String>,
    }
}

record! {
    /// A sweep over a space of parameters.
    pub struct Sweep in "sweeps" {
        /// Which.
        id: SweepId,
        /// Whose.
        user_id: UserId,
        /// The strategy.
        strategy: String,
        /// The exchange whose past is used.
        exchange: String,
        /// The pair's symbol there.
        symbol: String,
        /// The bars it looks at.
        bar_interval: String,
        /// The space: JSON.
        space: String,
        /// What is to be made large.
        objective: String,
        /// How far it is.
        status: JobStatus,
        /// Why it failed.
        error: Option<String>,
        /// The job that carries it out.
        job_id: Option<JobId>,
        /// How many trials are planned.
        trials_planned: i64,
        /// When it was asked for.
        created_at: Ts,
        /// When it ended.
        finished_at: Option<Ts>,
        /// What was asked for: JSON.
        request: String,
        /// The kept search.
        kept: Option<String>,
        /// Its verdict: JSON.
        result: Option<String>,
    }
}

record! {
    /// A trial of a sweep. Every one is kept: how many were tried decides what the best one is worth.
    pub struct Trial in "trials" {
        /// Which.
        id: TrialId,
        /// Of which sweep.
        sweep_id: SweepId,
        /// Whose.
        user_id: UserId,
        /// Its number in the sweep, from 1.
        number: i64,
        /// The parameters: JSON.
        params: String,
        /// The figures: JSON.
        metrics: String,
        /// The objective's value; `None` if it has none.
        score: Option<f64>,
        /// When it ended.
        created_at: Ts,
    }
}

/// Notes a back-test, or what changed about it.
///
/// # Errors
/// Failures of the database.
pub async fn put_backtest(tx: &mut Tx, backtest: &Backtest) -> Result<(), StoreError> {
    let changing =
        ["status", "error", "job_id", "metrics", "result_hash", "finished_at", "run", "starts_at", "ends_at"];
    let statement = upsert(Backtest::TABLE, Backtest::COLUMNS, "id", &changing, backtest.values());
    tx.execute(statement).await.map(|_| ())
}

/// One of a user's back-tests.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn backtest(reader: &mut Reader, owner: Owner, id: BacktestId) -> Result<Backtest, StoreError> {
    let statement = Backtest::select("WHERE id = $1 AND user_id = $2").bind(id).bind(owner);
    Backtest::of(&reader.one("back-test", statement).await?)
}

/// A user's back-tests, newest first, before a moment.
///
/// # Errors
/// Failures of the database.
pub async fn backtests(
    reader: &mut Reader,
    owner: Owner,
    before: Option<Ts>,
    limit: u32,
) -> Result<Vec<Backtest>, StoreError> {
    let rest = "WHERE user_id = $1 AND created_at < $2 ORDER BY created_at DESC LIMIT $3";
    let statement = Backtest::select(rest).bind(owner).bind(before.unwrap_or(FAR)).bind(limit.min(PAGE_MAX));
    Backtest::all_of(&reader.all(statement).await?)
}

/// A user's back-tests of a model, newest first.
///
/// # Errors
/// Failures of the database.
pub async fn backtests_of_model(
    reader: &mut Reader,
    owner: Owner,
    model: ModelId,
    limit: u32,
) -> Result<Vec<Backtest>, StoreError> {
    let rest = "WHERE model_id = $1 AND user_id = $2 ORDER BY created_at DESC LIMIT $3";
    let statement = Backtest::select(rest).bind(model).bind(owner).bind(limit.min(PAGE_MAX));
    Backtest::all_of(&reader.all(statement).await?)
}

/// Removes one of a user's back-tests.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn remove_backtest(tx: &mut Tx, owner: Owner, id: BacktestId) -> Result<(), StoreError> {
    let text = "DELETE FROM backtests WHERE id = $1 AND user_id = $2";
    tx.change("back-test", sql(text).bind(id).bind(owner)).await
}

/// Notes a sweep, or what changed about it.
///
/// # Errors
/// Failures of the database.
pub async fn put_sweep(tx: &mut Tx, sweep: &Sweep) -> Result<(), StoreError> {
    let changing = ["status", "error", "job_id", "finished_at", "kept", "result", "trials_planned"];
    tx.execute(upsert(Sweep::TABLE, Sweep::COLUMNS, "id", &changing, sweep.values())).await.map(|_| ())
}

/// One of a user's sweeps.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn sweep(reader: &mut Reader, owner: Owner, id: SweepId) -> Result<Sweep, StoreError> {
    let statement = Sweep::select("WHERE id = $1 AND user_id = $2").bind(id).bind(owner);
    Sweep::of(&reader.one("sweep", statement).await?)
}

/// A user's sweeps, newest first, before a moment.
///
/// # Errors
/// Failures of the database.
pub async fn sweeps(
    reader: &mut Reader,
    owner: Owner,
    before: Option<Ts>,
    limit: u32,
) -> Result<Vec<Sweep>, StoreError> {
    let rest = "WHERE user_id = $1 AND created_at < $2 ORDER BY created_at DESC LIMIT $3";
    let statement = Sweep::select(rest).bind(owner).bind(before.unwrap_or(FAR)).bind(limit.min(PAGE_MAX));
    Sweep::all_of(&reader.all(statement).await?)
}

/// Notes a trial. One that is there already is left alone.
///
/// # Errors
/// Failures of the database.
pub async fn append_trial(tx: &mut Tx, trial: &Trial) -> Result<(), StoreError> {
    let text = crate::record::insert_text(Trial::TABLE, Trial::COLUMNS);
    let text = format!("{text} ON CONFLICT (sweep_id, number) DO NOTHING");
    tx.execute(crate::statement::composed(text).kept().bind_all(trial.values())).await.map(|_| ())
}

/// The trials of one of a user's sweeps by number, after one.
///
/// # Errors
/// Failures of the database.
pub async fn trials(
    reader: &mut Reader,
    owner: Owner,
    sweep: SweepId,
    after: i64,
    limit: u32,
) -> Result<Vec<Trial>, StoreError> {
    let rest = "WHERE sweep_id = $1 AND user_id = $2 AND number > $3 ORDER BY number LIMIT $4";
    let statement = Trial::select(rest).bind(sweep).bind(owner).bind(after).bind(limit.min(PAGE_MAX));
    Trial::all_of(&reader.all(statement).await?)
}
