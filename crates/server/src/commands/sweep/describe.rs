//! A sweep for people and for scripts.

use backtest::metrics::calendar::Date;
use backtest::metrics::{Unit, number};
use backtest::sweep::SweepOutcome;
use serde_json::{Value, json};

use crate::commands::bot::short;
use crate::terminal::table;

/// Rows of the table of the best.
const BEST: usize = 10;

/// The kept document, which is versioned, with parameters as objects beside.
pub(crate) fn to_json(sweep: &SweepOutcome) -> Value {
    let mut json = serde_json::to_value(sweep).unwrap_or(Value::Null);
    if let Some(chosen) = &sweep.chosen {
        json["chosen"]["set"] = object(&chosen.params);
    }
    json
}

pub(super) fn object(params: &[(String, String)]) -> Value {
    Value::Object(params.iter().map(|(name, value)| (name.clone(), json!(value))).collect())
}

pub(super) fn params(params: &[(String, String)]) -> String {
    params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

fn share(value: f64) -> String {
    Unit::Share.text(value, true)
}

/// All of it.
pub(super) fn text(sweep: &SweepOutcome) -> String {
    let mut parts = vec![head(sweep), best(sweep)];
    parts.extend(choice(sweep));
    parts.extend(walk(sweep));
    parts.push(tries(sweep));
    parts.push(format!(
        "{} s of processor time on {} threads, at most {} MB of memory",
        number(sweep.cpu_seconds, 2, false),
        sweep.threads,
        number(sweep.memory_bytes as f64 / 1e6, 0, false),
    ));
    if let Some(run) = &sweep.run {
        parts.push(format!("next: tradewind backtest report {run} --html report.html"));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

fn head(sweep: &SweepOutcome) -> String {
    let stopped = if sweep.interrupted { ", interrupted" } else { "" };
    let mut head = format!(
        "{} on {}, bars of {}, {} to {}\n{} of {} trials over the whole time gave a score ({}{stopped})",
        sweep.id,
        sweep.instrument,
        sweep.interval,
        Date::of(sweep.from),
        Date::of(sweep.to),
        number(sweep.trials.len() as f64, 0, false),
        number((sweep.trials.len() + sweep.impossible) as f64, 0, false),
        sweep.method,
    );
    if sweep.impossible > 0 {
        head.push_str(&format!("; {} sets make no strategy and do not count", sweep.impossible));
    }
    if let Some((count, why)) = &sweep.failed {
        head.push_str(&format!("\n{count} runs failed: {why}"));
    }
    head
}

fn best(sweep: &SweepOutcome) -> String {
    let mut rows: Vec<_> = sweep.trials.iter().collect();
    rows.sort_by(|a, b| b.value.total_cmp(&a.value));
    let mut lines = vec![sweep.axes.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()];
    lines[0].extend(["Sharpe", "return", "drawdown", "trades", "final equity"].map(str::to_owned));
    for row in rows.iter().take(BEST) {
        let places = sweep.axes.iter().zip(&row.point);
        let mut line: Vec<String> =
            places.map(|((_, values), at)| values.get(*at).cloned().unwrap_or_default()).collect();
        line.extend([
            number(row.sharpe, 2, true),
            share(row.total_return),
            share(row.max_drawdown),
            row.trades.to_string(),
            short(&row.final_equity).to_owned(),
        ]);
        lines.push(line);
    }
    table(&lines)
}

fn choice(sweep: &SweepOutcome) -> Option<String> {
    let chosen = sweep.chosen.as_ref()?;
    let mut text = format!(
        "chosen: {} ({}, {} {}; its {} neighbours average {})",
        params(&chosen.params),
        chosen.by,
        sweep.objective,
        number(chosen.value, 2, true),
        chosen.neighbour_count,
        number(chosen.neighbours, 2, true),
    );
    if chosen.point != chosen.peak_point {
        let values = sweep.axes.iter().zip(&chosen.peak_point);
        let peak: Vec<_> = values
            .map(|((name, values), at)| format!("{name}={}", values.get(*at).map_or("?", String::as_str)))
            .collect();
        text.push_str(&format!(
            "\nnot used: {} is the single best at {}, but its neighbours average {}",
            peak.join(" "),
            number(chosen.peak_value, 2, true),
            number(chosen.peak_neighbours, 2, true)
        ));
    }
    if let Some(run) = &sweep.run {
        let trial = sweep.trials.iter().find(|row| row.point == chosen.point).map(|row| &row.final_equity);
        let verdict = match (&sweep.event_path_equity, trial) {
            (Some(found), Some(trial)) if found == trial => {
                "the same final equity to the last digit".to_owned()
            }
            (Some(found), Some(trial)) => {
                format!("it ended with {found}, the trial with {trial}: do not trust this")
            }
            _ => "not compared with the trial".to_owned(),
        };
        text.push_str(&format!("\nrun through the event path as {run}: {verdict}"));
    }
    Some(text)
}

fn walk(sweep: &SweepOutcome) -> Option<String> {
    let (_, worth) = sweep.unseen.last()?;
    let head = ["unseen days", "chosen before", "Sharpe seen", "unseen", "return unseen", "trades"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for fold in &sweep.folds {
        rows.push(vec![
            format!("{} - {}", Date::of(fold.test_from), Date::of(fold.test_to)),
            params(&fold.params),
            number(fold.sharpe_seen, 2, true),
            number(fold.sharpe_unseen, 2, true),
            share(fold.return_unseen),
            fold.trades_unseen.to_string(),
        ]);
    }
    Some(format!("walk-forward: {} over all unseen days\n{}", share(worth - 1.0), table(&rows)))
}

fn tries(sweep: &SweepOutcome) -> String {
    let mut text = format!(
        "{} trials in this sweep; {} are recorded over these days, {} of them different",
        number(sweep.made_trials as f64, 0, false),
        number(sweep.recorded as f64, 0, false),
        number(sweep.distinct as f64, 0, false),
    );
    if let Some(p) = sweep.deflated_sharpe {
        let best = sweep.luck_sharpe.unwrap_or(0.0);
        text.push_str(&format!(
            "\nthe best of as many worthless ones would show a Sharpe of {}; probability that the choice is more than that luck \
             (deflated Sharpe): {}",
            number(best, 2, true),
            number(p, 3, false)
        ));
    }
    if let Some(p) = sweep.overfit {
        text.push_str(&format!("\nprobability of overfitting (CSCV): {} (chance: 0.5)", number(p, 2, false)));
    }
    text
}
