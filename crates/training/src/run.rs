//! One training from request to record: bars, search, an honest look at the hold-out, then the final training on all bars.
//!
//! The last fifth of the bars is held out. A model trained on the first part walks through it, and the scores of that walk,
//! beside those of the naive forecast, go into the record; what is stored is trained again on everything.

use std::sync::Mutex;
use std::time::Instant;

use forecast::evaluate::{Report, Walk, WalkError, compare, scores, walk};
use forecast::lstm::Flow;
use forecast::market::{Bars, ForecastError, Recipe, Told, Trained, View, train};

use crate::memory::{Memory, memory};
use crate::request::{BarSource, Request, RequestError};
use crate::search::{self, Trial};

/// Share of the bars that is held out.
const HELD_OUT: f64 = 0.2;

/// Where a training stands, for people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub stage: String,
    /// Part of the stage, 0 to 1.
    pub share: f64,
    /// Last loss, for those who learn by steps.
    pub loss: Option<f64>,
    /// Seconds until the stage ends, at the present speed.
    pub remaining_s: Option<f64>,
}

/// How the caller steers a training. Asked often; must answer quickly.
pub trait Control: Sync {
    /// Hears the progress; answers whether to go on.
    fn tell(&self, progress: Progress) -> Flow;
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// What was trained in the end.
    pub recipe: Recipe,
    /// The model, trained on all bars.
    pub model: Trained,
    /// Scores on the hold-out beside the naive forecast's.
    pub report: Report,
    /// Everything that was tried on the way, with its pinball ratio on the hold-out or validation.
    pub trials: Vec<Trial>,
    /// Bars of each symbol.
    pub bars: Vec<usize>,
    /// Missing bars that were filled.
    pub filled: usize,
    /// First and last bar, seconds since 1970.
    pub span: (f64, f64),
    /// Memory before and after.
    pub memory: (Memory, Memory),
    /// Seconds it took.
    pub elapsed_s: f64,
}

/// Why there is no model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RunError {
    /// The request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The bars.
    #[error("{symbol}: {why}")]
    Bars {
        /// Of which symbol.
        symbol: String,
        /// What is missing.
        why: String,
    },
    /// The model.
    #[error(transparent)]
    Forecast(#[from] ForecastError),
    /// The evaluation.
    #[error("the evaluation failed: {0}")]
    Walk(#[from] WalkError),
    /// Somebody wanted it so.
    #[error("the training was cancelled")]
    Cancelled,
}

/// Turns a control and a stage into what kernels call.
struct Stage<'a> {
    control: &'a dyn Control,
    name: String,
    started: Instant,
}

impl<'a> Stage<'a> {
    fn new(control: &'a dyn Control, name: impl Into<String>) -> Self {
        Self { control, name: name.into(), started: Instant::now() }
    }

    fn tell(&self, told: Told) -> Flow {
        #[expect(clippy::cast_precision_loss, reason = "counts of steps")]
        let share = told.done as f64 / told.all.max(1) as f64;
        let elapsed = self.started.elapsed().as_secs_f64();
        let remaining_s = (share > 0.01).then(|| elapsed * (1.0 - share) / share);
        self.control.tell(Progress { stage: self.name.clone(), share, loss: told.loss, remaining_s })
    }
}

/// Loads the bars of all symbols at once.
fn load(request: &Request, source: &dyn BarSource) -> Result<Vec<Bars>, RunError> {
    let results = Mutex::new(vec![None; request.symbols.len()]);
    std::thread::scope(|scope| {
        for (index, symbol) in request.symbols.iter().enumerate() {
            let results = &results;
            scope.spawn(move || {
                let found = source.bars(symbol, &request.interval, request.days);
                if let Ok(mut results) = results.lock() {
                    results[index] = Some(found);
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results
        .into_iter()
        .zip(&request.symbols)
        .map(|(found, symbol)| {
            let found = found.unwrap_or_else(|| Err("its bars could not be read".into()));
            found.map_err(|why| RunError::Bars { symbol: symbol.clone(), why })
        })
        .collect()
}

/// The first part of the bars, and the plan of the walk through the rest.
pub(crate) fn split(bars: View<'_>, horizon: usize) -> (View<'_>, Walk) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a length"
    )]
    let first = (bars.len() as f64 * (1.0 - HELD_OUT)) as usize;
    let plan = Walk { first, step: horizon, horizon, refit_every: usize::MAX, embargo: 0, window: None };
    (bars.slice(0..first), plan)
}

/// Carries a request out.
///
/// # Errors
/// See [`RunError`].
pub fn run(request: &Request, source: &dyn BarSource, control: &dyn Control) -> Result<Outcome, RunError> {
    request.check()?;
    let (started, before) = (Instant::now(), memory());
    if Stage::new(control, "loading bars").tell(Told::default()) == Flow::Cancel {
        return Err(RunError::Cancelled);
    }
    let bars = load(request, source)?;
    let views: Vec<View<'_>> = bars.iter().map(Bars::view).collect();
    let mut trials = Vec::new();
    let mut best: Option<(Recipe, Report)> = None;
    let mut refused = None;
    for recipe in request.recipes() {
        let name = recipe.algorithm().name();
        let tried = (|| -> Result<(Recipe, Report), RunError> {
            let recipe = if request.search {
                let stage = Stage::new(control, format!("searching {name}"));
                search::best(&recipe, &views, request, &mut |told| stage.tell(told), &mut trials)?
            } else {
                recipe
            };
            let stage = Stage::new(control, format!("evaluating {name}"));
            let report = evaluate(&recipe, &views, request.horizon, &mut |told| stage.tell(told))?;
            Ok((recipe, report))
        })();
        match tried {
            Ok((recipe, report)) => {
                trials.push(Trial { what: format!("{name}, hold-out"), ratio: Some(report.pinball_ratio) });
                let better = |b: &(Recipe, Report)| report.pinball_ratio < b.1.pinball_ratio;
                if best.as_ref().is_none_or(better) {
                    best = Some((recipe, report));
                }
            }
            Err(e) if cancelled(&e) => return Err(RunError::Cancelled),
            // With several candidates one that cannot be trained leaves the others.
            Err(e) => {
                trials.push(Trial { what: format!("{name}: {e}"), ratio: None });
                refused = Some(e);
            }
        }
    }
    let Some((recipe, report)) = best else {
        return Err(refused.unwrap_or(RunError::Cancelled));
    };
    let stage = Stage::new(control, format!("training {}", recipe.algorithm().name()));
    let model = train(&recipe, &views, &mut |told| stage.tell(told)).map_err(RunError::from);
    let model = model.map_err(|e| if cancelled(&e) { RunError::Cancelled } else { e })?;
    let after = memory();
    tracing::info!(
        before = before.resident,
        after = after.resident,
        increase = after.resident.saturating_sub(before.resident),
        "memory of a training"
    );
    Ok(Outcome {
        recipe,
        model,
        report,
        trials,
        bars: views.iter().map(View::len).collect(),
        filled: bars.iter().map(Bars::filled).sum(),
        span: span(&views),
        memory: (before, after),
        elapsed_s: started.elapsed().as_secs_f64(),
    })
}

fn span(views: &[View<'_>]) -> (f64, f64) {
    let first = views.iter().filter_map(|v| v.times.first()).copied().fold(f64::INFINITY, f64::min);
    let last = views.iter().filter_map(|v| v.times.last()).copied().fold(0.0, f64::max);
    (first, last)
}

fn cancelled(error: &RunError) -> bool {
    matches!(
        error,
        RunError::Cancelled
            | RunError::Forecast(ForecastError::Cancelled)
            | RunError::Walk(WalkError::Forecast { error: ForecastError::Cancelled, .. })
    )
}

/// A recipe's scores on the hold-out of the first market, trained on the first parts of all.
///
/// # Errors
/// Bars that do not suffice, cancellation.
pub fn evaluate(
    recipe: &Recipe,
    markets: &[View<'_>],
    horizon: usize,
    tell: &mut dyn FnMut(Told) -> Flow,
) -> Result<Report, RunError> {
    let Some(first) = markets.first() else {
        return Err(ForecastError::from(forecast::market::BarsError::Empty).into());
    };
    let parts: Vec<View<'_>> = markets.iter().map(|m| split(*m, horizon).0).collect();
    let model = train(recipe, &parts, tell)?;
    let (_, plan) = split(*first, horizon);
    walk_through(&model, *first, &plan, tell)
}

/// A trained model's scores on the bars from number `first` on, beside the naive forecast's.
///
/// # Errors
/// Too few bars.
pub fn score(model: &Trained, bars: View<'_>, first: usize, horizon: usize) -> Result<Report, RunError> {
    let plan = Walk { first, step: horizon, horizon, refit_every: usize::MAX, embargo: 0, window: None };
    walk_through(model, bars, &plan, &mut |_| Flow::Continue)
}

fn walk_through(
    model: &Trained,
    bars: View<'_>,
    plan: &Walk,
    tell: &mut dyn FnMut(Told) -> Flow,
) -> Result<Report, RunError> {
    let mut origins = Vec::new();
    for at in plan.origins(bars.len())? {
        if tell(Told { done: 1, all: 1, loss: None }) == Flow::Cancel {
            return Err(RunError::Cancelled);
        }
        let steps = model.forecast(bars.slice(0..at), plan.horizon)?;
        origins.push(forecast::evaluate::Origin { at, steps });
    }
    let naive = walk(&Recipe::Naive, bars, plan, &mut |_| Flow::Continue)?;
    match (scores(&origins, bars), scores(&naive, bars)) {
        (Some(model), Some(naive)) => Ok(compare(&model, &naive)),
        _ => Err(WalkError::NoRoom { have: bars.len(), first: plan.first, horizon: plan.horizon }.into()),
    }
}
