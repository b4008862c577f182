//! One function per endpoint, grouped by noun. They know nothing of the transport.

pub(crate) mod account;
pub(crate) mod amend;
pub(crate) mod cancel;
pub(crate) mod exchange_info;
pub(crate) mod general;
pub(crate) mod klines;
pub(crate) mod list;
pub(crate) mod listen_key;
pub(crate) mod market;
pub(crate) mod order;
pub(crate) mod orders;
mod outcome;
pub(crate) mod replace;
pub(crate) mod sapi;
mod submit;
mod symbols;
mod terms;
pub(crate) mod ticker;

use std::sync::Arc;

use exchange_host::Catalog;
use types::Market;

use crate::call::Call;
use crate::error::ApiError;

/// A market that is in a catalog for sure, without copying it.
pub(crate) struct Listed {
    catalog: Arc<Catalog>,
    index: usize,
}

impl std::ops::Deref for Listed {
    type Target = Market;

    fn deref(&self) -> &Market {
        &self.catalog.markets[self.index]
    }
}

/// The market of the mandatory `symbol`: -1102 if missing, -1100 by its characters, -1121 if unknown.
pub(crate) fn market(catalog: Arc<Catalog>, call: &Call) -> Result<Listed, ApiError> {
    let symbol = call.params.symbol()?;
    listed(catalog, symbol)
}

/// The market with this symbol, or -1121.
pub(crate) fn listed(catalog: Arc<Catalog>, symbol: &str) -> Result<Listed, ApiError> {
    let id = catalog.market_by_symbol(symbol).map(|market| market.id);
    let id = id.ok_or_else(|| ApiError::new(-1121, "Invalid symbol."))?;
    Ok(Listed { catalog, index: usize::from(id.0) })
}
