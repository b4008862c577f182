//! What is told: several alerts at once, as text, in Slack's form, and as JSON.

use alerts::Severity;
use serde_json::{Value, json};

/// One alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The rule.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it is of, like `route` `/api/orders`.
    pub labels: Vec<(String, String)>,
    /// The number that decided, or the one now that it is over.
    pub value: Option<f64>,
    /// The bound.
    pub threshold: f64,
    /// In one sentence.
    pub summary: String,
    /// False when it is over.
    pub firing: bool,
    /// True when it was told before: a reminder.
    pub again: bool,
}

/// What is told at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Which service this is, like its address.
    pub service: String,
    /// When, RFC 3339.
    pub at: String,
    /// The alerts, most severe first; none in a test message.
    pub entries: Vec<Entry>,
}

/// Longest text; Telegram takes 4,096 characters.
const TEXT_LEN_MAX: usize = 4_000;

impl Entry {
    fn word(&self) -> &'static str {
        match (self.firing, self.again) {
            (true, false) => "FIRING",
            (true, true) => "STILL FIRING",
            (false, _) => "RESOLVED",
        }
    }

    fn title(&self) -> String {
        let labels: String = self.labels.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        format!("{} {}{labels}", self.word(), self.rule)
    }

    fn line(&self) -> String {
        let value = match (self.firing, self.value) {
            (true, Some(value)) => format!(" It is {value:.3}, the bound is {}.", self.threshold),
            (false, Some(value)) => format!(" It is {value:.3} now, the bound is {}.", self.threshold),
            (_, None) => String::new(),
        };
        let summary = if self.firing { self.summary.as_str() } else { "It is over." };
        format!("{summary}{value}")
    }

    fn color(&self) -> &'static str {
        match (self.firing, self.severity) {
            (false, _) => "good",
            (true, Severity::Low | Severity::Medium) => "warning",
            (true, Severity::High | Severity::Critical) => "danger",
        }
    }
}

impl Message {
    /// Only the alerts that are at least so bad.
    #[must_use]
    pub(crate) fn at_least(&self, least: Severity) -> Self {
        let entries = self.entries.iter().filter(|entry| entry.severity >= least).cloned().collect();
        Self { entries, ..self.clone() }
    }

    /// In one line: the subject of an e-mail.
    #[must_use]
    pub fn subject(&self) -> String {
        let Some(first) = self.entries.first() else {
            return format!("[tradewind] test message of {}", self.service);
        };
        let more = match self.entries.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        format!("[tradewind] [{}] {}{more}", first.severity.word(), first.title())
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        if self.entries.is_empty() {
            return format!("A test message of {} at {}: this channel works.", self.service, self.at);
        }
        let mut text = format!("{} at {}\n", self.service, self.at);
        for (n, entry) in self.entries.iter().enumerate() {
            let part = format!(
                "\n[{}] {}\n{}\n{}",
                entry.severity.word(),
                entry.title(),
                entry.line(),
                if entry.firing {
                    format!("What to do: docs/runbooks/{}.md\n", entry.rule)
                } else {
                    String::new()
                }
            );
            if text.chars().count() + part.chars().count() > TEXT_LEN_MAX {
                text.push_str(&format!("\n… and {} more", self.entries.len() - n));
                break;
            }
            text.push_str(&part);
        }
        text
    }

    /// As Slack's incoming webhooks take it (and Mattermost, Rocket.Chat and Discord's `/slack` addresses): a text and attachments.
    #[must_use]
    pub(crate) fn slack(&self) -> Value {
        let field = |title: &str, value: String| json!({ "title": title, "value": value, "short": true });
        let attachment = |entry: &Entry| {
            let mut fields = vec![field("Severity", entry.severity.word().to_owned())];
            fields.extend(entry.labels.iter().map(|(name, value)| field(name, value.clone())));
            fields.extend(entry.value.map(|value| field("Value", format!("{value:.3}"))));
            fields.push(field("Bound", entry.threshold.to_string()));
            json!({
                "fallback": entry.title(),
                "color": entry.color(),
                "title": entry.title(),
                "text": entry.line(),
                "fields": fields,
                "footer": self.service,
            })
        };
        let text = if self.entries.is_empty() { self.text() } else { self.subject() };
        json!({ "text": text, "attachments": self.entries.iter().map(attachment).collect::<Vec<_>>() })
    }

    /// For programs.
    #[must_use]
    pub(crate) fn json(&self) -> Value {
        let entry = |entry: &Entry| {
            let labels: serde_json::Map<String, Value> =
                entry.labels.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            json!({
                "rule": entry.rule,
                "severity": entry.severity.word(),
                "state": if entry.firing { "firing" } else { "resolved" },
                "reminder": entry.again,
                "labels": labels,
                "value": entry.value,
                "threshold": entry.threshold,
                "summary": entry.summary,
            })
        };
        json!({
            "service": self.service,
            "at": self.at,
            "test": self.entries.is_empty(),
            "alerts": self.entries.iter().map(entry).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn entry(rule: &str, severity: Severity, firing: bool) -> Entry {
        Entry {
            rule: rule.to_owned(),
            severity,
            labels: vec![("route".to_owned(), "/api/orders".to_owned())],
            value: Some(0.71),
            threshold: 0.5,
            summary: "One in twenty answers of a route takes more than half a second.".to_owned(),
            firing,
            again: false,
        }
    }

    pub(crate) fn message(entries: Vec<Entry>) -> Message {
        Message { service: "desk".to_owned(), at: "2026-11-26T05:00:00Z".to_owned(), entries }
    }

    #[test]
    fn a_message_says_what_how_bad_and_what_to_do() {
        let one = message(vec![entry("HighAPILatency", Severity::Medium, true)]);
        assert_eq!(one.subject(), "[tradewind] [medium] FIRING HighAPILatency route=/api/orders");
        let text = one.text();
        for part in [
            "takes more than half a second. It is 0.710, the bound is 0.5.",
            "docs/runbooks/HighAPILatency.md",
        ] {
            assert!(text.contains(part), "{text}");
        }
        let two = message(vec![
            entry("HighErrorRate", Severity::Critical, true),
            entry("HighAPILatency", Severity::Medium, false),
        ]);
        assert!(two.subject().ends_with("FIRING HighErrorRate route=/api/orders and 1 more"));
        let slack = two.slack();
        assert_eq!(
            (slack["attachments"][0]["color"].as_str(), slack["attachments"][1]["color"].as_str()),
            (Some("danger"), Some("good"))
        );
        assert_eq!(two.at_least(Severity::High).entries.len(), 1);
        assert_eq!(two.json()["alerts"][1]["state"], "resolved");
        assert!(message(Vec::new()).text().contains("test message"));
    }

    #[test]
    fn many_alerts_fit_into_one_text() {
        let many = message((0..200).map(|_| entry("HighAPILatency", Severity::Medium, true)).collect());
        let text = many.text();
        assert!(text.chars().count() <= TEXT_LEN_MAX + 40, "{}", text.len());
        assert!(text.contains("more"), "{text}");
    }
}
