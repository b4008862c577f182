//! What a sweep gave: kept on disk as one JSON document (version 1), shown by the command line, drawn by the report.

use serde::{Deserialize, Serialize};

use super::{Axis, Fold, Overfit, Plan, Point, Tally, Trial, Unjudged, plateau};

/// Version of the document.
pub const VERSION: u32 = 1;

/// A finished (or interrupted) sweep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SweepOutcome {
    /// Version of the document.
    pub v: u32,
    /// Its name on disk.
    pub id: String,
    /// When it was made, UTC milliseconds.
    pub made: i64,
    /// `ema-cross`.
    pub strategy: String,
    /// `file:BTC-PERP`.
    pub instrument: String,
    /// `15m`.
    pub interval: String,
    /// Parameters that did not vary.
    pub fixed: Vec<(String, String)>,
    /// Names of the parameters that did, with their values.
    pub axes: Vec<(String, Vec<String>)>,
    /// `grid`, `random`, `halving`, `tpe`.
    pub method: String,
    /// `sharpe`, `return`, `return-over-drawdown`.
    pub objective: String,
    /// First bar's opening, UTC milliseconds.
    pub from: i64,
    /// Last bar's last millisecond.
    pub to: i64,
    /// Number of bars.
    pub bars: usize,
    /// What trading cost and how orders were filled, in words.
    pub costs: String,
    /// Trials over the whole time that gave a score, in the order they were asked for.
    pub trials: Vec<Row>,
    /// Parameter sets that make no strategy.
    pub impossible: usize,
    /// Runs that failed, and the first reason.
    pub failed: Option<(usize, String)>,
    /// What was chosen over the whole time; `None` without a score.
    pub chosen: Option<Chosen>,
    /// What the event path made of the chosen set: its final equity as decimal text; `None` when it was not run.
    #[serde(default)]
    pub event_path_equity: Option<String>,
    /// Trials made in this sweep, walk-forward included.
    pub made_trials: u64,
    /// Trials recorded over the same days, those of earlier sweeps included.
    pub recorded: u64,
    /// Different ones among them.
    pub distinct: u64,
    /// Variance of their yearly Sharpe ratios.
    pub sharpe_variance: f64,
    /// Probability of overfitting, if there were enough trials.
    pub overfit: Option<f64>,
    /// Steps of the walk-forward.
    pub folds: Vec<FoldRow>,
    /// Worth over start of the walk-forward's unseen days: (UTC milliseconds, share).
    pub unseen: Vec<(i64, f64)>,
    /// Processor time of the trials, seconds.
    pub cpu_seconds: f64,
    /// Largest memory of the process so far, bytes; 0 where it is not known.
    pub memory_bytes: u64,
    /// Threads.
    pub threads: usize,
    /// It was stopped before its end.
    pub interrupted: bool,
    /// The stored run of the choice through the event path.
    pub run: Option<String>,
    /// Probability that the choice's Sharpe ratio is more than the luck of the best of all different trials.
    pub deflated_sharpe: Option<f64>,
    /// The yearly Sharpe ratio that luck alone would show.
    pub luck_sharpe: Option<f64>,
}

/// One trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Places on the axes.
    pub point: Vec<usize>,
    /// What was looked for.
    pub value: f64,
    /// Sharpe ratio a year.
    pub sharpe: f64,
    /// Total return.
    pub total_return: f64,
    /// Largest fall.
    pub max_drawdown: f64,
    /// Closed trades.
    pub trades: u32,
    /// Worth at the end, decimal text.
    pub final_equity: String,
}

/// The chosen point and the best one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// `plateau` or `peak`.
    pub by: String,
    /// Its parameters, those that vary.
    pub params: Vec<(String, String)>,
    /// Where.
    pub point: Vec<usize>,
    /// Its value.
    pub value: f64,
    /// The mean of its neighbours.
    pub neighbours: f64,
    /// How many there were.
    pub neighbour_count: usize,
    /// The best single point.
    pub peak_point: Vec<usize>,
    /// Its value.
    pub peak_value: f64,
    /// The mean of its neighbours.
    pub peak_neighbours: f64,
}

/// One step of the walk-forward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldRow {
    /// Choosing from, UTC milliseconds.
    pub train_from: i64,
    /// Unseen from.
    pub test_from: i64,
    /// Unseen to.
    pub test_to: i64,
    /// What was chosen.
    pub params: Vec<(String, String)>,
    /// Trials looked at to choose.
    pub tried: usize,
    /// Sharpe ratio where it was chosen.
    pub sharpe_seen: f64,
    /// Sharpe ratio afterwards.
    pub sharpe_unseen: f64,
    /// Return where it was chosen.
    pub return_seen: f64,
    /// Return afterwards.
    pub return_unseen: f64,
    /// Closed trades afterwards.
    pub trades_unseen: u32,
}

impl Row {
    /// A trial that gave a score; money at `scale` decimals.
    #[must_use]
    pub fn of(plan: &Plan<'_>, trial: &Trial, scale: u8) -> Option<Self> {
        let score = trial.result.as_ref().ok()?;
        Some(Self {
            point: trial.point.0.clone(),
            value: plan.value(trial)?,
            sharpe: score.sharpe,
            total_return: score.total_return,
            max_drawdown: score.max_drawdown,
            trades: score.trades,
            final_equity: types::decimal::format(score.final_equity.0, scale),
        })
    }
}

impl Chosen {
    /// Out of the two candidates.
    #[must_use]
    pub fn of(plan: &Plan<'_>, choice: &plateau::Choice, pick: super::Pick) -> Self {
        let (by, standing) = match pick {
            super::Pick::Plateau => ("plateau", &choice.plateau),
            super::Pick::Peak => ("peak", &choice.peak),
        };
        Self {
            by: by.to_owned(),
            params: plan.space.pairs(&standing.point),
            point: standing.point.0.clone(),
            value: standing.value,
            neighbours: standing.neighbours,
            neighbour_count: standing.count,
            peak_point: choice.peak.point.0.clone(),
            peak_value: choice.peak.value,
            peak_neighbours: choice.peak.neighbours,
        }
    }
}

impl FoldRow {
    /// A fold; `time` gives the opening of a bar and `end` the last millisecond of one.
    #[must_use]
    pub fn of(plan: &Plan<'_>, fold: &Fold, time: impl Fn(usize) -> i64, end: impl Fn(usize) -> i64) -> Self {
        let unseen = fold.out_of_sample.as_ref().ok();
        Self {
            train_from: time(fold.train.from),
            test_from: time(fold.test.from),
            test_to: end(fold.test.to.saturating_sub(1)),
            params: plan.space.pairs(&fold.chosen),
            tried: fold.tried,
            sharpe_seen: fold.in_sample.sharpe,
            sharpe_unseen: unseen.map_or(0.0, |s| s.sharpe),
            return_seen: fold.in_sample.total_return,
            return_unseen: unseen.map_or(0.0, |s| s.total_return),
            trades_unseen: unseen.map_or(0, |s| s.trades),
        }
    }
}

impl SweepOutcome {
    /// Notes what became of the trials over the whole window.
    pub fn note_trials(&mut self, plan: &Plan<'_>, trials: &[Trial], scale: u8) {
        self.trials = trials.iter().filter_map(|t| Row::of(plan, t, scale)).collect();
        for trial in trials {
            match &trial.result {
                Ok(_) => {}
                Err(Unjudged::Impossible(_)) => self.impossible += 1,
                Err(Unjudged::Failed(why)) => self.failed.get_or_insert_with(|| (0, why.clone())).0 += 1,
            }
        }
    }

    /// Notes how many trials there were.
    pub fn note_tally(&mut self, tally: &Tally, overfit: Option<Overfit>) {
        (self.recorded, self.distinct) = (tally.recorded, tally.distinct);
        self.sharpe_variance = tally.sharpe_variance;
        self.overfit = overfit.map(|o| o.probability);
    }

    /// The grid it moved on.
    #[must_use]
    pub fn axis(&self, i: usize) -> Option<Axis> {
        let (name, values) = self.axes.get(i)?;
        Axis::parse(&format!("{name}={}", values.join(","))).ok()
    }

    /// The row of a point; of several (a search may see a point on parts of the time) the last.
    #[must_use]
    pub fn row(&self, point: &Point) -> Option<&Row> {
        self.trials.iter().rev().find(|row| row.point == point.0)
    }

    /// Reads a document.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let outcome: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if outcome.v == VERSION { Ok(outcome) } else { Err(format!("version {} is not known", outcome.v)) }
    }
}
