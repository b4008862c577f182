//! The table of months: colour for size, and always the sign.

use super::page::View;
use crate::metrics::calendar::MONTHS;
use crate::metrics::{monthly, number};

/// The strongest colour, in per cent of the full one.
const STRONGEST: f64 = 62.0;

/// Per cent of colour for `value` where `most` is the strongest.
pub(super) fn strength(value: f64, most: f64) -> f64 {
    if most > 0.0 { (value.abs() / most).min(1.0).sqrt() * STRONGEST } else { 0.0 }
}

/// Months by year.
pub(super) fn months(view: &View<'_>) -> String {
    let rows = monthly::table(&view.basis());
    if rows.is_empty() {
        return String::new();
    }
    let most = rows.iter().flat_map(|r| r.months).flatten().map(f64::abs).fold(0.0, f64::max);
    let head: String = MONTHS.iter().map(|m| format!("<th scope=col>{m}</th>")).collect();
    let cell = |value: Option<f64>| {
        value.map_or_else(
            || "<td><div class=none></div></td>".to_owned(),
            |v| {
                let colour = if v >= 0.0 { "up" } else { "dn" };
                let k = strength(v, most);
                format!(
                    "<td><div style=\"--c:var(--{colour});--k:{k:.0}\">{}</div></td>",
                    number(v * 100.0, 1, true)
                )
            },
        )
    };
    let row = |r: &monthly::Year| {
        let class = if r.total >= 0.0 { "up" } else { "dn" };
        let cells: String = r.months.iter().map(|m| cell(*m)).collect();
        let total = number(r.total * 100.0, 1, true);
        format!("<tr><td>{}</td>{cells}<td class=\"r {class}\">{total}</td></tr>", r.year)
    };
    let body: String = rows.iter().map(row).collect();
    format!(
        "<section class=card><div class=ph><h2>Monthly returns</h2><span class=dim>per cent, after costs</span></div>\
         <div class=scroll style=\"padding-bottom:10px\"><table class=heat><thead><tr><th></th>{head}<th class=r>Year</th></tr></thead>\
         <tbody>{body}</tbody></table></div></section>"
    )
}
