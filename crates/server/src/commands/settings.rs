//! `tradewind config`: what is set, and by whom.

use serde_json::json;

use crate::cli::Output;
use crate::config::{Loaded, document};
use crate::terminal::{answer, note, table};

/// Prints every setting.
pub(crate) fn show(loaded: &Loaded, origin: bool, output: Output) {
    let mut idle = loaded.config.cluster.idle();
    let is_set = |name: &str| loaded.values.iter().any(|value| value.name == name && value.text != "none");
    if is_set("cache.database") && !is_set("cache.redis") {
        idle.push("cache.database has no effect: there is no cache.redis");
    }
    if is_set("alerts.email_to") && !is_set("alerts.email_smtp") {
        idle.push("alerts.email_to has no effect: there is no alerts.email_smtp");
    }
    if output.json {
        let value = |v: &crate::config::Value| {
            let mut entry = json!({ "key": v.name, "value": v.shown() });
            if origin {
                entry["origin"] = json!(v.origin.to_string());
            }
            entry
        };
        let settings: Vec<_> = loaded.values.iter().map(value).collect();
        answer(json!({ "v": 1, "settings": settings, "without_effect": idle }));
        return;
    }
    let mut rows = Vec::new();
    for value in &loaded.values {
        let mut row = vec![value.name.to_owned(), value.shown()];
        if origin {
            row.push(value.origin.to_string());
        }
        rows.push(row);
    }
    answer(table(&rows));
    for idle in idle {
        note(idle);
    }
}

/// Prints the reference of all settings.
pub(crate) fn reference() {
    answer(document::reference().trim_end());
}
