//! `tradewind model train`: from bars to a stored model, with progress on standard error.

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;
use training::{Choice, Progress, Record, Request, RunError, Steering, model_id, run as carry_out};

use super::stored::{registry, source, summary};
use crate::cli::model::{Train, Trainable};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal;

/// Time limit of a search, in seconds.
const SEARCH_LIMIT_S: u64 = 900;
/// Progress lines are at least so far apart.
const SPOKEN_EVERY: Duration = Duration::from_millis(500);

pub(super) fn run(config: &Config, options: &Train) -> Result<ExitCode, Failure> {
    let request = request(options);
    request.check().map_err(|e| Failure::new(Exit::Usage, "this cannot be trained").because(e))?;
    if options.bars.csv.is_some() && request.symbols.len() > 1 {
        return Err(Failure::new(Exit::Usage, "one CSV file holds one symbol")
            .advise("train one model for each file"));
    }
    let console = Console { quiet: options.output.json, last: Mutex::new(None) };
    let told = |progress| console.tell(progress);
    let control = Steering::new(request.limit(), &|| false, &told);
    let source = source(config, options.bars.csv.as_deref());
    let outcome = carry_out(&request, source.as_ref(), &control).map_err(|e| failure(&e, &request))?;
    let id = model_id(outcome.model.algorithm().name(), &request);
    let record = Record::new(id, &request, &outcome, super::stored::now_ms())
        .ok_or_else(|| Failure::new(Exit::Failed, "the model cannot be written down"))?;
    let stored = registry(config)
        .put(record)
        .map_err(|e| Failure::new(Exit::Failed, "the model cannot be stored").because(e))?;
    if options.output.json {
        terminal::answer(summary(&stored, None, true));
    } else {
        terminal::answer(format!(
            "{}@{} trained on {} bars in {:.1} s\nhold-out: MAE {:.3} x naive, pinball {:.3} x naive, direction {}, coverage of the 80 % interval {:.0} %\n{}",
            stored.id,
            stored.version,
            stored.bars.iter().sum::<usize>(),
            stored.elapsed_s,
            stored.metrics.mae_ratio,
            stored.metrics.pinball_ratio,
            stored.metrics.direction.map_or("-".into(), |d| format!("{:.1} %", 100.0 * d)),
            100.0 * stored.metrics.coverage,
            stored.metrics.verdict(),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn request(options: &Train) -> Request {
    Request {
        choice: match options.algorithm {
            Trainable::Arima => Choice::Arima,
            Trainable::Lstm => Choice::Lstm,
            Trainable::Prophet => Choice::Prophet,
            Trainable::Ets => Choice::Ets,
            Trainable::Auto => Choice::Auto,
        },
        symbols: options.bars.symbol.clone(),
        interval: options.bars.interval.clone(),
        days: options.bars.days,
        horizon: options.horizon,
        search: options.search,
        seed: options.seed,
        epochs: options.epochs,
        hidden: options.hidden,
        layers: options.layers,
        window: options.window,
        limit_s: options.limit.unwrap_or(if options.search {
            SEARCH_LIMIT_S
        } else {
            Request::default().limit_s
        }),
        name: None,
    }
}

fn failure(error: &RunError, request: &Request) -> Failure {
    match error {
        RunError::Cancelled => Failure::new(Exit::Failed, format!("not done within {} s", request.limit_s))
            .because("the time limit ended the training; nothing was stored")
            .advise("allow more with --limit, or train on fewer days or with fewer --epochs"),
        RunError::Bars { .. } => Failure::new(Exit::Failed, "the bars cannot be used")
            .because(error)
            .advise("import bars with `tradewind data import`, or give a file with --csv: time, open, high, low, close, volume"),
        other => Failure::new(Exit::Failed, "the model cannot be trained").because(other),
    }
}

/// Speaks of the progress.
struct Console {
    quiet: bool,
    /// What was said last, and when. One thread trains, so nobody waits for the lock.
    last: Mutex<Option<(Instant, String)>>,
}

impl Console {
    fn tell(&self, progress: Progress) {
        let (false, Ok(mut last)) = (self.quiet, self.last.lock()) else { return };
        let new =
            last.as_ref().is_none_or(|(at, stage)| *stage != progress.stage || at.elapsed() > SPOKEN_EVERY);
        if new {
            let loss = progress.loss.map_or(String::new(), |l| format!(", loss {l:.4}"));
            let left = progress.remaining_s.map_or(String::new(), |s| format!(", {s:.0} s left"));
            terminal::note(format!("{}: {:.0} %{loss}{left}", progress.stage, 100.0 * progress.share));
            *last = Some((Instant::now(), progress.stage));
        }
    }
}

/// The request of a training as JSON, for answers.
pub(super) fn described(request: &Request) -> serde_json::Value {
    json!({
        "symbols": request.symbols,
        "interval": request.interval,
        "days": request.days,
        "horizon": request.horizon,
        "search": request.search,
        "seed": request.seed,
    })
}
