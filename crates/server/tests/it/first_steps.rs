//! What a person does before anything runs: a configuration, completions, manual pages.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::program::{finish, run, tradewind};

#[test]
fn a_configuration_to_begin_with_is_written_once_and_says_what_holds() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tradewind.toml");
    let init = || finish(tradewind(&["init"]).current_dir(dir.path()));
    let done = init();
    assert_eq!((done.code, done.out.trim()), (0, "tradewind.toml"), "{}", done.err);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let show = |with: &[&str]| {
        let mut command = tradewind(&["config", "show", "--json"]);
        finish(command.args(with)).json()["settings"].clone()
    };
    let path = file.to_str().unwrap();
    assert_eq!(show(&["--config", path]), show(&[]));
    let text = std::fs::read_to_string(&file).unwrap();
    let changed = text
        .replace("#[exchange]", "[exchange]")
        .replace("#addr = \"127.0.0.1:8081\"", "addr = \"127.0.0.1:9999\"");
    std::fs::write(&file, &changed).unwrap();
    let settings = show(&["--config", path]);
    let addr = settings.as_array().unwrap().iter().find(|s| s["key"] == "exchange.addr").unwrap().clone();
    assert_eq!(addr["value"], "127.0.0.1:9999");
    let again = init();
    assert_eq!(again.code, 5, "{}", again.out);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), changed, "never overwritten");
    let nowhere = finish(tradewind(&["init", "--json", "/no/such/folder/t.toml"]).current_dir(dir.path()));
    assert!(nowhere.code == 1 && nowhere.json()["error"]["do"] != "", "{}", nowhere.out);
    // With --config it goes where the configuration will be looked for.
    let named = dir.path().join("other.toml");
    assert_eq!(finish(tradewind(&["init", "--config"]).arg(&named)).code, 0);
    assert!(named.exists());
}

#[test]
fn completions_are_for_each_shell_and_the_shell_takes_them() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let done = run(&["completions", shell]);
        assert_eq!(done.code, 0, "{}", done.err);
        assert!(done.out.contains("doctor") && done.out.contains("tradewind"), "{shell}");
    }
    assert_eq!(run(&["completions", "tcsh"]).code, 2);
    let bash = run(&["completions", "bash"]).out;
    let script = format!(
        "{bash}\nCOMP_WORDS=(tradewind db ma); COMP_CWORD=2; _tradewind tradewind ma db; echo \"${{COMPREPLY[*]}}\""
    );
    // Longer than one argument of a command may be.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("completions.sh");
    std::fs::write(&path, script).unwrap();
    let output = Command::new("bash").arg(&path).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "maintain", "{output:?}");
}

#[test]
fn manual_pages_are_printed_or_written_one_per_command() {
    let page = run(&["man"]);
    assert!(page.code == 0 && page.out.contains(".TH tradewind 1"), "{}", page.out);
    let dir = tempfile::tempdir().unwrap();
    let done = finish(tradewind(&["man"]).arg(dir.path().join("man1")));
    assert_eq!(done.code, 0, "{}", done.err);
    for page in ["tradewind.1", "tradewind-db-maintain.1", "tradewind-order-place.1", "tradewind-user-add.1"]
    {
        let path = dir.path().join("man1").join(page);
        // Commands come and go; those named here are promised.
        if page.contains("order") && !run(&["--help"]).out.contains("\n  order") {
            continue;
        }
        assert!(std::fs::read_to_string(&path).is_ok_and(|text| text.contains(".TH")), "{page}");
    }
}

#[test]
fn names_of_old_deployments_are_understood_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("password");
    std::fs::write(&secret, "s3cret/word\n").unwrap();
    let mut command = tradewind(&["config", "show", "--origin", "--json"]);
    for (name, value) in [
        ("DB_HOST", "db.example"),
        ("DB_PORT", "5433"),
        ("DB_NAME", "tw"),
        ("DB_USER", "trader"),
        ("DB_PASSWORD_FILE", secret.to_str().unwrap()),
        ("DB_POOL_MAX", "12"),
        ("DB_POOL_MIN", "3"),
        ("DB_POOL_IDLE", "45"),
        ("REDIS_KEY_PREFIX", "tw-"),
        ("REDIS_DB", "4"),
        ("LB_STRATEGY", "least_connections"),
        ("AUTO_SCALING_ENABLED", "true"),
        ("CLUSTER_ENABLED", "1"),
        ("CLUSTER_WORKERS", "3"),
        ("FRONTEND_URL", "https://desk.example.org/"),
        ("ALERT_WEBHOOK_URL", "https://hooks.example.org/T0/s3cret"),
        ("ALERT_EMAIL", "ops@example.org"),
    ] {
        command.env(name, value);
    }
    let done = finish(&mut command);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(!done.out.contains("s3cret"), "a password is never shown");
    let shown = done.json();
    for (key, value, origin) in [
        (
            "store.url",
            "postgres://trader:***@db.example:5433/tw",
            "DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD_FILE",
        ),
        ("store.pool_max", "12", "DB_POOL_MAX"),
        ("store.pool_min", "3", "DB_POOL_MIN"),
        ("store.pool_idle", "45", "DB_POOL_IDLE"),
        ("cache.prefix", "tw-", "REDIS_KEY_PREFIX"),
        ("cache.database", "4", "REDIS_DB"),
        ("gateway.strategy", "least_connections", "LB_STRATEGY"),
        ("cluster.scaling", "true", "AUTO_SCALING_ENABLED"),
        ("cluster.enabled", "true", "CLUSTER_ENABLED"),
        ("cluster.workers", "3", "CLUSTER_WORKERS"),
        ("api.frontend", "https://desk.example.org/", "FRONTEND_URL"),
        ("alerts.webhook", "https://hooks.example.org/***", "ALERT_WEBHOOK_URL"),
        ("alerts.email_to", "ops@example.org", "ALERT_EMAIL"),
    ] {
        let found = shown["settings"].as_array().unwrap().iter().find(|s| s["key"] == key).unwrap();
        assert_eq!(
            (found["value"].as_str(), found["origin"].as_str()),
            (Some(value), Some(format!("environment {origin}").as_str()))
        );
    }
    let idle = shown["without_effect"].to_string();
    for key in ["cluster.enabled", "cluster.scaling", "gateway.strategy", "cache.database", "alerts.email_to"]
    {
        assert!(idle.contains(key), "{key}: {idle}");
    }
    for (name, value) in [
        ("REDIS_DB", "16"),
        ("CLUSTER_ENABLED", "perhaps"),
        ("FRONTEND_URL", "desk/x"),
        ("DB_PASSWORD_FILE", "/no/file"),
    ] {
        let done = finish(tradewind(&["config", "show"]).env(name, value).env("DB_HOST", "h"));
        assert!(done.code == 3 && done.err.contains(name), "{name}: {} {}", done.code, done.err);
    }
}
