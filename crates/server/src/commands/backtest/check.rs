//! `tradewind backtest check`: does the strategy know the future?

use std::process::ExitCode;

use backtest::look_ahead::{Change, Finding, look_ahead};
use backtest::{PlanError, RunError};
use serde_json::json;

use super::run::failed;
use super::summary::moment;
use super::work::Prepared;
use crate::cli::backtest::Check;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::answer;

pub(super) fn run(config: &Config, options: &Check) -> Result<ExitCode, Failure> {
    let prepared = Prepared::of(config, &options.work, "")?;
    let bars = prepared.bars()?;
    let mut make = |_: &[types::Bar]| {
        prepared.plan.setup(Vec::new()).map_err(|error| match error {
            PlanError::Run(error) => error,
            other => RunError::Instruments(other.to_string()),
        })
    };
    let verdict = look_ahead(&bars, options.cuts, options.work.venue.seed, &mut make).map_err(failed)?;
    if options.output.json {
        let finding = |f: &Finding| json!({ "change": word(f.change), "cut": moment(f.cut), "differs_at": moment(f.differs_at) });
        answer(json!({
            "v": 1, "clean": verdict.is_clean(), "runs": verdict.runs, "closes_compared": verdict.compared,
            "orders": verdict.orders, "findings": verdict.findings.iter().map(finding).collect::<Vec<_>>(),
        }));
    } else {
        answer(format!(
            "{} runs compared with the full one ({} orders) at {} closes",
            verdict.runs, verdict.orders, verdict.compared
        ));
        for f in &verdict.findings {
            let (what, cut, at) = (word(f.change), moment(f.cut), moment(f.differs_at));
            answer(format!("LOOKS AHEAD: {what} from {cut} on, and the decision of {at} is another one"));
        }
        if verdict.is_clean() && verdict.orders > 0 {
            answer("no decision changed: it does not look ahead");
        } else if verdict.is_clean() {
            answer("no decision changed, but no order was sent either: this proves little");
        }
    }
    Ok(if verdict.is_clean() { ExitCode::SUCCESS } else { Exit::Failed.into() })
}

const fn word(change: Change) -> &'static str {
    match change {
        Change::Nothing => "nothing changed",
        Change::Truncated => "data cut off",
        Change::Poisoned => "data replaced",
    }
}
