//! What happens to models by itself: trainings end, and what forecasts were about comes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use store::jobs::{Job, JobStatus};
use store::models::{self, Model, Prediction};
use store::{Owner, StoreError, Ts};
use tokio::time::MissedTickBehavior;

use super::{body, with_job};
use crate::Problem;
use crate::app::App;
use crate::auth::principal::from_store;
use crate::routes::jobs::is_over;

/// How often trainings are looked after that nobody asks about.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Rounds between two looks for what came.
const SCORE_EVERY: u32 = 3;
/// How long what a forecast was about is waited for: bars may be imported late.
const WAITED_S: i64 = 86_400;
/// Forecasts compared in one round.
const SCORE_MAX: u32 = 500;

/// A model whose row says what became of its training. The worker that trains it writes that down itself; this is for jobs that
/// no worker ended: cancelled while they waited, or given up after their process died twice.
pub(super) async fn settled(app: &App, mut model: Model, job: Option<&Job>) -> Result<Model, Problem> {
    if model.training_status != "queued" && model.training_status != "running" {
        return Ok(model);
    }
    let status = match job {
        Some(job) if !is_over(job.status) => return Ok(model),
        // Its end was noted between the two reads.
        Some(job) if job.status == JobStatus::Done => {
            let owner = Owner::of(model.user_id);
            let read = models::by_id(&mut app.store.read(), owner, model.id).await;
            return read.map_err(|e| from_store(&e));
        }
        Some(job) => body::state(job, &model),
        None => "interrupted",
    };
    (model.training_status, model.updated_at) = (status.to_owned(), Ts::now());
    let row = model.clone();
    let written: Result<(), StoreError> =
        app.store.write(move |tx| Box::pin(async move { models::settle(tx, &row).await })).await;
    written.map_err(|e| from_store(&e))?;
    Ok(model)
}

/// Looks after models for ever.
pub async fn keep(app: Arc<App>) {
    let mut clock = tokio::time::interval(LOOK_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in 0_u32.. {
        clock.tick().await;
        for status in ["queued", "running"] {
            let found = models::in_training_of_all(&mut app.store.read(), status).await;
            for model in found.unwrap_or_default() {
                let (id, owner) = (model.id, Owner::of(model.user_id));
                if let Err(problem) = with_job(&app, owner, model).await {
                    tracing::warn!(model = %id, detail = problem.detail, "a training's end is not written down");
                }
            }
        }
        if round.is_multiple_of(SCORE_EVERY)
            && let Err(error) = score(&app).await
        {
            tracing::warn!(%error, "forecasts could not be compared with what came");
        }
    }
}

/// Compares forecasts with the closes that have come; one read of bars for each market and length of bars.
async fn score(app: &App) -> Result<(), StoreError> {
    let now = Ts::now();
    let after = now.plus_seconds(-WAITED_S);
    let found = models::unscored_of_all(&mut app.store.read(), after, now, SCORE_MAX).await?;
    let mut groups: BTreeMap<(String, String), Vec<Prediction>> = BTreeMap::new();
    for (forecast, interval) in found {
        groups.entry((forecast.symbol.clone(), interval)).or_default().push(forecast);
    }
    for ((symbol, interval), forecasts) in groups {
        let Some(from) = forecasts.iter().map(|forecast| forecast.target_at.time()).min() else { continue };
        let closes = app.models.closes(symbol, interval, from).await.unwrap_or_default();
        let closes: BTreeMap<_, _> = closes.into_iter().collect();
        let came = forecasts.iter().filter_map(|f| Some((f.id, *closes.get(&f.target_at.time())?)));
        let came: Vec<_> = came.collect();
        let noted: Result<(), StoreError> = app
            .store
            .write(move |tx| {
                let came = came.clone();
                Box::pin(async move {
                    for (id, close) in came {
                        models::note_actual(tx, id, close).await?;
                    }
                    Ok(())
                })
            })
            .await;
        noted?;
    }
    Ok(())
}
