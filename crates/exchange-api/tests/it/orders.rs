//! Orders over REST.

use serde_json::{Value, json};

use crate::venue::Venue;

const LIMIT_BUY: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=30000";

#[tokio::test]
async fn an_order_rests_is_found_and_is_cancelled() {
    let venue = Venue::start().await;
    let alice = venue.alice();
    let placed = alice.signed("POST", "/api/v3/order", &format!("{LIMIT_BUY}&newClientOrderId=bot-7")).await;
    assert_eq!(placed.header("x-mbx-order-count-10s"), Some("1"));
    let placed = placed.ok();
    assert_eq!(placed["clientOrderId"], "bot-7");
    assert_eq!(placed["status"], "NEW");
    assert_eq!(placed["price"], "30000.00000000");
    assert_eq!(placed["fills"], json!([]));
    let found = alice.signed("GET", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=bot-7").await.ok();
    assert_eq!(found["orderId"], placed["orderId"]);
    assert_eq!(found["isWorking"], true);
    assert_eq!(found["stopPrice"], "0.00000000");
    let depth = venue.client().get("/api/v3/depth?symbol=BTCUSDT").await.ok();
    assert_eq!(depth["bids"], json!([["30000.00000000", "0.01000000"]]));
    let open = alice.signed("GET", "/api/v3/openOrders", "").await.ok();
    assert_eq!(open.as_array().map(Vec::len), Some(1));
    let canceled =
        alice.signed("DELETE", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=bot-7").await.ok();
    assert_eq!(canceled["status"], "CANCELED");
    assert_eq!(canceled["origClientOrderId"], "bot-7");
    assert_eq!(canceled["clientOrderId"].as_str().map(str::len), Some(22));
    let seq = venue.seq();
    let again = alice.signed("DELETE", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=bot-7").await;
    assert_eq!(again.refusal(), (400, -2011));
    assert_eq!(again.json()["msg"], "Unknown order sent.");
    assert_eq!(venue.seq(), seq);
    let closed = alice.signed("GET", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=bot-7").await.ok();
    assert_eq!(closed["status"], "CANCELED");
    venue.stop().await;
}

#[tokio::test]
async fn a_trade_is_reported_to_both_sides_and_to_the_public() {
    let venue = Venue::start().await;
    let (alice, bob) = (venue.alice(), venue.bob());
    alice.signed("POST", "/api/v3/order", LIMIT_BUY).await.ok();
    let sell = "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.004";
    let sold = bob.signed("POST", "/api/v3/order", sell).await.ok();
    assert_eq!(sold["status"], "FILLED");
    assert_eq!(sold["cummulativeQuoteQty"], "120.00000000");
    let fill = json!({"price":"30000.00000000","qty":"0.00400000","commission":"0.12000000",
        "commissionAsset":"USDT","tradeId":1});
    assert_eq!(sold["fills"], json!([fill]));
    let bought = alice.signed("GET", "/api/v3/myTrades", "symbol=BTCUSDT").await.ok();
    assert_eq!(bought[0]["commission"], "0.00000400");
    assert_eq!(bought[0]["isMaker"], true);
    let trades = venue.client().get("/api/v3/trades?symbol=BTCUSDT").await.ok();
    assert_eq!(trades[0]["quoteQty"], "120.00000000");
    assert_eq!(trades[0]["isBuyerMaker"], true);
    let account = alice.signed("GET", "/api/v3/account", "omitZeroBalances=true").await.ok();
    let btc = balance(&account, "BTC");
    assert_eq!(btc["free"], "100.00399600");
    assert_eq!(balance(&account, "USDT")["locked"], "180.00000000");
    venue.stop().await;
}

fn balance<'a>(account: &'a Value, asset: &str) -> &'a Value {
    account["balances"].as_array().unwrap().iter().find(|b| b["asset"] == asset).unwrap()
}
