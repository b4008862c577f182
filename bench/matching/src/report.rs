//! The results as a markdown table and as JSON.

use hdrhistogram::Histogram;
use std::fmt::Write as _;

/// What was measured of an engine on a workload.
pub struct EngineResult {
    pub name: &'static str,
    /// How many of the workload's commands it replayed.
    pub commands: usize,
    /// Commands per second of CPU time, median of the rounds.
    pub cpu_rate: f64,
    /// Commands per second of wall time, median of the rounds.
    pub wall_rate: f64,
    /// CPU time of the plain book over this engine's, median of the rounds.
    pub ratio: f64,
    /// Service times in nanoseconds, one clock reading included.
    pub service: Histogram<u64>,
    /// Whether it keeps to the rules, so that the next two must hold.
    pub exact: bool,
    pub same_book: bool,
    pub same_trades: bool,
}

/// What was measured on a workload.
pub struct WorkloadResult {
    pub name: &'static str,
    pub live: usize,
    pub commands: usize,
    pub trades: u64,
    pub mix: String,
    pub engines: Vec<EngineResult>,
}

const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)];

const fn yes(same: bool) -> &'static str {
    if same { "equal" } else { "DIFFERS" }
}

pub fn markdown(results: &[WorkloadResult], rounds: usize, clock: u64) -> String {
    let mut text = format!(
        "Median of {rounds} rounds; ratio = CPU time of the BTreeMap book / own, within a round. Service times in ns, \
         each with one clock reading of {clock} ns in it.\n"
    );
    for workload in results {
        let WorkloadResult { name, live, commands, trades, mix, .. } = workload;
        let _ = write!(
            text,
            "\n**{name}** — {live} live orders, {commands} commands ({mix}), {trades} trades\n\n\
             | engine | M/s CPU | M/s wall | ratio | p50 | p90 | p99 | p99.9 | p99.99 | trades | final book |\n\
             |---|---|---|---|---|---|---|---|---|---|---|\n"
        );
        for engine in &workload.engines {
            let _ = write!(
                text,
                "| {} | {:.2} | {:.2} | {:.2} |",
                if engine.commands < *commands {
                    format!("{} (first {})", engine.name, engine.commands)
                } else {
                    engine.name.to_owned()
                },
                engine.cpu_rate / 1e6,
                engine.wall_rate / 1e6,
                engine.ratio
            );
            for (_, quantile) in QUANTILES {
                let _ = write!(text, " {} |", engine.service.value_at_quantile(quantile));
            }
            let _ = writeln!(text, " {} | {} |", yes(engine.same_trades), yes(engine.same_book));
        }
    }
    text
}

pub fn json(results: &[WorkloadResult], rounds: usize, clock: u64) -> String {
    let workloads: Vec<String> = results.iter().map(workload_json).collect();
    format!("{{\"rounds\":{rounds},\"clock_ns\":{clock},\"workloads\":[{}]}}\n", workloads.join(","))
}

fn workload_json(workload: &WorkloadResult) -> String {
    let engines: Vec<String> = workload.engines.iter().map(engine_json).collect();
    format!(
        "{{\"name\":\"{}\",\"live\":{},\"commands\":{},\"trades\":{},\"mix\":\"{}\",\"engines\":[{}]}}",
        workload.name,
        workload.live,
        workload.commands,
        workload.trades,
        workload.mix,
        engines.join(",")
    )
}

fn engine_json(engine: &EngineResult) -> String {
    let quantiles: Vec<String> = QUANTILES
        .iter()
        .map(|(name, quantile)| format!("\"{name}\":{}", engine.service.value_at_quantile(*quantile)))
        .collect();
    format!(
        "{{\"name\":\"{}\",\"commands\":{},\"cpu_per_s\":{:.0},\"wall_per_s\":{:.0},\"ratio\":{:.3},\"service_ns\":{{{}}},\
         \"same_trades\":{},\"same_book\":{}}}",
        engine.name,
        engine.commands,
        engine.cpu_rate,
        engine.wall_rate,
        engine.ratio,
        quantiles.join(","),
        engine.same_trades,
        engine.same_book
    )
}
