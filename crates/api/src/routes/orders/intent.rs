//! What an order is recorded as before it leaves: its row, its name, and what it asks for.

use store::orders::Order;
use store::{Amount, OrderId, Ts};
use types::Side;
use types::order::Amount as Wished;

use super::place::Wanted;
use super::{tif_word, type_word};
use crate::auth::secret_hash;
use crate::ports::LegRequest;
use crate::routes::accounts::Trading;

/// The name of an order at the exchange; that of a list's legs begins with it.
pub(super) fn client_name(trading: &Trading, key: Option<&str>) -> String {
    match key {
        None => format!("p{}", OrderId::new().0.simple()),
        Some(key) => format!("i{}", hex(&secret_hash(&format!("{}\n{key}", trading.account.id))[..16])),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a request asks for, in short. The same for requests that mean the same, whatever their spelling; it must stay so in later
/// versions, for it is compared with what is stored.
pub(super) fn asked(wanted: &Wanted) -> String {
    let side = if wanted.side == Side::Buy { "buy" } else { "sell" };
    let mut text = format!("{} {side}", wanted.instrument.id);
    for terms in &wanted.legs {
        let number = |value: Option<i128>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        let budget = match terms {
            types::Terms::Market { amount: Wished::Quote(money) } => Some(money.0),
            _ => None,
        };
        let parts = [
            type_word(terms).to_owned(),
            tif_word(terms.tif()).to_owned(),
            number(terms.price().map(|price| price.0.into())),
            number(terms.trigger().and_then(|trigger| trigger.stop).map(|price| price.0.into())),
            number(terms.qty().map(|qty| qty.0.into())),
            number(budget),
        ];
        text.push_str(&format!("\n{}", parts.join(" ")));
    }
    hex(&secret_hash(&text)[..16])
}

/// The row of one leg.
pub(super) fn row(wanted: &Wanted, leg: &LegRequest, trading_pair_id: i64, asked: &str) -> Order {
    let Wanted { instrument, side, trading, .. } = wanted;
    let (market, terms) = (&instrument.market, &leg.terms);
    let units = |value: i64, scale| Amount::from_units(i128::from(value), scale).unwrap_or_default();
    let now = Ts::now();
    Order {
        id: OrderId::new(),
        user_id: trading.account.user_id,
        account_id: trading.account.id,
        bot_id: None,
        trading_pair_id,
        exchange: instrument.id.venue.to_string(),
        symbol: instrument.id.symbol.to_string(),
        client_order_id: leg.client_id.to_string(),
        exchange_order_id: None,
        side: if *side == Side::Buy { store::Side::Buy } else { store::Side::Sell },
        order_type: type_word(terms).to_owned(),
        time_in_force: tif_word(terms.tif()).to_owned(),
        price: terms.price().map(|p| units(p.0, market.price_scale)),
        stop_price: terms.trigger().and_then(|t| t.stop).map(|p| units(p.0, market.price_scale)),
        quantity: terms.qty().map_or_else(Amount::default, |q| units(q.0, market.base.scale)),
        filled_quantity: Amount::default(),
        filled_quote: Amount::default(),
        status: "pending".to_owned(),
        live: true,
        reason: None,
        created_at: now,
        updated_at: now,
        list_id: None,
        asked: Some(asked.to_owned()),
    }
}
