//! `tradewind loadtest` against the real server: requests, the stream, storms, baselines, and what is refused.

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::Value;

use crate::person::{PASSWORD, Person};
use crate::program::{Done, Server, run};

/// Bounds that only a broken server misses: how quick it is, is for load tests on a machine of their own.
const LENIENT: &str = "[success_criteria]\nresponse_time_p95 = 30000\nerror_rate = 0.0\n";

fn write(dir: &Path, name: &str, text: &str) -> String {
    let path: PathBuf = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn serve(dir: &Path) -> (Server, String) {
    // Nothing is put off: on a machine that stands still for a second that would be a failure.
    let file = write(dir, "tradewind.toml", "[limits]\nenabled = false\n");
    let options = ["--participants-speed", "20", "--durability", "buffered", "--config", file.as_str()];
    let server = Server::start_with(dir, &options);
    let url = format!("http://{}", server.api());
    (server, url)
}

fn load(arguments: &[&str]) -> Done {
    run(&[&["loadtest", "run"], arguments].concat())
}

#[test]
fn a_mix_of_reads_and_orders_is_carried_out_and_held_against_a_baseline() {
    let dir = tempfile::tempdir().unwrap();
    let (server, url) = serve(dir.path());
    Person::first(&server);
    let requests = r#"
        [[requests]]
        name = "tickers"
        path = "/api/tickers"
        weight = 6
        [[requests]]
        name = "orders"
        path = "/api/orders?limit=5"
        login = true
        weight = 3
        [[requests]]
        name = "order"
        method = "POST"
        path = "/api/orders"
        body = '{"symbol":"BTCUSDT","side":"buy","quantity":"0.0001","order_type":"market"}'
        login = true
        expect = [201]
    "#;
    let head = "name = \"mix\"\ntype = \"load\"\nduration = \"3s\"\nconcurrent_users = 10\nramp_up_time = \"1s\"\naccounts = 3\nrate = 40\n";
    let scenario = write(dir.path(), "mix.toml", &format!("{head}{LENIENT}{requests}"));
    let password = write(dir.path(), "password", PASSWORD);
    let [report, page] = ["report.json", "page.html"].map(|name| dir.path().join(name));
    let [report_path, page_path] = [&report, &page].map(|path| path.to_str().unwrap());
    let login = ["--username", "root", "--password-file", &password, "--target", &url];
    let kept = ["--report", report_path, "--html", page_path, "--json"];
    let done = load(&[&[scenario.as_str()][..], &login, &kept].concat());
    assert_eq!(done.code, 0, "{} {}", done.out, done.err);
    let told = &done.json()["report"];
    assert_eq!(
        (told["planned"].as_u64(), told["all"]["count"].as_u64(), told["all"]["failed"].as_u64()),
        (Some(100), Some(100), Some(0))
    );
    let promise =
        |name: &str| told["promises"].as_array().unwrap().iter().find(|p| p["name"] == name).unwrap().clone();
    assert!(
        promise("api_p95")["clients"].is_number() && promise("trade_execution")["server"].is_number(),
        "{told}"
    );
    assert!(std::fs::read_to_string(&page).unwrap().starts_with("<!doctype html>"));
    assert!(done.err.contains("answers"), "live progress: {}", done.err);
    // Held against a run that was ten thousand times as quick, it has regressed, though every criterion holds.
    let mut before: Value = serde_json::from_str(&std::fs::read_to_string(&report).unwrap()).unwrap();
    for percentile in ["p50", "p95", "p99"] {
        before["all"][percentile] = 1e-4.into();
    }
    let quick = write(dir.path(), "quick.json", &before.to_string());
    let done = load(&[&[scenario.as_str(), "--baseline", &quick][..], &login].concat());
    assert_eq!(done.code, 1, "{} {}", done.out, done.err);
    assert!(done.out.contains("REGRESSED") && done.out.contains("mix: passed"), "{}", done.out);
    let other = load(&[&[scenario.as_str(), "--baseline", &quick, "--scale", "0.5"][..], &login].concat());
    assert_eq!(other.code, 2, "a run of another scale is no baseline: {}", other.err);
    server.stop(Signal::TERM);
}

#[test]
fn listeners_hear_events_and_come_back_from_a_storm_with_everything() {
    let dir = tempfile::tempdir().unwrap();
    let (server, url) = serve(dir.path());
    Person::first(&server);
    let head = "name = \"storm\"\ntype = \"spike\"\nduration = \"6s\"\nconcurrent_users = 60\nramp_up_time = \"1s\"\naccounts = 2\n";
    let rooms = "recovered = 100.0\n[websocket]\nrooms = [\"trades:BTCUSDT\", \"trades:ETHUSDT\"]\nrooms_each = 2\nstorm_every = \"3s\"\n";
    let scenario = write(dir.path(), "storm.toml", &format!("{head}{LENIENT}{rooms}"));
    let password = write(dir.path(), "password", PASSWORD);
    let done =
        load(&[&scenario, "--username", "root", "--password-file", &password, "--target", &url, "--json"]);
    assert_eq!(done.code, 0, "{} {}", done.out, done.err);
    let told = &done.json()["report"];
    let line =
        |name: &str| told["lines"].as_array().unwrap().iter().find(|l| l["name"] == name).unwrap().clone();
    assert_eq!(line("connect")["count"].as_u64(), Some(60));
    // Once, whoever was there when the storm came: on a busy machine some come later, or are on their way back when the time is over.
    let returned = line("return")["count"].as_u64().unwrap();
    assert!((1..=60).contains(&returned), "{returned}");
    assert!(told["clients"].as_u64().is_some_and(|clients| (1..=60).contains(&clients)), "{told}");
    assert!(line("event delay")["count"].as_u64() > Some(60), "{told}");
    server.stop(Signal::TERM);
}

#[test]
fn a_server_of_its_own_is_gone_with_the_test() {
    let dir = tempfile::tempdir().unwrap();
    let requests = "[[requests]]\nname = \"me\"\npath = \"/api/me\"\nlogin = true\n";
    let head = "name = \"own\"\ntype = \"load\"\nduration = \"1s\"\nconcurrent_users = 2\nrate = 10\n";
    let scenario = write(dir.path(), "own.toml", &format!("{head}{LENIENT}{requests}"));
    let done = load(&[&scenario, "--serve", "--json"]);
    assert_eq!(done.code, 0, "{} {}", done.out, done.err);
    let told = done.json();
    let url = told["report"]["target"].as_str().unwrap();
    let addr: std::net::SocketAddr = url.trim_start_matches("http://").parse().unwrap();
    assert!(std::net::TcpStream::connect(addr).is_err(), "it still listens");
}

#[test]
fn other_machines_and_nonsense_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let requests = "[[requests]]\nname = \"a\"\npath = \"/\"\n";
    let head = "name = \"a\"\ntype = \"load\"\nduration = \"1s\"\nconcurrent_users = 1\nrate = 1\n";
    let good = write(dir.path(), "good.toml", &format!("{head}{LENIENT}{requests}"));
    let login = write(dir.path(), "login.toml", &format!("{head}{LENIENT}{requests}login = true\n"));
    let bad = write(dir.path(), "bad.toml", "name = \"a\"\n");
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let (server, url) = serve(dir.path());
    for (arguments, code, why) in [
        (vec![good.as_str(), "--target", "http://192.0.2.1:8080"], 5, "--allow-remote"),
        (vec![&good, "--target", &gone], 4, "does not answer"),
        (vec![&good, "--target", &url, "--scale", "2"], 2, "factors above 0 to 1"),
        (vec![&login, "--target", &url], 2, "needs a user"),
        (vec![&bad], 2, "is no scenario"),
        (vec!["/no/such/file.toml"], 2, "cannot read the scenario"),
    ] {
        let done = load(&arguments);
        assert_eq!(done.code, code, "{arguments:?}: {}", done.err);
        assert!(done.err.contains(why), "{arguments:?}: {}", done.err);
    }
    let listed =
        run(&["loadtest", "list", "--dir", concat!(env!("CARGO_MANIFEST_DIR"), "/../../load-tests")]);
    assert!(listed.out.contains("Market Data Load Test") && listed.code == 0, "{}", listed.out);
    server.stop(Signal::TERM);
}
