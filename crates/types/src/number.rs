//! Integer numbers of money. No floats: invariant L7.

/// An arithmetic result that does not fit; the operation was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl std::fmt::Display for Overflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the amount is too large to be represented")
    }
}
impl std::error::Error for Overflow {}

/// A price in units of 10^-`price_scale` of the quote asset per one whole base asset. Never negative on spot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(pub i64);

/// A quantity of the base asset in units of 10^-`scale` of that asset. Never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Qty(pub i64);

/// A quantity with a direction: a position is long above zero, short below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignedQty(pub i64);

/// An amount of an asset in units of 10^-`scale` of that asset; signed, because a posting may take away.
/// 128 bits: a billion accounts of a billion won each at scale 8 still add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(pub i128);

/// A fee rate in units of 10^-8 (so 100_000 is 0.1 %). Range 0 to 10^8 (100 %).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeeRate(pub u32);

/// A distance in hundredths of a percent of a price (Binance `trailingDelta`). Range 1 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bips(pub u32);

impl Qty {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `self + other`, or [`Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// `self - other`; [`Overflow`] when the result would be negative.
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).filter(|v| *v >= 0).map(Self).ok_or(Overflow)
    }

    /// True for zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl SignedQty {
    /// Its size without direction; saturates at the range of [`Qty`].
    #[must_use]
    pub const fn size(self) -> Qty {
        Qty(self.0.saturating_abs())
    }
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `self + other`, or [`Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// `self - other` (may be negative), or [`Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }

    /// The fee on this amount: ⌈self × rate / 10^8⌉, never negative (invariant L5: rounded up, at asset precision).
    /// `self` must not be negative.
    pub fn fee(self, rate: FeeRate) -> Result<Self, Overflow> {
        let exact = self.0.checked_mul(i128::from(rate.0)).ok_or(Overflow)?;
        Ok(Self(exact.div_euclid(FeeRate::ONE) + i128::from(exact.rem_euclid(FeeRate::ONE) != 0)))
    }
}

impl From<Qty> for Money {
    /// A base quantity as an amount of the base asset: both have the asset's scale.
    fn from(qty: Qty) -> Self {
        Self(i128::from(qty.0))
    }
}

impl FeeRate {
    /// 100 % in units of the rate.
    pub const ONE: i128 = 100_000_000;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_is_rounded_up_and_charged_even_on_dust() {
        let ten_bps = FeeRate(100_000);
        assert_eq!(Money(1_000_000).fee(ten_bps), Ok(Money(1_000)));
        assert_eq!(Money(1_000_001).fee(ten_bps), Ok(Money(1_001)));
        assert_eq!(Money(1).fee(ten_bps), Ok(Money(1)));
        assert_eq!(Money(0).fee(ten_bps), Ok(Money(0)));
        assert_eq!(Money(5).fee(FeeRate(0)), Ok(Money(0)));
        assert_eq!(Money(i128::MAX).fee(ten_bps), Err(Overflow));
    }

    #[test]
    fn a_quantity_never_goes_below_zero() {
        assert_eq!(Qty(3).minus(Qty(4)), Err(Overflow));
        assert_eq!(Qty(i64::MAX).plus(Qty(1)), Err(Overflow));
        assert_eq!(Money(3).minus(Money(4)), Ok(Money(-1)));
    }
}
