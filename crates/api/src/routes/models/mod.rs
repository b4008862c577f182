//! Models of the one who asks: made, trained, asked, scored, removed. A model's name in the registry follows from its id, so
//! that nobody reaches another's.

mod body;
pub(crate) mod keeper;
pub(crate) mod predict;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use store::models::{self, Model};
use store::{ModelId, Owner, StoreError, Ts, audit};

use self::body::{MetricsBody, ModelBody, ModelRequest, TrainRequest};
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Principal, Trader, Viewer, from_store};
use crate::routes::accounts::name_of;
use crate::routes::markets::from_port;
use crate::wire::Json;

/// Most models of one user.
const MODELS_MAX: usize = 100;
/// Forecasts that were compared with what came and count for a model's live scores.
const SCORED_MAX: u32 = 1_000;

/// A model's name in the registry.
fn registry_name(id: ModelId) -> String {
    format!("m-{id}")
}

/// One's own model, as far as its training is.
async fn mine(app: &App, owner: Owner, id: &str) -> Result<Model, Problem> {
    let id: ModelId = id.parse().map_err(|_| Problem::not_found("model"))?;
    let model = models::by_id(&mut app.store.read(), owner, id).await.map_err(|e| from_store(&e))?;
    keeper::settled(app, model).await
}

/// One's own models by name.
#[utoipa::path(get, path = "/api/ml/models", tag = "models", operation_id = "listModels",
    responses((status = 200, body = Vec<ModelBody>), (status = 401, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
) -> Result<Json<Vec<ModelBody>>, Problem> {
    let found = models::list(&mut app.store.read(), who.owner(), None).await.map_err(|e| from_store(&e))?;
    let mut bodies = Vec::new();
    for model in found {
        let model = keeper::settled(&app, model).await?;
        let training = app.models.training(&registry_name(model.id));
        bodies.push(ModelBody::of(&model, training));
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
    let model = mine(&app, who.owner(), &id).await?;
    let training = app.models.training(&registry_name(model.id));
    Ok(Json(ModelBody::of(&model, training)))
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
    put(&app, &who, "model.create", &model).await?;
    let model = if request.train.unwrap_or(true) { queue(&app, &who, model).await? } else { model };
    let state = app.models.training(&registry_name(model.id));
    Ok((StatusCode::CREATED, Json(ModelBody::of(&model, state))))
}

/// Notes a model and, in the same transaction, that somebody changed it.
async fn put(app: &App, who: &Principal, action: &str, model: &Model) -> Result<(), Problem> {
    let note = who.note(action, model.id, &serde_json::json!({ "name": model.name }));
    let row = model.clone();
    let done = app.store.write(move |tx| {
        Box::pin(async move {
            models::put(tx, &row).await?;
            audit::append(tx, note, Ts::now()).await
        })
    });
    done.await.map(|_| ()).map_err(|e: StoreError| from_store(&e))
}

/// The row says "queued" before the queue knows: after a crash in between the keeper finds that it never was.
async fn queue(app: &App, who: &Principal, mut model: Model) -> Result<Model, Problem> {
    let before = model.training_status.clone();
    let training = TrainRequest::of(&model.params)?.checked()?;
    if app.models.training(&registry_name(model.id)).is_some_and(|state| !state.is_final) {
        return Err(Problem::conflict("training", "a training of this model waits or runs already"));
    }
    (model.training_status, model.updated_at) = ("queued".to_owned(), Ts::now());
    put(app, who, "model.train", &model).await?;
    if let Err(error) = app.models.train(&registry_name(model.id), &training) {
        model.training_status = before;
        put(app, who, "model.train_refused", &model).await?;
        return Err(from_port(&error));
    }
    Ok(model)
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
    let model = mine(&app, who.owner(), &id).await?;
    let model = queue(&app, &who, model).await?;
    let state = app.models.training(&registry_name(model.id));
    Ok((StatusCode::ACCEPTED, Json(ModelBody::of(&model, state))))
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
    let model = mine(&app, who.owner(), &id).await?;
    app.models.cancel(&registry_name(model.id)).map_err(|error| from_port(&error))?;
    app.audit(who.note("model.cancel", model.id, &serde_json::json!({ "name": model.name }))).await;
    let state = app.models.training(&registry_name(model.id));
    Ok((StatusCode::ACCEPTED, Json(ModelBody::of(&model, state))))
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
    let model = mine(&app, who.owner(), &id).await?;
    let scored = models::scored(&mut app.store.read(), who.owner(), model.id, SCORED_MAX).await;
    Ok(Json(MetricsBody::of(&model, &scored.map_err(|e| from_store(&e))?)))
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
    let model = mine(&app, who.owner(), &id).await?;
    let name = registry_name(model.id);
    if app.models.training(&name).is_some_and(|state| !state.is_final) {
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
