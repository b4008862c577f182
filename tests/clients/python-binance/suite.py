"""python-binance (REST, streams, WebSocket API) against a running exchange."""

import asyncio
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from binance import AsyncClient, BinanceSocketManager, Client  # noqa: E402
from binance.exceptions import BinanceAPIException  # noqa: E402
from tradewind import WAIT_SECONDS_MAX, Decimal, Exchange, check, equal, finish, raises, true  # noqa: E402


def rest(maker, taker):
    """Everything over REST. `maker` and `taker` are pairs of client and account."""
    (a, a_account), (b, b_account) = maker, taker

    def market_data():
        equal(a.ping(), {})
        true(a.get_server_time()["serverTime"] > 0, "time")
        equal(a.get_symbol_info("BTCUSDT")["quoteAsset"], "USDT")
        equal(a.get_symbol_info("NOSUCH"), None)
        equal(a.get_system_status()["status"], 0)
        equal(a.get_order_book(symbol="BTCUSDT")["bids"], [])

    def limit_orders():
        sell = a.order_limit_sell(symbol="BTCUSDT", quantity="0.40000", price="30000.00")
        equal((sell["status"], sell["fills"]), ("NEW", []))
        buy = b.order_limit_buy(symbol="BTCUSDT", quantity=0.1, price="30000", newClientOrderId="mine-1")
        equal((buy["status"], buy["clientOrderId"], buy["cummulativeQuoteQty"]), ("FILLED", "mine-1", "3000.00000000"))
        equal(buy["fills"][0]["commission"], "0.00010000")
        equal(b.order_market_buy(symbol="BTCUSDT", quoteOrderQty="1500")["executedQty"], "0.05000000")
        # An exponent is a number like any other: refused for what it means, not for how it is written.
        with raises(BinanceAPIException, "NOTIONAL"):
            b.order_market_buy(symbol="BTCUSDT", quantity=1e-05)
        equal(a.get_order(symbol="BTCUSDT", orderId=sell["orderId"])["executedQty"], "0.15000000")
        equal(b.get_order(symbol="BTCUSDT", origClientOrderId="mine-1")["status"], "FILLED")
        equal(len(a.get_open_orders(symbol="BTCUSDT")), 1)
        gone = a.cancel_order(symbol="BTCUSDT", orderId=sell["orderId"])
        equal((gone["status"], gone["origClientOrderId"]), ("CANCELED", sell["clientOrderId"]))
        equal(len(b.get_all_orders(symbol="BTCUSDT")), 2)
        equal(len(b.get_my_trades(symbol="BTCUSDT")), 2)

    def exact_balances():
        bought = Decimal("0.15")
        equal(b_account.balances()["BTC"][0], Decimal(5) + bought - Decimal("0.00015"))
        equal(b_account.balances()["USDT"][0], Decimal(100_000) - 30_000 * bought)
        equal(Decimal(b.get_asset_balance("USDT")["free"]), Decimal(100_000) - 30_000 * bought)
        equal(a_account.balances()["USDT"][0], Decimal(100_000) + 30_000 * bought * Decimal("0.999"))

    def test_orders_and_lists():
        equal(b.create_test_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.1"), {})
        stop = a.create_order(symbol="BTCUSDT", side="SELL", type="STOP_LOSS_LIMIT", timeInForce="GTC",
                              quantity="0.1", price="28000", stopPrice="29000", newOrderRespType="RESULT")
        equal((stop["status"], stop["type"]), ("NEW", "STOP_LOSS_LIMIT"))
        replaced = a.cancel_replace_order(
            symbol="BTCUSDT", side="SELL", type="LIMIT", timeInForce="GTC", quantity="0.1", price="35000",
            cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=stop["orderId"])
        equal((replaced["cancelResult"], replaced["newOrderResult"]), ("SUCCESS", "SUCCESS"))
        oco = a.create_oco_order(symbol="BTCUSDT", side="SELL", quantity="0.1", aboveType="LIMIT_MAKER",
                                 abovePrice="40000", belowType="STOP_LOSS", belowStopPrice="20000")
        equal((oco["contingencyType"], len(oco["orderReports"])), ("OCO", 2))
        equal(len(a.get_open_orders()), 3)
        equal(len(a.cancel_all_open_orders(symbol="BTCUSDT")), 2)
        equal(a.get_open_orders(), [])

    def errors():
        before = (a_account.balances(), b_account.balances())
        for code, call in (
            (-2010, lambda: b.order_limit_buy(symbol="BTCUSDT", quantity="1000", price="30000")),
            (-2011, lambda: b.cancel_order(symbol="BTCUSDT", orderId=999_999)),
            (-2013, lambda: b.get_order(symbol="BTCUSDT", orderId=999_999)),
            (-1121, lambda: b.get_order_book(symbol="NOSUCH")),
            (-1013, lambda: b.order_limit_buy(symbol="BTCUSDT", quantity="0.1", price="30000.001")),
            (-1013, lambda: b.order_limit_buy(symbol="BTCUSDT", quantity="0.00001", price="30000")),
            (-1102, lambda: b.create_order(symbol="BTCUSDT", side="BUY", type="LIMIT", quantity="0.1")),
            (-1117, lambda: b.create_order(symbol="BTCUSDT", side="UP", type="MARKET", quantity="0.1")),
        ):
            with raises(BinanceAPIException, f"'code': {code}"):
                call()
        b.API_SECRET, right = "wrong", b.API_SECRET
        with raises(BinanceAPIException, "'code': -1022"):
            b.get_account()
        b.API_SECRET = right
        equal((a_account.balances(), b_account.balances()), before)

    def history():
        equal(sum(Decimal(t["qty"]) for t in a.get_recent_trades(symbol="BTCUSDT")), Decimal("0.15"))
        equal(a.get_aggregate_trades(symbol="BTCUSDT")[0]["p"], "30000.00000000")
        bars = a.get_klines(symbol="BTCUSDT", interval="1m", limit=10)
        equal(sum(Decimal(bar[5]) for bar in bars), Decimal("0.15"))
        equal(a.get_ticker(symbol="BTCUSDT")["lastPrice"], "30000.00000000")
        equal(a.get_symbol_ticker(symbol="BTCUSDT")["price"], "30000.00000000")
        true(len(a.get_all_tickers()) >= 5, "a price per market")
        true(len(a.get_orderbook_tickers()) >= 5, "a top per market")
        equal(a.get_avg_price(symbol="BTCUSDT")["price"], "30000.00000000")

    for test in (market_data, limit_orders, exact_balances, test_orders_and_lists, errors, history):
        check(f"python-binance rest: {test.__name__}", test)


async def streams(exchange, maker, taker):
    """Streams, the user stream, and orders over the WebSocket API."""
    client = await AsyncClient.create(taker.key, taker.secret)
    other = await AsyncClient.create(maker.key, maker.secret)
    manager = BinanceSocketManager(client)
    within = lambda task: asyncio.wait_for(task, WAIT_SECONDS_MAX)  # noqa: E731
    try:
        async with (manager.trade_socket("BTCUSDT") as trades, manager.depth_socket("BTCUSDT", depth="5") as depth,
                    manager.multiplex_socket(["btcusdt@bookTicker", "btcusdt@kline_1m"]) as several,
                    manager.miniticker_socket() as tickers, manager.user_socket() as user):
            await other.order_limit_sell(symbol="BTCUSDT", quantity="1", price="31000")
            bought = await within(client.ws_create_order(symbol="BTCUSDT", side="BUY", type="LIMIT",
                                                         timeInForce="GTC", quantity="0.25", price="31000"))
            equal(bought["status"], "FILLED")
            trade = await within(trades.recv())
            equal((trade["e"], trade["p"], trade["q"]), ("trade", "31000.00000000", "0.25000000"))
            seen = await within(depth.recv())
            while not seen["asks"]:
                seen = await within(depth.recv())
            equal(seen["asks"][0][0], "31000.00000000")
            names = set()
            while len(names) < 2:
                names.add((await within(several.recv()))["stream"])
            equal((await within(tickers.recv()))[0]["e"], "24hrMiniTicker")
            report = await within(user.recv())
            while report.get("X") != "FILLED":
                report = await within(user.recv())
            equal((report["e"], report["i"], report["l"]), ("executionReport", bought["orderId"], "0.25000000"))
            position = await within(user.recv())
            while position["e"] != "outboundAccountPosition":
                position = await within(user.recv())
            held = {b["a"]: Decimal(b["f"]) for b in position["B"]}
            equal(held["BTC"], taker.balances()["BTC"][0])
            resting = await within(client.ws_create_order(symbol="BTCUSDT", side="BUY", type="LIMIT",
                                                          timeInForce="GTC", quantity="0.01", price="29000"))
            gone = await within(client.ws_cancel_order(symbol="BTCUSDT", orderId=resting["orderId"]))
            equal(gone["status"], "CANCELED")
            equal((await within(client.ws_get_order_book(symbol="BTCUSDT")))["asks"][0][1], "0.75000000")
            with raises(BinanceAPIException, "-2010"):
                await within(client.ws_create_order(symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC",
                                                    quantity="1000", price="31000"))
        await other.cancel_all_open_orders(symbol="BTCUSDT")
    finally:
        await client.close_connection()
        await other.close_connection()


def main():
    """All on one silent exchange."""
    with Exchange("--no-participants") as exchange:
        Client.API_URL = AsyncClient.API_URL = exchange.http + "/api"
        Client.WS_API_URL = AsyncClient.WS_API_URL = exchange.ws + "/ws-api/v3"
        Client.MARGIN_API_URL = AsyncClient.MARGIN_API_URL = exchange.http + "/sapi"
        BinanceSocketManager.STREAM_URL = exchange.ws + "/"
        maker = exchange.account("maker", USDT="100000", BTC="5")
        taker = exchange.account("taker", USDT="100000", BTC="5")
        rest((Client(maker.key, maker.secret), maker), (Client(taker.key, taker.secret), taker))
        check("python-binance: streams and WebSocket API", lambda: asyncio.run(streams(exchange, maker, taker)))
    finish("python-binance")


main()
