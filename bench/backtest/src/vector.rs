//! The vectorised path: three strategies on the same bars, and a thousand parameter pairs on all cores.

use std::time::Instant;

use backtest::sweep::{Axis, Judge as _, Method, Objective, Plan, Progress, Space, Trial, Window};
use backtest::vector::{Columns, VectorJudge};
use backtest::{cpu_seconds, memory_peak, process_cpu_seconds};
use types::{Bar, Interval, Price};

use crate::{Failed, plan, walk};

/// Strategies, with parameters of the same length of memory as the EMA cross of the other measurements.
const STRATEGIES: [(&str, &[(&str, &str)]); 3] = [
    ("ema-cross", &[("fast", "20"), ("slow", "100"), ("qty", "1"), ("ema-seed", "first")]),
    ("donchian", &[("entry", "100"), ("exit", "20"), ("qty", "1")]),
    ("rsi-reversion", &[("period", "14"), ("low", "30"), ("high", "70"), ("qty", "1")]),
];

fn columns(
    strategy: &str,
    params: &[(&str, &str)],
    bars: &[Bar],
) -> Result<(backtest::Plan, Columns), Failed> {
    let plan = plan(strategy, params, "WALK-PERP", Price(1_000_000))?;
    let mut columns = Columns::new(Interval::M1, plan.instruments()[0].market.notional, bars.len());
    if bars.iter().all(|bar| columns.push(bar)) {
        Ok((plan, columns))
    } else {
        Err("the bars do not fit".into())
    }
}

/// One run each: with its indicator columns to be computed, and with them at hand as in a sweep.
pub(crate) fn strategies(count: u64) -> Result<(), Failed> {
    let bars: Vec<Bar> = walk(count).collect::<Result<_, _>>()?;
    for (strategy, params) in STRATEGIES {
        let (plan, columns) = columns(strategy, params, &bars)?;
        let spec = plan.spec();
        let whole = Window { from: 0, to: columns.len() };
        let (mut cold, mut warm, mut trades) = (Vec::new(), Vec::new(), 0);
        for _ in 0..7 {
            let judge =
                VectorJudge::new(strategy, &columns, &plan.instruments()[0], &spec.venue, spec.cash, None);
            for times in [&mut cold, &mut warm] {
                let started = cpu_seconds();
                let score = judge.judge(&spec.params, whole).map_err(|why| format!("{why:?}"))?;
                times.push(cpu_seconds() - started);
                trades = score.trades;
            }
        }
        let median = |times: &mut Vec<f64>| {
            times.sort_by(f64::total_cmp);
            count as f64 / times[times.len() / 2] / 1e6
        };
        println!(
            "vector {strategy}: {:.1} M bars a second of processor time with its indicators, {:.1} M without; {trades} trades",
            median(&mut cold),
            median(&mut warm)
        );
    }
    Ok(())
}

/// Forty fast and twenty-five slow averages.
pub(crate) fn pairs(count: u64) -> Result<(), Failed> {
    let bars: Vec<Bar> = walk(count).collect::<Result<_, _>>()?;
    let (planned, columns) = columns("ema-cross", STRATEGIES[0].1, &bars)?;
    let spec = planned.spec();
    let judge =
        VectorJudge::new("ema-cross", &columns, &planned.instruments()[0], &spec.venue, spec.cash, None);
    let space = Space::new(vec![Axis::parse("fast=2..41")?, Axis::parse("slow=50..290:10")?])?;
    let varies = |name: &String| name == "fast" || name == "slow";
    let fixed: Vec<_> = spec.params.iter().filter(|(name, _)| !varies(name)).cloned().collect();
    let threads = std::thread::available_parallelism()?.get();
    let search = Plan {
        space: &space,
        fixed: &fixed,
        method: Method::Grid,
        objective: Objective::Sharpe,
        judge: &judge,
        threads,
    };
    let (cpu, wall) = (process_cpu_seconds(), Instant::now());
    let whole = Window { from: 0, to: columns.len() };
    let trials = search.search(whole, &Progress::default(), &mut |_: &[Trial]| Ok::<(), Failed>(()))?;
    let (cpu, wall) = (process_cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
    let scored = trials.iter().filter(|trial| trial.result.is_ok()).count();
    println!(
        "pairs: {scored} of {} sets over {count} bars on {threads} threads: {cpu:.2} s of processor time, {wall:.2} s by the wall, \
         {:.0} M bars a second of processor time; peak {} MB",
        trials.len(),
        trials.len() as f64 * count as f64 / cpu / 1e6,
        memory_peak() / 1_000_000
    );
    Ok(())
}

/// The bars of the other measurements as CSV, for peers.
pub(crate) fn write(path: &str, count: u64) -> Result<(), Failed> {
    use std::io::Write as _;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    writeln!(file, "open_time_ms,open,high,low,close,volume")?;
    let cents = |price: Price| format!("{}.{:02}", price.0 / 100_000_000, price.0 / 1_000_000 % 100);
    for bar in walk(count) {
        let bar = bar?;
        let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(cents);
        writeln!(file, "{},{open},{high},{low},{close},10", bar.open_time.millis())?;
    }
    Ok(file.flush()?)
}
