//! What the tests run: plans on files and on made-up bars.

use std::path::Path;

use backtest::file::BarFile;
use backtest::tape::Bars;
use backtest::{Outcome, Plan, PricePath, Recording, RunSpec, TapeError, VenueConfig, listing, run};
use risk::Limits;
use types::{
    Bar, FeeRate, InstrumentId, InstrumentKind, Interval, MarketId, Money, Price, Symbol, Time, VenueName,
};

pub(crate) const PERPETUAL: InstrumentKind =
    InstrumentKind::LinearPerp { initial_margin: 1_000, maintenance_margin: 50 };

pub(crate) fn id(symbol: &str) -> InstrumentId {
    InstrumentId { venue: VenueName::new("file").unwrap(), symbol: Symbol::new(symbol).unwrap() }
}

pub(crate) fn spec(
    strategy: &str,
    params: &[(&str, &str)],
    interval: Interval,
    venue: VenueConfig,
) -> RunSpec {
    RunSpec {
        name: String::new(),
        strategy: strategy.to_owned(),
        params: params.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        model: None,
        traded: Vec::new(),
        interval,
        from: None,
        to: None,
        cash: Money(1_000_000 * 100_000_000),
        quote: "USD".to_owned(),
        money_scale: 8,
        bracket: None,
        venue,
        feed_ns: 0,
        funding: 0,
        code: "test".to_owned(),
    }
}

/// Runs a strategy on a file.
pub(crate) fn on_file(path: &Path, strategy: &str, params: &[(&str, &str)], venue: VenueConfig) -> Outcome {
    let file = BarFile::open(path).unwrap();
    let interval = file.interval();
    let instrument = listing(id("SYNTHETIC-PERP"), PERPETUAL, file.tick(), MarketId(0)).unwrap();
    let spec = spec(strategy, params, interval, venue);
    let plan = Plan::new(spec, vec![(instrument, path.display().to_string())], Limits::default()).unwrap();
    let tape = Box::new(Bars::new(MarketId(0), file));
    let setup = plan.setup(vec![Recording { tape, bars: Some(interval) }]).unwrap();
    run(setup, &mut |_| true).unwrap()
}

pub(crate) fn ten_bps(path: PricePath) -> VenueConfig {
    let mut venue = VenueConfig { path, ..VenueConfig::default() };
    (venue.fees.maker, venue.fees.taker) = (FeeRate(100_000), FeeRate(100_000));
    venue
}

/// Bars of one minute whose close is a made-up wave with noise: rises and falls, always the same.
pub(crate) fn waves(count: i64) -> Vec<Bar> {
    let (mut noise, mut close) = (1_u64, 2_000_000);
    let mut bars = Vec::new();
    for n in 0..count {
        let open = close;
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let step = i64::try_from(noise >> 33).unwrap() % 801 - 400;
        let drift = if (n / 60) % 2 == 0 { 120 } else { -120 };
        close = (close + step + drift).max(100_000);
        let (above, below) =
            (i64::try_from((noise >> 20) % 300).unwrap(), i64::try_from((noise >> 10) % 300).unwrap());
        let cents = |c: i64| Price(c * 1_000_000);
        let flat =
            Bar::flat(Interval::M1, Time(1_700_000_040_000_000_000 + n * 60_000_000_000), cents(close));
        let (high, low) = (cents(open.max(close) + above), cents(open.min(close) - below));
        let volume = Money(i128::from(10 + noise % 90) * 100_000_000);
        bars.push(Bar { open: cents(open), high, low, volume, ..flat });
    }
    bars
}

/// Plans a strategy on one-minute bars.
pub(crate) fn plan(strategy: &str, params: &[(&str, &str)], interval: Interval, venue: VenueConfig) -> Plan {
    let instrument = listing(id("WAVES-PERP"), PERPETUAL, Price(1_000_000), MarketId(0)).unwrap();
    let spec = spec(strategy, params, interval, venue);
    Plan::new(spec, vec![(instrument, "made up".to_owned())], Limits::default()).unwrap()
}

/// These bars as the recording of the one market.
pub(crate) fn on_bars(bars: &[Bar]) -> Recording<'_> {
    let base = bars.first().unwrap().interval;
    let bars = bars.iter().map(|bar| Ok::<_, TapeError>(*bar));
    Recording { tape: Box::new(Bars::new(MarketId(0), bars)), bars: Some(base) }
}

/// Runs a plan on bars.
pub(crate) fn go(plan: &Plan, bars: &[Bar]) -> Outcome {
    run(plan.setup(vec![on_bars(bars)]).unwrap(), &mut |_| true).unwrap()
}

/// Runs a strategy on waves.
pub(crate) fn on_waves(count: i64, strategy: &str, params: &[(&str, &str)], venue: VenueConfig) -> Outcome {
    go(&plan(strategy, params, Interval::M1, venue), &waves(count))
}
