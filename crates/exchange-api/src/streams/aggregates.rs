//! Aggregated trades, folded by the hub: trades of one taker order at one price within one command are one.
//!
//! The rule and the numbers are history's, so that REST and the stream tell the same: the fold starts after the last
//! aggregated trade that history has and counts on from there. Cost: O(1) per trade, no reading of history.

use history::AggTrade;
use types::event::Trade;
use types::{OrderId, TradeId};

/// The fold of one market.
#[derive(Clone, Debug)]
pub(crate) struct Aggregates {
    next_id: u64,
    /// Trades up to this one are in history's aggregated trades already.
    seen: TradeId,
    /// The one that may still grow within the command at hand, and its taker.
    open: Option<(OrderId, AggTrade)>,
}

impl Aggregates {
    /// Goes on after history's last one.
    pub(crate) fn after(last: Option<&AggTrade>) -> Self {
        let (next_id, seen) = last.map_or((1, TradeId(0)), |agg| (agg.id + 1, agg.last));
        Self { next_id, seen, open: None }
    }

    /// Takes a trade in; gives the aggregated trade that it ended.
    pub(crate) fn trade(&mut self, trade: &Trade) -> Option<AggTrade> {
        if trade.id <= self.seen {
            return None;
        }
        self.seen = trade.id;
        let taker = if trade.buyer_is_maker { trade.seller } else { trade.buyer };
        if let Some((of, agg)) = &mut self.open
            && *of == taker
            && (agg.price, agg.buyer_is_maker) == (trade.price, trade.buyer_is_maker)
        {
            // Sums of one order's fills, whose own sums fit.
            agg.qty.0 = agg.qty.0.saturating_add(trade.qty.0);
            agg.quote.0 = agg.quote.0.saturating_add(trade.quote.0);
            agg.last = trade.id;
            return None;
        }
        let ended = self.end();
        let agg = AggTrade {
            market: trade.market,
            id: self.next_id,
            price: trade.price,
            qty: trade.qty,
            quote: trade.quote,
            first: trade.id,
            last: trade.id,
            buyer_is_maker: trade.buyer_is_maker,
            at: trade.at,
        };
        self.open = Some((taker, agg));
        ended
    }

    /// The command is over: gives the aggregated trade that was open.
    pub(crate) fn end(&mut self) -> Option<AggTrade> {
        let (_, agg) = self.open.take()?;
        self.next_id = agg.id + 1;
        Some(agg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{MarketId, Money, Price, Qty, Time};

    fn trade(id: u64, price: i64, taker: u64) -> Trade {
        Trade {
            market: MarketId(0),
            id: TradeId(id),
            price: Price(price),
            qty: Qty(2),
            quote: Money(i128::from(2 * price)),
            buyer_is_maker: false,
            buyer: OrderId(taker),
            seller: OrderId(1_000 + id),
            at: Time(5),
        }
    }

    #[test]
    fn one_takers_trades_at_one_price_are_one() {
        let mut fold = Aggregates::after(None);
        assert_eq!(fold.trade(&trade(1, 10, 7)), None);
        assert_eq!(fold.trade(&trade(2, 10, 7)), None);
        let first = fold.trade(&trade(3, 11, 7)).unwrap();
        assert_eq!((first.id, first.first, first.last), (1, TradeId(1), TradeId(2)));
        assert_eq!((first.qty, first.quote), (Qty(4), Money(40)));
        let second = fold.trade(&trade(4, 11, 8)).unwrap();
        assert_eq!((second.id, second.first, second.last), (2, TradeId(3), TradeId(3)));
        assert_eq!(fold.end().map(|agg| agg.id), Some(3));
        assert_eq!(fold.end(), None);
    }

    #[test]
    fn it_goes_on_after_historys_last_one() {
        let last = AggTrade { id: 41, last: TradeId(9), ..Aggregates::after(None).tap(&trade(9, 10, 7)) };
        let mut fold = Aggregates::after(Some(&last));
        assert_eq!(fold.trade(&trade(9, 10, 7)), None);
        assert_eq!(fold.end(), None, "history has it already");
        fold.trade(&trade(10, 10, 7));
        assert_eq!(fold.end().map(|agg| (agg.id, agg.first)), Some((42, TradeId(10))));
    }

    impl Aggregates {
        fn tap(mut self, one: &Trade) -> AggTrade {
            self.trade(one);
            self.end().unwrap()
        }
    }
}
