//! What is to be run, from the command line: a plan and the recordings it runs on.

use std::path::{Path, PathBuf};

use backtest::file::{BarFile, parse_time};
use backtest::tape::Bars;
use backtest::{
    Fees, Latency, Plan, PlanError, PricePath, Recording, RunSpec, Slippage, TapeError, Touch, VenueConfig,
    listing,
};
use risk::Limits;
use types::{
    Bar, FeeRate, Instrument, InstrumentId, InstrumentKind, Interval, MarketId, Money, Price, Symbol, Time,
    VenueName, decimal,
};

use super::numbers::{decimal, nanoseconds, rate, wrong};
use crate::cli::backtest::{Kind, Venue, Work};
use crate::failure::{Exit, Failure};

/// Decimals of the start money as it is read; finer than any price needs.
const CASH_SCALE: u8 = 8;
/// The margins of a perpetual of which nothing else is known: 10 % to open, 0.5 % to keep, as large venues list Bitcoin.
const PERPETUAL: InstrumentKind =
    InstrumentKind::LinearPerp { initial_margin: 1_000, maintenance_margin: 50 };

/// A plan and where its data are.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    source: Source,
    from: Option<Time>,
    to: Option<Time>,
}

enum Source {
    File { path: PathBuf, tick: Option<Price> },
}

impl Prepared {
    /// Reads the options and looks at the data.
    pub(super) fn of(work: &Work, name: &str) -> Result<Self, Failure> {
        let path = match (&work.file, work.symbol.as_slice()) {
            (Some(path), [] | [_]) => path.clone(),
            (Some(_), _) => {
                return Err(Failure::new(
                    Exit::Usage,
                    "a file holds one instrument, several symbols are given",
                )
                .advise("give one --symbol with --file"));
            }
            (None, _) => {
                return Err(Failure::new(Exit::Usage, "there is nothing to run on")
                    .advise("give a file of bars with --file"));
            }
        };
        let (from, to) = (moment("--from", work.from.as_deref())?, moment("--to", work.to.as_deref())?);
        let tick = match &work.tick {
            Some(text) => {
                let tick = decimal("--tick", text, backtest::file::SCALE, "a price step")?;
                let tick = i64::try_from(tick).ok().filter(|t| *t > 0);
                let why = "a price step is above zero";
                Some(Price(tick.ok_or_else(|| wrong("--tick", text, why, "give a price step, like 0.01"))?))
            }
            None => None,
        };
        let file = open(&path, tick)?;
        let interval = interval(work, file.interval())?;
        let instrument = instrument(work, &path, file.tick())?;
        let spec = spec(work, name, interval, (from, to))?;
        let source = path.display().to_string();
        let plan = Plan::new(spec, vec![(instrument, source)], Limits::default()).map_err(refused)?;
        Ok(Self { plan, source: Source::File { path, tick }, from, to })
    }

    /// The recordings, from their beginning.
    pub(super) fn recordings(&self) -> Result<Vec<Recording<'static>>, Failure> {
        let Source::File { path, tick } = &self.source;
        let file = open(path, *tick)?;
        let interval = file.interval();
        let (from, to) = (self.from, self.to);
        let bars = file.filter(move |bar| within(bar, from)).take_while(move |bar| before(bar, to));
        let tape = Box::new(Bars::new(MarketId(0), bars));
        Ok(vec![Recording { tape, bars: Some(interval) }])
    }

    /// All bars of the one instrument, in memory.
    pub(super) fn bars(&self) -> Result<Vec<Bar>, Failure> {
        let Source::File { path, tick } = &self.source;
        let file = open(path, *tick)?;
        let (from, to) = (self.from, self.to);
        let bars = file.filter(move |bar| within(bar, from)).take_while(move |bar| before(bar, to));
        bars.collect::<Result<_, _>>().map_err(|error| unreadable(path, &error))
    }
}

fn within(bar: &Result<Bar, TapeError>, from: Option<Time>) -> bool {
    bar.as_ref().map_or(true, |bar| from.is_none_or(|from| bar.open_time >= from))
}

fn before(bar: &Result<Bar, TapeError>, to: Option<Time>) -> bool {
    bar.as_ref().map_or(true, |bar| to.is_none_or(|to| bar.open_time < to))
}

fn open(path: &Path, tick: Option<Price>) -> Result<BarFile, Failure> {
    let file = BarFile::open(path).map_err(|error| unreadable(path, &error))?;
    Ok(match tick {
        Some(tick) => file.with_tick(tick),
        None => file,
    })
}

fn unreadable(path: &Path, error: &TapeError) -> Failure {
    Failure::new(Exit::Failed, format!("{} cannot be used", path.display()))
        .because(error)
        .advise("give a CSV file with the columns open_time, open, high, low, close and, if known, volume")
}

fn moment(option: &str, text: Option<&str>) -> Result<Option<Time>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || wrong(option, text, "it is not a time", "give UTC, like 2022-01-31 or 2022-01-31T12:00");
    parse_time(text).map(Some).ok_or_else(wrong)
}

fn interval(work: &Work, recorded: Interval) -> Result<Interval, Failure> {
    let Some(text) = &work.interval else { return Ok(recorded) };
    let all = Interval::ALL.map(Interval::as_str).join(", ");
    Interval::parse(text)
        .ok_or_else(|| wrong("--interval", text, "there is no such length", &format!("give one of {all}")))
}

fn instrument(work: &Work, path: &Path, tick: Price) -> Result<Instrument, Failure> {
    let venue = VenueName::new("file").map_err(|e| Failure::new(Exit::Failed, e.to_string()))?;
    let id = match work.symbol.first() {
        Some(text) => InstrumentId::parse(text, venue)
            .map_err(|e| wrong("--symbol", text, &e.to_string(), "give a symbol like BTC-PERP"))?,
        None => InstrumentId { venue, symbol: named_after(path)? },
    };
    let kind = if work.kind == Some(Kind::Spot) { InstrumentKind::Spot } else { PERPETUAL };
    listing(id, kind, tick, MarketId(0)).map_err(|e| Failure::new(Exit::Usage, e.to_string()))
}

/// A symbol from a file's name.
fn named_after(path: &Path) -> Result<Symbol, Failure> {
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("FILE").to_ascii_uppercase();
    let fit: String = stem.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    let symbol = fit.get(..fit.len().min(Symbol::LEN_MAX)).unwrap_or("FILE");
    Symbol::new(if symbol.is_empty() { "FILE" } else { symbol })
        .map_err(|e| Failure::new(Exit::Usage, e.to_string()).advise("give a --symbol"))
}

fn spec(
    work: &Work,
    name: &str,
    interval: Interval,
    span: (Option<Time>, Option<Time>),
) -> Result<RunSpec, Failure> {
    let mut params = Vec::new();
    for pair in &work.params {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            wrong("--param", pair, "it is not NAME=VALUE", "give a parameter like --param fast=20")
        })?;
        params.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    if let Some(seed) = &work.ema_seed {
        params.push(("ema-seed".to_owned(), seed.clone()));
    }
    let cash = decimal("--cash", &work.cash, CASH_SCALE, "an amount of money")?;
    if cash <= 0 {
        return Err(wrong("--cash", &work.cash, "a run needs money to start with", "give an amount"));
    }
    let venue = &work.venue;
    let funding = venue.funding_bps.as_deref().map(|text| decimal("--funding-bps", text, 4, "basis points"));
    let funding = i64::try_from(funding.transpose()?.unwrap_or(0)).unwrap_or(i64::MAX);
    Ok(RunSpec {
        name: name.to_owned(),
        strategy: work.strategy.clone(),
        params,
        traded: Vec::new(),
        interval,
        from: span.0,
        to: span.1,
        cash: Money(cash),
        quote: String::new(),
        money_scale: CASH_SCALE,
        venue: venue_config(venue)?,
        feed_ns: nanoseconds("--feed-ms", venue.feed_ms.as_deref())?,
        funding,
        code: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

fn venue_config(venue: &Venue) -> Result<VenueConfig, Failure> {
    const WHOLE: u32 = 100_000_000;
    let path = PricePath::parse(&venue.fill).ok_or_else(|| {
        wrong("--fill", &venue.fill, "there is no such path", "give open, close, ohlc or olhc")
    })?;
    let price = rate("--slippage-bps", venue.slippage_bps.as_deref(), 4, WHOLE)?;
    let range = rate("--slippage-range", venue.slippage_range.as_deref(), 6, WHOLE)?;
    let volume = rate("--slippage-volume", venue.slippage_volume.as_deref(), 4, WHOLE)?;
    let slippage = match (price, range, volume) {
        (Some(rate), ..) => Slippage::Rate(rate),
        (_, Some(rate), _) => Slippage::Range(rate),
        (.., Some(rate)) => Slippage::Volume(rate),
        (None, None, None) => Slippage::None,
    };
    let participation = rate("--participation", venue.participation.as_deref(), 2, 10_000)?;
    let fixed = nanoseconds("--latency-ms", venue.latency_ms.as_deref())?;
    let mean_ns = nanoseconds("--latency-jitter-ms", venue.latency_jitter_ms.as_deref())?;
    let latency = match (fixed, mean_ns) {
        (0, 0) => Latency::None,
        (ns, 0) => Latency::Constant { order_ns: ns, report_ns: ns },
        (least_ns, mean_ns) => Latency::Drawn { least_ns, mean_ns },
    };
    Ok(VenueConfig {
        fees: fees(venue)?,
        path,
        touch: if venue.fill_on_touch { Touch::At } else { Touch::Through },
        slippage,
        participation_bips: participation,
        latency,
        seed: venue.seed,
        ..VenueConfig::default()
    })
}

/// Rates in 10^-8; ten basis points unless told otherwise.
fn fees(venue: &Venue) -> Result<Fees, Failure> {
    const MOST: u32 = 10_000_000;
    let all = rate("--fee-bps", venue.fee_bps.as_deref(), 4, MOST)?.unwrap_or(100_000);
    let taker = rate("--taker-bps", venue.taker_bps.as_deref(), 4, MOST)?.unwrap_or(all);
    let (maker, rebate) = match venue.maker_bps.as_deref().and_then(|text| text.strip_prefix('-')) {
        Some(text) => (0, rate("--maker-bps", Some(text), 4, MOST)?.unwrap_or(0)),
        None => (rate("--maker-bps", venue.maker_bps.as_deref(), 4, MOST)?.unwrap_or(all), 0),
    };
    Ok(Fees {
        maker: FeeRate(maker),
        taker: FeeRate(taker),
        rebate: FeeRate(rebate),
        in_received: venue.fee_in_received,
    })
}

/// A plan that makes no sense.
fn refused(error: PlanError) -> Failure {
    let advice = match &error {
        PlanError::UnknownStrategy(_) => "see tradewind strategy list",
        PlanError::Param(_) => "see tradewind strategy show NAME",
        PlanError::Run(_) => "check the symbols and the data",
    };
    Failure::new(Exit::Usage, "the run makes no sense").because(error).advise(advice)
}

/// A decimal for people and scripts: no zeros at the end.
pub(super) fn short(units: i128, scale: u8) -> String {
    decimal::format_short(units, scale)
}
