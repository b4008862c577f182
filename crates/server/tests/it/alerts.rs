//! Alerts for people on the real server: history, rules, runbooks, acknowledgement, silences, channels.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::person::Person;
use crate::program::{Server, ask};

/// What an earlier run left in the tables: one alert for each of the routes, `open` of them not over.
fn leave_alerts(dir: &Path, routes: &[&str], open: usize) {
    let url = format!("sqlite:{}", dir.join("platform.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = store::Store::at(&url).await.unwrap();
        for (n, route) in routes.iter().enumerate() {
            let at = store::Ts::now().plus_seconds(i64::try_from(n).unwrap() - 1_000);
            let alert = store::alerts::Alert {
                id: store::AlertId::new(),
                user_id: None,
                scope: String::new(),
                rule: "HighAPILatency".into(),
                severity: store::alerts::Severity::Medium,
                state: store::alerts::AlertState::Firing,
                subject: (*route).into(),
                message: "It is 0.900, the bound is 0.5.".into(),
                detail: json!({ "value": 0.9, "threshold": 0.5, "labels": { "route": route } }).to_string(),
                occurrences: 1,
                created_at: at,
                updated_at: at,
                resolved_at: None,
                acknowledged_by: None,
                acknowledged_at: None,
            };
            let over = n >= open;
            let kept = store.write(move |tx| {
                Box::pin(async move {
                    store::alerts::raise(tx, &alert).await?;
                    if over {
                        store::alerts::resolve(tx, None, &alert.rule, &alert.subject, at).await?;
                    }
                    Ok::<_, store::StoreError>(())
                })
            });
            kept.await.unwrap();
        }
        store.close().await;
    });
}

fn start(dir: &Path, config: &str) -> Server {
    let file = dir.join("tradewind.toml");
    std::fs::write(&file, config).unwrap();
    Server::start_with(
        dir,
        &["--no-participants", "--durability", "buffered", "--config", file.to_str().unwrap()],
    )
}

#[test]
fn what_was_wrong_is_a_history_and_what_is_wrong_can_be_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), "");
    let root = Person::first(&server);
    assert_eq!(root.read("/api/alerts"), json!([]));
    // Written beside the running server, after it has ended what an earlier run left behind.
    root.until("/api/alerts/rules", |rules| rules[0]["state"] != "unknown");
    leave_alerts(dir.path(), &["/a", "/b", "/c"], 1);
    let all = root.read("/api/alerts");
    let routes = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|a| a["labels"]["route"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(routes(&all), ["/c", "/b", "/a"], "newest first");
    assert_eq!(routes(&root.read("/api/alerts?state=resolved")), ["/c", "/b"]);
    assert_eq!(routes(&root.read("/api/alerts?limit=1")), ["/c"]);
    let before = all[1]["since"].as_str().unwrap();
    assert_eq!(routes(&root.read(&format!("/api/alerts?before={before}"))), ["/a"]);
    assert_eq!(root.get("/api/alerts?state=nonsense").status, 400);
    let open = root.read("/api/alerts?state=firing");
    let alert = &open[0];
    let fields: BTreeSet<&str> = alert.as_object().unwrap().keys().map(String::as_str).collect();
    let wanted = [
        "acknowledged_at",
        "acknowledged_by",
        "alert_id",
        "labels",
        "resolved_at",
        "rule",
        "runbook",
        "severity",
        "since",
        "state",
        "summary",
        "threshold",
        "value",
    ];
    assert_eq!(fields, wanted.into_iter().collect());
    assert_eq!((alert["value"].as_f64(), alert["threshold"].as_f64()), (Some(0.9), Some(0.5)));
    let page = root.get(alert["runbook"].as_str().unwrap());
    assert!(
        page.body.starts_with("# HighAPILatency\n") && page.head.contains("text/markdown"),
        "{}",
        page.head
    );
    assert_eq!(root.get("/api/alerts/rules/Nonsense/runbook").status, 404);
    let path = format!("/api/alerts/{}/acknowledge", alert["alert_id"].as_str().unwrap());
    let trader = root.add(&server, "tara", "trader");
    assert_eq!(trader.ask("POST", &path, "").status, 403);
    let known = root.ask("POST", &path, "").json();
    assert_eq!((known["acknowledged_by"].as_str(), known["state"].as_str()), (Some("root"), Some("firing")));
    assert_eq!(
        root.ask("POST", &path, "").json()["acknowledged_at"],
        known["acknowledged_at"],
        "the first one stays"
    );
    let over = format!("/api/alerts/{}/acknowledge", all[0]["alert_id"].as_str().unwrap());
    assert_eq!(root.ask("POST", &over, "").status, 404);
    server.stop(Signal::TERM);
}

#[test]
fn rules_say_how_they_stand_and_are_silenced_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), "");
    let root = Person::first(&server);
    let rules = root.read("/api/alerts/rules");
    let of = |name: &str| rules.as_array().unwrap().iter().find(|rule| rule["rule"] == name).unwrap().clone();
    assert_eq!(rules.as_array().map(Vec::len), Some(15));
    assert_eq!(
        (of("HighAPILatency")["by"].as_str(), of("HighErrorRate")["cool_down_s"].as_i64()),
        (Some("route"), Some(30))
    );
    let until = |seconds: i64| api_time(store::Ts::now().plus_seconds(seconds));
    for (body, code) in [
        (json!({ "rule": "Nonsense", "until": until(60), "comment": "x" }), "rule"),
        (json!({ "rule": "*", "until": until(-60), "comment": "x" }), "until"),
        (json!({ "rule": "*", "until": until(31 * 86_400), "comment": "x" }), "until"),
        (json!({ "rule": "*", "until": until(60), "comment": "  " }), "comment"),
    ] {
        let answer = root.post("/api/alerts/silences", &body);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (422, Some(code)), "{}", answer.body);
    }
    let body = json!({ "rule": "HighCPUUsage", "until": until(3_600), "comment": "a long back-test" });
    let made = root.post("/api/alerts/silences", &body);
    assert_eq!(made.status, 201, "{}", made.body);
    let listed = root.read("/api/alerts/silences");
    assert_eq!(listed, json!([made.json()]));
    assert_eq!(
        (listed[0]["created_by"].as_str(), listed[0]["comment"].as_str()),
        (Some("root"), Some("a long back-test"))
    );
    let path = format!("/api/alerts/silences/{}", listed[0]["silence_id"].as_str().unwrap());
    assert_eq!(root.ask("DELETE", &path, "").status, 204);
    assert_eq!((root.ask("DELETE", &path, "").status, root.read("/api/alerts/silences")), (404, json!([])));
    let noted = root.read("/api/audit?action=alert.silence");
    assert_eq!(noted[0]["detail"]["rule"], "HighCPUUsage", "{noted}");
    // Reading is for those who may see the service's numbers, changing for administrators.
    let trader = root.add(&server, "tara", "trader");
    assert_eq!(trader.post("/api/alerts/silences", &body).status, 403);
    assert_eq!(
        ask(server.api(), "GET", "/api/alerts", &[("X-Forwarded-For", "203.0.113.9")], "").status,
        401
    );
    server.stop(Signal::TERM);
}

fn api_time(at: store::Ts) -> String {
    api::wire::rfc3339(at.time())
}

#[test]
fn a_test_message_shows_which_channels_work() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut part = [0; 1_024];
        while !request.ends_with(b"}") {
            let len = stream.read(&mut part).unwrap();
            request.extend_from_slice(&part[..len]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        String::from_utf8(request).unwrap()
    });
    let dir = tempfile::tempdir().unwrap();
    let config = format!(
        "[alerts]\nservice = \"desk\"\nprivate_addresses = true\nwebhook = \"http://{addr}/s3cret\"\n"
    );
    let server = start(dir.path(), &config);
    let root = Person::first(&server);
    let channels = root.get("/api/alerts/channels");
    assert!(!channels.body.contains("s3cret"), "{}", channels.body);
    let enabled = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap().iter().filter(|c| c["enabled"] == true);
        list.map(|c| c["channel"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(enabled(&channels.json()), ["console", "webhook"]);
    let told = root.post("/api/alerts/test", &json!({ "channel": "webhook" })).json();
    assert_eq!(told, json!([{ "channel": "webhook", "sent": true, "error": null }]));
    let said = heard.join().unwrap();
    assert!(said.starts_with("POST /s3cret HTTP/1.1") && said.contains("test message of desk"), "{said}");
    // Nobody listens there any more: that is said, and nothing of the address's secret.
    let told = root.post("/api/alerts/test", &json!({})).json();
    assert_eq!((told[0]["sent"].as_bool(), told[1]["sent"].as_bool()), (Some(true), Some(false)), "{told}");
    assert!(!told.to_string().contains("s3cret"), "{told}");
    let none = root.post("/api/alerts/test", &json!({ "channel": "telegram" }));
    assert_eq!((none.status, none.json()["code"].as_str()), (422, Some("channel")));
    server.stop(Signal::TERM);
}

#[test]
fn a_channel_that_must_not_be_is_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tradewind.toml");
    std::fs::write(&file, "[alerts]\nwebhook = \"https://169.254.169.254/latest/s3cret\"\n").unwrap();
    let done = crate::program::run_in(
        dir.path(),
        &[
            "serve",
            "--exchange-addr",
            "127.0.0.1:0",
            "--api-addr",
            "127.0.0.1:0",
            "--config",
            file.to_str().unwrap(),
        ],
    );
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains("a link-local network") && !done.err.contains("s3cret"), "{}", done.err);
}
