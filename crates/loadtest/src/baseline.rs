//! A run beside a stored one of the same scenario and scale.

use serde::Serialize;

use crate::report::Report;

/// What is worse by more than this share is a regression.
const SHARE: f64 = 0.05;
/// Differences of latency below this are the timer's, ms.
const MS_MIN: f64 = 0.25;
/// Differences of the error rate below this are chance, percent.
const ERRORS_MIN: f64 = 0.05;

/// One number beside its predecessor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Which.
    pub name: &'static str,
    /// Then.
    pub before: f64,
    /// Now.
    pub now: f64,
    /// Change in percent of then; positive is more. Absent when it was nothing.
    pub change_percent: Option<f64>,
    /// Whether it is worse by more than five percent (and more than a timer's or chance's worth).
    pub regressed: bool,
}

/// Compares with a stored run.
///
/// # Errors
/// When the two cannot be compared.
pub fn compare(report: &Report, before: &Report) -> Result<Vec<Comparison>, String> {
    if report.name != before.name {
        return Err(format!("it is of {:?}, this run is of {:?}", before.name, report.name));
    }
    let differs = |a: f64, b: f64| (a - b).abs() > 1e-9;
    if differs(report.scale_load, before.scale_load) || differs(report.scale_time, before.scale_time) {
        return Err(format!(
            "it was run at scale {} × {}, this one at {} × {}",
            before.scale_load, before.scale_time, report.scale_load, report.scale_time
        ));
    }
    let row = |name, before: f64, now: f64, worse: f64, least: f64| {
        let change_percent = (before.abs() > f64::EPSILON).then(|| (now - before) / before * 100.0);
        Comparison { name, before, now, change_percent, regressed: worse > least && worse > before * SHARE }
    };
    let lower = |name, before: f64, now: f64, least| row(name, before, now, now - before, least);
    let (now, then) = (&report.all, &before.all);
    let errors = |report: &Report| report.error_rate.unwrap_or(100.0);
    Ok(vec![
        lower("p50_ms", then.p50, now.p50, MS_MIN),
        lower("p95_ms", then.p95, now.p95, MS_MIN),
        lower("p99_ms", then.p99, now.p99, MS_MIN),
        lower("error_rate_percent", errors(before), errors(report), ERRORS_MIN),
        row("throughput", before.throughput, report.throughput, before.throughput - report.throughput, 0.0),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Line;

    fn report(p95: f64, throughput: f64) -> Report {
        let all = Line { count: 1_000, p50: 1.0, p95, p99: 2.0 * p95, ..Line::default() };
        Report {
            v: 1,
            name: "a".into(),
            kind: "load".into(),
            target: String::new(),
            begun_at: String::new(),
            scale_load: 1.0,
            scale_time: 1.0,
            elapsed_s: 1.0,
            clients_planned: 1,
            clients: 1,
            planned: 1_000,
            throughput,
            error_rate: Some(0.0),
            all,
            lines: Vec::new(),
            lateness: Line::default(),
            series: Vec::new(),
            criteria: Vec::new(),
            promises: Vec::new(),
            notes: Vec::new(),
            passed: true,
        }
    }

    fn regressed(now: &Report, before: &Report) -> Vec<&'static str> {
        compare(now, before).unwrap().into_iter().filter(|row| row.regressed).map(|row| row.name).collect()
    }

    #[test]
    fn what_is_worse_by_more_than_five_percent_is_a_regression() {
        let before = report(100.0, 1_000.0);
        assert_eq!(regressed(&report(104.9, 951.0), &before), [""; 0]);
        assert_eq!(regressed(&report(105.1, 1_000.0), &before), ["p95_ms", "p99_ms"]);
        assert_eq!(regressed(&report(50.0, 949.0), &before), ["throughput"]);
        assert_eq!(
            regressed(&report(0.3, 1_000.0), &report(0.2, 1_000.0)),
            [""; 0],
            "a tenth of a millisecond"
        );
        let mut failing = report(100.0, 1_000.0);
        failing.error_rate = Some(0.2);
        assert_eq!(regressed(&failing, &before), ["error_rate_percent"]);
    }

    #[test]
    fn runs_of_different_scenarios_or_scales_are_not_compared() {
        let before = report(100.0, 1_000.0);
        let other = Report { name: "b".into(), ..before.clone() };
        let small = Report { scale_load: 0.1, ..before.clone() };
        assert!(compare(&other, &before).is_err() && compare(&small, &before).is_err());
        assert_eq!(Report::parse(&before.json()), Ok(before));
    }
}
