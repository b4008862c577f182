//! Alerts arrive where people look: real sockets, a real SMTP conversation, a real Redis.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it did not expect, and says what it skips"
)]

mod redis;
mod sinks;

use alerts::Severity;
use notify::{Entry, Message, Notifier, Settings};
use serde_json::Value;
use sinks::{HttpSink, MailSink};

/// Settings that may reach this machine.
fn local() -> Settings {
    Settings { private_addresses: true, service: "desk".to_owned(), ..Settings::default() }
}

fn entry(rule: &str, severity: Severity) -> Entry {
    Entry {
        rule: rule.to_owned(),
        severity,
        labels: vec![("route".to_owned(), "/api/orders".to_owned())],
        value: Some(0.71),
        threshold: 0.5,
        summary: "One in twenty answers of a route takes more than half a second.".to_owned(),
        firing: true,
        again: false,
    }
}

fn message(entries: Vec<Entry>) -> Message {
    Message { service: "desk".to_owned(), at: "2026-11-26T05:00:00Z".to_owned(), entries }
}

#[tokio::test]
async fn a_webhook_gets_slacks_form_and_only_what_is_bad_enough() {
    let sink = HttpSink::start("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let settings = Settings {
        webhook: Some(format!("http://{}/services/T0/B0/s3cret?x=1", sink.addr)),
        webhook_least: Severity::High,
        ..local()
    };
    let notifier = Notifier::new(&settings).unwrap();
    let mild = notifier.tell(&message(vec![entry("HighAPILatency", Severity::Medium)])).await;
    assert_eq!(mild.iter().map(|d| d.channel).collect::<Vec<_>>(), ["console"], "too mild for the webhook");
    let both = vec![entry("HighErrorRate", Severity::Critical), entry("HighAPILatency", Severity::Medium)];
    let told = notifier.tell(&message(both)).await;
    assert!(told.iter().any(|d| d.channel == "webhook" && d.failure.is_none()), "{told:?}");
    let (head, body) = sink.next().await;
    assert!(head.starts_with("POST /services/T0/B0/s3cret?x=1 HTTP/1.1\r\n"), "{head}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["attachments"].as_array().map(Vec::len), Some(1), "{body}");
    assert_eq!(body["attachments"][0]["title"], "FIRING HighErrorRate route=/api/orders");
    let standing = notifier.standings().into_iter().find(|s| s.name == "webhook").unwrap();
    assert_eq!((standing.sent, standing.failed, standing.breaker), (1, 0, "closed"));
    assert!(!format!("{standing:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_failure_says_why() {
    let inner = HttpSink::start("HTTP/1.1 200 OK\r\n\r\n").await;
    let answer =
        format!("HTTP/1.1 302 Found\r\nLocation: http://{}/\r\nContent-Length: 0\r\n\r\n", inner.addr);
    let sink = HttpSink::start(&answer).await;
    let settings = Settings { webhook: Some(format!("http://{}/hook", sink.addr)), ..local() };
    let notifier = Notifier::new(&settings).unwrap();
    let told = notifier.test(Some("webhook"), &message(Vec::new())).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].failure.as_deref().is_some_and(|why| why.contains("status 302")), "{told:?}");
    assert_eq!(inner.count(), 0, "nobody followed it");
    // Nobody listens: five tests in a row open the breaker, and alerts are not even tried.
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let settings = Settings { webhook: Some(format!("http://{gone}/hook")), ..local() };
    let notifier = Notifier::new(&settings).unwrap();
    for _ in 0..5 {
        let told = notifier.test(Some("webhook"), &message(Vec::new())).await;
        assert!(told[0].failure.as_deref().is_some_and(|why| why.contains("cannot be reached")), "{told:?}");
    }
    let told = notifier.tell(&message(vec![entry("HighErrorRate", Severity::Critical)])).await;
    let webhook = told.iter().find(|d| d.channel == "webhook").unwrap();
    assert!(webhook.failure.as_deref().is_some_and(|why| why.contains("too often")), "{told:?}");
    let standing = notifier.standings().into_iter().find(|s| s.name == "webhook").unwrap();
    assert_eq!((standing.breaker, standing.failed), ("open", 6));
}

#[tokio::test]
async fn telegram_gets_the_text_under_the_bots_address() {
    let sink = HttpSink::start("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"ok\":true}").await;
    let settings = Settings {
        telegram_token: Some("123:AbC".to_owned()),
        telegram_chat: "-1001".to_owned(),
        telegram_api: format!("http://{}", sink.addr),
        ..local()
    };
    let notifier = Notifier::new(&settings).unwrap();
    notifier.tell(&message(vec![entry("HighErrorRate", Severity::Critical)])).await;
    let (head, body) = sink.next().await;
    assert!(head.starts_with("POST /bot123:AbC/sendMessage HTTP/1.1\r\n"), "{head}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["chat_id"], "-1001");
    assert!(body["text"].as_str().is_some_and(|text| text.contains("FIRING HighErrorRate")), "{body}");
}

#[tokio::test]
async fn a_mail_arrives_with_sender_receivers_and_subject() {
    let sink = MailSink::start().await;
    let settings = Settings {
        email_smtp: Some(format!("smtp://{}", sink.addr)),
        email_from: "Tradewind <desk@example.org>".to_owned(),
        email_to: vec!["ops@example.org".to_owned(), "boss@example.org".to_owned()],
        ..local()
    };
    let notifier = Notifier::new(&settings).unwrap();
    let told = notifier.tell(&message(vec![entry("HighErrorRate", Severity::Critical)])).await;
    assert!(told.iter().all(|d| d.failure.is_none()), "{told:?}");
    let mail = sink.next().await;
    for part in [
        "MAIL FROM:<desk@example.org>",
        "RCPT TO:<ops@example.org>",
        "RCPT TO:<boss@example.org>",
        "Subject: [tradewind] [critical] FIRING HighErrorRate",
        "takes more than half a second. It is",
    ] {
        assert!(mail.contains(part), "{part} is not in\n{mail}");
    }
}

#[tokio::test]
async fn a_mail_server_that_refuses_is_told_with_its_words() {
    let sink = MailSink::refusing().await;
    let settings = Settings {
        email_smtp: Some(format!("smtp://{}", sink.addr)),
        email_from: "desk@example.org".to_owned(),
        email_to: vec!["ops@example.org".to_owned()],
        ..local()
    };
    let notifier = Notifier::new(&settings).unwrap();
    let told = notifier.test(Some("email"), &message(Vec::new())).await;
    let why = told[0].failure.clone().unwrap_or_default();
    assert!(why.contains("550"), "{why}");
}
