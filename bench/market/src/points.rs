//! Two million public trades of five markets into the store and the stream: history on disk (trades, aggregated trades, sixteen bars each), and a
//! written-out event in a room with a listener who takes everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use serde::Serialize;
use stream::{Channel, Hub, Owner, Room};
use types::event::Trade;
use types::{Event, MarketId, Money, OrderId, Price, Qty, Time, TradeId};

const START: i64 = 1_795_132_800_000_000_000;
const SYMBOLS: [&str; 5] = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "ETHBTC", "BTCKRW"];
/// Points of one group, as a group commit hands them on.
const GROUP: u64 = 64;

/// As the platform tells a trade.
#[derive(Serialize)]
struct Told {
    id: u64,
    price: String,
    quantity: String,
    quote: String,
    side: &'static str,
    t: i64,
}

fn trade(number: u64) -> Trade {
    Trade {
        market: MarketId((number % 5) as u16),
        id: TradeId(number / 5 + 1),
        price: Price(9_725_000_000_000 + (number % 1_000) as i64 * 1_000_000),
        qty: Qty(1_000_000 + (number % 77) as i64),
        quote: Money(97_250_000_000),
        buyer_is_maker: number % 3 == 0,
        buyer: OrderId(2 * number + 1),
        seller: OrderId(2 * number + 2),
        at: Time(START + number as i64 * 10_000),
    }
}

fn told(trade: &Trade) -> Told {
    Told {
        id: trade.id.0,
        price: format!("{}.{:02}", trade.price.0 / 100_000_000, trade.price.0 % 100),
        quantity: format!("0.{:08}", trade.qty.0),
        quote: format!("{}.{:08}", trade.quote.0 / 100_000_000, trade.quote.0 % 100_000_000),
        side: if trade.buyer_is_maker { "sell" } else { "buy" },
        t: trade.at.0 / 1_000_000,
    }
}

/// Listens to one market until it is over; counts what it hears.
fn listen(hub: &Arc<Hub>, channel: Channel, heard: Arc<AtomicU64>, over: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    let (sender, woken) = std::sync::mpsc::channel();
    let mut connection = hub.connect(Owner(1), None, move || {
        let _ = sender.send(());
    }).expect("there is room");
    connection.subscribe(channel, None).expect("one room");
    std::thread::spawn(move || {
        while !over.load(Ordering::Relaxed) || connection.waits() {
            let _ = woken.recv_timeout(Duration::from_millis(10));
            while connection.waits() {
                heard.fetch_add(connection.take().len() as u64, Ordering::Relaxed);
            }
        }
        assert!(connection.over().is_none(), "the listener kept up");
    })
}

pub fn run() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("history.redb");
    let (mut feed, reader) = history::open(&path, &history::Config::default())?;
    let hub = Hub::new("bench");
    let rooms = SYMBOLS.map(|symbol| Channel::shared(Room::parse(&format!("trades:{symbol}")).expect("a room")).expect("public"));
    let (heard, over) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
    let listeners = rooms.map(|room| listen(&hub, room, Arc::clone(&heard), Arc::clone(&over)));
    let points = 2_000_000_u64;
    let (started, process) = (Instant::now(), ProcessTime::now());
    for group in 0..points / GROUP {
        let trades: Vec<Trade> = (group * GROUP..(group + 1) * GROUP).map(trade).collect();
        let events: Vec<Event> = trades.iter().map(|trade| Event::Trade(*trade)).collect();
        let at = trades.last().map_or(Time(START), |trade| trade.at);
        feed.apply([history::Applied { seq: group + 1, at, events: &events }])?;
        for trade in &trades {
            hub.publish(&rooms[usize::from(trade.market.0)], None, at.0 / 1_000_000, &told(trade));
        }
        // A listener who is a full backlog behind is what bounds the pace, not what is lost.
        while (group + 1) * GROUP > heard.load(Ordering::Relaxed) + 500 {
            std::thread::yield_now();
        }
    }
    let fed = started.elapsed().as_secs_f64();
    reader.persist()?;
    let stored = started.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    listeners.into_iter().for_each(|listener| listener.join().expect("a listener that kept up"));
    let cpu = process.elapsed().as_secs_f64();
    assert_eq!(heard.load(Ordering::Relaxed), points, "everything was heard");
    println!(
        "{points} points: fed and told in {fed:.1} s ({:.0} a second), on disk after {stored:.1} s ({:.0} a second); {:.2} us of processor time each; file {} MB",
        points as f64 / fed,
        points as f64 / stored,
        cpu * 1e6 / points as f64,
        std::fs::metadata(&path)?.len() >> 20
    );
    feed.close()?;
    Ok(())
}
