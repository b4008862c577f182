//! Bots on recorded markets: imported data are played to them, and the simulated venue fills their orders.

use archive::{Archive, Kind, Span};
use backtest::run::with_shared_assets;
use bus::bots::Desk;
use live::{Ports, Running, Shard, TimeSource};
use types::{Bar, FeeRate, Instrument, InstrumentId, Interval, MarketEvent, MarketId, MarketNews, Time};
use venue_sim::Fees;
use venue_sim::paper::{self, Memory, Past, Player, Recording, Show};

use crate::config::Config;
use crate::failure::{Exit, Failure};

/// What the built-in exchange charges: 0.1 %, out of what is received.
const FEE: FeeRate = FeeRate(100_000);
/// Bots on recorded markets are numbered from here on, so that a number names one bot of the server.
const FIRST_BOT: u32 = 1_000_001;

/// A running shard and its recordings; the shard ends first.
pub(crate) struct Paper {
    running: Running,
    _player: Player,
}

impl Paper {
    pub(crate) fn desk(&self) -> &Desk {
        self.running.desk()
    }
}

/// Plays what the configuration names; nothing when it names nothing.
pub(super) fn open(config: &Config) -> Result<Option<Paper>, Failure> {
    if config.paper.symbols.is_empty() {
        return Ok(None);
    }
    let archive = Archive::open(&config.data_dir.join("archive"));
    let unknown = |error: archive::Error| {
        Failure::new(Exit::Config, "a recorded market cannot be played")
            .because(&error)
            .advise(error.advice())
    };
    let wanted =
        config.paper.symbols.iter().map(|symbol| archive.find(symbol)).collect::<Result<Vec<_>, _>>();
    let wanted = wanted.map_err(unknown)?;
    let begins = begins(&archive, &wanted).map_err(unknown)?;
    let dir = super::dir_of(&config.data_dir, super::Place::Recorded);
    let mut settings = super::settings(config, dir);
    settings.time = TimeSource::Feed { begins };
    settings.first_bot = FIRST_BOT;
    let mut player = None;
    let running = live::open(&settings, |inbox, shard| {
        let instruments = instruments(&archive, &wanted, shard)?;
        let show = Show {
            config: behaviour(),
            recordings: recordings(&archive, &wanted, &instruments)?,
            past: past(archive.clone(), &instruments),
            memory: memory(shard),
            instruments,
            speed_percent: config.paper.speed_percent,
        };
        let (port, playing) = paper::open(show, inbox).map_err(std::io::Error::other)?;
        player = Some(playing);
        Ok(Ports { gateway: Box::new(port.clone()), feed: Box::new(port.clone()), accounts: Box::new(port) })
    });
    let running = running.map_err(|error| super::failure(&settings.dir, &error))?;
    Ok(player.map(|player| Paper { running, _player: player }))
}

/// How the simulated venue behaves towards bots on paper.
pub(super) fn behaviour() -> venue_sim::Config {
    venue_sim::Config {
        fees: Fees { maker: FEE, taker: FEE, in_received: true, ..Fees::default() },
        ..venue_sim::Config::default()
    }
}

/// When the recordings begin.
fn begins(archive: &Archive, wanted: &[InstrumentId]) -> Result<Time, archive::Error> {
    let all = archive.list()?;
    let own = all.iter().filter(|summary| wanted.contains(&summary.id));
    Ok(own.map(|summary| summary.first).min().unwrap_or(Time(0)))
}

/// What the shard knows already, as it knows it, and what of the archive is new.
fn instruments(
    archive: &Archive,
    wanted: &[InstrumentId],
    shard: &Shard,
) -> std::io::Result<Vec<Instrument>> {
    let known = known(shard);
    let mut new = Vec::new();
    for id in wanted.iter().filter(|id| !known.iter().any(|instrument| instrument.id == **id)) {
        new.push(archive.instrument(*id, MarketId(0)).map_err(std::io::Error::other)?);
    }
    joined(&known, new)
}

/// What the shard knows.
pub(super) fn known(shard: &Shard) -> Vec<Instrument> {
    shard.engine().markets().iter().map(|view| view.instrument().clone()).collect()
}

/// Known instruments and new ones, numbered together.
pub(super) fn joined(known: &[Instrument], new: Vec<Instrument>) -> std::io::Result<Vec<Instrument>> {
    let all = known.iter().cloned().chain(new).collect();
    let shared = with_shared_assets(all).map_err(std::io::Error::other)?;
    // Known ones keep their numbers: they came first then too.
    debug_assert!(shared.iter().zip(known).all(|(a, b)| a == b), "instruments are permanent");
    Ok(shared)
}

fn recordings(
    archive: &Archive,
    wanted: &[InstrumentId],
    instruments: &[Instrument],
) -> std::io::Result<Vec<Recording>> {
    let all = archive.list().map_err(std::io::Error::other)?;
    let mut recordings: Vec<Recording> = Vec::new();
    for instrument in instruments.iter().filter(|instrument| wanted.contains(&instrument.id)) {
        let (id, market) = (instrument.id, instrument.market.id);
        let own = || all.iter().filter(|summary| summary.id == id);
        if own().any(|summary| matches!(summary.kind, Kind::Trades | Kind::Book)) {
            let events = archive.events(id, market, Span::ALL).map_err(std::io::Error::other)?;
            recordings.push(Box::new(
                events.map(|event| event.map(|stamped| (stamped.at, stamped.input)).map_err(Into::into)),
            ));
            continue;
        }
        let bars = own().filter_map(|summary| if let Kind::Bars(i) = summary.kind { Some(i) } else { None });
        let Some(shortest) = bars.min() else { continue };
        let bars = archive.bars(id, shortest, Span::ALL).map_err(std::io::Error::other)?;
        recordings.push(Box::new(bars.map(move |bar| {
            let event = |bar: Bar| (bar.open_time, MarketEvent { market, data: MarketNews::Bar(bar) });
            bar.map(event).map_err(Into::into)
        })));
    }
    Ok(recordings)
}

/// Bars of the archive that had closed before a moment.
fn past(archive: Archive, instruments: &[Instrument]) -> Past {
    let ids: Vec<InstrumentId> = instruments.iter().map(|instrument| instrument.id).collect();
    Box::new(move |market: MarketId, interval: Interval, before: Time, count: u32| {
        let Some(id) = ids.get(usize::from(market.0)) else { return Vec::new() };
        let to = interval.start(before);
        let length = interval.next(to).since(to);
        let from = Time(to.0.saturating_sub(length.saturating_mul(i64::from(count))));
        let bars = archive.bars(*id, interval, Span { from, to });
        let bars = bars.map(|bars| bars.collect::<Result<Vec<_>, _>>());
        match bars {
            Ok(Ok(bars)) => bars,
            Ok(Err(error)) | Err(error) => {
                tracing::warn!(%error, "a recorded market's past cannot be read; the bot warms up with what comes");
                Vec::new()
            }
        }
    })
}

/// What the venue goes on with: the shard has the record.
pub(super) fn memory(shard: &Shard) -> Memory {
    Memory {
        shown: (shard.session() > 0).then(|| shard.at()),
        accounts: shard.engine().bots().map(|bot| (bot.account(), bot.ledger().clone())).collect(),
        orders: shard.resting(),
        numbers: shard.seq(),
    }
}
