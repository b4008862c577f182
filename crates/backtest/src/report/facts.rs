//! The first row of figures, all metrics, and how the run was made.

use std::fmt::Write as _;

use super::page::View;
use super::{escape, lede};
use crate::metrics::{Measurement, Unit};

/// Seven figures: what was earned, what it cost, how sure that is.
pub(super) fn figures(view: &View<'_>) -> String {
    let text = |name: &str| view.metric(name).map_or_else(|| "—".to_owned(), Measurement::text);
    let note = |name: &str| view.metric(name).map_or_else(String::new, |m| m.measured.note.clone());
    let sharpe = view.metric("sharpe").map_or_else(String::new, Measurement::interval_text);
    let recovery = match view.metric("recovery_days").and_then(|m| m.measured.value) {
        Some(days) => format!("{} days to recover", Unit::Days.text(days, false)),
        None if view.metric("max_drawdown").and_then(|m| m.measured.value) == Some(0.0) => String::new(),
        None => "not recovered".to_owned(),
    };
    let costs = (view.track.fees + view.track.slippage) / view.track.start;
    let cells = [
        ("Return", text("total_return"), tone(view, "total_return"), note("total_return")),
        ("Worst drawdown", text("max_drawdown"), "", recovery),
        ("Sharpe", text("sharpe"), "", if sharpe.is_empty() { sharpe } else { format!("95 %: {sharpe}") }),
        ("Sortino", text("sortino"), "", format!("Calmar {}", text("calmar"))),
        ("Profit factor", text("profit_factor"), "", format!("win rate {}", text("win_rate"))),
        ("Trades", text("trades"), "", note("trades")),
        ("Fees and slippage", Unit::Share.text(-costs, true), "", "of starting money".to_owned()),
    ];
    let cell = |(label, value, class, small): &(&str, String, &str, String)| {
        format!(
            "<div><dt>{label}</dt><dd class=\"v {class}\">{value}</dd><dd class=s title=\"{0}\">{0}</dd></div>",
            escape::text(small)
        )
    };
    format!("<dl class=figs>{}</dl>", cells.iter().map(cell).collect::<String>())
}

fn tone(view: &View<'_>, name: &str) -> &'static str {
    match view.metric(name).and_then(|m| m.measured.value) {
        Some(v) if v > 0.0 => "up",
        Some(v) if v < 0.0 => "dn",
        _ => "",
    }
}

/// The whole catalogue.
pub(super) fn metrics(view: &View<'_>) -> String {
    let mut rows = String::new();
    for m in &view.metrics {
        let interval = m.interval_text();
        let mut small = m.measured.note.clone();
        if !interval.is_empty() {
            small = if small.is_empty() {
                format!("95 %: {interval}")
            } else {
                format!("95 %: {interval}; {small}")
            };
        }
        let small = if small.is_empty() {
            String::new()
        } else {
            format!("<span class=n>{}</span>", escape::text(&small))
        };
        let _ = write!(
            rows,
            "<div title=\"{}\"><dt>{}</dt><dd>{}</dd>{small}</div>",
            escape::text(m.metric.doc),
            m.metric.label,
            m.text()
        );
    }
    format!(
        "<section class=card><div class=ph><h2>All measures</h2></div><dl class=defs>{rows}</dl></section>"
    )
}

/// Parameters, settings, data, and the command.
pub(super) fn made(view: &View<'_>) -> String {
    let run = &view.report.outcome.run;
    let mut rows = vec![("Strategy".to_owned(), lede::title(&run.strategy))];
    rows.extend(run.params.iter().map(|(name, value)| (format!("· {name}"), value.clone())));
    rows.push(("Starting money".to_owned(), format!("{} {}", view.money(run.cash), run.quote)));
    rows.push(("Maker and taker fee".to_owned(), {
        let fees = &run.venue.fees;
        format!("{} and {}", lede::rate(fees.maker.0), lede::rate(fees.taker.0))
    }));
    rows.push(("Slippage".to_owned(), lede::slippage(run.venue.slippage)));
    rows.push(("Path of a bar".to_owned(), lede::path(run.venue.path).to_owned()));
    rows.push(("Delays".to_owned(), latency(view)));
    rows.extend(run.traded.iter().map(|t| {
        let kind = if t.perpetual { "perpetual" } else { "spot" };
        (format!("Data of {}", t.instrument), format!("{kind}, {}", t.source))
    }));
    rows.push((
        "Final equity".to_owned(),
        format!("{} {}", view.money(view.report.outcome.final_equity()), run.quote),
    ));
    rows.push(("Decisions (hash)".to_owned(), format!("{:016x}", view.report.outcome.digest)));
    rows.push(("Program".to_owned(), run.code.clone()));
    let row = |(label, value): &(String, String)| {
        format!(
            "<tr><td class=dim>{}</td><td class=\"r wrap\">{}</td></tr>",
            escape::text(label),
            escape::text(value)
        )
    };
    let rows: String = rows.iter().map(row).collect();
    let command = if view.report.command.is_empty() {
        String::new()
    } else {
        format!("<code class=cmd>{}</code>", escape::text(view.report.command))
    };
    format!(
        "<section class=card><div class=ph><h2>How it was made</h2></div><div class=scroll><table><tbody>{rows}</tbody>\
         </table></div>{command}</section>"
    )
}

fn latency(view: &View<'_>) -> String {
    use venue_sim::Latency;
    let run = &view.report.outcome.run;
    let ms = |ns: i64| format!("{} ms", ns as f64 / 1e6);
    let orders = match &run.venue.latency {
        Latency::None => "none".to_owned(),
        Latency::Constant { order_ns, report_ns } => {
            format!("orders {}, reports {}", ms(*order_ns), ms(*report_ns))
        }
        Latency::Drawn { least_ns, mean_ns } => {
            format!("from {}, on average {} more", ms(*least_ns), ms(*mean_ns))
        }
        Latency::Recorded { source, .. } => format!("as recorded in {source}"),
    };
    if run.feed_ns == 0 { orders } else { format!("{orders}; news {} late", ms(run.feed_ns)) }
}
