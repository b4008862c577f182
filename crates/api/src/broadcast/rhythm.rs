//! When what is read at a beat is told: which rooms changed, and which beats are a room's own.

use std::collections::{BTreeMap, BTreeSet};
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

/// After so many beats everything repeats: the rhythms' least common multiple.
const CYCLE: u64 = 50;
const CYCLE_LEN: usize = 50;

/// Which beats of its rhythm are each open room's own. A room keeps its beats while it is open; a new one gets those at which the
/// fewest others are told, so that no beat has much more to tell than another.
#[derive(Debug)]
pub(super) struct Beats {
    first: BTreeMap<Channel, u64>,
    /// Rooms told at each beat of a cycle.
    told: [u32; CYCLE_LEN],
}

impl Default for Beats {
    fn default() -> Self {
        Self { first: BTreeMap::new(), told: [0; CYCLE_LEN] }
    }
}

impl Beats {
    /// Whether a beat is one of the room's own.
    pub(super) fn is_due(&mut self, channel: &Channel, beat: u64) -> bool {
        let Some(rhythm) = rhythm(channel.room()) else { return false };
        let first = match self.first.get(channel) {
            Some(first) => *first,
            None => self.place(*channel, rhythm),
        };
        beat % rhythm == first
    }

    /// Forgets the rooms that are not open any more.
    pub(super) fn keep(&mut self, open: &BTreeSet<Channel>) {
        let told = &mut self.told;
        self.first.retain(|channel, first| {
            let stays = open.contains(channel);
            if let (false, Some(rhythm)) = (stays, rhythm(channel.room())) {
                of_cycle(*first, rhythm).for_each(|beat| {
                    if let Some(rooms) = told.get_mut(beat) {
                        *rooms -= 1;
                    }
                });
            }
            stays
        });
    }

    fn place(&mut self, channel: Channel, rhythm: u64) -> u64 {
        let load = |first: u64| {
            let rooms = || of_cycle(first, rhythm).filter_map(|beat| self.told.get(beat).copied());
            (rooms().max(), rooms().sum::<u32>())
        };
        let first = (0..rhythm).min_by_key(|first| load(*first)).unwrap_or_default();
        of_cycle(first, rhythm).for_each(|beat| {
            if let Some(rooms) = self.told.get_mut(beat) {
                *rooms += 1;
            }
        });
        self.first.insert(channel, first);
        first
    }
}

/// The beats of a cycle that belong to a first one.
fn of_cycle(first: u64, rhythm: u64) -> impl Iterator<Item = usize> {
    (first..CYCLE)
        .step_by(usize::try_from(rhythm).unwrap_or(CYCLE_LEN))
        .filter_map(|beat| usize::try_from(beat).ok())
}

#[cfg(test)]
mod tests {
    use types::Interval;

    use super::*;

    fn candles(symbol: &str) -> Vec<Channel> {
        let id = InstrumentId::parse(symbol, types::VenueName::new("local").unwrap()).unwrap();
        Interval::ALL.iter().filter_map(|i| Channel::shared(Room::Candles(id, *i))).collect()
    }

    fn hundred() -> Vec<Channel> {
        let symbols = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "ETHBTC", "BTCKRW"];
        let ids = symbols.map(|s| InstrumentId::parse(s, types::VenueName::new("local").unwrap()).unwrap());
        let states = ids.iter().flat_map(|id| [Room::Book(*id), Room::Ticker(*id), Room::Trades(*id)]);
        let states = states.chain([Room::MarketData]).filter_map(Channel::shared);
        symbols.iter().flat_map(|symbol| candles(symbol)).chain(states).collect()
    }

    #[test]
    fn every_room_has_its_beats_and_no_beat_has_many_more_rooms_than_another() {
        let (rooms, mut beats) = (hundred(), Beats::default());
        let mut due = |beat| rooms.iter().filter(|room| beats.is_due(room, beat)).count();
        let first: Vec<usize> = (1_000..1_000 + CYCLE).map(&mut due).collect();
        let timed = rooms.iter().filter_map(|room| rhythm(room.room()));
        assert_eq!(first.iter().sum::<usize>() as u64, timed.map(|rhythm| CYCLE / rhythm).sum::<u64>());
        assert_eq!(first, (2_000..2_000 + CYCLE).map(&mut due).collect::<Vec<_>>(), "always the same beats");
        let (least, most) = (first.iter().min().unwrap(), first.iter().max().unwrap());
        assert!(most - least <= 2, "{first:?}");
        assert!(!beats.is_due(&Channel::shared(Room::Alerts).unwrap(), 0), "told as it comes");
    }

    #[test]
    fn rooms_that_close_make_place_for_others_and_move_nobody() {
        let (rooms, mut beats) = (hundred(), Beats::default());
        let of =
            |beats: &mut Beats, room| (0..CYCLE).filter(|beat| beats.is_due(room, *beat)).collect::<Vec<_>>();
        rooms.iter().for_each(|room| drop(of(&mut beats, room)));
        let (gone, stay) = rooms.split_at(40);
        let before: Vec<_> = stay.iter().map(|room| of(&mut beats, room)).collect();
        let full = beats.told.iter().sum::<u32>();
        beats.keep(&stay.iter().copied().collect());
        assert_eq!(
            full - beats.told.iter().sum::<u32>(),
            40 * 2,
            "forty rooms of candles, twice in a cycle each"
        );
        assert_eq!(stay.iter().map(|room| of(&mut beats, room)).collect::<Vec<_>>(), before);
        gone.iter().for_each(|room| drop(of(&mut beats, room)));
        assert_eq!(beats.told.iter().sum::<u32>(), full);
        assert!(beats.told.iter().max().unwrap() - beats.told.iter().min().unwrap() <= 2, "{:?}", beats.told);
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
