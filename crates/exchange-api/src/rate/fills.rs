//! Follows the exchange to take resting orders off the order counts at their first fill.

use std::sync::Arc;

use exchange_host::Batch;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use types::Event;
use types::event::OrderChange;

use super::Meters;
use crate::context::Context;

/// Runs until the server stops or the exchange is gone. What is lost by lagging stays counted until its window ends.
pub(crate) async fn follow(ctx: Arc<Context>, mut batches: Receiver<Arc<Batch>>) {
    let mut stop = ctx.stop.clone();
    loop {
        let batch = tokio::select! {
            batch = batches.recv() => batch,
            () = stop.wait() => return,
        };
        match batch {
            Ok(batch) => uncount(&ctx.meters, &batch),
            Err(RecvError::Lagged(lost)) => tracing::warn!(lost, "order counts missed fills"),
            Err(RecvError::Closed) => return,
        }
    }
}

fn uncount(meters: &Meters, batch: &Batch) {
    for applied in &batch.applied {
        for event in applied.events.iter() {
            // A taker's first fill never got counted: see `handlers::order::count`.
            if let Event::Order { order, change: OrderChange::Trade(fill) } = event
                && fill.is_maker
                && order.executed == fill.qty
            {
                meters.uncount_order(order.account, applied.at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use exchange_host::Applied;
    use types::event::Fill;
    use types::order::Tags;
    use types::{
        AccountId, AssetId, ClientOrderId, MarketId, Money, OrderId, OrderStatus, OrderView, Price, Qty,
        Side, StpMode, Terms, Time, TimeInForce, TradeId,
    };

    use super::*;

    fn filled(executed: i64, last: i64, is_maker: bool) -> Event {
        let terms = Terms::Limit { price: Price(1), qty: Qty(10), tif: TimeInForce::Gtc, display: None };
        let order = OrderView {
            id: OrderId(1),
            account: AccountId(1),
            market: MarketId(0),
            client_id: ClientOrderId::new("a").unwrap(),
            list: None,
            side: Side::Buy,
            terms,
            stp: StpMode::None,
            tags: Tags::default(),
            status: OrderStatus::PartiallyFilled,
            qty: Qty(10),
            executed: Qty(executed),
            executed_quote: Money(0),
            prevented: Qty(0),
            created: Time(0),
            updated: Time(0),
            working_since: None,
            trailing_since: None,
        };
        let fill = Fill {
            trade: TradeId(1),
            price: Price(1),
            qty: Qty(last),
            quote: Money(0),
            fee: Money(0),
            fee_asset: AssetId(0),
            is_maker,
        };
        Event::Order { order, change: OrderChange::Trade(fill) }
    }

    #[test]
    fn only_a_resting_orders_first_fill_takes_one_off() {
        let meters = Meters::new(None);
        meters.count_orders(AccountId(1), 5, Time(0));
        for (event, day) in [(filled(3, 3, false), 5), (filled(3, 3, true), 4), (filled(5, 2, true), 4)] {
            let events = [event].into();
            uncount(&meters, &Batch { applied: vec![Applied { at: Time(0), seq: 1, events }] });
            assert_eq!(meters.orders(AccountId(1), Time(0)).day, day);
        }
    }
}
