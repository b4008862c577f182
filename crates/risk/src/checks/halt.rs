//! The kill switch: while it is on nothing leaves, or only what makes a position smaller (invariant B5).

use crate::{Denied, Halt, View};

pub(crate) fn check(view: &View<'_>, reducing: bool) -> Result<(), Denied> {
    match view.halt {
        Halt::Off => Ok(()),
        Halt::ReduceOnly if reducing => Ok(()),
        Halt::ReduceOnly | Halt::Full => Err(Denied::Halted),
    }
}
