//! Models of the one who asks: made, trained, asked, scored, removed. Trainings are jobs.

mod body;
pub(crate) mod keeper;
pub(crate) mod predict;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use store::jobs::{self as rows, Job};
use store::models::{self, Model};
use store::users::Role;
use store::{JobId, ModelId, Owner, StoreError, Ts, audit, research};

use self::body::{MetricsBody, ModelBody, ModelRequest, TrainRequest};
use super::jobs::{behind, is_over, job_for, room_for_one};
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Principal, Trader, Viewer, from_store};
use crate::models::{TRAINING_JOB, Training, registry_name};
use crate::routes::accounts::name_of;
use crate::routes::markets::from_port;
use crate::wire::{Json, id_of};

/// Most models of one user.
const MODELS_MAX: usize = 100;
/// Forecasts that were compared with what came and count for a model's live scores.
const SCORED_MAX: u32 = 1_000;

/// Back-tests shown with a model.
const TRADED_MAX: u32 = 20;

/// What is trained, as a model's row keeps it.
pub(crate) fn training_of(params: &str) -> Result<Training, String> {
    let request = serde_json::from_str::<TrainRequest>(params).map_err(|error| error.to_string())?;
    request.checked().map_err(|problem| problem.detail)
}

/// The id and the version of a model as a bot's record names it: `m-ID@VERSION#HASH`.
pub(crate) fn from_label(label: &str) -> Option<(String, u32)> {
    let (name, rest) = label.strip_prefix("m-")?.split_once('@')?;
    let version = rest.split('#').next()?.parse().ok()?;
    Some((name.to_owned(), version))
}

/// One's own model and the job of its last training.
async fn mine(app: &App, owner: Owner, id: &str) -> Result<(Model, Option<Job>), Problem> {
    let id: ModelId = id_of(id, "model")?;
    let model = models::by_id(&mut app.store.read(), owner, id).await.map_err(|e| from_store(&e))?;
    with_job(app, owner, model).await
}

/// A model whose row says what became of its training, and the job of that training.
async fn with_job(app: &App, owner: Owner, model: Model) -> Result<(Model, Option<Job>), Problem> {
    let job = behind(app, owner, model.job_id).await?;
    let model = keeper::settled(app, model, job.as_ref()).await?;
    Ok((model, job))
}

fn shown(app: &App, model: &Model, job: Option<Job>) -> Json<ModelBody> {
    let training = job.map(|job| {
        let now = app.models.progress(job.id);
        (app.queue.as_it_is(job), now)
    });
    Json(ModelBody::of(model, training))
}

/// One of one's own trained models, for whoever wants to use it.
pub(crate) async fn usable(app: &App, owner: Owner, id: &str) -> Result<Model, Problem> {
    let (model, _) = mine(app, owner, id).await?;
    if model.version == 0 {
        return Err(Problem::conflict("not_trained", "this model has not been trained yet"));
    }
    Ok(model)
}

/// One's own models by name.
#[utoipa::path(get, path = "/api/ml/models", tag = "models", operation_id = "listModels",
    responses((status = 200, body = Vec<ModelBody>), (status = 401, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
) -> Result<Json<Vec<ModelBody>>, Problem> {
    let found = models::list(&mut app.store.read(), who.owner(), None).await.map_err(|e| from_store(&e))?;
    let ids: Vec<JobId> = found.iter().filter_map(|model| model.job_id).collect();
    let jobs = rows::by_ids(&mut app.store.read(), who.owner(), &ids).await.map_err(|e| from_store(&e))?;
    let mut jobs: BTreeMap<JobId, Job> = jobs.into_iter().map(|job| (job.id, job)).collect();
    let mut bodies = Vec::new();
    for model in found {
        let job = model.job_id.and_then(|id| jobs.remove(&id));
        let model = keeper::settled(&app, model, job.as_ref()).await?;
        bodies.push(shown(&app, &model, job).0);
    }
    Ok(Json(bodies))
}

/// One of one's own models, with its training.
#[utoipa::path(get, path = "/api/ml/models/{model_id}", tag = "models", operation_id = "getModel",
    params(("model_id" = String, Path, description = "the model's id")),
    responses((status = 200, body = ModelBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<Json<ModelBody>, Problem> {
    let (model, job) = mine(&app, who.owner(), &id).await?;
    Ok(shown(&app, &model, job))
}

/// Makes a model and lets its training wait for its turn (unless `train` is false).
#[utoipa::path(post, path = "/api/ml/models", tag = "models", operation_id = "createModel", request_body = ModelRequest,
    responses((status = 201, body = ModelBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem),
        (status = 415, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Json(request): Json<ModelRequest>,
) -> Result<(StatusCode, Json<ModelBody>), Problem> {
    let training = request.training.checked()?;
    app.models.check(&training).map_err(|error| from_port(&error))?;
    let known = models::list(&mut app.store.read(), who.owner(), None).await.map_err(|e| from_store(&e))?;
    if known.len() >= MODELS_MAX {
        let detail = format!("a user has at most {MODELS_MAX} models; delete one first");
        return Err(Problem::refused("too_many_models", detail));
    }
    let name = name_of(&request.name)?;
    if known.iter().any(|model| model.name == name) {
        return Err(Problem::conflict("taken", "you have a model of this name already"));
    }
    let now = Ts::now();
    let model = Model {
        id: ModelId::new(),
        user_id: who.user,
        name,
        algorithm_type: training.algorithm.clone(),
        symbol: training.symbols.join(","),
        bar_interval: training.interval.clone(),
        params: request.training.text(),
        training_status: "new".to_owned(),
        version: 0,
        artefact_hash: None,
        metrics: "{}".to_owned(),
        job_id: None,
        active: true,
        created_at: now,
        updated_at: now,
    };
    let (model, job) = if request.train.unwrap_or(true) {
        let (model, job) = queue(&app, &who, model, "model.create").await?;
        (model, Some(job))
    } else {
        request.training.priority(who.role == Role::Admin)?;
        put(&app, &who, "model.create", &model, None).await?;
        (model, None)
    };
    Ok((StatusCode::CREATED, shown(&app, &model, job)))
}

/// Notes a model, the job that trains it, and that somebody wanted it so, in one transaction.
async fn put(
    app: &App,
    who: &Principal,
    action: &str,
    model: &Model,
    job: Option<&Job>,
) -> Result<(), Problem> {
    let note = who.note(action, model.id, &serde_json::json!({ "name": model.name }));
    let (row, work) = (model.clone(), job.cloned());
    let done = app.store.write(move |tx| {
        Box::pin(async move {
            models::put(tx, &row).await?;
            if let Some(job) = &work {
                rows::enqueue(tx, job).await?;
            }
            audit::append(tx, note, Ts::now()).await
        })
    });
    done.await.map(|_| ()).map_err(|e: StoreError| from_store(&e))
}

/// Lets the training of a model wait for its turn.
async fn queue(app: &App, who: &Principal, mut model: Model, action: &str) -> Result<(Model, Job), Problem> {
    let request = TrainRequest::of(&model.params)?;
    let mut job = job_for(who.owner(), TRAINING_JOB, model.id.to_string(), Ts::now())?;
    job.priority = request.priority(who.role == Role::Admin)?;
    room_for_one(app, who.owner()).await?;
    (model.training_status, model.updated_at) = ("queued".to_owned(), Ts::now());
    model.job_id = Some(job.id);
    put(app, who, action, &model, Some(&job)).await?;
    app.queue.notify();
    Ok((model, job))
}

/// Trains the model's next version, on the newest bars.
#[utoipa::path(post, path = "/api/ml/models/{model_id}/train", tag = "models", operation_id = "trainModel",
    params(("model_id" = String, Path, description = "the model's id")),
    responses((status = 202, body = ModelBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn train(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<ModelBody>), Problem> {
    let (model, job) = mine(&app, who.owner(), &id).await?;
    if job.is_some_and(|job| !is_over(job.status)) {
        return Err(Problem::conflict("training", "a training of this model waits or runs already"));
    }
    let (model, job) = queue(&app, &who, model, "model.train").await?;
    Ok((StatusCode::ACCEPTED, shown(&app, &model, Some(job))))
}

/// Cancels the training that waits or runs; what was trained before stays.
#[utoipa::path(post, path = "/api/ml/models/{model_id}/cancel", tag = "models", operation_id = "cancelTraining",
    params(("model_id" = String, Path, description = "the model's id")),
    responses((status = 202, body = ModelBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<ModelBody>), Problem> {
    let (model, job) = mine(&app, who.owner(), &id).await?;
    let Some(job) = job.filter(|job| !is_over(job.status)) else {
        return Err(Problem::refused("not_training", "no training of this model waits or runs"));
    };
    app.queue.cancel(who.owner(), job.id).await.map_err(|e| from_store(&e))?;
    app.audit(who.note("model.cancel", model.id, &serde_json::json!({ "name": model.name }))).await;
    let job = behind(&app, who.owner(), Some(job.id)).await?;
    let model = keeper::settled(&app, model, job.as_ref()).await?;
    Ok((StatusCode::ACCEPTED, shown(&app, &model, job)))
}

/// How a model did: on the hold-out of its training, and with the forecasts it made since, beside the naive forecast.
#[utoipa::path(get, path = "/api/ml/models/{model_id}/metrics", tag = "models", operation_id = "getModelMetrics",
    params(("model_id" = String, Path, description = "the model's id")),
    responses((status = 200, body = MetricsBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn metrics(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<Json<MetricsBody>, Problem> {
    let (model, _) = mine(&app, who.owner(), &id).await?;
    let scored = models::scored(&mut app.store.read(), who.owner(), model.id, SCORED_MAX).await;
    let traded = research::backtests_of_model(&mut app.store.read(), who.owner(), model.id, TRADED_MAX).await;
    let (scored, traded) = (scored.map_err(|e| from_store(&e))?, traded.map_err(|e| from_store(&e))?);
    Ok(Json(MetricsBody::of(&model, &scored, &traded)))
}

/// Removes a model with its versions and forecasts. One that trains is cancelled first.
#[utoipa::path(delete, path = "/api/ml/models/{model_id}", tag = "models", operation_id = "deleteModel",
    params(("model_id" = String, Path, description = "the model's id")),
    responses((status = 204, description = "removed"), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let (model, job) = mine(&app, who.owner(), &id).await?;
    let name = registry_name(model.id);
    if job.is_some_and(|job| !is_over(job.status)) {
        return Err(Problem::conflict("training", "a training of this model waits or runs; cancel it first"));
    }
    let (owner, id) = (who.owner(), model.id);
    let note = who.note("model.delete", id, &serde_json::json!({ "name": model.name }));
    let removed = app.store.write(move |tx| {
        Box::pin(async move {
            models::remove(tx, owner, id).await?;
            audit::append(tx, note, Ts::now()).await
        })
    });
    removed.await.map_err(|e: StoreError| from_store(&e))?;
    // Its files last: a crash in between leaves files that nobody names.
    app.models.remove(name).await.map_err(|error| from_port(&error))?;
    Ok(StatusCode::NO_CONTENT)
}
