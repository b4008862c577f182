//! Alerts by e-mail: SMTP with TLS and authentication as the URL says (`smtps://`, or `smtp://…?tls=required`).

use std::net::IpAddr;
use std::time::Duration;

use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport as _, Tokio1Executor};
use url::Url;

use crate::message::Message;

/// How long each step of the conversation may take.
const STEP_MAX: Duration = Duration::from_secs(10);

/// A way to a mail server.
#[derive(Clone, Debug)]
pub(crate) struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Email {
    /// Reads a server's URL and addresses; the reason never holds the password.
    pub(crate) fn new(url: &str, from: &str, to: &[String]) -> Result<Self, String> {
        let mailbox = |text: &str| -> Result<Mailbox, String> {
            text.parse().map_err(|_| format!("{text:?} is no address like desk@example.org"))
        };
        if to.is_empty() {
            return Err("nobody is named in alerts.email_to".to_owned());
        }
        let unread =
            || "the server is not given as smtp://HOST:PORT or smtps://USER:PASSWORD@HOST".to_owned();
        if tells_its_password(&Url::parse(url).map_err(|_| unread())?) {
            return Err(
                "the password would be sent so that everybody on the way can read it: write smtps://, or \
                        smtp://…?tls=required"
                    .to_owned(),
            );
        }
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| unread())?
            .timeout(Some(STEP_MAX))
            .build();
        let to = to.iter().map(|one| mailbox(one)).collect::<Result<_, _>>()?;
        Ok(Self { transport, from: mailbox(from)?, to })
    }

    /// Whom it goes to.
    pub(crate) fn recipients(&self) -> String {
        self.to.iter().map(|to| to.email.to_string()).collect::<Vec<_>>().join(", ")
    }

    pub(crate) async fn send(&self, message: &Message) -> Result<(), String> {
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .subject(message.subject())
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        let mail = builder.body(message.text()).map_err(|error| error.to_string())?;
        self.transport.send(mail).await.map(|_| ()).map_err(|error| reason(&error))
    }
}

/// Whether a password would go, or could be made to go, over a network in clear. `tls=opportunistic` is what a thief in between
/// switches off (RFC 3207, 6). This machine is no network.
fn tells_its_password(url: &Url) -> bool {
    let is_safe = url.scheme() == "smtps"
        || url.query_pairs().any(|(name, value)| name == "tls" && value == "required");
    // To the parser an address of version 4 is a name here: the scheme is none that it knows.
    let is_here = url.host_str().is_some_and(|host| {
        let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
    });
    url.password().is_some() && !is_safe && !is_here
}

/// The error with its causes: lettre's own text is only the kind.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(&format!(": {inner_text}"));
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_goes_over_a_network_in_clear() {
        let to = ["ops@example.org".to_owned()];
        for (url, good) in [
            ("smtps://desk:hunter2@mail.example.org", true),
            ("smtp://desk:hunter2@mail.example.org:587?tls=required", true),
            ("smtp://desk:hunter2@mail.example.org:587", false),
            ("smtp://desk:hunter2@mail.example.org:587?tls=opportunistic", false),
            ("smtp://desk:hunter2@192.0.2.7:25", false),
            ("smtp://mail.example.org:25", true),
            ("smtp://desk:hunter2@127.0.0.1:25", true),
            ("smtp://desk:hunter2@[::1]:25", true),
            ("smtp://desk:hunter2@localhost:25", true),
        ] {
            let made = Email::new(url, "desk@example.org", &to);
            assert_eq!(made.is_ok(), good, "{url}");
            assert!(made.err().is_none_or(|why| why.contains("tls=required") && !why.contains("hunter2")));
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        let to = ["ops@example.org".to_owned()];
        assert!(Email::new("smtp://127.0.0.1:25", "desk@example.org", &to).is_ok());
        for (url, from, to) in [
            ("http://127.0.0.1", "desk@example.org", &to[..]),
            ("smtps://u:hunter2@", "desk@example.org", &to[..]),
            ("smtp://127.0.0.1", "desk", &to[..]),
            ("smtp://127.0.0.1", "desk@example.org", &[]),
            ("smtp://127.0.0.1", "desk@example.org", &["a b".to_owned()][..]),
        ] {
            let why = Email::new(url, from, to).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
