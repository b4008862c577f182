//! What is put off when the machine has too much to do: the least important first, orders and cancels last.
//!
//! Load is what the caller measures: requests in flight, and how late the runtime's timers are. There are no averages here: shedding
//! must end as soon as the load does.

use crate::class::Priority;

/// What the machine has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Requests being answered.
    pub in_flight: u64,
    /// How late timers are, ms.
    pub lag_ms: u64,
}

/// From which load on each priority is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shedder {
    /// Requests in flight at which nothing more is taken in, whatever it is.
    in_flight_max: u64,
}

impl Shedder {
    /// With the most requests that may be in flight.
    #[must_use]
    pub const fn new(in_flight_max: u64) -> Self {
        Self { in_flight_max }
    }

    /// Whether a request of this priority is taken in; if not, seconds after which another try makes sense.
    ///
    /// # Errors
    /// Seconds to wait.
    pub fn admit(&self, priority: Priority, load: Load) -> Result<(), u64> {
        // Share of the room that this priority may fill, percent, and the lag it may cause.
        let (room, lag_max) = match priority {
            Priority::First => (50, 1_000),
            Priority::Early => (75, 2_000),
            Priority::Later => (90, 5_000),
            // However late timers are: an order that takes long is better than one that is not placed.
            Priority::Last => (100, u64::MAX),
        };
        if load.in_flight >= self.in_flight_max.saturating_mul(room) / 100 {
            return Err(1);
        }
        if load.lag_ms > lag_max {
            return Err(2);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: [Priority; 4] = [Priority::First, Priority::Early, Priority::Later, Priority::Last];

    #[test]
    fn the_more_load_the_fewer_priorities_and_orders_go_last() {
        let shedder = Shedder::new(1_000);
        let admitted = |load: Load| ORDER.iter().filter(|p| shedder.admit(**p, load).is_ok()).count();
        let at = |in_flight, lag_ms| admitted(Load { in_flight, lag_ms });
        assert_eq!([at(0, 0), at(500, 0), at(750, 0), at(900, 0), at(1_000, 0)], [4, 3, 2, 1, 0]);
        assert_eq!([at(0, 1_000), at(0, 1_001), at(0, 2_001), at(0, 5_001), at(0, 60_000)], [4, 3, 2, 1, 1]);
        // Whoever is admitted, everything more important is.
        for in_flight in 0..1_100 {
            let load = Load { in_flight, lag_ms: 0 };
            let flags: Vec<bool> = ORDER.iter().map(|p| shedder.admit(*p, load).is_ok()).collect();
            assert!(flags.windows(2).all(|pair| pair[0] <= pair[1]), "{in_flight}: {flags:?}");
        }
    }
}
