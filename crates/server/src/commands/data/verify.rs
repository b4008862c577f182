//! `tradewind data verify`.

use std::process::ExitCode;

use archive::{Archive, Finding, Kind, Rule, Verdict};
use serde_json::{Value, json};
use types::InstrumentId;

use super::failure;
use super::import::what;
use crate::cli::data::Verify;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note, table};

pub(super) fn run(archive: &Archive, options: &Verify) -> Result<ExitCode, Failure> {
    let failed = || failure("the archive cannot be verified");
    let only = options.symbol.as_deref().map(|symbol| archive.find(symbol)).transpose().map_err(failed())?;
    let list = archive.list().map_err(failed())?;
    let wanted: Vec<(InstrumentId, Kind)> =
        list.iter().filter(|s| only.is_none_or(|id| id == s.id)).map(|s| (s.id, s.kind)).collect();
    let mut verdicts = Vec::new();
    for (id, kind) in wanted {
        verdicts.push(archive.verify(id, kind).map_err(failed())?);
    }
    let fit = verdicts.iter().all(|verdict| is_fit(verdict, options.allow_gaps));
    if options.output.json {
        let series: Vec<Value> = verdicts.iter().map(|v| to_json(v, options.allow_gaps)).collect();
        answer(json!({ "v": 1, "fit": fit, "series": series }));
    } else if verdicts.is_empty() {
        note("the archive is empty");
    } else {
        answer(to_text(&verdicts));
    }
    Ok(if fit { ExitCode::SUCCESS } else { Exit::Failed.into() })
}

fn unfit(finding: &Finding, allow_gaps: bool) -> bool {
    finding.rule.makes_unfit() && !(allow_gaps && finding.rule == Rule::Gap)
}

fn is_fit(verdict: &Verdict, allow_gaps: bool) -> bool {
    !verdict.findings.iter().any(|finding| unfit(finding, allow_gaps))
}

fn to_text(verdicts: &[Verdict]) -> String {
    let head = ["instrument", "series", "rows", "finding", "count", "first"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for verdict in verdicts {
        let start = [verdict.id.to_string(), what(verdict.kind), verdict.rows.to_string()];
        if verdict.findings.is_empty() {
            rows.push(start.into_iter().chain(["none".to_owned()]).collect());
            continue;
        }
        for finding in &verdict.findings {
            let first = finding.examples.first().cloned().unwrap_or_default();
            let end = [finding.rule.name().to_owned(), finding.count.to_string(), first];
            rows.push(start.iter().cloned().chain(end).collect());
        }
    }
    table(&rows)
}

fn to_json(verdict: &Verdict, allow_gaps: bool) -> Value {
    let findings: Vec<Value> = verdict
        .findings
        .iter()
        .map(|finding| {
            json!({
                "rule": finding.rule.name(),
                "count": finding.count,
                "unfit": unfit(finding, allow_gaps),
                "examples": finding.examples,
            })
        })
        .collect();
    json!({
        "instrument": verdict.id.to_string(),
        "series": verdict.kind.name(),
        "rows": verdict.rows,
        "fit": is_fit(verdict, allow_gaps),
        "findings": findings,
    })
}
