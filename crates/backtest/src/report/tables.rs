//! Exits by reason, the deepest drawdowns, and the trades.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use types::Side;

use super::escape;
use super::page::View;
use crate::metrics::calendar::{DAY_MS, Date, length, minute};
use crate::metrics::{Trade, Unit, number, top_drawdowns};

/// Trades listed; the latest ones, the rest is in the run's own files.
const TRADES_MAX: usize = 500;

fn tone(value: f64) -> &'static str {
    match value {
        v if v > 0.0 => "up",
        v if v < 0.0 => "dn",
        _ => "",
    }
}

/// What each way out earned.
pub(super) fn exits(view: &View<'_>) -> String {
    let mut by: BTreeMap<&str, Vec<&Trade>> = BTreeMap::new();
    for trade in &view.track.trades {
        by.entry(trade.reason.as_str()).or_default().push(trade);
    }
    if by.is_empty() {
        return String::new();
    }
    let mut rows: Vec<_> = by.into_iter().collect();
    rows.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(b.0)));
    let row = |(reason, trades): &(&str, Vec<&Trade>)| {
        let n = trades.len() as f64;
        let wins = trades.iter().filter(|t| t.profit > 0.0).count() as f64;
        let mean = trades.iter().map(|t| t.share()).sum::<f64>() / n;
        let total: f64 = trades.iter().map(|t| t.profit).sum();
        let held: i64 =
            trades.iter().map(|t| t.held()).sum::<i64>() / i64::try_from(trades.len()).unwrap_or(1);
        let reason = if reason.is_empty() { "not known".to_owned() } else { escape::words(reason) };
        format!(
            "<tr><td>{reason}</td><td class=r>{}</td><td class=r>{}</td><td class=\"r wide\">{}</td>\
             <td class=\"r {}\">{}</td><td class=\"r {}\">{}</td></tr>",
            number(n, 0, false),
            Unit::Share.text(wins / n, false),
            length(held),
            tone(mean),
            Unit::Share.text(mean, true),
            tone(total),
            number(total, 2, true),
        )
    };
    let body: String = rows.iter().map(row).collect();
    format!(
        "<section class=card><div class=ph><h2>Ways out</h2></div><div class=scroll><table><thead><tr><th>Exit reason</th>\
         <th class=r>Trades</th><th class=r>Won</th><th class=\"r wide\">Held</th><th class=r>Mean</th><th class=r>Profit, {}</th></tr></thead>\
         <tbody>{body}</tbody></table></div></section>",
        escape::text(&view.report.outcome.run.quote)
    )
}

/// The deepest drawdowns.
pub(super) fn drawdowns(view: &View<'_>) -> String {
    let top = top_drawdowns::top(&view.basis());
    if top.is_empty() {
        return String::new();
    }
    let last = view.track.times.last().copied().unwrap_or(0);
    let days = |ms: i64| number(ms as f64 / DAY_MS as f64, 1, false);
    let mut body = String::new();
    for d in &top {
        let (back, whole) = d.recovered.map_or_else(
            || ("not yet".to_owned(), last - d.peak),
            |at| (Date::of(at).to_string(), at - d.peak),
        );
        let _ = write!(
            body,
            "<tr><td class=dn>{}</td><td>{}</td><td>{}</td><td>{back}</td><td class=r>{}</td></tr>",
            Unit::Share.text(d.depth, true),
            Date::of(d.peak),
            Date::of(d.trough),
            days(whole),
        );
    }
    format!(
        "<section class=card><div class=ph><h2>Deepest drawdowns</h2></div><div class=scroll><table><thead><tr><th>Depth</th><th>From</th>\
         <th>Bottom</th><th>Back</th><th class=r>Days</th></tr></thead><tbody>{body}</tbody></table></div></section>"
    )
}

/// The latest trades, newest first.
pub(super) fn trades(view: &View<'_>) -> String {
    let all = &view.track.trades;
    if all.is_empty() {
        return "<section class=card><div class=ph><h2>Trades</h2></div><p class=note>No position was closed.</p></section>".to_owned();
    }
    let mut body = String::new();
    for (n, t) in all.iter().enumerate().rev().take(TRADES_MAX) {
        let side = if t.side == Side::Buy { "Long" } else { "Short" };
        let kind = if t.profit > 0.0 { "win" } else { "loss" };
        let result = format!(
            "<td class=\"r {0}\">{1}</td><td class=\"r {0}\">{2}</td>",
            tone(t.profit),
            Unit::Share.text(t.share(), true),
            number(t.profit, 2, true)
        );
        let price = |p: f64| number(p, view.price_decimals, false);
        let _ = write!(
            body,
            "<tr data-kind={kind}><td class=dim>{}</td><td>{}</td><td>{}</td><td>{side}</td><td class=r>{}</td><td class=r>{}</td>\
             {result}<td>{}</td></tr>",
            n + 1,
            minute(t.entered),
            length(t.held()),
            price(t.entry),
            price(t.exit),
            escape::words(&t.reason),
        );
    }
    let more = if all.len() > TRADES_MAX { format!("the last {TRADES_MAX} of ") } else { String::new() };
    format!(
        "<section class=card><div class=ph><h2>Trades</h2><span class=dim>{more}{}</span><span class=sp></span>\
         <span class=seg role=group aria-label=\"Which trades\"><button type=button aria-pressed=true data-show=all>All</button>\
         <button type=button aria-pressed=false data-show=win>Wins</button><button type=button aria-pressed=false data-show=loss>Losses</button></span></div>\
         <div class=\"scroll long\" tabindex=0><table id=trades><thead><tr><th>#</th><th>Entered (UTC)</th><th>Held</th><th>Side</th>\
         <th class=r>Entry</th><th class=r>Exit</th><th class=r>Return</th><th class=r>Profit</th><th>Exit reason</th></tr></thead>\
         <tbody>{body}</tbody></table></div></section>",
        number(all.len() as f64, 0, false)
    )
}
