//! Equity with drawdown, rolling Sharpe, the histogram of trades, excursions, and the band of Monte Carlo.

use std::fmt::Write as _;

use serde_json::json;

use super::chart::{Plot, chart, path, thin};
use super::escape;
use super::page::View;
use crate::metrics::{Unit, histogram, number, rolling};

/// Points that the readout under the pointer knows.
const READ_POINTS: usize = 800;

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)))
}

/// Shares as per cents with as many decimals as the steps between ticks need.
fn percents(ticks: &[f64]) -> impl Fn(f64) -> String + use<> {
    let whole = |factor: f64| ticks.iter().all(|t| (t * factor - (t * factor).round()).abs() < 1e-6);
    let decimals = (0..4).find(|d| whole(100.0 * 10.0_f64.powi(*d))).unwrap_or(4);
    let decimals = usize::try_from(decimals).unwrap_or(2);
    move |share| format!("{}\u{202f}%", number(share * 100.0, decimals, true))
}

/// Equity against holding, with the drawdown below it.
pub(super) fn equity(view: &View<'_>) -> String {
    let track = &view.track;
    if track.times.is_empty() {
        return String::new();
    }
    let growth = |values: &[f64], base: f64| -> Vec<(f64, f64)> {
        track.times.iter().zip(values).map(|(t, v)| (*t as f64, v / base)).collect()
    };
    let own = growth(&track.equity, track.start);
    let hold = growth(&track.price, track.price.first().copied().unwrap_or(1.0));
    let mut high = 1.0_f64;
    let fall: Vec<(f64, f64)> = own
        .iter()
        .map(|(t, v)| {
            high = high.max(*v);
            (*t, v / high - 1.0)
        })
        .collect();
    let x = (track.from as f64, own[own.len() - 1].0);
    let (low, top) = range(own.iter().chain(&hold).map(|p| p.1).chain([1.0]));
    let margin = (top - low) * 0.06;
    let plot = Plot::new(x, (low - margin, top + margin));
    // More than a doubling is told apart on a logarithm only.
    let plot = if top / low.max(1e-9) > 2.5 { plot.logarithmic() } else { plot };
    let ticks = plot.ticks(5);
    let shade = unseen(view, &plot);
    let content = [
        path("grid", &plot.grid(&ticks)),
        shade.0.clone(),
        path("zero", &plot.grid(&[1.0])),
        path("hold", &plot.line(&hold)),
        path("eq", &plot.line(&own)),
    ];
    let text = percents(&ticks.iter().map(|y| y - 1.0).collect::<Vec<_>>());
    let labels = plot.y_labels(&ticks, |y| text(y - 1.0)) + &shade.1 + &readout();
    let upper =
        chart("Equity of the strategy and of holding the instrument", 300, &content.concat(), &labels);
    let below = Plot::new(x, (range(fall.iter().map(|p| p.1)).0 * 1.08, 0.0));
    let ticks = below.ticks(3);
    let content = [
        path("grid", &below.grid(&ticks)),
        shade.0,
        path("dda", &below.area(&fall, 0.0)),
        path("ddl", &below.line(&fall)),
    ];
    let labels = below.y_labels(&ticks, percents(&ticks)) + &below.x_dates() + "<span class=rule></span>";
    let lower = chart("Drawdown", 104, &content.concat(), &labels);
    let hold_key = if hold.is_empty() { "" } else { "<span class=key><i class=hold></i>buy and hold</span>" };
    format!(
        "<section class=card data-read=equity><div class=ph><h2>Equity and drawdown</h2><span class=sp></span>\
         <span class=key><i></i>strategy</span>{hold_key}</div>{upper}{lower}{}</section>",
        data("equity", &own, &hold, &fall)
    )
}

/// Days that were not seen while tuning, as a shade and its label.
fn unseen(view: &View<'_>, plot: &Plot) -> (String, String) {
    let Some(folds) = view.report.sweep.map(|s| &s.folds).filter(|f| !f.is_empty()) else {
        return Default::default();
    };
    let (from, to) = (plot.at_x(folds[0].test_from as f64), plot.at_x(folds[folds.len() - 1].test_to as f64));
    if !(0.0..1_000.0).contains(&from) {
        return Default::default();
    }
    let to = to.min(1_000.0);
    (
        path("unseen", &format!("M{from:.1} 0H{to:.1}V1000H{from:.1}Z")),
        format!(
            "<span class=tag style=\"left:{:.2}%;bottom:2px;padding-left:6px\">judged unseen by the walk-forward</span>",
            from / 10.0
        ),
    )
}

fn readout() -> String {
    "<span class=rule></span><span class=read></span>".to_owned()
}

/// What the readout shows, thinned: times, and three shares each.
fn data(name: &str, own: &[(f64, f64)], hold: &[(f64, f64)], fall: &[(f64, f64)]) -> String {
    let step = own.len().div_ceil(READ_POINTS).max(1);
    // The last point of each stretch, so that the end is exact.
    let chosen: Vec<usize> = (0..own.len()).skip(step - 1).step_by(step).chain([own.len() - 1]).collect();
    let rounded = |line: &[(f64, f64)], base: f64| -> Vec<f64> {
        chosen.iter().filter_map(|i| line.get(*i)).map(|p| ((p.1 - base) * 1e6).round() / 1e6).collect()
    };
    let json = json!({
        "t": chosen.iter().map(|i| own[*i].0).collect::<Vec<_>>(),
        "own": rounded(own, 1.0), "hold": rounded(hold, 1.0), "fall": rounded(fall, 0.0),
    });
    format!("<script type=\"application/json\" data-for={name}>{}</script>", escape::script(&json))
}

/// The rolling Sharpe ratio.
pub(super) fn rolling_sharpe(view: &View<'_>) -> String {
    let points = rolling::sharpe(&view.basis());
    let Some(window) = rolling::window(&view.basis()).filter(|_| points.len() > 1) else {
        return String::new();
    };
    let line: Vec<(f64, f64)> = points.iter().map(|(t, v)| (*t as f64, *v)).collect();
    let (low, high) = range(line.iter().map(|p| p.1).chain([0.0]));
    let plot = Plot::new((line[0].0, line[line.len() - 1].0), (low, high));
    let ticks = plot.ticks(4);
    let content = [
        path("grid", &plot.grid(&ticks)),
        path("zero", &plot.grid(&[0.0])),
        path("eq", &plot.line(&thin(&line))),
    ];
    let labels = plot.y_labels(&ticks, |y| number(y, 1, true)) + &plot.x_dates();
    let unit = match view.basis().period {
        crate::metrics::Period::Day => "days",
        crate::metrics::Period::Hour => "hours",
        crate::metrics::Period::Bar => "bars",
    };
    format!(
        "<section class=card><div class=ph><h2>Rolling Sharpe</h2><span class=dim>last {window} {unit}</span></div>{}</section>",
        chart("Rolling Sharpe ratio", 170, &content.concat(), &labels)
    )
}

/// The histogram of trade returns.
pub(super) fn trade_histogram(view: &View<'_>) -> String {
    let shares: Vec<f64> = view.track.trades.iter().map(crate::metrics::Trade::share).collect();
    let bins = histogram::bins(&shares);
    let (Some(first), Some(last)) = (bins.first(), bins.last()) else { return String::new() };
    let most = bins.iter().map(|b| b.count).max().unwrap_or(1) as f64;
    let plot = Plot::new((first.low, last.high), (0.0, most));
    let mut bars = String::new();
    for bin in bins.iter().filter(|b| b.count > 0) {
        let (x, to) = (plot.at_x(bin.low), plot.at_x(bin.high));
        let y = plot.at_y(bin.count as f64);
        let class = if bin.low >= -1e-12 { "bup" } else { "bdn" };
        let _ = write!(
            bars,
            "<rect class={class} x={:.1} y={y:.1} width={:.1} height={:.1}><title>{} to {}: {}</title></rect>",
            x + (to - x) * 0.06,
            (to - x) * 0.88,
            1_000.0 - y,
            Unit::Share.text(bin.low, true),
            Unit::Share.text(bin.high, true),
            bin.count
        );
    }
    let ticks = Plot::new((0.0, 1.0), (0.0, most)).ticks(3);
    let zero = plot.at_x(0.0);
    if (0.0..=1_000.0).contains(&zero) {
        bars.push_str(&path("zero", &format!("M{zero:.1} 0V1000")));
    }
    let x_ticks = Plot::new((0.0, 1.0), (first.low, last.high)).ticks(5);
    let mut labels = plot.y_labels(&ticks, |y| number(y, 0, false));
    let percent = percents(&x_ticks);
    for x in x_ticks {
        let _ =
            write!(labels, "<span class=x style=\"left:{:.2}%\">{}</span>", plot.at_x(x) / 10.0, percent(x));
    }
    format!(
        "<section class=card><div class=ph><h2>Return per trade</h2><span class=dim>of what was put in, after fees</span></div>{}</section>",
        chart("Histogram of returns per trade", 170, &(path("grid", &plot.grid(&ticks)) + &bars), &labels)
    )
}

/// Excursions: what a trade suffered against what it gave.
pub(super) fn excursions(view: &View<'_>) -> String {
    /// Dots beyond this only darken each other.
    const DOTS_MAX: usize = 1_500;
    let trades = &view.track.trades;
    if trades.len() < 2 {
        return String::new();
    }
    let (low, high) = range(trades.iter().map(crate::metrics::Trade::share).chain([0.0]));
    let worst = range(trades.iter().map(|t| t.mae)).0;
    let plot = Plot::new((0.0, (-worst).max(1e-6)), (low, high));
    let step = trades.len().div_ceil(DOTS_MAX);
    let mut dots = String::new();
    for trade in trades.iter().step_by(step) {
        let class = if trade.profit > 0.0 { "bup" } else { "bdn" };
        // A line of no length with round ends is a dot that does not stretch.
        let (x, y) = (plot.at_x(-trade.mae), plot.at_y(trade.share()));
        let colour = if class == "bup" { "var(--up)" } else { "var(--dn)" };
        let _ = write!(
            dots,
            "<path d=\"M{x:.1} {y:.1}h0\" style=\"stroke:{colour};stroke-width:4;stroke-linecap:round;opacity:.55\"/>"
        );
    }
    let (x_ticks, y_ticks) = (Plot::new((0.0, 1.0), (0.0, -worst)).ticks(4), plot.ticks(4));
    let mut labels = plot.y_labels(&y_ticks, percents(&y_ticks));
    let percent = percents(&x_ticks);
    for x in x_ticks {
        let _ =
            write!(labels, "<span class=x style=\"left:{:.2}%\">{}</span>", plot.at_x(x) / 10.0, percent(-x));
    }
    let text = |name: &str| view.metric(name).map_or_else(String::new, crate::metrics::Measurement::text);
    let content = path("grid", &plot.grid(&y_ticks)) + &path("zero", &plot.grid(&[0.0])) + &dots;
    format!(
        "<section class=card><div class=ph><h2>Excursions</h2><span class=dim>worst moment (across) against result (up)</span></div>{}\
         <p class=note>On average the price went {} against a trade and {} for it before it ended.</p></section>",
        chart("Worst excursion and result of every trade", 170, &content, &labels),
        text("adverse_excursion"),
        text("favourable_excursion"),
    )
}

/// The band of bootstrapped histories.
pub(super) fn luck(view: &View<'_>) -> String {
    let Some(boot) = view.report.bootstrap else { return String::new() };
    let basis = view.basis();
    let time = |i: &usize| basis.returns.get(*i).map_or(0.0, |r| r.at as f64);
    let line = |values: &[f64]| -> Vec<(f64, f64)> {
        let start = (view.track.from as f64, 1.0);
        std::iter::once(start).chain(boot.bands.at.iter().map(time).zip(values.iter().copied())).collect()
    };
    let (low, middle, high) = (line(&boot.bands.low), line(&boot.bands.middle), line(&boot.bands.high));
    let own: Vec<(f64, f64)> = view
        .track
        .times
        .iter()
        .zip(&view.track.equity)
        .map(|(t, e)| (*t as f64, e / view.track.start))
        .collect();
    let (bottom, top) = range(low.iter().chain(&high).chain(&own).map(|p| p.1));
    let plot = Plot::new((view.track.from as f64, low[low.len() - 1].0), (bottom, top));
    let ticks = plot.ticks(4);
    let content = [
        path("grid", &plot.grid(&ticks)),
        path("band", &plot.band(&low, &high)),
        path("zero", &plot.grid(&[1.0])),
        path("acc", &plot.line(&middle)),
        path("eq", &plot.line(&own)),
    ];
    let text = percents(&ticks.iter().map(|y| y - 1.0).collect::<Vec<_>>());
    let labels = plot.y_labels(&ticks, |y| text(y - 1.0)) + &plot.x_dates();
    let [worst, _, best] = boot.total_return;
    format!(
        "<section class=card><div class=ph><h2>Other histories</h2><span class=sp></span><span class=key><i></i>as it was</span>\
         <span class=key><i class=band></i>90 % of {} histories</span></div>{}<p class=note>The same {} returns in other orders, in runs of \
         about {} at a time. Nine of ten end between {} and {}; {} end with a loss; the worst drawdown is deeper than {} in one of twenty.</p></section>",
        number(boot.runs as f64, 0, false),
        chart("Band of bootstrapped histories", 200, &content.concat(), &labels),
        basis.period.adjective(),
        number(boot.block, 0, false),
        Unit::Share.text(worst, true),
        Unit::Share.text(best, true),
        Unit::Share.text(boot.loss, false),
        Unit::Share.text(boot.max_drawdown[0], true),
    )
}
