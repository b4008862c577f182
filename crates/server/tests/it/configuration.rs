//! Where settings come from, and what wrong ones lead to.

use crate::program::{finish, run, tradewind};

#[test]
fn wrong_usage_is_code_2_and_says_what_is_right() {
    let done = run(&["exchange", "acount"]);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("account"), "{}", done.err);
    assert_eq!(run(&["--no-such-option"]).code, 2);
}

#[test]
fn help_and_version_are_answers() {
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    for word in
        ["serve", "exchange", "doctor", "--data-dir", "Exit codes", "tradewind exchange account create"]
    {
        assert!(help.out.contains(word), "{word} is not in the help");
    }
    assert_eq!(run(&["--version"]).out.trim(), concat!("tradewind ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn an_unknown_key_is_code_3_with_a_suggestion() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tradewind.toml");
    std::fs::write(&file, "[exchange]\nparticipant = false\n").unwrap();
    let done = finish(tradewind(&["config", "show", "--config"]).arg(&file));
    assert_eq!(done.code, 3);
    assert!(done.err.contains("did you mean `exchange.participants`?"), "{}", done.err);
    let done = finish(tradewind(&["config", "show"]).env("TRADEWIND__EXCHANGE__ADR", "127.0.0.1:1"));
    assert_eq!(done.code, 3);
    assert!(done.err.contains("did you mean `exchange.addr`?"), "{}", done.err);
}

#[test]
fn every_value_knows_where_it_came_from() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tradewind.toml");
    std::fs::write(&file, "[exchange]\ndurability = \"buffered\"\nparticipants_seed = 9\n").unwrap();
    let mut command = tradewind(&["config", "show", "--origin", "--json", "--data-dir", "here", "--config"]);
    let done = finish(command.arg(&file).env("TRADEWIND__EXCHANGE__PARTICIPANTS_SEED", "10"));
    assert_eq!(done.code, 0, "{}", done.err);
    let shown = done.json();
    let find = |key: &str| {
        let found = shown["settings"].as_array().unwrap().iter().find(|s| s["key"] == key).unwrap();
        (found["value"].as_str().unwrap().to_owned(), found["origin"].as_str().unwrap().to_owned())
    };
    assert_eq!(find("data_dir"), ("here".into(), "flag --data-dir".into()));
    assert_eq!(find("exchange.durability"), ("buffered".into(), format!("file {}", file.display())));
    let variable = "environment TRADEWIND__EXCHANGE__PARTICIPANTS_SEED";
    assert_eq!(find("exchange.participants_seed"), ("10".into(), variable.into()));
    assert_eq!(find("exchange.addr"), ("127.0.0.1:8081".into(), "default".into()));
}

#[test]
fn an_address_that_others_can_reach_needs_a_word() {
    let dir = tempfile::tempdir().unwrap();
    let done = finish(tradewind(&["--exchange-addr", "0.0.0.0:0", "--data-dir"]).arg(dir.path()));
    assert_eq!(done.code, 3);
    assert!(done.err.contains("--allow-public"), "{}", done.err);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn a_standby_of_a_file_is_refused_before_anything_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let with_standby = |words: &[&str]| {
        let mut command = tradewind(words);
        command.arg("--data-dir").arg(&data);
        finish(command.env("TRADEWIND__STORE__REPLICA", "postgres://u:s3cret@127.0.0.1:1/tw"))
    };
    let serve = ["serve", "--exchange-addr", "127.0.0.1:0", "--api-addr", "127.0.0.1:0"];
    for words in [&["config", "show"][..], &["doctor", "--fix"], &["db", "migrate"], &serve] {
        let done = with_standby(words);
        assert_eq!(done.code, 3, "{words:?}: {}", done.err);
        for said in ["TRADEWIND__STORE__REPLICA", "the database is a file", "name the primary"] {
            assert!(done.err.contains(said), "{words:?}: {}", done.err);
        }
        assert!(!done.err.contains("s3cret") && !data.exists(), "{words:?}: {}", done.err);
    }
}
