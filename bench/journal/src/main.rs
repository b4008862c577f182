//! What the journal costs, beside what the disk costs by itself, in the same run.
//!
//! `cargo run --release [DIRECTORY]`: the directory decides which disk is measured (default: the present one). Every
//! comparison takes turns with its yardstick, so that a busy machine or disk hits both alike.

mod acknowledge;
mod recover;
mod throughput;

use std::path::PathBuf;

use types::command::NewOrder;
use types::order::Tags;
use types::{
    AccountId, ClientOrderId, Command, MarketId, Price, Qty, Side, StpMode, Terms, Time, TimeInForce,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let dir = tempfile::tempdir_in(base)?;
    println!("record: an encoded limit order, {} bytes", order(1).len());
    acknowledge::measure(dir.path())?;
    throughput::measure(dir.path())?;
    recover::measure(dir.path())?;
    Ok(())
}

/// An encoded limit order with a client id as a bot would choose it.
fn order(seq: u64) -> Vec<u8> {
    let client_id = ClientOrderId::new(&format!("bench-strategy-{seq:021}")).expect("36 legal characters");
    let command = Command::Place(NewOrder {
        account: AccountId(7),
        market: MarketId(0),
        client_id,
        side: if seq.is_multiple_of(2) { Side::Buy } else { Side::Sell },
        terms: Terms::Limit {
            price: Price(3_000_000_000_000 + (seq % 1000) as i64 * 1_000_000),
            qty: Qty(1_000_000),
            tif: TimeInForce::Gtc,
            display: None,
        },
        stp: StpMode::ExpireMaker,
        tags: Tags { strategy_id: Some(1), strategy_type: Some(1_000_000) },
    });
    let mut bytes = Vec::new();
    journal::encoding::encode(Time(1_700_000_000_000_000_000 + seq as i64), &command, &mut bytes)
        .expect("an order can be encoded");
    bytes
}
