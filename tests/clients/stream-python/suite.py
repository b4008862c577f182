"""clients/python against a running server: snapshots, events, private rooms, recovery after a cut, errors."""

import asyncio
import json
import pathlib
import sys
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parent.parent.parent / "clients" / "python"))

from websockets.asyncio.client import connect  # noqa: E402

from tradewind import WAIT_SECONDS_MAX, check, equal, finish, true  # noqa: E402
from tradewind_platform import Platform  # noqa: E402
from tradewind_stream import Stream, StreamError  # noqa: E402


async def until(stream, wanted):
    """The first update that fits."""
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        async for update in stream:
            if wanted(update):
                return update
    raise AssertionError("the stream ended")


def runs(body):
    """A test that is a coroutine."""
    return lambda: asyncio.run(body())


def suite(server):
    async def a_room_begins_with_a_snapshot_and_goes_on_with_events():
        async with Stream(server.api, server.token) as stream:
            await stream.subscribe("trades:BTCUSDT", "book:ETHUSDT")
            first = await until(stream, lambda u: u.room == "trades:BTCUSDT")
            equal((first.kind, len(first.data["trades"])), ("snapshot", 100))
            last = first.data["trades"][-1]["id"]
            for _ in range(5):
                trade = await until(stream, lambda u: u.room == "trades:BTCUSDT")
                true(trade.data["id"] <= last + 1, f"a trade is left out before {trade}")
                last = max(last, trade.data["id"])
            book = await until(stream, lambda u: u.room == "book:ETHUSDT" and u.kind == "event")
            true(len(book.data["bids"]) > 0, "an empty book")

    async def ones_own_order_is_told():
        async with Stream(server.api, lambda: server.token) as stream:
            await stream.subscribe("orders")
            equal((await until(stream, lambda u: u.room == "orders")).kind, "snapshot")
            placed = await asyncio.to_thread(server.order, "0.001")
            told = await until(stream, lambda u: u.room == "orders" and u.data["status"] == "filled")
            equal(told.data["id"], placed["id"])

    async def after_a_cut_nothing_is_missing():
        async with Stream(server.api, server.token) as stream:
            await stream.subscribe("trades:BTCUSDT")
            snapshot = await until(stream, lambda u: u.kind == "snapshot")
            ids = [snapshot.data["trades"][-1]["id"]]
            offsets = []
            for cut in range(3):
                await stream.drop()
                # What had come before the cut, and at least three from the connection after it.
                fresh = 0
                while fresh < 3:
                    update = await until(stream, lambda _: True)
                    equal(update.kind, "event", f"after {cut + 1} cuts")
                    ids.append(update.data["id"])
                    offsets.append(update.offset)
                    fresh += stream.connections > cut + 1
            equal(stream.connections, 4, "connections")
            true(all(b - a <= 1 for a, b in zip(ids, ids[1:])), f"a trade is missing: {ids}")
            equal(offsets, list(range(offsets[0], offsets[0] + len(offsets))), "offsets")

    async def what_is_no_room_is_told():
        async with Stream(server.api, server.token) as stream:
            await stream.subscribe("book:NOPE")
            wrong = await until(stream, lambda u: u.kind == "error")
            equal((wrong.room, wrong.data.code), ("book:NOPE", "unknown_market"))

    async def long_messages_are_deflated_for_who_can_inflate():
        async def levels(compression):
            ticket = server.ask("POST", "/api/ws/ticket")["ticket"]
            address = server.api.replace("http", "ws", 1) + f"/ws?ticket={ticket}"
            async with connect(address, compression=compression, max_size=None) as socket, asyncio.timeout(WAIT_SECONDS_MAX):
                agreed = [type(extension).__name__ for extension in socket.protocol.extensions]
                # A library that agreed to it deflates its own messages as well.
                await socket.send(json.dumps({"op": "subscribe", "rooms": ["book:BTCUSDT", "book:ETHUSDT", "orders"]}))
                told = set()
                while len(told) < 4:
                    text = await socket.recv()
                    message = json.loads(text)
                    for event in message.get("events", [message]):
                        if event["type"] in ("subscribed", "event") and event["room"].startswith("book:"):
                            book = event.get("data") or event["snapshot"]
                            true(len(book["bids"]) >= 20 and float(book["bids"][0][0]) < float(book["asks"][0][0]), text)
                            told.add((event["type"], event["room"]))
                return agreed

        equal(await levels("deflate"), ["PerMessageDeflate"])
        equal(await levels(None), [])

    async def a_wrong_token_ends_the_stream():
        async with Stream(server.api, "nonsense") as stream:
            try:
                await until(stream, lambda _: True)
            except StreamError as error:
                equal(error.code, "unauthorized")
                return
        raise AssertionError("nothing was said")

    check("a room begins with a snapshot", runs(a_room_begins_with_a_snapshot_and_goes_on_with_events))
    check("one's own order is told", runs(ones_own_order_is_told))
    check("after a cut nothing is missing", runs(after_a_cut_nothing_is_missing))
    check("what is no room is told", runs(what_is_no_room_is_told))
    check("long messages are deflated for who can inflate", runs(long_messages_are_deflated_for_who_can_inflate))
    check("a wrong token ends the stream", runs(a_wrong_token_ends_the_stream))
    with urllib.request.urlopen(f"{server.api}/health", timeout=WAIT_SECONDS_MAX) as answer:
        check("the server is well", lambda: equal(json.load(answer)["status"], "ok"))


with Platform("--participants-speed", "20", "--durability", "buffered") as running:
    suite(running)
finish("stream-python")
