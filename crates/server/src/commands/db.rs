//! `tradewind db`: look after the platform's database.

mod months;

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use store::backup::{self, Contents};
use store::maintenance::{self, Done, Task};
use store::statistics::{self, Report};
use store::tune::{Machine, postgresql_conf};
use store::{Store, StoreError, Ts};

use crate::cli::Db;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::platform::{location, open_store, store_failure};
use crate::terminal::{answer, table};

/// Carries out one command on the database.
pub(crate) fn run(config: &Config, command: &Db) -> Result<ExitCode, Failure> {
    match command {
        Db::Tune { memory, cpus, dedicated } => {
            let (memory, cpus) = (memory.unwrap_or_else(machine_memory), cpus.unwrap_or_else(machine_cpus));
            let connections = config.store.pool().total();
            let machine = Machine { memory_mib: memory, cpus, shared: !dedicated, connections };
            answer(postgresql_conf(machine).trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        Db::Verify { file: Some(file), output } => {
            let contents = backup::verify(reader(file)?).map_err(|error| unusable(file, error))?;
            told(output.json, &contents, &format!("{} is sound: {}", file.display(), words(&contents)));
            return Ok(ExitCode::SUCCESS);
        }
        Db::Backup { file, .. } | Db::Archive { file, .. } if file.exists() => {
            return Err(Failure::new(Exit::Usage, format!("{} exists", file.display()))
                .advise("give another name; a backup is never overwritten"));
        }
        _ => {}
    }
    runtime()?.block_on(async {
        if let Db::Status(output) = command
            && let Some(code) = due(config, output.json).await?
        {
            return Ok(code);
        }
        let store = open_store(config).await?;
        let done = carry_out(&store, command).await;
        store.close().await;
        done
    })
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.map_err(|error| Failure::new(Exit::Failed, "cannot start threads").because(error))
}

async fn carry_out(store: &Store, command: &Db) -> Result<ExitCode, Failure> {
    match command {
        Db::Migrate(output) => {
            let versions = Store::versions(store.location()).await;
            let versions = versions.map_err(|error| failed("cannot read the schema's versions", &error))?;
            told(
                output.json,
                &json!({ "versions": versions }),
                &format!("{} has schema version {}", store.location(), store::newest_version()),
            );
        }
        Db::Status(output) => {
            let report = statistics::report(store).await;
            let report = report.map_err(|error| failed("cannot look at the database", &error))?;
            told(output.json, &report, &status(store, &report));
        }
        Db::Backup { file, output } => {
            let contents = save(file, async |out| backup::write(store, out, Ts::now()).await).await?;
            told(output.json, &contents, &format!("{} written: {}", file.display(), words(&contents)));
        }
        Db::Restore { file, output } => {
            let input = reader(file)?;
            backup::verify(reader(file)?).map_err(|error| unusable(file, error))?;
            let contents = backup::restore(store, input).await.map_err(|error| unusable(file, error))?;
            told(output.json, &contents, &format!("restored: {}", words(&contents)));
        }
        Db::Verify { output, .. } => {
            let faults = statistics::faults(store).await;
            let faults = faults.map_err(|error| failed("cannot check the database", &error))?;
            let sound = faults.is_empty();
            let text = if sound { "the database is sound".to_owned() } else { faults.join("\n") };
            told(output.json, &json!({ "ok": sound, "faults": faults }), &text);
            return Ok(if sound { ExitCode::SUCCESS } else { Exit::Failed.into() });
        }
        Db::Maintain { task, output } => {
            let done = maintain(store, task.as_deref()).await?;
            let lines: Vec<String> =
                done.iter().map(|d| format!("{}: {} ({} ms)", d.task, d.outcome, d.took_ms)).collect();
            let text = if done.is_empty() { "nothing is due".to_owned() } else { lines.join("\n") };
            told(output.json, &json!({ "done": done }), &text);
        }
        Db::Months(output) => months::list(store, output.json).await?,
        Db::Archive { month, file, output } => months::archive(store, month, file, output.json).await?,
        Db::Unarchive { file, output } => months::unarchive(store, file, output.json).await?,
        Db::Tune { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// A database whose schema is not this program's is told about and left alone.
async fn due(config: &Config, json: bool) -> Result<Option<ExitCode>, Failure> {
    let location = location(config)?;
    let versions = Store::versions(&location).await.map_err(|error| store_failure(&location, error))?;
    let due: Vec<i64> = versions.iter().filter(|v| !v.done).map(|v| v.version).collect();
    if due.is_empty() {
        return Ok(None);
    }
    let list: Vec<String> = due.iter().map(ToString::to_string).collect();
    let text = format!(
        "{location}: schema versions due: {}\ntradewind db migrate carries them out",
        list.join(", ")
    );
    told(json, &json!({ "versions": versions }), &text);
    Ok(Some(ExitCode::SUCCESS))
}

async fn maintain(store: &Store, task: Option<&str>) -> Result<Vec<Done>, Failure> {
    let cannot = |error: StoreError| failed("maintenance did not end well", &error);
    let Some(name) = task else {
        return maintenance::run_due(store, Ts::now()).await.map_err(cannot);
    };
    let task: Task = name.parse().map_err(|why| Failure::new(Exit::Usage, format!("\"{name}\" {why}")))?;
    Ok(vec![maintenance::run(store, task, Ts::now()).await.map_err(cannot)?])
}

/// Beside the final name first, so that a file of that name is whole. Only its owner may read it.
async fn save<W>(file: &Path, write: W) -> Result<Contents, Failure>
where
    W: AsyncFnOnce(&mut BufWriter<File>) -> Result<Contents, StoreError>,
{
    let beside = file.with_added_extension("part");
    let cannot = |error: std::io::Error| {
        Failure::new(Exit::Failed, format!("cannot write {}", file.display())).because(error)
    };
    let out =
        File::options().write(true).create(true).truncate(true).mode(0o600).open(&beside).map_err(cannot)?;
    let mut out = BufWriter::new(out);
    let saved = write(&mut out).await;
    let kept = saved.map_err(|error| failed("nothing was written", &error)).and_then(|contents| {
        out.flush().and_then(|()| out.get_ref().sync_all()).map_err(cannot)?;
        fs::rename(&beside, file).map_err(cannot)?;
        Ok(contents)
    });
    if kept.is_err() {
        let _ = fs::remove_file(&beside);
    }
    kept
}

fn reader(file: &Path) -> Result<BufReader<File>, Failure> {
    let opened = File::open(file);
    opened
        .map(BufReader::new)
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot read {}", file.display())).because(error))
}

fn unusable(file: &Path, error: StoreError) -> Failure {
    Failure::new(Exit::Failed, format!("{} cannot be used; nothing was changed", file.display()))
        .because(error)
}

pub(super) fn failed(what: &str, error: &StoreError) -> Failure {
    let exit = if matches!(error, StoreError::Unreachable(_)) { Exit::Unreachable } else { Exit::Failed };
    Failure::new(exit, what).because(error)
}

/// Answers with one JSON object that has `v`, or with words.
pub(super) fn told(as_json: bool, value: &impl serde::Serialize, text: &str) {
    if !as_json {
        answer(text);
        return;
    }
    let mut object = json!({ "v": 1 });
    if let (Some(object), Ok(serde_json::Value::Object(more))) =
        (object.as_object_mut(), serde_json::to_value(value))
    {
        object.extend(more);
    }
    answer(object);
}

fn words(contents: &Contents) -> String {
    let tables = contents.tables.iter().filter(|(_, rows)| *rows > 0).count();
    format!("{} rows of {tables} tables, schema version {}", contents.rows, contents.schema)
}

fn status(store: &Store, report: &Report) -> String {
    let c = &report.counts;
    let count = |name: &str, n: u64| vec![name.to_owned(), n.to_string()];
    let mut rows = vec![
        vec!["database".to_owned(), store.location().to_string()],
        vec!["schema".to_owned(), store::newest_version().to_string()],
        vec!["size".to_owned(), format!("{} KiB", report.bytes / 1024)],
        count("users", c.users),
        vec!["bots".to_owned(), format!("{} ({} run)", c.bots, c.active_bots)],
        count("live orders", c.live_orders),
        count("open positions", c.open_positions),
        count("models", c.models),
        count("forecasts", c.predictions),
        count("jobs waiting", c.jobs_waiting),
    ];
    let some = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    rows.push(vec!["missing indexes".to_owned(), some(&report.indexes.missing)]);
    for run in &report.maintenance {
        rows.push(vec![format!("last {}", run.task), run.outcome.clone()]);
    }
    table(&rows)
}

/// Memory of this machine in MiB; 1,024 where it cannot be told.
fn machine_memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.map_or(1_024, |kib| kib / 1_024)
}

fn machine_cpus() -> u64 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u64)
}
