//! One connection to Redis that says and hears: RESP3, so that messages come beside answers.
//!
//! What arrives faster than it is taken is dropped and counted: the numbers in it show what is missing.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, IntoConnectionInfo as _, ProtocolVersion, PushInfo, PushKind, RedisError, Value,
};
use tokio::sync::mpsc;

/// How long connecting may take, and each call. Longer than a busy machine stands still: giving up ends the wait of everybody who asked
/// for a room of another instance.
const CONNECT_MAX: Duration = Duration::from_secs(2);
const CALL_MAX: Duration = Duration::from_secs(2);
/// Messages that may wait.
const HEARD_MAX: usize = 10_000;

/// What comes from Redis.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A text on a channel.
    Message { channel: String, text: String },
    /// The connection is gone.
    Gone,
}

/// A connection.
pub(crate) struct Link {
    connection: MultiplexedConnection,
    heard: mpsc::Receiver<Heard>,
}

/// A client that speaks RESP3 whatever the URL says.
pub(crate) fn client(url: &str) -> Result<redis::Client, RedisError> {
    let mut way = url.into_connection_info()?;
    way.redis.protocol = ProtocolVersion::RESP3;
    redis::Client::open(way)
}

impl Link {
    pub(crate) async fn open(client: &redis::Client) -> Result<Self, RedisError> {
        let (sender, heard) = mpsc::channel(HEARD_MAX);
        let took = move |info: PushInfo| -> Result<(), std::convert::Infallible> {
            if let Some(said) = read(info)
                && sender.try_send(said).is_err()
            {
                metrics::counter!("stream_relay_messages_total", "direction" => "dropped").increment(1);
            }
            Ok(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(CONNECT_MAX)
            .set_response_timeout(CALL_MAX)
            .set_push_sender(took);
        let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(Self { connection, heard })
    }

    /// The next that comes; `None` when the connection is gone for good.
    pub(crate) async fn hear(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }

    /// Says a text on a channel; gives how many heard it.
    pub(crate) async fn say(&mut self, channel: &str, text: &str) -> Result<u64, RedisError> {
        redis::cmd("SPUBLISH").arg(channel).arg(text).query_async(&mut self.connection).await
    }

    pub(crate) async fn enter(&mut self, channel: &str) -> Result<(), RedisError> {
        redis::cmd("SSUBSCRIBE").arg(channel).exec_async(&mut self.connection).await
    }

    pub(crate) async fn leave(&mut self, channel: &str) -> Result<(), RedisError> {
        redis::cmd("SUNSUBSCRIBE").arg(channel).exec_async(&mut self.connection).await
    }
}

fn read(info: PushInfo) -> Option<Heard> {
    match info.kind {
        PushKind::Disconnection => Some(Heard::Gone),
        PushKind::SMessage => {
            let mut parts = info.data.into_iter().map(text);
            Some(Heard::Message { channel: parts.next()??, text: parts.next()?? })
        }
        _ => None,
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}
