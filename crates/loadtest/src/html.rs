//! A report as one page without scripts or anything from elsewhere.

use std::fmt::Write as _;

use crate::baseline::Comparison;
use crate::record::{Line, Progress};
use crate::report::Report;

const STYLE: &str = "body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1f24;background:#fff}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}\
th,td{text-align:right;padding:.3rem .6rem;border-bottom:1px solid #d8dee4;font-variant-numeric:tabular-nums}\
th:first-child,td:first-child{text-align:left}.met{color:#116329}.acceptable{color:#7d4e00}.missed{color:#a40e26;font-weight:600}\
.no_data{color:#59636e}svg{width:100%;height:auto;background:#f6f8fa}\
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td{border-color:#30363d}svg{background:#161b22}\
.met{color:#3fb950}.acceptable{color:#d29922}.missed{color:#f85149}.no_data{color:#8b949e}}";

/// The page; with a comparison where there was a baseline.
#[must_use]
pub fn page(report: &Report, comparison: &[Comparison]) -> String {
    let mut page = String::with_capacity(32 * 1024);
    let name = escaped(&report.name);
    let verdict = if report.passed { ("met", "passed") } else { ("missed", "failed") };
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{name}</title><style>{STYLE}</style><h1>{name}: <span class=\"{}\">{}</span></h1>\
         <p>{} · {} · {} · {:.1} s · {} of {} clients · scale {} × {} · {:.1} a second · {} failed</p>",
        verdict.0,
        verdict.1,
        escaped(&report.kind),
        escaped(&report.target),
        escaped(&report.begun_at),
        report.elapsed_s,
        report.clients,
        report.clients_planned,
        report.scale_load,
        report.scale_time,
        report.throughput,
        report.error_rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.3} %")),
    );
    for note in &report.notes {
        let _ = write!(page, "<p><em>{}</em></p>", escaped(note));
    }
    criteria(&mut page, report);
    promises(&mut page, report);
    if !comparison.is_empty() {
        compared(&mut page, comparison);
    }
    latencies(&mut page, report);
    chart(&mut page, "Latency, ms (p50, p95, p99)", &report.series, &[|s| s.p50, |s| s.p95, |s| s.p99]);
    #[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
    chart(&mut page, "A second (all, failed)", &report.series, &[|s| s.count as f64, |s| s.failed as f64]);
    page.push_str("</html>\n");
    page
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

fn criteria(page: &mut String, report: &Report) {
    page.push_str("<h2>Criteria</h2><table><tr><th>criterion<th>bound<th>measured<th>verdict");
    for one in &report.criteria {
        let verdict = if one.met { "met" } else { "missed" };
        let _ = write!(
            page,
            "<tr><td>{}<td>{} {}<td>{}<td class=\"{verdict}\">{verdict}",
            escaped(&one.name),
            one.bound,
            escaped(&one.unit),
            cell(one.value)
        );
    }
    page.push_str("</table>");
}

fn promises(page: &mut String, report: &Report) {
    page.push_str(
        "<h2>Promises</h2><table><tr><th>promise<th>target<th>acceptable<th>clients saw<th>server's last hour<th>verdict",
    );
    for one in &report.promises {
        let _ = write!(
            page,
            "<tr><td>{}<td>{} {unit}<td>{} {unit}<td>{}<td>{}<td class=\"{verdict}\">{verdict}",
            escaped(&one.name),
            one.target,
            one.acceptable,
            cell(one.clients),
            cell(one.server),
            unit = escaped(&one.unit),
            verdict = escaped(&one.verdict),
        );
    }
    page.push_str("</table>");
}

fn compared(page: &mut String, comparison: &[Comparison]) {
    page.push_str("<h2>Beside the baseline</h2><table><tr><th>number<th>then<th>now<th>change<th>verdict");
    for row in comparison {
        let (class, word) = if row.regressed { ("missed", "regressed") } else { ("met", "ok") };
        let change = row.change_percent.map_or_else(|| "–".to_owned(), |change| format!("{change:+.1} %"));
        let _ = write!(
            page,
            "<tr><td>{}<td>{:.3}<td>{:.3}<td>{change}<td class=\"{class}\">{word}",
            row.name, row.before, row.now
        );
    }
    page.push_str("</table>");
}

fn latencies(page: &mut String, report: &Report) {
    page.push_str(
        "<h2>Latencies, ms, from the planned time</h2><table><tr><th>what<th>count<th>failed<th>average<th>min<th>p50<th>p90<th>p95\
         <th>p99<th>p99.9<th>max",
    );
    let mut line = |line: &Line| {
        let _ = write!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{:.3}<td>{:.3}<td>{:.3}<td>{:.3}<td>{:.3}<td>{:.3}<td>{:.3}<td>{:.3}",
            escaped(&line.name),
            line.count,
            line.failed,
            line.average,
            line.min,
            line.p50,
            line.p90,
            line.p95,
            line.p99,
            line.p999,
            line.max
        );
    };
    report.lines.iter().for_each(&mut line);
    line(&report.all);
    line(&report.lateness);
    page.push_str("</table>");
    if !report.all.failures.is_empty() {
        page.push_str("<h2>Failures</h2><table><tr><th>why<th>how often");
        for (why, count) in &report.all.failures {
            let _ = write!(page, "<tr><td>{}<td>{count}", escaped(why));
        }
        page.push_str("</table>");
    }
}

/// Lines over time, the largest value as the height.
fn chart(page: &mut String, title: &str, series: &[Progress], of: &[fn(&Progress) -> f64]) {
    const COLORS: [&str; 3] = ["#2da44e", "#0969da", "#cf222e"];
    let (width, height) = (1_000.0, 200.0);
    let most = series.iter().flat_map(|s| of.iter().map(move |value| value(s))).fold(0.0_f64, f64::max);
    if series.len() < 2 || most <= 0.0 {
        return;
    }
    let _ = write!(
        page,
        "<h2>{}</h2><svg viewBox=\"0 0 {width} {}\" role=\"img\" aria-label=\"{0}, at most {most:.1}\">",
        escaped(title),
        height + 20.0
    );
    #[expect(clippy::cast_precision_loss, reason = "seconds of a run")]
    let step = width / (series.len() - 1) as f64;
    for (value, color) in of.iter().zip(COLORS) {
        let mut points = String::new();
        for (n, second) in series.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "seconds of a run")]
            let _ = write!(
                points,
                "{:.1},{:.1} ",
                n as f64 * step,
                height - value(second) / most * (height - 10.0)
            );
        }
        let _ = write!(
            page,
            "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"1.5\" points=\"{points}\"/>"
        );
    }
    let _ =
        write!(page, "<text x=\"4\" y=\"14\" font-size=\"12\" fill=\"currentColor\">{most:.1}</text></svg>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
