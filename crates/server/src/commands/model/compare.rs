//! `tradewind model compare`: all models walk forward through the same bars; the table says what each did beside the naive
//! forecast, and a sentence says so plainly when none was better.

use std::process::ExitCode;

use forecast::arima::Bounds;
use forecast::evaluate::{Origin, Report, Scores, Walk, compare, scores, walk};
use forecast::lstm::{Flow, Options};
use forecast::market::{ArimaRecipe, Neural, Recipe, View};
use serde_json::{Value, json};

use super::plot;
use super::stored::source;
use crate::cli::model::Compare;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal;

/// A model's row.
struct Row {
    name: &'static str,
    result: Result<(Report, Vec<Origin>), String>,
}

pub(super) fn run(config: &Config, options: &Compare) -> Result<ExitCode, Failure> {
    let [symbol] = options.bars.symbol.as_slice() else {
        return Err(Failure::new(Exit::Usage, "compare takes one symbol"));
    };
    if !(0.2..=0.95).contains(&options.first) {
        return Err(Failure::new(Exit::Usage, "--first is out of its range: 0.2 to 0.95"));
    }
    let bars = source(config, options.bars.csv.as_deref())
        .bars(symbol, &options.bars.interval, options.bars.days)
        .map_err(|why| {
            Failure::new(Exit::Failed, format!("{symbol}: the bars cannot be used")).because(why)
        })?;
    let view = bars.view();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a length"
    )]
    let first = (view.len() as f64 * options.first) as usize;
    let plan = Walk {
        first,
        step: options.horizon,
        horizon: options.horizon,
        refit_every: options.refit_every,
        embargo: options.embargo,
        window: None,
    };
    let refused =
        |e: forecast::evaluate::WalkError| Failure::new(Exit::Failed, "the bars do not suffice").because(e);
    let naive = walk(&Recipe::Naive, view, &plan, &mut |_| Flow::Continue).map_err(refused)?;
    let naive_scores = scores(&naive, view).unwrap_or_default();
    let mut rows = Vec::new();
    for recipe in recipes(options, view.step_s) {
        let name = recipe.algorithm().name();
        terminal::note(format!("walking forward: {name}"));
        rows.push(Row { name, result: one(&recipe, view, &plan, &naive_scores) });
    }
    if let Some(path) = &options.plot {
        let best = rows.iter().filter_map(|r| Some((r.name, r.result.as_ref().ok()?)));
        let best = best.min_by(|a, b| a.1.0.pinball_ratio.total_cmp(&b.1.0.pinball_ratio));
        let picture = best.map(|(name, (_, origins))| plot::svg(view, origins, name, symbol));
        std::fs::write(path, picture.unwrap_or_default()).map_err(|e| {
            Failure::new(Exit::Failed, format!("{} cannot be written", path.display())).because(e)
        })?;
    }
    let verdict = verdict(&rows);
    if options.output.json {
        let models: Vec<Value> = rows.iter().map(row_json).collect();
        let naive = training::Metrics::from(&compare(&naive_scores, &naive_scores));
        terminal::answer(json!({
            "v": 1, "symbol": symbol, "interval": options.bars.interval, "bars": view.len(), "origins": naive_count(&naive),
            "horizon": options.horizon, "naive": naive, "models": models, "verdict": verdict,
        }));
    } else {
        terminal::answer(table(&rows, &naive_scores));
        terminal::answer(verdict);
    }
    Ok(ExitCode::SUCCESS)
}

fn naive_count(metrics: &training::Metrics) -> usize {
    metrics.count
}

fn one(
    recipe: &Recipe,
    view: View<'_>,
    plan: &Walk,
    naive: &Scores,
) -> Result<(Report, Vec<Origin>), String> {
    let origins = walk(recipe, view, plan, &mut |_| Flow::Continue).map_err(|e| e.to_string())?;
    let found = scores(&origins, view).ok_or("no origins")?;
    Ok((compare(&found, naive), origins))
}

/// Everything that is compared; a season is a day.
fn recipes(options: &Compare, step_s: f64) -> Vec<Recipe> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bars of a day")]
    let day = (86_400.0 / step_s).round() as usize;
    let mut all = vec![Recipe::Drift];
    if (2..=2_000).contains(&day) {
        all.push(Recipe::SeasonalNaive { period: day });
    }
    all.push(Recipe::Ets { period: None });
    all.push(Recipe::Arima(ArimaRecipe::Select(Bounds {
        p_max: 3,
        q_max: 3,
        total_max: 4,
        ..Bounds::default()
    })));
    all.push(Recipe::Prophet(Box::default()));
    if options.epochs > 0 {
        let network = Options { epochs: options.epochs, ..Options::default() };
        let embargo = options.horizon;
        all.push(Recipe::Lstm(Box::new(Neural {
            options: network,
            horizon: options.horizon,
            embargo,
            ..Neural::default()
        })));
    }
    all
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".into(), |s| format!("{:.1} %", 100.0 * s))
}

fn table(rows: &[Row], naive: &Scores) -> String {
    let head = ["model", "MAE", "MAE/naive", "RMSE/naive", "pinball/naive", "direction", "coverage of 80 %"];
    let mut lines = vec![head.map(String::from).to_vec()];
    lines.push(vec![
        "naive".into(),
        format!("{:.6}", naive.mae),
        "1.000".into(),
        "1.000".into(),
        "1.000".into(),
        "-".into(),
        percent(Some(naive.coverage)),
    ]);
    for row in rows {
        lines.push(match &row.result {
            Ok((r, _)) => vec![
                row.name.into(),
                format!("{:.6}", r.model.mae),
                format!("{:.3}", r.mae_ratio),
                format!("{:.3}", r.rmse_ratio),
                format!("{:.3}", r.pinball_ratio),
                percent(r.model.direction),
                percent(Some(r.model.coverage)),
            ],
            Err(why) => vec![row.name.into(), format!("not possible: {why}")],
        });
    }
    terminal::table(&lines)
}

fn row_json(row: &Row) -> Value {
    match &row.result {
        Ok((report, _)) => json!({ "model": row.name, "metrics": training::Metrics::from(report) }),
        Err(why) => json!({ "model": row.name, "error": why }),
    }
}

/// Differences below half a per cent are not called better.
fn verdict(rows: &[Row]) -> String {
    let better: Vec<&str> = rows
        .iter()
        .filter(|r| r.result.as_ref().is_ok_and(|(r, _)| r.mae_ratio < 0.995 && r.pinball_ratio < 0.995))
        .map(|r| r.name)
        .collect();
    if better.is_empty() {
        "No model beats the naive forecast on these bars.".into()
    } else {
        format!(
            "Smaller errors than the naive forecast on these bars: {}. That may be luck, is before fees, and says nothing about the next bars.",
            better.join(", ")
        )
    }
}
