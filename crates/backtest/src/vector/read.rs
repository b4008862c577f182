//! A tape of bars into columns, folded to the bars that a strategy decides on.

use types::instrument::NotionalScale;
use types::{Bar, Interval, MarketNews};

use super::Columns;
use crate::fold::Fold;
use crate::tape::{Tape, TapeError};

impl Columns {
    /// Reads a tape whose bars are `recorded` long into bars of `wanted`; what is no bar is passed over. A last bar that is not
    /// complete is left out, as a strategy does not hear of it. `each` sees every recorded bar.
    ///
    /// # Errors
    /// When the tape cannot be read, or its bars do not add up to `wanted`.
    pub fn read(
        tape: &mut dyn Tape,
        recorded: Interval,
        wanted: Interval,
        notional: NotionalScale,
        each: &mut dyn FnMut(&Bar),
    ) -> Result<Self, TapeError> {
        let mut columns = Self::new(wanted, notional, 0);
        if recorded != wanted && !Fold::nests(recorded, wanted) {
            let (wanted, recorded) = (wanted.as_str(), recorded.as_str());
            return Err(
                format!("bars of {wanted} cannot be made from the recorded bars of {recorded}").into()
            );
        }
        let mut fold = (recorded != wanted).then(|| Fold::new(wanted));
        while tape.advance()? {
            let MarketNews::Bar(bar) = &tape.event().data else { continue };
            each(bar);
            let closed = match &mut fold {
                Some(fold) => fold.add(bar),
                None => [Some(*bar), None],
            };
            for longer in closed.iter().flatten() {
                if !columns.push_with(longer, bar.open) {
                    let at = longer.open_time.millis();
                    return Err(
                        format!("the bar that opens at {at} ms has a price that is not above zero").into()
                    );
                }
            }
        }
        columns.set_folded(fold.is_some());
        Ok(columns)
    }
}
