//! Cancel and replace in one step (Binance `order/cancelReplace`).

use crate::step::Step;
use types::command::{Cancel, NewOrder, ReplaceMode};
use types::{Event, Refusal};

impl Step<'_> {
    /// The cancel, then the new order with what the cancel freed (money, counts, client id).
    ///
    /// | cancel | new order | `StopOnFailure` | `AllowFailure` |
    /// |---|---|---|---|
    /// | works | works | done | done |
    /// | works | refused | cancelled, `Refused { index: 1 }` | the same |
    /// | refused | works | refused, new order not tried | placed, `Refused { index: 0 }` |
    /// | refused | refused | refused, new order not tried | refused with both reasons |
    ///
    /// Checked first: both parts name the same account and market.
    pub(crate) fn replace(
        &mut self,
        cancel: &Cancel,
        new: &NewOrder,
        mode: ReplaceMode,
    ) -> Result<(), Refusal> {
        if cancel.account != new.account || cancel.market != new.market {
            return Err(Refusal::BadCombination);
        }
        let Err(cancel) = self.cancel(cancel) else {
            if let Err(refusal) = self.place(new) {
                self.tell_refused(1, refusal);
            }
            return Ok(());
        };
        let both = |new| Refusal::Replace { cancel: Box::new(cancel.clone()), new };
        if mode == ReplaceMode::StopOnFailure {
            return Err(both(None));
        }
        match self.core.check_new(new, self.at) {
            Err(new) => Err(both(Some(Box::new(new)))),
            Ok(_) => {
                self.tell_refused(0, cancel);
                self.place(new)
            }
        }
    }

    /// Tells that a part of a command was refused; inside a batch the index is always the place in the batch.
    pub(crate) fn tell_refused(&mut self, part: u32, refusal: Refusal) {
        let index = self.batch_index.unwrap_or(part);
        self.out.push(Event::Refused { index, refusal });
    }
}
