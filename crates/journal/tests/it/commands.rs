//! One command of every kind for the golden files, and random ones.

use types::command::{
    Cancel, CancelCondition, Leg, ListShape, ListTarget, NewList, NewOrder, ReplaceMode, Target,
};
use types::instrument::{LotRule, PercentPriceRule, Rules, TickRule};
use types::order::{AfterTrigger, Amount, StopKind, Tags, Trigger};
use types::{
    AccountId, AccountName, Asset, AssetCode, AssetId, Bips, ClientOrderId, Command, FeeRate, ListId, Market,
    MarketId, Money, OrderId, Price, Qty, Side, StpMode, Symbol, Terms, TimeInForce,
};

use crate::script::Seeded;

/// The name of a command's kind. A new kind does not compile until it has a name here, and [`of_every_kind`] is tested to
/// have a command for every name.
pub(crate) fn kind(command: &Command) -> &'static str {
    match command {
        Command::ListAsset(_) => "list_asset",
        Command::ListMarket(_) => "list_market",
        Command::OpenAccount { .. } => "open_account",
        Command::SetFees { .. } => "set_fees",
        Command::SetTrading { .. } => "set_trading",
        Command::Deposit { .. } => "deposit",
        Command::Withdraw { .. } => "withdraw",
        Command::Place(_) => "place",
        Command::PlaceList(_) => "place_list",
        Command::Cancel(_) => "cancel",
        Command::CancelAll { .. } => "cancel_all",
        Command::CancelList { .. } => "cancel_list",
        Command::Replace { .. } => "replace",
        Command::Amend { .. } => "amend",
        Command::Memo { .. } => "memo",
        Command::Batch(_) => "batch",
    }
}

/// Number of kinds.
pub(crate) const KINDS: usize = 16;

/// At least one command of every kind and every form, always the same ones.
pub(crate) fn of_every_kind() -> Vec<Command> {
    let mut seeded = Seeded(2);
    let mut commands: Vec<Command> = Vec::new();
    for kind in 0..KINDS as u64 {
        // Enough of each that every form of terms, target and list occurs.
        let forms = if matches!(kind, 7 | 8 | 9 | 12) { 12 } else { 3 };
        commands.extend((0..forms).map(|_| random(&mut seeded, kind)));
    }
    commands
}

/// A random command of a kind (below [`KINDS`]), extreme values included.
pub(crate) fn random(s: &mut Seeded, kind: u64) -> Command {
    let (account, market) = (AccountId(int(s)), MarketId(int(s)));
    match kind {
        0 => Command::ListAsset(asset(s)),
        1 => Command::ListMarket(Box::new(listed(s))),
        2 => Command::OpenAccount {
            account,
            name: AccountName::new(&text(s, 40)).unwrap(),
            maker: rate(s),
            taker: rate(s),
        },
        3 => Command::SetFees { account, maker: rate(s), taker: rate(s) },
        4 => Command::SetTrading { account, allowed: s.below(2) == 0 },
        5 => Command::Deposit { account, asset: AssetId(int(s)), amount: money(s) },
        6 => Command::Withdraw { account, asset: AssetId(int(s)), amount: money(s) },
        7 => Command::Place(new_order(s)),
        8 => Command::PlaceList(Box::new(new_list(s))),
        9 => Command::Cancel(cancel(s)),
        10 => Command::CancelAll { account, market, client_id: client_id(s) },
        11 => {
            let target = if s.below(2) == 0 {
                ListTarget::Id(ListId(int(s)))
            } else {
                ListTarget::Client(client_id(s))
            };
            Command::CancelList { account, market, target, client_id: client_id(s) }
        }
        12 => {
            let mode = if s.below(2) == 0 { ReplaceMode::StopOnFailure } else { ReplaceMode::AllowFailure };
            Command::Replace { cancel: cancel(s), new: new_order(s), mode }
        }
        13 => Command::Amend { account, market, target: target(s), qty: qty(s), client_id: client_id(s) },
        14 => {
            let bytes = (0..s.below(40)).map(|_| int(s)).collect();
            Command::Memo { slot: int(s), bytes }
        }
        _ => {
            let count = s.below(5);
            Command::Batch(
                (0..count)
                    .map(|_| {
                        let kind = s.below(KINDS as u64 - 1);
                        random(s, kind)
                    })
                    .collect(),
            )
        }
    }
}

/// An integer of a type, often at the edge of its range.
fn int<T: TryFrom<u64> + Default>(s: &mut Seeded) -> T {
    let bits = 8 * u32::try_from(size_of::<T>().min(8)).unwrap();
    let max = u64::MAX >> (64 - bits);
    let value = match s.below(4) {
        0 => s.below(3),
        1 => max - s.below(3).min(max),
        _ => s.below(u64::MAX) & max,
    };
    T::try_from(value).unwrap_or_default()
}

fn signed(s: &mut Seeded) -> i64 {
    int::<u64>(s).cast_signed()
}

fn price(s: &mut Seeded) -> Price {
    Price(signed(s))
}

fn qty(s: &mut Seeded) -> Qty {
    Qty(signed(s))
}

fn money(s: &mut Seeded) -> Money {
    Money((i128::from(signed(s)) << 64) | i128::from(int::<u64>(s)))
}

fn rate(s: &mut Seeded) -> FeeRate {
    FeeRate(int(s))
}

fn option<T>(s: &mut Seeded, make: impl FnOnce(&mut Seeded) -> T) -> Option<T> {
    (s.below(2) == 0).then(|| make(s))
}

fn text(s: &mut Seeded, max: u64) -> String {
    let len = if s.below(4) == 0 { max } else { 1 + s.below(max) };
    (0..len).map(|_| char::from(b'A' + u8::try_from(s.below(26)).unwrap())).collect()
}

fn client_id(s: &mut Seeded) -> ClientOrderId {
    ClientOrderId::new(&text(s, 36)).unwrap()
}

fn asset(s: &mut Seeded) -> Asset {
    Asset { id: AssetId(int(s)), code: AssetCode::new(&text(s, 10)).unwrap(), scale: int(s) }
}

fn listed(s: &mut Seeded) -> Market {
    let (mut base, mut quote) = (asset(s), asset(s));
    (base.scale, quote.scale) = (8, 8);
    let tick = Price(1_000_000 * (1 + i64::try_from(s.below(9)).unwrap()));
    let lot = LotRule {
        min: Qty(0),
        max: Qty(i64::MAX),
        step: Qty(1_000 * (1 + i64::try_from(s.below(9)).unwrap())),
    };
    let ladder =
        TickRule::Ladder((0..4).map(|i| (Price(i * 1_000_000_000), Price(1_000_000 << i))).collect());
    let rules = Rules {
        price_min: tick,
        price_max: Price(i64::MAX),
        tick: if s.below(2) == 0 { TickRule::Fixed(tick) } else { ladder },
        lot,
        market_lot: LotRule { step: Qty(0), ..lot },
        notional_min: money(s),
        notional_max: money(s),
        average_minutes: int(s),
        percent_price: PercentPriceRule {
            bid_up: int(s),
            bid_down: int(s),
            ask_up: int(s),
            ask_down: int(s),
        },
        iceberg_parts_max: int(s),
        orders_max: int(s),
        stops_max: int(s),
        icebergs_max: int(s),
        lists_max: int(s),
        amends_max: int(s),
        position_max: money(s),
        trailing: (int(s), int(s)),
    };
    Market::new(MarketId(int(s)), Symbol::new(&text(s, 20)).unwrap(), base, quote, 8, rules).unwrap()
}

fn side(s: &mut Seeded) -> Side {
    if s.below(2) == 0 { Side::Buy } else { Side::Sell }
}

fn tif(s: &mut Seeded) -> TimeInForce {
    [TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok][usize::try_from(s.below(3)).unwrap()]
}

fn stp(s: &mut Seeded) -> StpMode {
    let modes =
        [StpMode::None, StpMode::ExpireMaker, StpMode::ExpireTaker, StpMode::ExpireBoth, StpMode::Decrement];
    modes[usize::try_from(s.below(5)).unwrap()]
}

fn tags(s: &mut Seeded) -> Tags {
    Tags { strategy_id: option(s, signed), strategy_type: option(s, signed) }
}

fn terms(s: &mut Seeded) -> Terms {
    match s.below(6) {
        0 => Terms::Limit { price: price(s), qty: qty(s), tif: tif(s), display: option(s, qty) },
        1 => Terms::LimitMaker { price: price(s), qty: qty(s), display: option(s, qty) },
        2 => Terms::Market { amount: Amount::Base(qty(s)) },
        3 => Terms::Market { amount: Amount::Quote(money(s)) },
        form => Terms::Stop {
            trigger: Trigger {
                kind: if s.below(2) == 0 { StopKind::StopLoss } else { StopKind::TakeProfit },
                stop: option(s, price),
                trailing: option(s, |s| Bips(int(s))),
            },
            qty: qty(s),
            then: if form == 4 {
                AfterTrigger::Market
            } else {
                AfterTrigger::Limit { price: price(s), tif: tif(s), display: option(s, qty) }
            },
        },
    }
}

fn new_order(s: &mut Seeded) -> NewOrder {
    NewOrder {
        account: AccountId(int(s)),
        market: MarketId(int(s)),
        client_id: client_id(s),
        side: side(s),
        terms: terms(s),
        stp: stp(s),
        tags: tags(s),
    }
}

fn leg(s: &mut Seeded) -> Leg {
    Leg { client_id: client_id(s), side: side(s), terms: terms(s), tags: tags(s) }
}

fn new_list(s: &mut Seeded) -> NewList {
    NewList {
        account: AccountId(int(s)),
        market: MarketId(int(s)),
        client_id: client_id(s),
        stp: stp(s),
        shape: match s.below(3) {
            0 => ListShape::Oco { above: leg(s), below: leg(s) },
            1 => ListShape::Oto { working: leg(s), pending: leg(s) },
            _ => ListShape::Otoco { working: leg(s), above: leg(s), below: leg(s) },
        },
    }
}

fn target(s: &mut Seeded) -> Target {
    match s.below(3) {
        0 => Target::Id(OrderId(int(s))),
        1 => Target::Client(client_id(s)),
        _ => Target::Both(OrderId(int(s)), client_id(s)),
    }
}

fn cancel(s: &mut Seeded) -> Cancel {
    Cancel {
        account: AccountId(int(s)),
        market: MarketId(int(s)),
        target: target(s),
        client_id: client_id(s),
        only_if: option(s, |s| {
            if s.below(2) == 0 { CancelCondition::New } else { CancelCondition::PartiallyFilled }
        }),
    }
}
