//! The simulated market in virtual time, through the real core.

use exchange::Exchange;
use types::{Command, Event, MarketId, Price, Qty, Side, Stamped, Time};

use super::{Crowd, Floor, MEMO_SLOT, TAKERS, TICK_MS, maker_account};
use crate::listing;

const START: Time = Time(1_795_175_400_000_000_000);

/// An exchange and its participants.
pub(crate) struct World {
    pub(crate) exchange: Exchange,
    pub(crate) crowd: Crowd,
    pub(crate) now: Time,
    pub(crate) events: Vec<Event>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut exchange = Exchange::new();
        let mut events = Vec::new();
        for command in listing::commands(&exchange).unwrap() {
            let seq = exchange.last_seq() + 1;
            exchange.apply(&Stamped { at: START, seq, input: command }, &mut events).unwrap();
        }
        events.clear();
        Self { exchange, crowd: Crowd::new(seed), now: START, events }
    }

    /// One tick; its events are in `events`.
    pub(crate) fn tick(&mut self) -> Command {
        self.tick_of(TICK_MS)
    }

    pub(crate) fn tick_of(&mut self, ms: i64) -> Command {
        let command = self.crowd.step(ms, &self.exchange);
        self.now = self.now.plus_nanos(ms * 1_000_000);
        self.events.clear();
        let seq = self.exchange.last_seq() + 1;
        let stamped = Stamped { at: self.now, seq, input: command };
        self.exchange.apply(&stamped, &mut self.events).unwrap();
        stamped.input
    }

    pub(crate) fn side(&self, market: u16, side: Side) -> Vec<(Price, Qty)> {
        let mut levels = Vec::new();
        self.exchange.depth(MarketId(market), side, usize::MAX, &mut levels);
        levels
    }

    fn state(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.exchange.snapshot(&mut bytes);
        bytes
    }
}

#[test]
fn the_first_tick_fills_every_book() {
    let mut world = World::new(1);
    world.tick();
    for market in 0..5 {
        let (bids, asks) = (world.side(market, Side::Buy), world.side(market, Side::Sell));
        assert!(bids.len() >= 50 && asks.len() >= 50, "market {market}: {} and {}", bids.len(), asks.len());
        assert!(bids[0].0 < asks[0].0);
    }
    let refused: Vec<_> = world.events.iter().filter(|e| matches!(e, Event::Refused { .. })).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn the_same_seed_makes_the_same_market_also_over_a_restart() {
    let (mut straight, mut restarted, mut other) = (World::new(7), World::new(7), World::new(8));
    for tick in 0..120 {
        straight.tick();
        other.tick();
        restarted.tick();
        if tick == 70 {
            restarted.exchange = Exchange::restore(&restarted.state()).unwrap();
            restarted.crowd = Crowd::resume(7, restarted.exchange.memo(MEMO_SLOT));
        }
    }
    assert_eq!(straight.state(), restarted.state());
    assert_ne!(straight.state(), other.state());
}

/// A host in a directory, with or without participants.
fn host(dir: &std::path::Path, participants: Option<crate::Participants>) -> crate::Host {
    let config = crate::HostConfig { participants, ..crate::HostConfig::new(dir) };
    crate::open(&config, &mut |_| {}).unwrap()
}

#[test]
fn a_new_host_has_a_market_and_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Some(crate::Participants { seed: 3, speed_percent: 100 });
    let (first, filled) = {
        let host = host(dir.path(), settings);
        let depth = host.handle().view().depth(MarketId(0), 1_000);
        host.shutdown();
        (depth.update_id, depth.bids.len())
    };
    assert!(filled >= 50, "{filled} levels in the first answer");
    {
        let host = host(dir.path(), settings);
        let depth = host.handle().view().depth(MarketId(0), 1_000);
        assert!(depth.update_id > first && depth.bids.len() >= 50);
        host.shutdown();
    }
    let host = host(dir.path(), None);
    for market in (0..5).map(MarketId) {
        let depth = host.handle().view().depth(market, 10);
        assert!(depth.bids.is_empty() && depth.asks.is_empty(), "silent without participants");
    }
    host.shutdown();
}

const SECOND_TICKS: u64 = 1_000 / TICK_MS.unsigned_abs();

/// What a quarter of a virtual hour looked like, sampled every second. (A day of it is in `bench/README.md`.)
struct Seen {
    world: World,
    /// Of the middle price, one per second and market.
    prices: [Vec<i64>; 5],
    /// Hundredths of a basis point, BTCUSDT.
    spreads: Vec<i64>,
    /// Fewest levels of a side within 1 % of the middle, BTCUSDT.
    levels_min: usize,
    /// Sizes of BTCUSDT's prints.
    sizes: Vec<i64>,
    refused: u64,
    commands: u64,
    bytes: usize,
}

fn quarter(seed: u64) -> Seen {
    let mut seen = Seen {
        world: World::new(seed),
        prices: Default::default(),
        spreads: Vec::new(),
        levels_min: usize::MAX,
        sizes: Vec::new(),
        refused: 0,
        commands: 0,
        bytes: 0,
    };
    let mut record = Vec::new();
    for tick in 0..900 * SECOND_TICKS {
        let command = seen.world.tick();
        record.clear();
        journal::encoding::encode(seen.world.now, &command, &mut record).unwrap();
        seen.bytes += record.len();
        if let Command::Batch(commands) = &command {
            seen.commands += commands.len() as u64;
        }
        for event in &seen.world.events {
            match event {
                Event::Trade(trade) if trade.market == MarketId(0) => seen.sizes.push(trade.qty.0),
                Event::Refused { .. } => seen.refused += 1,
                _ => {}
            }
        }
        if tick % SECOND_TICKS == 0 {
            seen.sample();
        }
    }
    seen
}

impl Seen {
    fn sample(&mut self) {
        for market in 0..5_u16 {
            let (bids, asks) = (self.world.side(market, Side::Buy), self.world.side(market, Side::Sell));
            let (bid, ask) = (bids[0].0.0, asks[0].0.0);
            assert!(bid < ask, "market {market} is crossed");
            let middle = i64::midpoint(bid, ask);
            self.prices[usize::from(market)].push(middle);
            if market == 0 {
                self.spreads.push((ask - bid) * 1_000_000 / middle);
                for side in [&bids, &asks] {
                    let near = side.iter().filter(|(price, _)| (price.0 - middle).abs() < middle / 100);
                    self.levels_min = self.levels_min.min(near.count());
                }
            }
        }
    }
}

/// The value below which `percent` of the sorted values lie.
fn percentile(sorted: &[i64], percent: usize) -> i64 {
    sorted[(sorted.len() - 1) * percent / 100]
}

/// Volatility of prices taken every `seconds`, as a day's standard deviation in millionths.
fn daily_volatility_ppm(prices: &[i64], seconds: usize) -> u128 {
    let sampled: Vec<i128> = prices.iter().step_by(seconds).map(|price| i128::from(*price)).collect();
    let changes = sampled.windows(2).map(|pair| (pair[1] - pair[0]) * 1_000_000_000 / pair[0]);
    let squares: i128 = changes.map(|change| change * change).sum();
    let a_day = 86_400 / i128::try_from(seconds).unwrap();
    let variance = squares / i128::try_from(sampled.len() - 1).unwrap() * a_day;
    u128::try_from(variance).unwrap().isqrt() / 1_000
}

#[test]
fn it_looks_like_a_market() {
    let mut seen = quarter(42);
    check_crosses(&seen);
    seen.spreads.sort_unstable();
    let (median, wide) = (percentile(&seen.spreads, 50), percentile(&seen.spreads, 99));
    assert!((20..300).contains(&median) && wide < 600, "spread {median} and {wide} hundredths of a bp");
    assert!(seen.levels_min >= 60, "{} levels within 1 %", seen.levels_min);
    let volatility = daily_volatility_ppm(&seen.prices[0], 15);
    assert!((8_000..60_000).contains(&volatility), "BTCUSDT moves {volatility} ppm a day");

    let trades = seen.sizes.len();
    assert!((900..9_000).contains(&trades), "{trades} trades in a quarter: some per second");
    seen.sizes.sort_unstable();
    let (typical, large) = (percentile(&seen.sizes, 50), percentile(&seen.sizes, 99));
    assert!(large > 6 * typical, "a tail: median {typical}, p99 {large}");

    let per_hour = seen.bytes * 4;
    assert!(per_hour < 12_000_000, "{per_hour} bytes of journal per hour");
    assert!(seen.refused * 20 < seen.commands, "{} of {} refused", seen.refused, seen.commands);
}

fn check_crosses(seen: &Seen) {
    let [btc, eth, _, cross, won] = &seen.prices;
    for at in 0..btc.len() {
        // In units of 10^-8, all of them.
        let implied = i128::from(cross[at]) * i128::from(btc[at]) / 100_000_000;
        let off = (implied - i128::from(eth[at])).abs() * 10_000 / i128::from(eth[at]);
        assert!(off < 25, "ETHBTC is {off} bp off");
        let rate = won[at] / btc[at];
        assert!((1_350..1_420).contains(&rate), "{rate} won per dollar");
    }
}

#[test]
fn inventories_and_orders_stay_bounded() {
    let mut world = World::new(11);
    for _ in 0..1_000 {
        world.tick_of(30_000);
    }
    assert_eq!(world.exchange.check(), []);
    for account in [TAKERS, maker_account(0), maker_account(1)] {
        let mut orders = 0_usize;
        Floor::orders(&world.exchange, account, &mut |_| orders += 1);
        assert!(orders < 800, "{orders} live orders");
        for asset in world.exchange.assets() {
            let planned = super::plan::holding(&asset.code, asset.scale).unwrap();
            let held = world.exchange.balance(account, asset.id);
            let held = held.available.0 + held.locked.0;
            assert!(held >= planned / 4 && held <= planned * 5 / 2, "{account} holds {held} {}", asset.code);
        }
    }
}

#[test]
fn a_customer_who_buys_everything_finds_a_market_again() {
    use types::order::{Amount, Tags};
    use types::{AccountId, FeeRate, Money, StpMode, Terms, command::NewOrder};
    let mut world = World::new(2);
    world.tick();
    let (account, fees) = (AccountId(1), FeeRate(100_000));
    let usdt = world.exchange.assets().iter().find(|asset| asset.code.as_str() == "USDT").unwrap().id;
    let buy = NewOrder {
        account,
        market: MarketId(0),
        client_id: "all".parse().unwrap(),
        side: Side::Buy,
        terms: Terms::Market { amount: Amount::Quote(Money(500_000_000 * 100_000_000)) },
        stp: StpMode::None,
        tags: Tags::default(),
    };
    let commands = [
        Command::OpenAccount { account, name: "whale".parse().unwrap(), maker: fees, taker: fees },
        Command::Deposit { account, asset: usdt, amount: Money(500_000_000 * 100_000_000) },
        Command::Place(buy),
    ];
    for input in commands {
        let seq = world.exchange.last_seq() + 1;
        world.exchange.apply(&Stamped { at: world.now, seq, input }, &mut Vec::new()).unwrap();
    }
    assert!(world.side(0, Side::Sell).is_empty(), "every offer was bought");
    for _ in 0..60 {
        world.tick();
    }
    assert!(world.side(0, Side::Sell).len() >= 50);
    assert_eq!(world.exchange.check(), []);
}

#[test]
fn a_new_host_can_have_a_past() {
    let dir = tempfile::tempdir().unwrap();
    let participants = Some(crate::Participants { seed: 3, speed_percent: 0 });
    let config = crate::HostConfig { participants, past_minutes: 20, ..crate::HostConfig::new(dir.path()) };
    let host = crate::open(&config, &mut |_| {}).unwrap();
    let (handle, market) = (host.handle(), MarketId(0));
    let range = history::Range::latest(1_000);
    let bars = handle.view().bars(market, types::Interval::M1, &range, handle.now()).unwrap();
    assert!((20..=22).contains(&bars.len()), "{} minutes", bars.len());
    assert!(bars.iter().filter(|bar| bar.count > 0).count() > 15);
    let stats = handle.view().stats(market, 1_440, handle.now());
    assert!(stats.count > 200 && stats.high > stats.low);
    assert!(handle.view().depth(market, 100).bids.len() >= 50);
    drop(handle);
    host.shutdown();
    // It is journaled like everything else: opened again, it is all there, and the past is not lived twice.
    let host = crate::open(&config, &mut |_| {}).unwrap();
    let again = host.handle().view().stats(market, 1_440, host.handle().now());
    assert!(
        again.first_id == stats.first_id && again.count >= stats.count && again.count < stats.count + 200
    );
    host.shutdown();
}
