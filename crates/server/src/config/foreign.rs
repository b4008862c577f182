//! Names of environment variables that older deployments set, and the keys they mean here. Our own names go before them.

/// Variable, and the key that takes its value as it is.
const PLAIN: &[(&str, &str)] = &[
    ("DB_POOL_MAX", "store.pool_max"),
    ("DB_POOL_MIN", "store.pool_min"),
    ("DB_POOL_IDLE", "store.pool_idle"),
];

/// Key, value and variable of everything that is set under a foreign name.
pub(super) fn values(environment: &[(String, String)]) -> Vec<(&'static str, String, &'static str)> {
    let get =
        |name: &str| environment.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str());
    let plain = PLAIN.iter().filter_map(|(variable, key)| Some((*key, get(variable)?.to_owned(), *variable)));
    let mut found: Vec<(&'static str, String, &'static str)> = plain.collect();
    if let Some(host) = get("DB_HOST") {
        let (user, name) = (get("DB_USER").unwrap_or("tradewind"), get("DB_NAME").unwrap_or("tradewind"));
        let password = get("DB_PASSWORD").map(|text| format!(":{}", escaped(text))).unwrap_or_default();
        let port = get("DB_PORT").unwrap_or("5432");
        let url = format!("postgres://{}{password}@{host}:{port}/{}", escaped(user), escaped(name));
        found.push(("store.url", url, "DB_HOST"));
    }
    found
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
