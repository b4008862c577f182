//! Models of people: the registry and the prediction service behind the API's port, and the bars that both trainings and
//! forecasts see.

use std::path::Path;
use std::sync::Arc;

use api::models::{Ask, Forecast, Models, Progress, Step, Training};
use api::ports::{PortError, Reply};
use archive::Archive;
use bus::bots::FoundModel;
use exchange_host::Handle;
use forecast::market::Bars;
use store::JobId;
use training::{BarSource, PredictError, Predictor, Registry, RegistryError};
use types::{Interval, Time};

use super::market_views::candles_of;
use super::training::{Trainings, request};
use crate::commands::model::found::Found;
use crate::commands::model::source::{ArchiveBars, fold, row};
use crate::failure::{Exit, Failure};

/// Bars that a forecast is made from: more than any model's window and warm-up.
const SEEN_BARS: u32 = 600;
/// Most bars of the built-in exchange that are read for a training.
const TRAINED_BARS_MAX: usize = 200_000;

/// Folder of the registry in the data directory.
const FOLDER: [&str; 2] = ["ml", "models"];

/// Looks after models and asks them.
pub(super) struct TrainedModels {
    registry: Registry,
    predictor: Arc<Predictor>,
    bars: Arc<ServiceBars>,
    trainings: Trainings,
}

/// The registry of people's models in a data directory.
pub(crate) fn registry(data: &Path) -> Registry {
    Registry::open(&FOLDER.iter().fold(data.to_owned(), |path, part| path.join(part)))
}

impl TrainedModels {
    /// Opens the registry in the data directory.
    pub(super) fn open(data: &Path, handle: Handle) -> Result<Self, Failure> {
        let registry = registry(data);
        let bars = Arc::new(ServiceBars { archive: Archive::open(&data.join("archive")), handle });
        let source: Arc<dyn BarSource> = Arc::<ServiceBars>::clone(&bars);
        let trainings = Trainings::new(registry.clone(), source);
        let predictor = Predictor::start(registry.clone()).map_err(|error| {
            Failure::new(Exit::Failed, "cannot start the prediction service").because(error)
        })?;
        Ok(Self { registry, predictor: Arc::new(predictor), bars, trainings })
    }

    /// What carries trainings out.
    pub(super) const fn trainings(&self) -> &Trainings {
        &self.trainings
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
        let wanted = request("", training);
        let checked = wanted.and_then(|request| request.check().map_err(|error| error.to_string()));
        checked.map_err(|detail| PortError::Refused { code: "training", detail })
    }

    fn progress(&self, job: JobId) -> Option<Progress> {
        self.trainings.progress(job)
    }

    fn for_bot(&self, label: String) -> Reply<'_, Result<FoundModel, PortError>> {
        let registry = self.registry.clone();
        beside(move || {
            let found = Found::find(&registry, &label).and_then(Found::for_bot);
            found.map_err(|why| PortError::Refused {
                code: "bad_model",
                detail: format!("the model cannot be used: {why}"),
            })
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
