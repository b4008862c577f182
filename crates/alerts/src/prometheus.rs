//! The same rules as a file for Prometheus: `deploy/prometheus/tradewind.rules.yml`.

use crate::rules::{RULES, Severity};

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
        text.push_str(&format!(
            "      - alert: {name}\n        expr: '{expr}'\n        for: {seconds}s\n        labels:\n          severity: {severity}\n          \
             level: {level}\n        annotations:\n          summary: {about:?}\n          runbook: docs/runbooks/{name}.md\n",
            name = rule.name,
            expr = rule.expr,
            seconds = rule.for_s,
            level = rule.severity.word(),
            about = rule.about,
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_rules_are_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/prometheus/tradewind.rules.yml");
        let current = prometheus_rules();
        if std::env::var_os("TRADEWIND_RENEW").is_some() {
            std::fs::write(path, &current).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == current,
            "tradewind.rules.yml is not what the rules say; renew it (see this test)"
        );
        assert!(RULES.iter().all(|rule| !rule.expr.contains('\'')), "a quote ends the text");
    }

    /// Prometheus itself reads the file, where its tool is installed.
    #[test]
    fn prometheus_reads_them() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/prometheus/tradewind.rules.yml");
        match std::process::Command::new("promtool").args(["check", "rules", path]).output() {
            Ok(done) => {
                let said = String::from_utf8_lossy(&done.stdout).into_owned()
                    + &String::from_utf8_lossy(&done.stderr);
                assert!(
                    done.status.success() && said.contains(&format!("{} rules found", RULES.len())),
                    "{said}"
                );
            }
            Err(_) => println!("skipped: there is no promtool on this machine"),
        }
    }
}
