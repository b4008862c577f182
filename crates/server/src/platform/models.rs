//! Models of people: the training queue, the registry and the prediction service behind the API's port.

use std::path::Path;
use std::sync::Arc;

use api::models::{Ask, Fitted, Forecast, Models, Step, Training, TrainingState};
use api::ports::{PortError, Reply};
use archive::Archive;
use exchange_host::Handle;
use forecast::market::Bars;
use training::{
    BarSource, Choice, JobError, JobState, PredictError, Predictor, Queue, QueueLimits, Registry,
    RegistryError, Request,
};
use types::{Interval, Time};

use super::market_views::candles_of;
use crate::commands::model::source::{ArchiveBars, fold, row};
use crate::failure::{Exit, Failure};

/// Bars that a forecast is made from: more than any model's window and warm-up.
const SEEN_BARS: u32 = 600;
/// Most bars of the built-in exchange that are read for a training.
const TRAINED_BARS_MAX: usize = 200_000;

/// Trains and asks.
pub(super) struct TrainedModels {
    queue: Arc<Queue>,
    registry: Registry,
    predictor: Arc<Predictor>,
    bars: Arc<ServiceBars>,
}

impl TrainedModels {
    /// Opens registry and queue in the data directory; what a crash interrupted is marked.
    pub(super) fn open(data: &Path, handle: Handle) -> Result<Self, Failure> {
        let failed = |why: String| {
            Failure::new(Exit::Failed, "cannot open the models in the data directory").because(why)
        };
        let registry = Registry::open(&data.join("ml").join("models"));
        let bars = Arc::new(ServiceBars { archive: Archive::open(&data.join("archive")), handle });
        let folder = data.join("ml").join("jobs");
        let source: Arc<dyn BarSource> = Arc::<ServiceBars>::clone(&bars);
        let queue = Queue::open(&folder, registry.clone(), source, QueueLimits::default());
        let queue = queue.map_err(|error| failed(error.to_string()))?;
        let predictor = Predictor::start(registry.clone()).map_err(|error| failed(error.to_string()))?;
        Ok(Self { queue: Arc::new(queue), registry, predictor: Arc::new(predictor), bars })
    }
}

/// Bars from the archive, or from the built-in exchange where the archive has none of the symbol.
struct ServiceBars {
    archive: Archive,
    handle: Handle,
}

impl BarSource for ServiceBars {
    fn bars(&self, symbol: &str, interval: &str, days: u32) -> Result<Bars, String> {
        let length = length(interval)?;
        if self.archive.find(symbol).is_ok() {
            return ArchiveBars { archive: self.archive.clone() }.bars(symbol, interval, days);
        }
        let catalog = self.handle.view().catalog();
        let market = catalog.market_by_symbol(symbol).ok_or_else(|| {
            format!(
                "{symbol} is no market here and nothing of it was imported: `tradewind data import` does that"
            )
        })?;
        let now = self.handle.now();
        let from = now.plus_nanos(-i64::from(days) * 86_400_000_000_000);
        let all = candles_of(&self.handle, market.id, length, Some(from), None, TRAINED_BARS_MAX);
        let mut all = all.map_err(|error| error.to_string())?;
        // The last one is still open: it will change.
        all.pop_if(|bar| length.next(bar.open_time) > now);
        let (price, base) =
            (10_f64.powi(i32::from(market.price_scale)), 10_f64.powi(i32::from(market.base.scale)));
        let rows: Vec<[f64; 6]> = all.iter().map(|bar| row(bar, price, base)).collect();
        #[expect(clippy::cast_precision_loss, reason = "seconds of a bar")]
        fold(&rows, length.seconds() as f64, days)
    }
}

fn length(interval: &str) -> Result<Interval, String> {
    let length = Interval::parse(interval).filter(|length| length.seconds() > 0);
    length.ok_or_else(|| format!("{interval:?} is no length of a bar, like 15m or 1h"))
}

fn request(name: &str, training: &Training) -> Result<Request, PortError> {
    let choice = match training.algorithm.as_str() {
        "arima" => Choice::Arima,
        "prophet" => Choice::Prophet,
        "lstm" => Choice::Lstm,
        "ets" => Choice::Ets,
        "auto" => Choice::Auto,
        other => {
            return Err(PortError::Refused {
                code: "algorithm",
                detail: format!("{other:?} is no algorithm"),
            });
        }
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

fn from_job(error: &JobError) -> PortError {
    let detail = error.to_string();
    match error {
        JobError::Request(_) => PortError::Refused { code: "training", detail },
        JobError::Full(_) => PortError::Unavailable(detail),
        JobError::Unknown(_) | JobError::Finished(..) => PortError::Refused { code: "not_training", detail },
        JobError::Disk(_) => PortError::Failed(detail),
    }
}

fn from_registry(error: &RegistryError) -> PortError {
    match error {
        RegistryError::Unknown(_) | RegistryError::Name(_) => PortError::Unknown("model"),
        _ => PortError::Failed(error.to_string()),
    }
}

fn from_predict(error: PredictError) -> PortError {
    match error {
        PredictError::Registry(error) => from_registry(&error),
        PredictError::Forecast(error) => PortError::Refused { code: "bars", detail: error.to_string() },
        PredictError::Horizon(_) => PortError::Refused { code: "horizon", detail: error.to_string() },
        PredictError::Busy => PortError::Unavailable(error.to_string()),
        PredictError::Damaged(_) | PredictError::Ended => PortError::Failed(error.to_string()),
    }
}

const fn word(state: JobState) -> &'static str {
    match state {
        JobState::Queued => "queued",
        JobState::Running => "running",
        JobState::Done => "done",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled",
        JobState::TimedOut => "timed-out",
        JobState::Interrupted => "interrupted",
    }
}

/// Runs what reads files or computes beside the async threads.
fn beside<'a, T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PortError> + Send + 'static,
) -> Reply<'a, Result<T, PortError>> {
    Box::pin(async move {
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| PortError::Failed(error.to_string()))?
    })
}

impl Models for TrainedModels {
    fn check(&self, training: &Training) -> Result<(), PortError> {
        request("", training)?.check().map_err(|error| from_job(&error.into()))
    }

    fn train(&self, name: &str, training: &Training) -> Result<(), PortError> {
        let request = request(name, training)?;
        self.queue.submit(request).map(|_| ()).map_err(|error| from_job(&error))
    }

    fn cancel(&self, name: &str) -> Result<(), PortError> {
        let job = self.queue.job_of(name).ok_or_else(|| PortError::Refused {
            code: "not_training",
            detail: "no training of this model waits or runs".to_owned(),
        })?;
        self.queue.cancel(job.id).map_err(|error| from_job(&error))
    }

    fn training(&self, name: &str) -> Option<TrainingState> {
        let job = self.queue.job_of(name)?;
        let version = job.model.as_deref().and_then(|model| model.rsplit_once('@')?.1.parse().ok());
        Some(TrainingState {
            state: word(job.state),
            is_final: job.state.is_final(),
            stage: job.stage,
            share: job.share,
            loss: job.loss,
            remaining_s: job.remaining_s,
            error: job.error,
            version,
        })
    }

    fn fitted(&self, name: String, version: u32) -> Reply<'_, Result<Fitted, PortError>> {
        let registry = self.registry.clone();
        beside(move || {
            let record = registry.get(&format!("{name}@{version}")).map_err(|error| from_registry(&error))?;
            let mut metrics = serde_json::json!(record.metrics);
            metrics["verdict"] = record.metrics.verdict().into();
            metrics["params"] = record.params.clone();
            metrics["trials"] = serde_json::json!(record.trials);
            metrics["bars"] = record.bars.iter().sum::<usize>().into();
            metrics["elapsed_s"] = record.elapsed_s.into();
            metrics["code"] = record.code.clone().into();
            Ok(Fitted { version, algorithm: record.algorithm.clone(), hash: record.hash.clone(), metrics })
        })
    }

    fn forecast(&self, ask: Ask) -> Reply<'_, Result<Forecast, PortError>> {
        let (predictor, bars) = (Arc::clone(&self.predictor), Arc::clone(&self.bars));
        beside(move || forecast_with(&predictor, &bars, ask))
    }

    fn closes(
        &self,
        symbol: String,
        interval: String,
        from: Time,
    ) -> Reply<'_, Result<Vec<(Time, f64)>, PortError>> {
        let bars = Arc::clone(&self.bars);
        beside(move || {
            let seconds = length(&interval).map_err(PortError::Failed)?.seconds();
            let age = bars.handle.now().0.saturating_sub(from.0) / 86_400_000_000_000;
            let days = u32::try_from(age).unwrap_or(0).saturating_add(2);
            let Ok(seen) = bars.bars(&symbol, &interval, days) else { return Ok(Vec::new()) };
            let view = seen.view();
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds of this millennium")]
            let close = |time: f64| Time::from_millis((time * 1e3) as i64 + seconds * 1_000);
            Ok(view.times.iter().map(|time| close(*time)).zip(view.close.iter().copied()).collect())
        })
    }

    fn remove(&self, name: String) -> Reply<'_, Result<(), PortError>> {
        let registry = self.registry.clone();
        beside(move || match registry.delete(&name, true) {
            Ok(_) | Err(RegistryError::Unknown(_)) => Ok(()),
            Err(error) => Err(from_registry(&error)),
        })
    }
}

fn forecast_with(predictor: &Predictor, source: &ServiceBars, ask: Ask) -> Result<Forecast, PortError> {
    let refused = |detail: String| PortError::Refused { code: "bars", detail };
    let seconds = length(&ask.interval).map_err(refused)?.seconds();
    #[expect(clippy::cast_precision_loss, reason = "seconds of a bar")]
    let step = seconds as f64;
    let bars = match &ask.rows {
        Some(rows) => given(rows, step, source.handle.now()).map_err(refused)?,
        None => {
            let days = i64::from(SEEN_BARS) * seconds / 86_400 + 1;
            let days = u32::try_from(days).unwrap_or(u32::MAX).min(3_650);
            source.bars(&ask.symbol, &ask.interval, days).map_err(refused)?
        }
    };
    let view = bars.view();
    let (Some(last), Some(naive)) = (view.times.last().copied(), view.close.last().copied()) else {
        return Err(refused("there are no bars".to_owned()));
    };
    let question = training::Ask {
        model: ask.name,
        bars: Arc::new(bars),
        horizon: ask.horizon,
        bypass_cache: ask.bypass_cache,
        allow_batching: ask.allow_batching,
    };
    let answer = predictor.ask(question).map_err(from_predict)?;
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of this millennium")]
    let close = |n: usize| Time::from_millis(((last + step * (n as f64 + 1.0)) * 1e3) as i64);
    let steps = answer.steps.iter().enumerate();
    Ok(Forecast {
        version: answer.model.rsplit_once('@').and_then(|(_, version)| version.parse().ok()).unwrap_or(0),
        seen: close(0),
        naive,
        steps: steps
            .map(|(n, step)| Step { at: close(n + 1), mean: step.mean, low: step.low, high: step.high })
            .collect(),
        cached: answer.cached,
        batch: answer.batch,
    })
}

/// Bars that somebody gives: the last of them closed just now.
#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 and numbers of bars")]
fn given(rows: &[[f64; 5]], step: f64, now: Time) -> Result<Bars, String> {
    let end = ((now.millis() as f64 / 1e3) / step).floor() * step;
    let count = rows.len();
    let times: Vec<f64> = (0..count).map(|n| end - step * (count - n) as f64).collect();
    let column = |k: usize| rows.iter().map(|row| row[k]).collect::<Vec<f64>>();
    let [open, high, low, close, volume] = [0, 1, 2, 3, 4].map(column);
    Bars::new(step, &times, [&open, &high, &low, &close, &volume]).map_err(|error| error.to_string())
}
