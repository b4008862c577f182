//! The generator against small servers of the test, and all scenario files of the repository.

#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

mod server;

use loadtest::{Reach, Scale, Scenario, Target};
use server::Server;

fn scenario(more: &str, requests: &str) -> Scenario {
    let text = format!(
        "name = \"test\"\ntype = \"load\"\nduration = \"2s\"\n{more}\n[success_criteria]\nerror_rate = 0.0\n{requests}"
    );
    Scenario::parse(&text).unwrap()
}

fn target(server: &Server) -> Target {
    Target::new(&format!("http://{}", server.addr), Reach::Loopback).unwrap()
}

#[test]
fn every_scenario_of_the_repository_is_one() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../load-tests");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "toml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let scenario = Scenario::parse(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            // A socket of the stream is one of fifty of its user.
            if scenario.websocket.is_some() {
                assert!(scenario.concurrent_users <= scenario.accounts * 50, "{}", scenario.name);
            }
            names.push(scenario.name);
        }
    }
    for wanted in
        ["Market Data Load Test", "Trading API Stress Test", "API Mix", "Spike", "Soak", "Reconnect Storm"]
    {
        assert!(names.iter().any(|name| name == wanted), "{wanted} is not in {names:?}");
    }
}

/// The one thing that a load test must not do: wait with the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_server_is_seen_by_everybody_who_would_have_asked() {
    let server = Server::stalled().await;
    let one = "[[requests]]\nname = \"a\"\npath = \"/\"\n";
    let scenario = scenario("concurrent_users = 1\nrate = 50", one);
    // Nothing is answered before the plan has ended; then everything at once.
    let gate = server.gate.clone();
    let target = target(&server);
    let report = loadtest::run(&scenario, &target, None, |second| {
        if second.at_s >= second.of_s {
            gate.add_permits(1_000);
        }
    });
    let report = report.await.unwrap();
    assert_eq!((report.planned, report.all.count, report.all.failed), (100, 100, 0));
    // Half of the arrivals were due in the first second of two, so half of them waited for more than one: a closed loop would have
    // seen one slow answer and 99 quick ones.
    assert!(report.all.p50 >= 990.0, "{:?}", report.all);
    assert!(report.passed, "{:?}", report.criteria);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_mixed_by_weight_and_wrong_statuses_are_failures() {
    let server = Server::open().await;
    let requests = "[[requests]]\nname = \"good\"\npath = \"/good/{n}\"\nweight = 3\n\
                    [[requests]]\nname = \"gone\"\nmethod = \"POST\"\npath = \"/404\"\nbody = '{\"n\":{n}}'\n\
                    [[requests]]\nname = \"expected\"\npath = \"/404\"\nexpect = [404]\n";
    let scenario = scenario("concurrent_users = 8\nrate = 250\nramp_up_time = \"1s\"", requests);
    let report = loadtest::run(&scenario, &target(&server), None, |_| {}).await.unwrap();
    let line = |name: &str| report.lines.iter().find(|line| line.name == name).unwrap();
    assert_eq!((report.planned, report.all.count, report.clients), (375, 375, 8));
    let (good, gone) = (line("good"), line("gone"));
    assert_eq!((good.failed, line("expected").failed), (0, 0));
    assert_eq!((gone.failed, gone.failures.get("status 404")), (gone.count, Some(&gone.count)));
    // 3 : 1 : 1 of 375.
    assert!(good.count.abs_diff(225) < 40 && gone.count.abs_diff(75) < 30, "{:?}", report.lines);
    assert!(!report.passed, "one in five failed, none may");
    let asked = server.asked();
    let paths: std::collections::BTreeSet<&String> =
        asked.iter().filter(|path| path.starts_with("/good/")).collect();
    assert_eq!(paths.len() as u64, good.count, "each path has a number of its own");
    let page = loadtest::page(&report, &[]);
    assert!(page.contains("status 404") && page.contains("<svg") && !page.contains("<script"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hangs_up_is_a_failure_and_a_scale_is_told() {
    let server = Server::open().await;
    let requests = "[[requests]]\nname = \"cut\"\nmethod = \"POST\"\npath = \"/cut\"\n";
    let whole = scenario("concurrent_users = 40\nrate = 400", requests);
    let scenario = whole.scaled(Scale { load: 0.1, time: 0.5 });
    let report = loadtest::run(&scenario, &target(&server), None, |_| {}).await.unwrap();
    assert_eq!((report.planned, report.all.failed, report.clients), (40, 40, 0));
    assert_eq!(report.all.failures.get("connection broke"), Some(&40));
    assert!(report.notes.iter().any(|note| note.contains("clients and rates × 0.1")), "{:?}", report.notes);
    let users = report.promises.iter().find(|promise| promise.name == "users").unwrap();
    assert_eq!(
        (users.clients, users.verdict.as_str()),
        (None, "no_data"),
        "a scaled run shows nothing about that"
    );
}

#[tokio::test]
async fn nobody_there_is_said_before_anything_is_sent() {
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let requests = "[[requests]]\nname = \"a\"\npath = \"/\"\n";
    let scenario = scenario("concurrent_users = 1\nrate = 1", requests);
    let target = Target::new(&format!("http://{gone}"), Reach::Loopback).unwrap();
    let error = loadtest::run(&scenario, &target, None, |_| {}).await.unwrap_err();
    assert!(matches!(error, loadtest::RunError::Unreachable(..)), "{error}");
}
