//! Names of environment variables that older deployments set, and the keys they mean here. Our own names go before them.
//!
//! Each of them may end in `_FILE`: then it names a file whose first line is the value.

use super::load::read_secret;
use crate::failure::Failure;

/// Variable, and the key that takes its value as it is.
const PLAIN: &[(&str, &str)] = &[
    ("DB_POOL_MAX", "store.pool_max"),
    ("DB_POOL_MIN", "store.pool_min"),
    ("DB_POOL_IDLE", "store.pool_idle"),
    ("REDIS_KEY_PREFIX", "cache.prefix"),
    ("REDIS_DB", "cache.database"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp"),
    ("LB_STRATEGY", "gateway.strategy"),
    ("CLUSTER_WORKERS", "cluster.workers"),
    ("FRONTEND_URL", "api.frontend"),
    ("ALERT_WEBHOOK_URL", "alerts.webhook"),
    ("ALERT_EMAIL", "alerts.email_to"),
];

/// The same for keys that are true or false, which is written in many ways.
const YES_OR_NO: &[(&str, &str)] =
    &[("AUTO_SCALING_ENABLED", "cluster.scaling"), ("CLUSTER_ENABLED", "cluster.enabled")];

/// A value that is set under a foreign name.
#[derive(Debug)]
pub(super) struct Foreign {
    pub(super) key: &'static str,
    pub(super) text: String,
    /// The variables it comes from.
    pub(super) from: String,
}

/// Everything that is set under a foreign name.
///
/// # Errors
/// When a file that a variable names cannot be read.
pub(super) fn values(environment: &[(String, String)]) -> Result<Vec<Foreign>, Failure> {
    let names = Names(environment);
    let mut found = Vec::new();
    for (variable, key) in PLAIN {
        if let Some((text, from)) = names.get(variable)? {
            found.push(Foreign { key, text, from });
        }
    }
    for (variable, key) in YES_OR_NO {
        if let Some((text, from)) = names.get(variable)? {
            let text = match text.to_ascii_lowercase().as_str() {
                "1" | "yes" | "on" | "true" => "true".to_owned(),
                "0" | "no" | "off" | "false" => "false".to_owned(),
                _ => text,
            };
            found.push(Foreign { key, text, from });
        }
    }
    found.extend(database(&names)?);
    found.extend(redis(&names)?);
    Ok(found)
}

/// The database's URL from its parts.
fn database(names: &Names<'_>) -> Result<Option<Foreign>, Failure> {
    let Some(host) = names.get("DB_HOST")? else { return Ok(None) };
    let mut from = vec![host.1];
    let mut part = |variable: &str, default: &str| -> Result<String, Failure> {
        Ok(match names.get(variable)? {
            Some((text, name)) => {
                from.push(name);
                text
            }
            None => default.to_owned(),
        })
    };
    let port = part("DB_PORT", "5432")?;
    let name = part("DB_NAME", "tradewind")?;
    let user = part("DB_USER", "tradewind")?;
    let password = part("DB_PASSWORD", "")?;
    let password = if password.is_empty() { String::new() } else { format!(":{}", escaped(&password)) };
    // The address of a machine may be in brackets or a folder of sockets.
    let host = if host.0.starts_with('/') { escaped(&host.0) } else { host.0 };
    let text = format!("postgres://{}{password}@{host}:{port}/{}", escaped(&user), escaped(&name));
    Ok(Some(Foreign { key: "store.url", text, from: from.join(", ") }))
}

/// Redis' address from its parts.
fn redis(names: &Names<'_>) -> Result<Option<Foreign>, Failure> {
    let Some((host, mut from)) = names.get("REDIS_HOST")? else { return Ok(None) };
    let mut port = "6379".to_owned();
    if let Some((text, name)) = names.get("REDIS_PORT")? {
        port = text;
        from = format!("{from}, {name}");
    }
    let mut user = String::new();
    if let Some((text, name)) = names.get("REDIS_PASSWORD")? {
        user = format!(":{}@", escaped(&text));
        from = format!("{from}, {name}");
    }
    Ok(Some(Foreign { key: "cache.redis", text: format!("redis://{user}{host}:{port}/0"), from }))
}

struct Names<'e>(&'e [(String, String)]);

impl Names<'_> {
    /// A variable's value and the name it stands under: its own, or the one with `_FILE`.
    fn get(&self, name: &str) -> Result<Option<(String, String)>, Failure> {
        let find = |name: &str| self.0.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v);
        if let Some(text) = find(name) {
            return Ok(Some((text.clone(), name.to_owned())));
        }
        let name = format!("{name}_FILE");
        let Some(path) = find(&name) else { return Ok(None) };
        Ok(Some((read_secret(&name, path)?, name)))
    }
}

/// Percent-encoded for a URL: everything but letters, digits and `-._~` (RFC 3986, unreserved).
fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pairs: &[(&str, &str)]) -> Vec<(&'static str, String, String)> {
        let environment: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        values(&environment).unwrap().into_iter().map(|f| (f.key, f.text, f.from)).collect()
    }

    #[test]
    fn each_old_name_means_its_key() {
        for (variable, value, key, text) in [
            ("DB_POOL_MAX", "7", "store.pool_max", "7"),
            ("DB_POOL_MIN", "2", "store.pool_min", "2"),
            ("DB_POOL_IDLE", "9", "store.pool_idle", "9"),
            ("REDIS_KEY_PREFIX", "tw", "cache.prefix", "tw"),
            ("REDIS_DB", "3", "cache.database", "3"),
            ("LB_STRATEGY", "round_robin", "gateway.strategy", "round_robin"),
            ("AUTO_SCALING_ENABLED", "1", "cluster.scaling", "true"),
            ("CLUSTER_ENABLED", "off", "cluster.enabled", "false"),
            ("CLUSTER_WORKERS", "4", "cluster.workers", "4"),
            ("FRONTEND_URL", "https://a.example", "api.frontend", "https://a.example"),
            ("ALERT_WEBHOOK_URL", "https://h.example/x", "alerts.webhook", "https://h.example/x"),
            ("ALERT_EMAIL", "ops@example.org", "alerts.email_to", "ops@example.org"),
            ("REDIS_HOST", "cache", "cache.redis", "redis://cache:6379/0"),
        ] {
            assert_eq!(found(&[(variable, value)]), [(key, text.to_owned(), variable.to_owned())]);
            assert_eq!(found(&[(variable, "")]), [], "an empty variable says nothing");
        }
    }

    #[test]
    fn parts_make_a_url_and_a_secret_may_lie_in_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "p@:/\n").unwrap();
        let path = file.path().to_str().unwrap();
        let pairs = [("DB_HOST", "h"), ("DB_USER", "u"), ("DB_NAME", "n"), ("DB_PASSWORD_FILE", path)];
        let from = "DB_HOST, DB_NAME, DB_USER, DB_PASSWORD_FILE";
        let url = "postgres://u:p%40%3A%2F@h:5432/n";
        assert_eq!(found(&pairs), [("store.url", url.to_owned(), from.to_owned())]);
        assert_eq!(found(&[("DB_USER", "u")]), [], "without a host there is no database");
        let gone = [("DB_PASSWORD_FILE".to_owned(), "/no/such/file".to_owned())];
        assert!(values(&gone).unwrap().is_empty(), "nobody asked for it");
        let gone = [&[("DB_HOST".to_owned(), "h".to_owned())][..], &gone].concat();
        assert!(values(&gone).is_err());
    }
}
