//! `tradewind config`: what is set, and by whom.

use serde_json::json;

use crate::cli::Output;
use crate::config::{Loaded, document};
use crate::terminal::{answer, table};

/// Prints every setting.
pub(crate) fn show(loaded: &Loaded, origin: bool, output: Output) {
    if output.json {
        let value = |v: &crate::config::Value| {
            let mut entry = json!({ "key": v.name, "value": v.shown() });
            if origin {
                entry["origin"] = json!(v.origin.to_string());
            }
            entry
        };
        let settings: Vec<_> = loaded.values.iter().map(value).collect();
        answer(json!({ "v": 1, "settings": settings }));
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
}

/// Prints the reference of all settings.
pub(crate) fn reference() {
    answer(document::reference().trim_end());
}
