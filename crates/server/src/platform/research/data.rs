//! From what somebody asked for over the API to what the command line runs: the same options, the same plans.

use std::sync::Arc;

use api::ports::CandleRange;
use api::research::{BacktestSpec, Conditions, SweepSpec};
use archive::Archive;
use backtest::file::parse_time;
use backtest::{Outcome, RunSpec};
use exchange_host::Handle;
use market_data::fold::Fold;
use types::{Bar, Instrument, InstrumentId, InstrumentKind, Interval, MarketId, Time, VenueName};

use super::super::LOCAL;
use super::super::market_views::candles;
use crate::cli::Output;
use crate::cli::backtest::{Venue, Work};
use crate::cli::bracket::Guards;
use crate::cli::sweep::{PickBy, Run};
use crate::commands::backtest::work::{Known, Prepared};
use crate::config::Config;
use crate::failure::{Exit, Failure};

/// What data of the built-in exchange are called in a run.
pub(super) const EXCHANGE: &str = "exchange";
/// Up to so many minutes a run reads minutes, so that fills see the finest prices there are; beyond it the bars it decides on.
const MINUTES_MAX: usize = 200_000;
/// Most bars of one instrument: a run in memory of about 100 MB.
const BARS_MAX: usize = 1_000_000;

/// The command line's options.
fn work(strategy: &str, model: Option<&str>, on: &Conditions, from_exchange: bool) -> Work {
    let venue = &on.venue;
    Work {
        strategy: strategy.to_owned(),
        symbol: on.symbols.clone(),
        file: None,
        kind: None,
        tick: None,
        interval: on.interval.clone(),
        from: on.from.clone(),
        to: on.to.clone(),
        params: on.params.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        model: model.map(str::to_owned),
        ema_seed: None,
        cash: on.cash.clone(),
        guards: Guards {
            stop_loss_bps: on.bracket.stop_loss_bps,
            take_profit_bps: on.bracket.take_profit_bps,
            trailing_bps: on.bracket.trailing_bps,
        },
        venue: Venue {
            fee_bps: venue.fee_bps.clone(),
            maker_bps: venue.maker_bps.clone(),
            taker_bps: venue.taker_bps.clone(),
            // As the built-in exchange does it.
            fee_in_received: from_exchange,
            fill: venue.fill.clone().unwrap_or_else(|| "open".to_owned()),
            fill_on_touch: false,
            slippage_bps: venue.slippage_bps.clone(),
            slippage_range: None,
            slippage_volume: None,
            participation: venue.participation.clone(),
            latency_ms: venue.latency_ms.clone(),
            latency_jitter_ms: None,
            latency_file: None,
            queue_power: None,
            faults: Vec::new(),
            lacks: Vec::new(),
            feed_ms: None,
            funding_bps: None,
            seed: venue.seed.unwrap_or(1),
        },
    }
}

/// A run's plan and data.
pub(super) fn prepare(config: &Config, handle: &Handle, spec: &BacktestSpec) -> Result<Prepared, Failure> {
    let from_exchange = is_of_exchange(config, &spec.on);
    let work = work(&spec.strategy, spec.model.as_deref(), &spec.on, from_exchange);
    prepare_work(config, handle, &work, &spec.name, from_exchange)
}

/// The command line's options of a sweep, and whether the exchange has its data.
pub(super) fn sweep_options(config: &Config, spec: &SweepSpec) -> (Run, bool) {
    let from_exchange = is_of_exchange(config, &spec.on);
    let trials = spec.trials.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let with = |method: &str| trials.filter(|_| spec.method == method);
    let options = Run {
        work: work(&spec.strategy, None, &spec.on, from_exchange),
        grid: spec.grid.iter().map(|(name, values)| format!("{name}={values}")).collect(),
        random: with("random"),
        halving: with("halving"),
        tpe: with("tpe"),
        walk_forward: spec.walk_forward,
        objective: spec.objective.clone(),
        pick: spec.pick.as_deref().map(|pick| if pick == "peak" { PickBy::Peak } else { PickBy::Plateau }),
        // Beside the requests: one core is enough for it.
        threads: Some(1),
        name: spec.name.clone(),
        html: None,
        output: Output { json: true },
    };
    (options, from_exchange)
}

/// A plan and data of the command line's options.
pub(super) fn prepare_work(
    config: &Config,
    handle: &Handle,
    work: &Work,
    name: &str,
    from_exchange: bool,
) -> Result<Prepared, Failure> {
    if from_exchange { of_exchange(config, handle, work, name) } else { Prepared::of(config, work, name) }
}

/// The archive's if it has all of them, unless told otherwise.
fn is_of_exchange(config: &Config, on: &Conditions) -> bool {
    match on.source.as_deref() {
        Some(source) => source == EXCHANGE,
        None => {
            let archive = Archive::open(&config.data_dir.join("archive"));
            !on.symbols.iter().all(|symbol| archive.find(symbol).is_ok())
        }
    }
}

fn of_exchange(config: &Config, handle: &Handle, work: &Work, name: &str) -> Result<Prepared, Failure> {
    let span = (time(work.from.as_deref())?, time(work.to.as_deref())?);
    let wanted = work.interval.as_deref().map_or(Some(Interval::M1), Interval::parse);
    // A length that does not exist is told of by whoever reads the options.
    let recorded = recorded(wanted.unwrap_or(Interval::M1), span, handle.now());
    let (mut instruments, mut all) = (Vec::new(), Vec::new());
    for (n, symbol) in work.symbol.iter().enumerate() {
        let number = MarketId(u16::try_from(n).unwrap_or(u16::MAX));
        let (instrument, bars) = listed(handle, symbol, number, recorded, span)?;
        instruments.push(instrument);
        all.push(bars);
    }
    Prepared::of_bars(config, work, name, EXCHANGE, Known { instruments, bars: all, interval: recorded })
}

fn time(text: Option<&str>) -> Result<Option<Time>, Failure> {
    let wrong = |text: &str| Failure::new(Exit::Usage, format!("{text:?} is no time"));
    text.map(|text| parse_time(text).ok_or_else(|| wrong(text))).transpose()
}

/// Minutes as long as they are not too many, else the wanted bars.
fn recorded(wanted: Interval, span: (Option<Time>, Option<Time>), now: Time) -> Interval {
    let Some(from) = span.0 else { return if nests(wanted) { Interval::M1 } else { wanted } };
    let minutes = span.1.unwrap_or(now).since(from) / 60_000_000_000;
    let few = usize::try_from(minutes).is_ok_and(|minutes| minutes <= MINUTES_MAX);
    if few && nests(wanted) { Interval::M1 } else { wanted }
}

fn nests(wanted: Interval) -> bool {
    wanted == Interval::M1 || Fold::nests(Interval::M1, wanted)
}

/// An instrument of the exchange, and its candles that are closed.
fn listed(
    handle: &Handle,
    symbol: &str,
    number: MarketId,
    interval: Interval,
    span: (Option<Time>, Option<Time>),
) -> Result<(Instrument, Arc<[Bar]>), Failure> {
    let unknown = || {
        Failure::new(Exit::Usage, format!("there are no data of {symbol}")).because(
            "neither the archive nor the built-in exchange has it; tradewind data import adds to the archive",
        )
    };
    let venue = VenueName::new(LOCAL).map_err(|e| Failure::new(Exit::Failed, e.to_string()))?;
    let id = InstrumentId::parse(symbol, venue).map_err(|_| unknown())?;
    let catalog = handle.view().catalog();
    let market = (id.venue == venue).then(|| catalog.market_by_symbol(id.symbol.as_str()).cloned()).flatten();
    let mut market = market.ok_or_else(unknown)?;
    let range = CandleRange { interval, from: Some(span.0.unwrap_or(Time(0))), to: span.1, limit: BARS_MAX };
    let mut bars = candles(handle, market.id, range).map_err(|error| {
        Failure::new(Exit::Failed, "the exchange's candles cannot be read").because(error)
    })?;
    let now = handle.now();
    bars.retain(|bar| interval.next(bar.open_time) <= now);
    market.id = number;
    Ok((Instrument { id, kind: InstrumentKind::Spot, market }, bars.into()))
}

/// A stored run with its data again.
pub(super) fn of_stored(config: &Config, handle: &Handle, outcome: &Outcome) -> Result<Prepared, Failure> {
    let run: &RunSpec = &outcome.run;
    let [traded] = run.traded.as_slice() else {
        return Err(Failure::new(Exit::Usage, "there is no report of a run on several instruments"));
    };
    if traded.source != EXCHANGE {
        return Prepared::of_stored(config, run);
    }
    let mut points = outcome.equity.points();
    let (first, last) = (points.next().map(|p| p.at), points.next_back().map(|p| p.at));
    // The first point stands at the end of the first bar.
    let from = run.from.or(first.map(|at| run.interval.start(at.plus_nanos(-1))));
    let span = (from, run.to.or(last));
    let recorded = recorded(run.interval, span, handle.now());
    let (instrument, bars) = listed(handle, &traded.instrument, MarketId(0), recorded, span)?;
    Prepared::of_run(config, run, instrument, bars, recorded)
}
