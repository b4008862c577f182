//! The same rules as a file for Prometheus: `deploy/prometheus/tradewind.rules.yml`.

use crate::budget::BUDGETS;
use crate::rules::{RULES, Rule, Severity, Signal};

/// The conditions of a rule, each with the promise that it is about, if it is about one.
fn conditions(rule: &Rule) -> Vec<(Option<&'static str>, String)> {
    let windows = match rule.signal {
        Signal::FastBurn => ("1h", "5m"),
        Signal::SlowBurn => ("6h", "30m"),
        _ => return vec![(None, rule.expr.to_owned())],
    };
    let of = |budget: &crate::budget::Budget| (Some(budget.promise), budget.expr(windows, rule.threshold));
    BUDGETS.iter().map(of).collect()
}

/// The group `tradewind-performance`.
#[must_use]
pub fn prometheus_rules() -> String {
    let mut text = String::from(
        "# Generated from crates/alerts/src/rules.rs; renew it with TRADEWIND_RENEW=1 cargo test -p alerts.\n\
         groups:\n  - name: tradewind-performance\n    rules:\n",
    );
    for rule in RULES {
        // Prometheus users know two severities; ours stands beside them.
        let severity = if rule.severity == Severity::Critical { "critical" } else { "warning" };
        for (promise, expr) in conditions(rule) {
            let promise = promise.map_or_else(String::new, |p| format!("          promise: {p}\n"));
            text.push_str(&format!(
                "      - alert: {name}\n        expr: '{expr}'\n        for: {seconds}s\n        labels:\n          severity: \
                 {severity}\n          level: {level}\n{promise}        annotations:\n          summary: {about:?}\n          \
                 runbook: docs/runbooks/{name}.md\n",
                name = rule.name,
                seconds = rule.for_s,
                level = rule.severity.word(),
                about = rule.about,
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Comparison;

    const RULES_PATH: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/prometheus/tradewind.rules.yml");
    const TESTS_PATH: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/prometheus/tradewind.tests.yml");

    #[test]
    fn the_committed_rules_are_current() {
        let current = prometheus_rules();
        if std::env::var_os("TRADEWIND_RENEW").is_some() {
            std::fs::write(RULES_PATH, &current).unwrap();
        }
        let committed = std::fs::read_to_string(RULES_PATH).unwrap_or_default();
        assert!(
            committed == current,
            "tradewind.rules.yml is not what the rules say; renew it (see this test)"
        );
        assert!(RULES.iter().all(|rule| !rule.expr.contains('\'')), "a quote ends the text");
    }

    #[test]
    fn what_is_said_to_prometheus_has_the_same_bound() {
        for (rule, (_, expr)) in RULES.iter().flat_map(|r| conditions(r).into_iter().map(move |c| (r, c))) {
            let sign = if rule.comparison == Comparison::Above { " > " } else { " < " };
            let bound: f64 = expr.rsplit(sign).next().unwrap().parse().unwrap();
            assert_eq!(bound.to_bits(), rule.threshold.to_bits(), "{}", rule.name);
        }
    }

    /// Runs Prometheus' own tool where it is installed.
    fn promtool(arguments: &[&str]) -> Option<(bool, String)> {
        match std::process::Command::new("promtool").args(arguments).output() {
            Ok(done) => {
                let said = String::from_utf8_lossy(&done.stdout).into_owned()
                    + &String::from_utf8_lossy(&done.stderr);
                Some((done.status.success(), said))
            }
            Err(_) => {
                println!("skipped: there is no promtool on this machine");
                None
            }
        }
    }

    #[test]
    fn prometheus_reads_them() {
        let Some((good, said)) = promtool(&["check", "rules", RULES_PATH]) else { return };
        let count: usize = RULES.iter().map(|rule| conditions(rule).len()).sum();
        assert!(good && said.contains(&format!("{count} rules found")), "{said}");
    }

    /// Every rule fires and clears in Prometheus' own virtual time: `tradewind.tests.yml`.
    #[test]
    fn prometheus_judges_them_as_the_unit_tests_say() {
        let tests = std::fs::read_to_string(TESTS_PATH).unwrap();
        for rule in RULES {
            assert!(tests.contains(&format!("alertname: {}\n", rule.name)), "{} has no unit test", rule.name);
        }
        let Some((good, said)) = promtool(&["test", "rules", TESTS_PATH]) else { return };
        assert!(good, "{said}");
    }
}
