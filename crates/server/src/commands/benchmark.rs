//! `tradewind benchmark`: small parts of this program, each carried out a thousand times in this process, with a history on this machine.
//!
//! Wall time of one call, one clock reading in it. A tenth as many calls before it warm up and are not counted. On a machine that does
//! other things the medians tell more than the largest values.

mod history;
mod works;

use std::process::ExitCode;
use std::time::Instant;

use history::{History, Measured};
use serde_json::json;
use works::{WORKS, Works};

use crate::cli::Benchmark;
use crate::config::Config;
use crate::config::closest;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note, table};

pub(crate) fn run(config: &Config, options: &Benchmark) -> Result<ExitCode, Failure> {
    if options.list {
        let mut rows = vec![vec!["name".to_owned(), "what is measured".to_owned()]];
        rows.extend(WORKS.iter().map(|(name, about)| vec![(*name).to_owned(), (*about).to_owned()]));
        answer(table(&rows));
        return Ok(ExitCode::SUCCESS);
    }
    let chosen = chosen(&options.names)?;
    let history = History::open(&config.data_dir)?;
    if options.history {
        show_history(&history, &chosen, options.output.json);
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::new(Exit::Failed, "cannot start threads").because(error))?;
    let measured = runtime.block_on(async {
        let mut works = Works::open().await?;
        let mut measured = Vec::new();
        for name in chosen {
            note(format!("{name}: {} times", options.times));
            measured.push(measure(&mut works, name, options.times).await?);
        }
        Ok::<_, Failure>(measured)
    })?;
    show(&history, &measured, options.output.json);
    if !options.dry_run {
        history.append(&measured)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn chosen(names: &[String]) -> Result<Vec<&'static str>, Failure> {
    if names.is_empty() {
        return Ok(WORKS.iter().map(|(name, _)| *name).collect());
    }
    let find = |name: &String| {
        let found = WORKS.iter().find(|(known, _)| known == name).map(|(known, _)| *known);
        found.ok_or_else(|| {
            let failure = Failure::new(Exit::Usage, format!("there is no benchmark {name:?}"));
            match closest(name, WORKS.iter().map(|(known, _)| *known)) {
                Some(known) => failure.advise(format!("did you mean `{known}`?")),
                None => failure.advise("`tradewind benchmark --list` names them"),
            }
        })
    };
    names.iter().map(find).collect()
}

async fn measure(works: &mut Works, name: &'static str, times: u64) -> Result<Measured, Failure> {
    for _ in 0..times.div_ceil(10) {
        works.once(name).await?;
    }
    let mut nanos = Vec::with_capacity(usize::try_from(times).unwrap_or(0));
    for _ in 0..times {
        let begun = Instant::now();
        works.once(name).await?;
        nanos.push(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    Ok(Measured::of(name, nanos))
}

/// Microseconds for people.
fn micros(nanos: f64) -> String {
    format!("{:.3}", nanos / 1e3)
}

fn show(history: &History, measured: &[Measured], as_json: bool) {
    if as_json {
        let all: Vec<_> = measured
            .iter()
            .map(|one| json!({ "measured": one, "trend_percent": history.trend(one) }))
            .collect();
        answer(json!({ "v": 1, "benchmarks": all }));
        return;
    }
    let head = ["µs", "times", "average", "min", "max", "p50", "p95", "p99", "p50 beside the last ten"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for one in measured {
        let trend = history.trend(one).map_or_else(|| "–".to_owned(), |trend| format!("{trend:+.1} %"));
        rows.push(vec![
            one.name.clone(),
            one.times.to_string(),
            micros(one.average),
            micros(one.min),
            micros(one.max),
            micros(one.p50),
            micros(one.p95),
            micros(one.p99),
            trend,
        ]);
    }
    answer(table(&rows));
}

fn show_history(history: &History, chosen: &[&'static str], as_json: bool) {
    if as_json {
        let all: Vec<_> = chosen.iter().flat_map(|name| history.of(name)).collect();
        answer(json!({ "v": 1, "history": all }));
        return;
    }
    let mut rows = vec![["name", "at", "version", "p50 µs", "p95 µs", "p99 µs"].map(str::to_owned).to_vec()];
    for kept in chosen.iter().flat_map(|name| history.of(name)) {
        let one = &kept.measured;
        rows.push(vec![
            one.name.clone(),
            kept.at.clone(),
            kept.version.clone(),
            micros(one.p50),
            micros(one.p95),
            micros(one.p99),
        ]);
    }
    answer(table(&rows));
}
