//! All channels together: each gets what it is to be told, by itself, with a breaker and a few attempts.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use alerts::Severity;
use breaker::Breaker;
use futures_util::future::join_all;

use crate::channel::{Channel, NAMES, Settings, SettingsError};
use crate::claims::{Claims, Word};
use crate::message::Message;

/// Pauses between attempts; one more attempt than pauses.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// Between two looks at what another instance is telling, and how many there are: longer than one may speak.
const WAIT: Duration = Duration::from_millis(500);
const WAITS_MAX: u32 = 90;

/// What became of a message on one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Which.
    pub channel: &'static str,
    /// Why it failed; without secrets.
    pub failure: Option<String>,
}

/// How a channel stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub name: &'static str,
    /// Where it leads, without secrets; `None` when it is not configured.
    pub target: Option<String>,
    /// Least severity of what it is told.
    pub least: Severity,
    /// Messages that arrived since the start.
    pub sent: u64,
    /// Messages that did not.
    pub failed: u64,
    /// When the last one arrived, ms since 1970.
    pub last_sent_ms: Option<i64>,
    /// Why the last one that did not arrive did not.
    pub last_error: Option<String>,
    /// `closed`, `half_open` or `open`: whether it is tried.
    pub breaker: &'static str,
}

#[derive(Debug, Default)]
struct Record {
    breaker: Breaker,
    sent: u64,
    failed: u64,
    last_sent_ms: Option<i64>,
    last_error: Option<String>,
}

#[derive(Debug)]
struct Slot {
    channel: Channel,
    least: Severity,
    // Held for a look or a change, never across an await.
    record: Mutex<Record>,
}

impl Slot {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All channels.
#[derive(Debug)]
pub struct Notifier {
    begun: Instant,
    slots: Vec<Slot>,
    claims: Option<Claims>,
}

impl Notifier {
    /// Makes what is configured; nothing is connected yet.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let slot = |(channel, least)| Slot { channel, least, record: Mutex::default() };
        let slots = Channel::all(settings)?.into_iter().map(slot).collect();
        let claims = match &settings.agree {
            Some((url, prefix)) => Some(Claims::new(url, prefix).ok_or(SettingsError::Redis)?),
            None => None,
        };
        Ok(Self { begun: Instant::now(), slots, claims })
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// How all channels stand, configured or not.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing> {
        NAMES.iter().map(|name| self.standing(name)).collect()
    }

    fn standing(&self, name: &'static str) -> Standing {
        let Some(slot) = self.slots.iter().find(|slot| slot.channel.name() == name) else {
            let (least, breaker) = (Severity::Low, breaker::State::Closed.word());
            let (sent, failed, last_sent_ms, last_error) = (0, 0, None, None);
            return Standing { name, target: None, least, sent, failed, last_sent_ms, last_error, breaker };
        };
        let record = slot.record();
        Standing {
            name,
            target: Some(slot.channel.target()),
            least: slot.least,
            sent: record.sent,
            failed: record.failed,
            last_sent_ms: record.last_sent_ms,
            last_error: record.last_error.clone(),
            breaker: record.breaker.state().word(),
        }
    }

    /// Where a channel is that instances share; each writes its own log.
    fn claims(&self, slot: &Slot) -> Option<&Claims> {
        self.claims.as_ref().filter(|_| !slot.channel.is_own())
    }

    /// Divides what there is to tell on a channel: what this instance is to tell now, and what another is telling at this moment. What
    /// another has told is gone.
    async fn claimed(&self, slot: &Slot, message: &Message) -> (Message, Message) {
        let (mut ours, mut waiting) = (message.clone(), message.clone());
        let Some(claims) = self.claims(slot) else {
            waiting.entries.clear();
            return (ours, waiting);
        };
        ours.entries.clear();
        waiting.entries.clear();
        for entry in &message.entries {
            match claims.take(&message.service, slot.channel.name(), entry).await {
                Word::Ours => ours.entries.push(entry.clone()),
                Word::Waiting => waiting.entries.push(entry.clone()),
                Word::Told => count(slot, "told_elsewhere"),
            }
        }
        (ours, waiting)
    }

    /// Says to the other instances what came of it.
    async fn settle(&self, slot: &Slot, message: &Message, arrived: bool) {
        let Some(claims) = self.claims(slot) else { return };
        for entry in &message.entries {
            if arrived {
                claims.told(&message.service, slot.channel.name(), entry).await;
            } else {
                claims.give_back(&message.service, slot.channel.name(), entry).await;
            }
        }
    }

    /// Tells everybody what is for them, unless another instance has; resolves when the slowest channel is done.
    pub async fn tell(&self, message: &Message) -> Vec<Delivery> {
        let told = self.slots.iter().map(|slot| self.tell_on(slot, message.at_least(slot.least)));
        join_all(told).await.into_iter().flatten().collect()
    }

    /// Tells on one channel what this instance is to tell. While another is at it, its end is waited for: it may fail.
    async fn tell_on(&self, slot: &Slot, mut message: Message) -> Option<Delivery> {
        let mut delivery: Option<Delivery> = None;
        for round in 0..=WAITS_MAX {
            let (mut ours, mut waiting) = self.claimed(slot, &message).await;
            if round == WAITS_MAX {
                // Somebody holds the word and does not tell: twice is better than never.
                ours.entries.append(&mut waiting.entries);
            }
            if !ours.entries.is_empty() {
                let done = self.deliver(slot, &ours).await;
                self.settle(slot, &ours, done.failure.is_none()).await;
                if delivery.as_ref().is_none_or(|before| before.failure.is_none()) {
                    delivery = Some(done);
                }
            }
            if waiting.entries.is_empty() {
                break;
            }
            message = waiting;
            tokio::time::sleep(WAIT).await;
        }
        delivery
    }

    /// Sends a test message to one channel, or to all: one attempt, whatever the breaker says.
    pub async fn test(&self, only: Option<&str>, message: &Message) -> Vec<Delivery> {
        let chosen = self.slots.iter().filter(|slot| only.is_none_or(|name| slot.channel.name() == name));
        let told = chosen.map(|slot| async move {
            let outcome = slot.channel.send(message).await;
            self.note(slot, outcome)
        });
        join_all(told).await
    }

    async fn deliver(&self, slot: &Slot, message: &Message) -> Delivery {
        let mut pauses = PAUSES.iter();
        loop {
            if !slot.record().breaker.admits(self.now_ms()) {
                let why = "it failed too often; it is tried again after a minute".to_owned();
                slot.record().failed += 1;
                count(slot, "skipped");
                return Delivery { channel: slot.channel.name(), failure: Some(why) };
            }
            let outcome = slot.channel.send(message).await;
            if outcome.is_err()
                && let Some(pause) = pauses.next()
            {
                slot.record().breaker.tell(true, self.now_ms());
                tokio::time::sleep(*pause).await;
                continue;
            }
            return self.note(slot, outcome);
        }
    }

    fn note(&self, slot: &Slot, outcome: Result<(), String>) -> Delivery {
        let channel = slot.channel.name();
        let mut record = slot.record();
        record.breaker.tell(outcome.is_err(), self.now_ms());
        let state = record.breaker.state();
        match &outcome {
            Ok(()) => {
                record.sent += 1;
                record.last_sent_ms = Some(wall_ms());
            }
            Err(why) => {
                record.failed += 1;
                record.last_error = Some(why.clone());
            }
        }
        drop(record);
        metrics::gauge!("circuit_breaker_state", "of" => format!("alerts_{channel}"))
            .set(f64::from(state.number()));
        count(slot, if outcome.is_ok() { "sent" } else { "failed" });
        if let Err(why) = &outcome {
            tracing::error!(target: "alerts", channel, why, "people cannot be told of an alert");
        }
        Delivery { channel, failure: outcome.err() }
    }
}

fn count(slot: &Slot, outcome: &'static str) {
    metrics::counter!("alert_messages_total", "channel" => slot.channel.name(), "outcome" => outcome)
        .increment(1);
}

fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
