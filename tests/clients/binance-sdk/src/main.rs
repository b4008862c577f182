//! Binance's official Rust SDK against a running exchange: REST, WebSocket API, streams, exact balances, errors.

mod exchange;

use std::future::Future;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use binance_sdk::config::{ConfigurationRestApi, ConfigurationWebsocketApi, ConfigurationWebsocketStreams};
use binance_sdk::errors::ConnectorError;
use binance_sdk::spot::rest_api::{
    DeleteOrderParams, DepthParams, GetAccountParams, MyTradesParams, NewOrderParams, NewOrderSideEnum,
    NewOrderTimeInForceEnum, NewOrderTypeEnum, RestApi,
};
use binance_sdk::spot::websocket_api::{
    OrderPlaceParams, OrderPlaceSideEnum, OrderPlaceTimeInForceEnum, OrderPlaceTypeEnum,
    UserDataStreamSubscribeSignatureParams,
};
use binance_sdk::spot::websocket_streams::TradeParams;
use binance_sdk::spot::{SpotRestApi, SpotWsApi, SpotWsStreams};
use exchange::{Account, Exchange};
use rust_decimal::Decimal;
use tokio::sync::mpsc;

/// How long one awaited thing may take: far above what it takes.
const WAIT_MAX: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> Result<()> {
    let exchange = Exchange::start()?;
    let (maker, taker) = (exchange.account("maker")?, exchange.account("taker")?);
    let mut counts = Counts::default();
    counts.check("rest: orders and exact balances", orders(&exchange, &maker, &taker)).await;
    counts.check("rest: errors", errors(&exchange, &taker)).await;
    counts.check("WebSocket API and streams", sockets(&exchange, &maker, &taker)).await;
    counts.check("ledger", async { exchange.verify() }).await;
    println!("suite binance-sdk: {} passed, {} failed", counts.passed, counts.failed);
    ensure!(counts.failed == 0, "some tests failed");
    Ok(())
}

#[derive(Default)]
struct Counts {
    passed: u32,
    failed: u32,
}

impl Counts {
    async fn check(&mut self, name: &str, test: impl Future<Output = Result<()>>) {
        match tokio::time::timeout(WAIT_MAX, test).await.map_err(anyhow::Error::from).flatten() {
            Ok(()) => {
                self.passed += 1;
                println!("ok     binance-sdk: {name}");
            }
            Err(error) => {
                self.failed += 1;
                println!("FAILED binance-sdk: {name}\n{error:?}");
            }
        }
    }
}

fn rest(exchange: &Exchange, account: &Account) -> Result<RestApi> {
    let config =
        ConfigurationRestApi::builder().api_key(account.key.clone()).api_secret(account.secret.clone());
    Ok(SpotRestApi::from_config(config.base_path(exchange.http.clone()).retries(0_u32).build()?))
}

fn limit(side: NewOrderSideEnum, quantity: Decimal, price: i64) -> Result<NewOrderParams> {
    let order = NewOrderParams::builder("BTCUSDT".into(), side, NewOrderTypeEnum::Limit);
    let order = order.time_in_force(NewOrderTimeInForceEnum::Gtc).quantity(quantity);
    Ok(order.price(Decimal::from(price)).build()?)
}

/// A tenth of a bitcoin, `n` times.
fn tenths(n: i64) -> Decimal {
    Decimal::new(n, 1)
}

async fn orders(exchange: &Exchange, maker: &Account, taker: &Account) -> Result<()> {
    let (a, b) = (rest(exchange, maker)?, rest(exchange, taker)?);
    a.ping().await?;
    let resting = a.new_order(limit(NewOrderSideEnum::Sell, tenths(4), 30_000)?).await?.data().await?;
    ensure!(resting.status.as_deref() == Some("NEW"), "{resting:?}");
    let bought = b.new_order(limit(NewOrderSideEnum::Buy, tenths(1), 30_000)?).await?.data().await?;
    ensure!(bought.status.as_deref() == Some("FILLED"), "{bought:?}");
    ensure!(bought.cummulative_quote_qty.as_deref() == Some("3000.00000000"), "{bought:?}");
    let depth = a.depth(DepthParams::builder("BTCUSDT".into()).build()?).await?.data().await?;
    ensure!(depth.asks == Some(vec![vec!["30000.00000000".into(), "0.30000000".into()]]), "{depth:?}");
    let cancel =
        DeleteOrderParams::builder("BTCUSDT".into()).order_id(resting.order_id.context("an id")?).build()?;
    let gone = a.delete_order(cancel).await?.data().await?;
    ensure!(gone.status.as_deref() == Some("CANCELED"), "{gone:?}");
    let fills = b.my_trades(MyTradesParams::builder("BTCUSDT".into()).build()?).await?.data().await?;
    ensure!(fills.len() == 1, "{fills:?}");
    let account = b.get_account(GetAccountParams::builder().build()?).await?.data().await?;
    let free = |asset: &str| {
        let held = account.balances.iter().flatten().find(|held| held.asset.as_deref() == Some(asset));
        held.and_then(|held| held.free.clone())
    };
    ensure!(free("BTC").as_deref() == Some("5.09990000"), "{account:?}");
    ensure!(free("USDT").as_deref() == Some("97000.00000000"), "{account:?}");
    Ok(())
}

async fn errors(exchange: &Exchange, taker: &Account) -> Result<()> {
    let b = rest(exchange, taker)?;
    let refused = b.new_order(limit(NewOrderSideEnum::Buy, Decimal::from(1_000), 30_000)?).await;
    expect_code(refused.err(), -2010)?;
    let cancel = DeleteOrderParams::builder("BTCUSDT".into()).order_id(999_999_i64).build()?;
    expect_code(b.delete_order(cancel).await.err(), -2011)?;
    let stranger = Account { key: "x".repeat(64), secret: "y".into() };
    let refused = rest(exchange, &stranger)?.get_account(GetAccountParams::builder().build()?).await;
    let error = refused.err().context("a stranger was let in")?;
    let known =
        matches!(error.downcast_ref(), Some(ConnectorError::UnauthorizedError { code: Some(-2015), .. }));
    ensure!(known, "{error:?}");
    Ok(())
}

fn expect_code(error: Option<anyhow::Error>, expected: i64) -> Result<()> {
    let error = error.context("it was not refused")?;
    let fits = matches!(error.downcast_ref(), Some(ConnectorError::BadRequestError { code: Some(code), .. }) if *code == expected);
    ensure!(fits, "{expected} expected: {error:?}");
    Ok(())
}

async fn sockets(exchange: &Exchange, maker: &Account, taker: &Account) -> Result<()> {
    let config =
        ConfigurationWebsocketApi::builder().api_key(taker.key.clone()).api_secret(taker.secret.clone());
    let api = SpotWsApi::from_config(config.ws_url(format!("{}/ws-api/v3", exchange.ws)).build()?)
        .connect()
        .await?;
    let config =
        ConfigurationWebsocketStreams::builder().ws_url(format!("{}/stream", exchange.ws)).build()?;
    let streams = SpotWsStreams::from_config(config).connect().await?;
    let (told, mut heard) = mpsc::unbounded_channel();
    let (_, user) =
        api.user_data_stream_subscribe_signature(UserDataStreamSubscribeSignatureParams::default()).await?;
    let tell = told.clone();
    user.on_message(move |event| tell.send(format!("user {event:?}")).unwrap_or_default());
    let trades = streams.trade(TradeParams::builder("btcusdt".into()).build()?).await?;
    trades.on_message(move |trade| told.send(format!("trade {trade:?}")).unwrap_or_default());

    let a = rest(exchange, maker)?;
    a.new_order(limit(NewOrderSideEnum::Sell, tenths(5), 31_000)?).await?;
    let order =
        OrderPlaceParams::builder("BTCUSDT".into(), OrderPlaceSideEnum::Buy, OrderPlaceTypeEnum::Limit);
    let order =
        order.time_in_force(OrderPlaceTimeInForceEnum::Gtc).quantity(tenths(2)).price(Decimal::from(31_000));
    let bought = api.order_place(order.build()?).await?.data()?;
    ensure!(bought.status.as_deref() == Some("FILLED"), "{bought:?}");
    let mut missing = vec!["trade", "user ExecutionReport", "user OutboundAccountPosition"];
    while !missing.is_empty() {
        let message =
            heard.recv().await.with_context(|| format!("the streams ended; missing {missing:?}"))?;
        missing.retain(|start| !message.starts_with(start));
    }
    api.disconnect().await?;
    streams.disconnect().await?;
    Ok(())
}
