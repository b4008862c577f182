//! `tradewind loadtest`: scenario in, verdict out. The work is the crate `loadtest`.

mod house;

use std::path::Path;
use std::process::ExitCode;

use loadtest::{
    Comparison, Credentials, Progress, Reach, Report, RunError, Scale, Scenario, Target, TargetError,
};
use serde_json::json;

use self::house::House;
use crate::cli::{LoadRun, LoadTest};
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note, table};

/// Largest scenario or report that is read, in bytes.
const FILE_LEN_MAX: u64 = 64 * 1024 * 1024;

pub(crate) fn run(command: &LoadTest) -> Result<ExitCode, Failure> {
    match command {
        LoadTest::Run(options) => carry_out(options),
        LoadTest::List { dir, output } => list(dir, output.json),
    }
}

fn list(dir: &Path, as_json: bool) -> Result<ExitCode, Failure> {
    let what = || Failure::new(Exit::Failed, format!("cannot read the folder {}", dir.display()));
    let entries = std::fs::read_dir(dir).map_err(|error| what().because(error).advise("give --dir"))?;
    let mut files: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    files.sort();
    let mut found = Vec::new();
    for path in &files {
        let scenario = read_scenario(path)?;
        found.push((path.display().to_string(), scenario));
    }
    if as_json {
        let all: Vec<_> =
            found.iter().map(|(file, scenario)| json!({ "file": file, "scenario": scenario })).collect();
        answer(json!({ "v": 1, "scenarios": all }));
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = vec![["file", "name", "type", "users", "minutes"].map(str::to_owned).to_vec()];
    for (file, scenario) in &found {
        rows.push(vec![
            file.clone(),
            scenario.name.clone(),
            format!("{:?}", scenario.kind).to_lowercase(),
            scenario.concurrent_users.to_string(),
            format!("{:.1}", scenario.duration.as_secs_f64() / 60.0),
        ]);
    }
    answer(table(&rows));
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path, what: &str) -> Result<String, Failure> {
    let failed = |why: String| {
        Failure::new(Exit::Usage, format!("cannot read the {what} {}", path.display())).because(why)
    };
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > FILE_LEN_MAX {
        return Err(failed(format!("it has {size} bytes")));
    }
    std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))
}

fn read_scenario(path: &Path) -> Result<Scenario, Failure> {
    Scenario::parse(&read(path, "scenario")?).map_err(|why| {
        Failure::new(Exit::Usage, format!("{} is no scenario", path.display()))
            .because(why)
            .advise("load-tests/README.md describes the form")
    })
}

fn scale(options: &LoadRun) -> Result<Scale, Failure> {
    let good = |factor: f64| factor > 0.0 && factor <= 1.0;
    if good(options.scale) && good(options.time) {
        return Ok(Scale { load: options.scale, time: options.time });
    }
    Err(Failure::new(Exit::Usage, "--scale and --time are factors above 0 to 1"))
}

fn target(text: &str, allow_remote: bool) -> Result<Target, Failure> {
    let reach = if allow_remote { Reach::Anywhere } else { Reach::Loopback };
    Target::new(text, reach).map_err(|why| {
        let exit = if matches!(why, TargetError::Remote(_)) { Exit::Refused } else { Exit::Usage };
        Failure::new(exit, "the load has nowhere to go").because(why)
    })
}

fn credentials(options: &LoadRun) -> Result<Option<Credentials>, Failure> {
    let Some(username) = &options.username else { return Ok(None) };
    let Some(file) = &options.password_file else {
        return Err(Failure::new(Exit::Usage, "a user has a password").advise("give --password-file"));
    };
    let password = read(file, "password file")?.lines().next().unwrap_or_default().trim().to_owned();
    Ok(Some(Credentials { username: username.clone(), password }))
}

fn carry_out(options: &LoadRun) -> Result<ExitCode, Failure> {
    let scenario = read_scenario(&options.scenario)?.scaled(scale(options)?);
    let baseline = options.baseline.as_deref().map(read_baseline).transpose()?;
    let house = options.serve.then(House::open).transpose()?;
    let (target, credentials) = match &house {
        Some(house) => (target(house.url(), false)?, Some(house.credentials())),
        None => (target(&options.target, options.allow_remote)?, credentials(options)?),
    };
    more_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::new(Exit::Failed, "cannot start threads").because(error))?;
    note(format!(
        "{}: {} clients for {:.0} s against {target}{}",
        scenario.name,
        scenario.concurrent_users,
        scenario.duration.as_secs_f64(),
        if scenario.scale.is_whole() {
            String::new()
        } else {
            format!(" (scaled: clients and rates × {}, times × {})", scenario.scale.load, scenario.scale.time)
        }
    ));
    let measured = runtime.block_on(loadtest::run(&scenario, &target, credentials.as_ref(), progress));
    runtime.shutdown_background();
    let report = measured.map_err(failure)?;
    let comparison = match &baseline {
        Some(before) => loadtest::compare(&report, before)
            .map_err(|why| Failure::new(Exit::Usage, "the baseline is of another run").because(why))?,
        None => Vec::new(),
    };
    keep(options, &report, &comparison)?;
    let regressed = comparison.iter().any(|row| row.regressed);
    show(&report, &comparison, options.output.json);
    Ok(if report.passed && !regressed { ExitCode::SUCCESS } else { Exit::Failed.into() })
}

fn read_baseline(path: &Path) -> Result<Report, Failure> {
    Report::parse(&read(path, "baseline")?).map_err(|why| {
        Failure::new(Exit::Usage, format!("{} is no report of a load test", path.display())).because(why)
    })
}

fn failure(error: RunError) -> Failure {
    let (exit, advice) = match &error {
        RunError::Unreachable(..) => (Exit::Unreachable, "is the server up? --serve starts one"),
        RunError::Refused { .. } => (Exit::Refused, "the user must be one who may do that"),
        RunError::NoCredentials => (Exit::Usage, "or choose a scenario without logins"),
    };
    Failure::new(exit, "the load test cannot begin").because(error).advise(advice)
}

/// Thousands of connections are thousands of files: as many as the system lets this process have.
fn more_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // A refusal shows as connections that cannot be made.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

fn progress(second: &Progress) {
    note(format!(
        "{:>5} / {} s  {:>8} answers  {:>6} failed  p50 {:>9.3}  p95 {:>9.3}  p99 {:>9.3} ms",
        second.at_s, second.of_s, second.count, second.failed, second.p50, second.p95, second.p99
    ));
}

fn keep(options: &LoadRun, report: &Report, comparison: &[Comparison]) -> Result<(), Failure> {
    let write = |path: &Path, text: String| {
        std::fs::write(path, text).map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot write {}", path.display())).because(error)
        })
    };
    if let Some(path) = &options.report {
        write(path, report.json())?;
    }
    if let Some(path) = &options.html {
        write(path, loadtest::page(report, comparison))?;
    }
    Ok(())
}

fn show(report: &Report, comparison: &[Comparison], as_json: bool) {
    if as_json {
        answer(json!({ "v": 1, "report": report, "comparison": comparison }));
        return;
    }
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    let word = |good: bool| if good { "met" } else { "MISSED" }.to_owned();
    let mut rows = vec![["criterion", "bound", "measured", "verdict"].map(str::to_owned).to_vec()];
    for one in &report.criteria {
        rows.push(vec![
            one.name.clone(),
            format!("{} {}", one.bound, one.unit),
            number(one.value),
            word(one.met),
        ]);
    }
    answer(table(&rows));
    let mut rows = vec![
        ["promise", "target", "acceptable", "clients saw", "server", "verdict"].map(str::to_owned).to_vec(),
    ];
    for one in report.promises.iter().filter(|one| one.verdict != "no_data") {
        rows.push(vec![
            one.name.clone(),
            format!("{} {}", one.target, one.unit),
            format!("{} {}", one.acceptable, one.unit),
            number(one.clients),
            number(one.server),
            one.verdict.clone(),
        ]);
    }
    answer(format!("\n{}", table(&rows)));
    let mut rows = vec![["what", "count", "failed", "p50", "p95", "p99", "max"].map(str::to_owned).to_vec()];
    for line in report.lines.iter().chain([&report.all, &report.lateness]) {
        let ms = |value: f64| format!("{value:.3}");
        rows.push(vec![
            line.name.clone(),
            line.count.to_string(),
            line.failed.to_string(),
            ms(line.p50),
            ms(line.p95),
            ms(line.p99),
            ms(line.max),
        ]);
    }
    answer(format!("\n{}", table(&rows)));
    for row in comparison {
        let change = row.change_percent.map_or_else(|| "–".to_owned(), |change| format!("{change:+.1} %"));
        let verdict = if row.regressed { "REGRESSED" } else { "ok" };
        answer(format!("baseline {}: {:.3} → {:.3} ({change}) {verdict}", row.name, row.before, row.now));
    }
    report.notes.iter().for_each(|note| answer(format!("note: {note}")));
    answer(format!(
        "\n{}: {}, {:.1} a second, scale {} × {}",
        report.name,
        if report.passed { "passed" } else { "FAILED" },
        report.throughput,
        report.scale_load,
        report.scale_time
    ));
}
