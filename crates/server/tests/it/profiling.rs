//! The operator looks where the running server's processor time goes.

use rustix::process::Signal;

use crate::person::Person;
use crate::program::{Server, run_in};

#[test]
fn a_flame_graph_of_the_running_server_names_what_it_does() {
    let dir = tempfile::tempdir().unwrap();
    // A busy market, so that there is something to sample.
    let server = Server::start_with(dir.path(), &["--participants-speed", "1000"]);
    let root = Person::first(&server);
    root.add(&server, "tara", "trader");
    let out = |name: &str| dir.path().join(name).display().to_string();
    let (picture, text) = (out("flame.svg"), out("stacks.folded"));
    let profile = |seconds: &str, file: &str, user: &str| {
        run_in(dir.path(), &["profile", "--seconds", seconds, "--out", file, "--user", user, "--json"])
    };

    let drawn = profile("2", &picture, "root");
    assert_eq!(drawn.code, 0, "{}", drawn.err);
    assert!(drawn.json()["samples"].as_u64() > Some(0), "{}", drawn.out);
    let svg = std::fs::read_to_string(&picture).unwrap();
    assert!(svg.starts_with("<svg") && !svg.contains("<script"), "{}", &svg[..200]);

    let folded = profile("1", &text, "root");
    assert_eq!(folded.code, 0, "{}", folded.err);
    let stacks = std::fs::read_to_string(&text).unwrap();
    assert!(
        stacks.lines().all(|line| line.rsplit_once(' ').is_some_and(|(_, n)| n.parse::<u64>().is_ok())),
        "{stacks}"
    );
    assert!(stacks.contains("exchange"), "names of our own code are found: {stacks}");

    let refused = profile("1", &text, "tara");
    assert_eq!(refused.code, 5, "for administrators: {}", refused.err);
    assert!(refused.err.contains("--user NAME") && !refused.err.contains("order"), "{}", refused.err);
    let long = profile("61", &text, "root");
    assert_eq!(long.code, 2, "{}", long.err);
    let nowhere = profile("1", "/nowhere/flame.svg", "root");
    assert_eq!(nowhere.code, 1, "{}", nowhere.err);
    assert!(nowhere.err.contains("--out"), "{}", nowhere.err);
    assert_eq!(root.read("/api/audit?action=monitoring.profile").as_array().unwrap().len(), 3);

    // Two at once: the timer belongs to the whole process. On a busy machine one may be over before the other has come.
    let ask = || root.ask("POST", "/api/monitoring/profile?seconds=2", "").status;
    let both = || {
        std::thread::scope(|scope| {
            let other = scope.spawn(ask);
            let (one, two) = (ask(), other.join().unwrap());
            (one.min(two), one.max(two))
        })
    };
    let told = (0..3).map(|_| both()).find(|told| *told != (200, 200));
    assert_eq!(told, Some((200, 409)));
    server.stop(Signal::TERM);
}
