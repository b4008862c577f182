//! Notes what the platform's bots do and what they are worth: their state whenever it changes, their equity once a minute
//! while they run and at each fill. The driver is the truth; what is noted here may lag it by a moment and is never read by it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bus::bots::{BotEntry, BotEvent, BotQuery, BotReply, Desk, Happened};
use bus::{Envelope, LaneError, Subscription};
use store::bots::{self, Bot, BotStatus, EquityPoint};
use store::{Owner, Store, StoreError, Ts};
use tokio::time::MissedTickBehavior;

/// How often running bots are valued.
const EVERY: Duration = Duration::from_secs(60);
/// How long events are gathered before what they touched is looked at: a burst of fills is one look.
const GATHER: Duration = Duration::from_millis(200);
/// Bots read at a time.
const PAGE: u32 = 1_000;

/// What is to be looked at.
enum Look {
    /// All that run.
    Running,
    /// These, by their numbers.
    These(BTreeSet<u32>),
}

/// Watches until the driver ends.
pub(super) async fn note(store: Store, desk: Desk) {
    let mut events = desk.subscribe();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let look = tokio::select! {
            _ = ticks.tick() => Look::Running,
            event = events.next() => match event {
                Some(Ok(event)) => match touched(&event) {
                    Some(bot) => Look::These(gather(bot, &mut events).await),
                    None => continue,
                },
                // Some were lost: whatever they were about is among those that run, or is seen when it next changes.
                Some(Err(_)) => Look::Running,
                None => return,
            },
        };
        match write(&store, &desk, &look).await {
            Ok(()) => {}
            Err(Trouble::Driver(LaneError::Stopped)) => return,
            // The next look sees it again.
            Err(Trouble::Driver(error)) => tracing::warn!(%error, "bots could not be valued"),
            Err(Trouble::Database(error)) => tracing::warn!(%error, "what bots are worth could not be noted"),
        }
    }
}

enum Trouble {
    Driver(LaneError),
    Database(StoreError),
}

/// The bot that an event changes the state or the worth of.
fn touched(event: &BotEvent) -> Option<u32> {
    let changes = match &event.what {
        Happened::State { .. } | Happened::External { .. } | Happened::Overfilled { .. } => true,
        Happened::Order { outcome, .. } => outcome == "fill",
        Happened::Submitted { .. } | Happened::Denied { .. } => false,
    };
    event.bot.filter(|_| changes)
}

/// The bots that events of the next moment are about, and this one.
async fn gather(first: u32, events: &mut Subscription<BotEvent>) -> BTreeSet<u32> {
    let mut bots = BTreeSet::from([first]);
    let more = async {
        while let Some(event) = events.next().await {
            bots.extend(event.ok().as_ref().and_then(touched));
        }
    };
    // Running out of time is how it ends.
    let _ = tokio::time::timeout(GATHER, more).await;
    bots
}

async fn write(store: &Store, desk: &Desk, look: &Look) -> Result<(), Trouble> {
    let answer =
        desk.queries.submit(Envelope::of_operator(BotQuery::List {})).await.map_err(Trouble::Driver)?;
    let BotReply::Bots(entries) = answer.outcome else { return Ok(()) };
    let wanted = |entry: &BotEntry| match look {
        Look::Running => entry.state == "running",
        Look::These(bots) => bots.contains(&entry.id),
    };
    // The state of all is compared, so that one that changed unseen is noted, too.
    let known: BTreeMap<String, BotEntry> =
        entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
    let now = Ts::now();
    let mut after = None;
    loop {
        let page = bots::at_desk_of_all(&mut store.read(), after, PAGE).await.map_err(Trouble::Database)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        let (mut points, mut states) = (Vec::new(), Vec::new());
        for bot in &page {
            let Some(entry) = bot.desk_name.as_ref().and_then(|name| known.get(name)) else { continue };
            if wanted(entry) {
                points.extend(point(bot, entry, now));
            }
            states.extend(state(bot, entry));
        }
        if points.is_empty() && states.is_empty() {
            continue;
        }
        let written = store.write(move |tx| {
            Box::pin(async move {
                bots::put_equity(tx, &points).await?;
                for (bot, status) in &states {
                    match bots::set_status(tx, Owner::of(bot.user_id), bot.id, *status, None, now).await {
                        // Removed meanwhile.
                        Ok(()) | Err(StoreError::Absent { .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            })
        });
        written.await.map_err(Trouble::Database)?;
    }
}

fn point(bot: &Bot, entry: &BotEntry, now: Ts) -> Option<EquityPoint> {
    let equity = entry.equity.as_ref()?.parse().ok()?;
    Some(EquityPoint { bot_id: bot.id, taken_at: now, user_id: bot.user_id, equity })
}

/// The state, if it is another than the noted one. One that is being made is noted by who makes it.
fn state(bot: &Bot, entry: &BotEntry) -> Option<(Bot, BotStatus)> {
    let status: BotStatus = entry.state.parse().ok()?;
    (status != bot.status && bot.status != BotStatus::Starting).then(|| (bot.clone(), status))
}
