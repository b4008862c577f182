//! Trainings of people's models: what the workers of the jobs' queue do with a job that names a model.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::models::{Progress, TIMED_OUT, TRAINED, TRAINING_JOB, Training, registry_name};
use futures_util::future::BoxFuture;
use jobs::{Ending, Outcome, Queue, Task, Timing, Work, Workers};
use serde_json::json;
use store::models::{self, Model};
use store::{JobId, ModelId, Owner, Store, StoreError, Ts};
use training::{BarSource, Choice, Record, Registry, Request, Steering};

use super::research::subject;

/// What the trainings of this process do this moment.
type Running = Arc<Mutex<BTreeMap<JobId, Progress>>>;

/// Where models go, where bars come from, and what is being trained.
#[derive(Clone)]
pub(super) struct Trainings {
    registry: Registry,
    source: Arc<dyn BarSource>,
    running: Running,
}

impl Trainings {
    pub(super) fn new(registry: Registry, source: Arc<dyn BarSource>) -> Self {
        Self { registry, source, running: Arc::default() }
    }

    /// Starts workers that train `slots` models at once, one thread each.
    pub(super) fn start(&self, store: &Store, queue: &Queue, slots: usize) -> Workers {
        let work = TrainingWork { trainings: self.clone(), store: store.clone() };
        Workers::start(queue, vec![Arc::new(work)], slots, Timing::default())
    }

    /// What a training does this moment.
    pub(super) fn progress(&self, job: JobId) -> Option<Progress> {
        self.running().get(&job).cloned()
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<JobId, Progress>> {
        // A panic while it was held leaves it whole: every change is one insertion or removal.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A training in the words of the crate that carries it out, which checks the ranges itself.
pub(super) fn request(name: &str, training: &Training) -> Result<Request, String> {
    let choice = match training.algorithm.as_str() {
        "arima" => Choice::Arima,
        "prophet" => Choice::Prophet,
        "lstm" => Choice::Lstm,
        "ets" => Choice::Ets,
        "auto" => Choice::Auto,
        other => return Err(format!("{other:?} is no algorithm")),
    };
    Ok(Request {
        choice,
        symbols: training.symbols.clone(),
        interval: training.interval.clone(),
        days: training.days,
        horizon: training.horizon,
        search: training.search,
        seed: training.seed,
        epochs: training.epochs,
        hidden: training.hidden,
        limit_s: training.limit_s,
        name: Some(name.to_owned()),
        ..Request::default()
    })
}

struct TrainingWork {
    trainings: Trainings,
    store: Store,
}

impl Work for TrainingWork {
    fn kind(&self) -> &'static str {
        TRAINING_JOB
    }

    fn run(&self, task: Task) -> BoxFuture<'static, Outcome> {
        let (trainings, store) = (self.trainings.clone(), self.store.clone());
        Box::pin(async move {
            let id = task.job.id;
            let outcome = carry_out(&trainings, &store, task).await;
            trainings.running().remove(&id);
            outcome.unwrap_or_else(|error| {
                tracing::error!(%error, "a training cannot be read or written");
                Outcome::Failed("the database could not be used; train it again".to_owned())
            })
        })
    }
}

/// How a training ended.
enum End {
    /// With a record in the registry.
    Stored(Box<Record>),
    /// Somebody wanted it to end, or the workers stop.
    Ended(Ending),
    /// Its time was over.
    Late(String),
    /// Otherwise without a model.
    Failed(String),
}

async fn carry_out(trainings: &Trainings, store: &Store, task: Task) -> Result<Outcome, StoreError> {
    let Some((owner, id)) = subject::<ModelId>(&task) else {
        return Ok(Outcome::Failed("the job does not say what to train".to_owned()));
    };
    let Some(model) = begun(store, owner, id, task.job.id).await? else {
        return Ok(Outcome::Failed("the model was removed, or is trained by another job".to_owned()));
    };
    let request = Training::of_row(&model).and_then(|training| request(&registry_name(id), &training));
    let end = match request {
        Ok(request) => {
            let (trainings, task) = (trainings.clone(), task.clone());
            let trained = tokio::task::spawn_blocking(move || train(&trainings, &request, &task)).await;
            trained.unwrap_or_else(|error| {
                tracing::error!(%error, "a training panicked");
                End::Failed("a bug in this program ended the training".to_owned())
            })
        }
        Err(why) => End::Failed(why),
    };
    let (row, outcome) = settled(model, end);
    if let Some(row) = row.filter(|_| task.must_end() != Some(Ending::Lost)) {
        let written: Result<(), StoreError> =
            store.write(move |tx| Box::pin(async move { models::settle(tx, &row).await })).await;
        written?;
    }
    Ok(outcome)
}

/// The model, its row saying that it trains; `None` if it does not wait for this job.
async fn begun(store: &Store, owner: Owner, id: ModelId, job: JobId) -> Result<Option<Model>, StoreError> {
    let begun: Result<bool, StoreError> =
        store.write(move |tx| Box::pin(models::begin(tx, id, job, Ts::now()))).await;
    if !begun? {
        return Ok(None);
    }
    match models::by_id(&mut store.read(), owner, id).await {
        Ok(model) => Ok(Some(model)),
        Err(StoreError::Absent { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the model's row says afterwards, if it changes, and how the job ended.
fn settled(mut model: Model, end: End) -> (Option<Model>, Outcome) {
    let (status, outcome) = match end {
        End::Stored(record) => {
            model.version = i64::from(record.version);
            model.metrics = metrics(&record).to_string();
            model.artefact_hash = Some(record.hash.clone());
            let result = json!({ "version": record.version, "hash": record.hash });
            (TRAINED, Outcome::Done(result.to_string()))
        }
        End::Ended(Ending::Cancelled) => ("cancelled", Outcome::Cancelled),
        // Somebody takes it up again, or has done so: it still waits.
        End::Ended(Ending::Stopping | Ending::Lost) => return (None, Outcome::Stopped),
        End::Late(why) => (TIMED_OUT, Outcome::Failed(why)),
        End::Failed(why) => ("failed", Outcome::Failed(why)),
    };
    (model.training_status, model.updated_at) = (status.to_owned(), Ts::now());
    (Some(model), outcome)
}

/// Scores on the hold-out beside the naive forecast's, with the parameters and what was tried.
fn metrics(record: &Record) -> serde_json::Value {
    let mut metrics = json!(record.metrics);
    metrics["algorithm"] = record.algorithm.clone().into();
    metrics["verdict"] = record.metrics.verdict().into();
    metrics["params"] = record.params.clone();
    metrics["trials"] = json!(record.trials);
    metrics["bars"] = record.bars.iter().sum::<usize>().into();
    metrics["elapsed_s"] = record.elapsed_s.into();
    metrics["code"] = record.code.clone().into();
    metrics
}

/// Trains and stores. On a blocking thread.
fn train(trainings: &Trainings, request: &Request, task: &Task) -> End {
    let ended = || task.must_end().is_some();
    let told = |progress: training::Progress| tell(trainings, task, progress);
    let steering = Steering::new(request.limit(), &ended, &told);
    let outcome = match training::run(request, trainings.source.as_ref(), &steering) {
        Ok(outcome) => outcome,
        Err(error) => {
            return match task.must_end() {
                Some(ending) => End::Ended(ending),
                None if steering.was_late() => End::Late(format!(
                    "not done within {} s; allow more time, fewer passes, or a shorter history",
                    request.limit_s
                )),
                None => End::Failed(error.to_string()),
            };
        }
    };
    let id = training::model_id(outcome.model.algorithm().name(), request);
    let Some(record) = Record::new(id, request, &outcome, Ts::now().0 / 1_000) else {
        return End::Failed("the model cannot be written down".to_owned());
    };
    match trainings.registry.put(record) {
        Ok(record) => End::Stored(Box::new(record)),
        Err(error) => End::Failed(error.to_string()),
    }
}

/// Tells the job in a sentence, and those who ask in this process in figures.
fn tell(trainings: &Trainings, task: &Task, progress: training::Progress) {
    let loss = progress.loss.map_or_else(String::new, |loss| format!(", loss {loss:.4}"));
    let left = progress.remaining_s.map_or_else(String::new, |left| format!(", {left:.0} s left"));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share in hundredths of a percent"
    )]
    let share = (progress.share.clamp(0.0, 1.0) * 10_000.0) as u64;
    task.progress(share, 10_000, &format!("{}{loss}{left}", progress.stage));
    let mut running = trainings.running();
    let known = running.entry(task.job.id).or_default();
    known.loss = progress.loss.or(known.loss);
    (known.stage, known.share, known.remaining_s) = (progress.stage, progress.share, progress.remaining_s);
}
