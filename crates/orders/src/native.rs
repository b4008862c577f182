//! Which kinds of orders a venue keeps itself. What it lacks is watched by the engine and sent when it is due.

/// What a venue can hold on our behalf while nobody here looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Native {
    /// Stops that become market orders.
    pub stop: bool,
    /// Stops that follow the price.
    pub trailing: bool,
    /// Two orders of which one cancels the other.
    pub oco: bool,
}

impl Native {
    /// Everything: Binance, and the built-in exchange, which speaks its protocol.
    pub const ALL: Self = Self { stop: true, trailing: true, oco: true };
    /// Nothing but limit and market orders.
    pub const NONE: Self = Self { stop: false, trailing: false, oco: false };

    /// As a number, for a record.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.stop as u8 | (self.trailing as u8) << 1 | (self.oco as u8) << 2
    }

    /// What [`Native::bits`] gave; `None` for a number that means nothing.
    #[must_use]
    pub const fn of_bits(bits: u8) -> Option<Self> {
        if bits > 7 {
            return None;
        }
        Some(Self { stop: bits & 1 != 0, trailing: bits & 2 != 0, oco: bits & 4 != 0 })
    }
}

impl Default for Native {
    fn default() -> Self {
        Self::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_read_back_as_they_were() {
        for bits in 0..8 {
            assert_eq!(Native::of_bits(bits).map(Native::bits), Some(bits));
        }
        assert_eq!(Native::of_bits(8), None);
    }
}
