//! What the instrument of an import is: what it was, what a person says, and what the numbers need.

use types::InstrumentId;
use types::decimal;

use super::Given;
use crate::Error;
use crate::listing::codes;
use crate::manifest::{Contract, Listing, Scales};
use crate::number::{POWERS, Survey};

/// How many times the largest price of the first import must fit the permanent scale.
const PRICE_HEADROOM: u128 = 100;
/// The same of quantities: an hour's bar may have the volume of 60 of the busiest minutes.
const BASE_HEADROOM: u128 = 1_000;

/// What the numbers of a file need.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Needs {
    pub(super) prices: Survey,
    pub(super) quantities: Survey,
}

impl Needs {
    fn scales(&self, given: &Given) -> Result<Scales, Error> {
        let wrong = |what: &str, flag: &str, why: String| {
            Error::Request(format!("no scale for the {what} can be found: {why}; give {flag}"))
        };
        let price = match given.price_scale {
            Some(scale) => scale,
            None => self.prices.scale(PRICE_HEADROOM).map_err(|w| wrong("prices", "--price-scale", w))?,
        };
        let base = match given.base_scale {
            Some(scale) => scale,
            None => {
                self.quantities.scale(BASE_HEADROOM).map_err(|w| wrong("quantities", "--qty-scale", w))?
            }
        };
        Scales::new(price, base)
    }
}

/// The listing of an instrument that is imported to.
pub(super) fn resolve(
    id: InstrumentId,
    old: Option<&Listing>,
    given: &Given,
    needs: &Needs,
) -> Result<Listing, Error> {
    let mut listing = match old {
        Some(listing) => listing.clone(),
        None => fresh(id, given, needs)?,
    };
    for (what, wish, is) in [
        ("price", given.price_scale, listing.scales.price),
        ("quantity", given.base_scale, listing.scales.base),
    ] {
        if let Some(wish) = wish.filter(|wish| *wish != is) {
            return Err(Error::Conflict(format!(
                "{id} has a {what} scale of {is} decimals, for ever; {wish} was asked for"
            )));
        }
    }
    if let Some(contract) = given.contract
        && std::mem::discriminant(&contract) != std::mem::discriminant(&listing.contract)
    {
        return Err(Error::Conflict(format!("{id} is listed as {:?}", listing.contract)));
    }
    if let Some(text) = &given.tick {
        listing.tick = step("tick", text, listing.scales.price)?;
        listing.tick_given = true;
    }
    if let Some(text) = &given.lot {
        listing.lot = step("lot", text, listing.scales.base)?;
        listing.lot_given = true;
    }
    // Says now what would be said when somebody wants to trade it.
    listing.instrument(id, types::MarketId(0))?;
    Ok(listing)
}

fn fresh(id: InstrumentId, given: &Given, needs: &Needs) -> Result<Listing, Error> {
    let scales = needs.scales(given)?;
    let (base, quote) = codes(id);
    Ok(Listing {
        contract: given.contract.unwrap_or_else(|| Contract::guess(id)),
        base: given.base.clone().unwrap_or(base),
        quote: given.quote.clone().unwrap_or(quote),
        scales,
        // Coarser than any price: the first price makes it finer.
        tick: POWERS[usize::from(scales.price)].saturating_mul(1_000_000_000).min(POWERS[18]),
        tick_given: false,
        lot: 1,
        lot_given: false,
    })
}

fn step(what: &str, text: &str, scale: u8) -> Result<i64, Error> {
    match decimal::parse_unsigned(text, scale) {
        Ok(step) if step > 0 => Ok(step),
        Ok(_) => Err(Error::Request(format!("a {what} of zero"))),
        Err(why) => Err(Error::Request(format!("the {what} \"{text}\" {why} (scale {scale})"))),
    }
}

/// Makes tick and lot what the data show, unless a person gave them.
pub(super) fn refine(listing: &mut Listing, tick: Step, lot: Step) {
    if !listing.tick_given {
        listing.tick = tick.get();
    }
    if !listing.lot_given {
        listing.lot = lot.get();
    }
}

/// The largest power of ten that divides all values so far: the step they are written in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step(i64);

impl Step {
    pub(super) const fn new(start: i64) -> Self {
        Self(start)
    }

    #[inline]
    pub(super) fn see(&mut self, value: i64) {
        while self.0 > 1 && value % self.0 != 0 {
            self.0 /= 10;
        }
    }

    pub(super) const fn get(self) -> i64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_the_finest_that_was_seen() {
        let mut step = Step::new(POWERS[17]);
        for value in [0, 4_631_900_000_000, 4_638_550_000_000] {
            step.see(value);
        }
        assert_eq!(step.get(), 10_000_000);
    }
}
