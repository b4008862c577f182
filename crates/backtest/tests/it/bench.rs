//! What the tests run: plans on files and on made-up bars.

use std::path::Path;

use backtest::file::BarFile;
use backtest::tape::Bars;
use backtest::{Outcome, Plan, PricePath, Recording, RunSpec, VenueConfig, listing, run};
use risk::Limits;
use types::{FeeRate, InstrumentId, InstrumentKind, Interval, MarketId, Money, Symbol, VenueName};

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
        traded: Vec::new(),
        interval,
        from: None,
        to: None,
        cash: Money(1_000_000 * 100_000_000),
        quote: "USD".to_owned(),
        money_scale: 8,
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
