//! Parameters as clients send them, and as nobody should.

use types::Time;

use super::*;

fn query(text: &str) -> Result<Params, i32> {
    Params::from_query_and_body(text, "").map_err(|e| e.code)
}

#[test]
fn a_query_and_a_body_are_one_set_and_the_query_wins() {
    let params = Params::from_query_and_body("symbol=A&side=BUY", "symbol=B&price=1").unwrap();
    assert_eq!(params.get("symbol"), Some("A"));
    assert_eq!(params.get("price"), Some("1"));
    assert_eq!(query("a=1&b=2&a=1"), Err(-1101));
    assert_eq!(Params::from_query_and_body("", "a=1&a=2").map_err(|e| e.code), Err(-1101));
    let many: String = (0..=PARAMS_MAX).map(|i| format!("p{i}=1&")).collect();
    assert_eq!(query(&many), Err(-1101));
}

#[test]
fn texts_are_decoded_once() {
    for (sent, want) in [
        ("a=%5B%22BTCUSDT%22%5D", "[\"BTCUSDT\"]"),
        ("a=x+y", "x y"),
        ("a=%EF%BC%91", "１"),
        ("a=%2525", "%25"),
        ("a=%", "%"),
        ("a=%4", "%4"),
        ("a=%zz", "%zz"),
        ("a=%ff", "\u{fffd}"),
        ("a=b=c", "b=c"),
        ("a", ""),
    ] {
        assert_eq!(query(sent).unwrap().get("a"), Some(want), "{sent}");
    }
}

#[test]
fn numbers_keep_their_spelling_in_json() {
    let params = Params::from_json(
        r#"{"quantity": 0.00001, "price":"1e5","n":12345678901234567890,"t":true,"s":["A", "B"],"none":null}"#,
    )
    .unwrap();
    assert_eq!(params.get("quantity"), Some("0.00001"));
    assert_eq!(params.get("price"), Some("1e5"));
    assert_eq!(params.get("n"), Some("12345678901234567890"));
    assert_eq!(params.get("t"), Some("true"));
    assert_eq!(params.get("s"), Some(r#"["A", "B"]"#));
    assert!(!params.has("none"));
    for bad in ["", "[]", "1", "{", "{\"a\":}", "{\"a\":1} x", "null"] {
        assert_eq!(Params::from_json(bad).map_err(|e| e.code), Err(-1135), "{bad}");
    }
    assert_eq!(Params::from_json(r#"{"a":1,"a":2}"#).map_err(|e| e.code), Err(-1101));
}

#[test]
fn what_an_endpoint_does_not_read_is_refused() {
    let params = query("symbol=A&foo=1&timestamp=1&signature=x").unwrap();
    assert_eq!(params.only(&["symbol", "foo"]), Ok(()));
    let error = params.only(&["symbol"]).unwrap_err();
    assert_eq!(error.code, -1104);
    assert!(error.message.contains("read '3' parameter(s) but was sent '4'"), "{}", error.message);
    assert_eq!(params.only(&[]).unwrap_err().code, -1101);
}

#[test]
fn integers_times_and_words_are_read_strictly() {
    let params =
        query("a=5&b=&c=x&d=-1&e=99999999999999999999&f=1e3&g=1499827319559.0&h=TRUE&i=maybe").unwrap();
    assert_eq!(params.int("a"), Ok(Some(5)));
    assert_eq!(params.int("z"), Ok(None));
    for (name, code) in [("b", -1105), ("c", -1100), ("d", -1100), ("f", -1100)] {
        assert_eq!(params.int(name).map_err(|e| e.code), Err(code), "{name}");
    }
    assert_eq!(params.int("e"), Ok(Some(i64::MAX)));
    assert_eq!(params.time("g"), Ok(Some(Time::from_millis(1_499_827_319_559))));
    assert_eq!(params.bool("h"), Ok(Some(true)));
    assert_eq!(params.bool("i").map_err(|e| e.code), Err(-1130));
    assert_eq!(params.mandatory("b").map_err(|e| e.code), Err(-1102));
    let micros = query("t=1499827319559123").unwrap();
    assert_eq!(micros.time("t"), Ok(Some(Time::from_micros(1_499_827_319_559_123))));
    for (limit, want) in [("", 7), ("limit=3", 3), ("limit=5000", 10)] {
        assert_eq!(query(limit).unwrap().limit(7, 10), Ok(want));
    }
    assert_eq!(query("limit=0").unwrap().limit(7, 10).map_err(|e| e.code), Err(-1130));
}

#[test]
fn symbols_are_a_json_array() {
    assert_eq!(symbols(r#"["BTCUSDT", "ETHUSDT"]"#), Ok(vec!["BTCUSDT".into(), "ETHUSDT".into()]));
    for bad in ["BTCUSDT", "[BTCUSDT]", "[1]", r#"["btcusdt"]"#, r#"{"a":1}"#, ""] {
        assert_eq!(symbols(bad).map_err(|e| e.code), Err(-1100), "{bad}");
    }
}

#[test]
fn the_websocket_apis_signed_text_is_sorted_and_whole() {
    let params =
        Params::from_json(r#"{"symbol":"１","apiKey":"k","signature":"s","returnRateLimits":false}"#)
            .unwrap();
    assert_eq!(params.sorted_payload(), "apiKey=k&returnRateLimits=false&symbol=１");
    assert_eq!(params.sorted_payload_encoded(), "apiKey=k&returnRateLimits=false&symbol=%EF%BC%91");
}
