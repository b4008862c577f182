//! The sweep behind a run: a heat map of its grid with plateau and peak, and the walk-forward.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::chart::{Plot, chart, path};
use super::escape;
use super::heat::strength;
use super::page::View;
use crate::metrics::calendar::Date;
use crate::metrics::{Unit, number};
use crate::sweep::SweepOutcome;
use crate::sweep::outcome::{Chosen, Row};

/// Most cells in a row or column of the map; a longer axis is thinned.
const CELLS_MAX: usize = 24;

/// The heat map of the first two parameters; of more, the best of the others at each place.
pub(super) fn map(view: &View<'_>) -> String {
    let Some(sweep) = view.report.sweep.filter(|s| !s.trials.is_empty()) else { return String::new() };
    let label = crate::sweep::Objective::ALL
        .iter()
        .find(|(name, _)| *name == sweep.objective)
        .map_or("Value", |(_, o)| o.label());
    let body = if sweep.axes.len() > 1 { grid(sweep) } else { line(sweep) };
    format!(
        "<section class=card><div class=ph><h2>Sweep: {label} by parameter</h2><span class=dim>{} of {} possible</span></div>{body}\
         <p class=note>{}</p></section>",
        number(sweep.trials.len() as f64, 0, false),
        number(
            sweep.axes.iter().map(|(_, v)| v.len() as f64).product::<f64>() - sweep.impossible as f64,
            0,
            false
        ),
        sweep.chosen.as_ref().map_or_else(String::new, |c| verdict(sweep, c)),
    )
}

fn verdict(sweep: &SweepOutcome, chosen: &Chosen) -> String {
    let place = |point: &[usize]| {
        let values = sweep.axes.iter().zip(point).map(|((_, v), at)| v.get(*at).map_or("?", String::as_str));
        format!("({})", escape::text(&values.collect::<Vec<_>>().join(", ")))
    };
    let value = |v: f64| number(v, 2, true);
    if chosen.point == chosen.peak_point {
        return format!(
            "The chosen set {} has the best single value, {}, and its {} neighbours average {}.",
            place(&chosen.point),
            value(chosen.value),
            chosen.neighbour_count,
            value(chosen.neighbours)
        );
    }
    format!(
        "The chosen set {} sits on a plateau: {} itself, its {} neighbours average {}. The single best set, {} at {}, has neighbours \
         at {} and was not used.",
        place(&chosen.point),
        value(chosen.value),
        chosen.neighbour_count,
        value(chosen.neighbours),
        value(chosen.peak_value),
        place(&chosen.peak_point),
        value(chosen.peak_neighbours)
    )
}

/// Every n-th place of an axis, so that at most [`CELLS_MAX`] are left; the chosen one always among them.
fn places(count: usize, keep: Option<usize>) -> Vec<usize> {
    let step = count.div_ceil(CELLS_MAX).max(1);
    let offset = keep.unwrap_or(0) % step;
    (offset..count).step_by(step).collect()
}

fn grid(sweep: &SweepOutcome) -> String {
    let mut best: BTreeMap<(usize, usize), &Row> = BTreeMap::new();
    for row in &sweep.trials {
        let slot = best.entry((row.point[0], row.point[1])).or_insert(row);
        if row.value > slot.value {
            *slot = row;
        }
    }
    let most = best.values().map(|r| r.value.abs()).fold(0.0, f64::max);
    let chosen = sweep.chosen.as_ref();
    let at = |point: Option<&Vec<usize>>| point.map(|p| (p[0], p[1]));
    let (on, peak) = (at(chosen.map(|c| &c.point)), at(chosen.map(|c| &c.peak_point)));
    let (x, y) = (&sweep.axes[0], &sweep.axes[1]);
    let columns = places(x.1.len(), on.map(|p| p.0));
    let rows = places(y.1.len(), on.map(|p| p.1));
    let mut cells = String::new();
    for row in rows.iter().rev() {
        let _ = write!(cells, "<div class=\"ax left\">{}</div>", escape::text(&y.1[*row]));
        for column in &columns {
            let place = (*column, *row);
            let Some(found) = best.get(&place) else {
                cells.push_str("<div class=no></div>");
                continue;
            };
            let class = if on == Some(place) {
                "on"
            } else if peak == Some(place) {
                "peak"
            } else {
                ""
            };
            let text = if class.is_empty() { String::new() } else { number(found.value, 2, false) };
            let colour = if found.value >= 0.0 { "accent" } else { "dn" };
            let _ = write!(
                cells,
                "<div class=\"{class}\" style=\"--c:var(--{colour});--k:{:.0}\" title=\"{} {}, {} {}: {}, return {}, {} trades\">{text}</div>",
                strength(found.value, most) * 1.25,
                escape::text(&x.0),
                escape::text(&x.1[*column]),
                escape::text(&y.0),
                escape::text(&y.1[*row]),
                number(found.value, 2, true),
                Unit::Share.text(found.total_return, true),
                found.trades,
            );
        }
    }
    cells.push_str("<div class=ax></div>");
    let every = columns.len().div_ceil(12).max(1);
    for (n, column) in columns.iter().enumerate() {
        let text = if n % every == 0 { escape::text(&x.1[*column]) } else { String::new() };
        let _ = write!(cells, "<div class=ax>{text}</div>");
    }
    format!(
        "<div class=sweep style=\"grid-template-columns:44px repeat({},minmax(0,1fr))\">{cells}</div>\
         <div class=axis><span>{} ↑</span><span>{} →</span></div>",
        columns.len(),
        escape::text(&y.0),
        escape::text(&x.0)
    )
}

/// One parameter: a line of its values.
fn line(sweep: &SweepOutcome) -> String {
    let Some((name, values)) = sweep.axes.first() else { return String::new() };
    let mut points: Vec<(f64, f64)> = sweep.trials.iter().map(|r| (r.point[0] as f64, r.value)).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (low, high) = points.iter().fold((0.0_f64, 0.0_f64), |(l, h), p| (l.min(p.1), h.max(p.1)));
    let plot = Plot::new((0.0, (values.len() - 1) as f64), (low, high));
    let ticks = plot.ticks(4);
    let content = [
        path("grid", &plot.grid(&ticks)),
        path("zero", &plot.grid(&[0.0])),
        path("acc", &plot.line(&points)),
    ];
    let mut labels = plot.y_labels(&ticks, |y| number(y, 1, true));
    let every = values.len().div_ceil(10).max(1);
    for (i, value) in values.iter().enumerate().step_by(every) {
        let left = plot.at_x(i as f64) / 10.0;
        let _ = write!(labels, "<span class=x style=\"left:{left:.2}%\">{}</span>", escape::text(value));
    }
    chart(&format!("Value by {name}"), 180, &content.concat(), &labels)
}

/// The walk-forward.
pub(super) fn walk(view: &View<'_>) -> String {
    let Some(sweep) = view.report.sweep.filter(|s| !s.folds.is_empty()) else { return String::new() };
    let mut body = String::new();
    for fold in &sweep.folds {
        let params: Vec<String> = fold.params.iter().map(|(n, v)| format!("{n} {v}")).collect();
        let tone = if fold.return_unseen >= 0.0 { "up" } else { "dn" };
        let _ = write!(
            body,
            "<tr><td>{} – {}</td><td>{}</td><td class=r>{}</td><td class=r>{}</td><td class=\"r {tone}\">{}</td><td class=r>{}</td></tr>",
            Date::of(fold.test_from),
            Date::of(fold.test_to),
            escape::text(&params.join(", ")),
            number(fold.sharpe_seen, 2, true),
            number(fold.sharpe_unseen, 2, true),
            Unit::Share.text(fold.return_unseen, true),
            fold.trades_unseen,
        );
    }
    let curve = unseen(sweep);
    let mean = |of: fn(&crate::sweep::outcome::FoldRow) -> f64| {
        sweep.folds.iter().map(of).sum::<f64>() / sweep.folds.len() as f64
    };
    format!(
        "<section class=card><div class=ph><h2>Walk-forward</h2><span class=dim>{} stretches, each judged on days after its choice</span></div>\
         {curve}<div class=scroll><table><thead><tr><th>Unseen days</th><th>Chosen</th><th class=r>Sharpe seen</th><th class=r>unseen</th>\
         <th class=r>Return unseen</th><th class=r>Trades</th></tr></thead><tbody>{body}</tbody></table></div>\
         <p class=note style=\"padding-top:10px\">Mean Sharpe {} where it was chosen, {} afterwards.</p></section>",
        sweep.folds.len(),
        number(mean(|f| f.sharpe_seen), 2, true),
        number(mean(|f| f.sharpe_unseen), 2, true),
    )
}

fn unseen(sweep: &SweepOutcome) -> String {
    let points: Vec<(f64, f64)> = sweep.unseen.iter().map(|(t, v)| (*t as f64, *v)).collect();
    if points.len() < 2 {
        return String::new();
    }
    let (low, high) = points.iter().fold((1.0_f64, 1.0_f64), |(l, h), p| (l.min(p.1), h.max(p.1)));
    let plot = Plot::new((points[0].0, points[points.len() - 1].0), (low, high));
    let ticks = plot.ticks(4);
    let mut content = path("grid", &plot.grid(&ticks)) + &path("zero", &plot.grid(&[1.0]));
    for fold in &sweep.folds {
        let x = plot.at_x(fold.test_from as f64);
        if (0.0..=1_000.0).contains(&x) {
            content.push_str(&path("grid", &format!("M{x:.1} 0V1000")));
        }
    }
    content.push_str(&path("eq", &plot.line(&points)));
    let labels = plot.y_labels(&ticks, |y| Unit::Share.text(y - 1.0, true)) + &plot.x_dates();
    chart("Worth over the unseen days", 160, &content, &labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_axis_is_thinned_and_keeps_the_chosen_place() {
        assert_eq!(places(5, Some(3)), [0, 1, 2, 3, 4]);
        let thinned = places(1_000, Some(777));
        assert!(thinned.len() <= CELLS_MAX && thinned.contains(&777));
    }
}
