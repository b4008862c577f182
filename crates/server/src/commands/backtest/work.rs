//! What is to be run, from the command line: a plan and the recordings it runs on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use archive::{Archive, Kind, Span};
use backtest::file::{BarFile, parse_time};
use backtest::fold::Fold;
use backtest::tape::{Bars, Events};
use backtest::{
    Fees, Model, Plan, PlanError, PricePath, Queue, Recording, RunSpec, Slippage, TapeError, Touch,
    VenueConfig, listing,
};
use risk::Limits;
use strategy::Feed;
use types::{
    Bar, FeeRate, Instrument, InstrumentId, InstrumentKind, Interval, MarketId, Money, Price, Symbol, Time,
    VenueName, decimal,
};

use super::models;
use super::numbers::{decimal, nanoseconds, rate, wrong};
use crate::cli::backtest::{Contract, Venue, Work};
use crate::commands::model::found::Found;
use crate::config::Config;
use crate::failure::{Exit, Failure};

/// Decimals of the start money as it is read; finer than any price needs.
const CASH_SCALE: u8 = 8;
/// The margins of a perpetual of which nothing else is known: 10 % to open, 0.5 % to keep, as large venues list Bitcoin.
const PERPETUAL: InstrumentKind =
    InstrumentKind::LinearPerp { initial_margin: 1_000, maintenance_margin: 50 };

/// A plan and where its data are.
pub(crate) struct Prepared {
    pub(crate) plan: Plan,
    source: Source,
    from: Option<Time>,
    to: Option<Time>,
}

#[derive(Clone)]
enum Source {
    File {
        path: PathBuf,
        tick: Option<Price>,
    },
    Archive {
        archive: Archive,
        series: Vec<Series>,
    },
    /// Bars in memory, one list per instrument.
    Memory {
        bars: Vec<Arc<[Bar]>>,
        interval: Interval,
    },
}

/// One instrument of the archive.
#[derive(Clone)]
struct Series {
    id: InstrumentId,
    /// The bars that are read: the shortest that make the wanted ones, so that fills see the finest prices there are.
    bars: Option<Interval>,
}

/// Bars in memory.
pub(crate) struct Known {
    /// What they are of.
    pub(crate) instruments: Vec<Instrument>,
    /// One list for each.
    pub(crate) bars: Vec<Arc<[Bar]>>,
    /// Their length.
    pub(crate) interval: Interval,
}

impl Prepared {
    /// Reads the options and looks at the data.
    pub(crate) fn of(config: &Config, work: &Work, name: &str) -> Result<Self, Failure> {
        let span = (moment("--from", work.from.as_deref())?, moment("--to", work.to.as_deref())?);
        let model = work.model.as_deref().map(|name| trained(config, name)).transpose()?;
        match &work.file {
            Some(path) if work.symbol.len() <= 1 => Self::of_file(work, name, path, span, model),
            Some(_) => {
                Err(Failure::new(Exit::Usage, "a file holds one instrument, several symbols are given")
                    .advise("give one --symbol with --file"))
            }
            None if work.symbol.is_empty() => Err(Failure::new(Exit::Usage, "there is nothing to run on")
                .advise(
                    "give a --symbol of imported data (tradewind data list), or a file of bars with --file",
                )),
            None => Self::of_archive(config, work, name, span, model),
        }
    }

    fn of_file(
        work: &Work,
        name: &str,
        path: &Path,
        span: (Option<Time>, Option<Time>),
        model: Option<Model>,
    ) -> Result<Self, Failure> {
        let tick = match &work.tick {
            Some(text) => {
                let tick = decimal("--tick", text, backtest::file::SCALE, "a price step")?;
                let tick = i64::try_from(tick).ok().filter(|t| *t > 0);
                let why = "a price step is above zero";
                Some(Price(tick.ok_or_else(|| wrong("--tick", text, why, "give a price step, like 0.01"))?))
            }
            None => None,
        };
        let file = open(path, tick)?;
        let interval = interval(work, file.interval())?;
        let instrument = instrument(work, path, file.tick())?;
        let spec = spec(work, name, interval, span)?;
        let source = path.display().to_string();
        let plan = Plan::new(spec, vec![(instrument, source)], Limits::default());
        let plan = plan.and_then(|plan| plan.with_model(model)).map_err(refused)?;
        Ok(Self { plan, source: Source::File { path: path.to_owned(), tick }, from: span.0, to: span.1 })
    }

    fn of_archive(
        config: &Config,
        work: &Work,
        name: &str,
        span: (Option<Time>, Option<Time>),
        model: Option<Model>,
    ) -> Result<Self, Failure> {
        if work.kind.is_some() || work.tick.is_some() {
            return Err(Failure::new(
                Exit::Usage,
                "--kind and --tick are for files; imported data know both",
            ));
        }
        let archive = Archive::open(&config.data_dir.join("archive"));
        let all = archive.list().map_err(|e| unknown(&e))?;
        let (mut series, mut instruments) = (Vec::new(), Vec::new());
        let mut wanted = work.interval.as_ref().map(|_| interval(work, Interval::M1)).transpose()?;
        for (n, symbol) in work.symbol.iter().enumerate() {
            let id = archive.find(symbol).map_err(|e| unknown(&e))?;
            let stored = stored_bars(&all, id);
            let wanted = *wanted.get_or_insert_with(|| stored.iter().min().copied().unwrap_or(Interval::M1));
            let bars = shortest(stored, wanted);
            let number = MarketId(u16::try_from(n).unwrap_or(u16::MAX));
            let instrument = archive.instrument(id, number).map_err(|e| unknown(&e))?;
            instruments.push((instrument, "archive".to_owned()));
            series.push(Series { id, bars });
        }
        let spec = spec(work, name, wanted.unwrap_or(Interval::M1), span)?;
        let plan = Plan::new(spec, instruments, Limits::default());
        let plan = plan.and_then(|plan| plan.with_model(model)).map_err(refused)?;
        Ok(Self { plan, source: Source::Archive { archive, series }, from: span.0, to: span.1 })
    }

    /// Bars that are in memory, from a place with a name.
    pub(crate) fn of_bars(
        config: &Config,
        work: &Work,
        name: &str,
        source: &str,
        known: Known,
    ) -> Result<Self, Failure> {
        let span = (moment("--from", work.from.as_deref())?, moment("--to", work.to.as_deref())?);
        let model = work.model.as_deref().map(|name| trained(config, name)).transpose()?;
        let spec = spec(work, name, interval(work, known.interval)?, span)?;
        let instruments = known.instruments.into_iter().map(|i| (i, source.to_owned())).collect();
        let plan = Plan::new(spec, instruments, Limits::default());
        let plan = plan.and_then(|plan| plan.with_model(model)).map_err(refused)?;
        let source = Source::Memory { bars: known.bars, interval: known.interval };
        Ok(Self { plan, source, from: span.0, to: span.1 })
    }

    /// A stored run on bars that are in memory again.
    pub(crate) fn of_run(
        config: &Config,
        run: &RunSpec,
        instrument: Instrument,
        bars: Arc<[Bar]>,
        recorded: Interval,
    ) -> Result<Self, Failure> {
        let source = run.traded.first().map_or_else(String::new, |traded| traded.source.clone());
        let model = run.model.as_deref().map(|label| trained(config, label)).transpose()?;
        let plan = Plan::new(run.clone(), vec![(instrument, source)], Limits::default());
        let plan = plan.and_then(|plan| plan.with_model(model)).map_err(refused)?;
        let source = Source::Memory { bars: vec![bars], interval: recorded };
        Ok(Self { plan, source, from: run.from, to: run.to })
    }

    /// The same data under another description.
    pub(crate) fn again(&self, spec: RunSpec) -> Result<Self, Failure> {
        let sources: Vec<String> = spec.traded.iter().map(|t| t.source.clone()).collect();
        let instruments = self.plan.instruments().iter().cloned().zip(sources).collect();
        let plan = Plan::new(spec, instruments, self.plan.limits().clone());
        let plan = plan.and_then(|plan| plan.with_model(self.plan.model().cloned())).map_err(refused)?;
        Ok(Self { plan, source: self.source.clone(), from: self.from, to: self.to })
    }

    /// A stored run and its data, where they were when it ran.
    pub(crate) fn of_stored(config: &Config, run: &RunSpec) -> Result<Self, Failure> {
        let cannot = |why: &dyn std::fmt::Display| {
            Failure::new(Exit::Failed, "the run cannot be made again").because(why)
        };
        let [traded] = run.traded.as_slice() else { return Err(cannot(&"it traded several instruments")) };
        let venue = VenueName::new("file").map_err(|e| cannot(&e))?;
        let id = InstrumentId::parse(&traded.instrument, venue).map_err(|e| cannot(&e))?;
        let (instrument, source) = if traded.source == "archive" {
            let archive = Archive::open(&config.data_dir.join("archive"));
            let instrument = archive.instrument(id, MarketId(0)).map_err(|e| unknown(&e))?;
            let all = archive.list().map_err(|e| unknown(&e))?;
            let bars = shortest(stored_bars(&all, id), run.interval);
            (instrument, Source::Archive { archive, series: vec![Series { id, bars }] })
        } else {
            let kind = if traded.perpetual { PERPETUAL } else { InstrumentKind::Spot };
            let instrument = listing(id, kind, traded.tick, MarketId(0)).map_err(|e| cannot(&e))?;
            (instrument, Source::File { path: PathBuf::from(&traded.source), tick: Some(traded.tick) })
        };
        let model = run.model.as_deref().map(|label| trained(config, label)).transpose()?;
        let plan = Plan::new(run.clone(), vec![(instrument, traded.source.clone())], Limits::default());
        let plan = plan.and_then(|plan| plan.with_model(model));
        Ok(Self { plan: plan.map_err(refused)?, source, from: run.from, to: run.to })
    }

    /// The recordings, from their beginning.
    pub(crate) fn recordings(&self) -> Result<Vec<Recording<'static>>, Failure> {
        let (from, to) = (self.from, self.to);
        match &self.source {
            Source::File { path, tick } => {
                let file = open(path, *tick)?;
                let interval = file.interval();
                let bars = file.filter(move |bar| within(bar, from)).take_while(move |bar| before(bar, to));
                let tape = Box::new(Bars::new(MarketId(0), bars));
                Ok(vec![Recording { tape, bars: Some(interval) }])
            }
            Source::Archive { archive, series } => {
                let strategy = self.plan.strategy().map_err(refused)?;
                let markets = self.plan.instruments().iter().map(|i| i.market.id);
                let one = |(series, market): (&Series, MarketId)| {
                    let mut feeds = strategy.subscriptions().iter().filter(|s| s.market == market);
                    let events = feeds.any(|s| !matches!(s.feed, Feed::Bars(_)));
                    if events {
                        self.events(archive, series, market)
                    } else {
                        self.stored(archive, series, market)
                    }
                };
                series.iter().zip(markets).map(one).collect()
            }
            Source::Memory { bars, interval } => {
                let markets = self.plan.instruments().iter().map(|i| i.market.id);
                let one = |(bars, market): (&Arc<[Bar]>, MarketId)| {
                    let bars: Vec<_> = self.kept(bars).map(Ok::<_, TapeError>).collect();
                    Recording { tape: Box::new(Bars::new(market, bars)), bars: Some(*interval) }
                };
                Ok(bars.iter().zip(markets).map(one).collect())
            }
        }
    }

    /// Those of bars in memory that count.
    fn kept<'b>(&self, bars: &'b [Bar]) -> impl Iterator<Item = Bar> + use<'b> {
        let (from, to) = (self.from, self.to);
        let counts = move |bar: &&Bar| {
            from.is_none_or(|from| bar.open_time >= from) && to.is_none_or(|to| bar.open_time < to)
        };
        bars.iter().filter(counts).copied()
    }

    fn span(&self) -> Span {
        Span { from: self.from.unwrap_or(Span::ALL.from), to: self.to.unwrap_or(Span::ALL.to) }
    }

    /// Trades and book of the archive.
    fn events(
        &self,
        archive: &Archive,
        series: &Series,
        market: MarketId,
    ) -> Result<Recording<'static>, Failure> {
        let events = archive.events(series.id, market, self.span()).map_err(|e| unknown(&e))?;
        let events = events.map(|event| event.map(|stamped| (stamped.at, stamped.input)));
        Ok(Recording { tape: Box::new(Events::new(market, events)), bars: None })
    }

    /// Bars of the archive: stored ones, or folded from trades.
    fn stored(
        &self,
        archive: &Archive,
        series: &Series,
        market: MarketId,
    ) -> Result<Recording<'static>, Failure> {
        let interval = series.bars.unwrap_or(self.plan.spec().interval);
        let bars = archive.bars(series.id, interval, self.span()).map_err(|e| unknown(&e))?;
        Ok(Recording { tape: Box::new(Bars::new(market, bars)), bars: Some(interval) })
    }

    /// All bars of the one instrument, in memory.
    pub(crate) fn bars(&self) -> Result<Vec<Bar>, Failure> {
        match &self.source {
            Source::File { path, tick } => {
                let (from, to) = (self.from, self.to);
                let bars = open(path, *tick)?.filter(move |bar| within(bar, from));
                let bars = bars.take_while(move |bar| before(bar, to));
                bars.collect::<Result<_, _>>().map_err(|error| unreadable(path, &error))
            }
            Source::Archive { archive, series } => {
                let [one] = series.as_slice() else {
                    return Err(Failure::new(Exit::Usage, "a check runs on one instrument")
                        .advise("give one --symbol"));
                };
                let interval = one.bars.unwrap_or(self.plan.spec().interval);
                let bars = archive.bars(one.id, interval, self.span()).map_err(|e| unknown(&e))?;
                bars.collect::<Result<_, _>>().map_err(|e| unknown(&e))
            }
            Source::Memory { bars, .. } => {
                Ok(bars.first().map_or_else(Vec::new, |bars| self.kept(bars).collect()))
            }
        }
    }
}

/// A model of the registry: `name`, `name@version`, or as a run has noted it, `name@version#hash`.
fn trained(config: &Config, label: &str) -> Result<Model, Failure> {
    let name = label.split('#').next().unwrap_or_default();
    // Those of the command line have names of their own; those of people are named by the platform after their ids.
    let own = training::Registry::open(&config.data_dir.join("models"));
    let unknown = matches!(own.get(name), Err(training::RegistryError::Unknown(_)));
    let registry = if unknown { crate::platform::models::registry(&config.data_dir) } else { own };
    let found = Found::find(&registry, label).map_err(|why| {
        Failure::new(Exit::Failed, format!("the model {name} cannot be used"))
            .because(why)
            .advise("`tradewind model list` shows the models; `tradewind model train` makes one")
    })?;
    Ok(found.for_run())
}

/// Data that the archive does not have or cannot read.
fn unknown(error: &archive::Error) -> Failure {
    Failure::new(Exit::Failed, "the imported data cannot be used").because(error).advise(error.advice())
}

/// Lengths of the bars that the archive has of an instrument.
fn stored_bars(all: &[archive::Summary], id: InstrumentId) -> Vec<Interval> {
    let own = all.iter().filter(|summary| summary.id == id);
    own.filter_map(|summary| if let Kind::Bars(i) = summary.kind { Some(i) } else { None }).collect()
}

/// The shortest of them that make bars of `wanted`.
fn shortest(stored: Vec<Interval>, wanted: Interval) -> Option<Interval> {
    stored.into_iter().filter(|i| *i == wanted || Fold::nests(*i, wanted)).min()
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
    let kind = if work.kind == Some(Contract::Spot) { InstrumentKind::Spot } else { PERPETUAL };
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
    let bracket = work.guards.bracket().map_err(|error| {
        Failure::new(Exit::Usage, "the bracket makes no sense")
            .because(error)
            .advise("give basis points, like --stop-loss-bps 200 --take-profit-bps 500")
    })?;
    let venue = &work.venue;
    let funding = venue.funding_bps.as_deref().map(|text| decimal("--funding-bps", text, 4, "basis points"));
    let funding = i64::try_from(funding.transpose()?.unwrap_or(0)).unwrap_or(i64::MAX);
    Ok(RunSpec {
        name: name.to_owned(),
        strategy: work.strategy.clone(),
        params,
        model: None,
        traded: Vec::new(),
        interval,
        from: span.0,
        to: span.1,
        cash: Money(cash),
        quote: String::new(),
        money_scale: CASH_SCALE,
        bracket,
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
    Ok(VenueConfig {
        fees: fees(venue)?,
        path,
        touch: if venue.fill_on_touch { Touch::At } else { Touch::Through },
        slippage,
        participation_bips: participation,
        latency: models::latency(venue)?,
        queue: venue.queue_power.map_or(Queue::Conservative, |power| Queue::Probability { power }),
        faults: models::faults(&venue.faults)?,
        native: models::native(&venue.lacks)?,
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
        PlanError::Model(_) => "leave --model out, or run the strategy forecast",
        PlanError::Run(_) => "check the symbols and the data",
    };
    Failure::new(Exit::Usage, "the run makes no sense").because(error).advise(advice)
}

/// A decimal for people and scripts: no zeros at the end.
pub(super) fn short(units: i128, scale: u8) -> String {
    decimal::format_short(units, scale)
}
