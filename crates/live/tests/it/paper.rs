//! Bots at the simulated venue, whose memory ends with the process, restarted while the pair of a bracket rests there: whichever price
//! is reached, one of the two trades, once, and the venue ends the other; nothing is sent again, and every session replays the same.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bus::Envelope;
use bus::bots::{BotCommand, BotEntry, BotMarket, BotQuery, BotReply, Desk, Holding, NewBot, NewBracket};
use engine::Input;
use live::record::Step;
use live::{Config, Ports, Running, Shard, TimeSource, session};
use testkit::Listing;
use types::depth::DepthSnapshot;
use types::{
    Bar, ClientOrderId, FeeRate, FeedState, Instrument, Interval, MarketEvent, MarketId, MarketNews, Money,
    Outcome, Price, Print, Qty, Time, TradeId,
};
use venue_sim::Fees;
use venue_sim::paper::{Attended, Entrance, Memory, Player, Recording, Show, attend};

const ONE: i64 = 100_000_000;
const MINUTE: i64 = 60_000_000_000;
/// Questions asked until something is so; a question takes microseconds, a recorded minute a millisecond at most.
const PATIENCE: usize = 300_000;
/// Quiet minutes of a recording: more than are played in this test.
const QUIET: i64 = 10_000_000;

fn instrument() -> Instrument {
    Listing { venue: "file", symbol: "WAVEUSDT", base: (0, "WAVE"), ..Listing::default() }.instrument()
}

/// What a venue without a memory of its own goes on with.
fn memory(shard: &Shard) -> Memory {
    Memory {
        shown: (shard.session() > 0).then(|| shard.at()),
        accounts: shard.engine().bots().map(|bot| (bot.account(), bot.ledger().clone())).collect(),
        orders: shard.resting(),
        numbers: shard.seq(),
    }
}

/// 0.1 % in the quote asset, so that a position can end at nothing.
fn behaviour() -> venue_sim::Config {
    let fee = FeeRate(100_000);
    venue_sim::Config {
        fees: Fees { maker: fee, taker: fee, ..Fees::default() },
        ..venue_sim::Config::default()
    }
}

fn config(dir: &Path, time: TimeSource) -> Config {
    Config { time, ..Config::new(dir.to_path_buf(), "test") }
}

fn command(desk: &Desk, command: &BotCommand) {
    let sent = desk.commands.submit(Envelope::of_operator(BotCommand::clone(command))).wait();
    assert!(sent.is_ok(), "{command:?}: {sent:?}");
}

fn ask(desk: &Desk, query: BotQuery) -> BotReply {
    desk.queries.submit(Envelope::of_operator(query)).wait().unwrap().outcome
}

fn show(desk: &Desk) -> BotEntry {
    let BotReply::Bot(bot) = ask(desk, BotQuery::Show { bot: "guarded".to_owned() }) else { panic!() };
    *bot
}

/// Waits until the bot fits.
fn until(desk: &Desk, fits: impl Fn(&BotEntry) -> bool) {
    for _ in 0..PATIENCE {
        if fits(&show(desk)) {
            return;
        }
        std::thread::yield_now();
    }
    panic!("it never got there: {:?}", show(desk));
}

/// A running bot with a stop at 2 % and a target at 3 %.
fn create(desk: &Desk) {
    let amount = Holding { asset: "USDT".to_owned(), amount: "100000".to_owned() };
    let bracket = NewBracket { stop_loss_bps: Some(200), take_profit_bps: Some(300), trailing_bps: None };
    command(
        desk,
        &BotCommand::Create(Box::new(NewBot {
            name: Some("guarded".to_owned()),
            strategy: "webhook".to_owned(),
            markets: vec![BotMarket { symbol: "WAVEUSDT".to_owned(), interval: "1m".to_owned() }],
            params: vec![("qty".to_owned(), "1".to_owned())],
            funds: vec![amount],
            bracket: Some(bracket),
            ..NewBot::default()
        })),
    );
    command(desk, &start());
}

/// Tells it to be long, once it knows a price.
fn enter(desk: &Desk) {
    until(desk, |bot| bot.decisions > 0);
    command(desk, &BotCommand::Signal { bot: "guarded".to_owned(), text: "long".to_owned() });
}

fn start() -> BotCommand {
    BotCommand::Start { bot: "guarded".to_owned() }
}

/// The ids of the stop and of the target, once both rest.
fn pair(desk: &Desk) -> [ClientOrderId; 2] {
    for _ in 0..PATIENCE {
        let BotReply::Orders(orders) = ask(desk, BotQuery::Orders { bot: "guarded".to_owned() }) else {
            panic!()
        };
        let leg = |what: &str| orders.iter().find(|o| o.guards.as_deref() == Some(what) && o.state == "live");
        if let (Some(stop), Some(target)) = (leg("stop"), leg("target")) {
            return [stop, target].map(|order| ClientOrderId::new(&order.client_id).unwrap());
        }
        std::thread::yield_now();
    }
    panic!("the pair never rested: {:?}", show(desk));
}

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    InOrder,
    /// What is on the disk while it still runs is all that is left.
    Crash,
}

/// The directory that the next process finds; `desk` is the running one's.
fn disk(end: End, dir: &Path, desk: &Desk) -> PathBuf {
    if end == End::InOrder {
        return dir.join("bots");
    }
    // Its answer waits for the disk, and so for all that came before it.
    command(desk, &start());
    let left = dir.join("left");
    copy(&dir.join("bots"), &left);
    left
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &name);
        } else if !entry.file_name().to_string_lossy().contains("lock") {
            std::fs::copy(entry.path(), name).unwrap();
        }
    }
}

/// After the restart one of the pair has traded, once, and the venue has ended the other; nothing was sent, both sessions replay.
fn check(bots: &Path, traded: ClientOrderId, ended: ClientOrderId, what: &str) {
    let mut reports = Vec::new();
    let mut see = |_, step: &Step| {
        if let Input::Execution(report) = &step.input {
            reports.push((report.client_id, report.outcome));
        }
    };
    let again = session::walk(bots, 2, &mut see).unwrap();
    let fills: Vec<_> = reports
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::Fill(_)))
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(fills, [traded], "{what}: {reports:?}");
    let ends: Vec<_> = reports.iter().filter(|(_, o)| *o == Outcome::Expired).map(|(id, _)| *id).collect();
    assert_eq!(ends, [ended], "{what}: {reports:?}");
    assert_eq!(
        again.session.intents, 0,
        "{what}: the venue keeps the pair; nothing is sent or cancelled again"
    );
    for number in [1, 2] {
        let first = session::replay(bots, number).unwrap();
        assert_eq!(session::replay(bots, number).unwrap(), first, "{what}");
    }
}

fn is_flat(bot: &BotEntry) -> bool {
    bot.orders == 0 && bot.positions.is_empty()
}

/// A shard on a recording.
struct Played {
    running: Running,
    _player: Player,
}

/// Plays quiet minutes at 100, then `after` from the third minute after what a process before has heard; gives the last moment, too.
fn play(dir: &Path, after: &[Bar], speed_percent: u32) -> (Played, Time) {
    let (mut player, mut end) = (None, Time(0));
    let running = live::open(&config(dir, TimeSource::Feed { begins: Time(0) }), |inbox, shard| {
        let heard = shard.at().0 / MINUTE;
        let quiet = if after.is_empty() { QUIET } else { heard + 3 };
        let flat = |n: i64| Bar::flat(Interval::M1, Time(n * MINUTE), Price(100 * ONE));
        let after: Vec<Bar> =
            (quiet..).zip(after).map(|(n, bar)| Bar { open_time: Time(n * MINUTE), ..*bar }).collect();
        end = after.last().map_or(Time(0), |bar| Time(bar.open_time.0 + MINUTE));
        let bars = (0..quiet).map(flat).chain(after);
        let recording: Recording =
            Box::new(bars.map(|bar| {
                Ok((bar.open_time, MarketEvent { market: MarketId(0), data: MarketNews::Bar(bar) }))
            }));
        let show = Show {
            config: behaviour(),
            instruments: vec![instrument()],
            recordings: vec![recording],
            past: Box::new(|_, _, _, _| Vec::new()),
            memory: memory(shard),
            speed_percent,
        };
        let (port, playing) = venue_sim::paper::open(show, inbox).map_err(std::io::Error::other)?;
        player = Some(playing);
        Ok(Ports { gateway: Box::new(port.clone()), feed: Box::new(port.clone()), accounts: Box::new(port) })
    });
    (Played { running: running.unwrap(), _player: player.unwrap() }, end)
}

/// A minute that opens at a price and sees others.
fn minute(open: i64, low: i64, high: i64, close: i64) -> Bar {
    let [open, low, high, close] = [open, low, high, close].map(|price| Price(price * ONE));
    Bar { open, low, high, ..Bar::flat(Interval::M1, Time(0), close) }
}

#[test]
fn a_pair_that_lived_through_a_restart_on_a_recording_trades_once() {
    // Up through the target and then down through where the stop was; the other way; both in one minute: the stop comes first.
    let up = [minute(100, 100, 104, 104), minute(104, 90, 104, 90), minute(90, 90, 110, 110)];
    let down = [minute(100, 97, 100, 97), minute(97, 97, 110, 110), minute(110, 90, 110, 90)];
    let both = [minute(100, 95, 105, 100), minute(100, 90, 110, 100)];
    for end in [End::InOrder, End::Crash] {
        for (after, stops) in [(&up[..], false), (&down[..], true), (&both[..], true)] {
            let dir = tempfile::tempdir().unwrap();
            // A recorded minute takes a millisecond.
            let (played, _) = play(&dir.path().join("bots"), &[], 6_000_000);
            let desk = played.running.desk();
            create(desk);
            enter(desk);
            let [stop, target] = pair(desk);
            let bots = disk(end, dir.path(), desk);
            drop(played);
            let (played, last) = play(&bots, after, 60_000_000);
            let last = last.rfc3339();
            until(played.running.desk(), |bot| bot.last.as_ref().is_some_and(|d| d.at >= last));
            let bot = show(played.running.desk());
            assert!(is_flat(&bot), "{end:?}: {bot:?}");
            drop(played);
            let (traded, ended) = if stops { (stop, target) } else { (target, stop) };
            check(&bots, traded, ended, &format!("{end:?}, {after:?}"));
        }
    }
}

/// A shard on a live market that the test shows.
struct Followed {
    entrance: Entrance,
    running: Running,
    updates: u64,
}

impl Followed {
    fn open(dir: &Path) -> Self {
        let mut entrance = None;
        let running = live::open(&config(dir, TimeSource::Wall), |inbox, shard| {
            let attended =
                Attended { config: behaviour(), instruments: vec![instrument()], memory: memory(shard) };
            let door = attend(attended, inbox).map_err(std::io::Error::other)?;
            // Nobody knows the past.
            let port = door.port(Arc::new(|_, _, _, _| false));
            entrance = Some(door);
            Ok(Ports {
                gateway: Box::new(port.clone()),
                feed: Box::new(port.clone()),
                accounts: Box::new(port),
            })
        });
        Self { entrance: entrance.unwrap(), running: running.unwrap(), updates: 0 }
    }

    fn market(&self, data: MarketNews) {
        self.entrance.market(MarketEvent { market: MarketId(0), data }).unwrap();
    }

    /// The market is there, at a price: its book, and a trade.
    fn at(&mut self, price: i64) {
        self.updates += 1;
        let level = |hundredths: i64| vec![(Price(price * ONE + hundredths * 1_000_000), Qty(5 * ONE))];
        self.market(MarketNews::Feed(FeedState::Up));
        self.market(MarketNews::Snapshot(DepthSnapshot {
            last: self.updates,
            bids: level(-1),
            asks: level(1),
        }));
        let price = Price(price * ONE);
        let (qty, quote) = (Qty(ONE), Money(i128::from(price.0)));
        let (id, at) = (TradeId(self.updates), Time(0));
        self.market(MarketNews::Print(Print { id, price, qty, quote, buyer_is_maker: false, at }));
        let bar = Bar::flat(Interval::M1, Time(i64::try_from(self.updates).unwrap() * MINUTE), price);
        self.market(MarketNews::Bar(bar));
    }
}

#[test]
fn a_pair_that_lived_through_a_restart_on_a_live_market_trades_once() {
    for end in [End::InOrder, End::Crash] {
        // What the market shows once it is there again.
        for (prices, stops) in
            [([100, 104, 90, 110], false), ([104, 90, 110, 90], false), ([99, 97, 110, 90], true)]
        {
            let dir = tempfile::tempdir().unwrap();
            let mut followed = Followed::open(&dir.path().join("bots"));
            create(followed.running.desk());
            followed.at(100);
            enter(followed.running.desk());
            let [stop, target] = pair(followed.running.desk());
            let bots = disk(end, dir.path(), followed.running.desk());
            drop(followed);
            let mut followed = Followed::open(&bots);
            assert_eq!(pair(followed.running.desk()), [stop, target]);
            for price in prices {
                followed.at(price);
            }
            // What was shown is heard before what is asked.
            let bot = show(followed.running.desk());
            assert!(is_flat(&bot), "{end:?}: {bot:?}");
            drop(followed);
            let (traded, ended) = if stops { (stop, target) } else { (target, stop) };
            check(&bots, traded, ended, &format!("{end:?}, {prices:?}"));
        }
    }
}
