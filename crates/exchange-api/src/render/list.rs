//! Order lists.

use types::{ListView, Market, Time};

use crate::call::TimeUnit;
use crate::json::Object;
use crate::words;

/// The members that every answer about a list has. `at` is the time of the command that answers, or of its last change.
pub(crate) fn list_members(o: &mut Object<'_>, market: &Market, list: &ListView, at: Time, unit: TimeUnit) {
    let (status_type, order_status) = words::list_status(list.status);
    o.int("orderListId", list.id.0);
    o.text("contingencyType", words::contingency(list.contingency));
    o.text("listStatusType", status_type);
    o.text("listOrderStatus", order_status);
    o.text("listClientOrderId", list.client_id.as_str());
    o.time("transactionTime", at, unit);
    o.text("symbol", market.symbol.as_str());
    o.array("orders", |a| {
        for (id, client_id) in list.orders.iter().take(usize::from(list.legs)) {
            a.object(|o| {
                o.text("symbol", market.symbol.as_str());
                o.int("orderId", id.0);
                o.text("clientOrderId", client_id.as_str());
            });
        }
    });
}
