//! Random commands: sensible enough to fill books, hostile enough to hurt. One seed, one sequence.

use crate::audit::Audit;
use crate::world::{asset, client, market, rules};
use types::command::{
    Cancel, CancelCondition, Leg, ListShape, ListTarget, NewList, NewOrder, ReplaceMode, Target,
};
use types::instrument::{LotRule, PercentPriceRule, Rules, TickRule};
use types::order::{AfterTrigger, Amount, StopKind, Tags, Trigger};
use types::{
    AccountId, AccountName, AssetId, Bips, ClientOrderId, Command, FeeRate, ListId, MarketId, Money, OrderId,
    Price, Qty, Side, StpMode, Terms, TimeInForce,
};

/// Customers of a world: few, so that they meet themselves often.
const ACCOUNTS: u32 = 10;
/// Live orders that a world is kept near.
const LIVE_AIM: usize = 200;
const CODES: [&str; 4] = ["BTC", "USDT", "ETH", "KRW"];

pub struct Generator {
    state: u64,
    rules: Vec<Rules>,
    /// The side of the order being made: buys tend to lie below sells, so that books fill.
    towards: Side,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, rules: Vec::new(), towards: Side::Buy }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.draw() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn small(&mut self, n: u64) -> i64 {
        i64::try_from(self.below(n)).unwrap()
    }

    /// A number nobody should send.
    fn absurd(&mut self) -> i64 {
        let any = self.draw().cast_signed();
        let table = [
            0,
            1,
            -1,
            i64::MAX,
            i64::MIN,
            i64::MAX - 1,
            i64::MAX / 2,
            1 << 62,
            any,
            any >> 20,
            any.wrapping_abs(),
        ];
        table[usize::try_from(self.below(11)).unwrap()]
    }

    fn absurd_money(&mut self) -> Money {
        let any = i128::from(self.draw()) << self.below(64);
        let table = [0, 1, -1, i128::MAX, i128::MIN, 1 << 96, (1 << 96) - 1, any, -any, i128::MAX / 3];
        Money(table[usize::try_from(self.below(10)).unwrap()])
    }

    /// How long until the next command, in ns: mostly little, now and then minutes.
    pub fn pause(&mut self) -> i64 {
        if self.one_in(500) { self.small(400_000_000_000) } else { self.small(1_000_000) }
    }

    /// Assets, markets with random rules, accounts with random funds.
    pub fn opening(&mut self) -> Vec<Command> {
        let mut all = Vec::new();
        for (id, code) in (0_u16..).zip(CODES) {
            all.push(Command::ListAsset(asset(AssetId(id), code)));
        }
        self.rules = vec![rules(), self.random_rules(), self.extreme_rules()];
        for (id, rules) in (0_u16..).zip(self.rules.clone()) {
            all.push(self.listing(MarketId(id), rules));
        }
        for id in 0..ACCOUNTS {
            let (account, name) = (AccountId(id * 7), AccountName::new(&format!("a{id}")).unwrap());
            let (maker, taker) = (self.rate(), self.rate());
            all.push(Command::OpenAccount { account, name, maker, taker });
            for asset in 0..4 {
                // Some have next to nothing, some more than 64 bits hold.
                let shift = [0, 10, 34, 46, 46, 50, 60, 80][usize::try_from(self.below(8)).unwrap()];
                let amount = Money(1 + (i128::from(self.below(1 << 10)) << shift));
                all.push(Command::Deposit { account, asset: AssetId(asset), amount });
            }
        }
        all
    }

    fn listing(&mut self, id: MarketId, rules: Rules) -> Command {
        let (symbol, base, quote) =
            [("BTCUSDT", 0, 1), ("ETHBTC", 2, 0), ("BTCKRW", 0, 3)][usize::from(id.0)];
        let leg = |at: u16| asset(AssetId(at), CODES[usize::from(at)]);
        Command::ListMarket(Box::new(market(id, symbol, leg(base), leg(quote), rules)))
    }

    fn random_rules(&mut self) -> Rules {
        let mut rules = rules();
        rules.average_minutes = u8::try_from(self.below(4)).unwrap();
        rules.tick = TickRule::Ladder(vec![
            (Price(0), Price(100_000_000)),
            (Price(30_000_000_000), Price(200_000_000)),
            (Price(60_000_000_000), Price(500_000_000)),
        ]);
        rules.orders_max = 10 + u32::try_from(self.below(40)).unwrap();
        rules.position_max = Money(if self.one_in(2) { 0 } else { 1 << 40 });
        rules.percent_price = PercentPriceRule { bid_up: 0, bid_down: 0, ask_up: 0, ask_down: 0 };
        rules
    }

    /// Everything switched off, all prices and quantities allowed.
    fn extreme_rules(&mut self) -> Rules {
        let any = LotRule { min: Qty(1), max: Qty(i64::MAX), step: Qty(100_000_000) };
        Rules {
            market_lot: LotRule { min: Qty(0), max: Qty(0), step: Qty(0) },
            average_minutes: u8::try_from(self.below(256)).unwrap(),
            orders_max: 40,
            trailing: (0, 0),
            ..Rules::free(Price(1), Price(i64::MAX), any)
        }
    }

    /// Mostly a fraction of a percent; rarely all there is.
    fn rate(&mut self) -> FeeRate {
        if self.one_in(40) {
            return FeeRate(100_000_000 - u32::try_from(self.below(2)).unwrap());
        }
        FeeRate([0, 1, 75_000, 100_000, 150_000][usize::try_from(self.below(5)).unwrap()])
    }

    fn account(&mut self) -> AccountId {
        AccountId(
            7 * u32::try_from(self.below(u64::from(ACCOUNTS) + u64::from(self.state.is_multiple_of(50))))
                .unwrap(),
        )
    }

    fn market_id(&mut self) -> MarketId {
        if self.one_in(100) {
            MarketId(self.draw().to_le_bytes()[0].into())
        } else {
            MarketId(u16::try_from(self.below(3)).unwrap())
        }
    }

    fn side(&mut self) -> Side {
        self.towards = if self.one_in(2) { Side::Buy } else { Side::Sell };
        self.towards
    }

    /// From a small pool, so that ids collide.
    fn client(&mut self) -> ClientOrderId {
        client(&format!("c{}", self.below(500)))
    }

    fn price(&mut self, market: MarketId) -> Price {
        if self.one_in(25) {
            return Price(self.absurd());
        }
        let away = self.small(40) - 8;
        let away = if self.towards == Side::Buy { -away } else { away };
        match market.0 {
            // Around 300, in whole ticks.
            0 | 1 => Price(100_000_000 * (300 + away)),
            _ => Price(1_000 + away),
        }
    }

    fn qty(&mut self, market: MarketId) -> Qty {
        if self.one_in(25) {
            return Qty(self.absurd());
        }
        match market.0 {
            0 | 1 => Qty(1_000_000 * (1 + self.small(200))),
            _ if self.one_in(20) => Qty((self.absurd().max(0) / 100_000_000) * 100_000_000),
            _ => Qty(100_000_000 * (1 + self.small(50))),
        }
    }

    fn display(&mut self, qty: Qty) -> Option<Qty> {
        match self.below(12) {
            0 => Some(Qty(qty.0 / 400_000_000 * 100_000_000)),
            1 => Some(Qty(qty.0 / 4_000_000 * 1_000_000)),
            2 if self.one_in(10) => Some(Qty(self.absurd())),
            _ => None,
        }
    }

    fn tif(&mut self) -> TimeInForce {
        [
            TimeInForce::Gtc,
            TimeInForce::Gtc,
            TimeInForce::Gtc,
            TimeInForce::Gtc,
            TimeInForce::Ioc,
            TimeInForce::Fok,
        ][usize::try_from(self.below(6)).unwrap()]
    }

    fn stp(&mut self) -> StpMode {
        [StpMode::None, StpMode::ExpireMaker, StpMode::ExpireTaker, StpMode::ExpireBoth, StpMode::Decrement]
            [usize::try_from(self.below(5)).unwrap()]
    }

    fn limit(&mut self, market: MarketId) -> Terms {
        let (price, qty, tif) = (self.price(market), self.qty(market), self.tif());
        Terms::Limit { price, qty, tif, display: self.display(qty) }
    }

    fn limit_maker(&mut self, market: MarketId) -> Terms {
        let (price, qty) = (self.price(market), self.qty(market));
        Terms::LimitMaker { price, qty, display: self.display(qty) }
    }

    fn stop(&mut self, market: MarketId, kind: StopKind) -> Terms {
        let qty = self.qty(market);
        let trailing = self.one_in(4).then(|| Bips(u32::try_from(self.below(2_100)).unwrap()));
        let stop = (!self.one_in(8)).then(|| self.price(market));
        let then = if self.one_in(2) {
            AfterTrigger::Market
        } else {
            let (price, tif) = (self.price(market), self.tif());
            AfterTrigger::Limit { price, tif, display: self.display(qty) }
        };
        Terms::Stop { trigger: Trigger { kind, stop, trailing }, qty, then }
    }

    fn kind(&mut self) -> StopKind {
        if self.one_in(2) { StopKind::StopLoss } else { StopKind::TakeProfit }
    }

    fn terms(&mut self, market: MarketId) -> Terms {
        match self.below(20) {
            0..=10 => self.limit(market),
            11 | 12 => self.limit_maker(market),
            13 | 14 => Terms::Market { amount: Amount::Base(self.qty(market)) },
            15 => {
                let budget =
                    if self.one_in(8) { self.absurd_money() } else { Money(i128::from(self.below(1 << 38))) };
                Terms::Market { amount: Amount::Quote(budget) }
            }
            _ => {
                let kind = self.kind();
                self.stop(market, kind)
            }
        }
    }

    fn order(&mut self) -> NewOrder {
        let market = self.market_id();
        NewOrder {
            account: self.account(),
            market,
            client_id: self.client(),
            side: self.side(),
            terms: self.terms(market),
            stp: self.stp(),
            tags: Tags::default(),
        }
    }

    fn leg(&mut self, side: Side, terms: Terms) -> Leg {
        Leg { client_id: self.client(), side, terms, tags: Tags::default() }
    }

    /// A pair that is mostly well formed around the last price.
    fn pair(&mut self, market: MarketId, side: Side, audit: &Audit) -> (Leg, Leg) {
        let last = audit.last_price(market).unwrap_or(Price(30_000_000_000));
        let tick = if market.0 == 2 { 1 } else { 500_000_000 };
        let round = |p: i64| Price((p / tick).max(1) * tick);
        let last = Price(last.0.clamp(1, i64::MAX / 2));
        let (up, down) = (round(last.0 + tick * (1 + self.small(6))), round(last.0 - tick * self.small(6)));
        let qty = self.qty(market);
        let upper = side == Side::Sell;
        let profit_price = if upper { up } else { down };
        let loss_price = if upper { down } else { up };
        let profit = match self.below(3) {
            0 => self.stop_at(StopKind::TakeProfit, profit_price, qty),
            _ => Terms::LimitMaker { price: profit_price, qty, display: None },
        };
        let loss = self.stop_at(StopKind::StopLoss, loss_price, qty);
        let (profit, loss) = (self.leg(side, profit), self.leg(side, loss));
        if upper != self.one_in(40) { (profit, loss) } else { (loss, profit) }
    }

    fn stop_at(&mut self, kind: StopKind, stop: Price, qty: Qty) -> Terms {
        let then = if self.one_in(2) {
            AfterTrigger::Market
        } else {
            AfterTrigger::Limit { price: stop, tif: self.tif(), display: None }
        };
        let trailing = self.one_in(6).then_some(Bips(150));
        Terms::Stop { trigger: Trigger { kind, stop: Some(stop), trailing }, qty, then }
    }

    fn list(&mut self, audit: &Audit) -> NewList {
        let market = MarketId(u16::try_from(self.below(3)).unwrap());
        let (side, pending_side) = (self.side(), self.side());
        let shape = match self.below(3) {
            0 => {
                let (above, below) = self.pair(market, side, audit);
                ListShape::Oco { above, below }
            }
            1 => {
                let (working, pending) = (self.limit(market), self.terms(market));
                ListShape::Oto { working: self.leg(side, working), pending: self.leg(pending_side, pending) }
            }
            _ => {
                let working = self.limit(market);
                let (above, below) = self.pair(market, pending_side, audit);
                ListShape::Otoco { working: self.leg(side, working), above, below }
            }
        };
        NewList { account: self.account(), market, client_id: self.client(), stp: self.stp(), shape }
    }

    /// A live order mostly, with its owner; sometimes somebody else's or nonsense.
    fn aim(&mut self, audit: &Audit) -> (AccountId, MarketId, Target) {
        let pick = self.draw();
        match audit.some_order(pick) {
            Some(order) if !self.one_in(30) => {
                let target = match self.below(3) {
                    0 => Target::Client(order.client_id),
                    1 => Target::Both(order.id, order.client_id),
                    _ => Target::Id(order.id),
                };
                (order.account, order.market, target)
            }
            _ => (self.account(), self.market_id(), Target::Id(OrderId(self.below(100_000)))),
        }
    }

    fn cancel(&mut self, audit: &Audit) -> Cancel {
        let (account, market, target) = self.aim(audit);
        let only_if = match self.below(10) {
            0 => Some(CancelCondition::New),
            1 => Some(CancelCondition::PartiallyFilled),
            _ => None,
        };
        Cancel { account, market, target, client_id: self.client(), only_if }
    }

    fn amend(&mut self, audit: &Audit) -> Command {
        let pick = self.draw();
        let (account, market, target) = self.aim(audit);
        let (account, market, target, qty) = match audit.some_order(pick) {
            Some(o) if !self.one_in(10) => {
                (o.account, o.market, Target::Id(o.id), Qty(o.qty.0 / 200_000_000 * 100_000_000))
            }
            _ => (account, market, target, self.qty(market)),
        };
        Command::Amend { account, market, target, qty, client_id: self.client() }
    }

    fn operator(&mut self) -> Command {
        let (account, asset) = (self.account(), AssetId(u16::try_from(self.below(5)).unwrap()));
        match self.below(12) {
            0..=3 => {
                let amount =
                    if self.one_in(3) { self.absurd_money() } else { Money(i128::from(self.below(1 << 44))) };
                Command::Deposit { account, asset, amount }
            }
            4..=6 => {
                let amount =
                    if self.one_in(3) { self.absurd_money() } else { Money(i128::from(self.below(1 << 42))) };
                Command::Withdraw { account, asset, amount }
            }
            7 => Command::SetFees {
                account,
                maker: self.rate(),
                taker: FeeRate(self.draw().to_le_bytes()[0].into()),
            },
            8 => Command::SetTrading { account, allowed: !self.one_in(20) },
            9 => {
                let id = usize::try_from(self.below(3)).unwrap();
                self.rules[id].orders_max = 20 + u32::try_from(self.below(40)).unwrap();
                self.rules[id].average_minutes = u8::try_from(self.below(8)).unwrap();
                let rules = self.rules[id].clone();
                self.listing(MarketId(u16::try_from(id).unwrap()), rules)
            }
            10 => {
                let name = AccountName::new(&format!("b{}", self.below(20))).unwrap();
                let id = AccountId(u32::try_from(self.below(1 << 32)).unwrap());
                let any = FeeRate(u32::try_from(self.below(1 << 32)).unwrap());
                Command::OpenAccount { account: id, name, maker: any, taker: any }
            }
            _ => Command::Memo {
                slot: self.draw().to_le_bytes()[0],
                bytes: vec![7; usize::try_from(self.below(9)).unwrap()].into(),
            },
        }
    }

    /// The next command. Books are kept at a few hundred orders.
    pub fn next(&mut self, audit: &Audit) -> Command {
        if self.one_in(60) {
            let len = self.below(8);
            return Command::Batch((0..len).map(|_| self.single(audit)).collect());
        }
        self.single(audit)
    }

    fn single(&mut self, audit: &Audit) -> Command {
        if audit.live() > LIVE_AIM && self.one_in(2) {
            return Command::Cancel(self.cancel(audit));
        }
        match self.below(1_000) {
            0..=599 => Command::Place(self.order()),
            600..=699 => Command::PlaceList(Box::new(self.list(audit))),
            700..=719 => Command::Cancel(self.cancel(audit)),
            720..=799 => self.replace(audit),
            800..=869 => self.amend(audit),
            870 => {
                let (account, market) = (self.account(), self.market_id());
                Command::CancelAll { account, market, client_id: self.client() }
            }
            871..=880 => self.cancel_list(audit),
            881..=940 => self.operator(),
            _ => Command::Place(self.resting()),
        }
    }

    /// An order that most likely stays.
    fn resting(&mut self) -> NewOrder {
        let mut new = self.order();
        let (price, qty) = (self.price(new.market), self.qty(new.market));
        new.terms = Terms::Limit { price, qty, tif: TimeInForce::Gtc, display: self.display(qty) };
        new
    }

    fn replace(&mut self, audit: &Audit) -> Command {
        let cancel = self.cancel(audit);
        let mut new = self.order();
        if !self.one_in(10) {
            (new.account, new.market) = (cancel.account, cancel.market);
            new.terms = self.terms(cancel.market);
        }
        let mode = if self.one_in(2) { ReplaceMode::StopOnFailure } else { ReplaceMode::AllowFailure };
        Command::Replace { cancel, new, mode }
    }

    fn cancel_list(&mut self, audit: &Audit) -> Command {
        let pick = self.draw();
        let (account, market, id) = match audit.some_list(pick) {
            Some(list) => (list.account, list.market, list.id),
            None => (self.account(), self.market_id(), ListId(self.below(50))),
        };
        Command::CancelList { account, market, target: ListTarget::Id(id), client_id: self.client() }
    }
}
