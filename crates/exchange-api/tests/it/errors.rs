//! Every way to be refused, endpoint by endpoint: status, code, and nothing changed.

use http::StatusCode;

use crate::client::{Client, stamped};
use crate::venue::Venue;

/// Public requests: target, status, code.
const PUBLIC: &[(&str, u16, i64)] = &[
    ("/api/v3/ping?x=1", 400, -1101),
    ("/api/v3/time?a=1&a=2", 400, -1101),
    ("/api/v3/depth", 400, -1102),
    ("/api/v3/depth?symbol=", 400, -1102),
    ("/api/v3/depth?symbol=NOPE", 400, -1121),
    ("/api/v3/depth?symbol=btcusdt", 400, -1100),
    ("/api/v3/depth?symbol=BTCUSDT&limit=0", 400, -1130),
    ("/api/v3/depth?symbol=BTCUSDT&limit=x", 400, -1100),
    ("/api/v3/depth?symbol=BTCUSDT&limit=", 400, -1105),
    ("/api/v3/depth?symbol=BTCUSDT&foo=1", 400, -1104),
    ("/api/v3/trades?limit=5", 400, -1102),
    ("/api/v3/historicalTrades?symbol=BTCUSDT&fromId=-1", 400, -1100),
    ("/api/v3/aggTrades?symbol=BTCUSDT&fromId=1&startTime=1", 400, -1128),
    ("/api/v3/klines?symbol=BTCUSDT", 400, -1102),
    ("/api/v3/klines?symbol=BTCUSDT&interval=7m", 400, -1120),
    ("/api/v3/klines?symbol=BTCUSDT&interval=1m&timeZone=15", 400, -1130),
    ("/api/v3/avgPrice?symbol=NOPE", 400, -1121),
    ("/api/v3/ticker/24hr?symbol=BTCUSDT&symbols=%5B%22BTCUSDT%22%5D", 400, -1128),
    ("/api/v3/ticker/24hr?symbols=%5B%22BTCUSDT%22,%22BTCUSDT%22%5D", 400, -1151),
    ("/api/v3/ticker/24hr?type=HUGE", 400, -1139),
    ("/api/v3/ticker/24hr?symbolStatus=ASLEEP", 400, -1122),
    ("/api/v3/ticker/price?symbols=BTCUSDT", 400, -1100),
    ("/api/v3/ticker/price?symbols=%5B%5D", 400, -1130),
    ("/api/v3/ticker", 400, -1102),
    ("/api/v3/ticker?symbol=BTCUSDT&windowSize=8d", 400, -1130),
    ("/api/v3/ticker/tradingDay", 400, -1102),
    ("/api/v3/exchangeInfo?symbol=NOPE", 400, -1121),
    ("/api/v3/exchangeInfo?symbol=BTCUSDT&permissions=SPOT", 400, -1128),
    ("/api/v3/account", 401, -2014),
    ("/api/v9/ping", 404, -1000),
    ("/", 404, -1000),
    ("/api/v3/order/test", 405, -1020),
];

/// Signed requests: method, path, parameters, status, code.
const SIGNED: &[(&str, &str, &str, u16, i64)] = &[
    ("POST", "/api/v3/order", "", 400, -1102),
    ("POST", "/api/v3/order", "symbol=NOPE&side=BUY&type=MARKET&quantity=1", 400, -1121),
    ("POST", "/api/v3/order", "symbol=BTCUSDT&side=UP&type=MARKET&quantity=1", 400, -1117),
    ("POST", "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=MAYBE&quantity=1", 400, -1116),
    ("POST", "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=1", 400, -1102),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTX&quantity=1&price=1",
        400,
        -1115,
    ),
    ("POST", "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&price=1", 400, -1102),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0&price=1",
        400,
        -1013,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0",
        400,
        -1013,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=-1&price=1",
        400,
        -1100,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=NaN&price=1",
        400,
        -1100,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.000000001&price=1",
        400,
        -1111,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.000001&price=30000",
        400,
        -1013,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=30000.001",
        400,
        -1013,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=99999999999999999999&price=1e20",
        400,
        -1013,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=1",
        400,
        -1013,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=100&price=30000",
        400,
        -2010,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=9000&stopPrice=1",
        400,
        -1106,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=1&price=9000&icebergQty=0.1",
        400,
        -1014,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&timeInForce=GTC&quantity=1&price=9000",
        400,
        -1106,
    ),
    ("POST", "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET", 400, -1102),
    ("POST", "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&quoteOrderQty=1", 400, -1106),
    ("POST", "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&timeInForce=GTC", 400, -1106),
    ("POST", "/api/v3/order", "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=1", 400, -1102),
    ("POST", "/api/v3/order", "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=1&stopPrice=0", 400, -1013),
    ("POST", "/api/v3/order", "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&strategyType=5", 400, -1134),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&newClientOrderId=a%20b",
        400,
        -1100,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&newOrderRespType=ALL",
        400,
        -1130,
    ),
    (
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&selfTradePreventionMode=TRANSFER",
        400,
        -1013,
    ),
    ("POST", "/api/v3/order", "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&colour=red", 400, -1104),
    ("POST", "/api/v3/order/test", "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.000001", 400, -1013),
    ("DELETE", "/api/v3/order", "symbol=BTCUSDT", 400, -1102),
    ("DELETE", "/api/v3/order", "symbol=BTCUSDT&orderId=77", 400, -2011),
    ("DELETE", "/api/v3/order", "symbol=BTCUSDT&orderId=77&cancelRestrictions=ONLY_OLD", 400, -1145),
    ("DELETE", "/api/v3/openOrders", "symbol=BTCUSDT", 400, -2011),
    ("GET", "/api/v3/order", "symbol=BTCUSDT&orderId=77", 400, -2013),
    ("GET", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=nobody", 400, -2013),
    ("GET", "/api/v3/openOrders", "symbol=NOPE", 400, -1121),
    ("GET", "/api/v3/allOrders", "symbol=BTCUSDT&startTime=1&endTime=1600000000000", 400, -1127),
    ("GET", "/api/v3/allOrders", "symbol=BTCUSDT&startTime=2&endTime=1", 400, -1128),
    ("GET", "/api/v3/myTrades", "symbol=BTCUSDT&fromId=1&startTime=1", 400, -1128),
    ("GET", "/api/v3/myPreventedMatches", "symbol=BTCUSDT", 400, -1102),
    ("GET", "/api/v3/account", "omitZeroBalances=perhaps", 400, -1130),
    ("GET", "/api/v3/account", "foo=1", 400, -1104),
    (
        "POST",
        "/api/v3/order/cancelReplace",
        "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&cancelOrderId=5",
        400,
        -1102,
    ),
    (
        "POST",
        "/api/v3/order/cancelReplace",
        "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=5",
        400,
        -2022,
    ),
    ("PUT", "/api/v3/order/amend/keepPriority", "symbol=BTCUSDT&orderId=5&newQty=1", 400, -2013),
    ("PUT", "/api/v3/order/amend/keepPriority", "symbol=BTCUSDT&orderId=5", 400, -1102),
    (
        "POST",
        "/api/v3/orderList/oco",
        "symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT&belowType=STOP_LOSS",
        400,
        -1158,
    ),
    (
        "POST",
        "/api/v3/orderList/oco",
        "symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT_MAKER&belowType=LIMIT_MAKER",
        400,
        -1168,
    ),
    (
        "POST",
        "/api/v3/orderList/oco",
        "symbol=BTCUSDT&side=BUY&quantity=1&aboveType=LIMIT_MAKER&belowType=STOP_LOSS",
        400,
        -1165,
    ),
    (
        "POST",
        "/api/v3/orderList/oco",
        "symbol=BTCUSDT&side=SELL&quantity=1&aboveType=STOP_LOSS&belowType=TAKE_PROFIT",
        400,
        -1197,
    ),
    (
        "POST",
        "/api/v3/orderList/oto",
        "symbol=BTCUSDT&workingType=MARKET&workingSide=BUY&workingQuantity=1",
        400,
        -1130,
    ),
    ("POST", "/api/v3/orderList/otoco", "symbol=BTCUSDT", 400, -1102),
    (
        "POST",
        "/api/v3/order/oco",
        "symbol=BTCUSDT&side=SELL&quantity=1&price=1&stopPrice=1&stopLimitPrice=1",
        400,
        -1102,
    ),
    ("DELETE", "/api/v3/orderList", "symbol=BTCUSDT&orderListId=9", 400, -2011),
    ("GET", "/api/v3/orderList", "orderListId=9", 400, -2018),
    ("GET", "/api/v3/orderList", "", 400, -1102),
    ("PUT", "/api/v3/userDataStream", "listenKey=nope", 400, -1125),
    ("GET", "/api/v3/account/commission", "", 400, -1102),
];

#[tokio::test]
async fn wrong_requests_get_their_errors_and_change_nothing() {
    let venue = Venue::start().await;
    let (client, alice) = (venue.client(), venue.alice());
    let seq = venue.seq();
    for (target, status, code) in PUBLIC {
        let reply = client.get(target).await;
        assert_eq!(reply.refusal(), (*status, *code), "{target}: {}", reply.body);
        assert_json(&reply, target);
    }
    for (method, path, params, status, code) in SIGNED {
        let reply = alice.signed(method, path, params).await;
        assert_eq!(reply.refusal(), (*status, *code), "{method} {path} {params}: {}", reply.body);
        assert_json(&reply, path);
    }
    assert_eq!(venue.seq(), seq);
    venue.stop().await;
}

fn assert_json(reply: &crate::client::Reply, of: &str) {
    assert!(reply.header("content-type").is_some_and(|t| t.starts_with("application/json")), "{of}");
    assert!(reply.header("x-mbx-used-weight-1m").is_some(), "{of}");
    assert!(reply.json()["msg"].is_string(), "{of}");
}

#[tokio::test]
async fn a_signature_counts_only_as_it_was_made() {
    let venue = Venue::start().await;
    let client = venue.client();
    let (key, secret) = (&*venue.alice.api_key, &*venue.alice.secret);
    let payload = stamped("");
    let good = crate::client::sign(secret, &payload);
    let bad = crate::client::sign("x", &payload);
    let upper = good.to_ascii_uppercase();
    let old = "timestamp=1500000000000".to_owned();
    let late = crate::client::sign(secret, &old);
    let header = [("X-MBX-APIKEY", key)];
    let path = "/api/v3/account";
    for (target, headers, want) in [
        (format!("{path}?{payload}&signature={good}"), &header[..], (200, 0)),
        (format!("{path}?signature={upper}&{payload}"), &header[..], (200, 0)),
        (format!("{path}?{payload}&signature={bad}"), &header[..], (400, -1022)),
        (format!("{path}?{payload}&signature=zz"), &header[..], (400, -1022)),
        (format!("{path}?{payload}&signature="), &header[..], (400, -1102)),
        (format!("{path}?{payload}"), &header[..], (400, -1102)),
        (format!("{path}?omitZeroBalances=true&{payload}&signature={good}"), &header[..], (400, -1022)),
        (path.to_owned(), &header[..], (400, -1102)),
        (format!("{path}?{old}&signature={late}"), &header[..], (400, -1021)),
        (format!("{path}?{payload}&signature={good}"), &[][..], (401, -2014)),
        (format!("{path}?{payload}&signature={good}"), &[("X-MBX-APIKEY", "no key!")][..], (401, -2014)),
        (format!("{path}?{payload}&signature={good}"), &[("X-MBX-APIKEY", "unknown")][..], (401, -2015)),
    ] {
        assert_eq!(client.send("GET", &target, headers, "").await.refusal(), want, "{target}");
    }
    venue.stop().await;
}

#[tokio::test]
async fn parameters_may_stand_where_clients_put_them() {
    let venue = Venue::start().await;
    let client = venue.client();
    let order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=30000";
    let form = "application/x-www-form-urlencoded";
    let json = "application/json;charset=utf-8";
    // (query, body, content type): python-binance and ccxt, binance-connector, binance-sdk-spot, both mixed.
    for (query, body, kind) in [
        (String::new(), stamped(order), Some(form)),
        (stamped(order), String::new(), Some(json)),
        (stamped(order), String::new(), None),
        (order.to_owned(), stamped(""), Some(form)),
        (order.to_owned(), stamped("price=31000"), None),
    ] {
        let signature = crate::client::sign(&venue.alice.secret, &format!("{query}{body}"));
        let (query, body) = if body.is_empty() {
            (format!("{query}&signature={signature}"), body)
        } else {
            (query, format!("{body}&signature={signature}"))
        };
        let mut headers = vec![("X-MBX-APIKEY", &*venue.alice.api_key)];
        headers.extend(kind.map(|kind| ("Content-Type", kind)));
        let target = format!("/api/v3/order?{query}");
        let placed = client.send("POST", &target, &headers, &body).await.ok();
        assert_eq!(placed["price"], "30000.00000000", "the query's price counts");
    }
    venue.stop().await;
}

#[tokio::test]
async fn other_methods_get_sensible_answers() {
    let venue = Venue::start().await;
    let client: Client = venue.client();
    let head = client.send("HEAD", "/api/v3/ping", &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let options = client.send("OPTIONS", "/api/v3/order", &[], "").await;
    assert_eq!((options.status, options.header("allow")), (200, Some("POST, DELETE, GET")));
    let wrong = client.send("PATCH", "/api/v3/order", &[], "").await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED.as_u16());
    venue.stop().await;
}
