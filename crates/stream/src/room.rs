//! Names of rooms: what can be followed.

use types::{InstrumentId, Interval, TextError, VenueName};

/// The venue of a symbol that names none, and the one that names leave out.
const DEFAULT_VENUE: &str = "local";

/// What can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Room {
    /// All tickers.
    MarketData,
    /// One ticker.
    Ticker(InstrumentId),
    /// One book's best levels.
    Book(InstrumentId),
    /// One market's public trades.
    Trades(InstrumentId),
    /// One market's candles of one length.
    Candles(InstrumentId, Interval),
    /// The configured indicators over one market's candles of one length.
    Indicators(InstrumentId, Interval),
    /// One's orders.
    Orders,
    /// One's positions.
    Positions,
    /// One's bots.
    Bots,
    /// One's jobs.
    Jobs,
    /// What is wrong with the service; for administrators.
    Alerts,
}

/// Why a text names no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomError {
    /// No room is called so.
    #[error("there is no room of this name")]
    Unknown,
    /// The market's name is none.
    #[error("the name of the market {0}")]
    Market(TextError),
    /// The interval is none.
    #[error("an interval is one of 1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M")]
    Interval,
}

impl Room {
    /// Reads a name as clients write it: `book:BTCUSDT`, `book:local:BTCUSDT`, `candles:BTCUSDT:1m`, `orders`.
    ///
    /// # Errors
    /// What is wrong with the name. Whether the market is listed is for whoever knows the markets.
    pub fn parse(text: &str) -> Result<Self, RoomError> {
        let (kind, rest) = match text.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (text, None),
        };
        match (kind, rest) {
            ("market-data", None) => Ok(Self::MarketData),
            ("orders", None) => Ok(Self::Orders),
            ("positions", None) => Ok(Self::Positions),
            ("bots", None) => Ok(Self::Bots),
            ("jobs", None) => Ok(Self::Jobs),
            ("alerts", None) => Ok(Self::Alerts),
            ("ticker", Some(market)) => Ok(Self::Ticker(instrument(market)?)),
            ("book", Some(market)) => Ok(Self::Book(instrument(market)?)),
            ("trades", Some(market)) => Ok(Self::Trades(instrument(market)?)),
            ("candles", Some(rest)) => {
                let (market, interval) = series(rest)?;
                Ok(Self::Candles(market, interval))
            }
            ("indicators", Some(rest)) => {
                let (market, interval) = series(rest)?;
                Ok(Self::Indicators(market, interval))
            }
            _ => Err(RoomError::Unknown),
        }
    }

    /// The market it is about, if it is about one.
    #[must_use]
    pub const fn market(&self) -> Option<&InstrumentId> {
        match self {
            Self::Ticker(id)
            | Self::Book(id)
            | Self::Trades(id)
            | Self::Candles(id, _)
            | Self::Indicators(id, _) => Some(id),
            _ => None,
        }
    }

    /// Whether everybody hears the same in it.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        matches!(
            self,
            Self::MarketData
                | Self::Ticker(_)
                | Self::Book(_)
                | Self::Trades(_)
                | Self::Candles(..)
                | Self::Indicators(..)
        )
    }
}

impl Room {
    /// The same room of the market of this symbol at another venue; `None` for rooms that are not about one market.
    #[must_use]
    pub const fn at(&self, venue: VenueName) -> Option<Self> {
        const fn moved(id: &InstrumentId, venue: VenueName) -> InstrumentId {
            InstrumentId { venue, symbol: id.symbol }
        }
        Some(match self {
            Self::Ticker(id) => Self::Ticker(moved(id, venue)),
            Self::Book(id) => Self::Book(moved(id, venue)),
            Self::Trades(id) => Self::Trades(moved(id, venue)),
            Self::Candles(id, interval) => Self::Candles(moved(id, venue), *interval),
            Self::Indicators(id, interval) => Self::Indicators(moved(id, venue), *interval),
            _ => return None,
        })
    }

    /// The thing of which an event's data is the newest state, as the room's own process counts it: a candle by its open time, the
    /// whole of a state room; `None` where each event tells something else.
    pub(crate) fn key_of(&self, data: &serde_json::value::RawValue) -> Option<i64> {
        #[derive(serde::Deserialize)]
        struct Opened {
            t: i64,
        }
        match self {
            Self::Candles(..) => Some(serde_json::from_str::<Opened>(data.get()).ok()?.t),
            Self::MarketData | Self::Ticker(_) | Self::Book(_) | Self::Indicators(..) => Some(0),
            _ => None,
        }
    }
}

/// `BTCUSDT:1m`, `local:BTCUSDT:1m`.
fn series(text: &str) -> Result<(InstrumentId, Interval), RoomError> {
    let (market, interval) = text.rsplit_once(':').ok_or(RoomError::Interval)?;
    let interval = Interval::parse(interval).ok_or(RoomError::Interval)?;
    Ok((instrument(market)?, interval))
}

fn instrument(text: &str) -> Result<InstrumentId, RoomError> {
    let local = VenueName::new(DEFAULT_VENUE).map_err(RoomError::Market)?;
    InstrumentId::parse(text, local).map_err(RoomError::Market)
}

/// A market's name, without the venue where that is the default one.
struct Short<'a>(&'a InstrumentId);

impl std::fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.venue.as_bytes() == DEFAULT_VENUE.as_bytes() {
            write!(f, "{}", self.0.symbol)
        } else {
            write!(f, "{}", self.0)
        }
    }
}

impl std::fmt::Display for Room {
    /// The name as the server writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MarketData => f.write_str("market-data"),
            Self::Ticker(id) => write!(f, "ticker:{}", Short(id)),
            Self::Book(id) => write!(f, "book:{}", Short(id)),
            Self::Trades(id) => write!(f, "trades:{}", Short(id)),
            Self::Candles(id, interval) => write!(f, "candles:{}:{}", Short(id), interval.as_str()),
            Self::Indicators(id, interval) => write!(f, "indicators:{}:{}", Short(id), interval.as_str()),
            Self::Orders => f.write_str("orders"),
            Self::Positions => f.write_str("positions"),
            Self::Bots => f.write_str("bots"),
            Self::Jobs => f.write_str("jobs"),
            Self::Alerts => f.write_str("alerts"),
        }
    }
}

/// Whose a private room is: the user's id as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(pub u128);

/// A room's address: private rooms of two owners are two rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    room: Room,
    owner: Option<Owner>,
}

impl Channel {
    /// The room as `owner` hears it. Only private rooms keep the owner. Alerts are one room for all who may hear them.
    #[must_use]
    pub const fn of(room: Room, owner: Owner) -> Self {
        let private = !room.is_public() && !matches!(room, Room::Alerts);
        Self { room, owner: if private { Some(owner) } else { None } }
    }

    /// A room that is the same for everybody; `None` if it is somebody's own.
    #[must_use]
    pub const fn shared(room: Room) -> Option<Self> {
        if room.is_public() || matches!(room, Room::Alerts) { Some(Self { room, owner: None }) } else { None }
    }

    /// The room.
    #[must_use]
    pub const fn room(&self) -> &Room {
        &self.room
    }

    /// Whose it is; `None` for a room that is the same for everybody.
    #[must_use]
    pub const fn owner(&self) -> Option<Owner> {
        self.owner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_back_in_short() {
        for (text, short) in [
            ("market-data", "market-data"),
            ("ticker:BTCUSDT", "ticker:BTCUSDT"),
            ("book:local:BTCUSDT", "book:BTCUSDT"),
            ("book:upbit:KRW-BTC", "book:upbit:KRW-BTC"),
            ("candles:local:BTCUSDT:1M", "candles:BTCUSDT:1M"),
            ("candles:ETHUSDT:15m", "candles:ETHUSDT:15m"),
            ("indicators:local:ETHUSDT:1h", "indicators:ETHUSDT:1h"),
            ("orders", "orders"),
            ("alerts", "alerts"),
        ] {
            let room = Room::parse(text).unwrap();
            assert_eq!(room.to_string(), short);
            assert_eq!(Room::parse(short), Ok(room));
        }
    }

    #[test]
    fn what_is_no_name_is_told_apart() {
        for (text, why) in [
            ("", RoomError::Unknown),
            ("books:BTCUSDT", RoomError::Unknown),
            ("orders:somebody", RoomError::Unknown),
            ("ticker", RoomError::Unknown),
            ("candles:BTCUSDT", RoomError::Interval),
            ("candles:BTCUSDT:7m", RoomError::Interval),
            ("indicators:BTCUSDT", RoomError::Interval),
            ("book:", RoomError::Market(TextError::Empty)),
        ] {
            assert_eq!(Room::parse(text), Err(why), "{text}");
        }
        assert!(matches!(Room::parse("book:a:b:c"), Err(RoomError::Market(_))));
        assert!(matches!(Room::parse(&format!("book:{}", "X".repeat(500))), Err(RoomError::Market(_))));
    }

    #[test]
    fn private_rooms_of_two_owners_are_two_and_public_ones_are_one() {
        let (a, b) = (Owner(1), Owner(2));
        for room in [Room::Orders, Room::Positions, Room::Bots, Room::Jobs] {
            assert_ne!(Channel::of(room, a), Channel::of(room, b));
            assert_eq!(Channel::shared(room), None);
        }
        for room in [Room::MarketData, Room::parse("book:BTCUSDT").unwrap(), Room::Alerts] {
            assert_eq!(Channel::of(room, a), Channel::of(room, b));
            assert_eq!(Channel::shared(room), Some(Channel::of(room, a)));
        }
    }
}
