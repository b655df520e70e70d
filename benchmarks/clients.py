"""Clients over real TCP, each a process of its own: `python -m benchmarks.clients NAME URL` prints what it took as JSON.

Standard input says, as a JSON list, how often each message is seen: once, or once an update where the client hands those out
one by one. Each message counts when all of it was in the user's hands. CPU counts from the first to the last.
"""

import asyncio
import contextlib
import gzip
import json
import sys
import time
import zlib
from collections.abc import Callable
from typing import Any

from attrs import Factory, define

from coinex_proto import Config, Dialect, Update, coinex
from coinex_proto._wire import inflate
from coinex_trio import BlockingClient, open_client

ASK = '{"method":"state.subscribe","params":{"market_list":[]},"id":1}'
"""What the other clients say, so that the server sees a request."""
MARKETS = 20
"""As many as the stream has."""
PATIENT = Config(open_timeout=600.0, login_timeout=600.0, request_timeout=600.0, ping_timeout=600.0)
"""Below valgrind, on a busy machine, a second is long."""
PATIENCE = 1800
"""Seconds."""
isal_zlib = inflate.isal_zlib


@define
class Tally:
    """When messages arrived, and the CPU time in between."""

    left: list[int]
    """How often each message is still to be seen, the last first."""
    times: list[float] = Factory(list)
    began: float = 0.0
    took: float = 0.0

    def note(self, _: object = None) -> bool:
        """One more message, or one more update of it; True when it was the last."""
        left = self.left
        if not self.began:
            self.began = time.process_time()
        left[-1] -= 1
        if left[-1]:
            return False
        left.pop()
        self.times.append(time.monotonic())
        if left:
            return False
        self.took = time.process_time() - self.began
        return True


class WithoutBooks:
    """CoinEx spot whose depth pushes stay differences: what the other clients do with them as well."""

    def __init__(self, url: str) -> None:
        self._dialect = coinex.spot(url=url)
        self.decode = self._dialect.decode  # asked for with each message: no part of the SDK goes through __getattr__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dialect, name)

    def book(self, topic: object) -> None:
        """None of them has a book."""


def topics() -> tuple[Any, ...]:
    """Everything that is in the stream."""
    names = [f"M{number}USDT" for number in range(MARKETS)]
    kinds: tuple[Callable[[str], Any], ...] = (coinex.Depth, coinex.Trades, coinex.BestQuote)
    return (*(kind(name) for name in names for kind in kinds), coinex.Ticker())


def blocking(dialect: Dialect, tally: Tally) -> None:
    """Ours, in the calling thread."""
    client = BlockingClient(dialect, config=PATIENT)
    client.subscribe(*topics())

    def seen(update: Update) -> None:
        if tally.note():
            client.stop()

    client.on(Update)(seen)
    client.run(seconds=PATIENCE)


def under_trio(dialect: Dialect, tally: Tally) -> None:
    """Ours, under trio, with a callback."""
    import trio

    async def main() -> None:
        done = trio.Event()

        def seen(update: Update) -> None:
            if tally.note():
                done.set()

        async with open_client(dialect, config=PATIENT) as client:
            client.subscribe(*topics())
            client.on(Update)(seen)
            with trio.fail_after(PATIENCE):
                await done.wait()

    trio.run(main)


def under_asyncio(
    dialect: Dialect, tally: Tally, loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
) -> None:
    """Ours, under asyncio, with a callback."""
    from coinex_asyncio import open_client as open_asyncio

    async def main() -> None:
        done = asyncio.Event()

        def seen(update: Update) -> None:
            if tally.note():
                done.set()

        async with open_asyncio(dialect, config=PATIENT) as client:
            client.subscribe(*topics())
            client.on(Update)(seen)
            async with asyncio.timeout(PATIENCE):
                await done.wait()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())


def under_uvloop(dialect: Dialect, tally: Tally) -> None:
    """The same on uvloop."""
    import uvloop

    under_asyncio(dialect, tally, uvloop.new_event_loop)


def websockets_asyncio(url: str, tally: Tally) -> None:
    """What most programs do: websockets, gzip.decompress, json.loads."""
    from websockets.asyncio.client import connect

    async def main() -> None:
        async with connect(
            url, compression=None, max_size=None, ping_interval=None, open_timeout=PATIENCE, close_timeout=0.1
        ) as socket:
            await socket.send(ASK)
            async for message in socket:
                assert isinstance(message, bytes)
                if "method" in json.loads(gzip.decompress(message)) and tally.note():
                    return

    asyncio.run(main())


def picows_uvloop(url: str, tally: Tally) -> None:
    """The quickest there is: framing in Cython, uvloop, zlib, orjson."""
    import orjson
    import picows
    import uvloop

    async def main() -> None:
        done = asyncio.get_running_loop().create_future()

        class Listener(picows.WSListener):  # type: ignore[misc]
            def on_ws_connected(self, transport: Any) -> None:
                transport.send(picows.WSMsgType.TEXT, ASK.encode())

            def on_ws_frame(self, transport: Any, frame: Any) -> None:
                if frame.msg_type != picows.WSMsgType.BINARY or done.done():
                    return
                data = orjson.loads(zlib.decompressobj(31).decompress(frame.get_payload_as_memoryview()))
                if "method" in data and tally.note():
                    done.set_result(None)

        transport, _ = await picows.ws_connect(Listener, url)
        await done
        transport.disconnect(graceful=False)

    uvloop.run(main())


def aiohttp_asyncio(url: str, tally: Tally) -> None:
    """aiohttp, gzip.decompress, json.loads."""
    import aiohttp

    async def main() -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, max_msg_size=0, timeout=aiohttp.ClientWSTimeout(ws_close=0.1)) as socket,
        ):
            await socket.send_str(ASK)
            async for message in socket:
                if "method" in json.loads(gzip.decompress(message.data)) and tally.note():
                    return

    asyncio.run(main())


def trio_websocket(url: str, tally: Tally) -> None:
    """trio-websocket, gzip.decompress, json.loads."""
    import trio
    from trio_websocket import DisconnectionTimeout, open_websocket_url

    async def main() -> None:
        async with open_websocket_url(url, max_message_size=2**24, disconnect_timeout=0.1) as socket:
            await socket.send_message(ASK)
            while True:
                if "method" in json.loads(gzip.decompress(await socket.get_message())) and tally.note():
                    return

    with contextlib.suppress(DisconnectionTimeout):  # our server answers no Close
        trio.run(main)


def websocket_client(url: str, tally: Tally) -> None:
    """websocket-client, blocking, gzip.decompress, json.loads."""
    import websocket

    socket = websocket.create_connection(url, skip_utf8_validation=True)
    socket.send(ASK)
    while "method" not in json.loads(gzip.decompress(socket.recv())) or not tally.note():
        pass
    socket.shutdown()


def with_isal(url: str, tally: Tally) -> None:
    """Without books, and with the extra `speed`; all others of ours go without it, and the extension has no use for it."""
    inflate.isal_zlib = isal_zlib
    blocking(WithoutBooks(url), tally)


PURE = ", pure"
"""How the names of ours end that run without the extension."""
DRIVERS: dict[str, tuple[Callable[[Dialect, Tally], None], tuple[str, ...]]] = {
    "blocking": (blocking, ()),
    "trio": (under_trio, ()),
    "asyncio": (under_asyncio, ()),
    "asyncio on uvloop": (under_uvloop, ("uvloop",)),
}
"""Of ours, and the libraries that each needs."""
OTHERS: dict[str, tuple[Callable[[str, Tally], None], tuple[str, ...]]] = {
    f"ours, blocking, isal{PURE}": (with_isal, ("isal",)),
    "websockets + gzip + json": (websockets_asyncio, ("websockets",)),
    "aiohttp + gzip + json": (aiohttp_asyncio, ("aiohttp",)),
    "trio-websocket + gzip + json": (trio_websocket, ("trio_websocket",)),
    "websocket-client + gzip + json": (websocket_client, ("websocket",)),
    "picows + uvloop + zlib + orjson": (picows_uvloop, ("picows", "uvloop", "orjson")),
}


def ours(
    drive: Callable[[Dialect, Tally], None], needed: tuple[str, ...]
) -> dict[str, tuple[Callable[[str, Tally], None], tuple[str, ...]]]:
    """The rows of one driver, by the end of their names."""

    def events(url: str, tally: Tally) -> None:
        drive(WithoutBooks(url), tally)

    def books(url: str, tally: Tally) -> None:
        drive(coinex.spot(url=url), tally)

    extended = (*needed, "coinex_proto._speed")
    return {
        "": (events, extended),
        ", proved books": (books, extended),
        PURE: (events, needed),
        f", proved books{PURE}": (books, needed),
    }


CLIENTS = {f"ours, {driver}{end}": row for driver, how in DRIVERS.items() for end, row in ours(*how).items()} | OTHERS
"""What each does, and the libraries that may be missing."""


def main() -> None:
    """One client, one run."""
    name, url = sys.argv[1:]
    tally = Tally(json.load(sys.stdin)[::-1])
    inflate.isal_zlib = None
    CLIENTS[name][0](url, tally)
    with open(
        sys.stdout.fileno(), "w", closefd=False
    ) as out:  # unbuffered, as `python -u` has it, print() may cut it off
        json.dump({"cpu": tally.took, "times": tally.times}, out)


if __name__ == "__main__":
    main()
