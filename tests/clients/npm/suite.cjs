'use strict';
// The npm clients `binance` and `binance-api-node` against a running exchange.

const assert = require('node:assert/strict');
const { MainClient, WebsocketClient } = require('binance');
const { default: ApiNode } = require('binance-api-node');
const WebSocket = require('ws');
const { Inbox, check, finish, refused, withExchange } = require('./exchange.cjs');

const LIMIT = { symbol: 'BTCUSDT', type: 'LIMIT', timeInForce: 'GTC' };
const QUIET = { trace() {}, silly() {}, debug() {}, notice() {}, info() {}, warning() {}, error: console.error };

async function binance(exchange) {
  const [maker, taker] = ['binance-maker', 'binance-taker'].map((n) => exchange.account(n, { USDT: '100000', BTC: '5' }));
  const client = (keys) => new MainClient({ api_key: keys.api_key, api_secret: keys.secret, baseUrl: exchange.http });
  const [a, b] = [client(maker), client(taker)];

  await check('binance: orders and fills', async () => {
    const info = await a.getExchangeInfo({ symbol: 'BTCUSDT' });
    assert.equal(info.symbols[0].baseAsset, 'BTC');
    const sell = await a.submitNewOrder({ ...LIMIT, side: 'SELL', quantity: 0.4, price: 30000 });
    const bought = await b.submitNewOrder({ ...LIMIT, side: 'BUY', quantity: 0.1, price: 30000 });
    assert.equal(bought.status, 'FILLED');
    assert.equal(bought.fills[0].commission, '0.00010000');
    const replaced = await a.replaceOrder({
      ...LIMIT, side: 'SELL', quantity: 0.2, price: 33000, cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrderId: sell.orderId,
    });
    assert.equal(replaced.newOrderResult, 'SUCCESS');
    assert.equal((await a.getOpenOrders({ symbol: 'BTCUSDT' })).length, 1);
    await a.cancelAllSymbolOrders({ symbol: 'BTCUSDT' });
    assert.deepEqual(await a.getOpenOrders({ symbol: 'BTCUSDT' }), []);
    assert.equal((await b.getAccountTradeList({ symbol: 'BTCUSDT' })).length, 1);
    const held = Object.fromEntries((await b.getAccountInformation()).balances.map((x) => [x.asset, x.free]));
    assert.equal(String(held.BTC), '5.09990000');
    assert.equal(String(held.USDT), '97000.00000000');
  });

  await check('binance: errors', async () => {
    const wrong = await refused(() => b.submitNewOrder({ ...LIMIT, side: 'BUY', quantity: 1000, price: 30000 }));
    assert.equal(wrong.code, -2010);
    assert.equal((await refused(() => b.getOrder({ symbol: 'BTCUSDT', orderId: 999999 }))).code, -2013);
    const stranger = client({ api_key: 'x'.repeat(64), secret: 'y' });
    assert.equal((await refused(() => stranger.getAccountInformation())).code, -2015);
  });

  await check('binance: streams', async () => {
    const inbox = new Inbox();
    const options = { wsUrl: `${exchange.ws}/ws`, api_key: taker.api_key, api_secret: taker.secret };
    const ws = new WebsocketClient({ ...options, beautify: false, restOptions: { baseUrl: exchange.http } }, QUIET);
    ws.on('message', inbox.put);
    ws.on('response', inbox.put);
    ws.on('exception', inbox.put);
    await ws.subscribe(['btcusdt@trade', 'btcusdt@depth@100ms'], 'main');
    await inbox.until((m) => m.result === null || m.success || m.id !== undefined, 'the answer to the subscription');
    await a.submitNewOrder({ ...LIMIT, side: 'SELL', quantity: 0.5, price: 31000 });
    await b.submitNewOrder({ ...LIMIT, side: 'BUY', quantity: 0.2, price: 31000 });
    const trade = await inbox.until((m) => (m.data ?? m).e === 'trade', 'the trade');
    assert.equal((trade.data ?? trade).p, '31000.00000000');
    await inbox.until((m) => (m.data ?? m).e === 'depthUpdate', 'the depth');
    ws.closeAll(true);
    await a.cancelAllSymbolOrders({ symbol: 'BTCUSDT' });
  });
}

// Tells of every WebSocket that opens from now on: how many there were.
function openedSockets() {
  const inbox = new Inbox();
  const { emit } = WebSocket.prototype;
  let opened = 0;
  WebSocket.prototype.emit = function told(event, ...rest) {
    if (event === 'open') inbox.put((opened += 1));
    return emit.call(this, event, ...rest);
  };
  return inbox;
}

async function apiNode(exchange) {
  const [maker, taker] = ['node-maker', 'node-taker'].map((n) => exchange.account(n, { USDT: '100000', BTC: '5' }));
  const client = (keys) =>
    ApiNode({
      apiKey: keys.api_key, apiSecret: keys.secret, httpBase: exchange.http, wsBase: `${exchange.ws}/ws`,
      wsApi: `${exchange.ws}/ws-api/v3`,
    });
  const [a, b] = [client(maker), client(taker)];

  await check('binance-api-node: orders, streams and fills', async () => {
    const inbox = new Inbox();
    await b.ping();
    assert.ok((await b.exchangeInfo()).symbols.length >= 5);
    const stopUser = await b.ws.user(inbox.put);
    const sockets = openedSockets();
    const stopTrades = b.ws.trades(['BTCUSDT'], inbox.put);
    const stopDepth = b.ws.depth('BTCUSDT', inbox.put);
    // The streams stand in the addresses: once both sockets are open, everything is streamed.
    await sockets.until((n) => n === 2, 'the open sockets');
    const sell = await a.order({ symbol: 'BTCUSDT', side: 'SELL', quantity: '0.5', price: '32000' });
    assert.equal(sell.status, 'NEW');
    await inbox.until((m) => m.eventType === 'depthUpdate', 'the depth');
    const bought = await b.order({ symbol: 'BTCUSDT', side: 'BUY', quantity: '0.2', price: '32000' });
    assert.equal(bought.status, 'FILLED');
    const trade = await inbox.until((m) => m.eventType === 'trade', 'the trade');
    assert.equal(trade.price, '32000.00000000');
    const report = await inbox.until((m) => m.eventType === 'executionReport' && m.orderStatus === 'FILLED', 'the report');
    assert.equal(report.orderId, bought.orderId);
    await inbox.until((m) => m.eventType === 'outboundAccountPosition' || m.eventType === 'account', 'the balances');
    for (const stop of [stopUser, stopTrades, stopDepth]) stop();
    assert.equal((await a.getOrder({ symbol: 'BTCUSDT', orderId: sell.orderId })).executedQty, '0.20000000');
    assert.equal((await a.cancelOrder({ symbol: 'BTCUSDT', orderId: sell.orderId })).status, 'CANCELED');
    const held = Object.fromEntries((await b.accountInfo()).balances.map((x) => [x.asset, x.free]));
    assert.equal(held.USDT, '93600.00000000');
    assert.equal(held.BTC, '5.19980000');
    assert.equal((await b.myTrades({ symbol: 'BTCUSDT' })).length, 1);
    assert.ok((await b.candles({ symbol: 'BTCUSDT', interval: '1m' })).length >= 1);
    assert.deepEqual((await b.book({ symbol: 'BTCUSDT' })).asks, []);
  });

  await check('binance-api-node: errors', async () => {
    const order = { symbol: 'BTCUSDT', side: 'BUY', quantity: '1000', price: '32000' };
    assert.equal((await refused(() => b.order(order))).code, -2010);
    assert.equal((await refused(() => b.cancelOrder({ symbol: 'BTCUSDT', orderId: 999999 }))).code, -2011);
    assert.equal((await refused(() => b.book({ symbol: 'NOSUCH' }))).code, -1121);
  });
}

(async () => {
  await withExchange(['--no-participants'], async (exchange) => {
    await binance(exchange);
    await apiNode(exchange);
  });
  finish('npm');
})();
