//! The channels: what the operator configured, made into ways to tell people.

use std::time::Duration;

use alerts::Severity;
use serde_json::json;

use crate::email::Email;
use crate::message::Message;
use crate::outbound::{OutboundError, Reach, Target};

/// How long Redis may take.
const REDIS_MAX: Duration = Duration::from_secs(2);

/// What the operator configured. Secrets in it: never printed.
#[derive(Clone)]
pub struct Settings {
    /// Whether alerts are written to the log.
    pub console: bool,
    /// Address of an incoming webhook in Slack's form.
    pub webhook: Option<String>,
    /// Least severity of its alerts.
    pub webhook_least: Severity,
    /// The mail server: `smtps://USER:PASSWORD@HOST:PORT` or `smtp://HOST:PORT`.
    pub email_smtp: Option<String>,
    /// Sender.
    pub email_from: String,
    /// Receivers.
    pub email_to: Vec<String>,
    /// Least severity of its alerts.
    pub email_least: Severity,
    /// A Telegram bot's token.
    pub telegram_token: Option<String>,
    /// The chat it writes to.
    pub telegram_chat: String,
    /// Where Telegram's Bot API is.
    pub telegram_api: String,
    /// Least severity of its alerts.
    pub telegram_least: Severity,
    /// Redis, where alerts are published.
    pub redis: Option<String>,
    /// The name of the Redis channel.
    pub redis_channel: String,
    /// Redis in which instances agree who of them tells, and what is in front of its keys; none: each tells.
    pub agree: Option<(String, String)>,
    /// Whether webhooks may go to this machine and private networks.
    pub private_addresses: bool,
    /// What the service calls itself.
    pub service: String,
}

impl Default for Settings {
    /// The log alone.
    fn default() -> Self {
        Self {
            console: true,
            webhook: None,
            webhook_least: Severity::Low,
            email_smtp: None,
            email_from: String::new(),
            email_to: Vec::new(),
            email_least: Severity::Low,
            telegram_token: None,
            telegram_chat: String::new(),
            telegram_api: "https://api.telegram.org".to_owned(),
            telegram_least: Severity::Low,
            redis: None,
            redis_channel: "tradewind:alerts".to_owned(),
            agree: None,
            private_addresses: false,
            service: "tradewind".to_owned(),
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("console", &self.console).finish_non_exhaustive()
    }
}

/// Why a channel cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The webhook's address is not acceptable.
    #[error("alerts.webhook: {0}")]
    Webhook(#[source] OutboundError),
    /// The mail server or an address is not acceptable.
    #[error("alerts.email: {0}")]
    Email(String),
    /// The bot's settings are not acceptable.
    #[error("alerts.telegram: {0}")]
    Telegram(String),
    /// The URL of Redis makes no sense.
    #[error("alerts.redis: the URL makes no sense")]
    Redis,
}

/// A way to tell people.
#[derive(Debug)]
pub(crate) enum Channel {
    Console,
    Webhook(Target),
    Email(Box<Email>),
    Telegram { target: Target, chat: String },
    Redis { client: redis::Client, name: String },
}

/// The names of all channels, configured or not.
pub(crate) const NAMES: [&str; 5] = ["console", "webhook", "email", "telegram", "redis"];

impl Channel {
    /// Those that are configured, each with the least severity of what it is told.
    pub(crate) fn all(settings: &Settings) -> Result<Vec<(Self, Severity)>, SettingsError> {
        let reach = if settings.private_addresses { Reach::Anywhere } else { Reach::Public };
        let mut all = Vec::new();
        if settings.console {
            all.push((Self::Console, Severity::Low));
        }
        if let Some(url) = &settings.webhook {
            let target = Target::new(url, reach).map_err(SettingsError::Webhook)?;
            all.push((Self::Webhook(target), settings.webhook_least));
        }
        if let Some(url) = &settings.email_smtp {
            let email =
                Email::new(url, &settings.email_from, &settings.email_to).map_err(SettingsError::Email)?;
            all.push((Self::Email(Box::new(email)), settings.email_least));
        }
        if let Some(token) = &settings.telegram_token {
            all.push((telegram(settings, token, reach)?, settings.telegram_least));
        }
        if let Some(url) = &settings.redis {
            let client = redis::Client::open(url.as_str()).map_err(|_| SettingsError::Redis)?;
            all.push((Self::Redis { client, name: settings.redis_channel.clone() }, Severity::Low));
        }
        Ok(all)
    }

    /// Its name.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Console => NAMES[0],
            Self::Webhook(_) => NAMES[1],
            Self::Email(_) => NAMES[2],
            Self::Telegram { .. } => NAMES[3],
            Self::Redis { .. } => NAMES[4],
        }
    }

    /// Whether it is this instance's own affair, which no other one can tell for it.
    pub(crate) const fn is_own(&self) -> bool {
        matches!(self, Self::Console)
    }

    /// Where it leads, without secrets.
    pub(crate) fn target(&self) -> String {
        match self {
            Self::Console => "the service's log".to_owned(),
            Self::Webhook(target) => target.host(),
            Self::Email(email) => email.recipients(),
            Self::Telegram { chat, .. } => format!("chat {chat}"),
            Self::Redis { name, .. } => format!("channel {name}"),
        }
    }

    /// One attempt; the reason has no secrets.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), String> {
        match self {
            Self::Console => {
                write_to_log(message);
                Ok(())
            }
            Self::Webhook(target) => {
                target.post(&message.slack().to_string()).await.map_err(|error| error.to_string())
            }
            Self::Email(email) => email.send(message).await,
            Self::Telegram { target, chat } => {
                let body = json!({ "chat_id": chat, "text": message.text() });
                target.post(&body.to_string()).await.map_err(|error| error.to_string())
            }
            Self::Redis { client, name } => publish(client, name, message).await,
        }
    }
}

fn telegram(settings: &Settings, token: &str, reach: Reach) -> Result<Channel, SettingsError> {
    let wrong = |why: &str| Err(SettingsError::Telegram(why.to_owned()));
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-');
    if token.is_empty() || !token.chars().all(good) {
        return wrong("the token is not one that @BotFather gives, like 123456:ABC-DEF");
    }
    let chat = settings.telegram_chat.trim();
    if chat.is_empty() {
        return wrong("alerts.telegram_chat names no chat");
    }
    let url = format!("{}/bot{token}/sendMessage", settings.telegram_api.trim_end_matches('/'));
    let target = Target::new(&url, reach).map_err(|error| SettingsError::Telegram(error.to_string()))?;
    Ok(Channel::Telegram { target, chat: chat.to_owned() })
}

fn write_to_log(message: &Message) {
    if message.entries.is_empty() {
        tracing::warn!(target: "alerts", "a test message: alerts are written here");
    }
    for entry in &message.entries {
        let (rule, severity, value) = (entry.rule.as_str(), entry.severity.word(), entry.value);
        let labels: Vec<String> =
            entry.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let labels = labels.join(" ");
        if entry.firing {
            tracing::warn!(target: "alerts", alert = rule, severity, labels, value, again = entry.again, "{}", entry.summary);
        } else {
            tracing::info!(target: "alerts", alert = rule, severity, labels, "an alert is over");
        }
    }
}

async fn publish(client: &redis::Client, name: &str, message: &Message) -> Result<(), String> {
    let told = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        let text = message.json().to_string();
        redis::cmd("PUBLISH").arg(name).arg(text).query_async::<i64>(&mut connection).await
    };
    match tokio::time::timeout(REDIS_MAX, told).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("Redis did not answer within 2 seconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused_at_the_start_and_secrets_are_not_shown() {
        let with = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            Channel::all(&settings).map(|all| all.len())
        };
        assert_eq!(with(|_| ()), Ok(1));
        assert!(matches!(
            with(|s| s.webhook = Some("http://10.0.0.7/hook".into())),
            Err(SettingsError::Webhook(_))
        ));
        assert_eq!(
            with(|s| (s.webhook, s.private_addresses) = (Some("http://10.0.0.7/hook".into()), true)),
            Ok(2)
        );
        assert!(with(|s| s.telegram_token = Some("123:abc".into())).is_err(), "no chat");
        assert_eq!(
            with(|s| (s.telegram_token, s.telegram_chat) = (Some("123:abc".into()), "-100".into())),
            Ok(2)
        );
        let broken = with(|s| (s.telegram_token, s.telegram_chat) = (Some("1/../x?".into()), "1".into()));
        assert!(broken.is_err());
        assert!(with(|s| s.email_smtp = Some("smtp://localhost".into())).is_err(), "nobody to tell");
        assert_eq!(with(|s| s.redis = Some("http://x".into())), Err(SettingsError::Redis));
        let mut settings = Settings::default();
        (settings.telegram_token, settings.telegram_chat) = (Some("123:secret".into()), "-100".into());
        let all = Channel::all(&settings).unwrap();
        assert!(!all[1].0.target().contains("secret") && !format!("{settings:?}").contains("secret"));
    }
}
