//! Saving and restoring with one description of the state: each indicator hands over its fields in order, and they are written or
//! read depending on the direction.

use std::collections::VecDeque;

use types::wire::{Reader, WireError, Writer};

/// The direction and the bytes.
#[derive(Debug)]
pub enum Carry<'a, 'b> {
    /// Appends.
    Save(&'a mut Writer<'b>),
    /// Restores.
    Load(&'a mut Reader<'b>),
}

impl Carry<'_, '_> {
    /// A whole number.
    pub fn whole(&mut self, value: &mut u64) -> Result<(), WireError> {
        match self {
            Self::Save(w) => w.varint(*value),
            Self::Load(r) => *value = r.varint()?,
        }
        Ok(())
    }

    /// A float, bit for bit.
    pub fn float(&mut self, value: &mut f64) -> Result<(), WireError> {
        match self {
            Self::Save(w) => w.u64(value.to_bits()),
            Self::Load(r) => *value = f64::from_bits(r.u64()?),
        }
        Ok(())
    }

    /// Several floats.
    pub fn floats(&mut self, values: &mut [f64]) -> Result<(), WireError> {
        values.iter_mut().try_for_each(|value| self.float(value))
    }

    /// Yes or no.
    pub fn flag(&mut self, value: &mut bool) -> Result<(), WireError> {
        match self {
            Self::Save(w) => w.bool(*value),
            Self::Load(r) => *value = r.bool()?,
        }
        Ok(())
    }

    /// A queue of at most `most` numbered floats.
    pub fn queue(&mut self, queue: &mut VecDeque<(u64, f64)>, most: usize) -> Result<(), WireError> {
        match self {
            Self::Save(w) => {
                w.varint(queue.len() as u64);
                for (at, value) in queue.iter() {
                    w.varint(*at);
                    w.u64(value.to_bits());
                }
            }
            Self::Load(r) => {
                queue.clear();
                let len = r.count(9)?;
                if len > most {
                    return Err(WireError::Invalid);
                }
                for _ in 0..len {
                    queue.push_back((r.varint()?, f64::from_bits(r.u64()?)));
                }
            }
        }
        Ok(())
    }
}
