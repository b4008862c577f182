//! A run's result for people and for scripts.

use backtest::Outcome;
use backtest::metrics::{self, Basis, Track};
use backtest::sweep::single::Tried;
use serde_json::{Value, json};
use types::{Money, Time};

use super::work::short;
use crate::terminal::table;

/// Numbers a person looks at first; the rest is in `--json` and in the report.
const SHOWN: &[&str] = &[
    "cagr",
    "sharpe",
    "sortino",
    "calmar",
    "volatility",
    "win_rate",
    "profit_factor",
    "expectancy",
    "exposure",
];

/// The result as one JSON object; money as decimal texts.
pub(crate) fn to_json(outcome: &Outcome, id: Option<&str>, tried: Option<&Tried>) -> Value {
    let run = &outcome.run;
    let money = |m: Money| short(m.0, run.money_scale);
    let params: serde_json::Map<String, Value> =
        run.params.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
    let denied: serde_json::Map<String, Value> =
        outcome.orders.denied.iter().map(|(code, n)| (code.clone(), json!(n))).collect();
    let track = Track::of(outcome, &[]);
    let measured = metrics::to_json(&metrics::measure(&Basis::of(&track, None)));
    json!({
        "v": 1,
        "run": id,
        "name": run.name,
        "strategy": run.strategy,
        "params": params,
        "model": run.model,
        "instruments": run.traded.iter().map(|t| t.instrument.clone()).collect::<Vec<_>>(),
        "interval": run.interval.as_str(),
        "fill": run.venue.path.as_str(),
        "bars": outcome.equity.bars(),
        "first": outcome.equity.points().next().map(|p| moment(p.at)),
        "last": outcome.equity.points().next_back().map(|p| moment(p.at)),
        "currency": run.quote,
        "start_equity": money(outcome.equity.start()),
        "final_equity": money(outcome.final_equity()),
        "return_pct": return_pct(outcome),
        "max_drawdown_pct": drawdown_pct(outcome),
        "orders": outcome.orders.sent,
        "filled": outcome.orders.filled,
        "canceled": outcome.orders.canceled,
        "expired": outcome.orders.expired,
        "rejected": outcome.orders.rejected,
        "open_orders": outcome.orders.open,
        "denied": denied,
        "fills": outcome.fills.len(),
        "trades": outcome.trades.len(),
        "fees": money(outcome.fees),
        "funding": money(outcome.funding),
        "slippage": money(outcome.slippage),
        "turnover": money(outcome.turnover),
        "metrics": measured,
        "trials": tried.map(trials),
        "warnings": outcome.warnings,
        "cpu_seconds": outcome.cpu_seconds,
        "digest": format!("{:016x}", outcome.digest),
    })
}

/// The result in lines.
pub(super) fn describe(outcome: &Outcome, id: Option<&str>, tried: Option<&Tried>) -> String {
    let run = &outcome.run;
    let money = |m: Money| format!("{} {}", grouped(&cents(m, run.money_scale)), run.quote);
    let points = || outcome.equity.points();
    let span = points().next().zip(points().next_back());
    let span = span.map(|(a, b)| format!("{} to {}", moment(a.at), moment(b.at))).unwrap_or_default();
    let instruments: Vec<_> = run.traded.iter().map(|t| t.instrument.as_str()).collect();
    let params: Vec<_> = run.params.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let mut rows = vec![
        vec!["strategy".to_owned(), format!("{} {}", run.strategy, params.join(" "))],
        vec![
            "on".to_owned(),
            format!(
                "{} {}, {} bars, {span}",
                instruments.join(" "),
                run.interval.as_str(),
                outcome.equity.bars()
            ),
        ],
        vec!["fills at".to_owned(), convention(outcome)],
        vec![
            "equity".to_owned(),
            format!(
                "{} → {} ({:+.2} %)",
                money(outcome.equity.start()),
                money(outcome.final_equity()),
                return_pct(outcome)
            ),
        ],
        vec!["largest fall".to_owned(), format!("{:.2} %", drawdown_pct(outcome))],
        vec!["orders".to_owned(), orders(outcome)],
        vec![
            "costs".to_owned(),
            format!(
                "fees {}, slippage {}, funding {}",
                money(outcome.fees),
                money(outcome.slippage),
                money(outcome.funding)
            ),
        ],
    ];
    if let Some(model) = &run.model {
        let name = model.split('#').next().unwrap_or_default();
        rows.insert(1, vec!["forecaster".to_owned(), format!("{name}, trained before")]);
    }
    let track = Track::of(outcome, &[]);
    for measured in metrics::measure(&Basis::of(&track, None)) {
        if SHOWN.contains(&measured.metric.name) {
            let text = format!("{}  {}", measured.text(), measured.interval_text());
            rows.push(vec![measured.metric.label.to_lowercase(), text.trim_end().to_owned()]);
        }
    }
    let mut lines = vec![table(&rows)];
    lines.extend(outcome.warnings.iter().map(|warning| format!("note: {warning}")));
    lines.extend(tried.map(tries));
    let rate = outcome.equity.bars() as f64 / outcome.cpu_seconds.max(1e-9);
    lines.push(format!(
        "{:.2} s of processor time, {} bars a second",
        outcome.cpu_seconds,
        grouped(&format!("{rate:.0}"))
    ));
    if let Some(id) = id {
        lines.push(format!("stored as {id}"));
    }
    lines.join("\n")
}

fn trials(tried: &Tried) -> Value {
    json!({
        "recorded": tried.tally.recorded,
        "distinct": tried.tally.distinct,
        "deflated_sharpe": tried.deflated_sharpe,
        "luck_sharpe": tried.luck_sharpe,
    })
}

/// How many sets were tried on these days, and what that does to the Sharpe ratio.
fn tries(tried: &Tried) -> String {
    let sure = tried.deflated_sharpe.map_or_else(|| "unknown".to_owned(), |p| metrics::number(p, 3, false));
    if tried.tally.distinct < 2 {
        return format!("no other set was tried on these days; probability of a Sharpe above zero: {sure}");
    }
    format!(
        "{} different sets were tried on these days; the best of as many worthless ones would show a Sharpe of {}; probability \
         that this is more than that luck (deflated Sharpe): {sure}",
        grouped(&tried.tally.distinct.to_string()),
        metrics::number(tried.luck_sharpe, 2, true)
    )
}

fn orders(outcome: &Outcome) -> String {
    let counts = &outcome.orders;
    let denied: u64 = counts.denied.iter().map(|(_, n)| n).sum();
    let others = [
        (counts.canceled, "cancelled"),
        (counts.expired, "expired"),
        (counts.rejected, "rejected"),
        (counts.open, "open"),
        (denied, "denied"),
    ];
    let mut text = format!("{} sent, {} filled", counts.sent, counts.filled);
    for (n, what) in others.into_iter().filter(|(n, _)| *n > 0) {
        text.push_str(&format!(", {n} {what}"));
    }
    text.push_str(&format!("; {} round trips", outcome.trades.len()));
    text
}

fn convention(outcome: &Outcome) -> String {
    let path = match outcome.run.venue.path {
        backtest::PricePath::Open => "the next bar's open",
        backtest::PricePath::Close => "the close they were decided on (optimistic)",
        backtest::PricePath::OpenHighLowClose => "the next bar's open; bars go open, high, low, close",
        backtest::PricePath::OpenLowHighClose => "the next bar's open; bars go open, low, high, close",
    };
    path.to_owned()
}

/// Final against start equity, percent.
pub(super) fn return_pct(outcome: &Outcome) -> f64 {
    let (start, last) = (outcome.equity.start().0 as f64, outcome.final_equity().0 as f64);
    if start > 0.0 { (last / start - 1.0) * 100.0 } else { 0.0 }
}

/// The largest fall, percent of its peak, zero or below.
pub(super) fn drawdown_pct(outcome: &Outcome) -> f64 {
    let fall = outcome.equity.largest_fall();
    fall.map_or(0.0, |f| (f.trough.0 as f64 - f.peak.0 as f64) / f.peak.0 as f64 * 100.0)
}

/// Money to two decimals for reading, rounded towards zero.
fn cents(money: Money, scale: u8) -> String {
    let unit = 10_i128.pow(u32::from(scale.saturating_sub(2)));
    types::decimal::format(money.0 / unit, scale.min(2))
}

/// Thousands apart.
fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_once('.').map_or((text, None), |(w, r)| (w, Some(r)));
    let digits = whole.trim_start_matches('-').len();
    let mut out = String::new();
    for (n, c) in whole.trim_start_matches('-').chars().enumerate() {
        if n > 0 && (digits - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    let sign = if whole.starts_with('-') { "-" } else { "" };
    rest.map_or_else(|| format!("{sign}{out}"), |rest| format!("{sign}{out}.{rest}"))
}

/// A moment as RFC 3339, to the second.
pub(super) fn moment(at: Time) -> String {
    let days = at.0.div_euclid(86_400_000_000_000);
    let seconds = at.0.div_euclid(1_000_000_000).rem_euclid(86_400);
    // Counted from 0000-03-01, so that the leap day is a year's last.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_readable() {
        assert_eq!(grouped("1234567.50"), "1,234,567.50");
        assert_eq!(grouped("-123456"), "-123,456");
        assert_eq!(cents(Money(-99_442_817_551_000), 8), "-994428.17");
        assert_eq!(moment(Time(1_640_991_660_000_000_000)), "2021-12-31T23:01:00Z");
        assert_eq!(moment(Time(951_782_400_000_000_000)), "2000-02-29T00:00:00Z");
    }
}
