//! The workloads of the matching engine as commands of the exchange.

use crate::workload::{self, Plan, Workload};
use std::sync::Arc;
use types::command::{Cancel, NewOrder, ReplaceMode, Target};
use types::instrument::{LotRule, PercentPriceRule, Rules, TickRule};
use types::order::{Amount, Tags};
use types::{
    AccountId, AccountName, Asset, AssetCode, AssetId, ClientOrderId, Command, FeeRate, Market, MarketId,
    Money, OrderId, Price, Qty, Side, Stamped, StpMode, Symbol, Terms, Time, TimeInForce,
};

/// One price unit of a workload: 0.01 at scale 8. One quantity unit: 0.001.
const TICK: i64 = 1_000_000;
const LOT: i64 = 100_000;
/// Owners of a workload.
const OWNERS: u32 = 1_000;
/// Nanoseconds between two commands.
const PACE: i64 = 1_000;

/// Commands of several markets, taken in turns.
#[derive(Clone)]
pub struct Feed {
    workloads: Arc<Vec<Workload>>,
    /// Groups of owners; market m trades for group m mod groups.
    groups: u32,
    /// Per market: the next command, and the exchange's id of each workload order.
    state: Vec<(usize, Vec<u64>)>,
    turn: usize,
    last_order: u64,
    seq: u64,
}

impl Feed {
    pub fn plan(name: &str, percent: usize) -> Self {
        let (workloads, groups) = match name {
            "P1" => (vec![Workload::generate(&workload::workloads()[0], percent)], 1),
            _ => {
                let plan = |_| Plan { name: "P2", live: 100, commands: 30_000, reduces: false };
                ((0..100).map(plan).map(|plan| Workload::generate(&plan, percent)).collect(), 10)
            }
        };
        let state = workloads.iter().map(|_| (0, Vec::new())).collect();
        Self { workloads: Arc::new(workloads), groups, state, turn: 0, last_order: 0, seq: 0 }
    }

    /// Timed commands in all.
    pub fn len(&self) -> usize {
        self.workloads.iter().map(|w| w.commands.len()).sum()
    }

    /// Listings, funded accounts, and the orders that the books begin with.
    pub fn opening(&mut self) -> Vec<Stamped<Command>> {
        let mut all = Vec::new();
        let markets = u16::try_from(self.workloads.len()).expect("few markets");
        let asset = |id: u16| {
            let code = if id == 0 { "USDT".to_owned() } else { format!("A{id}") };
            Asset { id: AssetId(id), code: AssetCode::new(&code).expect("a code"), scale: 8 }
        };
        for id in 0..=markets {
            all.push(self.stamp(Command::ListAsset(asset(id))));
        }
        for id in 0..markets {
            let symbol = Symbol::new(&format!("A{}USDT", id + 1)).expect("a symbol");
            let market = Market::new(MarketId(id), symbol, asset(id + 1), asset(0), 8, rules());
            all.push(self.stamp(Command::ListMarket(Box::new(market.expect("sound rules")))));
        }
        for id in 0..OWNERS * self.groups {
            let account = AccountId(id);
            let name = AccountName::new(&format!("a{id}")).expect("a name");
            let (maker, taker) = (FeeRate(10_000), FeeRate(20_000));
            all.push(self.stamp(Command::OpenAccount { account, name, maker, taker }));
            let groups = self.groups;
            let own = (0..markets).filter(|m| u32::from(*m) % groups == id / OWNERS).map(|m| m + 1);
            for asset in std::iter::once(0).chain(own) {
                let (asset, amount) = (AssetId(asset), Money(1 << 80));
                all.push(self.stamp(Command::Deposit { account, asset, amount }));
            }
        }
        let workloads = Arc::clone(&self.workloads);
        for (market, workload) in workloads.iter().enumerate() {
            for command in &workload.prefill {
                all.push(self.translate(market, *command));
            }
        }
        all
    }

    /// The next commands, of all markets in turn.
    pub fn chunk(&mut self, size: usize) -> Vec<Stamped<Command>> {
        let workloads = Arc::clone(&self.workloads);
        let mut all = Vec::with_capacity(size);
        let mut idle = 0;
        while all.len() < size && idle < workloads.len() {
            let market = self.turn % workloads.len();
            // 7 is coprime to 100: neighbours in time are no neighbours in memory.
            self.turn += 7;
            let at = self.state[market].0;
            match workloads[market].commands.get(at) {
                Some(command) => {
                    self.state[market].0 += 1;
                    all.push(self.translate(market, *command));
                    idle = 0;
                }
                None => idle += 1,
            }
        }
        all
    }

    fn stamp(&mut self, input: Command) -> Stamped<Command> {
        self.seq += 1;
        let pace = PACE * i64::try_from(self.seq).expect("few commands");
        Stamped { at: Time(1_700_000_000_000_000_000 + pace), seq: self.seq, input }
    }

    fn account(&self, market: usize, owner: u32) -> AccountId {
        let group = u32::try_from(market).expect("few markets") % self.groups;
        AccountId(group * OWNERS + owner)
    }

    fn order(&mut self, market: usize, owner: u32, side: Side, terms: Terms) -> NewOrder {
        self.last_order += 1;
        let client_id = ClientOrderId::new(&format!("x-bench-{:016}", self.last_order)).expect("an id");
        NewOrder {
            account: self.account(market, owner),
            market: MarketId(u16::try_from(market).expect("few markets")),
            client_id,
            side,
            terms,
            stp: StpMode::None,
            tags: Tags::default(),
        }
    }

    fn translate(&mut self, market: usize, command: workload::Command) -> Stamped<Command> {
        use workload::Command as From;
        let limit = |price: u64, qty: u64, tif| Terms::Limit {
            price: price_of(price),
            qty: qty_of(qty),
            tif,
            display: None,
        };
        let at_any_price = |qty: u64| Terms::Market { amount: Amount::Base(qty_of(qty)) };
        let placed = |feed: &mut Self, owner, side, terms| {
            let new = feed.order(market, owner, side, terms);
            let id = feed.last_order;
            feed.state[market].1.push(id);
            Command::Place(new)
        };
        let input = match command {
            From::Limit { side, price, qty, owner, .. } => {
                placed(self, owner, side, limit(price, qty, TimeInForce::Gtc))
            }
            From::Immediate { side, qty, owner, .. } => placed(self, owner, side, at_any_price(qty)),
            // The exchange has no order by budget that must fill: one that does is a market order, one that does not
            // is a fill-or-kill order that finds nothing.
            From::AllForBudget { side, qty, owner, fills: true, .. } => {
                placed(self, owner, side, at_any_price(qty))
            }
            From::AllForBudget { side, qty, owner, .. } => {
                let never = if side == Side::Buy { 300_000 } else { 500_000 };
                placed(self, owner, side, limit(never, qty, TimeInForce::Fok))
            }
            From::Cancel { id } => {
                self.state[market].1.push(0);
                Command::Cancel(self.cancel(market, id))
            }
            From::Reduce { .. } => unreachable!("the workloads come without"),
            From::Move { id, side, price, qty, owner } => {
                self.state[market].1.push(0);
                let mut cancel = self.cancel(market, id);
                let new = self.order(market, owner, side, limit(price, qty, TimeInForce::Gtc));
                cancel.account = new.account;
                self.state[market].1[usize::try_from(id).expect("an index")] = self.last_order;
                Command::Replace { cancel, new, mode: ReplaceMode::StopOnFailure }
            }
        };
        self.stamp(input)
    }

    /// Cancels by the exchange's id; the account is the one that placed it.
    fn cancel(&self, market: usize, id: u64) -> Cancel {
        let target = Target::Id(OrderId(self.state[market].1[usize::try_from(id).expect("an index")]));
        let market_id = MarketId(u16::try_from(market).expect("few markets"));
        let client_id = ClientOrderId::new("x-bench-cancel").expect("an id");
        let account = self.account(market, self.owner_of(market, id));
        Cancel { account, market: market_id, target, client_id, only_if: None }
    }

    fn owner_of(&self, market: usize, id: u64) -> u32 {
        let workload = &self.workloads[market];
        let at = usize::try_from(id).expect("an index");
        let command = match at.checked_sub(workload.prefill.len()) {
            None => &workload.prefill[at],
            Some(at) => &workload.commands[at],
        };
        match command {
            workload::Command::Limit { owner, .. } => *owner,
            _ => unreachable!("only limit orders rest"),
        }
    }
}

fn price_of(ticks: u64) -> Price {
    Price(i64::try_from(ticks).expect("a small price") * TICK)
}

fn qty_of(lots: u64) -> Qty {
    Qty(i64::try_from(lots).expect("a small quantity") * LOT)
}

fn rules() -> Rules {
    let lot = LotRule { min: Qty(LOT), max: Qty(LOT * 1_000_000), step: Qty(LOT) };
    Rules {
        price_min: Price(TICK),
        price_max: Price(TICK * 100_000_000),
        tick: TickRule::Fixed(Price(TICK)),
        lot,
        market_lot: lot,
        notional_min: Money(100_000_000),
        notional_max: Money(0),
        average_minutes: 5,
        percent_price: PercentPriceRule { bid_up: 50_000, bid_down: 2_000, ask_up: 50_000, ask_down: 2_000 },
        iceberg_parts_max: 100,
        orders_max: 200,
        stops_max: 5,
        icebergs_max: 10,
        lists_max: 20,
        amends_max: 10,
        position_max: Money(0),
        trailing: (10, 2_000),
    }
}
