//! The answering thread and its front.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use forecast::market::{Bars, ForecastError, Step, Trained};

use super::cache::Lru;
use crate::limits::{BATCH_MAX, CACHED_MAX, HORIZON_MAX, LOADED_MAX, WAITING_MAX};
use crate::registry::{Registry, RegistryError};

/// A question.
#[derive(Clone, Debug)]
pub struct Ask {
    /// `id` (its promoted or newest version) or `id@version`.
    pub model: String,
    /// The bars up to now.
    pub bars: Arc<Bars>,
    /// Bars ahead.
    pub horizon: usize,
    /// Compute it even if the answer is known.
    pub bypass_cache: bool,
    /// Whether it may be answered together with others.
    pub allow_batching: bool,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The model that answered, `id@version`.
    pub model: String,
    /// The next bars.
    pub steps: Vec<Step>,
    /// True if it was known already.
    pub cached: bool,
    /// Questions answered together with it.
    pub batch: usize,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    /// The model.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Its file is damaged.
    #[error("{0} is damaged: its numbers do not fit together")]
    Damaged(String),
    /// The forecast.
    #[error(transparent)]
    Forecast(#[from] ForecastError),
    /// A horizon out of range.
    #[error("{0} bars ahead were asked for, 1 to {HORIZON_MAX} are answered")]
    Horizon(usize),
    /// Too many questions wait.
    #[error("{WAITING_MAX} predictions wait already; ask again in a moment")]
    Busy,
    /// The service has ended.
    #[error("the prediction service has ended")]
    Ended,
}

/// Counts since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Questions answered.
    pub answered: u64,
    /// Of these from the cache.
    pub cached: u64,
    /// Passes of the answering thread.
    pub batches: u64,
    /// Questions turned away.
    pub busy: u64,
}

type Key = (String, u32, usize, [u8; 32]);

struct Work {
    name: String,
    version: u32,
    model: Arc<Trained>,
    ask: Ask,
    reply: Sender<Result<(Vec<Step>, usize), ForecastError>>,
}

/// The service.
pub struct Predictor {
    registry: Registry,
    sender: Option<SyncSender<Work>>,
    thread: Option<JoinHandle<()>>,
    /// Guards two maps during look-ups; nothing is computed or read from disk under it.
    known: Mutex<Known>,
    answered: AtomicU64,
    cached: AtomicU64,
    busy: AtomicU64,
    batches: Arc<AtomicU64>,
}

struct Known {
    results: Lru<Key, Vec<Step>>,
    models: Lru<(String, u32), Arc<Trained>>,
}

impl Predictor {
    /// Starts the service on a registry.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(registry: Registry) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let batches = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&batches);
        let thread = std::thread::Builder::new()
            .name("predictions".into())
            .spawn(move || serve(&receiver, &counted))?;
        Ok(Self {
            registry,
            sender: Some(sender),
            thread: Some(thread),
            known: Mutex::new(Known { results: Lru::new(CACHED_MAX), models: Lru::new(LOADED_MAX) }),
            answered: AtomicU64::new(0),
            cached: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            batches,
        })
    }

    /// Answers a question; blocks for as long as that takes, a few milliseconds.
    ///
    /// # Errors
    /// See [`PredictError`].
    pub fn ask(&self, ask: Ask) -> Result<Answer, PredictError> {
        if !(1..=HORIZON_MAX).contains(&ask.horizon) {
            return Err(PredictError::Horizon(ask.horizon));
        }
        let (id, version) = self.registry.resolve(&ask.model)?;
        let name = format!("{id}@{version}");
        let key: Key = (id, version, ask.horizon, digest(&ask.bars));
        if !ask.bypass_cache
            && let Some(steps) = self.lock().results.get(&key)
        {
            self.answered.fetch_add(1, Ordering::Relaxed);
            self.cached.fetch_add(1, Ordering::Relaxed);
            return Ok(Answer { model: name, steps, cached: true, batch: 1 });
        }
        let model = self.load(&key.0, version)?;
        let (reply, answer) = channel();
        let work = Work { name: key.0.clone(), version, model, ask, reply };
        let sender = self.sender.as_ref().ok_or(PredictError::Ended)?;
        sender.try_send(work).map_err(|e| match e {
            TrySendError::Full(_) => {
                self.busy.fetch_add(1, Ordering::Relaxed);
                PredictError::Busy
            }
            TrySendError::Disconnected(_) => PredictError::Ended,
        })?;
        let (steps, batch) = answer.recv().map_err(|_| PredictError::Ended)??;
        self.lock().results.put(key, steps.clone());
        self.answered.fetch_add(1, Ordering::Relaxed);
        Ok(Answer { model: name, steps, cached: false, batch })
    }

    /// Counts since the start.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let read = |n: &AtomicU64| n.load(Ordering::Relaxed);
        Statistics {
            answered: read(&self.answered),
            cached: read(&self.cached),
            batches: read(&self.batches),
            busy: read(&self.busy),
        }
    }

    /// Results in the cache.
    #[must_use]
    pub fn known(&self) -> usize {
        self.lock().results.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self, id: &str, version: u32) -> Result<Arc<Trained>, PredictError> {
        let key = (id.to_owned(), version);
        if let Some(model) = self.lock().models.get(&key) {
            return Ok(model);
        }
        let name = format!("{id}@{version}");
        let model = self.registry.get(&name)?.model().ok_or(PredictError::Damaged(name))?;
        let model = Arc::new(model);
        self.lock().models.put(key, Arc::clone(&model));
        Ok(model)
    }
}

impl Drop for Predictor {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// SHA-256 of everything a forecast can depend on.
fn digest(bars: &Bars) -> [u8; 32] {
    let (view, mut context) = (bars.view(), ring::digest::Context::new(&ring::digest::SHA256));
    context.update(&view.step_s.to_le_bytes());
    for column in [view.times, view.open, view.high, view.low, view.close, view.volume] {
        for value in column {
            context.update(&value.to_le_bytes());
        }
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// Takes what waits, at most [`BATCH_MAX`], and answers it.
fn serve(receiver: &Receiver<Work>, batches: &AtomicU64) {
    let mut held: Option<Work> = None;
    while let Some(first) = held.take().or_else(|| receiver.recv().ok()) {
        let mut batch = vec![first];
        while batch[0].ask.allow_batching && batch.len() < BATCH_MAX {
            match receiver.try_recv() {
                Ok(work) if work.ask.allow_batching => batch.push(work),
                Ok(work) => {
                    held = Some(work);
                    break;
                }
                Err(_) => break,
            }
        }
        batches.fetch_add(1, Ordering::Relaxed);
        answer(batch);
    }
}

/// Answers a batch: questions to the same network in one pass.
fn answer(batch: Vec<Work>) {
    let size = batch.len();
    let mut rest = batch;
    while !rest.is_empty() {
        let (id, version) = (rest[0].name.clone(), rest[0].version);
        let (same, others) = rest.into_iter().partition(|w| w.name == id && w.version == version);
        rest = others;
        let same: Vec<Work> = same;
        let model = Arc::clone(&same[0].model);
        let results = match model.as_ref() {
            Trained::Lstm(model) => together(model, &same),
            other => same.iter().map(|w| other.forecast(w.ask.bars.view(), w.ask.horizon)).collect(),
        };
        for (work, result) in same.into_iter().zip(results) {
            // Whoever no longer waits has lost nothing.
            let _ = work.reply.send(result.map(|steps| (steps, size)));
        }
    }
}

fn together(model: &forecast::market::NeuralModel, batch: &[Work]) -> Vec<Result<Vec<Step>, ForecastError>> {
    let inputs: Vec<_> = batch.iter().map(|w| model.input(w.ask.bars.view())).collect();
    let good: Vec<&[f32]> = inputs.iter().filter_map(|i| i.as_deref().ok()).collect();
    let outputs = match model.network.predict(&good, model.window) {
        Ok(outputs) => outputs,
        Err(e) => return batch.iter().map(|_| Err(e.clone().into())).collect(),
    };
    let mut outputs = outputs.into_iter();
    let answers = batch.iter().zip(inputs).map(|(work, input)| {
        input?;
        let out = outputs.next().unwrap_or_default();
        model.steps(&out, work.ask.bars.view().last(), work.ask.horizon)
    });
    answers.collect()
}
