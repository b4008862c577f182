//! One run from start to end: engine, venue and tapes put together, driven, and summed up.

use engine::{AddBotError, BotConfig, Control, Engine, Input};
use orders::{BotId, Native};
use risk::Limits;
use strategy::{Feed, Strategy};
use types::{AccountId, AssetId, Instrument, InstrumentKind, Interval, MarketId, Money, Time};
use venue_sim::SimVenue;

use crate::clock::cpu_seconds;
use crate::driver::{Driver, Observe, Watch};
use crate::fold::Fold;
use crate::recorder::Recorder;
use crate::tape::{Tape, TapeError};
use crate::{Outcome, RunSpec, Traded};

/// The bot of a run.
pub const BOT: BotId = BotId(1);
/// Its account.
pub const ACCOUNT: AccountId = AccountId(1);

/// A recording and the length of its bars, if it holds bars.
pub struct Recording<'a> {
    /// The events, of one market.
    pub tape: Box<dyn Tape + 'a>,
    /// Length of its bars.
    pub bars: Option<Interval>,
}

/// Everything a run needs.
pub struct Setup<'a> {
    /// What it is. `traded` is filled in from the instruments.
    pub spec: RunSpec,
    /// What is traded, by `MarketId`; assets that have the same code have the same id ([`with_shared_assets`]).
    pub instruments: Vec<Instrument>,
    /// What decides.
    pub strategy: Box<dyn Strategy>,
    /// What risk lets out.
    pub limits: Limits,
    /// One recording per instrument, in their order; further ones (funding, say) may follow.
    pub recordings: Vec<Recording<'a>>,
}

/// Why a run did not come to its end. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The bot cannot be made.
    #[error(transparent)]
    Bot(#[from] AddBotError),
    /// A recording cannot be read.
    #[error("the recording cannot be read: {0}")]
    Tape(#[from] TapeError),
    /// Instruments do not fit together.
    #[error("{0}")]
    Instruments(String),
    /// Bars of this length cannot be made from the recording.
    #[error("bars of {wanted} cannot be made from the recorded bars of {recorded}")]
    Interval {
        /// What the strategy wants.
        wanted: &'static str,
        /// What there is.
        recorded: &'static str,
    },
    /// The recording has no event in the span.
    #[error("the recording holds nothing between the given times")]
    Empty,
    /// Whoever watched it stopped it.
    #[error("the run was cancelled")]
    Cancelled,
}

/// Runs to the end.
///
/// # Errors
/// See [`RunError`].
pub fn run(setup: Setup<'_>, watch: Watch<'_>) -> Result<Outcome, RunError> {
    run_observed(setup, watch, &mut |_, _| ())
}

/// [`run`], telling of each noted close.
pub(crate) fn run_observed(
    setup: Setup<'_>,
    watch: Watch<'_>,
    observe: Observe<'_>,
) -> Result<Outcome, RunError> {
    let started = cpu_seconds();
    let Setup { mut spec, instruments, strategy, limits, recordings } = setup;
    let longer = longer_intervals(&*strategy, &recordings)?;
    let quote = quote_asset(&instruments)?;
    let mut venue = SimVenue::new(spec.venue.clone());
    let mut engine = Engine::new(1);
    for (n, instrument) in instruments.iter().enumerate() {
        if !engine.add_instrument(instrument.clone()) || !venue.add_instrument(instrument.clone()) {
            return Err(RunError::Instruments(format!("{} does not have number {n}", instrument.id)));
        }
    }
    let too_much = |_| RunError::Instruments("the start money is too large".to_owned());
    venue.fund(ACCOUNT, quote, spec.cash).map_err(too_much)?;
    let funds = vec![(quote, spec.cash)];
    engine.add_bot(BotConfig {
        id: BOT,
        account: ACCOUNT,
        strategy,
        funds,
        quote,
        limits,
        bracket: spec.bracket,
    })?;
    let recorder = Recorder::new(BOT, spec.cash, instruments.len());
    let main = (MarketId(0), spec.interval);
    let mut driver = Driver::new(engine, venue, recorder, BOT, main, spec.feed_ns, spec.funding);
    driver.faulty = spec.venue.faults.any();
    for (recording, longer) in recordings.into_iter().zip(&longer) {
        driver.add(recording, longer)?;
    }
    if spec.venue.native != Native::ALL {
        driver.step(Time(i64::MIN), Input::Control(Control::Native(spec.venue.native)));
    }
    driver.step(Time(i64::MIN), Input::Control(Control::Start(BOT)));
    if !driver.run(watch, observe)? {
        return Err(RunError::Cancelled);
    }
    if driver.first.is_none() {
        return Err(RunError::Empty);
    }
    if spec.traded.is_empty() {
        spec.traded = instruments.iter().map(|i| traded(i, String::new())).collect();
    }
    // Whole microseconds: the clock tells no more, and a number of so few digits is read back from JSON as it was written.
    let spent = ((cpu_seconds() - started) * 1e6).round() / 1e6;
    Ok(sum_up(driver, spec, quote, spent))
}

fn sum_up(driver: Driver<'_>, spec: RunSpec, quote: AssetId, cpu_seconds: f64) -> Outcome {
    let warnings = crate::warnings::of(&driver);
    let digest = driver.engine.digest();
    let funding = driver.engine.account(BOT).map_or(Money::ZERO, |a| a.funding(quote));
    let Driver { mut recorder, venue, engine, .. } = driver;
    recorder.counts.denied = recorder.denied();
    recorder.counts.open = engine.orders().open().count() as u64;
    Outcome {
        run: spec,
        equity: recorder.equity,
        fills: recorder.fills,
        trades: recorder.trades,
        orders: recorder.counts,
        fees: recorder.fees,
        funding,
        turnover: recorder.turnover,
        slippage: venue.slipped(),
        reasons: recorder.reasons,
        warnings,
        cpu_seconds,
        digest,
    }
}

/// The bars each recording has to be folded into.
fn longer_intervals(
    strategy: &dyn Strategy,
    recordings: &[Recording<'_>],
) -> Result<Vec<Vec<Interval>>, RunError> {
    let mut all = Vec::new();
    for recording in recordings {
        let market = recording.tape.event().market;
        let mut longer = Vec::new();
        for subscription in strategy.subscriptions().iter().filter(|s| s.market == market) {
            let (Feed::Bars(wanted), Some(recorded)) = (subscription.feed, recording.bars) else { continue };
            if wanted == recorded || longer.contains(&wanted) {
                continue;
            }
            if !Fold::nests(recorded, wanted) {
                return Err(RunError::Interval { wanted: wanted.as_str(), recorded: recorded.as_str() });
            }
            longer.push(wanted);
        }
        longer.sort_unstable();
        all.push(longer);
    }
    Ok(all)
}

/// The asset all results are counted in.
fn quote_asset(instruments: &[Instrument]) -> Result<AssetId, RunError> {
    let first = instruments.first().ok_or_else(|| RunError::Instruments("nothing to trade".to_owned()))?;
    let other = instruments.iter().find(|i| i.market.quote != first.market.quote);
    if let Some(other) = other {
        let message = format!(
            "{} is paid in {} and {} in {}: one run counts in one asset",
            first.id, first.market.quote.code, other.id, other.market.quote.code
        );
        return Err(RunError::Instruments(message));
    }
    Ok(first.market.quote.id)
}

/// Numbers the instruments' assets by their codes, so that the same code is the same asset, and the instruments by their order.
/// Money scales must agree.
///
/// # Errors
/// When one code has different scales.
pub fn with_shared_assets(mut instruments: Vec<Instrument>) -> Result<Vec<Instrument>, RunError> {
    let mut known: Vec<types::Asset> = Vec::new();
    for (n, instrument) in instruments.iter_mut().enumerate() {
        instrument.market.id = MarketId(u16::try_from(n).unwrap_or(u16::MAX));
        for asset in [&mut instrument.market.base, &mut instrument.market.quote] {
            if let Some(same) = known.iter().find(|a| a.code == asset.code) {
                if same.scale != asset.scale {
                    return Err(RunError::Instruments(format!("{} has two different scales", asset.code)));
                }
                asset.id = same.id;
            } else {
                asset.id = AssetId(u16::try_from(known.len()).unwrap_or(u16::MAX));
                known.push(*asset);
            }
        }
    }
    Ok(instruments)
}

/// An instrument as results need it.
#[must_use]
pub fn traded(instrument: &Instrument, source: String) -> Traded {
    let market = &instrument.market;
    Traded {
        instrument: instrument.id.to_string(),
        perpetual: matches!(instrument.kind, InstrumentKind::LinearPerp { .. }),
        price_scale: market.price_scale,
        qty_scale: market.base.scale,
        tick: types::Price(market.rules.tick.finest()),
        lot: market.rules.lot.step,
        source,
    }
}
