//! `tradewind cache`: the caches of the running server.

use serde_json::{Value, json};

use super::api::{Ask, ask, get};
use crate::cli::cache::{AsWhom, Cache};
use crate::config::Config;
use crate::failure::Failure;
use crate::terminal::{answer, table};

const PATH: &str = "/api/monitoring/cache";

/// Carries out one command.
pub(crate) fn run(config: &Config, command: &Cache) -> Result<(), Failure> {
    match command {
        Cache::Stats(whom) => stats(config, whom),
        Cache::Warm(whom) => {
            let path = format!("{PATH}/warm");
            ask(config, Ask { user: whom.user.as_deref(), method: "POST", path, key: None, body: None })?;
            told(whom, &json!({ "v": 1, "warming": true }), "the cache is being warmed");
            Ok(())
        }
        Cache::Clear(whom) => {
            let user = whom.user.as_deref();
            let path = PATH.to_owned();
            let cleared = ask(config, Ask { user, method: "DELETE", path, key: None, body: None })?;
            let words = match cleared["redis"].as_u64() {
                Some(values) => format!("the cache is empty; Redis forgot {values} values"),
                None => "the cache is empty".to_owned(),
            };
            told(whom, &json!({ "v": 1, "cleared": true, "redis": cleared["redis"] }), &words);
            Ok(())
        }
    }
}

fn stats(config: &Config, whom: &AsWhom) -> Result<(), Failure> {
    let caches = ask(config, get(whom.user.as_deref(), PATH.to_owned()))?;
    if whom.output.json {
        answer(json!({ "v": 1, "classes": caches["classes"] }));
        return Ok(());
    }
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    };
    let head = ["layer", "class", "entries", "hits", "misses", "hit rate"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for class in caches["classes"].as_array().into_iter().flatten() {
        let rate =
            class["hit_rate"].as_f64().map_or("–".to_owned(), |rate| format!("{:.1} %", rate * 100.0));
        let [layer, name, entries, hits, misses] =
            ["layer", "class", "entries", "hits", "misses"].map(|field| text(&class[field]));
        rows.push(vec![layer, name, entries, hits, misses, rate]);
    }
    answer(table(&rows));
    Ok(())
}

fn told(whom: &AsWhom, json: &Value, words: &str) {
    if whom.output.json {
        answer(json);
    } else {
        answer(words);
    }
}
