//! What every indicator of our own is: a value in, perhaps values out, and a state that can be carried away.

use types::wire::{Reader, WireError, Writer};

use crate::carry::Carry;

/// An indicator with O(1) updates whose values equal TA-Lib's batch function bit for bit.
pub trait Indicator: Clone + Send {
    /// Takes in one row of inputs, in the function's order; `true` when `out` was filled, which is from the lookback on.
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool;

    /// Hands over everything that changes, in a fixed order.
    ///
    /// # Errors
    /// When restored bytes are not such a state.
    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError>;

    /// Appends the state.
    fn save(&self, w: &mut Writer<'_>) {
        // Saving writes into memory and cannot fail.
        let _ = self.clone().carry(&mut Carry::Save(w));
    }

    /// Restores a state saved by an indicator with the same settings.
    ///
    /// # Errors
    /// When the bytes are not such a state.
    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.carry(&mut Carry::Load(r))
    }
}

/// The same behind a pointer, for the registry.
pub(crate) trait Kernel: Send {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool;
    fn save(&self, w: &mut Writer<'_>);
    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError>;
}

impl<T: Indicator> Kernel for T {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        Indicator::update(self, x, out)
    }

    fn save(&self, w: &mut Writer<'_>) {
        Indicator::save(self, w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        Indicator::load(self, r)
    }
}

/// Puts a single value out.
pub(crate) fn put(out: &mut [f64], value: Option<f64>) -> bool {
    if let (Some(slot), Some(value)) = (out.first_mut(), value) {
        *slot = value;
        return true;
    }
    false
}
