//! A picture of the last forecasts: closes as a line, each forecast's 80 % interval as a band with its median.

use std::fmt::Write as _;

use forecast::evaluate::Origin;
use forecast::market::View;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 30.0;
/// Forecasts shown.
const SHOWN: usize = 8;

/// The SVG.
pub(super) fn svg(bars: View<'_>, origins: &[Origin], model: &str, symbol: &str) -> String {
    let shown = &origins[origins.len().saturating_sub(SHOWN)..];
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else { return String::new() };
    let horizon = last.steps.len();
    let (from, to) = (first.at.saturating_sub(horizon), (last.at + horizon).min(bars.len()));
    let values = bars.close[from..to].iter().copied();
    let bounds = values.chain(shown.iter().flat_map(|o| o.steps.iter().flat_map(|s| [s.low, s.high])));
    let (low, high) = bounds.fold((f64::INFINITY, 0.0_f64), |(a, b), v| (a.min(v), b.max(v)));
    #[expect(clippy::cast_precision_loss, reason = "places in a picture")]
    let x = |bar: usize| LEFT + (bar - from) as f64 / (to - from).max(1) as f64 * (WIDTH - LEFT - 20.0);
    let y = |v: f64| TOP + (high - v) / (high - low).max(1e-12) * (HEIGHT - TOP - BOTTOM);
    let line = |points: &[(f64, f64)]| {
        points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
    };
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"14\" fill=\"#222222\">{symbol}: close, and what {model} said at each origin (median, 80 % interval)</text>\n"
    );
    for k in 0..=4 {
        let value = low + (high - low) * f64::from(k) / 4.0;
        let at = y(value);
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#dddddd\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555555\">{value:.0}</text>",
            WIDTH - 20.0,
            LEFT - 6.0,
            at + 4.0,
        );
    }
    for origin in shown {
        let path = |pick: &dyn Fn(&forecast::market::Step) -> f64| -> Vec<(f64, f64)> {
            let start = (x(origin.at - 1), y(bars.close[origin.at - 1]));
            let rest = origin.steps.iter().enumerate().map(|(h, s)| (x(origin.at + h), y(pick(s))));
            std::iter::once(start).chain(rest).collect()
        };
        let (lower, mut upper, middle) = (path(&|s| s.low), path(&|s| s.high), path(&|s| s.mean));
        upper.reverse();
        let band: Vec<(f64, f64)> = lower.into_iter().chain(upper).collect();
        let _ = writeln!(out, "<polygon points=\"{}\" fill=\"#e8892b\" fill-opacity=\"0.25\"/>", line(&band));
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"#c05c00\" stroke-width=\"1.5\"/>",
            line(&middle)
        );
    }
    let closes: Vec<(f64, f64)> = (from..to).map(|bar| (x(bar), y(bars.close[bar]))).collect();
    let _ = writeln!(
        out,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#1f4e8c\" stroke-width=\"1.5\"/>\n</svg>",
        line(&closes)
    );
    out
}
