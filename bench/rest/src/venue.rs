//! The servers under load: the exchange's API with a filled book and one account, and a bare hyper server beside it.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use exchange_api::{ApiConfig, serve};
use exchange_host::keys::Grant;
use exchange_host::{Durability, Handle, Host, HostConfig, Permissions, open};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ring::hmac;
use tokio::net::TcpListener;
use types::command::NewOrder;
use types::order::Tags;
use types::{
    AccountId, AccountName, ClientOrderId, Command, FeeRate, MarketId, Money, Price, Qty, Side, StpMode,
    Terms, TimeInForce,
};

use crate::load::Requests;

/// Levels per side of the book.
const LEVELS: i64 = 150;
/// One whole unit.
const UNIT: i64 = 100_000_000;

pub struct Venue {
    pub addr: SocketAddr,
    api_key: String,
    secret: hmac::Key,
    _host: Host,
    _stopper: http::Stopper,
}

pub async fn venue(dir: &Path, durability: Durability) -> Venue {
    let host = open(&HostConfig { durability, ..HostConfig::new(dir) }, &mut |_| {}).expect("a host");
    let handle = host.handle();
    // Two makers, because an account may have 200 orders on a market.
    let buyer = account(&handle, 1_001, "buyer").await;
    let seller = account(&handle, 1_002, "seller").await;
    let taker = account(&handle, 1_003, "taker").await;
    for level in 0..LEVELS {
        // The best ask holds enough for every order of the run.
        let deep = if level == 0 { 8_000 * UNIT } else { UNIT };
        place(&handle, buyer, Side::Buy, 29_999 - level, UNIT / 100, level).await;
        place(&handle, seller, Side::Sell, 30_000 + level, deep, level).await;
    }
    let permissions = Permissions { read: true, trade: true };
    let name = AccountName::new("taker").expect("a name");
    let grant = Grant { account: taker, account_name: &name, permissions, label: "bench" };
    let key = handle.keys().create_hmac(&grant).expect("a key");
    let (stopper, stop) = http::stop();
    let mut config = ApiConfig { rate: None, ..ApiConfig::default() };
    config.addr.set_port(0);
    let server = serve(handle, config, stop).await.expect("a server");
    let secret = hmac::Key::new(hmac::HMAC_SHA256, key.secret.as_bytes());
    Venue { addr: server.local_addr(), api_key: key.api_key, secret, _host: host, _stopper: stopper }
}

async fn account(handle: &Handle, id: u32, name: &str) -> AccountId {
    let (id, name) = (AccountId(id), AccountName::new(name).expect("a name"));
    let fee = FeeRate(100_000);
    submit(handle, Command::OpenAccount { account: id, name, maker: fee, taker: fee }).await;
    for asset in handle.view().catalog().assets.clone() {
        let amount = Money(i128::from(UNIT) * 100_000_000);
        submit(handle, Command::Deposit { account: id, asset: asset.id, amount }).await;
    }
    id
}

async fn place(handle: &Handle, account: AccountId, side: Side, price: i64, qty: i64, number: i64) {
    let terms =
        Terms::Limit { price: Price(price * UNIT), qty: Qty(qty), tif: TimeInForce::Gtc, display: None };
    let client_id = ClientOrderId::new(&format!("book-{number}")).expect("an id");
    let market = MarketId(0);
    let order =
        NewOrder { account, market, client_id, side, terms, stp: StpMode::None, tags: Tags::default() };
    submit(handle, Command::Place(order)).await;
}

async fn submit(handle: &Handle, command: Command) {
    handle.submit(command, None).await.expect("the exchange accepts it");
}

impl Venue {
    /// Market orders of 0.001 BTC, each signed anew and each a trade.
    pub fn orders(&self) -> Requests {
        let (api_key, secret) = (self.api_key.clone(), self.secret.clone());
        Arc::new(move || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
            let query = format!("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001&timestamp={now}");
            let mut request = format!("POST /api/v3/order?{query}&signature=");
            for byte in hmac::sign(&secret, query.as_bytes()).as_ref() {
                let _ = write!(request, "{byte:02x}");
            }
            let _ = write!(
                request,
                " HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: {api_key}\r\nContent-Length: 0\r\n\r\n"
            );
            request.into_bytes()
        })
    }
}

/// The same request again and again.
pub fn get(target: &str) -> Requests {
    let bytes = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes();
    Arc::new(move || bytes.clone())
}

/// A hyper server that answers everything with `body`, as little around it as possible.
pub async fn hello(body: Bytes) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("a bound socket");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("a TCP socket");
            let body = body.clone();
            let answer = service_fn(move |_: hyper::Request<Incoming>| {
                let body = body.clone();
                async move { Ok::<_, Infallible>(hyper::Response::new(Full::new(body))) }
            });
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(connection);
        }
    });
    addr
}
