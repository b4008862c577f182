"""A small client of Tradewind's live stream (docs/stream.md).

    async with Stream("http://127.0.0.1:8080", token) as stream:
        await stream.subscribe("ticker:BTCUSDT", "orders")
        async for update in stream:
            print(update.room, update.kind, update.data)

It connects again by itself when it is cut off, and says per room where it was: what was missed follows as events, or the room begins
anew with a snapshot. A room's data is never older than what came before it.

Needs Python 3.11 and the package `websockets`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, connect

# Pauses between tries, seconds: the first, and the longest.
PAUSE_MIN = 0.5
PAUSE_MAX = 30.0
# Updates that wait for whoever iterates; beyond it the socket is not read, and the server decides (docs/stream.md, 1013).
WAITING_MAX = 1_000
# The connection is asked so often whether it lives, and is dead without an answer for so long, seconds.
PING_EVERY = 20.0
SILENCE_MAX = 40.0


class StreamError(Exception):
    """The server refused something for good. `code` is stable, like `unknown_room`."""

    def __init__(self, code: str, detail: str, room: str | None = None):
        super().__init__(f"{code}: {detail}")
        self.code, self.detail, self.room = code, detail, room


@dataclasses.dataclass(frozen=True)
class Update:
    """Something that was said about a room."""

    room: str
    # "snapshot": forget the room's state and begin with this. "event": what happened next. "error": the room is not followed.
    kind: str
    data: Any
    offset: int | None = None
    ts: int | None = None


@dataclasses.dataclass
class Room:
    """Where we are in a room."""

    epoch: str | None = None
    offset: int = 0


def ticket_from(url: str, token: str | Callable[[], str]) -> Callable[[], Awaitable[str]]:
    """Gets tickets with an access token, or with what gives a fresh one (a token lives five minutes)."""

    def ask() -> str:
        bearer = token() if callable(token) else token
        request = urllib.request.Request(
            f"{url}/api/ws/ticket", method="POST", headers={"Authorization": f"Bearer {bearer}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["ticket"]

    async def ticket() -> str:
        return await asyncio.to_thread(ask)

    return ticket


class Stream:
    """One connection that is made again whenever it breaks. Use as an async context manager, and iterate it."""

    def __init__(self, url: str, token: str | Callable[[], str]):
        self._url = url.rstrip("/")
        self._ticket = ticket_from(self._url, token)
        self._rooms: dict[str, Room] = {}
        self._waiting: asyncio.Queue[Update | Exception | None] = asyncio.Queue(WAITING_MAX)
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self.connections = 0

    async def __aenter__(self) -> Stream:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Update:
        update = await self._waiting.get()
        if update is None:
            raise StopAsyncIteration
        if isinstance(update, Exception):
            raise update
        return update

    async def close(self) -> None:
        """Says goodbye; nothing comes any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def subscribe(self, *rooms: str) -> None:
        """Follows rooms, named as the server names them (`ticker:BTCUSDT`). Twice changes nothing."""
        new = [room for room in rooms if room not in self._rooms]
        self._rooms.update({room: Room() for room in new})
        if new and self._socket is not None:
            await self._say(self._socket, {"op": "subscribe", "rooms": new})

    async def unsubscribe(self, *rooms: str) -> None:
        """Follows rooms no more."""
        known = [room for room in rooms if self._rooms.pop(room, None) is not None]
        if known and self._socket is not None:
            await self._say(self._socket, {"op": "unsubscribe", "rooms": known})

    async def drop(self) -> None:
        """Cuts the connection, as a bad network would; it comes back by itself."""
        if self._socket is not None:
            self._socket.transport.abort()

    @staticmethod
    async def _say(socket: ClientConnection, message: dict[str, Any]) -> None:
        try:
            await socket.send(json.dumps(message))
        except websockets.ConnectionClosed:
            # The next connection subscribes to everything.
            pass

    async def _run(self) -> None:
        pause = PAUSE_MIN
        while True:
            try:
                await self._once()
                pause = PAUSE_MIN
            except urllib.error.HTTPError as error:
                if error.code in (401, 403):
                    await self._waiting.put(StreamError("unauthorized", f"no ticket: status {error.code}"))
                    return
            except (OSError, TimeoutError, websockets.WebSocketException):
                pass
            finally:
                self._socket = None
            # Not all at the same moment, when many were cut off together.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, PAUSE_MAX)

    async def _once(self) -> None:
        ticket = await self._ticket()
        address = self._url.replace("http", "ws", 1) + f"/ws?ticket={ticket}"
        async with connect(address, ping_interval=PING_EVERY, ping_timeout=SILENCE_MAX, max_size=None) as socket:
            self.connections += 1
            self._socket = socket
            if self._rooms:
                since = {
                    name: {"epoch": room.epoch, "offset": room.offset}
                    for name, room in self._rooms.items()
                    if room.epoch is not None
                }
                await self._say(socket, {"op": "subscribe", "rooms": list(self._rooms), "since": since})
            async for text in socket:
                await self._hear(json.loads(text))

    async def _hear(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "event":
                await self._event(message)
            case "batch":
                for event in message["events"]:
                    await self._event(event)
            case "subscribed":
                room = self._rooms.get(message["room"])
                if room is None:
                    return
                if message["recovered"]:
                    return
                room.epoch, room.offset = message["epoch"], message["offset"]
                await self._waiting.put(Update(message["room"], "snapshot", message["snapshot"], room.offset))
            case "error":
                room = message.get("room")
                self._rooms.pop(room, None)
                error = StreamError(message["code"], message["detail"], room)
                await self._waiting.put(Update(room or "", "error", error))
            # What a client does not know it ignores.
            case _:
                pass

    async def _event(self, event: dict[str, Any]) -> None:
        room = self._rooms.get(event["room"])
        if room is None or event["offset"] <= room.offset:
            return
        room.offset = event["offset"]
        await self._waiting.put(Update(event["room"], "event", event["data"], event["offset"], event["ts"]))
