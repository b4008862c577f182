//! How each part was in each of the last sixty minutes. Kept in memory: it begins with the process.
//!
//! The parts are looked at every ten seconds; a minute is as good as the worst of its looks. Cost: six small questions to the database
//! and to the bots' driver a minute, and sixty bytes a part.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Stop;
use tokio::time::{Instant, MissedTickBehavior};

use crate::app::App;
use crate::ports::{Component, Condition};
use crate::routes::health::components;

/// Minutes that are kept.
const MINUTES_MAX: usize = 60;
/// Between two looks, and how many make a minute.
const LOOK: Duration = Duration::from_secs(10);
const LOOKS_PER_MINUTE: u64 = 6;

/// One part's minutes, oldest first, and the one that is not over.
struct Row {
    minutes: VecDeque<Condition>,
    worst: Condition,
}

/// The minutes of all parts. The lock is held for a copy of sixty values, never across an `await`.
#[derive(Default)]
pub(crate) struct Beats(Mutex<BTreeMap<&'static str, Row>>);

impl Beats {
    /// Takes a look at the parts; `ends` when a minute is over with it.
    fn note(&self, parts: &[Component], ends: bool) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for part in parts {
            let row = rows.entry(part.name).or_insert_with(|| Row {
                minutes: VecDeque::with_capacity(MINUTES_MAX),
                worst: Condition::Ok,
            });
            row.worst = row.worst.max(part.condition);
            if ends {
                if row.minutes.len() == MINUTES_MAX {
                    row.minutes.pop_front();
                }
                row.minutes.push_back(row.worst);
                row.worst = Condition::Ok;
            }
        }
    }

    /// The minutes of a part that are over, oldest first, at most sixty.
    pub(crate) fn of(&self, name: &str) -> Vec<&'static str> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.get(name).map_or_else(Vec::new, |row| row.minutes.iter().map(|minute| minute.word()).collect())
    }
}

/// Looks at the parts until `stop`.
pub(crate) async fn run(app: Arc<App>, mut stop: Stop) {
    let mut looks = tokio::time::interval_at(Instant::now() + LOOK, LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    for look in 1_u64.. {
        tokio::select! {
            biased;
            () = stop.wait() => return,
            _ = looks.tick() => {}
        }
        let parts = components(&app).await;
        app.beats.note(&parts, look.is_multiple_of(LOOKS_PER_MINUTE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_as_good_as_the_worst_of_its_looks_and_an_hour_is_kept() {
        let beats = Beats::default();
        let (well, ill) =
            ([Component::ok("database", String::new())], [Component::down("database", String::new())]);
        assert_eq!(beats.of("database"), Vec::<&str>::new());
        beats.note(&well, false);
        beats.note(&ill, false);
        beats.note(&well, true);
        beats.note(&well, true);
        assert_eq!(beats.of("database"), ["down", "ok"]);
        for _ in 1..MINUTES_MAX {
            beats.note(&well, true);
        }
        assert_eq!(beats.of("database"), ["ok"; MINUTES_MAX], "what is older than an hour is forgotten");
        assert_eq!(beats.of("bots"), Vec::<&str>::new());
    }
}
