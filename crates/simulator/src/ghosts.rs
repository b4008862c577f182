//! Orders that the process believes to live and that the venue has ended: nobody may believe that for long while he runs.
//!
//! At the end of a run it would be too late to look: the next start asks about every order, and so hides that nobody had asked before.

use std::collections::BTreeMap;

use live::Conductor;
use orders::State;
use types::{ClientOrderId, Time};

use crate::site::Site;

/// Longest time that a process which runs may believe it: a lost stream is said to be lost after five seconds, a report travels twelve,
/// then each order is asked about every five seconds, and an answer may be lost two dozen times in a row.
const BELIEVED_MAX: i64 = 3 * 60 * 1_000_000_000;

/// Since when it is believed, by order.
#[derive(Debug, Default)]
pub(crate) struct Ghosts(BTreeMap<ClientOrderId, Time>);

impl Ghosts {
    /// Looks at all orders; gives one that has been a ghost for too long.
    pub(crate) fn look(&mut self, now: Time, conductor: &Conductor, site: &Site) -> Option<ClientOrderId> {
        let open = conductor.shard().engine().orders().open();
        let believed = open.filter(|order| matches!(order.state, State::Live | State::PartlyFilled));
        let ended = believed.filter(|order| !site.lives(order.identity.account, &order.client_id));
        let since = |id: ClientOrderId| (id, self.0.get(&id).copied().unwrap_or(now));
        self.0 = ended.map(|order| since(order.client_id)).collect();
        self.0.iter().find(|(_, since)| now.since(**since) > BELIEVED_MAX).map(|(id, _)| *id)
    }
}
