//! Random commands for books, in several kinds of market, and the two books side by side.

use crate::random::Random;
use matching::{Book, Incoming, Kind, MatchEvent, Resting, Units, naive};
use types::instrument::{LotRule, Rules};
use types::{
    AccountId, Asset, AssetCode, AssetId, Market, MarketId, Money, OrderId, Price, Qty, Side, StpMode,
    Symbol, TimeInForce,
};

/// The units of a market with this tick and lot step whose price has no decimals.
pub(crate) fn units(tick: i64, step: i64) -> Units {
    let asset = |id, code| Asset { id: AssetId(id), code: AssetCode::new(code).unwrap(), scale: 8 };
    let lot = LotRule { min: Qty(step), max: Qty(i64::MAX), step: Qty(step) };
    let free = Rules::free(Price(tick), Price(i64::MAX), lot);
    let rules = Rules { price_min: Price(1), iceberg_parts_max: 10, ..free };
    let symbol = Symbol::new("AAABBB").unwrap();
    let market = Market::new(MarketId(0), symbol, asset(0, "AAA"), asset(1, "BBB"), 0, rules);
    Units::of(&market.unwrap())
}

/// A kind of market to be random in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    /// Few prices and small sizes: every command meets others.
    Tight,
    /// Prices far beyond the window on both sides.
    Wide,
    /// A price that wanders, so that the window has to follow.
    Drifting,
    /// Prices off the tick among those on it, a tick that changes.
    OffTick,
    /// The ends of the integers: prices, sizes, budgets, and an enormous tick.
    Extreme,
}

/// One command to a book.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Place(Incoming),
    Cancel(OrderId),
    Reduce(OrderId, Qty),
    SetUnits(Units),
    /// Take a snapshot, forget the book, restore it.
    Restore,
}

/// Makes the commands of one run.
pub(crate) struct Source {
    pub(crate) random: Random,
    scene: Scene,
    next_id: u64,
    centre: i64,
    live_aim: usize,
}

impl Source {
    pub(crate) fn new(scene: Scene, seed: u64) -> Self {
        let live_aim = if scene == Scene::Drifting { 24 } else { 48 };
        Self { random: Random::new(seed), scene, next_id: 1, centre: 1_000_000, live_aim }
    }

    pub(crate) fn units(&mut self) -> Units {
        match self.scene {
            Scene::Tight | Scene::Wide => units(10, 1),
            Scene::Drifting => units(1, 5),
            Scene::OffTick => units(self.random.pick(&[1, 3, 12, 160]), 1),
            Scene::Extreme => units(self.random.pick(&[1, 1 << 40, (1 << 62) - 1, i64::MAX]), 1),
        }
    }

    /// The next command, given the ids that are live.
    pub(crate) fn step(&mut self, live: &[OrderId]) -> Step {
        if self.random.one_in(400) {
            return Step::Restore;
        }
        if self.scene == Scene::OffTick && self.random.one_in(300) {
            return Step::SetUnits(self.units());
        }
        let crowded = live.len() > self.live_aim;
        match self.random.below(if crowded { 12 } else { 20 }) {
            0..=1 => Step::Cancel(OrderId(self.random.below(self.next_id + 2))),
            2..=5 if !live.is_empty() => Step::Cancel(self.random.pick(live)),
            6..=7 if !live.is_empty() => Step::Reduce(self.random.pick(live), self.qty()),
            _ => Step::Place(self.order()),
        }
    }

    fn order(&mut self) -> Incoming {
        let id = OrderId(self.next_id);
        self.next_id += 1 + u64::from(self.random.one_in(9)) * self.random.below(1 << 33);
        let side = self.random.pick(&[Side::Buy, Side::Sell]);
        let stp = self.random.pick(&[
            StpMode::None,
            StpMode::None,
            StpMode::ExpireMaker,
            StpMode::ExpireTaker,
            StpMode::ExpireBoth,
            StpMode::Decrement,
        ]);
        let owner = AccountId(u32::try_from(self.random.below(5)).unwrap());
        Incoming { id, owner, side, kind: self.kind(side), stp }
    }

    fn kind(&mut self, side: Side) -> Kind {
        let (price, qty) = (self.price(side), self.qty());
        // At most 100 parts: each part is an event of its own.
        let display = self.random.one_in(4).then(|| Qty(self.random.within((qty.0 / 100).max(1), qty.0)));
        match self.random.below(20) {
            0..=9 => Kind::Limit { price, qty, tif: TimeInForce::Gtc, display },
            10..=11 => Kind::Limit { price, qty, tif: TimeInForce::Ioc, display: None },
            12..=14 => Kind::Limit { price, qty, tif: TimeInForce::Fok, display: None },
            15 => Kind::PostOnly { price, qty, display },
            16 => Kind::Market { qty, budget: None },
            17 => Kind::Market { qty, budget: Some(self.budget()) },
            _ => Kind::MarketQuote { budget: self.budget() },
        }
    }

    fn price(&mut self, side: Side) -> Price {
        let random = &mut self.random;
        let away = if side == Side::Buy { -1 } else { 1 };
        Price(match self.scene {
            Scene::Tight => self.centre + 10 * (away * 3 + random.within(-10, 10)),
            Scene::Wide => {
                let spread = random.pick(&[5, 500, 20_000, 3_000_000]);
                self.centre + 10 * (away * spread / 3 + random.within(-spread, spread))
            }
            Scene::Drifting => {
                let reach = random.pick(&[60, 60, 9_000]);
                self.centre += random.within(-90, 110);
                self.centre + away * 20 + away * random.within(-60, reach)
            }
            Scene::OffTick => self.centre + away * 100 + random.within(-400, 400),
            Scene::Extreme => match random.below(5) {
                0 => random.pick(&[i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX]),
                1 => random.within(i64::MIN, i64::MAX),
                2 => i64::MAX - random.within(0, 50_000),
                3 => i64::MIN + random.within(0, 50_000),
                _ => random.within(-20, 20),
            },
        })
    }

    fn qty(&mut self) -> Qty {
        Qty(match (self.scene, self.random.below(8)) {
            (Scene::Extreme, 0) => i64::MAX,
            (Scene::Extreme, 1..=3) => self.random.within(1, i64::MAX),
            (_, 4) => self.random.within(1, 300),
            _ => self.random.within(1, 20),
        })
    }

    fn budget(&mut self) -> Money {
        let small = self.random.within(1, 40) * self.centre / self.random.within(1, 3);
        match (self.scene, self.random.below(4)) {
            (Scene::Extreme, 0) => Money(i128::MAX),
            (Scene::Extreme, 1) => Money(i128::from(self.random.within(1, i64::MAX)) << 40),
            _ => Money(small.into()),
        }
    }
}

/// The fast book and its twin after the same commands.
pub(crate) struct Twins {
    pub(crate) units: Units,
    pub(crate) fast: Book,
    pub(crate) naive: naive::Book,
    /// What the last command did.
    pub(crate) events: Vec<MatchEvent>,
    naive_events: Vec<MatchEvent>,
}

impl Twins {
    pub(crate) fn new(units: Units) -> Self {
        let (fast, naive) = (Book::new(units), naive::Book::new(units));
        Self { units, fast, naive, events: Vec::new(), naive_events: Vec::new() }
    }

    /// Carries out a command in both and compares what they say about it.
    pub(crate) fn apply(&mut self, step: Step) {
        self.events.clear();
        self.naive_events.clear();
        let (fast, naive) = match step {
            Step::Place(order) => {
                self.fast.place(order, &mut self.events);
                self.naive.place(order, &mut self.naive_events);
                (true, true)
            }
            Step::Cancel(id) => {
                (self.fast.cancel(id, &mut self.events), self.naive.cancel(id, &mut self.naive_events))
            }
            Step::Reduce(id, to) => (
                self.fast.reduce(id, to, &mut self.events),
                self.naive.reduce(id, to, &mut self.naive_events),
            ),
            Step::SetUnits(units) => {
                self.units = units;
                self.fast.set_units(units);
                self.naive.set_units(units);
                (true, true)
            }
            Step::Restore => {
                self.restore();
                (true, true)
            }
        };
        assert_eq!(fast, naive, "the answers differ");
        assert_eq!(self.events, self.naive_events, "the event streams differ (fast left, naive right)");
    }

    fn restore(&mut self) {
        let (last, next) = (self.fast.last_price(), self.fast.next_arrival());
        let all = |book: &Book| -> Vec<Resting> {
            [Side::Sell, Side::Buy].iter().flat_map(|s| book.orders(*s)).collect()
        };
        let orders = all(&self.fast);
        // Crosswise: each continues from what the other gave.
        let naive =
            [Side::Buy, Side::Sell].into_iter().flat_map(|s| self.naive.orders(s).collect::<Vec<_>>());
        self.fast = Book::restore(self.units, last, next, naive.collect::<Vec<_>>()).unwrap();
        self.naive = naive::Book::restore(self.units, last, next, orders).unwrap();
    }

    /// Compares everything that can be read from the two.
    pub(crate) fn compare(&self) {
        for side in [Side::Buy, Side::Sell] {
            let naive: Vec<Resting> = self.naive.orders(side).collect();
            assert!(self.fast.orders(side).eq(naive.iter().copied()), "the queues differ");
            assert!(self.fast.levels(side).eq(self.naive.levels(side)), "the depth differs");
            assert_eq!(self.fast.best(side), self.naive.best(side));
            for order in &naive {
                assert_eq!(self.fast.get(order.id), Some(*order), "the remainders differ");
            }
        }
        assert_eq!(self.fast.len(), self.naive.len());
        assert_eq!(self.fast.is_empty(), self.naive.is_empty());
        assert_eq!(self.fast.last_price(), self.naive.last_price());
        assert_eq!(self.fast.next_arrival(), self.naive.next_arrival());
    }
}
