//! An auditor who sees events only, and keeps books of his own from them. It shares no code with the core: what the core
//! says it did must add up to what the core says it has.

use exchange::Exchange;
use std::collections::BTreeMap;
use types::event::{Fill, OrderChange, Trade};
use types::order::{AfterTrigger, Contingency, ListStatus};
use types::{
    AccountId, AssetId, ClientOrderId, Event, FeeRate, ListId, ListView, Market, MarketId, OrderId,
    OrderStatus, OrderView, Price, Side, Terms,
};

/// What the events so far say.
#[derive(Default)]
pub struct Audit {
    /// available + locked, from transfers, fills and fees alone.
    owned: BTreeMap<(AccountId, AssetId), i128>,
    /// (available, locked), from balance events alone.
    told: BTreeMap<(AccountId, AssetId), (i128, i128)>,
    fees: BTreeMap<AssetId, i128>,
    rates: BTreeMap<AccountId, (FeeRate, FeeRate)>,
    orders: BTreeMap<OrderId, OrderView>,
    clients: BTreeMap<(AccountId, ClientOrderId), OrderId>,
    lists: BTreeMap<ListId, ListView>,
    levels: BTreeMap<(MarketId, Side, Price), i64>,
    update_ids: BTreeMap<MarketId, u64>,
    trade_ids: BTreeMap<MarketId, u64>,
    markets: Vec<Market>,
    /// Stop-market buys: the price that covers them.
    covers: BTreeMap<OrderId, Price>,
    last_prices: BTreeMap<MarketId, Price>,
    /// The trade whose two reports are still to come.
    open_trade: Option<(Trade, u8)>,
    pub trades: u64,
    pub prevented: u64,
    pub fired: u64,
    pub amended: u64,
    pub lists_done: u64,
    pub lists_renamed: u64,
}

impl Audit {
    /// Reads the events of one command.
    pub fn read(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::AssetListed(_) | Event::Refused { .. } => {}
                Event::MarketListed(market) => {
                    let at = usize::from(market.id.0);
                    if at == self.markets.len() {
                        self.markets.push(market.as_ref().clone());
                    } else {
                        self.markets[at] = market.as_ref().clone();
                    }
                }
                Event::Account(view) => {
                    self.rates.insert(view.id, (view.maker, view.taker));
                }
                Event::Transfer { account, asset, delta } => self.own(*account, *asset, delta.0),
                Event::Trade(trade) => self.trade(trade),
                Event::Order { order, change } => self.order(order, change),
                Event::List(list) => self.list(list),
                Event::Level { market, side, price, qty, update_id } => {
                    let last = self.update_ids.entry(*market).or_default();
                    *last += 1;
                    assert_eq!(*last, *update_id, "book numbers rise by one");
                    if qty.0 == 0 {
                        self.levels.remove(&(*market, *side, *price));
                    } else {
                        self.levels.insert((*market, *side, *price), qty.0);
                    }
                }
                Event::Balance { account, asset, available, locked } => {
                    assert!(available.0 >= 0 && locked.0 >= 0, "L3: {event:?}");
                    self.told.insert((*account, *asset), (available.0, locked.0));
                }
            }
        }
        assert!(self.open_trade.is_none(), "O3: a trade without its two reports");
    }

    fn own(&mut self, account: AccountId, asset: AssetId, delta: i128) {
        *self.owned.entry((account, asset)).or_default() += delta;
    }

    fn trade(&mut self, trade: &Trade) {
        assert!(self.open_trade.is_none(), "O3: a trade inside a trade");
        let last = self.trade_ids.entry(trade.market).or_default();
        *last += 1;
        assert_eq!(*last, trade.id.0, "trade ids rise by one");
        assert!(trade.qty.0 > 0 && trade.price.0 > 0, "O6: {trade:?}");
        self.open_trade = Some((*trade, 0));
        self.last_prices.insert(trade.market, trade.price);
        self.trades += 1;
    }

    fn order(&mut self, now: &OrderView, change: &OrderChange) {
        let before = self.orders.get(&now.id).copied();
        check_step(before.as_ref(), now, change);
        match change {
            OrderChange::New => self.accepted(now),
            OrderChange::Trade(fill) => self.fill(before.as_ref().expect("accepted"), now, fill),
            OrderChange::SelfTradePrevented(prevented) => {
                let ended = now.status == OrderStatus::ExpiredInMatch;
                assert!(!ended || prevented.lost(now.id).is_some(), "ended, so it lost something: {now:?}");
                self.prevented += 1;
            }
            OrderChange::Amended { previous, previous_qty } => {
                assert_eq!(before.map(|order| order.qty), Some(*previous_qty), "{now:?}");
                assert_eq!(self.clients.remove(&(now.account, *previous)), Some(now.id), "O1: {now:?}");
                assert!(self.clients.insert((now.account, now.client_id), now.id).is_none(), "O1: {now:?}");
                self.amended += 1;
            }
            OrderChange::Working => {
                self.fired += u64::from(now.terms.trigger().is_some());
                // A pending order takes its cover when it is placed.
                if let Some(last) = self.last_prices.get(&now.market) {
                    self.covers.entry(now.id).or_insert(*last);
                }
            }
            _ => {}
        }
        if now.status.is_terminal() {
            self.orders.remove(&now.id);
            self.covers.remove(&now.id);
            self.clients.remove(&(now.account, now.client_id));
        } else {
            self.orders.insert(now.id, *now);
        }
    }

    /// O1 and O6 at acceptance.
    fn accepted(&mut self, now: &OrderView) {
        let rules = &self.markets[usize::from(now.market.0)].rules;
        if let Some(price) = now.terms.price() {
            assert!(rules.tick.allows(price) && price >= rules.price_min, "O6: {now:?}");
        }
        if let Some(qty) = now.terms.qty() {
            assert!(qty.0 > 0 && qty.0 % rules.lot.step.0 == 0 && qty >= rules.lot.min, "O6: {now:?}");
        }
        if let (Some(price), Some(qty)) = (now.terms.price(), now.terms.qty()) {
            let notional = self.markets[usize::from(now.market.0)].notional.amount(price, qty);
            assert!(notional >= rules.notional_min, "O6: {now:?}");
        }
        assert!(self.clients.insert((now.account, now.client_id), now.id).is_none(), "O1: {now:?}");
        if now.status == OrderStatus::New
            && let Some(last) = self.last_prices.get(&now.market)
        {
            self.covers.insert(now.id, *last);
        }
    }

    fn fill(&mut self, before: &OrderView, now: &OrderView, fill: &Fill) {
        let (trade, reports) = self.open_trade.take().expect("O3: a report without its trade");
        let market = &self.markets[usize::from(now.market.0)];
        let product = i128::from(fill.price.0) * i128::from(fill.qty.0);
        let unit = 10_i128.pow(u32::from(market.price_scale + market.base.scale - market.quote.scale));
        assert_eq!(product % unit, 0, "no dust");
        assert_eq!(fill.quote.0, product / unit, "quote = price x quantity");
        let same = (trade.market, trade.id, trade.price, trade.qty, trade.quote);
        assert_eq!(same, (now.market, fill.trade, fill.price, fill.qty, fill.quote), "O3");
        assert_eq!(fill.is_maker, reports == 0, "O3: the maker first, one taker");
        let own_id = if now.side == Side::Buy { trade.buyer } else { trade.seller };
        assert_eq!(own_id, now.id, "O3: the right two orders");
        assert_eq!(trade.buyer_is_maker, fill.is_maker == (now.side == Side::Buy), "O3: who was resting");
        self.open_trade = (reports == 0).then_some((trade, 1));
        // The price is the maker's and within the taker's limit.
        match (before.terms.price(), now.side) {
            (Some(price), _) if fill.is_maker => assert_eq!(price, fill.price, "O4"),
            (Some(price), Side::Buy) => assert!(fill.price <= price, "O4"),
            (Some(price), Side::Sell) => assert!(fill.price >= price, "O4"),
            (None, _) => assert!(!fill.is_maker, "O4: a market order never rests"),
        }
        let (base, quote) = (market.base.id, market.quote.id);
        let (gets, got, pays, paid) = match now.side {
            Side::Buy => (base, i128::from(fill.qty.0), quote, fill.quote.0),
            Side::Sell => (quote, fill.quote.0, base, i128::from(fill.qty.0)),
        };
        let (maker, taker) = self.rates[&now.account];
        let rate = i128::from(if fill.is_maker { maker.0 } else { taker.0 });
        // L5: the smallest whole fee that is not below amount x rate.
        let (fee, exact) = (fill.fee.0, got * rate);
        assert!(fee * 100_000_000 >= exact && (fee - 1) * 100_000_000 < exact, "L5: {fill:?}");
        assert_eq!(fill.fee_asset, gets, "L5: in what is received");
        self.own(now.account, gets, got - fee);
        self.own(now.account, pays, -paid);
        *self.fees.entry(gets).or_default() += fee;
        assert_eq!(now.executed.0 - before.executed.0, fill.qty.0, "O2: executed = sum of fills");
        assert_eq!(now.executed_quote.0 - before.executed_quote.0, fill.quote.0, "O2");
    }

    fn list(&mut self, list: &ListView) {
        match list.status {
            ListStatus::Executing => {
                if let Some(before) = self.lists.insert(list.id, *list) {
                    // It begins once; later only a member that was amended gets another client id.
                    let same = ListView { orders: before.orders, updated: before.updated, ..*list };
                    assert_eq!(same, before, "a living list keeps all but the names of its members");
                    let legs = list.orders.iter().zip(&before.orders).take(usize::from(list.legs));
                    let renamed = legs.filter(|(now, then)| now != then);
                    let renamed: Vec<_> = renamed.map(|(now, then)| (now.0 == then.0, now)).collect();
                    assert!(matches!(renamed[..], [(true, _)]), "one member has another name: {list:?}");
                    let (id, client) = renamed[0].1;
                    assert_eq!(self.orders[id].client_id, *client, "told after its order");
                    self.lists_renamed += 1;
                }
            }
            ListStatus::AllDone => {
                assert!(self.lists.remove(&list.id).is_some(), "a list ends once");
                let legs = &list.orders[..usize::from(list.legs)];
                assert!(legs.iter().all(|(id, _)| !self.orders.contains_key(id)), "no leg outlives its list");
                self.lists_done += 1;
            }
            ListStatus::Rejected => panic!("lists are refused, not rejected: {list:?}"),
        }
    }

    /// Compares these books with the exchange's own.
    pub fn compare(&self, x: &Exchange) {
        for account in x.accounts() {
            for asset in x.assets() {
                let key = (account.id, asset.id);
                let b = x.balance(account.id, asset.id);
                let told = self.told.get(&key).copied().unwrap_or_default();
                assert_eq!(told, (b.available.0, b.locked.0), "balances as told: {key:?}");
                let owned = self.owned.get(&key).copied().unwrap_or_default();
                assert_eq!(owned, b.available.0 + b.locked.0, "balances from transfers and fills: {key:?}");
                assert_eq!(self.reserved(account.id, asset.id), b.locked.0, "L4: {key:?}");
            }
        }
        for asset in x.assets() {
            assert_eq!(self.fees.get(&asset.id).copied().unwrap_or_default(), x.fees(asset.id).0, "L5");
        }
        let live: Vec<OrderView> = x.live_orders().copied().collect();
        assert!(self.orders.values().copied().eq(live), "live orders as told");
        assert!(self.lists.values().eq(x.live_lists()), "live lists as told");
        for account in x.accounts() {
            let mut own: Vec<&OrderView> = self.orders.values().filter(|o| o.account == account.id).collect();
            own.sort_by_key(|o| (o.market, o.id));
            assert!(own.into_iter().eq(x.open_orders(account.id)), "an account's orders, by market and id");
        }
        let mut depth = Vec::new();
        for market in x.markets() {
            for side in [Side::Buy, Side::Sell] {
                depth.clear();
                x.depth(market.id, side, usize::MAX, &mut depth);
                depth.sort_unstable();
                let own = self
                    .levels
                    .range((market.id, side, Price(i64::MIN))..=(market.id, side, Price(i64::MAX)));
                let own: Vec<_> = own.map(|((_, _, price), qty)| (*price, types::Qty(*qty))).collect();
                assert_eq!(own, depth, "levels as told");
            }
            assert_eq!(self.update_ids.get(&market.id).copied().unwrap_or_default(), x.update_id(market.id));
        }
    }

    /// L4 from the orders as told.
    fn reserved(&self, account: AccountId, asset: AssetId) -> i128 {
        let mut sum = 0;
        let mut pairs: BTreeMap<ListId, i128> = BTreeMap::new();
        for order in self.orders.values().filter(|o| o.account == account) {
            let market = &self.markets[usize::from(order.market.0)];
            let pays = if order.side == Side::Buy { market.quote.id } else { market.base.id };
            if pays != asset || order.status == OrderStatus::PendingNew {
                continue;
            }
            let left = i128::from(order.qty.0 - order.executed.0 - order.prevented.0);
            let unit = 10_i128.pow(u32::from(market.price_scale + market.base.scale - market.quote.scale));
            let own = match order.side {
                Side::Sell => left,
                Side::Buy => i128::from(self.cover(order).0) * left / unit,
            };
            match order.list.filter(|list| self.is_paired(*list, order.id)) {
                Some(list) => {
                    let most = pairs.entry(list).or_default();
                    *most = own.max(*most);
                }
                None => sum += own,
            }
        }
        sum + pairs.values().sum::<i128>()
    }

    fn is_paired(&self, list: ListId, order: OrderId) -> bool {
        let list = &self.lists[&list];
        match list.contingency {
            Contingency::Oco => true,
            Contingency::Oto => list.legs == 3 && list.orders[0].0 != order,
        }
    }

    fn cover(&self, order: &OrderView) -> Price {
        match order.terms {
            Terms::Stop { trigger, then: AfterTrigger::Market, .. } => {
                trigger.stop.unwrap_or_else(|| self.covers[&order.id])
            }
            terms => terms.price().expect("only conditional market orders wait without a price"),
        }
    }

    /// Live orders of an account, for the generator to aim at.
    pub fn some_order(&self, pick: u64) -> Option<OrderView> {
        let count = self.orders.len() as u64;
        let at = usize::try_from(pick.checked_rem(count)?).unwrap();
        // Ids are dense enough to jump by range instead of walking the map.
        let (first, last) = (self.orders.keys().next()?.0, self.orders.keys().next_back()?.0);
        let start = first + (last - first + 1) * at as u64 / count;
        self.orders.range(OrderId(start)..).next().map(|(_, o)| *o)
    }

    /// Live orders now.
    pub fn live(&self) -> usize {
        self.orders.len()
    }

    /// Live lists, for the generator to aim at.
    pub fn some_list(&self, pick: u64) -> Option<ListView> {
        let at = usize::try_from(pick.checked_rem(self.lists.len() as u64)?).unwrap();
        self.lists.values().nth(at).copied()
    }

    /// The last price as told.
    pub fn last_price(&self, market: MarketId) -> Option<Price> {
        self.last_prices.get(&market).copied()
    }
}

/// O2: the legal graph of an order's life.
fn check_step(before: Option<&OrderView>, now: &OrderView, change: &OrderChange) {
    use OrderStatus::{
        Canceled, Expired, ExpiredInMatch, Filled, New, PartiallyFilled, PendingNew, Rejected,
    };
    let from = before.map(|o| o.status);
    let legal = match change {
        OrderChange::New => from.is_none() && matches!(now.status, New | PendingNew),
        OrderChange::Working => {
            let was_waiting = before.is_some_and(|o| o.working_since.is_none());
            was_waiting && matches!(from, Some(New | PendingNew)) && now.status == New
        }
        OrderChange::Trailing => from == Some(New) && now.status == New,
        OrderChange::Trade(_) => {
            matches!(from, Some(New | PartiallyFilled)) && matches!(now.status, PartiallyFilled | Filled)
        }
        OrderChange::Canceled { .. } => from.is_some() && now.status == Canceled,
        OrderChange::Amended { .. } => from.is_some() && from == Some(now.status),
        OrderChange::Expired(_) => from.is_some() && now.status == Expired,
        OrderChange::Rejected(_) => from == Some(PendingNew) && now.status == Rejected,
        OrderChange::SelfTradePrevented(_) => {
            from.is_some() && (from == Some(now.status) || now.status == ExpiredInMatch)
        }
    };
    assert!(legal, "O2: {from:?} -> {now:?} by {change:?}");
    let used = now.executed.0 + now.prevented.0;
    assert!(used <= now.qty.0, "O2: filled above quantity: {now:?}");
    if now.status == Filled && now.quote_budget().is_none() {
        assert_eq!(used, now.qty.0, "O2: filled means all: {now:?}");
    }
}
