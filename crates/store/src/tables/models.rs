//! Trained models and their forecasts.

use crate::bulk;
use crate::error::StoreError;
use crate::ids::{JobId, ModelId, Owner, PredictionId, UserId};
use crate::limits::PAGE_MAX;
use crate::record::{record, upsert};
use crate::statement::sql;
use crate::tables::FAR;
use crate::tx::{Reader, Tx};
use crate::value::Ts;

record! {
    /// A model.
    pub struct Model in "models" {
        /// Which.
        id: ModelId,
        /// Whose.
        user_id: UserId,
        /// What the owner calls it.
        name: String,
        /// ARIMA, Prophet, LSTM, ...
        algorithm_type: String,
        /// The pair it forecasts.
        symbol: String,
        /// The bars it looks at.
        bar_interval: String,
        /// Its parameters: JSON.
        params: String,
        /// How far its training is.
        training_status: String,
        /// Rises with every training under this name.
        version: i64,
        /// The hash of what was trained: its name in journals.
        artefact_hash: Option<String>,
        /// The figures: JSON.
        metrics: String,
        /// The job that trains it.
        job_id: Option<JobId>,
        /// Whether it is the one in use under its name.
        active: bool,
        /// When it was asked for.
        created_at: Ts,
        /// When it last changed.
        updated_at: Ts,
    }
}

record! {
    /// A forecast.
    pub struct Prediction in "predictions" {
        /// Which.
        id: PredictionId,
        /// Of which model.
        model_id: ModelId,
        /// Whose.
        user_id: UserId,
        /// The pair.
        symbol: String,
        /// When it was made, in the time of the series.
        timestamp: Ts,
        /// Which moment it is about.
        target_at: Ts,
        /// The expected value.
        value: f64,
        /// Lower end of the interval.
        lower: Option<f64>,
        /// Upper end of the interval.
        upper: Option<f64>,
        /// What the naive forecast says: the yardstick.
        naive: f64,
        /// What came.
        actual: Option<f64>,
        /// When it was noted.
        created_at: Ts,
    }
}

/// Notes a model, or what changed about it.
///
/// # Errors
/// `Taken` of `models.user_id,name,version`, and failures of the database.
pub async fn put(tx: &mut Tx, model: &Model) -> Result<(), StoreError> {
    let changing = ["training_status", "artefact_hash", "metrics", "job_id", "active", "updated_at"];
    tx.execute(upsert(Model::TABLE, Model::COLUMNS, "id", &changing, model.values())).await.map(|_| ())
}

/// Notes that a training has begun; false if the model does not wait for the job, or is gone.
///
/// # Errors
/// Failures of the database.
pub async fn begin(tx: &mut Tx, id: ModelId, job: JobId, now: Ts) -> Result<bool, StoreError> {
    let text = "UPDATE models SET training_status = 'running', updated_at = $1 \
                WHERE id = $2 AND job_id = $3 AND training_status IN ('queued', 'running')";
    Ok(tx.execute(sql(text).bind(now).bind(id).bind(job)).await? > 0)
}

/// Notes how a training ended. Changes nothing if that is noted already.
///
/// # Errors
/// Failures of the database.
pub async fn settle(tx: &mut Tx, model: &Model) -> Result<(), StoreError> {
    let text = "UPDATE models SET training_status = $1, version = $2, artefact_hash = $3, metrics = $4, updated_at = $5 \
                WHERE id = $6 AND training_status IN ('queued', 'running')";
    let statement = sql(text).bind(model.training_status.clone()).bind(model.version);
    let statement = statement.bind(model.artefact_hash.clone()).bind(model.metrics.clone());
    tx.execute(statement.bind(model.updated_at).bind(model.id)).await.map(|_| ())
}

/// One of a user's models.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn by_id(reader: &mut Reader, owner: Owner, id: ModelId) -> Result<Model, StoreError> {
    let statement = Model::select("WHERE id = $1 AND user_id = $2").bind(id).bind(owner);
    Model::of(&reader.one("model", statement).await?)
}

/// A user's models by name and version; of one algorithm if it is named.
///
/// # Errors
/// Failures of the database.
pub async fn list(
    reader: &mut Reader,
    owner: Owner,
    algorithm: Option<&str>,
) -> Result<Vec<Model>, StoreError> {
    let rows = match algorithm {
        Some(algorithm) => {
            let rest = "WHERE user_id = $1 AND algorithm_type = $2 ORDER BY name, version LIMIT 1000";
            reader.all(Model::select(rest).bind(owner).bind(algorithm)).await?
        }
        None => {
            let rest = "WHERE user_id = $1 ORDER BY name, version LIMIT 1000";
            reader.all(Model::select(rest).bind(owner)).await?
        }
    };
    Model::all_of(&rows)
}

/// All models in a state of training, whoever's.
///
/// # Errors
/// Failures of the database.
pub async fn in_training_of_all(reader: &mut Reader, status: &str) -> Result<Vec<Model>, StoreError> {
    Model::all_of(&reader.all(Model::select("WHERE training_status = $1 ORDER BY id").bind(status)).await?)
}

/// Removes one of a user's models with its forecasts.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn remove(tx: &mut Tx, owner: Owner, id: ModelId) -> Result<(), StoreError> {
    tx.change("model", sql("DELETE FROM models WHERE id = $1 AND user_id = $2").bind(id).bind(owner)).await
}

/// Notes forecasts, by COPY where there is one; how many.
///
/// # Errors
/// Failures of the database.
pub async fn append_predictions(tx: &mut Tx, predictions: &[Prediction]) -> Result<u64, StoreError> {
    let rows = predictions.iter().map(Prediction::values);
    bulk::insert(tx, Prediction::TABLE, Prediction::COLUMNS, rows).await
}

/// A model's forecasts for a pair, newest first, before a moment.
///
/// # Errors
/// Failures of the database.
pub async fn predictions(
    reader: &mut Reader,
    owner: Owner,
    model: ModelId,
    symbol: &str,
    before: Option<Ts>,
    limit: u32,
) -> Result<Vec<Prediction>, StoreError> {
    let rest = "WHERE model_id = $1 AND symbol = $2 AND user_id = $3 AND timestamp < $4 \
                ORDER BY timestamp DESC LIMIT $5";
    let statement = Prediction::select(rest).bind(model).bind(symbol).bind(owner);
    let statement = statement.bind(before.unwrap_or(FAR)).bind(limit.min(PAGE_MAX));
    Prediction::all_of(&reader.all(statement).await?)
}

/// Forecasts about moments from `after` to before `before` that nobody has compared with what came, whoever's, with the
/// length of their models' bars; the oldest first.
///
/// # Errors
/// Failures of the database.
pub async fn unscored_of_all(
    reader: &mut Reader,
    after: Ts,
    before: Ts,
    limit: u32,
) -> Result<Vec<(Prediction, String)>, StoreError> {
    let rest = "WHERE actual IS NULL AND target_at >= $1 AND target_at < $2 ORDER BY target_at LIMIT $3";
    let statement = Prediction::select(rest).bind(after).bind(before).bind(limit.min(PAGE_MAX));
    let found = Prediction::all_of(&reader.all(statement).await?)?;
    let mut intervals = std::collections::BTreeMap::new();
    for forecast in &found {
        if let std::collections::btree_map::Entry::Vacant(place) = intervals.entry(forecast.model_id) {
            let model = by_id(reader, Owner::of(forecast.user_id), forecast.model_id).await?;
            place.insert(model.bar_interval);
        }
    }
    let interval = |forecast: &Prediction| intervals.get(&forecast.model_id).cloned().unwrap_or_default();
    Ok(found
        .into_iter()
        .map(|forecast| {
            let of = interval(&forecast);
            (forecast, of)
        })
        .collect())
}

/// Notes what came.
///
/// # Errors
/// `Absent`, and failures of the database.
pub async fn note_actual(tx: &mut Tx, id: PredictionId, actual: f64) -> Result<(), StoreError> {
    let statement = sql("UPDATE predictions SET actual = $1 WHERE id = $2").bind(actual).bind(id);
    tx.change("prediction", statement).await
}

/// The forecasts of a model that were compared with what came, the newest first.
///
/// # Errors
/// Failures of the database.
pub async fn scored(
    reader: &mut Reader,
    owner: Owner,
    model: ModelId,
    limit: u32,
) -> Result<Vec<Prediction>, StoreError> {
    let rest = "WHERE model_id = $1 AND user_id = $2 AND actual IS NOT NULL ORDER BY timestamp DESC LIMIT $3";
    let statement = Prediction::select(rest).bind(model).bind(owner).bind(limit.min(PAGE_MAX));
    Prediction::all_of(&reader.all(statement).await?)
}

/// Removes forecasts made before `before`, at most `limit`; how many.
///
/// # Errors
/// Failures of the database.
pub async fn prune_predictions(tx: &mut Tx, before: Ts, limit: u32) -> Result<u64, StoreError> {
    let text = "DELETE FROM predictions WHERE id IN \
                (SELECT id FROM predictions WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
    tx.execute(sql(text).bind(before).bind(limit)).await
}
