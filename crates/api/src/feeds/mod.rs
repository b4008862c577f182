//! What the rooms `jobs` and `bots` are told: the rows and the driver are looked at at a fixed beat while such a room exists, and what
//! looks different than it was told last is told.
//!
//! The tables are the truth, so it does not matter which worker, which process or which instance changed something. Cost: nothing while
//! nobody listens; else one look a beat for all listeners together.

mod bots;
mod jobs;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use http::Stop;
use serde::Serialize;
use store::UserId;
use stream::{Channel, Room};
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use crate::app::{App, now};
use crate::broadcast::owner_of;
use crate::wire::millis;

/// The beat. Jobs are looked at at each, bots at every second one.
const BEAT: Duration = Duration::from_millis(250);

/// Feeds the rooms until `stop`.
pub(crate) async fn run(app: Arc<App>, mut stop: Stop) {
    let mut beats = tokio::time::interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut jobs, mut bots) = (Told::new(Room::Jobs), Told::new(Room::Bots));
    for beat in 0_u64.. {
        tokio::select! {
            biased;
            () = stop.wait() => return,
            _ = beats.tick() => {}
        }
        if jobs.begin(&app)
            && let Err(error) = jobs::look(&app, &mut jobs).await
        {
            tracing::warn!(%error, "jobs cannot be read for the stream; trying again");
        }
        if beat.is_multiple_of(2)
            && bots.begin(&app)
            && let Err(error) = bots::look(&app, &mut bots).await
        {
            tracing::warn!(%error, "bots cannot be read for the stream; trying again");
        }
    }
}

/// One thing as it was told last.
struct Last {
    user: UserId,
    text: String,
    seen: bool,
    /// Nothing more will come of it: that it is not seen any more is no news.
    over: bool,
}

/// What was told in all rooms of one kind, by the thing's id.
struct Told {
    room: Room,
    /// The users whose room exists, whether somebody listens at this moment or was cut off.
    users: BTreeSet<UserId>,
    last: BTreeMap<Uuid, Last>,
}

impl Told {
    const fn new(room: Room) -> Self {
        Self { room, users: BTreeSet::new(), last: BTreeMap::new() }
    }

    /// Looks for whom there is a room; false if for nobody.
    fn begin(&mut self, app: &App) -> bool {
        let rooms = app.broadcast.hub().open_rooms();
        let mine = rooms.iter().filter(|(channel, _)| *channel.room() == self.room);
        self.users =
            mine.filter_map(|(channel, _)| Some(UserId(Uuid::from_u128(channel.owner()?.0)))).collect();
        self.last.retain(|_, last| self.users.contains(&last.user));
        self.last.values_mut().for_each(|last| last.seen = false);
        !self.users.is_empty()
    }

    fn wants(&self, user: UserId) -> bool {
        self.users.contains(&user)
    }

    /// Tells a thing if it looks different than it was told.
    fn tell(&mut self, app: &App, (user, id): (UserId, Uuid), over: bool, body: &impl Serialize) {
        let Ok(text) = serde_json::to_string(body) else { return };
        if let Some(last) = self.last.get_mut(&id) {
            last.seen = true;
            if last.over && !over {
                // Read before it ended, in the same look.
                return;
            }
            if last.text == text {
                return;
            }
        }
        publish(app, self.room, user, id, body);
        self.last.insert(id, Last { user, text, seen: true, over });
    }

    /// Those that were told and were not seen at this look, unless they were over; they are forgotten.
    fn gone(&mut self) -> Vec<(UserId, Uuid)> {
        let unseen = self.last.extract_if(.., |_, last| !last.seen);
        unseen.filter(|(_, last)| !last.over).map(|(id, last)| (last.user, id)).collect()
    }
}

/// Tells a user. The newest state of a thing replaces the one before wherever that still waits.
fn publish(app: &App, room: Room, user: UserId, id: Uuid, body: &impl Serialize) {
    let (_, low) = id.as_u64_pair();
    let channel = Channel::of(room, owner_of(user));
    app.broadcast.hub().publish(&channel, Some(low.cast_signed()), millis(now()), body);
}
