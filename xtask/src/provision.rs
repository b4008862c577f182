//! What the machine must have besides Rust: Debian packages, installed when missing and when we may.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::run::{Outcome, output, run};

/// What has to work, and the Debian packages that make it work.
const NEEDED: &[(&[&str], &[&str])] = &[
    (&["cc", "--version"], &["build-essential"]),
    (&["curl", "--version"], &["curl"]),
    (&["openssl", "version"], &["openssl"]),
    // The Rust client of Binance links the system's TLS library.
    (&["pkg-config", "--exists", "openssl"], &["pkg-config", "libssl-dev"]),
    (&["python3", "-c", "import ensurepip, venv"], &["python3", "python3-venv"]),
    (&["node", "--version"], &["nodejs"]),
    (&["npm", "--version"], &["npm"]),
    // The dashboard is tried in a browser without a screen.
    (
        &["sh", "-c", "command -v chromium || command -v chromium-browser || command -v google-chrome"],
        &["chromium"],
    ),
    // The store is tested against a real server; Debian keeps its programs out of the search path.
    (&["sh", "-c", "ls /usr/lib/postgresql/*/bin/pg_ctl || command -v pg_ctl"], &["postgresql"]),
    (&["psql", "--version"], &["postgresql-client"]),
    (&["sqlite3", "--version"], &["sqlite3"]),
    (&["redis-server", "--version"], &["redis-server"]),
];

/// Installs what is missing. On a machine without apt, or without the right to use it, says what to install.
pub(crate) fn machine() -> Result<Outcome> {
    let missing: Vec<&str> = NEEDED
        .iter()
        .filter(|(probe, _)| !works(probe))
        .flat_map(|(_, packages)| packages.iter().copied())
        .collect();
    if missing.is_empty() {
        println!("   nothing is missing");
        return Ok(Outcome::default());
    }
    println!("   missing: {}", missing.join(" "));
    let Some(prefix) = privilege() else {
        bail!(
            "the tests need {0}; install them (Debian: apt-get install {0}) and run again",
            missing.join(" ")
        );
    };
    let apt = |arguments: &[&str]| {
        let words: Vec<&str> = prefix.iter().chain(&["apt-get"]).chain(arguments).copied().collect();
        run(Command::new(words[0]).args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let install = [["install", "-y", "--no-install-recommends"].as_slice(), &missing].concat();
    Ok(apt(&["update", "-q"])?.and(apt(&install)?))
}

/// True if cargo-nextest is there; `cargo test` does the same, more slowly.
pub(crate) fn has_nextest(root: &Path) -> bool {
    output(&mut crate::run::cargo(root, &["nextest", "--version"])).is_some()
}

fn works(probe: &[&str]) -> bool {
    output(Command::new(probe[0]).args(&probe[1..])).is_some()
}

/// The words before `apt-get`: none for root, `sudo -n` for one who may; `None` where there is no way.
fn privilege() -> Option<&'static [&'static str]> {
    if !works(&["apt-get", "--version"]) {
        return None;
    }
    if output(Command::new("id").arg("-u")).as_deref() == Some("0") {
        return Some(&[]);
    }
    works(&["sudo", "-n", "true"]).then_some(&["sudo", "-n"])
}
