"""binance-connector (the older official client: REST, listen key, streams, WebSocket API) against a running exchange."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from binance.error import ClientError  # noqa: E402
from binance.spot import Spot  # noqa: E402
from binance.websocket.spot.websocket_api import SpotWebsocketAPIClient  # noqa: E402
from binance.websocket.spot.websocket_stream import SpotWebsocketStreamClient  # noqa: E402
from tradewind import Decimal, Exchange, Inbox, check, equal, finish, raises, true  # noqa: E402

LIMIT = {"type": "LIMIT", "timeInForce": "GTC"}


def rest(exchange, maker, taker):
    """Everything over REST."""
    a = Spot(maker.key, maker.secret, base_url=exchange.http)
    b = Spot(taker.key, taker.secret, base_url=exchange.http, show_limit_usage=True)

    def market_data():
        equal(a.ping(), {})
        true(a.time()["serverTime"] > 0, "time")
        equal(a.exchange_info(symbol="BTCUSDT")["symbols"][0]["symbol"], "BTCUSDT")
        equal(len(a.exchange_info(symbols=["BTCUSDT", "ETHBTC"])["symbols"]), 2)
        equal(a.depth("BTCUSDT")["asks"], [])

    def orders():
        sell = a.new_order("BTCUSDT", "SELL", quantity=0.4, price="30000", **LIMIT)
        bought = b.new_order("BTCUSDT", "BUY", quantity=0.1, price="30000", **LIMIT)
        equal(bought["data"]["status"], "FILLED")
        true("x-mbx-used-weight-1m" in {k.lower() for k in bought["limit_usage"]}, "weight is told")
        equal(b.new_order("BTCUSDT", "BUY", type="MARKET", quoteOrderQty=1500)["data"]["executedQty"], "0.05000000")
        equal(a.get_order("BTCUSDT", orderId=sell["orderId"])["status"], "PARTIALLY_FILLED")
        replaced = a.cancel_and_replace("BTCUSDT", "SELL", cancelReplaceMode="STOP_ON_FAILURE", quantity=0.2,
                                        price="33000", cancelOrderId=sell["orderId"], **LIMIT)
        equal(replaced["cancelResponse"]["executedQty"], "0.15000000")
        opened = a.get_open_orders("BTCUSDT")
        equal([(o["price"], o["origQty"]) for o in opened], [("33000.00000000", "0.20000000")])
        equal(a.cancel_order("BTCUSDT", orderId=opened[0]["orderId"])["status"], "CANCELED")
        equal(len(b.my_trades("BTCUSDT")["data"]), 2)
        equal(len(a.get_orders("BTCUSDT")), 2)

    def exact_balances():
        equal(taker.balances()["BTC"], (Decimal("5.14985"), Decimal(0)))
        equal(taker.balances()["USDT"], (Decimal(95_500), Decimal(0)))
        held = {x["asset"]: x["free"] for x in a.account()["balances"]}
        equal(held["USDT"], "104495.50000000")

    def errors():
        before = (maker.balances(), taker.balances())
        for code, call in (
            (-2010, lambda: b.new_order("BTCUSDT", "BUY", quantity=1000, price="30000", **LIMIT)),
            (-2011, lambda: b.cancel_order("BTCUSDT", orderId=999_999)),
            (-2011, lambda: b.cancel_open_orders("BTCUSDT")),
            (-2013, lambda: b.get_order("BTCUSDT", orderId=999_999)),
            (-1121, lambda: b.depth("NOSUCH")),
            (-1013, lambda: b.new_order("BTCUSDT", "BUY", quantity=0.1, price="30000.001", **LIMIT)),
        ):
            with raises(ClientError, f"'error_code': {code}"):
                call()
        with raises(ClientError, "'status_code': 401", "'error_code': -2015"):
            Spot("x" * 64, "y", base_url=exchange.http).account()
        equal((maker.balances(), taker.balances()), before)

    for test in (market_data, orders, exact_balances, errors):
        check(f"binance-connector rest: {test.__name__}", test)
    return a, b


def streams(exchange, a, b):
    """Market streams, and the user stream by listen key."""
    inbox = Inbox()
    client = SpotWebsocketStreamClient(stream_url=exchange.ws, on_message=inbox.put, is_combined=True)
    key = b.new_listen_key()["data"]["listenKey"]
    b.renew_listen_key(key)
    try:
        for n, subscribe in enumerate((
            lambda n: client.trade(symbol="btcusdt", id=n),
            lambda n: client.diff_book_depth(symbol="btcusdt", speed=1000, id=n),
            lambda n: client.kline(symbol="btcusdt", interval="1m", id=n),
            lambda n: client.user_data(listen_key=key, id=n),
        ), start=1):
            subscribe(n)
            # Answered subscriptions are in force: what follows is told.
            inbox.until(lambda m, n=n: m.get("id") == n and m.get("result") is None, f"the answer to subscription {n}")
        a.new_order("BTCUSDT", "SELL", quantity=0.5, price="31000", **LIMIT)
        bought = b.new_order("BTCUSDT", "BUY", quantity=0.2, price="31000", **LIMIT)["data"]
        data = lambda m: m.get("data", {})  # noqa: E731
        trade = inbox.until(lambda m: data(m).get("e") == "trade", "the trade")
        equal((data(trade)["p"], data(trade)["q"]), ("31000.00000000", "0.20000000"))
        depth = inbox.until(lambda m: data(m).get("e") == "depthUpdate", "the depth")
        true(data(depth)["U"] <= data(depth)["u"], "update ids")
        inbox.until(lambda m: data(m).get("e") == "kline", "the bar")
        report = inbox.until(lambda m: data(m).get("e") == "executionReport" and data(m)["X"] == "FILLED", "the report")
        equal(data(report)["i"], bought["orderId"])
        inbox.until(lambda m: data(m).get("e") == "outboundAccountPosition", "the balances")
    finally:
        client.stop()
    b.close_listen_key(key)
    with raises(ClientError, "-1125"):
        b.renew_listen_key(key)
    a.cancel_open_orders("BTCUSDT")


def socket_api(exchange, account):
    """Orders over the WebSocket API."""
    inbox = Inbox()
    client = SpotWebsocketAPIClient(stream_url=exchange.ws + "/ws-api/v3", api_key=account.key,
                                    api_secret=account.secret, on_message=inbox.put)
    try:
        client.ping_connectivity(id="p")
        equal(inbox.until(lambda m: m["id"] == "p")["status"], 200)
        client.new_order(symbol="BTCUSDT", side="SELL", quantity=0.1, price="36000", id=7, newOrderRespType="RESULT",
                         **LIMIT)
        placed = inbox.until(lambda m: m["id"] == 7, "the order")
        equal((placed["status"], placed["result"]["status"]), (200, "NEW"))
        client.cancel_order(symbol="BTCUSDT", orderId=placed["result"]["orderId"], id=8)
        equal(inbox.until(lambda m: m["id"] == 8)["result"]["status"], "CANCELED")
        client.new_order(symbol="BTCUSDT", side="SELL", quantity=1000, price="36000", id=9, **LIMIT)
        refused = inbox.until(lambda m: m["id"] == 9)
        equal((refused["status"], refused["error"]["code"]), (400, -2010))
        client.account(id=10)
        true(inbox.until(lambda m: m["id"] == 10)["result"]["balances"], "balances")
    finally:
        client.stop()


def main():
    """All on one silent exchange."""
    with Exchange("--no-participants") as exchange:
        maker = exchange.account("maker", USDT="100000", BTC="5")
        taker = exchange.account("taker", USDT="100000", BTC="5")
        a, b = rest(exchange, maker, taker)
        check("binance-connector: streams and listen key", lambda: streams(exchange, a, b))
        check("binance-connector: WebSocket API", lambda: socket_api(exchange, maker))
    finish("binance-connector")


main()
