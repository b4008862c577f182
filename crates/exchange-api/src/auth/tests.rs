//! The published example keys of binance/binance-spot-api-docs (rest-api.md, web-socket-api.md @ a5e0bc3): what we say is
//! signed is what gives their signatures.

use ring::hmac;

use super::without_signature;
use crate::params::Params;

const SECRET: &[u8] = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
const API_KEY: &str = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";

fn hex(payload: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), payload);
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn rest_payloads_give_the_published_signatures() {
    let order =
        "side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559";
    for (query, body, want) in [
        (
            format!("symbol=LTCBTC&{order}&signature=x"),
            "",
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
        ),
        (
            format!("symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&signature=x&{order}"),
            "",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
        (
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC".to_owned(),
            "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559&signature=x",
            "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77",
        ),
    ] {
        assert_eq!(hex(&without_signature(&query, body)), want, "{query} {body}");
    }
}

#[test]
fn websocket_payloads_give_the_published_signatures() {
    for (symbol, side, price, quantity, window, want) in [
        (
            "BTCUSDT",
            "SELL",
            "52000.00",
            "0.01000000",
            100,
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        ),
        (
            "１２３４５６",
            "BUY",
            "0.10000000",
            "1.00000000",
            5000,
            "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
        ),
    ] {
        let text = format!(
            r#"{{"symbol":"{symbol}","side":"{side}","type":"LIMIT","timeInForce":"GTC","price":"{price}",
            "quantity":"{quantity}","recvWindow":{window},"timestamp":1645423376532,"apiKey":"{API_KEY}",
            "signature":"x"}}"#
        );
        let params = Params::from_json(&text).unwrap();
        assert_eq!(hex(params.sorted_payload().as_bytes()), want, "{symbol}");
    }
}
