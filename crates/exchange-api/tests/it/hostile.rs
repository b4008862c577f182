//! Hostile input: whatever comes, there is an answer below 500, soon, and the exchange is as it was.
//!
//! Random requests come from a seeded generator, so a failure is repeated by running the test again.

use std::time::Duration;

use crate::client::{Client, stamped};
use crate::venue::Venue;

/// Far longer than any answer takes: a hang fails the test instead of stopping it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A small generator (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(n).unwrap()).unwrap()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const METHODS: &[&str] = &["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE", "X"];
const PATHS: &[&str] = &[
    "/api/v3/order",
    "/api/v3/order/test",
    "/api/v3/order/cancelReplace",
    "/api/v3/order/amend/keepPriority",
    "/api/v3/orderList/oco",
    "/api/v3/orderList/oto",
    "/api/v3/orderList/otoco",
    "/api/v3/order/oco",
    "/api/v3/orderList",
    "/api/v3/openOrders",
    "/api/v3/allOrders",
    "/api/v3/myTrades",
    "/api/v3/account",
    "/api/v3/klines",
    "/api/v3/depth",
    "/api/v3/aggTrades",
    "/api/v3/ticker/24hr",
    "/api/v3/ticker",
    "/api/v3/ticker/tradingDay",
    "/api/v3/exchangeInfo",
    "/api/v3/userDataStream",
    "/api/v3/%00",
    "/api/v3/../v3/ping",
    "//",
    "/ws",
    "/stream",
    "/ws-api/v3",
];
const NAMES: &[&str] = &[
    "symbol",
    "symbols",
    "side",
    "type",
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "stopPrice",
    "trailingDelta",
    "icebergQty",
    "newClientOrderId",
    "orderId",
    "origClientOrderId",
    "limit",
    "startTime",
    "endTime",
    "fromId",
    "interval",
    "timeZone",
    "windowSize",
    "recvWindow",
    "cancelReplaceMode",
    "cancelOrderId",
    "newQty",
    "aboveType",
    "belowType",
    "workingType",
    "pendingSide",
    "strategyType",
    "",
    "%",
    "a%00b",
];
/// Orders of these sides and types cannot be placed by accident: no quantity here passes the filters.
const VALUES: &[&str] = &[
    "BTCUSDT",
    "ETHBTC",
    "NOPE",
    "BUY",
    "SELL",
    "LIMIT",
    "MARKET",
    "STOP_LOSS_LIMIT",
    "LIMIT_MAKER",
    "GTC",
    "0",
    "-1",
    "1e-9",
    "1e308",
    "NaN",
    "inf",
    "99999999999999999999",
    "170141183460469231731687303715884105728",
    "0.000000001",
    "null",
    "true",
    "{}",
    "[]",
    "%5B%22BTCUSDT%22%5D",
    "%ff%fe",
    "%F0%9F%98%80",
    "'%20OR%201=1--",
    "..%2f..%2fetc",
    "1m",
    "1M",
    "",
    "%0d%0aX:%20y",
];

fn params(dice: &mut Dice) -> String {
    let count = dice.below(9);
    let pairs: Vec<String> =
        (0..count).map(|_| format!("{}={}", dice.pick(NAMES), dice.pick(VALUES))).collect();
    pairs.join("&")
}

async fn bounded(client: &Client, bytes: &[u8]) -> Option<u16> {
    let reply = tokio::time::timeout(PATIENCE, client.raw(bytes)).await.expect("an answer, or the end");
    reply.map(|reply| reply.status)
}

#[tokio::test]
async fn random_requests_are_answered_and_change_nothing() {
    let venue = Venue::start().await;
    let (client, alice) = (venue.client(), venue.alice());
    let (seq, before) = (venue.seq(), alice.signed("GET", "/api/v3/account", "").await.ok());
    let mut dice = Dice(20_261_120);
    for round in 0..3_000 {
        let (method, path, params) = (dice.pick(METHODS), dice.pick(PATHS), params(&mut dice));
        let reply = match round % 3 {
            0 => client.send(method, &format!("{path}?{params}"), &[], "").await,
            1 => client.send(method, path, &[("Content-Type", "application/json")], &params).await,
            _ => alice.signed(method, path, &params).await,
        };
        assert!(reply.status < 500, "{method} {path} {params}: {} {}", reply.status, reply.body);
    }
    assert_eq!(venue.seq(), seq, "a hostile request took effect");
    let after = alice.signed("GET", "/api/v3/account", "").await.ok();
    assert_eq!(after["balances"], before["balances"]);
    assert_eq!(venue.server.counts().panics, 0);
    venue.stop().await;
}

#[tokio::test]
async fn random_bytes_are_answered_or_cut_off() {
    let venue = Venue::start().await;
    let client = venue.client();
    let seq = venue.seq();
    let mut dice = Dice(7);
    let good =
        b"POST /api/v3/order?symbol=BTCUSDT&x=%41 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\na=1&";
    for _ in 0..1_000 {
        // A valid request with some bytes changed, cut at a random place.
        let mut bytes = good.to_vec();
        for _ in 0..dice.below(6) {
            let at = dice.below(bytes.len());
            bytes[at] = u8::try_from(dice.below(256)).unwrap();
        }
        bytes.truncate(dice.below(bytes.len()) + 1);
        let status = bounded(&client, &bytes).await;
        assert!(status.is_none_or(|status| status < 500), "{status:?} to {bytes:?}");
    }
    assert_eq!(venue.seq(), seq);
    assert_eq!(venue.server.counts().panics, 0);
    venue.stop().await;
}

#[tokio::test]
async fn sizes_out_of_bounds_are_refused() {
    let venue = Venue::start().await;
    let (client, key) = (venue.client(), &*venue.alice.api_key);
    let headers = [("X-MBX-APIKEY", key)];
    let huge = "x".repeat(300 * 1024);
    assert_eq!(client.send("POST", "/api/v3/order", &headers, &huge).await.refusal(), (413, -1000));
    let chunked = format!(
        "POST /api/v3/order HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{huge}\r\n0\r\n\r\n",
        huge.len()
    );
    assert_eq!(bounded(&client, chunked.as_bytes()).await, Some(413));
    let long = format!("/api/v3/depth?symbol={}", "A".repeat(100_000));
    let status = bounded(&client, format!("GET {long} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await;
    assert!(status.is_none_or(|status| (400..500).contains(&status)), "{status:?}");
    let many: String = (0..200).map(|i| format!("X-{i}: y\r\n")).collect();
    let status = bounded(&client, format!("GET /api/v3/ping HTTP/1.1\r\n{many}\r\n").as_bytes()).await;
    assert_eq!(status, Some(431));
    let pairs = format!("{}&a=1", (0..150).map(|i| format!("p{i}=1")).collect::<Vec<_>>().join("&"));
    assert_eq!(
        client.send("POST", "/api/v3/order", &headers, &stamped(&pairs)).await.refusal(),
        (400, -1101)
    );
    assert_eq!(client.send("POST", "/api/v3/order", &headers, "\u{0}=%ff").await.refusal(), (400, -1102));
    venue.stop().await;
}
