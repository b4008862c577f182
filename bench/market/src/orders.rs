//! A million customers' orders into history: what the feed costs its caller, and the store's thread.

use std::time::Instant;

use cpu_time::{ProcessTime, ThreadTime};
use types::event::{Fill, OrderChange, Trade};
use types::order::Tags;
use types::{
    AccountId, AssetId, ClientOrderId, Event, MarketId, Money, OrderId, OrderStatus, OrderView, Price, Qty,
    Side, StpMode, Terms, Time, TimeInForce, TradeId,
};

const START: i64 = 1_795_132_800_000_000_000;

/// A taker's order that fills at once against a maker's: two closed orders, two fills, one trade.
fn command(number: u64, at: Time, events: &mut Vec<Event>) -> Result<(), types::TextError> {
    events.clear();
    let (price, qty) = (Price(9_725_000_000_000 + (number % 1_000) as i64 * 1_000_000), Qty(1_000_000));
    let quote = Money(97_250_000_000);
    let (trade, market) = (TradeId(number), MarketId((number % 5) as u16));
    let trade = TradeId(trade.0 / 5 + 1);
    let mut sides = [(Side::Buy, false), (Side::Sell, true)].into_iter().zip(1..);
    sides.try_for_each(|((side, is_maker), place)| {
        let fill = Fill { trade, price, qty, quote, fee: Money(10), fee_asset: AssetId(0), is_maker };
        let order = OrderView {
            id: OrderId(2 * number + place),
            account: AccountId((number % 100) as u32 + place as u32 * 100),
            market,
            client_id: ClientOrderId::new(&format!("order-{number}"))?,
            list: None,
            side,
            terms: Terms::Limit { price, qty, tif: TimeInForce::Gtc, display: None },
            stp: StpMode::None,
            tags: Tags::default(),
            status: OrderStatus::Filled,
            qty,
            executed: qty,
            executed_quote: quote,
            prevented: Qty(0),
            created: at,
            updated: at,
            working_since: Some(at),
            trailing_since: None,
        };
        events.push(Event::Order { order, change: OrderChange::Trade(fill) });
        Ok(())
    })?;
    let (buyer, seller) = (OrderId(2 * number + 1), OrderId(2 * number + 2));
    events.push(Event::Trade(Trade {
        market,
        id: trade,
        price,
        qty,
        quote,
        buyer_is_maker: false,
        buyer,
        seller,
        at,
    }));
    Ok(())
}

pub fn run() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("history.redb");
    let (mut feed, reader) = history::open(&path, &history::Config::default())?;
    let commands = 500_000_u64;
    let (started, process, mut own) = (Instant::now(), ProcessTime::now(), std::time::Duration::ZERO);
    let thread = ThreadTime::now();
    let mut events = Vec::new();
    for number in 0..commands {
        let at = Time(START + number as i64 * 1_000_000);
        command(number, at, &mut events)?;
        let before = ThreadTime::now();
        feed.apply([history::Applied { seq: number + 1, at, events: &events }])?;
        own += before.elapsed();
    }
    let fed = started.elapsed().as_secs_f64();
    reader.persist()?;
    let (process, thread) = (process.elapsed().as_secs_f64(), thread.elapsed().as_secs_f64());
    let per = 1e9 / commands as f64;
    println!(
        "{commands} trades between customers: fed in {fed:.1} s, on disk after {:.1} s; caller {:.0} ns, store's thread {:.0} ns of CPU each (2 orders, 2 fills, trade, bars); file {} MB",
        started.elapsed().as_secs_f64(),
        own.as_secs_f64() * per,
        (process - thread) * per,
        std::fs::metadata(&path)?.len() >> 20
    );
    feed.close()?;
    Ok(())
}
