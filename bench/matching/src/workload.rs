//! The commands: the mix of exchange-core's own benchmark (exchange-core/exchange-core, `TestOrdersGenerator`),
//! written down from its description.

use matching::{Book, Incoming, Kind, MatchEvent, Units};
use std::collections::{HashMap, VecDeque};
use types::instrument::{LotRule, Rules};
use types::{
    AccountId, Asset, AssetCode, AssetId, Market, MarketId, OrderId, Price, Qty, Side, StpMode,
    Symbol, TimeInForce,
};

/// One command. Its place in the list, prefill included, is the id of the order it places.
#[derive(Clone, Copy, Debug)]
pub enum Command {
    Limit {
        id: u64,
        side: Side,
        price: u64,
        qty: u64,
        owner: u32,
    },
    /// Immediate or cancel, at any price.
    Immediate {
        id: u64,
        side: Side,
        qty: u64,
        owner: u32,
    },
    /// All at once for (sell: with proceeds of at least) this much money, or nothing. `fills` is what comes out, for
    /// engines that cannot ask.
    AllForBudget {
        id: u64,
        side: Side,
        qty: u64,
        budget: u64,
        fills: bool,
        owner: u32,
    },
    Cancel {
        id: u64,
    },
    /// To `left`, keeping its place.
    Reduce {
        id: u64,
        left: u64,
    },
    /// To `price`, losing its place. Side, quantity and owner are the order's own, for engines that cannot move.
    Move {
        id: u64,
        side: Side,
        price: u64,
        qty: u64,
        owner: u32,
    },
}

/// The plan of a workload.
pub struct Plan {
    pub name: &'static str,
    pub live: usize,
    pub commands: usize,
    pub reduces: bool,
}

/// W1, W1r and W2.
pub fn workloads() -> [Plan; 3] {
    [
        Plan { name: "W1", live: 1_000, commands: 3_000_000, reduces: false },
        Plan { name: "W1r", live: 1_000, commands: 3_000_000, reduces: true },
        Plan { name: "W2", live: 1_000_000, commands: 5_000_000, reduces: false },
    ]
}

/// A generated workload.
pub struct Workload {
    pub name: &'static str,
    pub live: usize,
    pub reduces: bool,
    pub prefill: Vec<Command>,
    pub commands: Vec<Command>,
}

const ACCOUNTS: u64 = 1_000;
const START_PRICE: i64 = 400_000;
/// Orders that cancel, reduce and move choose from: the oldest.
const OLDEST: usize = 512;
/// Commands between two looks at how many orders are missing.
const LOOK_EVERY: usize = 512;

/// The units of the benchmark's market: a tick of one, no decimals.
pub fn units() -> Units {
    let asset = |id, code| Asset { id: AssetId(id), code: AssetCode::new(code).expect("a code"), scale: 8 };
    let lot = LotRule { min: Qty(1), max: Qty(i64::MAX), step: Qty(1) };
    let rules = Rules { iceberg_parts_max: 10, ..Rules::free(Price(1), Price(i64::MAX), lot) };
    let symbol = Symbol::new("AAABBB").expect("a symbol");
    let market = Market::new(MarketId(0), symbol, asset(0, "AAA"), asset(1, "BBB"), 0, rules);
    Units::of(&market.expect("the rules fit together"))
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// The reference book and what the generator remembers about it.
struct Generator {
    random: Random,
    book: Book,
    events: Vec<MatchEvent>,
    last: i64,
    next_id: u64,
    live_bids: i64,
    live_asks: i64,
    /// Sides of all orders ever placed that may live.
    sides: HashMap<u64, Side>,
    oldest: Vec<u64>,
    younger: VecDeque<u64>,
}

impl Workload {
    /// Makes `percent` of the plan's commands.
    pub fn generate(plan: &Plan, percent: usize) -> Self {
        let mut generator = Generator {
            random: Random(20_261_120),
            book: Book::new(units()),
            events: Vec::new(),
            last: START_PRICE,
            next_id: 0,
            live_bids: 0,
            live_asks: 0,
            sides: HashMap::new(),
            oldest: Vec::new(),
            younger: VecDeque::new(),
        };
        let mut prefill = Vec::new();
        while generator.book.len() < plan.live {
            let command = generator.limit();
            generator.take(command, &mut prefill);
        }
        let half = i64::try_from(plan.live / 2).expect("a small number");
        let threshold = (half * 3 / 4).min(512);
        let (mut lack_bids, mut lack_asks) = (0, 0);
        let mut commands = Vec::new();
        for number in 0..plan.commands * percent / 100 {
            if number % LOOK_EVERY == 0 {
                (lack_bids, lack_asks) = (half - generator.live_bids, half - generator.live_asks);
            }
            let side = generator.side();
            let lack = if side == Side::Buy { lack_bids } else { lack_asks };
            let command = generator.command(side, lack, threshold, plan.reduces);
            generator.take(command, &mut commands);
        }
        Self { name: plan.name, live: plan.live, reduces: plan.reduces, prefill, commands }
    }

    /// How many of each kind, in words.
    pub fn mix(&self) -> String {
        let share = |is: fn(&Command) -> bool| {
            self.commands.iter().filter(|command| is(command)).count() as f64 * 100.0
                / self.commands.len() as f64
        };
        format!(
            "{:.1} % GTC, {:.1} % IOC, {:.1} % FOK by budget, {:.1} % cancel, {:.1} % reduce, {:.1} % move",
            share(|c| matches!(c, Command::Limit { .. })),
            share(|c| matches!(c, Command::Immediate { .. })),
            share(|c| matches!(c, Command::AllForBudget { .. })),
            share(|c| matches!(c, Command::Cancel { .. })),
            share(|c| matches!(c, Command::Reduce { .. })),
            share(|c| matches!(c, Command::Move { .. })),
        )
    }
}

impl Generator {
    fn side(&mut self) -> Side {
        if self.random.below(4) >= 2 { Side::Buy } else { Side::Sell }
    }

    fn owner(&mut self) -> u32 {
        u32::try_from(self.random.below(ACCOUNTS)).expect("a small number")
    }

    fn size(&mut self) -> u64 {
        1 + self.random.below(6) * self.random.below(6) * self.random.below(6)
    }

    fn command(&mut self, side: Side, lack: i64, threshold: i64, reduces: bool) -> Command {
        let q = if lack > 0 {
            let q = self.random.below(if lack > threshold { 2 } else { 10 });
            if q < 2 {
                return self.limit_of(side);
            }
            q
        } else {
            let q = self.random.below(40);
            if q < 2 {
                return self.immediate(side);
            }
            q
        };
        let Some(id) = self.old_order() else { return self.limit_of(side) };
        let order = self.book.get(OrderId(id)).expect("chosen among the live");
        let (qty, price) = (order.left.0.cast_unsigned(), order.price.0);
        match q {
            2 => Command::Cancel { id },
            3 if reduces => match qty - 1 - self.random.below(qty) {
                0 => Command::Cancel { id },
                left => Command::Reduce { id, left },
            },
            _ => {
                let way = self.last - price;
                let step = match way {
                    0 => self.random.below(2).cast_signed() * 2 - 1,
                    _ => (way / 100).abs().max(1) * way.signum(),
                };
                let price = (price + step).max(1).cast_unsigned();
                Command::Move { id, side: order.side, price, qty, owner: order.owner.0 }
            }
        }
    }

    fn limit(&mut self) -> Command {
        let side = self.side();
        self.limit_of(side)
    }

    fn limit_of(&mut self, side: Side) -> Command {
        // u in units of 2^-32: dev = 1 + u² · 5 % of the price, at most 10,000 ticks.
        let u = u128::from(self.random.next() >> 32);
        let widest = u128::from((self.last / 20).min(10_000).cast_unsigned());
        let dev = u64::try_from(1 + ((u * u * widest) >> 64)).expect("at most 10,001");
        let away = (0..4).map(|_| self.random.below(dev)).sum::<u64>().cast_signed() / 4;
        let price = if side == Side::Buy { self.last - away } else { self.last + away };
        let (qty, owner) = (self.size(), self.owner());
        Command::Limit { id: self.next_id, side, price: price.max(1).cast_unsigned(), qty, owner }
    }

    fn immediate(&mut self, side: Side) -> Command {
        let id = self.next_id;
        let (qty, owner) = (self.size(), self.owner());
        if self.random.below(32) > 0 {
            return Command::Immediate { id, side, qty, owner };
        }
        // The money that the last price asks for: some of these fill, some do not.
        let budget = qty * self.last.cast_unsigned();
        let cost = self.book.cost_of(side, Qty(qty.cast_signed()), None);
        let fills = pays(side, qty, budget, cost.qty.0.cast_unsigned(), cost.notional.0.cast_unsigned());
        Command::AllForBudget { id, side, qty, budget, fills, owner }
    }

    /// One of the oldest live orders.
    fn old_order(&mut self) -> Option<u64> {
        loop {
            while self.oldest.len() < OLDEST
                && let Some(id) = self.younger.pop_front()
            {
                if self.book.contains(OrderId(id)) {
                    self.oldest.push(id);
                }
            }
            if self.oldest.is_empty() {
                return None;
            }
            let at = usize::try_from(self.random.below(self.oldest.len() as u64)).expect("an index");
            if self.book.contains(OrderId(self.oldest[at])) {
                return Some(self.oldest[at]);
            }
            self.oldest.swap_remove(at);
        }
    }

    /// Adds a command to the list and carries it out on the reference book.
    fn take(&mut self, command: Command, list: &mut Vec<Command>) {
        list.push(command);
        self.next_id += 1;
        self.events.clear();
        replay(&mut self.book, &command, &mut self.events);
        let moved = matches!(command, Command::Move { .. });
        for event in &self.events {
            let (id, change) = match *event {
                MatchEvent::Fill { maker, maker_left, price, .. } => {
                    self.last = price.0;
                    (maker, if maker_left.is_zero() { -1 } else { 0 })
                }
                MatchEvent::Rested { id, .. } => {
                    if let Command::Limit { side, .. } = command {
                        self.sides.insert(id.0, side);
                        self.younger.push_back(id.0);
                    }
                    (id, 1)
                }
                MatchEvent::Removed { id, reason: matching::Removal::Canceled, .. } => (id, -1),
                _ => continue,
            };
            let Some(side) = self.sides.get(&id.0).copied() else { continue };
            match side {
                Side::Buy => self.live_bids += change,
                Side::Sell => self.live_asks += change,
            }
            if change < 0 && !moved {
                self.sides.remove(&id.0);
            }
        }
    }
}

/// Whether a fill-or-kill by budget goes through, given what its quantity would fill and cost.
pub fn pays(side: Side, qty: u64, budget: u64, filled: u64, cost: u128) -> bool {
    filled == qty
        && match side {
            Side::Buy => cost <= u128::from(budget),
            Side::Sell => cost >= u128::from(budget),
        }
}

/// Carries a command out on our book.
#[inline]
pub fn replay(book: &mut Book, command: &Command, events: &mut Vec<MatchEvent>) {
    let order = |id: u64, side, owner, kind| Incoming {
        id: OrderId(id),
        owner: AccountId(owner),
        side,
        kind,
        stp: StpMode::None,
    };
    let limit = |price: u64, qty: u64| Kind::Limit {
        price: Price(price.cast_signed()),
        qty: Qty(qty.cast_signed()),
        tif: TimeInForce::Gtc,
        display: None,
    };
    let market = |qty: u64| Kind::Market { qty: Qty(qty.cast_signed()), budget: None };
    match *command {
        Command::Limit { id, side, price, qty, owner } => {
            book.place(order(id, side, owner, limit(price, qty)), events);
        }
        Command::Immediate { id, side, qty, owner } => {
            book.place(order(id, side, owner, market(qty)), events)
        }
        Command::AllForBudget { id, side, qty, budget, owner, .. } => {
            let cost = book.cost_of(side, Qty(qty.cast_signed()), None);
            if pays(side, qty, budget, cost.qty.0.cast_unsigned(), cost.notional.0.cast_unsigned()) {
                book.place(order(id, side, owner, market(qty)), events);
            }
        }
        Command::Cancel { id } => {
            book.cancel(OrderId(id), events);
        }
        Command::Reduce { id, left } => {
            book.reduce(OrderId(id), Qty(left.cast_signed()), events);
        }
        Command::Move { id, side, price, qty, owner } => {
            book.cancel(OrderId(id), events);
            book.place(order(id, side, owner, limit(price, qty)), events);
        }
    }
}
