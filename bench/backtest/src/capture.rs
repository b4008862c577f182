//! A recorded Binance spot stream (`<ns> <json>` lines, gzip) kept in memory and played again and again: each loop's times and
//! update numbers follow those of the loop before, and each begins with the snapshot.

use std::io::{BufRead as _, BufReader};

use backtest::{Recording, Tape, TapeError};
use types::depth::{DepthDiff, DepthSnapshot, Level};
use types::{MarketEvent, MarketId, MarketNews, Money, Price, Print, Qty, Time, TradeId, decimal};

use crate::{Failed, plan, print};

pub(crate) fn run_capture(path: &str) -> Result<Vec<(Time, MarketNews)>, Failed> {
    let mut events = Vec::new();
    let mut snapshots = 0;
    for line in BufReader::new(flate2::read::GzDecoder::new(std::fs::File::open(path)?)).lines() {
        let line = line?;
        let (at, json) = line.split_once(' ').ok_or("no time")?;
        let at = Time(at.parse()?);
        let message: serde_json::Value = serde_json::from_str(json)?;
        let data = message.get("data").unwrap_or(&message);
        if let Some(last) = data["lastUpdateId"].as_u64() {
            snapshots += 1;
            if snapshots == 1 {
                let (bids, asks) = (levels(&data["bids"])?, levels(&data["asks"])?);
                events.push((at, MarketNews::Snapshot(DepthSnapshot { last, bids, asks })));
            }
        } else if data["e"] == "depthUpdate" {
            let (first, last) = (data["U"].as_u64().ok_or("U")?, data["u"].as_u64().ok_or("u")?);
            let (bids, asks) = (levels(&data["b"])?, levels(&data["a"])?);
            events.push((at, MarketNews::Diff(DepthDiff { first, last, bids, asks })));
        } else if data["e"] == "trade" {
            let price = Price(number(&data["p"])?);
            let qty = Qty(number(&data["q"])?);
            let quote = Money(i128::from(price.0) * i128::from(qty.0) / 100_000_000);
            let id = TradeId(data["t"].as_u64().ok_or("t")?);
            let buyer_is_maker = data["m"].as_bool().ok_or("m")?;
            events.push((at, MarketNews::Print(Print { id, price, qty, quote, buyer_is_maker, at })));
        }
    }
    // A loop starts whole: with the snapshot, and with diffs that follow it.
    let start = events.iter().position(|(_, e)| matches!(e, MarketNews::Snapshot(_))).ok_or("no snapshot")?;
    let MarketNews::Snapshot(DepthSnapshot { last, .. }) = events[start].1 else {
        return Err("no snapshot".into());
    };
    let buffered: Vec<_> = events[..start].to_vec();
    let later = |e: &MarketNews| !matches!(e, MarketNews::Diff(diff) if diff.last <= last);
    let at = events[start].0;
    let mut whole = vec![events[start].clone()];
    whole.extend(buffered.into_iter().map(|(_, e)| (at, e)).filter(|(_, e)| later(e)));
    whole.extend(events.drain(start + 1..).filter(|(_, e)| later(e)));
    Ok(whole)
}

fn levels(json: &serde_json::Value) -> Result<Vec<Level>, Failed> {
    let list = json.as_array().ok_or("no levels")?;
    list.iter().map(|level| Ok((Price(number(&level[0])?), Qty(number(&level[1])?)))).collect()
}

fn number(json: &serde_json::Value) -> Result<i64, Failed> {
    Ok(decimal::parse_unsigned(json.as_str().ok_or("no number")?, 8)?)
}

/// The events, again and again.
struct Looped {
    events: Vec<(Time, MarketEvent)>,
    next: usize,
    loops: u64,
    /// How far one loop moves times and update numbers.
    span: i64,
    updates: u64,
    at: Time,
}

impl Tape for Looped {
    fn advance(&mut self) -> Result<bool, TapeError> {
        self.next = self.next.wrapping_add(1);
        if self.next >= self.events.len() {
            if self.loops <= 1 {
                return Ok(false);
            }
            self.loops -= 1;
            self.next = 0;
            for (at, event) in &mut self.events {
                at.0 += self.span;
                match &mut event.data {
                    MarketNews::Snapshot(snapshot) => snapshot.last += self.updates,
                    MarketNews::Diff(diff) => {
                        diff.first += self.updates;
                        diff.last += self.updates;
                    }
                    MarketNews::Print(print) => print.id.0 += 10_000_000,
                    _ => {}
                }
            }
        }
        self.at = self.events[self.next].0;
        Ok(true)
    }

    fn at(&self) -> Time {
        self.at
    }

    fn event(&self) -> &MarketEvent {
        &self.events[self.next.min(self.events.len() - 1)].1
    }
}

pub(crate) fn run(path: &str, loops: u64, strategy: &str) -> Result<(), Failed> {
    let events = run_capture(path)?;
    let levels: u64 = events
        .iter()
        .map(|(_, e)| match e {
            MarketNews::Snapshot(s) => (s.bids.len() + s.asks.len()) as u64,
            MarketNews::Diff(d) => (d.bids.len() + d.asks.len()) as u64,
            _ => 0,
        })
        .sum();
    let (first, last) = (events[0].0, events[events.len() - 1].0);
    let number = |e: &MarketNews| match e {
        MarketNews::Snapshot(s) => s.last,
        MarketNews::Diff(d) => d.last,
        _ => 0,
    };
    let highest = events.iter().map(|(_, e)| number(e)).max().unwrap_or(0);
    let updates = highest - number(&events[0].1) + 1_000;
    println!(
        "{} events with {levels} levels over {:.0} s, {loops} times",
        events.len(),
        last.since(first) as f64 / 1e9
    );
    let plan = plan(strategy, &[], "BTCUSDT", Price(1_000_000))?;
    let market = MarketId(0);
    let events: Vec<_> = events.into_iter().map(|(at, data)| (at, MarketEvent { market, data })).collect();
    let span = last.since(first) + 1_000_000_000;
    let tape = Looped { events, next: usize::MAX, loops, span, updates, at: first };
    let outcome =
        backtest::run(plan.setup(vec![Recording { tape: Box::new(tape), bars: None }])?, &mut |_| true)?;
    print("book", levels * loops, "level updates", &outcome);
    println!(
        "final equity {}, warnings {:?}",
        decimal::format_short(outcome.final_equity().0, outcome.run.money_scale),
        outcome.warnings
    );
    Ok(())
}
