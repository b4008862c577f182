"""binance-sdk-spot (the official Python SDK: REST, WebSocket API, streams) against a running exchange."""

import asyncio
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from binance_common.configuration import (  # noqa: E402
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_common.errors import BadRequestError, UnauthorizedError  # noqa: E402
from binance_sdk_spot.spot import Spot  # noqa: E402
from tradewind import WAIT_SECONDS_MAX, Decimal, Exchange, check, equal, finish, raises, true  # noqa: E402


def client(exchange, account):
    """The SDK's client for an account."""
    keys = {"api_key": account.key, "api_secret": account.secret}
    return Spot(
        ConfigurationRestAPI(base_path=exchange.http, retries=0, **keys),
        ConfigurationWebSocketAPI(stream_url=exchange.ws + "/ws-api/v3", **keys),
        ConfigurationWebSocketStreams(stream_url=exchange.ws),
    )


def rest(exchange, maker, taker):
    """Everything over REST."""
    a, b = client(exchange, maker).rest_api, client(exchange, taker).rest_api

    def market_data():
        a.ping()
        true(a.time().data().server_time > 0, "time")
        symbols = {s.symbol: s for s in a.exchange_info().data().symbols}
        equal((symbols["BTCUSDT"].base_asset, symbols["BTCUSDT"].status), ("BTC", "TRADING"))
        equal(a.depth(symbol="BTCUSDT").data().bids, [])

    def orders():
        sell = a.new_order("BTCUSDT", "SELL", "LIMIT", time_in_force="GTC", quantity=0.4, price=30000.0)
        true(sell.rate_limits, "rate limits come with every answer")
        resting = sell.data()
        equal((resting.status, resting.orig_qty), ("NEW", "0.40000000"))
        bought = b.new_order("BTCUSDT", "BUY", "LIMIT", time_in_force="GTC", quantity=0.1, price=30000.0).data()
        equal((bought.status, bought.cummulative_quote_qty, bought.fills[0].commission_asset),
              ("FILLED", "3000.00000000", "BTC"))
        equal(b.new_order("BTCUSDT", "BUY", "MARKET", quote_order_qty=1500.0).data().executed_qty, "0.05000000")
        amended = a.order_amend_keep_priority("BTCUSDT", 0.3, order_id=resting.order_id).data()
        equal(amended.amended_order.qty, "0.30000000")
        equal(a.get_order("BTCUSDT", order_id=resting.order_id).data().executed_qty, "0.15000000")
        equal(len(a.get_open_orders("BTCUSDT").data()), 1)
        gone = a.delete_order("BTCUSDT", order_id=resting.order_id).data()
        equal((gone.status, gone.executed_qty), ("CANCELED", "0.15000000"))
        equal([o.status for o in b.all_orders("BTCUSDT").data()], ["FILLED", "FILLED"])
        equal([t.qty for t in b.my_trades("BTCUSDT").data()], ["0.10000000", "0.05000000"])

    def exact_balances():
        held = {x.asset: x for x in b.get_account().data().balances}
        equal(held["BTC"].free, "5.14985000")
        equal(held["USDT"].free, "95500.00000000")
        equal(maker.balances()["USDT"], (Decimal("104495.5"), Decimal(0)))
        equal(b.account_commission("BTCUSDT").data().standard_commission.taker, "0.00100000")

    def order_lists():
        oto = a.order_list_oto("BTCUSDT", "LIMIT", "SELL", 40000.0, 0.1, "LIMIT", "BUY", 0.1,
                               working_time_in_force="GTC", pending_price=35000.0, pending_time_in_force="GTC").data()
        equal((oto.contingency_type, oto.list_order_status), ("OTO", "EXECUTING"))
        equal(len(a.open_order_list().data()), 1)
        equal(a.delete_order_list("BTCUSDT", order_list_id=oto.order_list_id).data().list_order_status, "ALL_DONE")
        equal(a.open_order_list().data(), [])

    def errors():
        before = (maker.balances(), taker.balances())
        for code, call in (
            (-2010, lambda: b.new_order("BTCUSDT", "BUY", "LIMIT", "GTC", quantity=1000.0, price=30000.0)),
            (-2011, lambda: b.delete_order("BTCUSDT", order_id=999_999)),
            (-2013, lambda: b.get_order("BTCUSDT", order_id=999_999)),
            (-1121, lambda: b.depth(symbol="NOSUCH")),
            (-1013, lambda: b.new_order("BTCUSDT", "BUY", "LIMIT", "GTC", quantity=0.1, price=30000.001)),
        ):
            with raises(BadRequestError, str(code)):
                call()
        stranger = client(exchange, type(taker)(exchange, "", "x" * 64, "y"))
        with raises(UnauthorizedError, "-2015"):
            stranger.rest_api.get_account()
        equal((maker.balances(), taker.balances()), before)

    def history():
        equal(sum(Decimal(t.qty) for t in b.get_trades("BTCUSDT").data()), Decimal("0.15"))
        equal(b.ticker24hr(symbol="BTCUSDT").data().actual_instance.last_price, "30000.00000000")
        bars = b.klines("BTCUSDT", "1m").data()
        equal(sum(Decimal(str(getattr(bar[5], "actual_instance", bar[5]))) for bar in bars), Decimal("0.15"))

    for test in (market_data, orders, exact_balances, order_lists, errors, history):
        check(f"binance-sdk-spot rest: {test.__name__}", test)


async def sockets(exchange, maker, taker):
    """Orders over the WebSocket API; market streams; the user stream by signature."""
    inbox = asyncio.Queue()
    api = client(exchange, taker).websocket_api
    other = client(exchange, maker).websocket_api
    market = client(exchange, taker).websocket_streams
    connections = [await within(x.create_connection()) for x in (api, other, market)]
    orders, makers, streams = connections
    try:
        user = await within(orders.user_data_stream_subscribe_signature())
        user.stream.on("message", lambda event: inbox.put_nowait(("user", event)))
        trade = await within(streams.trade(symbol="btcusdt"))
        trade.on("message", lambda event: inbox.put_nowait(("trade", event)))
        depth = await within(streams.diff_book_depth(symbol="btcusdt", update_speed="100ms"))
        depth.on("message", lambda event: inbox.put_nowait(("depth", event)))
        sell = (await within(makers.order_place("BTCUSDT", "SELL", "LIMIT", time_in_force="GTC", quantity=1.0,
                                                price=31000.0))).data()
        equal(sell.result.status, "NEW")
        true(sell.rate_limits, "rate limits come with every answer")
        bought = (await within(orders.order_place("BTCUSDT", "BUY", "LIMIT", time_in_force="GTC", quantity=0.25,
                                                  price=31000.0))).data().result
        equal((bought.status, bought.executed_qty), ("FILLED", "0.25000000"))
        seen = {}
        while not {"trade", "depth", "ExecutionReport", "OutboundAccountPosition"} <= seen.keys():
            kind, event = await within(inbox.get())
            event = getattr(event, "actual_instance", event)
            seen[type(event).__name__ if kind == "user" else kind] = event
        equal((seen["ExecutionReport"].i, seen["ExecutionReport"].X), (bought.order_id, "FILLED"))
        equal((seen["trade"].p, seen["trade"].q), ("31000.00000000", "0.25000000"))
        gone = (await within(makers.order_cancel("BTCUSDT", order_id=sell.result.order_id))).data().result
        equal(getattr(gone, "status", None), "CANCELED")
        account = (await within(orders.account_status())).data().result
        equal({x.asset: Decimal(x.free) for x in account.balances}["BTC"], taker.balances()["BTC"][0])
        refused = (await within(orders.order_place("BTCUSDT", "BUY", "LIMIT", time_in_force="GTC", quantity=1000.0,
                                                   price=31000.0))).data()
        equal(refused["error"]["code"], -2010)
    finally:
        for connection in connections:
            await connection.close_connection(close_session=True)


async def within(task):
    """The task's result, which must come."""
    return await asyncio.wait_for(task, WAIT_SECONDS_MAX)


def main():
    """All on one silent exchange."""
    with Exchange("--no-participants") as exchange:
        maker = exchange.account("maker", USDT="100000", BTC="5")
        taker = exchange.account("taker", USDT="100000", BTC="5")
        rest(exchange, maker, taker)
        check("binance-sdk-spot: sockets", lambda: asyncio.run(sockets(exchange, maker, taker)))
    finish("binance-sdk-spot")


main()
