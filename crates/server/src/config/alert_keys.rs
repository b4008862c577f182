//! The keys of `[alerts]`: how people are told.

use alerts::Severity;

use super::keys::Key;
use super::readers::{parse, put, words};

const LEAST: &str = "low, medium, high or critical";

pub(super) const ALERTS: &[Key] = &[
    Key {
        name: "alerts.console",
        unit: "true or false",
        default: "true",
        flag: None,
        about: "Writes alerts to the log.",
        set: |config, text| put(&mut config.alerts.console, parse(text, "true or false")),
    },
    Key {
        name: "alerts.webhook",
        unit: "https://HOST/PATH, or none",
        default: "none",
        flag: None,
        about: "An incoming webhook in Slack's form (Mattermost and others take it too). The address is a secret: \
                TRADEWIND__ALERTS__WEBHOOK_FILE names a file that holds it. Its host must be public, see alerts.private_addresses.",
        set: |config, text| put(&mut config.alerts.webhook, url(text, &["https://", "http://"])),
    },
    Key {
        name: "alerts.webhook_least",
        unit: LEAST,
        default: "low",
        flag: None,
        about: "Alerts of less than this severity are not sent to the webhook.",
        set: |config, text| put(&mut config.alerts.webhook_least, severity(text)),
    },
    Key {
        name: "alerts.email_smtp",
        unit: "smtps://USER:PASSWORD@HOST:PORT, smtp://HOST:PORT, or none",
        default: "none",
        flag: None,
        about: "The mail server for alerts. smtps:// is TLS from the start; smtp://…?tls=required is STARTTLS. \
                TRADEWIND__ALERTS__EMAIL_SMTP_FILE names a file that holds it.",
        set: |config, text| put(&mut config.alerts.email_smtp, url(text, &["smtp://", "smtps://"])),
    },
    Key {
        name: "alerts.email_from",
        unit: "e-mail address, or none",
        default: "none",
        flag: None,
        about: "Sender of alerts by e-mail.",
        set: |config, text| put(&mut config.alerts.email_from, address(text).map(Option::unwrap_or_default)),
    },
    Key {
        name: "alerts.email_to",
        unit: "e-mail addresses, separated by commas, or none",
        default: "none",
        flag: None,
        about: "Receivers of alerts by e-mail.",
        set: |config, text| put(&mut config.alerts.email_to, addresses(text)),
    },
    Key {
        name: "alerts.email_least",
        unit: LEAST,
        default: "low",
        flag: None,
        about: "Alerts of less than this severity are not sent by e-mail.",
        set: |config, text| put(&mut config.alerts.email_least, severity(text)),
    },
    Key {
        name: "alerts.telegram_token",
        unit: "a bot's token, or none",
        default: "none",
        flag: None,
        about: "The token of a Telegram bot that writes alerts. TRADEWIND__ALERTS__TELEGRAM_TOKEN_FILE names a file that holds it.",
        set: |config, text| put(&mut config.alerts.telegram_token, token(text)),
    },
    Key {
        name: "alerts.telegram_chat",
        unit: "a chat's id or @name, or none",
        default: "none",
        flag: None,
        about: "The Telegram chat that the bot writes to.",
        set: |config, text| put(&mut config.alerts.telegram_chat, chat(text)),
    },
    Key {
        name: "alerts.telegram_api",
        unit: "https://HOST",
        default: "https://api.telegram.org",
        flag: None,
        about: "Where Telegram's Bot API is, for those who run one of their own.",
        set: |config, text| {
            let found = url(text, &["https://", "http://"]);
            put(
                &mut config.alerts.telegram_api,
                found.and_then(|url| url.ok_or_else(|| "is no address".to_owned())),
            )
        },
    },
    Key {
        name: "alerts.telegram_least",
        unit: LEAST,
        default: "low",
        flag: None,
        about: "Alerts of less than this severity are not sent by Telegram.",
        set: |config, text| put(&mut config.alerts.telegram_least, severity(text)),
    },
    Key {
        name: "alerts.redis",
        unit: "true or false",
        default: "true",
        flag: None,
        about: "Publishes alerts as JSON on the channel PREFIX:alerts of the Redis at cache.redis, where there is one.",
        set: |config, text| put(&mut config.publish_alerts, parse(text, "true or false")),
    },
    Key {
        name: "alerts.private_addresses",
        unit: "true or false",
        default: "false",
        flag: None,
        about: "Lets the webhook and Telegram's address lead to this machine, to private networks, and to http://.",
        set: |config, text| put(&mut config.alerts.private_addresses, parse(text, "true or false")),
    },
    Key {
        name: "alerts.service",
        unit: "text of 1 to 60 characters",
        default: "tradewind",
        flag: None,
        about: "What this service calls itself in messages; an instance with a name (stream.instance) adds it: tradewind (a).",
        set: |config, text| put(&mut config.alerts.service, service(text)),
    },
];

fn severity(text: &str) -> Result<Severity, String> {
    Severity::parse(text).ok_or_else(|| format!("is not {LEAST}"))
}

/// What is behind the scheme is looked at when the channel is made; the reason never holds it.
fn url(text: &str, schemes: &[&str]) -> Result<Option<String>, String> {
    match text {
        "none" => Ok(None),
        url if schemes.iter().any(|scheme| url.starts_with(scheme)) => Ok(Some(url.to_owned())),
        _ => Err(format!("does not begin with {}", schemes.join(" or "))),
    }
}

fn address(text: &str) -> Result<Option<String>, String> {
    match text {
        "none" => Ok(None),
        text if text.contains('@') && !text.contains(['\n', '\r']) => Ok(Some(text.to_owned())),
        _ => Err("is not an address like desk@example.org".to_owned()),
    }
}

fn addresses(text: &str) -> Result<Vec<String>, String> {
    words(text).iter().map(|one| address(one).map(Option::unwrap_or_default)).collect()
}

fn token(text: &str) -> Result<Option<String>, String> {
    match text {
        "none" => Ok(None),
        text if text.contains(':') => Ok(Some(text.to_owned())),
        _ => Err("is not a token like 123456:ABC-DEF".to_owned()),
    }
}

fn chat(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '@' | '_');
    match text {
        "none" => Ok(String::new()),
        text if !text.is_empty() && text.chars().all(good) => Ok(text.to_owned()),
        _ => Err("is not a chat like -1001234567890 or @desk".to_owned()),
    }
}

fn service(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ':' | '/' | '(' | ')');
    if (1..=60).contains(&text.chars().count()) && text.chars().all(good) {
        return Ok(text.to_owned());
    }
    Err("is not 1 to 60 letters, digits, spaces and - _ . : / ( )".to_owned())
}
