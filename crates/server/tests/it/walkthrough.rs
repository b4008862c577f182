//! Walkthroughs of `docs/walkthroughs/`, carried out: their `sh` blocks are one script, and the `text` block
//! after each must be in what that block printed, line by line, with `...` for anything. Blocks marked `shared` need the data
//! beside the checkout; without them they are left out, visibly.

use std::path::Path;

use rustix::process::Signal;

use crate::program::{Server, finish, tradewind};

const DOCUMENT: &str = include_str!("../../../../docs/walkthroughs/exchange.md");
const DATA: &str = include_str!("../../../../docs/walkthroughs/data.md");
const BACKTESTING: &str = include_str!("../../../../docs/walkthroughs/backtesting.md");
const FORECASTING: &str = include_str!("../../../../docs/walkthroughs/forecasting.md");
const BOTS: &str = include_str!("../../../../docs/walkthroughs/bots.md");
const PLATFORM: &str = include_str!("../../../../docs/walkthroughs/platform.md");
/// Printed between the blocks.
const MARK: &str = "=== next block ===";

/// The blocks of a document: language and text.
fn blocks(document: &str) -> Vec<(&str, &str)> {
    let parts = document.split("\n```").collect::<Vec<_>>();
    // Every second part is inside a block: its first line names the language.
    parts.iter().skip(1).step_by(2).filter_map(|part| part.split_once('\n')).collect()
}

/// True if `line` holds the pieces of `pattern` in order.
fn fits(line: &str, pattern: &str) -> bool {
    let mut rest = line;
    pattern.split("...").all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

/// Carries out the `sh` blocks of a document with `replace` put in, in the repository's folder.
fn carry_out(document: &str, replace: (&str, &str), dir: &Path) {
    carry_out_with(document, replace, dir, "");
}

/// The same with the one-time code of the first start.
fn carry_out_with(document: &str, replace: (&str, &str), dir: &Path, code: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut blocks = blocks(document);
    if !root.join("../shared/data").is_dir() {
        let all = blocks.len();
        blocks.retain(|(language, _)| !language.ends_with(" shared"));
        if blocks.len() < all {
            println!("SKIPPED: {} blocks, the shared data are not beside this checkout", all - blocks.len());
        }
    }
    let blocks: Vec<_> =
        blocks.into_iter().map(|(language, text)| (language.trim_end_matches(" shared"), text)).collect();
    let mut script = String::from("set -euo pipefail\n");
    for (_, text) in blocks.iter().filter(|(language, _)| *language == "sh") {
        script.push_str(&text.replace(replace.0, replace.1));
        script.push_str(&format!("\necho '{MARK}'\n"));
    }
    let program = Path::new(env!("CARGO_BIN_EXE_tradewind")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &script]).env("PATH", path).env("TRADEWIND__DATA_DIR", dir);
    shell.env("CODE", code).current_dir(root);
    let done = finish(&mut shell);
    assert_eq!(done.code, 0, "{}\n{}", done.out, done.err);

    let mut outputs = done.out.split(MARK);
    let (mut printed, mut compared) = ("", 0);
    for (language, text) in &blocks {
        match *language {
            "sh" => printed = outputs.next().unwrap(),
            "text" => {
                for pattern in text.lines() {
                    assert!(
                        printed.lines().any(|line| fits(line, pattern)),
                        "{pattern}\nis not in\n{printed}"
                    );
                    compared += 1;
                }
            }
            _ => {}
        }
    }
    assert!(compared > 10, "the walkthrough lost its answers");
}

#[test]
fn the_walkthrough_does_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let url = format!("http://{}", server.addr());
    carry_out(DOCUMENT, ("http://127.0.0.1:8081", &url), dir.path());
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
}

#[test]
fn the_walkthrough_of_market_data_does_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    carry_out(DATA, ("", ""), dir.path());
}

#[test]
fn the_walkthrough_of_back_tests_does_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    carry_out(BACKTESTING, ("", ""), dir.path());
}

#[test]
fn the_walkthrough_of_forecasts_does_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    carry_out(FORECASTING, ("", ""), dir.path());
}

/// The page's server: data are imported in the repository's folder, then the server starts with the options that are shown.
#[test]
fn the_walkthrough_of_bots_does_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let blocks = blocks(BOTS);
    let (_, server) = blocks.iter().find(|(language, _)| *language == "sh server").unwrap();
    let words = |line: &str| line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let (import, serve) = server.trim_end().split_once('\n').map(|(a, b)| (words(a), words(b))).unwrap();
    let mut import = tradewind(&import.iter().map(String::as_str).collect::<Vec<_>>());
    import.arg("--data-dir").arg(dir.path()).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    assert_eq!(finish(&mut import).code, 0);
    assert_eq!(serve[0], "serve");
    let options: Vec<&str> = serve[1..].iter().map(String::as_str).collect();
    let server = Server::start_with(dir.path(), &options);
    carry_out(BOTS, ("", ""), dir.path());
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
}

#[test]
fn the_walkthrough_of_the_platform_does_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--participants-speed", "10"]);
    let url = format!("http://{}", server.api());
    let code = server.ready["api"]["setup_code"].as_str().unwrap();
    carry_out_with(PLATFORM, ("http://127.0.0.1:8080", &url), dir.path(), code);
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
}

#[test]
fn a_wrong_answer_would_be_noticed() {
    assert!(fits(r#"{"a":1,"b":2}"#, r#"..."a":1..."b":2..."#));
    assert!(!fits(r#"{"a":1,"b":2}"#, r#"..."b":2..."a":1..."#));
    assert_eq!(blocks("x\n```sh\na\n```\ny\n```text\nb\nc\n```\n"), [("sh", "a"), ("text", "b\nc")]);
}
