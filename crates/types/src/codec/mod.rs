//! The bytes of the shared words, in the primitives of [`crate::wire`]: what the journals and snapshots of the exchange and of the
//! engine are made of.
//!
//! Every tag and field order here is permanent: files outlive the program that wrote them. A change of meaning takes a new
//! version number in the format that uses it, beside the old reader. What a writer accepts its reader gives back equal; a
//! reader never panics and allocates at most a small multiple of what it was given.

mod listing;
mod market;
mod order;
mod report;

use crate::wire::{Reader, WireError, Writer};

pub use listing::{get_asset, get_instrument, get_market, put_asset, put_instrument, put_market};
pub use market::{
    get_bar, get_depth_diff, get_levels, get_market_event, put_bar, put_depth_diff, put_levels,
    put_market_event,
};
pub use order::{get_side, get_terms, put_side, put_terms};
pub use report::{get_liquidation, get_report, get_venue_fill, put_liquidation, put_report, put_venue_fill};

/// Writes whether there is a value, then the value.
pub fn put_option<T>(w: &mut Writer<'_>, value: Option<T>, put: impl FnOnce(&mut Writer<'_>, T)) {
    w.bool(value.is_some());
    if let Some(value) = value {
        put(w, value);
    }
}

/// Reads what [`put_option`] wrote.
pub fn get_option<'a, T>(
    r: &mut Reader<'a>,
    get: impl FnOnce(&mut Reader<'a>) -> Result<T, WireError>,
) -> Result<Option<T>, WireError> {
    if r.bool()? { get(r).map(Some) } else { Ok(None) }
}

/// Reads a short text: its type checks length and characters again.
pub fn get_text<T: std::str::FromStr>(r: &mut Reader<'_>) -> Result<T, WireError> {
    r.text()?.parse().map_err(|_| WireError::Invalid)
}
