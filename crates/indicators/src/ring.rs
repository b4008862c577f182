//! The last n values, oldest overwritten first. Push is O(1) and never allocates.

use types::wire::WireError;

use crate::carry::Carry;

/// A fixed number of places.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ring {
    slots: Vec<f64>,
    next: usize,
    len: usize,
}

impl Ring {
    /// For the last `n` ≥ 1 values.
    pub(crate) fn new(n: usize) -> Self {
        Self { slots: vec![0.0; n.max(1)], next: 0, len: 0 }
    }

    /// Takes in a value.
    pub(crate) fn push(&mut self, value: f64) {
        self.slots[self.next] = value;
        self.next += 1;
        if self.next == self.slots.len() {
            self.next = 0;
        }
        if self.len < self.slots.len() {
            self.len += 1;
        }
    }

    /// True once n values came.
    pub(crate) fn is_full(&self) -> bool {
        self.len == self.slots.len()
    }

    /// The oldest value; 0 before the first.
    pub(crate) fn oldest(&self) -> f64 {
        if self.is_full() { self.slots[self.next] } else { self.slots[0] }
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = f64> {
        let (newer, older) = self.slots.split_at(self.next);
        let older = if self.is_full() { older } else { &[] };
        older.iter().chain(newer).copied()
    }

    /// In the order of their places, which is TA-Lib's order of adding up in some functions.
    pub(crate) fn slots(&self) -> &[f64] {
        &self.slots
    }

    pub(crate) fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        let (mut next, mut len) = (self.next as u64, self.len as u64);
        c.whole(&mut next)?;
        c.whole(&mut len)?;
        let index =
            |v: u64, most: usize| usize::try_from(v).ok().filter(|v| *v <= most).ok_or(WireError::Invalid);
        self.next = index(next, self.slots.len() - 1)?;
        self.len = index(len, self.slots.len())?;
        c.floats(&mut self.slots)
    }
}
