//! Can I trust this? Each finding is one sentence with its numbers; what was not checked is said to be open, never left out.

use super::escape;
use super::page::View;
use crate::metrics::{Unit, number};

/// What a finding says about the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Speaks for it.
    Good,
    /// A reason to doubt.
    Doubt,
    /// Speaks against it.
    Bad,
    /// Not checked.
    Open,
}

/// One line of the panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it says.
    pub verdict: Verdict,
    /// Its subject.
    pub title: &'static str,
    /// One or two sentences.
    pub text: String,
}

/// The result of the look-ahead check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookAhead {
    /// Nothing depended on the future.
    pub is_clean: bool,
    /// What was compared, or what was found.
    pub text: String,
}

/// The same run at other costs.
#[derive(Clone, Debug, PartialEq)]
pub struct CostCase {
    /// `double fees`.
    pub name: String,
    /// Total return then.
    pub total_return: f64,
}

/// Trades below which averages say little, and nothing.
const TRADES_GOOD: usize = 100;
const TRADES_BAD: usize = 30;
/// A probability that convinces, and one that does not.
const SURE: f64 = 0.95;
const UNSURE: f64 = 0.5;

fn share(value: f64) -> String {
    Unit::Share.text(value, true)
}

/// All findings, in the order in which they should be read.
pub(super) fn findings(view: &View<'_>) -> Vec<Finding> {
    let all = [
        look_ahead(view),
        unseen(view),
        enough_trades(view),
        costs(view),
        tries(view),
        overfit(view),
        sharpe(view),
        order_luck(view),
        day_luck(view),
    ];
    all.into_iter().flatten().collect()
}

fn finding(verdict: Verdict, title: &'static str, text: String) -> Option<Finding> {
    Some(Finding { verdict, title, text })
}

fn look_ahead(view: &View<'_>) -> Option<Finding> {
    match view.report.look_ahead {
        Some(found) if found.is_clean => finding(Verdict::Good, "No look-ahead", found.text.clone()),
        Some(found) => finding(Verdict::Bad, "It looks into the future", found.text.clone()),
        None => {
            let how = "Decisions were not compared with runs that end early or whose future is poisoned: tradewind backtest check.";
            finding(Verdict::Open, "Look-ahead not checked", how.to_owned())
        }
    }
}

fn unseen(view: &View<'_>) -> Option<Finding> {
    let sweep = view.report.sweep?;
    let Some((_, worth)) = sweep.unseen.last() else {
        let text = "The parameters were chosen on the very days that they are judged on. Walk forward: --walk-forward 6.";
        return finding(Verdict::Bad, "No unseen days", text.to_owned());
    };
    let good = sweep.folds.iter().filter(|f| f.return_unseen > 0.0).count();
    let verdict = if *worth > 1.0 { Verdict::Good } else { Verdict::Bad };
    let text = format!(
        "On days after each choice it earned {}, with a gain in {good} of {} stretches.",
        share(worth - 1.0),
        sweep.folds.len()
    );
    finding(verdict, "Unseen days", text)
}

fn enough_trades(view: &View<'_>) -> Option<Finding> {
    let n = view.track.trades.len();
    let (verdict, title) = match n {
        n if n >= TRADES_GOOD => (Verdict::Good, "Enough trades"),
        n if n >= TRADES_BAD => (Verdict::Doubt, "Few trades"),
        _ => (Verdict::Bad, "Too few trades"),
    };
    let mut profits: Vec<f64> = view.track.trades.iter().map(|t| t.profit).collect();
    profits.sort_by(|a, b| b.total_cmp(a));
    let total: f64 = profits.iter().sum();
    let rest: f64 = total - profits.iter().take(n.div_ceil(20)).sum::<f64>();
    let best = match (total > 0.0, rest > 0.0) {
        (true, false) => " Without the best twentieth of them nothing would be left.",
        (true, true) => " Without the best twentieth of them it would still have earned.",
        (false, _) => "",
    };
    finding(verdict, title, format!("{} closed.{best}", number(n as f64, 0, false)))
}

fn costs(view: &View<'_>) -> Option<Finding> {
    let worst = view.report.costs.last()?;
    let cases: Vec<String> =
        view.report.costs.iter().map(|c| format!("{} {}", c.name, share(c.total_return))).collect();
    let now = view.track.end() / view.track.start - 1.0;
    let verdict = match (now > 0.0, worst.total_return > 0.0) {
        (true, true) => Verdict::Good,
        (true, false) => Verdict::Doubt,
        (false, _) => Verdict::Bad,
    };
    let title = match verdict {
        Verdict::Good => "Costs leave something",
        Verdict::Doubt => "Costs decide",
        Verdict::Bad | Verdict::Open => "Costs are not earned",
    };
    finding(verdict, title, format!("{} as run; {}.", share(now), cases.join(", ")))
}

fn tries(view: &View<'_>) -> Option<Finding> {
    let deflated = view.metric("deflated_sharpe")?;
    let p = deflated.measured.value?;
    let count = view.report.trials.map_or(1, |t| t.count);
    if count < 2 {
        let text = format!(
            "No other trial on these days is recorded. The probability that the true Sharpe ratio is above zero is {}.",
            number(p, 2, false)
        );
        return finding(if p >= SURE { Verdict::Good } else { Verdict::Doubt }, "One try", text);
    }
    let verdict = match p {
        p if p >= SURE => Verdict::Good,
        p if p >= UNSURE => Verdict::Doubt,
        _ => Verdict::Bad,
    };
    let text = format!(
        "{} different parameter sets were tried on these days. Deflated Sharpe: the probability that this is more than the luck of \
         the best of them is {}. Read the Sharpe ratio as an upper bound.",
        number(count as f64, 0, false),
        number(p, 2, false)
    );
    finding(verdict, "Many tries", text)
}

fn overfit(view: &View<'_>) -> Option<Finding> {
    let p = view.report.sweep?.overfit?;
    let verdict = match p {
        p if p <= 0.1 => Verdict::Good,
        p if p < UNSURE => Verdict::Doubt,
        _ => Verdict::Bad,
    };
    let text = format!(
        "What was best on half of the days was below the middle on the other half in {} of all ways to halve them (chance: 50\u{202f}%).",
        Unit::Share.text(p, false)
    );
    finding(verdict, "Overfitting", text)
}

fn sharpe(view: &View<'_>) -> Option<Finding> {
    let sharpe = view.metric("sharpe")?;
    let (low, high) = sharpe.measured.interval?;
    let text = format!(
        "With 95\u{202f}% confidence the yearly Sharpe ratio lies between {} and {}.",
        number(low, 2, true),
        number(high, 2, true)
    );
    match (low > 0.0, high < 0.0) {
        (true, _) => finding(Verdict::Good, "Sharpe above zero", text),
        (_, true) => finding(Verdict::Bad, "Sharpe below zero", text),
        _ => finding(Verdict::Doubt, "Sharpe may be zero", text),
    }
}

fn order_luck(view: &View<'_>) -> Option<Finding> {
    let luck = view.report.shuffle?;
    let verdict = if luck.as_deep > 0.95 { Verdict::Doubt } else { Verdict::Good };
    let text = format!(
        "Trades shuffled {} times: the worst drawdown is deeper than {} in one of twenty, and at least as deep as it was in {}.",
        number(luck.runs as f64, 0, false),
        share(luck.quantiles[0]),
        Unit::Share.text(luck.as_deep, false)
    );
    finding(verdict, "Order luck", text)
}

fn day_luck(view: &View<'_>) -> Option<Finding> {
    let boot = view.report.bootstrap?;
    let verdict = match boot.loss {
        l if l <= 0.05 => Verdict::Good,
        l if l <= 0.5 => Verdict::Doubt,
        _ => Verdict::Bad,
    };
    let text =
        format!("{} of histories made of the same days end with a loss.", Unit::Share.text(boot.loss, false));
    finding(verdict, "Day luck", text)
}

/// The panel.
pub(super) fn html(view: &View<'_>) -> String {
    let item = |f: &Finding| {
        let (class, mark, word) = match f.verdict {
            Verdict::Good => ("good", "✓", "speaks for it"),
            Verdict::Doubt => ("doubt", "!", "a reason to doubt"),
            Verdict::Bad => ("bad", "✕", "speaks against it"),
            Verdict::Open => ("open", "?", "not checked"),
        };
        format!(
            "<li><span class=\"mark {class}\" role=img aria-label=\"{word}\">{mark}</span><div><b>{}</b><p>{}</p></div></li>",
            f.title,
            escape::text(&f.text)
        )
    };
    let items: String = findings(view).iter().map(item).collect();
    format!(
        "<section class=card><div class=ph><h2>Can I trust this?</h2></div><ul class=trust>{items}</ul></section>"
    )
}
