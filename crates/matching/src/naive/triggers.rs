//! The conditional orders as one list in order of arrival, all looked at for every price.

use crate::triggers::{Conditional, Direction, TriggerEvent, Waiting, trailing_stop};
use types::{OrderId, Price, Side};

/// The naive triggers.
#[derive(Clone, Debug, Default)]
pub struct Triggers {
    waiting: Vec<Waiting>,
}

impl Triggers {
    /// Nothing waits.
    #[must_use]
    pub const fn new() -> Self {
        Self { waiting: Vec::new() }
    }

    /// Conditional orders as they waited, in the order [`Self::iter`] gives them. Continues exactly as the original.
    #[must_use]
    pub fn restore(waiting: impl IntoIterator<Item = Waiting>) -> Self {
        Self { waiting: waiting.into_iter().collect() }
    }

    /// Lets an order wait. A trailing order whose tracking may begin at `last`, the last price so far, does so now;
    /// otherwise it, and any plain stop, looks at the prices to come only.
    ///
    /// # Panics
    /// If the order has neither stop price nor trailing delta, or its id waits already.
    pub fn add(&mut self, order: Conditional, last: Option<Price>, events: &mut Vec<TriggerEvent>) {
        order.assert_sound();
        assert!(!self.contains(order.id), "order {} waits already", order.id);
        let best = last.filter(|last| order.trigger.trailing.is_some() && order.is_reached(*last));
        if best.is_some() {
            events.push(TriggerEvent::Tracking { id: order.id });
        }
        self.waiting.push(Waiting { order, best });
    }

    /// Takes an order out. False if it does not wait.
    pub fn remove(&mut self, id: OrderId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|w| w.order.id != id);
        self.waiting.len() < before
    }

    /// Tells a trade's price, each in turn. Appends what it started and fired, in order of arrival.
    pub fn on_price(&mut self, last: Price, events: &mut Vec<TriggerEvent>) {
        self.waiting.retain_mut(|w| {
            let Conditional { id, side, trigger } = w.order;
            match (w.best, trigger.trailing) {
                (Some(best), Some(delta)) => {
                    let (best, back) = match side {
                        Side::Sell => (best.max(last), Direction::Falling),
                        Side::Buy => (best.min(last), Direction::Rising),
                    };
                    w.best = Some(best);
                    let fires = back.reached(trailing_stop(side, best, delta), last);
                    if fires {
                        events.push(TriggerEvent::Fired { id });
                    }
                    !fires
                }
                _ if !w.order.is_reached(last) => true,
                (_, Some(_)) => {
                    w.best = Some(last);
                    events.push(TriggerEvent::Tracking { id });
                    true
                }
                (_, None) => {
                    events.push(TriggerEvent::Fired { id });
                    false
                }
            }
        });
    }

    /// True if the order waits.
    #[must_use]
    pub fn contains(&self, id: OrderId) -> bool {
        self.waiting.iter().any(|w| w.order.id == id)
    }

    /// Number of waiting orders.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.waiting.len()
    }

    /// True if nothing waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// All waiting orders in order of arrival: for snapshots.
    pub fn iter(&self) -> impl Iterator<Item = Waiting> {
        self.waiting.iter().copied()
    }
}
