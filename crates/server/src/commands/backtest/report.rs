//! `tradewind backtest report`: a stored run as one HTML file.

use std::path::Path;
use std::process::ExitCode;

use backtest::look_ahead::look_ahead;
use backtest::metrics::{Basis, Track, Trials};
use backtest::montecarlo::{RUNS, bootstrap, shuffle};
use backtest::report::{CostCase, LookAhead, Report};
use backtest::stored::Runs;
use backtest::sweep::SweepOutcome;
use backtest::sweep::kept::Sweeps;
use backtest::{Outcome, PlanError, RunError, RunSpec, Slippage};
use serde_json::json;
use types::{Bar, FeeRate};

use super::run::{failed, unstored};
use super::work::Prepared;
use crate::cli::Output;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note};

/// Bars up to which the look-ahead check is part of a report: it takes two runs per cut.
const CHECKED_BARS_MAX: usize = 200_000;
const CUTS: u32 = 8;

/// What a report is made from.
pub(crate) struct Evidence<'a> {
    pub(crate) prepared: &'a Prepared,
    pub(crate) id: &'a str,
    pub(crate) outcome: &'a Outcome,
    pub(crate) sweep: Option<&'a SweepOutcome>,
    pub(crate) config: &'a Config,
}

pub(super) fn report(config: &Config, run: &str, html: &Path, output: Output) -> Result<ExitCode, Failure> {
    let runs = Runs::new(&config.data_dir);
    let id = runs.find(run).map_err(unstored)?;
    let outcome = runs.load(&id).map_err(unstored)?;
    let prepared = Prepared::of_stored(config, &outcome.run)?;
    let sweep = Sweeps::new(&config.data_dir).of_run(&id);
    let evidence =
        Evidence { prepared: &prepared, id: &id, outcome: &outcome, sweep: sweep.as_ref(), config };
    write(html, &evidence)?;
    if output.json {
        answer(json!({ "v": 1, "run": id, "html": html.display().to_string() }));
    } else {
        answer(format!("{} written; open it in a browser", html.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs what is prepared, quietly.
pub(crate) fn run(prepared: &Prepared) -> Result<Outcome, Failure> {
    let setup = prepared
        .plan
        .setup(prepared.recordings()?)
        .map_err(|e| Failure::new(Exit::Failed, "the run cannot be set up").because(e))?;
    backtest::run(setup, &mut |_| true).map_err(failed)
}

/// Writes the report.
pub(crate) fn write(path: &Path, evidence: &Evidence<'_>) -> Result<(), Failure> {
    let Evidence { prepared, id, outcome, sweep, config } = *evidence;
    let bars = prepared.bars()?;
    let track = Track::of(outcome, &bars);
    let basis = Basis::of(&track, None);
    let profits: Vec<f64> = track.trades.iter().map(|t| t.profit).collect();
    let seed = outcome.run.venue.seed;
    let (order, days) = (shuffle(track.start, &profits, RUNS, seed), bootstrap(&basis.shares, RUNS, seed));
    let instrument = outcome.run.traded.first().map_or("", |t| t.instrument.as_str());
    let ledger = Sweeps::new(&config.data_dir).ledger(instrument);
    let last = track.times.last().copied().unwrap_or(track.from);
    let tally = ledger.tally(track.from, last).map_err(|error| {
        Failure::new(Exit::Failed, "the record of trials cannot be read")
            .because(format!("{}: {error}", ledger.path().display()))
    })?;
    let trials = (tally.distinct > 0)
        .then(|| Trials { count: tally.distinct, sharpe_variance: tally.sharpe_variance / basis.per_year });
    let (costs, checked) = (cost_cases(prepared)?, check(prepared, &bars)?);
    let command = command(&outcome.run);
    let html = Report {
        id,
        outcome,
        bars: &bars,
        command: &command,
        trials,
        sweep,
        look_ahead: checked.as_ref(),
        costs: &costs,
        shuffle: order.as_ref(),
        bootstrap: days.as_ref(),
    }
    .html();
    std::fs::write(path, html).map_err(|error| {
        Failure::new(Exit::Failed, format!("{} cannot be written", path.display()))
            .because(error)
            .advise("give a path in a folder that exists")
    })
}

/// The same run cheaper and dearer.
fn cost_cases(prepared: &Prepared) -> Result<Vec<CostCase>, Failure> {
    /// 0.05 % of the price.
    const SLIP: u32 = 50_000;
    let mut cases = Vec::new();
    for (name, fees, slip) in [
        ("without any costs", 0, None),
        ("at double fees", 2, None),
        ("at double fees and 0.05 % slippage", 2, Some(SLIP)),
    ] {
        let mut spec = prepared.plan.spec().clone();
        let rate = |rate: FeeRate| FeeRate(rate.0.saturating_mul(fees));
        (spec.venue.fees.maker, spec.venue.fees.taker) =
            (rate(spec.venue.fees.maker), rate(spec.venue.fees.taker));
        match slip {
            None if fees == 0 => spec.venue.slippage = Slippage::None,
            None => {}
            Some(slip) => spec.venue.slippage = Slippage::Rate(slip),
        }
        let outcome = run(&prepared.again(spec)?)?;
        let (start, end) = (outcome.equity.start().0 as f64, outcome.final_equity().0 as f64);
        cases.push(CostCase { name: name.to_owned(), total_return: end / start - 1.0 });
    }
    Ok(cases)
}

/// Decisions with the future cut off and replaced.
fn check(prepared: &Prepared, bars: &[Bar]) -> Result<Option<LookAhead>, Failure> {
    if bars.len() > CHECKED_BARS_MAX || bars.len() < 3 || prepared.plan.instruments().len() != 1 {
        note("the look-ahead check is left out of the report: tradewind backtest check does it");
        return Ok(None);
    }
    let mut make = |_: &[Bar]| {
        prepared.plan.setup(Vec::new()).map_err(|error| match error {
            PlanError::Run(error) => error,
            other => RunError::Instruments(other.to_string()),
        })
    };
    let verdict = look_ahead(bars, CUTS, prepared.plan.spec().venue.seed, &mut make).map_err(failed)?;
    let is_clean = verdict.is_clean();
    let text = if is_clean {
        format!(
            "Decisions did not change in {} runs that ended early or had their future replaced ({} closes compared).",
            verdict.runs, verdict.compared
        )
    } else {
        format!(
            "{} of {} runs with another future decided differently before it.",
            verdict.findings.len(),
            verdict.runs
        )
    };
    Ok(Some(LookAhead { is_clean, text }))
}

/// The command that makes the run again, as far as it differs from the defaults.
fn command(run: &RunSpec) -> String {
    let instrument = run.traded.first().map_or("", |t| t.instrument.as_str());
    let mut words = vec![format!("tradewind backtest run {} --symbol {instrument}", run.strategy)];
    words.push(format!("--interval {}", run.interval.as_str()));
    let named = run.model.as_ref().and_then(|label| label.split('#').next());
    words.extend(named.map(|name| format!("--model {name}")));
    words.extend(run.params.iter().map(|(name, value)| format!("--param {name}={value}")));
    words.push(format!("--cash {}", super::work::short(run.cash.0, run.money_scale)));
    words.push(format!("--fill {}", run.venue.path.as_str()));
    let bps = |rate: FeeRate| types::decimal::format_short(i128::from(rate.0), 4);
    words.push(format!(
        "--taker-bps {} --maker-bps {}",
        bps(run.venue.fees.taker),
        bps(run.venue.fees.maker)
    ));
    match run.venue.slippage {
        Slippage::None => {}
        Slippage::Rate(rate) => words.push(format!("--slippage-bps {}", bps(FeeRate(rate)))),
        Slippage::Range(rate) => {
            words.push(format!("--slippage-range {}", types::decimal::format_short(i128::from(rate), 6)));
        }
        Slippage::Volume(rate) => words.push(format!("--slippage-volume {}", bps(FeeRate(rate)))),
    }
    words.join(" ")
}
