//! `executionReport`: one order's change as its owner's stream tells it (user-data-stream.md, 2026-07-21).
//!
//! Fields that Binance calls conditional appear under the same conditions. `I` rises from report to report.

use exchange_host::view::Catalog;
use types::event::{Fill, OrderChange, RejectReason};
use types::{Market, Money, OrderView, Price, Qty, Time};

use crate::call::TimeUnit;
use crate::json::{Json, Object};
use crate::render::order::prevented_qty;
use crate::words::{self, ORDER_TYPES, SIDES, STP_MODES, TIMES_IN_FORCE, word};

/// Where and when a change happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// When the report is sent (`E`).
    pub(crate) now: Time,
    /// When the command was taken in (`T`).
    pub(crate) at: Time,
    /// Number of the report (`I`).
    pub(crate) execution: u64,
}

/// The report of one change. `None` if the order's market is unknown, which a consistent exchange never tells, and for an
/// order that a prevented match left alone: the venue reports only those that lost something.
pub(crate) fn report(
    catalog: &Catalog,
    order: &OrderView,
    change: &OrderChange,
    moment: Moment,
    unit: TimeUnit,
) -> Option<Json> {
    let market = catalog.market(order.market)?;
    if matches!(change, OrderChange::SelfTradePrevented(prevented) if prevented.lost(order.id).is_none()) {
        return None;
    }
    let quote = market.quote.scale;
    Some(Json::object(|o| {
        head(o, market, order, change, moment, unit);
        execution(o, catalog, market, order, change);
        o.time("T", moment.at, unit);
        o.int("t", fill(change).map_or(-1, |fill| i128::from(fill.trade.0)));
        o.int("I", moment.execution);
        o.bool("w", is_on_book(order));
        o.bool("m", fill(change).is_some_and(|fill| fill.is_maker));
        o.bool("M", false);
        o.time("O", order.created, unit);
        o.money("Z", order.executed_quote, quote);
        o.money("Y", fill(change).map_or(Money::ZERO, |fill| fill.quote), quote);
        o.money("Q", order.quote_budget().unwrap_or(Money::ZERO), quote);
        o.text("V", word(STP_MODES, order.stp));
        conditional(o, market, order, change, unit);
    }))
}

/// Everything about the order itself, and what happened to it.
fn head(
    o: &mut Object<'_>,
    market: &Market,
    order: &OrderView,
    change: &OrderChange,
    moment: Moment,
    unit: TimeUnit,
) {
    // A cancel reports its own id as `c` and the order's as `C`; an amendment the new one and the one before.
    let (client, original) = match change {
        OrderChange::Canceled { by } => (by.as_str(), order.client_id.as_str()),
        OrderChange::Amended { previous, .. } => (order.client_id.as_str(), previous.as_str()),
        _ => (order.client_id.as_str(), ""),
    };
    let (price, base) = (market.price_scale, market.base.scale);
    let stop = order.terms.trigger().and_then(|trigger| trigger.stop);
    o.text("e", "executionReport");
    o.time("E", moment.now, unit);
    o.text("s", market.symbol.as_str());
    o.text("c", client);
    o.text("S", word(SIDES, order.side));
    o.text("o", word(ORDER_TYPES, order.terms.order_type()));
    o.text("f", word(TIMES_IN_FORCE, order.terms.tif()));
    o.qty("q", order.qty, base);
    o.price("p", order.terms.price().unwrap_or_default(), price);
    o.price("P", stop.unwrap_or_default(), price);
    o.qty("F", order.terms.display().unwrap_or_default(), base);
    o.int("g", order.list.map_or(-1, |list| i128::from(list.0)));
    o.text("C", original);
    o.text("x", execution_type(change));
    o.text("X", words::status(order.status));
    o.text("r", reject_reason(change));
    o.int("i", order.id.0);
}

/// What this change executed.
fn execution(
    o: &mut Object<'_>,
    catalog: &Catalog,
    market: &Market,
    order: &OrderView,
    change: &OrderChange,
) {
    let (price, base) = (market.price_scale, market.base.scale);
    let fill = fill(change);
    o.qty("l", fill.map_or(Qty::ZERO, |fill| fill.qty), base);
    o.qty("z", order.executed, base);
    o.price("L", fill.map_or(Price(0), |fill| fill.price), price);
    match fill.and_then(|fill| Some((fill, catalog.asset(fill.fee_asset)?))) {
        Some((fill, asset)) => {
            o.money("n", fill.fee, asset.scale);
            o.text("N", asset.code.as_str());
        }
        None => {
            o.text("n", "0");
            o.null("N");
        }
    }
}

/// Fields that appear only under their conditions.
fn conditional(o: &mut Object<'_>, market: &Market, order: &OrderView, change: &OrderChange, unit: TimeUnit) {
    if let Some(delta) = order.terms.trigger().and_then(|trigger| trigger.trailing) {
        o.int("d", delta.0);
    }
    if let Some(since) = order.trailing_since {
        o.time("D", since, unit);
    }
    if let Some(id) = order.tags.strategy_id {
        o.int("j", id);
    }
    if let Some(kind) = order.tags.strategy_type {
        o.int("J", kind);
    }
    if let Some(since) = order.working_since {
        o.time("W", since, unit);
    }
    match change {
        OrderChange::SelfTradePrevented(prevented) => {
            let (base, price, qty) = (market.base.scale, prevented.price, prevented.qty);
            o.int("v", prevented.number);
            o.qty("A", prevented_qty(order), base);
            o.qty("B", prevented.lost(order.id).unwrap_or(Qty::ZERO), base);
            // There are no groups of accounts.
            o.int("u", -1);
            o.int("U", prevented.counter(order.id).0);
            o.text("Cs", market.symbol.as_str());
            o.qty("pl", qty, base);
            o.price("pL", price, market.price_scale);
            o.money("pY", market.notional.amount(price, qty), market.quote.scale);
        }
        OrderChange::Expired(reason) => o.text("eR", words::expiry(*reason)),
        _ => {}
    }
}

fn fill(change: &OrderChange) -> Option<&Fill> {
    match change {
        OrderChange::Trade(fill) => Some(fill),
        _ => None,
    }
}

/// In the book, or a conditional order's successor there: live and not waiting for a trigger or a list.
fn is_on_book(order: &OrderView) -> bool {
    !order.status.is_terminal() && order.working_since.is_some() && order.remaining() > Qty::ZERO
}

/// `x`.
const fn execution_type(change: &OrderChange) -> &'static str {
    match change {
        OrderChange::New | OrderChange::Working | OrderChange::Trailing => "NEW",
        OrderChange::Trade(_) => "TRADE",
        OrderChange::Canceled { .. } => "CANCELED",
        OrderChange::Amended { .. } => "REPLACED",
        OrderChange::Expired(_) => "EXPIRED",
        OrderChange::Rejected(_) => "REJECTED",
        OrderChange::SelfTradePrevented(_) => "TRADE_PREVENTION",
    }
}

/// `r`.
const fn reject_reason(change: &OrderChange) -> &'static str {
    match change {
        OrderChange::Rejected(RejectReason::InsufficientBalance) => "INSUFFICIENT_BALANCES",
        OrderChange::Rejected(RejectReason::WouldTake) => "WOULD_MATCH_IMMEDIATELY",
        OrderChange::Rejected(RejectReason::Filter) => "FILTER_FAILURE",
        _ => "NONE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::samples::catalog;
    use serde_json::{Value, json};
    use types::event::{ExpiryReason, Prevented};
    use types::order::{AfterTrigger, StopKind, Tags, Trigger};
    use types::{
        AccountId, AssetId, Bips, ClientOrderId, ListId, MarketId, OrderId, OrderStatus, Side, StpMode,
        Terms, TimeInForce, TradeId,
    };

    const MS: i64 = 1_000_000;

    fn client(text: &str) -> ClientOrderId {
        ClientOrderId::new(text).unwrap()
    }

    fn order() -> OrderView {
        let (price, qty) = (Price(3_000_000_000_000), Qty(1_000_000));
        OrderView {
            id: OrderId(41),
            account: AccountId(7),
            market: MarketId(0),
            client_id: client("bot-7"),
            list: None,
            side: Side::Buy,
            terms: Terms::Limit { price, qty, tif: TimeInForce::Gtc, display: None },
            stp: StpMode::None,
            tags: Tags::default(),
            status: OrderStatus::New,
            qty,
            executed: Qty(0),
            executed_quote: Money(0),
            prevented: Qty(0),
            created: Time(5 * MS),
            updated: Time(5 * MS),
            working_since: Some(Time(5 * MS)),
            trailing_since: None,
        }
    }

    fn told(order: &OrderView, change: &OrderChange) -> Value {
        let moment = Moment { now: Time(9 * MS), at: Time(8 * MS), execution: 3 };
        let json = report(&catalog(), order, change, moment, TimeUnit::Millis).unwrap();
        serde_json::from_str(json.as_str()).unwrap()
    }

    #[test]
    fn a_new_order_has_every_field_of_the_venue_and_no_other() {
        let want = json!({
            "e": "executionReport", "E": 9, "s": "BTCUSDT", "c": "bot-7", "S": "BUY", "o": "LIMIT", "f": "GTC",
            "q": "0.01000000", "p": "30000.00000000", "P": "0.00000000", "F": "0.00000000", "g": -1, "C": "",
            "x": "NEW", "X": "NEW", "r": "NONE", "i": 41, "l": "0.00000000", "z": "0.00000000",
            "L": "0.00000000", "n": "0", "N": null, "T": 8, "t": -1, "I": 3, "w": true, "m": false, "M": false,
            "O": 5, "Z": "0.00000000", "Y": "0.00000000", "Q": "0.00000000", "V": "NONE", "W": 5
        });
        assert_eq!(told(&order(), &OrderChange::New), want);
    }

    #[test]
    fn a_trade_tells_its_fill_and_fee() {
        let mut order = order();
        order.status = OrderStatus::Filled;
        (order.executed, order.executed_quote) = (order.qty, Money(29_990_000_000));
        let fill = Fill {
            trade: TradeId(17),
            price: Price(2_999_000_000_000),
            qty: order.qty,
            quote: Money(29_990_000_000),
            fee: Money(1_000),
            fee_asset: AssetId(0),
            is_maker: true,
        };
        let told = told(&order, &OrderChange::Trade(fill));
        for (key, want) in [
            ("x", json!("TRADE")),
            ("X", json!("FILLED")),
            ("l", json!("0.01000000")),
            ("z", json!("0.01000000")),
            ("L", json!("29990.00000000")),
            ("Y", json!("299.90000000")),
            ("Z", json!("299.90000000")),
            ("n", json!("0.00001000")),
            ("N", json!("BTC")),
            ("t", json!(17)),
            ("m", json!(true)),
            ("w", json!(false)),
        ] {
            assert_eq!(told[key], want, "{key}");
        }
    }

    #[test]
    fn a_cancel_tells_its_own_id_and_the_orders() {
        let mut order = order();
        order.status = OrderStatus::Canceled;
        order.list = Some(ListId(4));
        let told = told(&order, &OrderChange::Canceled { by: client("cancel-1") });
        assert_eq!((&told["c"], &told["C"]), (&json!("cancel-1"), &json!("bot-7")));
        assert_eq!((&told["x"], &told["X"], &told["g"]), (&json!("CANCELED"), &json!("CANCELED"), &json!(4)));
    }

    #[test]
    fn conditional_fields_appear_under_their_conditions() {
        let mut order = order();
        let trigger =
            Trigger { kind: StopKind::TakeProfit, stop: Some(Price(1_000_000)), trailing: Some(Bips(50)) };
        order.terms = Terms::Stop { trigger, qty: order.qty, then: AfterTrigger::Market };
        order.tags = Tags { strategy_id: Some(3), strategy_type: Some(1_000_001) };
        (order.working_since, order.trailing_since) = (None, Some(Time(6 * MS)));
        let told_trailing = told(&order, &OrderChange::Trailing);
        for (key, want) in [
            ("o", json!("TAKE_PROFIT")),
            ("P", json!("0.01000000")),
            ("p", json!("0.00000000")),
            ("d", json!(50)),
            ("D", json!(6)),
            ("j", json!(3)),
            ("J", json!(1_000_001)),
            ("w", json!(false)),
            ("W", Value::Null),
        ] {
            assert_eq!(told_trailing[key], want, "{key}");
        }
        order.status = OrderStatus::Expired;
        let expired = told(&order, &OrderChange::Expired(ExpiryReason::OtherLeg));
        assert_eq!((&expired["x"], &expired["eR"]), (&json!("EXPIRED"), &json!("OCO_TRIGGER")));
        let change = OrderChange::SelfTradePrevented(Prevented {
            number: 2,
            maker: OrderId(40),
            taker: order.id,
            mode: StpMode::ExpireTaker,
            price: Price(3_000_000_000_000),
            qty: Qty(500_000),
            maker_lost: None,
            taker_lost: Some(Qty(1_000_000)),
        });
        (order.status, order.prevented) = (OrderStatus::ExpiredInMatch, Qty(1_000_000));
        let prevented = told(&order, &change);
        for (key, want) in [
            ("x", json!("TRADE_PREVENTION")),
            ("X", json!("EXPIRED_IN_MATCH")),
            ("v", json!(2)),
            ("A", json!("0.01000000")),
            ("B", json!("0.01000000")),
            ("u", json!(-1)),
            ("U", json!(40)),
            ("Cs", json!("BTCUSDT")),
            ("pl", json!("0.00500000")),
            ("pL", json!("30000.00000000")),
            ("pY", json!("150.00000000")),
        ] {
            assert_eq!(prevented[key], want, "{key}");
        }
        let maker = OrderView { id: OrderId(40), ..order };
        let moment = Moment { now: Time(9 * MS), at: Time(8 * MS), execution: 4 };
        assert!(report(&catalog(), &maker, &change, moment, TimeUnit::Millis).is_none(), "it lost nothing");
    }
}
