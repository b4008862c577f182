//! Market data over REST: shapes, units, pages.

use serde_json::{Value, json};

use crate::venue::Venue;

/// Three trades at 30,000, 30,100 and 29,900, and a book with one level each side.
async fn traded() -> Venue {
    let venue = Venue::start().await;
    let (alice, bob) = (venue.alice(), venue.bob());
    for price in ["30000", "30100", "29900"] {
        let both = format!("symbol=BTCUSDT&type=LIMIT&timeInForce=GTC&quantity=0.01&price={price}");
        alice.signed("POST", "/api/v3/order", &format!("{both}&side=BUY")).await.ok();
        bob.signed("POST", "/api/v3/order", &format!("{both}&side=SELL")).await.ok();
    }
    for (side, price) in [("BUY", "29000"), ("SELL", "31000")] {
        let order =
            format!("symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity=0.02&price={price}");
        alice.signed("POST", "/api/v3/order", &order).await.ok();
    }
    venue
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn exchange_info_tells_the_rules() {
    let venue = Venue::start().await;
    let info = venue.client().get("/api/v3/exchangeInfo").await.ok();
    assert_eq!(info["timezone"], "UTC");
    assert_eq!(info["rateLimits"].as_array().map(Vec::len), Some(4));
    assert_eq!(info["symbols"].as_array().map(Vec::len), Some(5));
    let one = venue.client().get("/api/v3/exchangeInfo?symbol=BTCUSDT").await.ok();
    let symbol = &one["symbols"][0];
    assert_eq!((&symbol["status"], &symbol["baseAsset"]), (&json!("TRADING"), &json!("BTC")));
    assert_eq!(symbol["permissionSets"], json!([["SPOT"]]));
    let filters: Vec<&Value> =
        symbol["filters"].as_array().unwrap().iter().map(|f| &f["filterType"]).collect();
    for wanted in ["PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE", "NOTIONAL", "MAX_NUM_ORDERS"] {
        assert!(filters.contains(&&json!(wanted)), "{wanted} not in {filters:?}");
    }
    assert_eq!(symbol["filters"][0]["tickSize"], "0.01000000");
    let two = venue.client().get("/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22,%22ETHBTC%22%5D").await.ok();
    assert_eq!(two["symbols"].as_array().map(Vec::len), Some(2));
    let margin = venue.client().get("/api/v3/exchangeInfo?permissions=MARGIN").await.ok();
    assert_eq!(margin["symbols"], json!([]));
    venue.stop().await;
}

#[tokio::test]
async fn trades_are_paged_by_id_and_time() {
    let venue = traded().await;
    let client = venue.client();
    let latest = client.get("/api/v3/trades?symbol=BTCUSDT&limit=2").await.ok();
    assert_eq!((&latest[0]["id"], &latest[1]["id"]), (&json!(2), &json!(3)));
    let old = client.get("/api/v3/historicalTrades?symbol=BTCUSDT&fromId=1&limit=1").await.ok();
    assert_eq!((old.as_array().map(Vec::len), &old[0]["price"]), (Some(1), &json!("30000.00000000")));
    let all = client.get("/api/v3/aggTrades?symbol=BTCUSDT").await.ok();
    assert_eq!(keys(&all[0]), ["M", "T", "a", "f", "l", "m", "p", "q"]);
    let time = all[2]["T"].as_i64().unwrap();
    let none = client.get(&format!("/api/v3/aggTrades?symbol=BTCUSDT&startTime={}", time + 1)).await.ok();
    assert_eq!(none, json!([]));
    venue.stop().await;
}

#[tokio::test]
async fn bars_add_up_in_every_time_zone() {
    let venue = traded().await;
    let client = venue.client();
    for target in [
        "klines?symbol=BTCUSDT&interval=1d",
        "klines?symbol=BTCUSDT&interval=1d&timeZone=8",
        "uiKlines?symbol=BTCUSDT&interval=1w&timeZone=-5:30",
        "klines?symbol=BTCUSDT&interval=1M&timeZone=%2B05:45&limit=2",
    ] {
        let bars = client.get(&format!("/api/v3/{target}")).await.ok();
        let bars = bars.as_array().unwrap();
        let volume: Vec<&Value> = bars.iter().map(|bar| &bar[5]).filter(|v| *v != "0.00000000").collect();
        // The trades may fall on both sides of a cut, so the sum counts.
        let total: f64 = volume.iter().map(|v| v.as_str().unwrap().parse::<f64>().unwrap()).sum();
        assert!((total - 0.03).abs() < 1e-9, "{target}: {bars:?}");
        assert_eq!(bars.last().unwrap().as_array().map(Vec::len), Some(12));
    }
    let bar = &client.get("/api/v3/klines?symbol=BTCUSDT&interval=1d&limit=1").await.ok()[0];
    assert_eq!(bar[6].as_i64().unwrap() - bar[0].as_i64().unwrap(), 86_399_999);
    let eastern = &client.get("/api/v3/klines?symbol=BTCUSDT&interval=1d&limit=1&timeZone=8").await.ok()[0];
    assert_eq!(eastern[0].as_i64().unwrap().rem_euclid(86_400_000), 57_600_000, "16:00 UTC");
    venue.stop().await;
}

#[tokio::test]
async fn tickers_agree_with_the_trades() {
    let venue = traded().await;
    let client = venue.client();
    let day = client.get("/api/v3/ticker/24hr?symbol=BTCUSDT").await.ok();
    assert_eq!((&day["openPrice"], &day["lastPrice"]), (&json!("30000.00000000"), &json!("29900.00000000")));
    assert_eq!(
        (&day["priceChange"], &day["priceChangePercent"]),
        (&json!("-100.00000000"), &json!("-0.333"))
    );
    assert_eq!(day["weightedAvgPrice"], "30000.00000000");
    assert_eq!((&day["bidPrice"], &day["askQty"]), (&json!("29000.00000000"), &json!("0.02000000")));
    assert_eq!((&day["firstId"], &day["lastId"], &day["count"]), (&json!(1), &json!(3), &json!(3)));
    let mini = client.get("/api/v3/ticker/24hr?symbol=BTCUSDT&type=MINI").await.ok();
    assert!(mini.get("priceChange").is_none() && mini.get("bidPrice").is_none());
    assert_eq!(client.get("/api/v3/ticker/24hr").await.ok().as_array().map(Vec::len), Some(5));
    for target in [
        "ticker?symbol=BTCUSDT&windowSize=2h",
        "ticker/tradingDay?symbol=BTCUSDT&timeZone=-12",
        "ticker?symbols=%5B%22BTCUSDT%22%5D&type=MINI",
    ] {
        let ticker = client.get(&format!("/api/v3/{target}")).await.ok();
        let ticker = if ticker.is_array() { &ticker[0] } else { &ticker };
        assert_eq!(ticker["lastPrice"], "29900.00000000", "{target}");
        assert!(ticker.get("bidPrice").is_none(), "{target}");
    }
    assert_eq!(client.get("/api/v3/ticker/price?symbol=BTCUSDT").await.ok()["price"], "29900.00000000");
    let books = client.get("/api/v3/ticker/bookTicker?symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D").await.ok();
    assert_eq!(
        (&books[0]["bidPrice"], &books[1]["bidPrice"]),
        (&json!("29000.00000000"), &json!("0.00000000"))
    );
    let average = client.get("/api/v3/avgPrice?symbol=BTCUSDT").await.ok();
    assert_eq!((&average["mins"], &average["price"]), (&json!(5), &json!("30000.00000000")));
    venue.stop().await;
}

#[tokio::test]
async fn times_come_in_the_unit_that_was_asked_for() {
    let venue = Venue::start().await;
    let client = venue.client();
    for (unit, digits) in [("MILLISECOND", 13), ("microsecond", 16)] {
        let reply = client.send("GET", "/api/v3/time", &[("X-MBX-TIME-UNIT", unit)], "").await.ok();
        assert_eq!(reply["serverTime"].to_string().len(), digits, "{unit}");
    }
    let wrong = client.send("GET", "/api/v3/time", &[("X-MBX-TIME-UNIT", "HOUR")], "").await;
    assert_eq!(wrong.refusal(), (400, -1194));
    venue.stop().await;
}

#[tokio::test]
async fn what_clients_call_on_their_own_is_there() {
    let venue = Venue::start().await;
    let (client, alice) = (venue.client(), venue.alice());
    assert_eq!(client.get("/sapi/v1/system/status").await.ok()["status"], 0);
    assert_eq!(alice.signed("GET", "/sapi/v1/margin/allPairs", "").await.ok(), json!([]));
    assert_eq!(alice.signed("GET", "/sapi/v1/margin/isolated/allPairs", "").await.ok(), json!([]));
    let coins = alice.signed("GET", "/sapi/v1/capital/config/getall", "").await.ok();
    assert_eq!(coins.as_array().map(Vec::len), Some(5));
    assert_eq!(
        alice.signed("GET", "/sapi/v1/asset/tradeFee", "symbol=BTCUSDT").await.ok()[0]["makerCommission"],
        "0.00100000"
    );
    assert_eq!(alice.signed("GET", "/api/v3/myAllocations", "symbol=BTCUSDT").await.ok(), json!([]));
    let commission = alice.signed("GET", "/api/v3/account/commission", "symbol=BTCUSDT").await.ok();
    assert_eq!(commission["standardCommission"]["maker"], "0.00100000");
    let test = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&computeCommissionRates=true";
    let test = alice.signed("POST", "/api/v3/order/test", test).await.ok();
    assert_eq!(test["standardCommissionForOrder"]["taker"], "0.00100000");
    let header = [("X-MBX-APIKEY", &*venue.alice.api_key)];
    let key = client.send("POST", "/api/v3/userDataStream", &header, "").await.ok();
    let key = key["listenKey"].as_str().unwrap().to_owned();
    for method in ["PUT", "DELETE"] {
        let target = format!("/api/v3/userDataStream?listenKey={key}");
        assert_eq!(client.send(method, &target, &header, "").await.ok(), json!({}));
    }
    let gone = client.send("PUT", "/api/v3/userDataStream", &header, &format!("listenKey={key}")).await;
    assert_eq!(gone.refusal(), (400, -1125));
    venue.stop().await;
}
