//! `tradewind sweep run`.

use std::process::ExitCode;

use backtest::sweep::kept::Sweeps;
use backtest::sweep::ledger::Entry;
use backtest::sweep::outcome::{Chosen, FoldRow, VERSION};
use backtest::sweep::{
    Axis, EventJudge, Fold, Judge, Ledger, Method, Objective, Pick, Plan, Progress, Space, SweepOutcome,
    Tally, Trial, Window, overfit, single, walk,
};
use backtest::vector::{Columns, Desk, Size, VectorJudge, rules};
use backtest::{Outcome, memory_peak, process_cpu_seconds};
use types::Bar;

use super::watch::watched;
use super::{describe, unkept};
use crate::cli::backtest::Work;
use crate::cli::sweep::{PickBy, Run};
use crate::commands::backtest::report::{self, Evidence};
use crate::commands::backtest::run::{failed, now, unstored};
use crate::commands::backtest::work::Prepared;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note};

/// What a search is made of, before it runs.
pub(crate) struct Search {
    prepared: Prepared,
    space: Space,
    fixed: Vec<(String, String)>,
    method: Method,
    objective: Objective,
    pick: Pick,
    columns: Columns,
    /// As recorded; kept only when the event path judges.
    bars: Vec<Bar>,
    by_events: Option<String>,
    folds: Vec<(Window, Window)>,
    threads: usize,
}

/// What came out of the trials.
struct Found {
    trials: Vec<Trial>,
    folds: Vec<Fold>,
    made: u64,
}

/// What a search came to.
pub(crate) struct Conducted {
    pub(crate) sweep: SweepOutcome,
    pub(crate) interrupted: bool,
    /// The choice's run on the event path.
    chosen: Option<(Prepared, Outcome)>,
}

pub(super) fn run(config: &Config, options: &Run) -> Result<ExitCode, Failure> {
    let search = Search::of(&|work| Prepared::of(config, work, &options.name), options)?;
    if let Some(why) = &search.by_events {
        note(format!("trials run through the event path: {why}"));
    }
    let progress = Progress::default();
    let Conducted { sweep, interrupted, chosen } =
        search.conduct(config, &progress, |work| watched(&progress, work).1)?;
    if let (Some((prepared, outcome)), Some(path)) = (&chosen, &options.html) {
        let run = sweep.run.as_deref().unwrap_or_default();
        report::write(path, &Evidence { prepared, id: run, outcome, sweep: Some(&sweep), config })?;
    }
    answer(if options.output.json { describe::to_json(&sweep).to_string() } else { describe::text(&sweep) });
    Ok(match (interrupted, sweep.trials.is_empty()) {
        (true, _) => Exit::Interrupted.into(),
        // Nothing was found out; the answer says why.
        (_, true) => Exit::Failed.into(),
        _ => ExitCode::SUCCESS,
    })
}

/// How sure the choice's track makes us, given all trials.
fn judge(sweep: &mut SweepOutcome, outcome: &Outcome) {
    let tally = Tally {
        recorded: sweep.recorded,
        distinct: sweep.distinct,
        sharpe_variance: sweep.sharpe_variance,
        torn: 0,
    };
    let Some(tried) = single::judged(outcome, tally) else { return };
    sweep.deflated_sharpe = tried.deflated_sharpe;
    sweep.luck_sharpe = Some(tried.luck_sharpe);
}

fn overfitting(found: &Found, whole: Window) -> Option<overfit::Overfit> {
    let full = found.trials.iter().filter(|t| t.window == whole);
    let blocks: Vec<_> = full.filter_map(|t| Some(t.result.as_ref().ok()?.blocks)).collect();
    overfit::probability(&blocks)
}

fn unrecorded(ledger: &Ledger, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, "the record of trials cannot be used")
        .because(format!("{}: {error}", ledger.path().display()))
        .advise("mend it first: a sweep whose trials are not counted would lie about its result")
}

/// Finds the data of what is to be tried, and makes a plan on them.
pub(crate) type Prepare<'p> = &'p dyn Fn(&Work) -> Result<Prepared, Failure>;

impl Search {
    /// Reads the options and the data.
    pub(crate) fn of(prepare: Prepare<'_>, options: &Run) -> Result<Self, Failure> {
        let usage = |what: &str, why: &dyn std::fmt::Display, advice: &str| {
            Failure::new(Exit::Usage, what.to_owned()).because(why).advise(advice)
        };
        let grid = "write --grid name=from..to:step or --grid name=a,b,c";
        let axes = options.grid.iter().map(|text| Axis::parse(text)).collect::<Result<Vec<_>, _>>();
        let space = axes.and_then(Space::new).map_err(|e| usage("the grid makes no sense", &e, grid))?;
        let objective = Objective::ALL.iter().find(|(name, _)| *name == options.objective).map(|(_, o)| *o);
        let objective = objective.ok_or_else(|| {
            usage(
                "there is no such objective",
                &options.objective,
                "give sharpe, return or return-over-drawdown",
            )
        })?;
        let prepared = prepared(prepare, options, &space)?;
        let spec = prepared.plan.spec();
        if prepared.plan.instruments().len() != 1 {
            return Err(usage("a sweep runs on one instrument", &"several are given", "give one --symbol"));
        }
        let varies = |name: &String| space.axes().iter().any(|axis| axis.name == *name);
        let fixed = spec.params.iter().filter(|(name, _)| !varies(name)).cloned().collect();
        let (columns, bars, by_events) = read(&prepared)?;
        let seed = options.work.venue.seed;
        let method = match (options.random, options.halving, options.tpe) {
            (Some(trials), ..) => Method::Random { trials, seed },
            (_, Some(trials), _) => Method::Halving { trials, seed },
            (.., Some(trials)) => Method::Tpe { trials, seed },
            (None, None, None) => Method::Grid,
        };
        let pick = match options.pick {
            Some(PickBy::Plateau) => Pick::Plateau,
            Some(PickBy::Peak) => Pick::Peak,
            None if method == Method::Grid => Pick::Plateau,
            None => Pick::Peak,
        };
        let whole = Window { from: 0, to: columns.len() };
        let folds = match options.walk_forward {
            None => Vec::new(),
            Some(count) => walk::windows(whole, usize::try_from(count).unwrap_or(1)).ok_or_else(|| {
                let why = format!("{} bars are too few for {count} stretches of 20 bars", columns.len());
                usage("the data are too short to walk forward", &why, "give fewer stretches or more data")
            })?,
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = options.threads.map_or(cores, |n| usize::try_from(n).unwrap_or(1));
        Ok(Self { prepared, space, fixed, method, objective, pick, columns, bars, by_events, folds, threads })
    }

    /// Trials that it will make.
    pub(crate) fn planned(&self) -> usize {
        self.method.start(&self.space).total() * (1 + self.folds.len())
    }

    /// What its choice is run on.
    pub(crate) const fn plan_of_choice(&self) -> &backtest::Plan {
        &self.prepared.plan
    }

    /// Makes all trials, chooses, runs the choice through the event path, and keeps the whole. `watch` does the work it is given
    /// while it looks at the progress; `true` if it stopped it.
    pub(crate) fn conduct(
        &self,
        config: &Config,
        progress: &Progress,
        watch: impl FnOnce(&mut dyn FnMut()) -> bool,
    ) -> Result<Conducted, Failure> {
        let started = process_cpu_seconds();
        let sweeps = Sweeps::new(&config.data_dir);
        let id = sweeps.reserve(&self.prepared.plan.spec().strategy).map_err(unkept)?;
        let ledger = sweeps.ledger(&self.instrument());
        let mut found = None;
        let interrupted = watch(&mut || found = Some(self.run(&id, &ledger, progress)));
        let found = found.unwrap_or_else(|| Err(failed(backtest::RunError::Cancelled)))?;
        let cpu = process_cpu_seconds() - started;
        let mut sweep = self.outcome(&id, &found, interrupted, cpu)?;
        let tally = ledger.tally(sweep.from, sweep.to).map_err(|e| unrecorded(&ledger, &e))?;
        sweep.note_tally(&tally, overfitting(&found, self.whole()));
        let chosen = match &sweep.chosen {
            Some(chosen) if !interrupted => Some(self.through_events(&chosen.params)?),
            _ => None,
        };
        if let Some((_, outcome)) = &chosen {
            self.compare(&mut sweep, outcome);
            let runs = backtest::stored::Runs::new(&config.data_dir);
            sweep.run = Some(runs.save(outcome, now()).map_err(unstored)?);
            judge(&mut sweep, outcome);
        }
        sweeps.save(&sweep).map_err(unkept)?;
        Ok(Conducted { sweep, interrupted, chosen })
    }

    const fn whole(&self) -> Window {
        Window { from: 0, to: self.columns.len() }
    }

    fn instrument(&self) -> String {
        self.prepared.plan.instruments().first().map_or_else(String::new, |i| i.id.to_string())
    }

    /// All trials: over the whole time, then fold by fold.
    fn run(&self, id: &str, ledger: &Ledger, progress: &Progress) -> Result<Found, Failure> {
        let spec = self.prepared.plan.spec();
        let instrument = &self.prepared.plan.instruments()[0];
        let events = EventJudge::new(&self.prepared.plan, &self.bars, &self.columns);
        let vector =
            VectorJudge::new(&spec.strategy, &self.columns, instrument, &spec.venue, spec.cash, None);
        let judge: &dyn Judge = if self.by_events.is_some() { &events } else { &vector };
        let plan = self.plan(judge);
        let each = self.method.start(&self.space).total();
        progress.total.store(each * (1 + self.folds.len()), std::sync::atomic::Ordering::Relaxed);
        let mut made = 0;
        let mut record = |batch: &[Trial]| {
            let entries: Vec<Entry> = batch.iter().filter_map(|trial| self.entry(&plan, id, trial)).collect();
            made += entries.len() as u64;
            ledger.append(&entries).map_err(|e| unrecorded(ledger, &e))
        };
        let trials = plan.search(self.whole(), progress, &mut record)?;
        let folds = walk::walk(&plan, &self.folds, self.pick, progress, &mut record)?;
        Ok(Found { trials, folds, made })
    }

    fn plan<'p>(&'p self, judge: &'p dyn Judge) -> Plan<'p> {
        Plan {
            space: &self.space,
            fixed: &self.fixed,
            method: self.method,
            objective: self.objective,
            judge,
            threads: self.threads,
        }
    }

    fn entry(&self, plan: &Plan<'_>, id: &str, trial: &Trial) -> Option<Entry> {
        let score = trial.result.as_ref().ok()?;
        let spec = self.prepared.plan.spec();
        Some(Entry {
            by: id.to_owned(),
            strategy: spec.strategy.clone(),
            params: plan.params(&trial.point),
            interval: spec.interval.as_str().to_owned(),
            costs: single::costs(spec),
            from: self.columns.opens(trial.window.from).millis(),
            to: self.columns.last_milli(trial.window.to.saturating_sub(1)),
            sharpe: score.sharpe,
            total_return: score.total_return,
            trades: score.trades,
        })
    }

    fn outcome(&self, id: &str, found: &Found, interrupted: bool, cpu: f64) -> Result<SweepOutcome, Failure> {
        let spec = self.prepared.plan.spec();
        if self.columns.is_empty() {
            return Err(failed(backtest::RunError::Empty));
        }
        let instrument = &self.prepared.plan.instruments()[0];
        let vector =
            VectorJudge::new(&spec.strategy, &self.columns, instrument, &spec.venue, spec.cash, None);
        let plan = self.plan(&vector);
        let (opens, closes) = (|i| self.columns.opens(i).millis(), |i| self.columns.last_milli(i));
        let choice = walk::choice(&plan, &found.trials, self.whole());
        let mut sweep = SweepOutcome {
            v: VERSION,
            id: id.to_owned(),
            made: now().millis(),
            strategy: spec.strategy.clone(),
            instrument: self.instrument(),
            interval: spec.interval.as_str().to_owned(),
            fixed: self.fixed.clone(),
            axes: self.space.axes().iter().map(|a| (a.name.clone(), a.values.clone())).collect(),
            method: self.method.name().to_owned(),
            objective: self.objective.name().to_owned(),
            from: opens(0),
            to: closes(self.columns.len() - 1),
            bars: self.columns.len(),
            costs: single::costs(spec),
            chosen: choice.map(|choice| Chosen::of(&plan, &choice, self.pick)),
            made_trials: found.made,
            folds: found.folds.iter().map(|fold| FoldRow::of(&plan, fold, opens, closes)).collect(),
            unseen: walk::stitched(&found.folds),
            cpu_seconds: cpu,
            memory_bytes: memory_peak(),
            threads: self.threads,
            interrupted,
            ..SweepOutcome::default()
        };
        let whole: Vec<Trial> = found.trials.iter().filter(|t| t.window == self.whole()).cloned().collect();
        sweep.note_trials(&plan, &whole, spec.money_scale);
        Ok(sweep)
    }

    /// Runs the chosen set through the event path, over everything.
    fn through_events(&self, chosen: &[(String, String)]) -> Result<(Prepared, Outcome), Failure> {
        let mut spec = self.prepared.plan.spec().clone();
        for (name, value) in &mut spec.params {
            if let Some((_, new)) = chosen.iter().find(|(n, _)| n == name) {
                value.clone_from(new);
            }
        }
        let prepared = self.prepared.again(spec)?;
        let outcome = report::run(&prepared)?;
        Ok((prepared, outcome))
    }

    /// The event path must have found what the trial found; if not, the reader is told.
    fn compare(&self, sweep: &mut SweepOutcome, outcome: &Outcome) {
        let Some(chosen) = &sweep.chosen else { return };
        let money = types::decimal::format(outcome.final_equity().0, outcome.run.money_scale);
        let row = sweep.trials.iter().find(|row| row.point == chosen.point);
        sweep.event_path_equity = Some(money.clone());
        if row.is_some_and(|row| row.final_equity != money) {
            let trial = row.map_or("", |row| row.final_equity.as_str());
            let text =
                format!("the event path ended with {money}, the trial with {trial}: please report this");
            note(&text);
            sweep.failed.get_or_insert((0, text));
        }
    }
}

/// The plan of a set that can be made: the defaults of what varies may make no sense beside the rest, so the corners of the
/// grid are tried until one does.
fn prepared(prepare: Prepare<'_>, options: &Run, space: &Space) -> Result<Prepared, Failure> {
    let axes = space.axes();
    let mut first = None;
    for corner in 0_u32..1 << axes.len() {
        let mut work = options.work.clone();
        for (n, axis) in axes.iter().enumerate() {
            let value = if corner >> n & 1 == 0 { axis.values.first() } else { axis.values.last() };
            let own =
                |given: &String| given.split_once('=').is_some_and(|(name, _)| name.trim() == axis.name);
            work.params.retain(|given| !own(given));
            work.params.extend(value.map(|value| format!("{}={value}", axis.name)));
        }
        match prepare(&work) {
            Ok(prepared) => return Ok(prepared),
            Err(failure) if failure.exit == Exit::Usage => first = first.or(Some(failure)),
            Err(failure) => return Err(failure),
        }
    }
    Err(first.unwrap_or_else(|| failed(backtest::RunError::Empty)))
}

/// Columns; and if the event path has to judge, why, and the bars it needs.
fn read(prepared: &Prepared) -> Result<(Columns, Vec<Bar>, Option<String>), Failure> {
    let spec = prepared.plan.spec();
    let instrument = &prepared.plan.instruments()[0];
    let mut recordings = prepared.recordings()?;
    let Some(recording) = recordings.first_mut() else { return Err(failed(backtest::RunError::Empty)) };
    let recorded = recording.bars.ok_or_else(|| {
        Failure::new(Exit::Usage, "a sweep needs bars").advise("import bars, or resample trades to bars")
    })?;
    let mut why = by_events(&spec.strategy, spec);
    let mut bars = Vec::new();
    let notional = instrument.market.notional;
    let keep = why.is_some();
    let columns = Columns::read(&mut *recording.tape, recorded, spec.interval, notional, &mut |bar: &Bar| {
        if keep {
            bars.push(*bar);
        }
    })
    .map_err(|error| failed(backtest::RunError::Tape(error)))?;
    if columns.is_empty() {
        return Err(failed(backtest::RunError::Empty));
    }
    if why.is_none() {
        // The size does not matter here: the venue's settings do.
        let size = Size { qty: instrument.market.rules.lot.min.0.max(1), short: false };
        let desk = Desk { instrument, venue: &spec.venue, cash: spec.cash };
        if let Err(needs) = desk.check(&columns, size) {
            why = Some(needs.to_string());
            bars = prepared.bars()?;
        }
    }
    Ok((columns, bars, why))
}

fn by_events(strategy: &str, spec: &backtest::RunSpec) -> Option<String> {
    if !rules::NAMES.contains(&strategy) {
        return Some(format!("{strategy} is no function of indicator columns"));
    }
    if spec.bracket.is_some() {
        return Some("a bracket needs the event path".to_owned());
    }
    let filtered = spec.params.iter().any(|(name, value)| name == "trend" && value != "off");
    if filtered {
        return Some("a filter by a longer timeframe is no column".to_owned());
    }
    (spec.funding != 0 || spec.feed_ns != 0).then(|| "funding and late news need the event path".to_owned())
}
