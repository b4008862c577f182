//! The venue: the exchange core with somebody who makes the market, and what its bots' orders have become.

use std::collections::BTreeMap;

use exchange::Exchange;
use exchange_host::listing;
use exchange_host::port::{command_of, reports};
use orders::VenueOrder;
use types::command::{Cancel, NewOrder, Target};
use types::event::{Fill, OrderChange};
use types::order::Tags;
use types::{
    AccountId, AccountName, AssetId, Bar, ClientOrderId, Command, Event, FeeRate, Instrument, InstrumentId,
    InstrumentKind, Interval, MarketId, Money, OrderView, Price, Qty, Refusal, Report, Side, Stamped,
    StpMode, Terms, Time, TimeInForce, VenueFill, VenueName, VenueReason,
};
use venue::{Answer, Found, FoundState, OrderRef};

use crate::random::Random;

/// BTCUSDT of the standard listing.
pub(crate) const MARKET: MarketId = MarketId(0);
const BTC: AssetId = AssetId(0);
const USDT: AssetId = AssetId(3);
/// Who quotes, and who hits the bots' orders.
const OTHERS: AccountId = AccountId(1 << 31);
const ONE: i64 = 100_000_000;
/// One tick of BTCUSDT.
const CENT: i64 = 1_000_000;
const FEE: FeeRate = FeeRate(100_000);

/// What became of one order.
struct Past {
    view: OrderView,
    fills: Vec<VenueFill>,
    /// Times that it was accepted: more than once is the end of trust.
    accepted: u32,
}

pub(crate) struct Site {
    exchange: Exchange,
    events: Vec<Event>,
    orders: BTreeMap<(AccountId, ClientOrderId), Past>,
    /// Reports that go out, in order.
    pub(crate) reports: Vec<(AccountId, Report)>,
    price: i64,
    bar: Option<Bar>,
    pub(crate) bars: Vec<Bar>,
    accounts: u32,
    others: u64,
}

impl Site {
    pub(crate) fn new() -> Self {
        let mut site = Self {
            exchange: Exchange::new(),
            events: Vec::new(),
            orders: BTreeMap::new(),
            reports: Vec::new(),
            price: 30_000 * ONE,
            bar: None,
            bars: Vec::new(),
            accounts: 0,
            others: 0,
        };
        let listed = listing::commands(&site.exchange).expect("the standard listing fits together");
        for command in listed {
            site.must(Time(0), command);
        }
        let rich = Money(1_000_000_000 * i128::from(ONE));
        site.open(OTHERS, "others", &[(BTC, rich), (USDT, rich)]);
        site
    }

    fn must(&mut self, at: Time, command: Command) {
        self.apply(at, command).expect("the world's own commands are sound");
    }

    fn apply(&mut self, at: Time, command: Command) -> Result<(), Refusal> {
        let seq = self.exchange.last_seq() + 1;
        let at = at.max(self.exchange.last_time());
        let done = self.exchange.apply(&Stamped { at, seq, input: command }, &mut self.events);
        for event in std::mem::take(&mut self.events) {
            self.notice(&event);
        }
        done
    }

    fn notice(&mut self, event: &Event) {
        match event {
            Event::Trade(trade) if trade.market == MARKET => {
                self.price = trade.price.0;
                match &mut self.bar {
                    Some(bar) => bar.add(trade),
                    None => self.bar = Some(Bar::of(Interval::M1, Interval::M1.start(trade.at), trade)),
                }
            }
            Event::Order { order, change } if order.account != OTHERS => {
                let key = (order.account, order.client_id);
                let past = self.orders.entry(key).or_insert_with(|| Past {
                    view: *order,
                    fills: Vec::new(),
                    accepted: 0,
                });
                past.view = *order;
                match change {
                    OrderChange::New => past.accepted += 1,
                    OrderChange::Trade(fill) => past.fills.push(venue_fill(fill)),
                    _ => {}
                }
                let told = reports::of_event(order, change).into_iter().flatten();
                self.reports.extend(told.map(|report| (order.account, report)));
            }
            _ => {}
        }
    }

    pub(crate) fn instruments(&self) -> Vec<Instrument> {
        let venue = VenueName::new("sim").expect("letters");
        let one = |market: &types::Market| Instrument {
            id: InstrumentId { venue, symbol: market.symbol },
            kind: InstrumentKind::Spot,
            market: market.clone(),
        };
        self.exchange.markets().map(one).collect()
    }

    fn open(&mut self, account: AccountId, name: &str, funds: &[(AssetId, Money)]) {
        let name = AccountName::new(name).expect("letters");
        self.must(Time(0), Command::OpenAccount { account, name, maker: FEE, taker: FEE });
        for (asset, amount) in funds {
            self.must(Time(0), Command::Deposit { account, asset: *asset, amount: *amount });
        }
    }

    /// Opens a bot's account, or gives the one that a crash left behind.
    pub(crate) fn open_for(&mut self, name: &str, funds: &[(AssetId, Money)]) -> AccountId {
        let wanted = AccountName::new(name).expect("letters");
        let known = self.exchange.accounts().find(|account| account.name == wanted).map(|account| account.id);
        known.unwrap_or_else(|| {
            self.accounts += 1;
            let account = AccountId(self.accounts);
            self.open(account, name, funds);
            account
        })
    }

    pub(crate) fn holdings(&self, account: AccountId) -> Vec<(AssetId, Money)> {
        let held = self.exchange.balances(account);
        held.map(|b| (b.asset, Money(b.available.0 + b.locked.0))).filter(|(_, m)| m.0 != 0).collect()
    }

    pub(crate) fn open_orders(&self, account: AccountId) -> usize {
        self.exchange.open_orders(account).count()
    }

    /// An order arrives.
    pub(crate) fn submit(&mut self, at: Time, order: &VenueOrder) -> Result<(), VenueReason> {
        self.apply(at, command_of(order)).map_err(|refusal| reports::reason(&refusal))
    }

    /// The answer to the submit of an order that was taken.
    pub(crate) fn accepted(&self, order: &OrderRef) -> Answer {
        let past = self.orders.get(&(order.account, order.client_id));
        Answer::Accepted { venue_id: past.map_or(0, |past| past.view.id.0) }
    }

    /// A cancel arrives.
    pub(crate) fn cancel(&mut self, at: Time, order: &OrderRef) -> Option<Answer> {
        let OrderRef { account, market, client_id } = *order;
        let target = Target::Client(client_id);
        let cancel = Cancel { account, market, target, client_id, only_if: None };
        self.apply(at, Command::Cancel(cancel)).err().map(|_| Answer::CancelRefused)
    }

    /// A question arrives.
    pub(crate) fn query(&self, order: &OrderRef) -> Answer {
        let Some(past) = self.orders.get(&(order.account, order.client_id)) else { return Answer::NotFound };
        let view = &past.view;
        let state = if !view.status.is_terminal() {
            FoundState::Live
        } else if view.status == types::OrderStatus::Filled {
            FoundState::Filled
        } else if view.status == types::OrderStatus::Canceled {
            FoundState::Canceled
        } else {
            FoundState::Expired
        };
        Answer::Found(Found { venue_id: view.id.0, state, fills: past.fills.clone() })
    }

    /// Whether an order may still trade.
    pub(crate) fn lives(&self, account: AccountId, id: &ClientOrderId) -> bool {
        self.orders.get(&(account, *id)).is_some_and(|past| !past.view.status.is_terminal())
    }

    /// Orders that were accepted more than once.
    pub(crate) fn twice(&self) -> Option<ClientOrderId> {
        self.orders.iter().find(|(_, past)| past.accepted > 1).map(|((_, id), _)| *id)
    }

    /// The world moves: quotes are renewed around a wandering price, and somebody trades through them and the bots' orders.
    pub(crate) fn live(&mut self, at: Time, random: &mut Random) {
        let client_id = |site: &mut Self| {
            site.others += 1;
            ClientOrderId::new(&format!("o-{}", site.others)).expect("digits")
        };
        let id = client_id(self);
        // Refused while they have no order.
        let _ = self.apply(at, Command::CancelAll { account: OTHERS, market: MARKET, client_id: id });
        let wander = random.between(-120, 120) * ONE;
        let middle = (self.price + wander).clamp(20_000 * ONE, 40_000 * ONE) / CENT * CENT;
        for level in 1..=3 {
            for side in [Side::Buy, Side::Sell] {
                let away = level * 4 * ONE;
                let price = Price(if side == Side::Buy { middle - away } else { middle + away });
                let terms =
                    Terms::Limit { price, qty: Qty(ONE * 3 / 100), tif: TimeInForce::Gtc, display: None };
                let id = client_id(self);
                self.others_place(at, side, terms, id);
            }
        }
        let side = if random.chance(50) { Side::Buy } else { Side::Sell };
        let terms = Terms::Limit {
            price: Price(if side == Side::Buy { middle + 5 * ONE } else { middle - 5 * ONE }),
            qty: Qty(random.between(1, 120) * ONE / 1_000),
            tif: TimeInForce::Ioc,
            display: None,
        };
        let id = client_id(self);
        self.others_place(at, side, terms, id);
    }

    fn others_place(&mut self, at: Time, side: Side, terms: Terms, client_id: ClientOrderId) {
        let new = NewOrder {
            account: OTHERS,
            market: MARKET,
            client_id,
            side,
            terms,
            stp: StpMode::ExpireMaker,
            tags: Tags::default(),
        };
        // A price outside the band of the average is refused, which is fine: then nobody quotes for a moment.
        let _ = self.apply(at, Command::Place(new));
    }

    /// The minute that ends at `at`.
    pub(crate) fn close_bar(&mut self, at: Time) -> Bar {
        let open_time = Interval::M1.start(at.plus_nanos(-1));
        let bar = self.bar.take().unwrap_or_else(|| Bar::flat(Interval::M1, open_time, Price(self.price)));
        let bar = Bar { open_time, ..bar };
        self.bars.push(bar);
        bar
    }

    /// L1 to L4 of the venue's own books.
    pub(crate) fn unsound(&self) -> Option<String> {
        self.exchange.check().first().map(|violation| format!("{violation:?}"))
    }
}

const fn venue_fill(fill: &Fill) -> VenueFill {
    VenueFill {
        trade: fill.trade,
        price: fill.price,
        qty: fill.qty,
        quote: fill.quote,
        fee: fill.fee,
        fee_asset: fill.fee_asset,
        is_maker: fill.is_maker,
    }
}
