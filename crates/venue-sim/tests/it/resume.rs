//! A venue that goes on after its process ended says what it would have said: orders keep their place in the queue, trailing stops
//! their best price, and a trigger that fired stays fired.

use std::path::PathBuf;

use archive::{Archive, Given, Request, Span, Stamp, import};
use portfolio::position::BotAccount;
use types::depth::{DepthDiff, DepthSnapshot, Level};
use types::instrument::TickRule;
use types::order::{AfterTrigger, StopKind, Trigger};
use types::{
    Bar, Bips, InstrumentId, Interval, MarketId, MarketNews, Money, Price, Print, Qty, Side, Symbol, Terms,
    Time, TimeInForce, TradeId, VenueName,
};
use venue_sim::{Config, Queue};

use crate::desk::{ACCOUNT, Desk, ONE, PERPETUAL, Told, instrument, order, qty};

/// What happens at one moment: the n-th at n nanoseconds, but for bars, which begin when they open.
#[derive(Clone)]
enum Step {
    Show(MarketNews),
    Send(Side, Terms),
}

struct Script {
    config: Config,
    steps: Vec<(i64, Step)>,
}

/// What was told at each step, what was left of each order after it, and the account.
struct Past {
    told: Vec<Vec<Told>>,
    left: Vec<Vec<(u32, i64)>>,
    accounts: Vec<BotAccount>,
}

/// Prices on the cent, as recorded.
fn desk(config: &Config) -> Desk {
    let mut instrument = instrument(PERPETUAL);
    instrument.market.rules.tick = TickRule::Fixed(Price(ONE / 100));
    Desk::on(instrument, config.clone(), 100_000_000)
}

fn step(desk: &mut Desk, at: i64, step: &Step) -> Vec<Told> {
    let mut told = desk.until(at);
    match step {
        Step::Show(news) => desk.event(at, news.clone()),
        Step::Send(side, terms) => {
            desk.send(at, *side, *terms);
        }
    }
    told.extend(desk.until(at));
    told
}

impl Script {
    fn whole(&self) -> Past {
        let mut desk = desk(&self.config);
        let (mut left, mut past) =
            (Vec::new(), Past { told: Vec::new(), left: Vec::new(), accounts: Vec::new() });
        for (at, what) in &self.steps {
            if let Step::Send(_, terms) = what {
                left.push((desk.orders + 1, terms.qty().unwrap().0));
            }
            let told = step(&mut desk, *at, what);
            for news in &told {
                match *news {
                    Told::Fill { order, qty, .. } => {
                        let open = left.iter_mut().find(|(number, _)| *number == order).unwrap();
                        open.1 -= qty * 1_000_000;
                    }
                    Told::Ended { order, .. } => left.retain(|(number, _)| *number != order),
                    Told::Liquidated { .. } => {}
                }
            }
            left.retain(|(_, open)| *open > 0);
            past.told.push(told);
            past.left.push(left.clone());
            past.accounts.push(desk.venue.account(ACCOUNT).unwrap().clone());
        }
        past
    }

    /// What is told after step `cut` by a venue whose process ended there.
    fn resumed(&self, past: &Past, cut: usize) -> Vec<Vec<Told>> {
        let mut desk = desk(&self.config);
        let live = &past.left[cut];
        let mut orders = Vec::new();
        for (at, what) in &self.steps[..=cut] {
            match what {
                Step::Show(news) => {
                    assert_eq!(desk.until(*at), [], "it is silent");
                    desk.event(*at, news.clone());
                }
                Step::Send(side, terms) => {
                    desk.orders += 1;
                    if let Some((_, left)) = live.iter().find(|(number, _)| *number == desk.orders) {
                        let order = order(desk.orders, *side, *terms);
                        desk.venue.recall_order(Time(*at), &order);
                        orders.push((order, Qty(*left)));
                    }
                }
            }
        }
        let now = Time(self.steps[cut].0);
        desk.venue.number_from(1_000_000);
        desk.venue.restore_account(ACCOUNT, past.accounts[cut].clone());
        orders.iter().for_each(|(order, left)| desk.venue.restore_order(now, order, *left));
        self.steps[cut + 1..].iter().map(|(at, what)| step(&mut desk, *at, what)).collect()
    }

    /// Ends the process after every `every`-th step; how often an order lived through it.
    fn compare(&self, every: usize, name: &str) -> usize {
        let past = self.whole();
        let mut lived = 0;
        for cut in (0..self.steps.len() - 1).step_by(every) {
            // What a taker took from a book is there again after a restart: the recording shows it.
            if past.told[cut].iter().any(|told| matches!(told, Told::Fill { maker: false, .. })) {
                break;
            }
            lived += past.left[cut].len();
            let again = self.resumed(&past, cut);
            for (n, (again, whole)) in again.iter().zip(&past.told[cut + 1..]).enumerate() {
                assert_eq!(again, whole, "{name}: ended after step {cut}, differs at step {}", cut + 1 + n);
            }
        }
        lived
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % n
    }
}

fn limit(price: i64, hundredths: i64) -> Terms {
    Terms::Limit { price: Price(price * ONE), qty: qty(hundredths), tif: TimeInForce::Gtc, display: None }
}

/// Fires at a price, or so far behind the best one, and leaves a limit.
fn stop(at: Option<i64>, trailing: Option<u32>, limit: i64) -> Terms {
    let trigger = Trigger {
        kind: StopKind::StopLoss,
        stop: at.map(|price| Price(price * ONE)),
        trailing: trailing.map(Bips),
    };
    let then = AfterTrigger::Limit { price: Price(limit * ONE), tif: TimeInForce::Gtc, display: None };
    Terms::Stop { trigger, qty: qty(150), then }
}

/// A book that breathes, prints at its best prices, and one order on each side.
fn book(seed: u64, queue: Queue) -> Script {
    let mut dice = Dice(seed);
    let level = |price: i64, hundredths: i64| (Price(price * ONE), qty(hundredths));
    let bids: Vec<Level> = (95..100).rev().map(|p| level(p, 200)).collect();
    let asks: Vec<Level> = (101..106).map(|p| level(p, 200)).collect();
    let mut steps = vec![Step::Show(MarketNews::Snapshot(DepthSnapshot { last: 1, bids, asks }))];
    let sells = [limit(102, 150), stop(Some(99), None, 103), stop(None, Some(100), 104)];
    let wanted = [
        (Side::Buy, limit(98 + dice.below(2), 150)),
        (Side::Sell, sells[usize::try_from(seed % 3).unwrap()]),
    ];
    for n in 0..160_i64 {
        if let Some((side, terms)) = wanted.get(usize::try_from(n / 12).unwrap()).filter(|_| n % 12 == 7) {
            steps.push(Step::Send(*side, *terms));
        }
        let buys = dice.below(2) == 0;
        steps.push(Step::Show(if dice.below(3) > 0 {
            let price = if buys { 95 + dice.below(5) } else { 101 + dice.below(5) };
            let levels = vec![level(price, 50 + dice.below(300))];
            let update = u64::try_from(steps.len()).unwrap() + 1;
            let (bids, asks) = if buys { (levels, Vec::new()) } else { (Vec::new(), levels) };
            // Orders are steps, too, but no updates.
            MarketNews::Diff(DepthDiff { first: 2, last: update, bids, asks })
        } else {
            let price = Price(if buys { 98 + dice.below(2) } else { 101 + dice.below(3) } * ONE);
            let qty = qty(1 + dice.below(120));
            let quote = Money(i128::from(price.0) * i128::from(qty.0) / i128::from(ONE));
            let id = TradeId(u64::try_from(n).unwrap() + 1);
            MarketNews::Print(Print { id, price, qty, quote, buyer_is_maker: buys, at: Time(n) })
        }));
    }
    let steps = (0..).zip(steps).collect();
    Script { config: Config { queue, ..Config::default() }, steps }
}

#[test]
fn orders_keep_their_place_in_the_queue_of_a_book() {
    let mut lived = 0;
    for seed in 0..30 {
        let queue = if seed % 2 == 0 { Queue::Conservative } else { Queue::Probability { power: 2 } };
        let script = book(seed, queue);
        assert!(script.whole().told.iter().flatten().count() > 0, "seed {seed} never traded");
        lived += script.compare(3, &format!("seed {seed}"));
    }
    assert!(lived > 500, "{lived}");
}

#[test]
fn trailing_stops_keep_their_best_price_on_bars() {
    let mut lived = 0;
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let mut close = 100;
        let orders = [
            (Side::Buy, limit(96, 150)),
            (Side::Sell, stop(None, Some(400 + 50 * u32::try_from(seed % 8).unwrap()), 80)),
            (Side::Sell, stop(Some(93), None, 110)),
        ];
        let mut steps = Vec::new();
        for n in 0..60_i64 {
            let open = close;
            close = (close + dice.below(5) - 2).clamp(90, 115);
            let [o, c] = [open, close].map(|price| Price(price * ONE));
            let (high, low) = (open.max(close) + dice.below(3), open.min(close) - dice.below(3));
            let start = n * 1_000_000_000;
            let flat = Bar::flat(Interval::S1, Time(start), c);
            let (high, low) = (Price(high * ONE), Price(low * ONE));
            let bar = Bar { open: o, high, low, volume: Money(1_000 * i128::from(ONE)), ..flat };
            steps.push((start, Step::Show(MarketNews::Bar(bar))));
            if let Some((side, terms)) = orders.get(usize::try_from(n / 5).unwrap()).filter(|_| n % 5 == 3) {
                steps.push((start + 1 + dice.below(900_000_000), Step::Send(*side, *terms)));
            }
        }
        lived += Script { config: Config::default(), steps }.compare(1, &format!("seed {seed}"));
    }
    assert!(lived > 500, "{lived}");
}

/// The recorded session beside this checkout with its times; nothing when it is not there.
fn recorded() -> Option<Vec<(i64, MarketNews)>> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/binance-spot-btcusdt-raw-20240808.gz");
    if !file.is_file() {
        println!("SKIPPED: the recorded session is not beside this checkout ({})", file.display());
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let archive = Archive::open(dir.path());
    let id = InstrumentId { venue: VenueName::new("file").unwrap(), symbol: Symbol::new("BTCUSDT").unwrap() };
    let given = Given::default();
    let request =
        Request { file, id, interval: None, stamp: Stamp::Open, replace: false, sort: false, given };
    import(&archive, &request, &mut |_| {}).unwrap();
    let events = archive.events(id, MarketId(0), Span::ALL).unwrap();
    Some(events.map(|event| event.unwrap()).map(|e| (e.at.0, e.input.data)).collect())
}

#[test]
fn orders_keep_their_place_on_a_recorded_book() {
    let Some(events) = recorded() else { return };
    let (mut steps, mut last) = (Vec::new(), None);
    let mut wanted = vec![2_800, 2_200, 1_600, 1_000];
    for (n, (at, news)) in events.into_iter().take(4_000).enumerate() {
        if let MarketNews::Best { bid, ask, .. } = &news {
            last = Some((bid.0, ask.0));
        }
        steps.push((at, Step::Show(news)));
        if wanted.last().is_some_and(|due| n >= *due)
            && let Some((bid, ask)) = last
        {
            wanted.pop();
            // At the best prices, where most trades are, behind all who stand there.
            let at_best = |price| Terms::LimitMaker { price, qty: qty(2), display: None };
            steps.push((at, Step::Send(Side::Buy, at_best(bid))));
            steps.push((at, Step::Send(Side::Sell, at_best(ask))));
            steps.push((at, Step::Send(Side::Sell, stop(None, Some(10), ask.0 / ONE + 4_000))));
        }
    }
    let script = Script { config: Config::default(), steps };
    let lived = script.compare(37, "the recorded session");
    assert!(lived >= 12, "{lived}");
    assert!(
        script.whole().told.iter().flatten().any(|t| matches!(t, Told::Fill { maker: true, .. })),
        "nothing traded"
    );
}
