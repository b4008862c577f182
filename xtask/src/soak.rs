//! `cargo xtask soak`: the same tests with far larger numbers, and the fuzz targets for minutes.
//!
//! The tests read their sizes from the environment; the table below says which and how large.

use std::path::Path;

use anyhow::{Result, bail};

use crate::clients;
use crate::run::{self, Outcome, Report, cargo};

/// One long run.
struct Soak {
    name: &'static str,
    about: &'static str,
    /// Sizes, read by the tests.
    sizes: &'static [(&'static str, &'static str)],
    /// What cargo is told.
    cargo: &'static [&'static str],
}

const SOAKS: &[Soak] = &[
    Soak {
        name: "exchange-hostile",
        about: "hostile random commands against the exchange core, audited from its events",
        sizes: &[("TRADEWIND_EXCHANGE_COMMANDS", "400000000")],
        cargo: &["test", "--locked", "--package", "exchange", "--test", "it", "hostile"],
    },
    Soak {
        name: "twin-books",
        about: "random commands through the fast book and its naive twin, compared after each",
        sizes: &[("MATCHING_COMMANDS", "50000000")],
        cargo: &["test", "--locked", "--package", "matching", "--test", "it"],
    },
    Soak {
        name: "participants",
        about: "the simulated market at 100 times its speed for 20 minutes: memory and disk stay bounded",
        sizes: &[("TRADEWIND_SOAK_SECONDS", "1200")],
        cargo: &[
            "test",
            "--release",
            "--locked",
            "--package",
            "exchange-host",
            "--test",
            "it",
            "soak::",
            "--",
            "--nocapture",
        ],
    },
    Soak {
        name: "kill",
        about: "a loaded exchange is killed 300 times; nothing answered is lost, nothing is applied twice",
        sizes: &[("TRADEWIND_KILLS", "300")],
        cargo: &["test", "--release", "--locked", "--package", "exchange-host", "--test", "kill"],
    },
    Soak {
        name: "kill-bots",
        about: "an exchange with busy bots is killed 200 times; ledgers equal accounts, every order recorded, all sessions replay",
        sizes: &[("TRADEWIND_BOT_KILLS", "200")],
        cargo: &["test", "--release", "--locked", "--package", "live", "--test", "kill"],
    },
    Soak {
        name: "simulator",
        about: "bots, journal, order protocol and venue in one thread under seeded faults: 200,000 seeds",
        sizes: &[("TRADEWIND_SIMULATOR_SEEDS", "200000")],
        cargo: &["test", "--release", "--locked", "--package", "simulator", "--test", "it", "thousand"],
    },
    Soak {
        name: "power",
        about: "200,000 journals on a model disk that loses and reorders un-synced sectors at power cuts",
        sizes: &[("TRADEWIND_POWER_CUTS", "200000")],
        cargo: &["test", "--package", "journal", "--test", "it", "power"],
    },
];

/// The generated requests of the suite under `tests/clients/schemathesis`, and more of them.
const API: &str = "api";
const API_ABOUT: &str = "12,000 generated requests of two users and an administrator: no server error, nobody sees what is another's";
const API_SIZES: &[(&str, &str)] = &[
    ("TRADEWIND_API_CASES", "12000"),
    ("TRADEWIND_API_SEED", "random"),
    ("TRADEWIND_SUITE_SECONDS", "3600"),
];

/// How long each fuzz target runs, in seconds.
const FUZZ_SECONDS: u32 = 300;

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which runs (all when none is named)
    names: Vec<String>,
    /// Names them and stops
    #[arg(long)]
    list: bool,
    /// How long each fuzz target runs (seconds)
    #[arg(long, default_value_t = FUZZ_SECONDS)]
    fuzz_seconds: u32,
}

/// Carries out the chosen runs; true when each ended well.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    let targets = fuzz_targets(root)?;
    let fuzz_names = targets.iter().map(|t| format!("fuzz-{t}"));
    let names: Vec<String> =
        SOAKS.iter().map(|s| s.name.to_owned()).chain([API.to_owned()]).chain(fuzz_names).collect();
    if options.list {
        for soak in SOAKS {
            println!("{:<24} {}", soak.name, soak.about);
        }
        println!("{API:<24} {API_ABOUT}");
        for target in &targets {
            println!("{:<24} cargo-fuzz target, {} s", format!("fuzz-{target}"), options.fuzz_seconds);
        }
        return Ok(true);
    }
    if let Some(unknown) = options.names.iter().find(|n| !names.contains(n)) {
        bail!("no run `{unknown}`; `cargo xtask soak --list` names them");
    }
    let chosen = |name: &str| options.names.is_empty() || options.names.iter().any(|n| n == name);
    let mut report = Report::default();
    for soak in SOAKS.iter().filter(|s| chosen(s.name)) {
        report.step(soak.name, || run::run(cargo(root, soak.cargo).envs(soak.sizes.iter().copied())));
    }
    if chosen(API) {
        report.step(API, || api(root));
    }
    for target in targets.iter().filter(|t| chosen(&format!("fuzz-{t}"))) {
        report.step(&format!("fuzz-{target}"), || fuzz(root, target, options.fuzz_seconds));
    }
    Ok(report.close())
}

/// Builds the program and lets the requests loose on it.
fn api(root: &Path) -> Result<Outcome> {
    let built = run::run(&mut cargo(root, &["build", "--package", "server", "--locked"]))?;
    let suites = clients::suites(root)?;
    let Some(suite) = suites.iter().find(|suite| suite.name == "client-schemathesis") else {
        bail!("tests/clients/schemathesis is missing");
    };
    if built.is_good() { suite.run_with(root, API_SIZES) } else { Ok(built) }
}

/// The names of the cargo-fuzz targets.
fn fuzz_targets(root: &Path) -> Result<Vec<String>> {
    let dir = root.join("fuzz/fuzz_targets");
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "rs") {
            names.extend(path.file_stem().map(|s| s.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Runs one target. The stable compiler is told to accept the coverage flags; no sanitizer is needed without `unsafe`.
fn fuzz(root: &Path, target: &str, seconds: u32) -> Result<Outcome> {
    if run::output(&mut cargo(root, &["fuzz", "--version"])).is_none() {
        run::run(&mut cargo(root, &["install", "cargo-fuzz", "--locked"]))?;
    }
    let time = format!("-max_total_time={seconds}");
    let mut command =
        cargo(root, &["fuzz", "run", "--sanitizer", "none", target, "--", &time, "-max_len=65536"]);
    run::run(command.env("RUSTC_BOOTSTRAP", "1"))
}
