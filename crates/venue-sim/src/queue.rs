//! Where in the queue at its price a resting order stands, as far as a recorded book tells.
//!
//! A level shows one quantity. Trades at the price take from its front. What else disappears was cancelled, and nobody says
//! where: that is what the two models differ in.

/// Who cancelled: those behind us, or those before us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Queue {
    /// Cancels happen behind us as long as there is anybody (default): we move forward by trades only.
    #[default]
    Conservative,
    /// A cancel was before us with probability fⁿ / (fⁿ + bⁿ), f and b being what stands before and behind us: the power model of
    /// Rigtorp ("Estimating order queue position", 2013) with the exponent n, 1 to 3. The expected quantity is moved.
    Probability {
        /// The exponent.
        power: u8,
    },
}

/// An order's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Quantity that stands before it.
    pub(crate) ahead: i64,
    /// Traded at its price since the level was last shown.
    traded: i64,
}

impl Place {
    /// Behind everything the level shows.
    pub(crate) const fn behind(shown: i64) -> Self {
        Self { ahead: shown, traded: 0 }
    }

    /// `qty` traded at its price; what of it reaches the order.
    pub(crate) const fn trade(&mut self, qty: i64) -> i64 {
        self.traded = self.traded.saturating_add(qty);
        let reaches = qty - self.ahead;
        self.ahead = if reaches > 0 { 0 } else { -reaches };
        if reaches > 0 { reaches } else { 0 }
    }

    /// The level showed `before` and shows `now`.
    pub(crate) fn shown(&mut self, queue: Queue, before: i64, now: i64) {
        let cancelled = before.saturating_sub(now).saturating_sub(std::mem::take(&mut self.traded));
        if let (Queue::Probability { power }, true) = (queue, cancelled > 0) {
            let (front, back) = (self.ahead.max(0), before.saturating_sub(self.ahead).max(0));
            let before_us = share(cancelled, front, back, power).max(cancelled.saturating_sub(back));
            self.ahead = front.saturating_sub(before_us);
        }
        self.ahead = self.ahead.min(now).max(0);
    }
}

/// `cancelled × frontⁿ / (frontⁿ + backⁿ)`, rounded down.
fn share(cancelled: i64, front: i64, back: i64, power: u8) -> i64 {
    let power = u32::from(power.clamp(1, 3));
    // 40 bits each, so that the third power fits; what is cut off is below a billionth of the whole.
    let bits = 64 - front.max(back).leading_zeros();
    let cut = |x: i64| u128::from(x.unsigned_abs()) >> bits.saturating_sub(40);
    let (f, b) = (cut(front).pow(power), cut(back).pow(power));
    if f + b == 0 {
        return 0;
    }
    // A ratio in 2^-32.
    let ratio = if f >> 95 == 0 { (f << 32) / (f + b) } else { f / ((f + b) >> 32) };
    i64::try_from((u128::from(cancelled.unsigned_abs()) * ratio) >> 32).unwrap_or(cancelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trades_move_everybody_forward_and_then_reach_us() {
        let mut place = Place::behind(10);
        assert_eq!(place.trade(4), 0);
        assert_eq!(place.trade(7), 1);
        assert_eq!((place.ahead, place.trade(3)), (0, 3));
    }

    #[test]
    fn cancels_happen_behind_us_unless_there_is_nobody_behind() {
        let mut place = Place::behind(10);
        place.shown(Queue::Conservative, 10, 30);
        place.shown(Queue::Conservative, 30, 12);
        assert_eq!(place.ahead, 10);
        place.shown(Queue::Conservative, 12, 7);
        assert_eq!(place.ahead, 7);
    }

    #[test]
    fn what_traded_is_not_counted_as_cancelled() {
        let queue = Queue::Probability { power: 1 };
        let mut place = Place::behind(10);
        place.shown(queue, 10, 20);
        place.trade(4);
        // 20 shown, 4 traded, 16 left: nobody cancelled.
        place.shown(queue, 20, 16);
        assert_eq!(place.ahead, 6);
        // 8 of 16 cancelled: 6 before and 10 behind, so 3 of them were before us.
        place.shown(queue, 16, 8);
        assert_eq!(place.ahead, 3);
    }

    #[test]
    fn a_higher_power_believes_in_the_larger_side() {
        let ahead = |power| {
            let mut place = Place::behind(20);
            place.shown(Queue::Probability { power }, 20, 100);
            place.shown(Queue::Probability { power }, 100, 60);
            place.ahead
        };
        // 40 cancelled, 20 before and 80 behind: a fifth, a seventeenth, a sixty-fifth of them before us.
        assert_eq!([ahead(1), ahead(2), ahead(3)], [13, 18, 20]);
        // More than stood behind us was cancelled: the rest was before us.
        let mut place = Place::behind(90);
        place.shown(Queue::Probability { power: 3 }, 90, 100);
        place.shown(Queue::Probability { power: 3 }, 100, 20);
        assert_eq!(place.ahead, 11);
    }

    #[test]
    fn the_largest_quantities_do_not_overflow() {
        let whole = i64::MAX / 2;
        assert_eq!(share(whole, whole, 0, 3), whole);
        assert!(share(whole, whole, whole, 3) <= whole / 2);
    }
}
