//! The rarer ways to trade: stops, lists, replace, amend, self-trade prevention, limits.

use exchange_api::{ApiConfig, RateLimits};
use serde_json::{Value, json};

use crate::client::Client;
use crate::venue::Venue;

const ORDER: &str = "/api/v3/order";

/// A last price of 30,000 on BTCUSDT, and an empty book.
async fn priced() -> Venue {
    let venue = Venue::start().await;
    let both = "symbol=BTCUSDT&type=LIMIT&timeInForce=GTC&quantity=0.01&price=30000";
    venue.alice().signed("POST", ORDER, &format!("{both}&side=BUY")).await.ok();
    venue.bob().signed("POST", ORDER, &format!("{both}&side=SELL")).await.ok();
    venue
}

async fn status(client: &Client, order: &Value) -> String {
    let target = format!("symbol=BTCUSDT&orderId={}", order["orderId"]);
    client.signed("GET", ORDER, &target).await.ok()["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_stop_waits_and_is_refused_on_the_wrong_side() {
    let venue = priced().await;
    let alice = venue.alice();
    let stop = "symbol=BTCUSDT&side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.01&price=28900";
    let placed =
        alice.signed("POST", ORDER, &format!("{stop}&stopPrice=29000&newOrderRespType=RESULT")).await.ok();
    assert_eq!((&placed["stopPrice"], &placed["workingTime"]), (&json!("29000.00000000"), &json!(-1)));
    let found =
        alice.signed("GET", ORDER, &format!("symbol=BTCUSDT&orderId={}", placed["orderId"])).await.ok();
    assert_eq!((&found["isWorking"], &found["type"]), (&json!(false), &json!("STOP_LOSS_LIMIT")));
    let wrong = alice.signed("POST", ORDER, &format!("{stop}&stopPrice=31000")).await;
    assert_eq!(wrong.refusal(), (400, -2010));
    assert_eq!(wrong.json()["msg"], "Order would trigger immediately.");
    let ack = alice.signed("POST", ORDER, &format!("{stop}&stopPrice=29000")).await.ok();
    assert!(ack.get("status").is_none(), "conditional orders answer ACK by default");
    venue.stop().await;
}

#[tokio::test]
async fn an_oco_lives_and_is_cancelled_as_one() {
    let venue = priced().await;
    // Bob only took so far, so none of his orders was counted before.
    let bob = venue.bob();
    let oco = "symbol=BTCUSDT&side=SELL&quantity=0.01&aboveType=LIMIT_MAKER&abovePrice=33000\
               &belowType=STOP_LOSS_LIMIT&belowStopPrice=29000&belowPrice=28900&belowTimeInForce=GTC";
    let placed = bob.signed("POST", "/api/v3/orderList/oco", &format!("{oco}&listClientOrderId=pair")).await;
    assert_eq!(placed.header("x-mbx-order-count-10s"), Some("2"));
    let placed = placed.ok();
    assert_eq!(
        (&placed["contingencyType"], &placed["listOrderStatus"]),
        (&json!("OCO"), &json!("EXECUTING"))
    );
    assert_eq!(placed["orderReports"].as_array().map(Vec::len), Some(2));
    assert_eq!(placed["orderReports"][0]["orderListId"], placed["orderListId"]);
    let open = bob.signed("GET", "/api/v3/openOrderList", "").await.ok();
    assert_eq!(open[0]["listClientOrderId"], "pair");
    // Cancelling one leg cancels the list.
    let leg = format!("symbol=BTCUSDT&orderId={}", placed["orders"][1]["orderId"]);
    let canceled = bob.signed("DELETE", ORDER, &leg).await.ok();
    assert_eq!(canceled["listOrderStatus"], "ALL_DONE");
    assert_eq!(canceled["orderReports"].as_array().map(Vec::len), Some(2));
    let found = bob.signed("GET", "/api/v3/orderList", "origClientOrderId=pair").await.ok();
    assert_eq!(found["listStatusType"], "ALL_DONE");
    let old = "symbol=BTCUSDT&side=SELL&quantity=0.01&price=33000&stopPrice=29000";
    let old = bob.signed("POST", "/api/v3/order/oco", old).await.ok();
    assert_eq!(old["orderReports"][1]["type"], "STOP_LOSS");
    let all = bob.signed("DELETE", "/api/v3/openOrders", "symbol=BTCUSDT").await.ok();
    assert_eq!(all[0]["orderListId"], old["orderListId"]);
    assert_eq!(bob.signed("GET", "/api/v3/allOrderList", "").await.ok().as_array().map(Vec::len), Some(2));
    venue.stop().await;
}

#[tokio::test]
async fn a_filled_working_order_releases_its_pending_pair() {
    let venue = priced().await;
    let (alice, bob) = (venue.alice(), venue.bob());
    let otoco = "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingPrice=29500&workingQuantity=0.01\
                 &workingTimeInForce=GTC&pendingSide=SELL&pendingQuantity=0.01&pendingAboveType=LIMIT_MAKER\
                 &pendingAbovePrice=33000&pendingBelowType=STOP_LOSS&pendingBelowStopPrice=28000";
    let placed = alice.signed("POST", "/api/v3/orderList/otoco", otoco).await.ok();
    assert_eq!(placed["contingencyType"], "OTO");
    let statuses: Vec<&Value> =
        placed["orderReports"].as_array().unwrap().iter().map(|order| &order["status"]).collect();
    assert_eq!(statuses, ["NEW", "PENDING_NEW", "PENDING_NEW"]);
    bob.signed("POST", ORDER, "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.01").await.ok();
    assert_eq!(status(&alice, &placed["orders"][0]).await, "FILLED");
    assert_eq!(status(&alice, &placed["orders"][1]).await, "NEW");
    let oto = "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingPrice=29000&workingQuantity=0.01\
               &workingTimeInForce=GTC&pendingType=MARKET&pendingSide=SELL&pendingQuantity=0.01";
    let placed = alice.signed("POST", "/api/v3/orderList/oto", oto).await.ok();
    assert_eq!(placed["orders"].as_array().map(Vec::len), Some(2));
    let target = format!("symbol=BTCUSDT&orderListId={}", placed["orderListId"]);
    let canceled = alice.signed("DELETE", "/api/v3/orderList", &target).await.ok();
    assert_eq!(canceled["listOrderStatus"], "ALL_DONE");
    venue.stop().await;
}

#[tokio::test]
async fn a_replace_tells_which_half_worked() {
    let venue = priced().await;
    let alice = venue.alice();
    let new = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01";
    let first = alice.signed("POST", ORDER, &format!("{new}&price=29000")).await.ok();
    let replace = |id: &Value, price: &str, mode: &str| {
        format!("{new}&price={price}&cancelReplaceMode={mode}&cancelOrderId={id}")
    };
    let path = "/api/v3/order/cancelReplace";
    let done = alice.signed("POST", path, &replace(&first["orderId"], "28000", "STOP_ON_FAILURE")).await.ok();
    assert_eq!((&done["cancelResult"], &done["newOrderResult"]), (&json!("SUCCESS"), &json!("SUCCESS")));
    assert_eq!(done["cancelResponse"]["origClientOrderId"], first["clientOrderId"]);
    let second = &done["newOrderResponse"];
    // The cancel works, the new order does not.
    let half = alice.signed("POST", path, &replace(&second["orderId"], "28000.001", "STOP_ON_FAILURE")).await;
    assert_eq!(half.refusal(), (409, -2021));
    let data = &half.json()["data"];
    assert_eq!((&data["cancelResult"], &data["newOrderResult"]), (&json!("SUCCESS"), &json!("FAILURE")));
    assert_eq!(data["newOrderResponse"]["code"], -1013);
    assert_eq!(status(&alice, second).await, "CANCELED");
    // The cancel fails, the new order works.
    let half = alice.signed("POST", path, &replace(&json!(99), "27000", "ALLOW_FAILURE")).await;
    assert_eq!(half.refusal(), (409, -2021));
    assert_eq!(half.json()["data"]["cancelResponse"]["code"], -2011);
    let none = alice.signed("POST", path, &replace(&json!(99), "27000", "STOP_ON_FAILURE")).await;
    assert_eq!(none.refusal(), (400, -2022));
    assert_eq!(none.json()["data"]["newOrderResult"], "NOT_ATTEMPTED");
    assert_eq!(none.json()["data"]["newOrderResponse"], Value::Null);
    venue.stop().await;
}

#[tokio::test]
async fn an_amendment_reduces_and_is_remembered() {
    let venue = priced().await;
    let alice = venue.alice();
    let new =
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.02&price=29000&newClientOrderId=a";
    let order = alice.signed("POST", ORDER, new).await.ok();
    let path = "/api/v3/order/amend/keepPriority";
    let id = format!("symbol=BTCUSDT&orderId={}", order["orderId"]);
    let amended = alice.signed("PUT", path, &format!("{id}&newQty=0.01")).await.ok();
    assert_eq!(amended["amendedOrder"]["qty"], "0.01000000");
    assert_eq!(amended["amendedOrder"]["origClientOrderId"], "a");
    for (qty, code) in [("0.01", -2038), ("0.03", -2038), ("0", -1013)] {
        let refused = alice.signed("PUT", path, &format!("{id}&newQty={qty}")).await;
        assert_eq!(refused.refusal(), (400, code), "{qty}");
    }
    let history = alice.signed("GET", "/api/v3/order/amendments", &id).await.ok();
    assert_eq!((&history[0]["origQty"], &history[0]["newQty"]), (&json!("0.02000000"), &json!("0.01000000")));
    assert_eq!(history[0]["executionId"], amended["executionId"]);
    assert_eq!(history[0]["newClientOrderId"], amended["amendedOrder"]["clientOrderId"]);
    // The numbers page, the order's end forgets nothing, and nobody else sees it.
    let smaller = alice.signed("PUT", path, &format!("{id}&newQty=0.009")).await.ok();
    let from = format!("{id}&fromExecutionId={}", smaller["executionId"]);
    let later = alice.signed("GET", "/api/v3/order/amendments", &from).await.ok();
    assert_eq!(later.as_array().map(Vec::len), Some(1));
    assert_eq!((&later[0]["origQty"], &later[0]["newQty"]), (&json!("0.01000000"), &json!("0.00900000")));
    alice.signed("DELETE", ORDER, &id).await.ok();
    let kept = alice.signed("GET", "/api/v3/order/amendments", &id).await.ok();
    assert_eq!(kept.as_array().map(Vec::len), Some(2));
    let strangers = venue.bob().signed("GET", "/api/v3/order/amendments", &id).await.ok();
    assert_eq!(strangers, json!([]));
    // A restart neither.
    let venue = venue.restart().await;
    let again = venue.alice().signed("GET", "/api/v3/order/amendments", &id).await.ok();
    assert_eq!(again, kept);
    venue.stop().await;
}

#[tokio::test]
async fn a_prevented_self_trade_can_be_looked_up() {
    let venue = priced().await;
    let alice = venue.alice();
    let both = "symbol=BTCUSDT&type=LIMIT&timeInForce=GTC&quantity=0.01&price=29000&selfTradePreventionMode=EXPIRE_TAKER";
    let maker = alice.signed("POST", ORDER, &format!("{both}&side=BUY")).await.ok();
    let taker = alice.signed("POST", ORDER, &format!("{both}&side=SELL")).await.ok();
    assert_eq!(taker["status"], "EXPIRED_IN_MATCH");
    assert!(taker["preventedMatchId"].is_u64(), "{taker}");
    let matches = format!("symbol=BTCUSDT&orderId={}", taker["orderId"]);
    let matches = alice.signed("GET", "/api/v3/myPreventedMatches", &matches).await.ok();
    assert_eq!(matches[0]["makerOrderId"], maker["orderId"]);
    assert_eq!(matches[0]["selfTradePreventionMode"], "EXPIRE_TAKER");
    venue.stop().await;
}

#[tokio::test]
async fn a_live_order_that_was_decremented_names_the_match() {
    let venue = priced().await;
    let alice = venue.alice();
    let both = "symbol=BTCUSDT&type=LIMIT&timeInForce=GTC&price=29000&selfTradePreventionMode=DECREMENT";
    let maker = alice.signed("POST", ORDER, &format!("{both}&side=BUY&quantity=0.03")).await.ok();
    let taker = alice.signed("POST", ORDER, &format!("{both}&side=SELL&quantity=0.01")).await.ok();
    let number = taker["preventedMatchId"].clone();
    assert!(number.is_u64(), "{taker}");
    let one = format!("symbol=BTCUSDT&orderId={}", maker["orderId"]);
    let (symbol, open, all) = ("symbol=BTCUSDT", "/api/v3/openOrders", "/api/v3/allOrders");
    let maker = alice.signed("GET", ORDER, &one).await.ok();
    let open = alice.signed("GET", open, symbol).await.ok()[0].clone();
    let listed = alice.signed("GET", all, &one).await.ok()[0].clone();
    for told in [&maker, &open, &listed] {
        assert_eq!((&told["status"], &told["preventedMatchId"]), (&json!("NEW"), &number), "{told}");
        assert_eq!(told["preventedQuantity"], "0.01000000");
    }
    venue.stop().await;
}

#[tokio::test]
async fn the_order_that_self_trade_prevention_expires_tells_what_it_lost() {
    let venue = priced().await;
    let alice = venue.alice();
    let lost = json!("0.01000000");
    for (mode, maker_lost, taker_lost) in [
        ("EXPIRE_MAKER", &lost, &Value::Null),
        ("EXPIRE_TAKER", &Value::Null, &lost),
        ("EXPIRE_BOTH", &lost, &lost),
        ("DECREMENT", &lost, &lost),
    ] {
        let both = "symbol=BTCUSDT&type=LIMIT&timeInForce=GTC&quantity=0.01&price=29000";
        let maker = alice.signed("POST", ORDER, &format!("{both}&side=BUY")).await.ok();
        let taker = format!("{both}&side=SELL&selfTradePreventionMode={mode}");
        let taker = alice.signed("POST", ORDER, &taker).await.ok();
        let id = format!("symbol=BTCUSDT&orderId={}", maker["orderId"]);
        let maker = alice.signed("GET", ORDER, &id).await.ok();
        for (order, lost) in [(&maker, maker_lost), (&taker, taker_lost)] {
            assert_eq!(&order["preventedQuantity"], lost, "{mode}: {order}");
            assert_eq!(order["preventedMatchId"].is_u64(), !lost.is_null(), "{mode}: {order}");
            assert_eq!(order["status"] == "EXPIRED_IN_MATCH", !lost.is_null(), "{mode}: {order}");
        }
        let id = format!("symbol=BTCUSDT&orderId={}", taker["orderId"]);
        let stored = alice.signed("GET", "/api/v3/myPreventedMatches", &id).await.ok();
        for told in [&taker["preventedMatches"][0], &stored[0]] {
            assert_eq!(&told["makerPreventedQuantity"], maker_lost, "{mode}: {told}");
            assert_eq!(&told["takerPreventedQuantity"], taker_lost, "{mode}: {told}");
            assert_eq!(
                (&told["makerOrderId"], &told["price"]),
                (&maker["orderId"], &json!("29000.00000000"))
            );
        }
        assert_eq!(stored[0]["selfTradePreventionMode"], *mode);
        alice.signed("DELETE", "/api/v3/openOrders", "symbol=BTCUSDT").await;
    }
    venue.stop().await;
}

#[tokio::test]
async fn ioc_fok_and_iceberg_orders_do_what_they_say() {
    let venue = priced().await;
    let (alice, bob) = (venue.alice(), venue.bob());
    let new = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.01&price=29000";
    for (tif, reason) in [("IOC", "UNFILLED_IOC_QUANTITY_EXPIRED"), ("FOK", "UNFILLED_FOK_ORDER_EXPIRED")] {
        let order = alice.signed("POST", ORDER, &format!("{new}&timeInForce={tif}")).await.ok();
        assert_eq!((&order["status"], &order["expiryReason"]), (&json!("EXPIRED"), &json!(reason)));
    }
    let iceberg =
        "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.05&price=30500&icebergQty=0.01";
    assert_eq!(bob.signed("POST", ORDER, iceberg).await.ok()["icebergQty"], "0.01000000");
    let depth = venue.client().get("/api/v3/depth?symbol=BTCUSDT&limit=5").await.ok();
    assert_eq!(depth["asks"], json!([["30500.00000000", "0.01000000"]]));
    let none = alice.signed("POST", ORDER, "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.01").await.ok();
    assert_eq!(
        (&none["status"], &none["expiryReason"]),
        (&json!("EXPIRED"), &json!("INSUFFICIENT_LIQUIDITY"))
    );
    venue.stop().await;
}

#[tokio::test]
async fn too_many_requests_and_orders_are_refused() {
    let limits = RateLimits { weight_per_minute: 60, orders_per_day: 2, ..RateLimits::default() };
    let venue = Venue::with(ApiConfig { rate: Some(limits), ..ApiConfig::default() }).await;
    let alice = venue.alice();
    let order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=30000";
    for count in ["1", "2"] {
        let reply = alice.signed("POST", ORDER, order).await;
        assert_eq!(reply.header("x-mbx-order-count-1d"), Some(count), "{}", reply.body);
    }
    let refused = alice.signed("POST", ORDER, order).await;
    assert_eq!(refused.refusal(), (429, -1015));
    assert!(refused.header("retry-after").is_some());
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(venue.client().get("/api/v3/depth?symbol=BTCUSDT").await);
    }
    // Not of the last one: a minute that began meanwhile lets some through again.
    let refused = statuses.iter().find(|reply| reply.status != 200).unwrap();
    assert_eq!(refused.refusal(), (429, -1003), "{}", refused.body);
    assert!(refused.header("retry-after").is_some());
    venue.stop().await;
}
