//! When what is read at a beat is told: which rooms changed, and which beats are a room's own.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use stream::{Channel, Room};
use types::InstrumentId;

/// The beat: every rhythm below is a multiple.
pub(super) const BEAT: Duration = Duration::from_millis(10);
/// Books every 100 ms, tickers and candles every 250 ms, all tickers every 500 ms, indicators every second, forgotten rooms every 30 s.
const BOOKS_EVERY: u64 = 10;
const TICKERS_EVERY: u64 = 25;
const ALL_EVERY: u64 = 50;
pub(super) const INDICATORS_EVERY: u64 = 100;
pub(super) const SWEEP_EVERY: u64 = 3_000;
/// How often a market changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Changes {
    /// Its book, or its trades.
    all: u64,
    trades: u64,
}

/// What changed.
#[derive(Debug, Default)]
pub(super) struct Changed {
    markets: BTreeMap<InstrumentId, Changes>,
    /// Of all markets.
    total: u64,
    /// Markets that traded since their indicators were told.
    indicators: BTreeSet<InstrumentId>,
}

impl Changed {
    /// A market's book changed.
    pub(super) fn touched(&mut self, market: &InstrumentId) {
        self.markets.entry(*market).or_default().all += 1;
        self.total += 1;
    }

    /// A market traded; its book changed with it.
    pub(super) fn traded(&mut self, market: &InstrumentId) {
        self.touched(market);
        self.markets.entry(*market).or_default().trades += 1;
        self.indicators.insert(*market);
    }

    /// Markets that traded since the last call.
    pub(super) fn take_traded(&mut self) -> BTreeSet<InstrumentId> {
        std::mem::take(&mut self.indicators)
    }

    /// A number that changes with what a room tells at a beat; `None` for rooms that are told otherwise.
    pub(super) fn of(&self, room: &Room) -> Option<u64> {
        let market = |id| self.markets.get(id).copied().unwrap_or_default();
        match room {
            Room::Book(id) | Room::Ticker(id) => Some(market(id).all),
            Room::Candles(id, _) => Some(market(id).trades),
            Room::MarketData => Some(self.total),
            _ => None,
        }
    }
}

/// Between two tellings of a room, in beats.
const fn rhythm(room: &Room) -> Option<u64> {
    match room {
        Room::Book(_) => Some(BOOKS_EVERY),
        Room::Ticker(_) | Room::Candles(..) => Some(TICKERS_EVERY),
        Room::MarketData => Some(ALL_EVERY),
        _ => None,
    }
}

/// Whether a beat is one of a room's own: always the same ones of its rhythm, over which rooms are spread.
pub(super) fn is_due(channel: &Channel, beat: u64) -> bool {
    let Some(rhythm) = rhythm(channel.room()) else { return false };
    // Of fixed keys: the same in every run.
    let mut hasher = DefaultHasher::new();
    channel.hash(&mut hasher);
    (beat % rhythm) == hasher.finish() % rhythm
}

#[cfg(test)]
mod tests {
    use types::Interval;

    use super::*;

    fn candles(symbol: &str) -> Vec<Channel> {
        let id = InstrumentId::parse(symbol, types::VenueName::new("local").unwrap()).unwrap();
        Interval::ALL.iter().filter_map(|i| Channel::shared(Room::Candles(id, *i))).collect()
    }

    #[test]
    fn a_room_has_one_beat_of_its_rhythm_and_the_rooms_of_a_market_have_different_ones() {
        let rooms: Vec<Channel> = ["BTCUSDT", "ETHUSDT", "SOLUSDT"].iter().flat_map(|s| candles(s)).collect();
        let due = |beat| rooms.iter().filter(|room| is_due(room, beat)).count();
        let per_beat: Vec<usize> = (1_000..1_000 + TICKERS_EVERY).map(due).collect();
        assert_eq!(per_beat.iter().sum::<usize>(), rooms.len(), "each once");
        assert_eq!(per_beat, (0..TICKERS_EVERY).map(|n| due(1_000 + TICKERS_EVERY + n)).collect::<Vec<_>>());
        assert!(per_beat.iter().all(|n| *n <= rooms.len() / 5), "{per_beat:?}");
        assert!(!is_due(&Channel::shared(Room::Alerts).unwrap(), 0), "told as it comes");
    }

    #[test]
    fn a_trade_changes_everything_of_its_market_and_a_level_no_candle() {
        let [btc, eth] = ["BTCUSDT", "ETHUSDT"]
            .map(|symbol| InstrumentId::parse(symbol, types::VenueName::new("local").unwrap()).unwrap());
        let mut changed = Changed::default();
        let (book, candle) = (Room::Book(btc), Room::Candles(btc, Interval::ALL[0]));
        let before = [book, candle, Room::MarketData].map(|room| changed.of(&room));
        changed.touched(&btc);
        let touched = [book, candle, Room::MarketData].map(|room| changed.of(&room));
        assert!(touched[0] != before[0] && touched[1] == before[1] && touched[2] != before[2]);
        changed.traded(&btc);
        let traded = [book, candle, Room::MarketData].map(|room| changed.of(&room));
        assert!(traded.iter().zip(&touched).all(|(new, old)| new != old));
        assert_eq!(changed.of(&Room::Book(eth)), Some(0));
        assert_eq!(changed.of(&Room::Orders), None);
        assert_eq!(changed.take_traded(), BTreeSet::from([btc]));
        assert!(changed.take_traded().is_empty());
    }
}
