//! The stream's rooms between this instance and others that share its Redis: the relay as the API sees it, and the API as the relay does.

use std::sync::Arc;

use api::ports::{Component, Condition, Neighbours, Reply};
use api::{App, Broadcast};
use http::Stop;
use relay::{Relay, Rooms};
use serde_json::value::RawValue;
use stream::Room;
use types::VenueName;

use crate::config::Config;
use crate::failure::{Exit, Failure};

/// The way to the others, where this instance has a name among them.
#[derive(Clone)]
pub(super) struct Others(Option<Relay>);

impl Others {
    /// As configured; nothing is connected yet.
    pub(super) fn new(config: &Config, broadcast: &Broadcast) -> Result<Self, Failure> {
        let Some(name) = config.stream_instance else { return Ok(Self(None)) };
        let refused = |why: String| {
            Failure::new(Exit::Config, "this instance cannot share its stream")
                .because(why)
                .advise("see stream.instance in docs/configuration.md")
        };
        let Some(url) = config.cache.redis.clone() else {
            return Err(refused("stream.instance is set, but cache.redis is not".to_owned()));
        };
        let options = relay::Options { url, prefix: config.cache.prefix.clone(), name };
        let relay =
            Relay::new(options, Arc::clone(broadcast.hub())).map_err(|error| refused(error.to_string()))?;
        Ok(Self(Some(relay)))
    }

    /// For the API.
    pub(super) fn port(&self) -> Option<Arc<dyn Neighbours>> {
        self.0.clone().map(|relay| Arc::new(Way(relay)) as _)
    }

    /// Carries events until `stop`.
    pub(super) fn start(&self, app: &Arc<App>, mut stop: Stop) {
        if let Some(relay) = self.0.clone() {
            let rooms = Arc::new(Own(Arc::clone(app)));
            tokio::spawn(async move { relay.run(rooms, stop.wait()).await });
        }
    }

    /// How it is; `None` where there is nothing to say.
    pub(super) fn health(&self) -> Option<Component> {
        let standing = self.0.as_ref()?.standing();
        Some(match standing.failure {
            Some(why) => Component {
                name: "instances",
                condition: Condition::Degraded,
                detail: format!("rooms of other instances stand still, Redis does not carry them: {why}"),
            },
            None if !standing.connected => Component {
                name: "instances",
                condition: Condition::Degraded,
                detail: "not connected to Redis yet".to_owned(),
            },
            None => {
                let (offered, followed) = (standing.offered, standing.followed);
                Component::ok(
                    "instances",
                    format!("{offered} rooms are heard elsewhere, {followed} of others here"),
                )
            }
        })
    }
}

/// The relay as a port of the API.
struct Way(Relay);

impl Neighbours for Way {
    fn own_name(&self) -> VenueName {
        self.0.name()
    }

    fn reach(&self, room: Room) -> Reply<'_, Result<(), String>> {
        Box::pin(self.0.reach(room))
    }

    fn state(&self, room: Room) -> Reply<'_, Result<Box<RawValue>, String>> {
        Box::pin(self.0.state(room))
    }
}

/// This instance's rooms for the others.
struct Own(Arc<App>);

impl Rooms for Own {
    fn has(&self, room: &Room) -> bool {
        self.0.has_room(room)
    }

    fn state(&self, room: Room) -> relay::Reply<'_, Result<Box<RawValue>, String>> {
        Box::pin(async move { self.0.room_state(&room).await })
    }
}
