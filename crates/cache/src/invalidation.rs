//! What instances with one Redis tell each other to forget: a text per change on the channel `PREFIX:forget`, with who says it, what
//! happened, and the key.
//!
//! Nobody hears what was said while their connection was away, so whoever connects again forgets everything.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo as _, ProtocolVersion, PushInfo, PushKind};
use redis::{RedisError, Value};
use tokio::sync::mpsc;

use crate::class::Class;
use crate::memory::Cache;

/// How long a Redis that is away is left alone.
const AWAY: Duration = Duration::from_secs(5);
/// Messages that may wait to be obeyed; when there are more, everything is forgotten.
const HEARD_MAX: usize = 1_000;
/// What stands for the key when everything is meant.
const EVERYTHING: &str = "*";

/// What to forget.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Key(String),
    Everything,
    /// The connection is gone.
    Gone,
}

/// What happened, as it is told of a key of this class; balances are never kept, so nothing is told of them.
pub(crate) const fn event(class: Class) -> &'static str {
    match class {
        Class::Tickers | Class::Books | Class::OpenCandles | Class::ClosedCandles | Class::Markets => {
            "trading_pair_update"
        }
        Class::Profiles => "profile_update",
        Class::Sessions => "session_update",
        Class::Venues => "venue_update",
        Class::General => "update",
    }
}

/// The message of an instance about a key. No key holds a space.
pub(crate) fn message(who: &str, event: &str, key: &str) -> String {
    format!("{who} {event} {key}")
}

/// The message of an instance that forgets everything.
pub(crate) fn message_of_all(who: &str) -> String {
    message(who, "clear", EVERYTHING)
}

/// What a message of another instance says; `None` for one's own and for what is none.
fn read(me: &str, text: &str) -> Option<Heard> {
    let mut words = text.splitn(3, ' ');
    let (who, _event, key) = (words.next()?, words.next()?, words.next()?);
    match (who == me, key) {
        (true, _) => None,
        (false, EVERYTHING) => Some(Heard::Everything),
        (false, key) => Some(Heard::Key(key.to_owned())),
    }
}

/// A client that speaks RESP3, in which messages come beside answers.
fn client(url: &str) -> Result<Client, RedisError> {
    let mut way = url.into_connection_info()?;
    way.redis.protocol = ProtocolVersion::RESP3;
    Client::open(way)
}

/// Obeys what others say on `channel`; never returns. `me` is whose own messages are passed over.
pub(crate) async fn follow(cache: Arc<Cache>, url: &str, channel: &str, me: &str, connect_max: Duration) {
    let mut has_missed = false;
    loop {
        if let Ok((connection, heard)) = listen(url, channel, me, connect_max).await {
            if has_missed {
                cache.clear();
            }
            obey(&cache, heard).await;
            drop(connection);
        }
        has_missed = true;
        tokio::time::sleep(AWAY).await;
    }
}

async fn listen(
    url: &str,
    channel: &str,
    me: &str,
    connect_max: Duration,
) -> Result<(MultiplexedConnection, mpsc::Receiver<Heard>), RedisError> {
    let (sender, heard) = mpsc::channel(HEARD_MAX);
    let me = me.to_owned();
    let took = move |info: PushInfo| -> Result<(), std::convert::Infallible> {
        let said = match info.kind {
            PushKind::Disconnection => Some(Heard::Gone),
            PushKind::Message => info.data.get(1).and_then(text).and_then(|text| read(&me, text)),
            _ => None,
        };
        // One that finds no room is lost; so many at once end in the same as a lost connection (see `obey`).
        if let Some(said) = said {
            let _ = sender.try_send(said);
        }
        Ok(())
    };
    let config = AsyncConnectionConfig::new().set_connection_timeout(connect_max).set_push_sender(took);
    let mut connection = client(url)?.get_multiplexed_async_connection_with_config(&config).await?;
    connection.subscribe(channel).await?;
    Ok((connection, heard))
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

/// Until the connection is gone.
async fn obey(cache: &Cache, mut heard: mpsc::Receiver<Heard>) {
    while let Some(said) = heard.recv().await {
        // Some may have been lost.
        let is_full = heard.len() + 1 >= HEARD_MAX;
        match said {
            Heard::Gone => return,
            Heard::Everything => cache.clear(),
            Heard::Key(_) if is_full => cache.clear(),
            Heard::Key(key) => cache.drop_here(&key).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_who_what_and_which_key() {
        let said = message("7f-1", event(Class::Profiles), "user:00:settings");
        assert_eq!(said, "7f-1 profile_update user:00:settings");
        assert_eq!(read("7f-2", &said), Some(Heard::Key("user:00:settings".to_owned())));
        assert_eq!(read("7f-1", &said), None, "one's own");
        assert_eq!(read("7f-2", &message_of_all("7f-1")), Some(Heard::Everything));
        for nonsense in ["", "x", "x y"] {
            assert_eq!(read("me", nonsense), None);
        }
    }
}
