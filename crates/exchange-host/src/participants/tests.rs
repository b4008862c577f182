//! The simulated market in virtual time, through the real core.

use exchange::Exchange;
use types::{Command, Event, MarketId, Price, Qty, Side, Stamped, Time};

use super::{Crowd, MEMO_SLOT, TICK_MS};
use crate::listing;

const START: Time = Time(1_795_175_400_000_000_000);

/// An exchange and its participants.
pub(super) struct World {
    pub(super) exchange: Exchange,
    pub(super) crowd: Crowd,
    pub(super) now: Time,
    pub(super) events: Vec<Event>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut exchange = Exchange::new();
        let mut events = Vec::new();
        for command in listing::commands(&exchange).unwrap() {
            let seq = exchange.last_seq() + 1;
            exchange.apply(&Stamped { at: START, seq, input: command }, &mut events).unwrap();
        }
        events.clear();
        Self { exchange, crowd: Crowd::new(seed), now: START, events }
    }

    /// One tick; its events are in `events`.
    pub(super) fn tick(&mut self) -> Command {
        let command = self.crowd.step(TICK_MS, &self.exchange);
        self.now = self.now.plus_nanos(TICK_MS * 1_000_000);
        self.events.clear();
        let seq = self.exchange.last_seq() + 1;
        let stamped = Stamped { at: self.now, seq, input: command };
        self.exchange.apply(&stamped, &mut self.events).unwrap();
        stamped.input
    }

    pub(super) fn side(&self, market: u16, side: Side) -> Vec<(Price, Qty)> {
        let mut levels = Vec::new();
        self.exchange.depth(MarketId(market), side, usize::MAX, &mut levels);
        levels
    }

    fn state(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.exchange.snapshot(&mut bytes);
        bytes
    }
}

#[test]
fn the_first_tick_fills_every_book() {
    let mut world = World::new(1);
    world.tick();
    for market in 0..5 {
        let (bids, asks) = (world.side(market, Side::Buy), world.side(market, Side::Sell));
        println!("{market}: {} {} {:?} {:?}", bids.len(), asks.len(), bids.first(), asks.first());
        assert!(bids.len() >= 50 && asks.len() >= 50, "market {market}: {} and {}", bids.len(), asks.len());
        assert!(bids[0].0 < asks[0].0);
    }
    let refused: Vec<_> = world.events.iter().filter(|e| matches!(e, Event::Refused { .. })).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn the_same_seed_makes_the_same_market_also_over_a_restart() {
    let (mut straight, mut restarted, mut other) = (World::new(7), World::new(7), World::new(8));
    for tick in 0..400 {
        straight.tick();
        other.tick();
        restarted.tick();
        if tick == 170 {
            restarted.exchange = Exchange::restore(&restarted.state()).unwrap();
            restarted.crowd = Crowd::resume(7, restarted.exchange.memo(MEMO_SLOT));
        }
    }
    assert_eq!(straight.state(), restarted.state());
    assert_ne!(straight.state(), other.state());
}

/// A host in a directory, with or without participants.
fn host(dir: &std::path::Path, participants: Option<crate::Participants>) -> crate::Host {
    let config = crate::HostConfig { participants, ..crate::HostConfig::new(dir) };
    crate::open(&config, &mut |_| {}).unwrap()
}

#[test]
fn a_new_host_has_a_market_and_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Some(crate::Participants { seed: 3, speed_percent: 100 });
    let (first, filled) = {
        let host = host(dir.path(), settings);
        let depth = host.handle().view().depth(MarketId(0), 1_000);
        host.shutdown();
        (depth.update_id, depth.bids.len())
    };
    assert!(filled >= 50, "{filled} levels in the first answer");
    {
        let host = host(dir.path(), settings);
        let depth = host.handle().view().depth(MarketId(0), 1_000);
        assert!(depth.update_id > first && depth.bids.len() >= 50);
        host.shutdown();
    }
    let host = host(dir.path(), None);
    for market in (0..5).map(MarketId) {
        let depth = host.handle().view().depth(market, 10);
        assert!(depth.bids.is_empty() && depth.asks.is_empty(), "silent without participants");
    }
    host.shutdown();
}
