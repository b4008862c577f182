//! Which markets a request is about: `symbol`, `symbols`, or all.

use exchange_host::Catalog;
use types::Market;

use super::terms::one_of;
use crate::error::ApiError;
use crate::params::{Params, bad_combination, invalid, symbols};

/// One market asked for by `symbol` is answered by an object, anything else by an array.
pub(super) struct Asked<'a> {
    pub(super) markets: Vec<&'a Market>,
    pub(super) single: bool,
}

const STATUSES: &[(&str, bool)] =
    &[("TRADING", true), ("HALT", false), ("BREAK", false), ("END_OF_DAY", false), ("POST_TRADING", false)];

/// The markets of a request. Every market here is TRADING, so another `symbolStatus` leaves none.
pub(super) fn asked<'a>(
    catalog: &'a Catalog,
    params: &Params,
    all_allowed: bool,
) -> Result<Asked<'a>, ApiError> {
    let find = |symbol: &str| {
        catalog.market_by_symbol(symbol).ok_or_else(|| ApiError::new(-1121, "Invalid symbol."))
    };
    let bad_status = || ApiError::new(-1122, "Invalid symbolStatus.");
    let trading = params.word("symbolStatus", STATUSES, bad_status)?.unwrap_or(true);
    let asked = match (params.optional("symbol")?, params.optional("symbols")?) {
        (Some(_), Some(_)) => return Err(bad_combination()),
        (Some(_), None) => Asked { markets: vec![find(params.symbol()?)?], single: true },
        (None, Some(list)) => {
            let names = symbols(list)?;
            if names.is_empty() {
                return Err(invalid("symbols"));
            }
            if (1..names.len()).any(|at| names[..at].contains(&names[at])) {
                return Err(ApiError::new(-1151, "Symbol is present multiple times in the list."));
            }
            Asked { markets: names.iter().map(|name| find(name)).collect::<Result<_, _>>()?, single: false }
        }
        (None, None) if all_allowed => Asked { markets: catalog.markets.iter().collect(), single: false },
        (None, None) => return Err(one_of("symbol", "symbols")),
    };
    if trading {
        return Ok(asked);
    }
    if asked.single {
        return Err(ApiError::new(-1121, "Invalid symbol."));
    }
    Ok(Asked { markets: Vec::new(), single: false })
}
