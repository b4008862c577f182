//! A server while it runs and while it ends: what it says about itself, what SIGHUP changes, how it stops.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::person::Person;
use crate::program::{Server, ask, run_in};

fn hang_up(server: &Server) {
    let pid = Pid::from_raw(i32::try_from(server.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::HUP).unwrap();
}

/// Asks until it is so: what is waited for is under way.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !so() {
        assert!(std::time::Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn status_says_how_the_server_is_and_code_4_that_there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let status = |extra: &[&str]| {
        let mut command = crate::program::tradewind(&["status", "--data-dir"]);
        crate::program::finish(command.arg(dir.path()).args(extra).env("TRADEWIND__API__ADDR", &free))
    };
    let nobody = status(&["--json"]);
    assert_eq!((nobody.code, nobody.json()["error"]["what"].as_str()), (4, Some("no server can be reached")));
    let server = Server::start(dir.path());
    let told = status(&["--json"]);
    assert_eq!(told.code, 0, "{}", told.err);
    let told = told.json();
    assert_eq!(told["address"], format!("http://{}", server.api()));
    assert_eq!(
        (told["ready"].as_bool(), told["version"].as_str()),
        (Some(true), Some(env!("CARGO_PKG_VERSION")))
    );
    let parts: Vec<&str> =
        told["parts"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    for part in ["database", "exchange", "tables", "bots", "timers", "stream"] {
        assert!(parts.contains(&part), "{part}: {parts:?}");
    }
    let promises = told["promises"].as_array().unwrap();
    assert!(promises.iter().any(|p| p["name"] == "api_p95" && p["verdict"].is_string()), "{promises:?}");
    let words = status(&[]);
    for word in ["Tradewind", "ready", "database", "api_p95", "200 ms"] {
        assert!(words.out.contains(word), "{word}: {}", words.out);
    }
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
    assert!(!dir.path().join("serving.json").exists());
    assert_eq!(status(&[]).code, 4);
}

#[test]
fn what_answers_but_is_no_server_of_ours_is_code_4() {
    let dir = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 512]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        }
    });
    let mut command = crate::program::tradewind(&["status", "--json", "--data-dir"]);
    let done = crate::program::finish(command.arg(dir.path()).env("TRADEWIND__API__ADDR", addr));
    assert!(done.code == 4 && done.out.contains("no Tradewind"), "{}", done.out);
}

/// A configuration file and a server that has it.
fn configured(dir: &Path, text: &str) -> (std::path::PathBuf, Server) {
    let file = dir.join("tradewind.toml");
    std::fs::write(&file, text).unwrap();
    let options = ["--no-participants", "--config", file.to_str().unwrap()];
    let server = Server::start_quiet(&dir.join("data"), &options);
    (file, server)
}

#[test]
fn a_hang_up_takes_over_what_can_be_and_a_fault_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("tradewind.log");
    let text = |frontend: &str, level: &str, more: &str| {
        format!(
            "[api]\nfrontend = \"{frontend}\"\n[log]\nfilter = \"{level}\"\nfile = \"{}\"\n{more}",
            log.display()
        )
    };
    let (file, server) = configured(dir.path(), &text("https://a.example", "info", ""));
    let allowed = |origin: &str| {
        let answer = ask(server.api(), "GET", "/api/health", &[("Origin", origin)], "");
        answer.head.contains(&format!("access-control-allow-origin: {origin}"))
    };
    let logged = |what: &str| std::fs::read_to_string(&log).is_ok_and(|text| text.contains(what));
    assert!(allowed("https://a.example") && !allowed("https://b.example"));
    std::fs::write(&file, text("https://b.example", "debug", "[exchange]\nsnapshot_every = 2000\n")).unwrap();
    hang_up(&server);
    until("the change is logged", || logged("these settings wait for a restart"));
    assert!(allowed("https://b.example") && !allowed("https://a.example"));
    assert!(logged("api.frontend, log.filter") && logged("exchange.snapshot_every"));
    // A fault: nothing of the file holds.
    std::fs::write(&file, text("https://c.example", "debug", "[exchange]\nno_such_key = 1\n")).unwrap();
    hang_up(&server);
    until("the fault is logged", || logged("nothing was changed"));
    assert!(allowed("https://b.example") && !allowed("https://c.example"));
    assert!(logged("no_such_key"), "it says what is wrong");
    // logrotate moves the file away; the server opens a new one.
    std::fs::write(&file, text("https://d.example", "info", "")).unwrap();
    let moved = dir.path().join("tradewind.log.1");
    std::fs::rename(&log, &moved).unwrap();
    hang_up(&server);
    until("a new log file", || log.exists() && allowed("https://d.example"));
    let lines = std::fs::read_to_string(&moved).unwrap().lines().count();
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
    assert!(logged("the configuration was read again"));
    assert_eq!(std::fs::read_to_string(&moved).unwrap().lines().count(), lines, "the old file is let go of");
}

#[test]
fn a_log_file_that_cannot_be_opened_is_code_3() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = crate::program::tradewind(&["serve", "--no-participants", "--data-dir"]);
    command.arg(dir.path().join("data")).env("TRADEWIND__LOG__FILE", "/no/such/folder/x.log");
    let done = crate::program::finish(&mut command);
    assert!(done.code == 3 && done.err.contains("log.file"), "{}", done.err);
    assert!(!dir.path().join("data").exists(), "nothing was begun");
}

#[test]
fn a_log_file_on_a_full_disk_is_told_of_and_the_service_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (told, file) = (dir.path().join("stderr"), dir.path().join("tradewind.toml"));
    // Every write to it fails as on a full disk.
    std::fs::write(&file, "[log]\nfilter = \"debug\"\nfile = \"/dev/full\"\n").unwrap();
    let stderr = std::fs::File::create(&told).unwrap();
    let mut command = crate::program::tradewind(&["serve", "--json", "--no-participants"]);
    command.args(["--exchange-addr", "127.0.0.1:0", "--api-addr", "127.0.0.1:0", "--config"]);
    command.arg(&file).arg("--data-dir").arg(dir.path().join("data"));
    let server = Server::spawn(&mut command, stderr.into());
    let root = Person::first(&server);
    let told = || std::fs::read_to_string(&told).unwrap();
    until("it is told", || told().contains("the log file cannot be written: No space left on device"));
    assert_eq!(told().matches("the log file cannot be written").count(), 1, "once");
    assert!(told().contains("DEBUG"), "no line is lost");
    let lines = root.read("/api/logs?level=error");
    assert!(lines.to_string().contains("the log file cannot be written"), "{lines}");
    // The operator gives it another place.
    let log = dir.path().join("log");
    std::fs::write(&file, format!("[log]\nfilter = \"debug\"\nfile = \"{}\"\n", log.display())).unwrap();
    hang_up(&server);
    until("the new file is written", || {
        std::fs::read_to_string(&log).is_ok_and(|text| text.contains("read again"))
    });
    assert!(told().contains("the log file can be written again"));
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
}

/// What nobody is at a terminal for: cron, systemd, nohup. It reads its configuration again, however often, and lives.
#[test]
fn a_server_without_a_terminal_lives_through_hang_ups() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let text = format!("[log]\nfilter = \"info\"\nfile = \"{}\"\n", log.display());
    let (_, server) = configured(dir.path(), &text);
    for n in 1..=3 {
        hang_up(&server);
        let again = || std::fs::read_to_string(&log).unwrap_or_default().matches("was read again").count();
        until("it is read again", || again() >= n);
        assert_eq!(ask(server.api(), "GET", "/ready", &[], "").status, 200);
    }
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
}

#[test]
fn a_stop_under_load_loses_no_order_that_was_answered_and_complains_of_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (data, log) = (dir.path().join("data"), dir.path().join("log"));
    let options = ["--participants-speed", "0"];
    let stderr = std::fs::File::create(&log).unwrap();
    let server = Server::start_logging(&data, &options, "warn", stderr.into());
    let alice = Person::first(&server).add(&server, "alice", "trader");
    let (placed, stop) = (std::sync::atomic::AtomicUsize::new(0), Signal::TERM);
    let ids: Vec<String> = std::thread::scope(|scope| {
        let traders: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut ids = Vec::new();
                    while let Some(id) = try_buy(&alice) {
                        ids.push(id);
                        placed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    }
                    ids
                })
            })
            .collect();
        until("orders flow", || placed.load(std::sync::atomic::Ordering::Relaxed) > 60);
        assert_eq!(server.stop(stop).code(), Some(0));
        traders.into_iter().flat_map(|trader| trader.join().unwrap()).collect()
    });
    let complaints = std::fs::read_to_string(&log).unwrap();
    assert!(!complaints.contains("tables") && !complaints.contains("ERROR"), "{complaints}");

    let server = Server::start_with(&data, &options);
    let alice = Person::login(&server, "alice");
    for id in &ids {
        let order = alice.read(&format!("/api/orders/{id}"));
        assert_eq!(order["status"], "filled", "{order}");
    }
    assert_eq!(alice.read("/api/orders?status=pending"), serde_json::json!([]));
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
}

/// A market order's id; `None` once the server is gone or says that it stops.
fn try_buy(person: &Person) -> Option<String> {
    let body = r#"{"symbol":"BTCUSDT","side":"buy","quantity":"0.0001","order_type":"market"}"#;
    let mut stream = TcpStream::connect(person.addr).ok()?;
    let head = format!(
        "POST /api/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        person.token,
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let order: serde_json::Value = serde_json::from_str(body).ok()?;
    head.contains(" 201 ").then(|| order["id"].as_str().map(str::to_owned)).flatten()
}

#[test]
fn a_server_that_is_told_to_stop_is_not_ready_first_and_answers_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let (_, server) = configured(dir.path(), "[api]\ndrain = 600\n");
    assert_eq!(ask(server.api(), "GET", "/ready", &[], "").status, 200);
    let api = server.api();
    let pid = Pid::from_raw(i32::try_from(server.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    until("/ready says no", || ask(api, "GET", "/ready", &[], "").status == 503);
    let ready = ask(api, "GET", "/ready", &[], "").json();
    assert_eq!(
        (ready["ready"].as_bool(), ready["down"].to_string().contains("stopping")),
        (Some(false), true)
    );
    assert_eq!(ask(api, "GET", "/api/health", &[], "").status, 200, "everything else is answered");
    assert_eq!(run_in(&dir.path().join("data"), &["status"]).code, 1, "it is there and not ready");
    // A request that is open when the wait ends is answered: its body comes in two parts.
    let mut open = TcpStream::connect(api).unwrap();
    let body = r#"{"requests":[{"symbol":"BTCUSDT","interval":"1m","limit":1}]}"#;
    let (first, rest) = body.split_at(10);
    let head = format!(
        "POST /api/candles/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{first}",
        body.len()
    );
    open.write_all(head.as_bytes()).unwrap();
    // The server has accepted it once it answers somebody who came later.
    assert_eq!(ask(api, "GET", "/api/health", &[], "").status, 200);
    kill_process(pid, Signal::TERM).unwrap();
    until("new connections are refused", || TcpStream::connect(api).is_err());
    open.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn an_audit_log_that_was_rewritten_is_found_by_the_signature_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    Person::first(&server);
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
    let kept = dir.path().join("audit.checkpoint");
    assert!(kept.exists(), "signed when the server stopped");
    let verify = |extra: &[&str]| run_in(dir.path(), &[&["audit", "verify", "--json"], extra].concat());
    let sound = verify(&[]);
    assert!(sound.code == 0 && sound.json()["checkpoints"].as_u64() >= Some(1), "{}", sound.out);
    let key = sound.json()["key"].as_str().unwrap().to_owned();
    // Another key file: what was signed before was signed by somebody else, unless the operator vouches for it.
    let own = dir.path().join("platform.key");
    let bytes = std::fs::read(&own).unwrap();
    std::fs::write(&own, [7_u8; 64]).unwrap();
    let strange = verify(&[]);
    assert!(strange.code == 1 && strange.json()["fault"]["why"].as_str().unwrap().contains("another key"));
    assert_eq!(verify(&["--key", &key]).code, 0);
    assert_eq!(verify(&["--key", "12"]).code, 2);
    std::fs::write(&own, bytes).unwrap();
    // The log is emptied in the database, signatures and all: the one beside it remembers.
    let script = "DELETE FROM audit_log; DELETE FROM audit_checkpoints; UPDATE audit_head SET seq = 0, hash = zeroblob(32);";
    let database = dir.path().join("platform.db");
    let done = std::process::Command::new("sqlite3")
        .arg(database)
        .arg(script)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    let emptied = verify(&[]);
    assert!(
        emptied.code == 1 && emptied.json()["fault"]["why"].as_str().unwrap().contains("missing"),
        "{}",
        emptied.out
    );
}
