//! Gathers the values of all keys and remembers where each came from.

use std::path::{Path, PathBuf};

use super::keys::{KEYS, Key};
use super::{Config, foreign, suggest};
use crate::failure::{Exit, Failure};

/// Environment variables that set keys begin so: `TRADEWIND__EXCHANGE__ADDR` sets `exchange.addr`.
pub(crate) const PREFIX: &str = "TRADEWIND__";

/// Longest configuration file looked at, in bytes.
const FILE_LEN_MAX: u64 = 1024 * 1024;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    File(PathBuf),
    Environment(String),
    Flag(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// One resolved value.
#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

impl Value {
    /// Its text without a password: what may be printed.
    pub(crate) fn shown(&self) -> String {
        let secret = !matches!(self.text.as_str(), "" | "none");
        match self.name {
            "alerts.telegram_token" if secret => return "***".to_owned(),
            // Whoever knows the path may write there.
            "alerts.webhook" if secret => {
                let host = self.text.split('/').nth(2).unwrap_or_default();
                return format!("https://{host}/***");
            }
            _ => {}
        }
        let Some((scheme, rest)) = self.text.split_once("://") else { return self.text.clone() };
        let Some((user, host)) = rest.rsplit_once('@') else { return self.text.clone() };
        let user = user.split(':').next().unwrap_or_default();
        let masked = if rest.starts_with(&format!("{user}:")) { ":***" } else { "" };
        format!("{scheme}://{user}{masked}@{host}")
    }
}

/// The configuration and where each of its values came from, in the order of the keys.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    pub(crate) values: Vec<Value>,
}

/// What the command line says: pairs of key and text.
pub(crate) type Flags = Vec<(&'static str, String)>;

/// Where a configuration is read from, so that it can be read again.
#[derive(Debug)]
pub(crate) struct Source {
    /// What the command line said.
    pub(crate) flags: Flags,
    /// The file, if one was named.
    pub(crate) file: Option<PathBuf>,
    /// The environment of the process.
    pub(crate) environment: Vec<(String, String)>,
}

impl Source {
    /// Reads everything.
    pub(crate) fn load(&self) -> Result<Loaded, Failure> {
        load(&self.flags, self.file.as_deref(), &self.environment)
    }
}

/// Resolves every key: flags over environment over file over defaults.
pub(crate) fn load(
    flags: &Flags,
    file: Option<&Path>,
    environment: &[(String, String)],
) -> Result<Loaded, Failure> {
    let mut values = defaults(environment)?;
    if let Some(path) = file {
        for (name, text) in read_file(path)? {
            set(&mut values, &name, text, Origin::File(path.to_owned()))?;
        }
    }
    for foreign in foreign::values(environment)? {
        set(&mut values, foreign.key, foreign.text, Origin::Environment(foreign.from))?;
    }
    for (variable, text) in environment {
        let Some(name) = variable.strip_prefix(PREFIX) else { continue };
        let name = name.to_ascii_lowercase().replace("__", ".");
        let origin = Origin::Environment(variable.clone());
        // A secret may lie in a file: TRADEWIND__STORE__URL_FILE.
        match name.strip_suffix("_file").filter(|base| KEYS.iter().any(|key| key.name == *base)) {
            Some(base) => set(&mut values, base, read_secret(variable, text)?, origin)?,
            None => set(&mut values, &name, text.clone(), origin)?,
        }
    }
    for (name, text) in flags {
        let flag = KEYS.iter().find(|key| key.name == *name).and_then(|key| key.flag).unwrap_or(name);
        set(&mut values, name, text.clone(), Origin::Flag(flag))?;
    }
    let mut config = Config::blank();
    for (key, value) in KEYS.iter().zip(&values) {
        (key.set)(&mut config, &value.text).map_err(|why| bad_value(key, value, &why))?;
    }
    standby_of_something(&config, &values)?;
    let is_default = |name: &str| values.iter().any(|v| v.name == name && v.origin == Origin::Default);
    config.data_dir_is_default = is_default("data_dir");
    config.api.addr_is_default = is_default("api.addr");
    Ok(Loaded { config, values })
}

fn defaults(environment: &[(String, String)]) -> Result<Vec<Value>, Failure> {
    let value = |key: &Key| {
        let text = if key.name == "data_dir" { data_dir(environment)? } else { key.default.to_owned() };
        Ok(Value { name: key.name, text, origin: Origin::Default })
    };
    KEYS.iter().map(value).collect()
}

/// The user's data folder by the XDG base directory specification: a relative `XDG_DATA_HOME` does not count.
fn data_dir(environment: &[(String, String)]) -> Result<String, Failure> {
    let get = |name: &str| environment.iter().find(|(n, v)| n == name && v.starts_with('/')).map(|(_, v)| v);
    let base =
        get("XDG_DATA_HOME").cloned().or_else(|| get("HOME").map(|home| format!("{home}/.local/share")));
    // Without a home there is no default; a flag, a variable or the file must say it, which `set` checks in the end.
    Ok(base.map(|base| format!("{base}/tradewind")).unwrap_or_default())
}

fn set(values: &mut [Value], name: &str, text: String, origin: Origin) -> Result<(), Failure> {
    let Some(value) = values.iter_mut().find(|value| value.name == name) else {
        return Err(unknown(name, &origin));
    };
    (value.text, value.origin) = (text, origin);
    Ok(())
}

/// The first line of the file that a variable names.
pub(super) fn read_secret(variable: &str, path: &str) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(Exit::Config, format!("the file that {variable} names cannot be read"))
            .because(format!("{path}: {error}"))
    })?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

fn unknown(name: &str, origin: &Origin) -> Failure {
    let failure = Failure::new(Exit::Config, format!("there is no setting `{name}`"))
        .because(format!("set by {origin}"));
    match suggest::nearest(name, KEYS.iter().map(|key| key.name)) {
        Some(known) => failure.advise(format!("did you mean `{known}`?")),
        None => failure.advise("`tradewind config show` lists all settings"),
    }
}

fn bad_value(key: &Key, value: &Value, why: &str) -> Failure {
    let what = format!("`{}` cannot be \"{}\"", key.name, value.shown());
    let advice = format!(
        "give {} (default {})",
        key.unit,
        if key.default.is_empty() { "by user" } else { key.default }
    );
    Failure::new(Exit::Config, what)
        .because(format!("the value {why}; set by {}", value.origin))
        .advise(advice)
}

/// Refuses what each value alone cannot show: a standby without a server that it copies.
fn standby_of_something(config: &Config, values: &[Value]) -> Result<(), Failure> {
    let primary = config.store.url.as_deref().map(str::parse);
    if config.store.replica.is_none() || matches!(primary, Some(Ok(store::Location::Postgres(_)))) {
        return Ok(());
    }
    let said = |name: &str| values.iter().find(|v| v.name == name).map(|v| (v.shown(), v.origin.to_string()));
    let (url, by) = said("store.url").unwrap_or_default();
    let (_, replica_by) = said("store.replica").unwrap_or_default();
    let what = "`store.replica` is for PostgreSQL, and the database is a file";
    Err(Failure::new(Exit::Config, what)
        .because(format!("store.replica is set by {replica_by}; store.url is \"{url}\", set by {by}"))
        .advise("name the primary in store.url (or with --store), or leave store.replica out"))
}

/// The file's values as texts, by dotted name.
fn read_file(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let what = || format!("the configuration file {} cannot be used", path.display());
    let failure = |why: String| Failure::new(Exit::Config, what()).because(why);
    let size = std::fs::metadata(path)
        .map_err(|error| failure(error.to_string()).advise("give an existing file"))?
        .len();
    if size > FILE_LEN_MAX {
        return Err(failure(format!("it has {size} bytes; more than {FILE_LEN_MAX} is no configuration")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failure(error.to_string()))?;
    let table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| failure(error.to_string().trim_end().into()))?;
    let mut values = Vec::new();
    flatten("", &table, &mut values).map_err(|why| failure(why).advise("see docs/configuration.md"))?;
    Ok(values)
}

fn flatten(prefix: &str, table: &toml::Table, values: &mut Vec<(String, String)>) -> Result<(), String> {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => flatten(&name, inner, values)?,
            toml::Value::String(text) => values.push((name, text.clone())),
            toml::Value::Integer(number) => values.push((name, number.to_string())),
            toml::Value::Boolean(flag) => values.push((name, flag.to_string())),
            toml::Value::Float(number) => values.push((name, number.to_string())),
            toml::Value::Datetime(_) | toml::Value::Array(_) => {
                return Err(format!("`{name}` is neither a text nor a number nor true nor false"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let home = [("HOME", "/h")];
        home.iter().chain(pairs).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn nothing_given_means_the_defaults_in_the_users_data_folder() {
        let loaded = load(&vec![], None, &environment(&[])).unwrap();
        assert_eq!(loaded.config.data_dir, Path::new("/h/.local/share/tradewind"));
        assert_eq!(loaded.config.exchange.addr.to_string(), "127.0.0.1:8081");
        assert!(loaded.config.exchange.participants);
        assert!(loaded.values.iter().all(|value| value.origin == Origin::Default));
        let xdg = load(&vec![], None, &environment(&[("XDG_DATA_HOME", "/x")])).unwrap();
        assert_eq!(xdg.config.data_dir, Path::new("/x/tradewind"));
        let relative = load(&vec![], None, &environment(&[("XDG_DATA_HOME", "x")])).unwrap();
        assert_eq!(relative.config.data_dir, Path::new("/h/.local/share/tradewind"));
    }

    #[test]
    fn the_defaults_are_those_of_the_parts() {
        let config = load(&vec![], None, &environment(&[])).unwrap().config;
        assert_eq!(config.history, history::Retention::default());
        let (host, parts) = (config.host(), exchange_host::HostConfig::new(""));
        assert_eq!((host.durability, host.snapshot_every), (parts.durability, parts.snapshot_every));
        assert_eq!(host.snapshots_kept, parts.snapshots_kept);
        let (api, parts) = (config.exchange_api(), exchange_api::ApiConfig::default());
        assert_eq!((api.addr, api.http, api.rate.is_some()), (parts.addr, parts.http, parts.rate.is_some()));
    }

    #[test]
    fn flags_go_before_environment_before_file_before_defaults() {
        let given = file(
            "[exchange]\naddr = \"127.0.0.1:1\"\nparticipants_seed = 5\nparticipants_speed = 2.5\n[log]\njson = true\n",
        );
        let variables = environment(&[
            ("TRADEWIND__EXCHANGE__ADDR", "127.0.0.1:2"),
            ("TRADEWIND__EXCHANGE__PARTICIPANTS_SEED", "6"),
        ]);
        let loaded =
            load(&vec![("exchange.addr", "127.0.0.1:3".into())], Some(given.path()), &variables).unwrap();
        let exchange = &loaded.config.exchange;
        assert_eq!(
            (exchange.addr.port(), exchange.participants_seed, exchange.participants_speed_percent),
            (3, 6, 250)
        );
        assert!(loaded.config.log.json);
        let origin = |name: &str| loaded.values.iter().find(|v| v.name == name).unwrap().origin.to_string();
        assert_eq!(origin("exchange.addr"), "flag --exchange-addr");
        assert_eq!(
            origin("exchange.participants_seed"),
            "environment TRADEWIND__EXCHANGE__PARTICIPANTS_SEED"
        );
        assert!(origin("log.json").starts_with("file "));
        assert_eq!(origin("log.filter"), "default");
    }

    #[test]
    fn a_database_comes_from_a_file_or_from_old_names_and_its_password_is_not_shown() {
        let secret = file("postgres://trader:s3cret@db.example/tw\n");
        let path = secret.path().to_str().unwrap();
        let loaded = load(&vec![], None, &environment(&[("TRADEWIND__STORE__URL_FILE", path)])).unwrap();
        assert_eq!(loaded.config.store.url.as_deref(), Some("postgres://trader:s3cret@db.example/tw"));
        let shown = |loaded: &Loaded| loaded.values.iter().find(|v| v.name == "store.url").unwrap().shown();
        assert_eq!(shown(&loaded), "postgres://trader:***@db.example/tw");
        assert!(!format!("{:?}", loaded.config).contains("s3cret"));
        let old = [("DB_HOST", "h"), ("DB_USER", "u"), ("DB_PASSWORD", "p@:/"), ("DB_POOL_MAX", "7")];
        let loaded = load(&vec![], None, &environment(&old)).unwrap();
        assert_eq!(loaded.config.store.url.as_deref(), Some("postgres://u:p%40%3A%2F@h:5432/tradewind"));
        assert_eq!((loaded.config.store.pool().max(), loaded.config.store.pool().min), (7, 5));
        let url = loaded.values.iter().find(|v| v.name == "store.url").unwrap();
        assert_eq!(url.origin.to_string(), "environment DB_HOST, DB_USER, DB_PASSWORD");
        let both = [("DB_HOST", "h"), ("TRADEWIND__STORE__URL", "sqlite:x.db")];
        let loaded = load(&vec![], None, &environment(&both)).unwrap();
        assert_eq!(loaded.config.store.url.as_deref(), Some("sqlite:x.db"), "the own name goes first");
        let bad = load(&vec![("store.url", "postgres://u:s3cret@h:port/x".into())], None, &environment(&[]));
        let bad = bad.unwrap_err();
        assert!(bad.exit == Exit::Config && !bad.to_string().contains("s3cret"), "{bad}");
        let gone = load(&vec![], None, &environment(&[("TRADEWIND__STORE__URL_FILE", "/no/such/file")]));
        assert_eq!(gone.unwrap_err().exit, Exit::Config);
    }

    #[test]
    fn an_instance_with_a_name_tells_of_itself() {
        let named = |variables: &[_]| {
            load(&vec![], None, &environment(variables)).unwrap().config.alert_channels().service
        };
        let desk = ("TRADEWIND__ALERTS__SERVICE", "desk");
        assert_eq!(named(&[desk]), "desk");
        assert_eq!(named(&[desk, ("TRADEWIND__STREAM__INSTANCE", "a")]), "desk (a)");
    }

    #[test]
    fn a_standby_needs_a_server_that_it_copies() {
        let standby = ("TRADEWIND__STORE__REPLICA", "postgres://u:s3cret@standby/tw");
        let given = |url: Option<&str>| {
            let flags = url.map(|url| ("store.url", url.to_owned())).into_iter().collect();
            load(&flags, None, &environment(&[standby]))
        };
        for (url, said) in [
            (None, "store.url is \"none\", set by default"),
            (Some("sqlite:x.db"), "store.url is \"sqlite:x.db\", set by flag --store"),
        ] {
            let refused = given(url).unwrap_err();
            let text = refused.to_string();
            assert!(refused.exit == Exit::Config && text.contains(said), "{text}");
            assert!(text.contains(standby.0) && !text.contains("s3cret"), "{text}");
        }
        let loaded = given(Some("postgres://u@primary/tw")).unwrap();
        assert_eq!(loaded.config.store.replica.as_deref(), Some(standby.1));
        assert!(load(&vec![("store.url", "sqlite:x.db".into())], None, &environment(&[])).is_ok());
    }

    #[test]
    fn an_unknown_key_is_an_error_with_a_suggestion() {
        let given = file("[exchange]\nadr = \"127.0.0.1:1\"\n");
        let failure = load(&vec![], Some(given.path()), &environment(&[])).unwrap_err();
        assert_eq!(failure.exit, Exit::Config);
        assert!(failure.to_string().contains("did you mean `exchange.addr`?"), "{failure}");
        let failure = load(&vec![], None, &environment(&[("TRADEWIND__COLOUR", "red")])).unwrap_err();
        assert!(failure.to_string().contains("TRADEWIND__COLOUR"), "{failure}");
    }

    #[test]
    fn a_bad_value_says_where_it_came_from_and_what_is_expected() {
        let failure =
            load(&vec![("exchange.durability", "maybe".into())], None, &environment(&[])).unwrap_err();
        let text = failure.to_string();
        assert!(
            text.contains("\"maybe\"") && text.contains("--durability") && text.contains("fsync or buffered"),
            "{text}"
        );
        for text in ["[exchange]\naddr = [1]\n", "[exchange\n"] {
            let given = file(text);
            assert_eq!(load(&vec![], Some(given.path()), &environment(&[])).unwrap_err().exit, Exit::Config);
        }
        assert_eq!(
            load(&vec![], Some(Path::new("/no/such/file")), &environment(&[])).unwrap_err().exit,
            Exit::Config
        );
        assert_eq!(load(&vec![], None, &[]).unwrap_err().exit, Exit::Config);
    }
}
