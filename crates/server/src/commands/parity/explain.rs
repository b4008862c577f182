//! Where a difference comes from. Each pair of orders is split into lines that add up to the whole difference of its value,
//! positions at the last price.

use std::collections::BTreeMap;

use types::{ClientOrderId, Instrument, Money, Price, Qty};

use super::fills::{Order, Traded};

/// The part of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Other fees.
    Fee,
    /// Another price of a taker.
    Slippage,
    /// Another price because it arrived later than the back-test supposes.
    Latency,
    /// A resting order was filled more, less or otherwise: others stood before it in the book.
    Queue,
    /// One of the two did not send the order: it had seen something else.
    Data,
}

impl Cause {
    pub(crate) const ALL: [Self; 5] = [Self::Fee, Self::Slippage, Self::Latency, Self::Queue, Self::Data];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Fee => "fee",
            Self::Slippage => "slippage",
            Self::Latency => "latency",
            Self::Queue => "queue",
            Self::Data => "data",
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) bot: u32,
    pub(crate) side: &'static str,
    pub(crate) cause: Cause,
    /// Live less back-test, quote units.
    pub(crate) difference: i128,
    pub(crate) why: String,
}

/// A taker that was filled so much later than the back-test says met another market: latency. Below, it is slippage.
const LATE_NS: i64 = 500_000_000;

/// Pairs orders and splits their differences.
pub(crate) fn explain(live: &Traded, again: &Traded, markets: &[(Instrument, Option<i64>)]) -> Vec<Line> {
    let (pairs, only_live, only_again) = pair(live, again);
    let mut lines = Vec::new();
    for (one, two) in pairs {
        if let Some((instrument, mark)) = markets.get(usize::from(one.order.market.0)) {
            split(one, two, instrument, *mark, &mut lines);
        }
    }
    for (order, sign, why) in only_live
        .iter()
        .map(|o| (o, 1, "only live"))
        .chain(only_again.iter().map(|o| (o, -1, "only in the back-test")))
    {
        if let Some((instrument, mark)) = markets.get(usize::from(order.order.market.0)) {
            let difference = sign * worth(order, instrument, *mark);
            lines.push(line(order, Cause::Data, difference, format!("{why}: what came before it differed")));
        }
    }
    lines
}

type Pairs<'a> = (Vec<(&'a Order, &'a Order)>, Vec<&'a Order>, Vec<&'a Order>);

/// The same id is the same decision; what is left is paired by bot and side in the order of sending, as long as both were sent
/// within two minutes.
fn pair<'a>(live: &'a Traded, again: &'a Traded) -> Pairs<'a> {
    const NEAR_NS: i64 = 120_000_000_000;
    let (mut pairs, mut left): (Vec<_>, Vec<&Order>) = (Vec::new(), Vec::new());
    let mut rest: BTreeMap<&ClientOrderId, &Order> = again.0.iter().collect();
    for (id, order) in &live.0 {
        match rest.get(id).filter(|other| other.order.side == order.order.side) {
            Some(_) => pairs.extend(rest.remove(id).map(|other| (order, other))),
            None => left.push(order),
        }
    }
    let mut rest: Vec<&Order> = rest.into_values().collect();
    rest.sort_by_key(|order| order.sent);
    left.sort_by_key(|order| order.sent);
    left.retain(|order| {
        let near = |other: &&Order| {
            (other.bot, other.order.side, other.order.market)
                == (order.bot, order.order.side, order.order.market)
                && other.sent.since(order.sent).abs() <= NEAR_NS
        };
        let found = rest.iter().position(near);
        if let Some(at) = found {
            pairs.push((*order, rest.remove(at)));
        }
        found.is_none()
    });
    (pairs, left, rest)
}

/// What an order added, everything at the last price and after fees.
fn worth(order: &Order, instrument: &Instrument, mark: Option<i64>) -> i128 {
    order.cash() + value(instrument, mark, order.base()) - fees(order, instrument, mark)
}

fn value(instrument: &Instrument, mark: Option<i64>, qty: Qty) -> i128 {
    let Some(mark) = mark else { return 0 };
    let Money(size) = instrument.market.notional.amount(Price(mark), Qty(qty.0.abs()));
    if qty.0 < 0 { -size } else { size }
}

fn fees(order: &Order, instrument: &Instrument, mark: Option<i64>) -> i128 {
    let base = order.fee(instrument.market.base.id.0).0;
    let in_base = i64::try_from(base).map_or(0, |units| {
        let scale = 10_i128.pow(u32::from(instrument.market.base.scale));
        // Fees are below a lot, where exact notionals end.
        mark.map_or(0, |mark| i128::from(units) * i128::from(mark) / scale)
    });
    order.fee(instrument.market.quote.id.0).0 + in_base
}

fn line(order: &Order, cause: Cause, difference: i128, why: String) -> Line {
    Line {
        name: order.order.client_id.to_string(),
        bot: order.bot,
        side: order.side(),
        cause,
        difference,
        why,
    }
}

fn split(one: &Order, two: &Order, instrument: &Instrument, mark: Option<i64>, lines: &mut Vec<Line>) {
    let fee = fees(two, instrument, mark) - fees(one, instrument, mark);
    let rest = worth(one, instrument, mark) - worth(two, instrument, mark) - fee;
    if fee != 0 {
        lines.push(line(
            one,
            Cause::Fee,
            fee,
            format!("fees {} and {}", fees(one, instrument, mark), fees(two, instrument, mark)),
        ));
    }
    if rest == 0 {
        return;
    }
    let late = match (one.first_fill, two.first_fill) {
        (Some(live), Some(again)) => live.since(one.sent) - again.since(two.sent),
        _ => 0,
    };
    let (cause, why) = if one.rests() && (one.qty != two.qty || one.first_fill != two.first_fill) {
        (Cause::Queue, format!("filled {} and {} units", one.qty, two.qty))
    } else if one.qty != two.qty {
        (Cause::Data, format!("filled {} and {} units", one.qty, two.qty))
    } else if late.abs() >= LATE_NS {
        (Cause::Latency, format!("filled {} ms later than in the back-test", late / 1_000_000))
    } else {
        (Cause::Slippage, format!("paid {} and {} for {} units", one.quote, two.quote, one.qty))
    };
    lines.push(line(one, cause, rest, why));
}
