//! What venues say about themselves: what can be traded there and how. It changes with a listing, so it is kept like the list of markets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use types::{Instrument, VenueName};
use utoipa::ToSchema;

use super::markets::kind_word;
use super::orders::terms::{ORDER_TYPES, TIMES_IN_FORCE};
use crate::app::{App, DEFAULT_VENUE};
use crate::wire::Json;

/// A venue: what can be traded there and what orders it takes.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct VenueBody {
    /// `local`: what stands before the colon in a market's id.
    name: String,
    /// `built_in` for the exchange inside this server, else `external`.
    kind: &'static str,
    /// Whether it is meant by a symbol that names no venue.
    default: bool,
    /// How many markets it lists.
    markets: usize,
    /// Their ids (`local:BTCUSDT`), by name. `/api/markets` has their rules.
    symbols: Vec<String>,
    /// The assets that are traded or paid with in them, by name.
    assets: Vec<String>,
    /// Kinds of its markets: `spot`, `linear_perp`.
    market_kinds: Vec<&'static str>,
    /// What `order_type` of `POST /api/orders` may be.
    order_types: Vec<&'static str>,
    /// What `time_in_force` of `POST /api/orders` may be; the first when absent.
    times_in_force: Vec<&'static str>,
}

impl VenueBody {
    fn of(name: VenueName, listed: &[Arc<Instrument>]) -> Self {
        let name = name.to_string();
        let is_built_in = name == DEFAULT_VENUE;
        let symbols: BTreeSet<String> = listed.iter().map(|one| one.id.to_string()).collect();
        let assets: BTreeSet<String> = listed
            .iter()
            .flat_map(|one| [one.market.base, one.market.quote])
            .map(|a| a.code.to_string())
            .collect();
        let kinds: BTreeSet<&'static str> = listed.iter().map(|one| kind_word(&one.kind)).collect();
        Self {
            name,
            kind: if is_built_in { "built_in" } else { "external" },
            default: is_built_in,
            markets: listed.len(),
            symbols: symbols.into_iter().collect(),
            assets: assets.into_iter().collect(),
            market_kinds: kinds.into_iter().collect(),
            order_types: ORDER_TYPES.to_vec(),
            times_in_force: TIMES_IN_FORCE.to_vec(),
        }
    }

    /// Every venue of these instruments, by name.
    fn all(instruments: Vec<Arc<Instrument>>) -> Vec<Self> {
        let mut venues: BTreeMap<VenueName, Vec<Arc<Instrument>>> = BTreeMap::new();
        for instrument in instruments {
            venues.entry(instrument.id.venue).or_default().push(instrument);
        }
        venues.into_iter().map(|(name, listed)| Self::of(name, &listed)).collect()
    }
}

/// All venues that orders can be placed at.
#[utoipa::path(get, path = "/api/venues", tag = "markets", operation_id = "listVenues", security(()),
    responses((status = 200, body = Vec<VenueBody>)))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Vec<VenueBody>> {
    Json(VenueBody::all(app.markets.instruments()))
}

#[cfg(test)]
mod tests {
    use types::instrument::{LotRule, Rules};
    use types::{
        Asset, AssetCode, AssetId, InstrumentId, InstrumentKind, Market, MarketId, Price, Qty, Symbol,
    };

    use super::*;

    fn listed(venue: &str, symbol: &str, codes: [&str; 2], kind: InstrumentKind) -> Arc<Instrument> {
        let asset = |n: u16, code| Asset { id: AssetId(n), code: AssetCode::new(code).unwrap(), scale: 8 };
        let lot = LotRule { min: Qty(100), max: Qty(i64::MAX), step: Qty(100) };
        let rules = Rules::free(Price(1_000_000), Price(i64::MAX), lot);
        let symbol = Symbol::new(symbol).unwrap();
        let market =
            Market::new(MarketId(0), symbol, asset(0, codes[0]), asset(1, codes[1]), 8, rules).unwrap();
        let id = InstrumentId { venue: VenueName::new(venue).unwrap(), symbol };
        Arc::new(Instrument { id, kind, market })
    }

    #[test]
    fn each_venue_tells_what_it_lists_and_what_orders_it_takes() {
        let perpetual = InstrumentKind::LinearPerp { initial_margin: 100, maintenance_margin: 50 };
        let all = VenueBody::all(vec![
            listed("local", "ETHUSDT", ["ETH", "USDT"], InstrumentKind::Spot),
            listed("elsewhere", "BTC-PERP", ["BTC", "USDT"], perpetual),
            listed("local", "BTCUSDT", ["BTC", "USDT"], InstrumentKind::Spot),
            listed("elsewhere", "BTCUSDT", ["BTC", "USDT"], InstrumentKind::Spot),
        ]);
        let [elsewhere, local] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((local.name.as_str(), local.kind, local.default), ("local", "built_in", true));
        assert_eq!((local.markets, local.symbols.join(" ")), (2, "local:BTCUSDT local:ETHUSDT".to_owned()));
        assert_eq!(
            (local.assets.join(" "), &local.market_kinds[..]),
            ("BTC ETH USDT".to_owned(), &["spot"][..])
        );
        assert_eq!((local.order_types.len(), local.times_in_force.join(" ")), (8, "gtc ioc fok".to_owned()));
        assert_eq!(
            (elsewhere.name.as_str(), elsewhere.kind, elsewhere.default, elsewhere.markets),
            ("elsewhere", "external", false, 2)
        );
        assert_eq!(elsewhere.market_kinds, ["linear_perp", "spot"]);
        assert_eq!(VenueBody::all(Vec::new()), [], "nothing is listed");
    }
}
