//! Follows the exchange to take resting orders off the order counts at their first fill.

use std::sync::Arc;

use exchange_host::Batch;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use types::Event;
use types::event::OrderChange;

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
            Ok(batch) => uncount(&ctx, &batch),
            Err(RecvError::Lagged(lost)) => tracing::warn!(lost, "order counts missed fills"),
            Err(RecvError::Closed) => return,
        }
    }
}

fn uncount(ctx: &Context, batch: &Batch) {
    for applied in &batch.applied {
        for event in applied.events.iter() {
            // A taker's first fill never got counted: see `handlers::order::count`.
            if let Event::Order { order, change: OrderChange::Trade(fill) } = event
                && fill.is_maker
                && order.executed == fill.qty
            {
                ctx.meters.uncount_order(order.account, applied.at);
            }
        }
    }
}
