"""ccxt (REST and ccxt.pro) against a running exchange: markets, orders, fills, balances, errors, streams."""

import asyncio
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

import ccxt  # noqa: E402
import ccxt.pro  # noqa: E402
from tradewind import WAIT_SECONDS_MAX, Decimal, Exchange, check, equal, finish, raises, true  # noqa: E402

OPTIONS = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}
REPOSITORY = pathlib.Path(__file__).parent.parent.parent.parent


def client(kind, exchange, account=None):
    """A ccxt client of `kind` that talks to our exchange."""
    keys = {"apiKey": account.key, "secret": account.secret} if account else {}
    ex = kind({**keys, "enableRateLimit": False, "options": OPTIONS})
    ex.urls["api"]["public"] = ex.urls["api"]["private"] = exchange.http + "/api/v3"
    ex.urls["api"]["sapi"] = exchange.http + "/sapi/v1"
    if "ws" in ex.urls["api"]:
        ex.urls["api"]["ws"]["spot"] = exchange.ws + "/ws"
        ex.urls["api"]["ws"]["ws-api"]["spot"] = exchange.ws + "/ws-api/v3"
    return ex


def rest(exchange, maker, taker):
    """Everything over REST."""
    a, b = client(ccxt.binance, exchange, maker), client(ccxt.binance, exchange, taker)

    def markets():
        found = a.load_markets()
        for symbol in ("BTC/USDT", "ETH/USDT", "SOL/USDT", "ETH/BTC", "BTC/KRW"):
            true(symbol in found and found[symbol]["active"] and found[symbol]["spot"], symbol)
        true(found["BTC/USDT"]["precision"]["price"] and found["BTC/USDT"]["limits"]["cost"]["min"], "rules")
        b.load_markets()
        true(abs(a.fetch_time() - a.milliseconds()) < 60_000, "time")
        equal(a.fetch_status()["status"], "ok")

    def fills():
        sell = a.create_order("BTC/USDT", "limit", "sell", 0.4, 30000)
        equal((sell["status"], sell["filled"]), ("open", 0.0))
        buy = b.create_order("BTC/USDT", "limit", "buy", 0.1, 30000)
        equal((buy["status"], buy["filled"], buy["cost"]), ("closed", 0.1, 3000.0))
        equal(buy["fees"][0]["currency"], "BTC")
        market = b.create_order("BTC/USDT", "market", "buy", 0.1)
        equal((market["status"], market["average"]), ("closed", 30000.0))
        spent = b.create_market_buy_order_with_cost("BTC/USDT", 1500)
        equal((spent["status"], spent["filled"]), ("closed", 0.05))
        equal(a.fetch_order(sell["id"], "BTC/USDT")["filled"], 0.25)
        equal([o["id"] for o in a.fetch_open_orders("BTC/USDT")], [sell["id"]])
        equal(len(b.fetch_my_trades("BTC/USDT")), 3)
        equal(a.cancel_order(sell["id"], "BTC/USDT")["status"], "canceled")
        equal(a.fetch_order(sell["id"], "BTC/USDT")["status"], "canceled")
        equal([o["status"] for o in b.fetch_orders("BTC/USDT")], ["closed"] * 3)

    def exact_balances():
        fee = Decimal("0.00025")
        held = taker.balances()
        equal(held["BTC"], (Decimal(5) + Decimal("0.25") - fee, Decimal(0)))
        equal(held["USDT"], (Decimal(100_000) - Decimal(7500), Decimal(0)))
        equal(maker.balances()["USDT"], (Decimal(100_000) + Decimal(7500) * (1 - Decimal("0.001")), Decimal(0)))
        equal(b.fetch_balance()["BTC"]["total"], float(held["BTC"][0]))

    def conditional_orders():
        stop = a.create_order("BTC/USDT", "limit", "sell", 0.1, 28000, {"stopPrice": 29000})
        equal(stop["type"], "stop_loss_limit" if stop["type"] != "limit" else "limit")
        post_only = b.create_order("BTC/USDT", "limit", "buy", 0.1, 20000, {"postOnly": True})
        equal(post_only["status"], "open")
        edited = b.edit_order(post_only["id"], "BTC/USDT", "limit", "buy", 0.2, 21000)
        true(edited["id"] != post_only["id"], "a replaced order has a new id")
        opened = b.fetch_open_orders("BTC/USDT")
        equal([(o["price"], o["amount"]) for o in opened], [(21000.0, 0.2)])
        iceberg = a.create_order("BTC/USDT", "limit", "sell", 1, 45000, {"icebergQty": 0.1})
        equal(a.fetch_order(iceberg["id"], "BTC/USDT")["info"]["icebergQty"], "0.10000000")
        a.cancel_all_orders("BTC/USDT")
        b.cancel_all_orders("BTC/USDT")
        equal(a.fetch_open_orders("BTC/USDT") + b.fetch_open_orders("BTC/USDT"), [])

    def order_lists():
        oco = a.privatePostOrderListOco({
            "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.1", "aboveType": "LIMIT_MAKER", "abovePrice": "40000",
            "belowType": "STOP_LOSS_LIMIT", "belowStopPrice": "25000", "belowPrice": "24900", "belowTimeInForce": "GTC"})
        equal((oco["contingencyType"], oco["listOrderStatus"], len(oco["orders"])), ("OCO", "EXECUTING", 2))
        gone = a.privateDeleteOrderList({"symbol": "BTCUSDT", "orderListId": oco["orderListId"]})
        equal(gone["listOrderStatus"], "ALL_DONE")

    def refusals():
        before = (maker.balances(), taker.balances())
        with raises(ccxt.InsufficientFunds):
            b.create_order("BTC/USDT", "limit", "buy", 100, 30000)
        with raises(ccxt.OrderNotFound):
            b.cancel_order("999999999", "BTC/USDT")
        with raises(ccxt.OrderNotFound):
            b.fetch_order("999999999", "BTC/USDT")
        with raises(ccxt.InvalidOrder):
            b.privatePostOrder({"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
                                "quantity": "0.1", "price": "30000.001"})
        with raises(ccxt.BadSymbol):
            b.publicGetDepth({"symbol": "NOSUCH"})
        with raises(ccxt.BadRequest):
            b.privatePostOrder({"symbol": "BTCUSDT", "side": "BUY"})
        thief = client(ccxt.binance, exchange, taker)
        thief.secret = "wrong"
        with raises(ccxt.AuthenticationError):
            thief.fetch_balance()
        thief.apiKey = "x" * 64
        with raises(ccxt.AuthenticationError):
            thief.fetch_balance()
        equal((maker.balances(), taker.balances()), before)

    def market_data():
        a.create_order("BTC/USDT", "limit", "sell", 0.5, 31000)
        book = b.fetch_order_book("BTC/USDT", 5)
        equal(book["asks"][0][:2], [31000.0, 0.5])
        ticker = b.fetch_ticker("BTC/USDT")
        equal((ticker["last"], ticker["baseVolume"], ticker["ask"]), (30000.0, 0.25, 31000.0))
        equal(sum(t["amount"] for t in b.fetch_trades("BTC/USDT")), 0.25)
        bars = b.fetch_ohlcv("BTC/USDT", "1m", limit=5)
        equal(sum(bar[5] for bar in bars), 0.25)
        equal(b.fetch_tickers(["BTC/USDT"])["BTC/USDT"]["last"], 30000.0)
        equal(b.fetch_bids_asks(["BTC/USDT"])["BTC/USDT"]["ask"], 31000.0)
        a.cancel_all_orders("BTC/USDT")

    for test in (markets, fills, exact_balances, conditional_orders, order_lists, refusals, market_data):
        check(f"ccxt rest: {test.__name__}", test)


async def streams(exchange, maker, taker):
    """Market and user streams, and orders over the WebSocket API."""
    a, b = client(ccxt.pro.binance, exchange, maker), client(ccxt.pro.binance, exchange, taker)
    try:
        await a.load_markets()
        await b.load_markets()
        sell = await within(a.create_order_ws("BTC/USDT", "limit", "sell", 2, 32000))
        equal(sell["status"], "open")
        equal((await within(b.watch_order_book("BTC/USDT")))["asks"][0][:2], [32000.0, 2.0])
        watched = {
            "trades": b.watch_trades("BTC/USDT"),
            "ticker": b.watch_ticker("BTC/USDT"),
            "bars": b.watch_ohlcv("BTC/USDT", "1m"),
            "book": b.watch_order_book("BTC/USDT"),
            "orders": b.watch_orders("BTC/USDT"),
            "fills": b.watch_my_trades("BTC/USDT"),
            "balance": b.watch_balance(),
        }
        got = await trade_until_seen(b, {name: asyncio.ensure_future(task) for name, task in watched.items()})
        equal(got["trades"][-1]["price"], 32000.0)
        equal(got["ticker"]["last"], 32000.0)
        equal(got["bars"][-1][4], 32000.0)
        true(got["book"]["asks"][0][1] < 2, "the book's best level went down")
        equal((got["orders"][-1]["symbol"], got["orders"][-1]["side"]), ("BTC/USDT", "buy"))
        equal(got["fills"][-1]["price"], 32000.0)
        true(got["balance"]["BTC"]["total"] > 5, "balance came by stream")
        bought = await within(b.create_order_ws("BTC/USDT", "limit", "buy", 0.1, 32000))
        equal((bought["status"], bought["filled"]), ("closed", 0.1))
        equal((await within(a.cancel_order_ws(sell["id"], "BTC/USDT")))["status"], "canceled")
        # This version of ccxt leaves the account's balances unparsed here.
        held = {x["asset"]: x for x in (await within(a.fetch_balance_ws()))["info"]["balances"]}
        equal(held["BTC"]["locked"], "0.00000000")
        equal(await within(a.fetch_open_orders_ws("BTC/USDT")), [])
        with raises(ccxt.InsufficientFunds):
            await within(b.create_order_ws("BTC/USDT", "limit", "buy", 100, 32000))
    finally:
        await a.close()
        await b.close()


async def within(task):
    """The task's result, which must come."""
    return await asyncio.wait_for(task, WAIT_SECONDS_MAX)


async def trade_until_seen(ex, tasks):
    """Buys a little again and again until every stream has told of it: a trade before its subscription is not told."""
    waiting = set(tasks.values())
    while waiting:
        await within(ex.create_order_ws("BTC/USDT", "limit", "buy", 0.001, 32000))
        _, waiting = await asyncio.wait(waiting, timeout=1)
    return {name: task.result() for name, task in tasks.items()}


def readme_script(exchange):
    """The example in the README is the script in docs/examples, and it works."""
    script = REPOSITORY / "docs/examples/ccxt_order.py"
    true(script.read_text().strip() in (REPOSITORY / "README.md").read_text(), "README holds the script as it is")
    made = exchange.account("readme", USDT="100000", BTC="5")
    environment = dict(os.environ, TRADEWIND_URL=exchange.http, TRADEWIND_KEY=made.key, TRADEWIND_SECRET=made.secret)
    done = subprocess.run([sys.executable, "-B", str(script)], env=environment, capture_output=True, text=True,
                          timeout=WAIT_SECONDS_MAX * 3)
    equal(done.returncode, 0, done.stderr)
    true("closed" in done.stdout, done.stdout)


def main():
    """Both halves on one silent exchange, then the README's script on a living one."""
    with Exchange("--no-participants") as exchange:
        maker = exchange.account("maker", USDT="100000", BTC="5")
        taker = exchange.account("taker", USDT="100000", BTC="5")
        rest(exchange, maker, taker)
        check("ccxt.pro: streams and orders", lambda: asyncio.run(streams(exchange, maker, taker)))
    with Exchange() as exchange:
        check("the README's script fills an order", lambda: readme_script(exchange))
    finish("ccxt")


main()
