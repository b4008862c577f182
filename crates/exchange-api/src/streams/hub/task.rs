//! The task that drives the hub: batches as they come, ticks by the clock.
//!
//! A panic in it would be a bug; the streams then go on as after lost batches instead of falling silent.

use std::sync::Arc;
use std::time::Duration;

use exchange_host::Batch;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};

use crate::context::Context;

/// The finest beat of the streams.
const TICK: Duration = Duration::from_millis(100);

/// Runs the hub until the exchange or the server stops.
pub(crate) async fn run(ctx: Arc<Context>, mut batches: Receiver<Arc<Batch>>) {
    ctx.hub.lock().refresh(&ctx);
    while let Err(error) = tokio::spawn(drive(Arc::clone(&ctx), batches)).await {
        tracing::error!(%error, "the streams' task ended by a bug and begins anew");
        batches = ctx.handle.batches();
        ctx.hub.lock().lost(&ctx, ctx.now());
    }
}

async fn drive(ctx: Arc<Context>, mut batches: Receiver<Arc<Batch>>) {
    let mut ticks = interval(TICK);
    // After a stall one tick tells what there is; a burst of them would tell nothing more.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stop = ctx.stop.clone();
    let mut count = 0_u64;
    loop {
        tokio::select! {
            batch = batches.recv() => match batch {
                Ok(batch) => ctx.hub.lock().fold(&batch, &ctx, ctx.now()),
                Err(RecvError::Lagged(lost)) => {
                    tracing::warn!(lost, "the streams fell behind");
                    ctx.hub.lock().lost(&ctx, ctx.now());
                }
                Err(RecvError::Closed) => return,
            },
            _ = ticks.tick() => {
                count += 1;
                ctx.hub.lock().tick(count, &ctx, ctx.now());
            }
            () = stop.wait() => return,
        }
    }
}
