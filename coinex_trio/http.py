"""CoinEx over HTTP: `open_http` under trio and `BlockingHttp` in the calling thread, of the same shape.

Both are loops around `HttpCaller`, which decides what is sent, when, and how often; here bytes move and time passes. Needs
the extra `http`. The exchange's certificate is verified, and the environment's proxies are not used.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import Final, Self, TypeVar, final

from coinex_proto import Config, UsageError
from coinex_proto.coinex import Credentials
from coinex_proto.coinex.http import (
    Clock,
    HttpCaller,
    HttpCommand,
    HttpCommands,
    HttpOptions,
    HttpRequest,
    Json,
    MarketType,
    NoReply,
    Pause,
    Reply,
    ResolvedOrder,
    Steps,
    Woken,
    call,
)
from coinex_proto.orders.tracker import Orders
from coinex_trio._http.network import blocking_transport, proxy_of, trio_transport
from coinex_trio._http.sockets import SocketTransport
from coinex_trio._http.wire import (
    DEFAULT_URL,
    TOO_LARGE,
    TOO_SLOW,
    UNTIL,
    MissingExtra,
    PoolSettings,
    httpx2,
    place_of,
    what_is_proved,
    wire,
)
from coinex_trio.network import SYSTEM, Network

__all__ = ["BlockingHttp", "Http", "MissingExtra", "open_http"]

R = TypeVar("R")


@final
class BlockingHttp:
    """CoinEx HTTP in the calling thread: `BlockingHttp(credentials).request(spot.PutOrder(...))`.

    One thread at a time. Connections are kept open between calls; `close` or a `with` block ends them.
    """

    def __init__(
        self,
        credentials: Credentials | None = None,
        *,
        url: str = DEFAULT_URL,
        config: Config | None = None,
        window_ms: int | None = None,
        retries: int = 3,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        allow_plaintext: bool = False,
        network: Network = SYSTEM,
        clock: Clock | None = None,
        orders: Orders | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """Nothing is opened yet. `transport` replaces the sockets, for example by a local exchange's."""
        self._config: Final = config if config is not None else Config()
        place = place_of(url, has_credentials=credentials is not None, allow_plaintext=allow_plaintext)
        settings = PoolSettings(
            place=place,
            config=self._config,
            has_credentials=credentials is not None,
            proxy=proxy_of(network, proxy),
            ssl_context=ssl_context,
        )
        self._origin = place.origin
        self._network = network
        transport = transport or blocking_transport(network) or SocketTransport(settings, network.now)
        self._pool = httpx2.Client(**{**settings.arguments(), "proxy": None}, transport=transport)
        options = HttpOptions(base_path=place.base_path, host=place.host, window_ms=window_ms, retries=retries)
        self._caller = HttpCaller(network.sources, credentials, options, clock=clock, orders=orders)

    def request(self, command: HttpCommand[R]) -> R:
        """The result of a command. Raises what `HttpCaller.request` raises; a call that changes something is sent once."""
        return self._run(self._caller.request(command, self._network.now()))

    def call(self, method: str, path: str, /, **parameters: object) -> Json:
        """The `data` of any call as plain JSON: `call("GET", "/futures/ticker", market="BTCUSDT")`."""
        return self.request(call(method, path, **parameters))

    def resolve_order(
        self, client_id: str, *, market: str | None = None, market_type: MarketType | None = None
    ) -> ResolvedOrder:
        """What the venue knows of an order whose outcome is unknown. "not_found" is no proof right after sending."""
        steps = self._caller.resolve_order(client_id, self._network.now(), market=market, market_type=market_type)
        return self._run(steps)

    def run(self, commands: HttpCommands[R], *, timeout: float = math.inf) -> R:
        """What comes of commands that follow from each other: those of an `OrderEntry`, a `Backfill`, of holdings.

        Raises `TimeoutError` when there is no answer after `timeout` seconds, repetitions included; for queries only,
        since a call that changes something may have taken effect then.
        """
        now = self._network.now()
        return self._run(self._caller.run(commands, now), now + timeout)

    def sync_clock(self) -> float:
        """Asks the venue's time, and gives its clock minus ours in seconds."""
        self._run(self._caller.sync_clock(self._network.now()))
        return self._caller.clock_offset_ms / 1000

    @property
    def caller(self) -> HttpCaller:
        """Rate limits and clock, for those who look closer."""
        return self._caller

    def close(self) -> None:
        """Ends the connections. May be called twice."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, steps: Steps[R], until: float = math.inf) -> R:
        _refuse_closed(self._pool)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Pause):
                    self._sleep(step.seconds, until)
                    step = steps.send(Woken(self._network.now()))
                else:
                    step = steps.send(self._exchange(step.request, until))
                if self._network.now() >= until:
                    raise TimeoutError("no answer over HTTP in time")
        except StopIteration as stop:
            result: R = stop.value
            return result
        finally:
            steps.close()

    def _sleep(self, seconds: float, until: float) -> None:
        until = min(until, self._network.now() + seconds)
        while self._network.now() < until:
            self._network.wait((), until)

    def _exchange(self, request: HttpRequest, until: float) -> Reply | NoReply:
        deadline = min(until, self._network.now() + self._config.open_timeout + self._config.request_timeout)
        sent = wire(self._origin, request)
        sent.extensions[UNTIL] = deadline
        try:
            response = self._pool.send(sent, stream=True)
            try:
                return self._read(response, deadline)
            finally:
                response.close()
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            why, was_sent, timed_out = what_is_proved(error)
            now = self._network.now()
            why = TOO_SLOW if timed_out and was_sent and now >= deadline else why
            return NoReply(now=now, why=why, was_sent=was_sent, timed_out=timed_out)

    def _read(self, response: httpx2.Response, deadline: float) -> Reply | NoReply:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            now = self._network.now()
            if len(body) > self._config.max_message_bytes:
                return NoReply(now=now, why=TOO_LARGE, was_sent=True)
            if now > deadline:
                return NoReply(now=now, why=TOO_SLOW, was_sent=True, timed_out=True)
        headers = tuple(response.headers.multi_items())
        return Reply(now=self._network.now(), status=response.status_code, headers=headers, body=bytes(body))


@asynccontextmanager
async def open_http(
    credentials: Credentials | None = None,
    *,
    url: str = DEFAULT_URL,
    config: Config | None = None,
    window_ms: int | None = None,
    retries: int = 3,
    proxy: str | None = None,
    ssl_context: ssl.SSLContext | None = None,
    allow_plaintext: bool = False,
    network: Network = SYSTEM,
    clock: Clock | None = None,
    orders: Orders | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> AsyncIterator[Http]:
    """CoinEx HTTP under trio: `async with open_http(credentials) as http: await http.request(...)`.

    Entering opens nothing yet. Many tasks may share one client.
    """
    import trio

    config = config if config is not None else Config()
    place = place_of(url, has_credentials=credentials is not None, allow_plaintext=allow_plaintext)
    settings = PoolSettings(
        place=place,
        config=config,
        has_credentials=credentials is not None,
        proxy=proxy_of(network, proxy),
        ssl_context=ssl_context,
    )
    options = HttpOptions(base_path=place.base_path, host=place.host, window_ms=window_ms, retries=retries)
    caller = HttpCaller(network.sources, credentials, options, clock=clock, orders=orders)
    async with httpx2.AsyncClient(**settings.arguments(), transport=transport or trio_transport(network)) as pool:
        shift = network.now() - trio.current_time()
        yield Http(caller, pool, place.origin, config, lambda: trio.current_time() + shift)


@final
class Http:
    """The client that `open_http` gives. A call that is cancelled may have taken effect: `resolve_order` tells."""

    def __init__(
        self, caller: HttpCaller, pool: httpx2.AsyncClient, origin: str, config: Config, now: Callable[[], float]
    ) -> None:
        self._caller = caller
        self._pool = pool
        self._origin = origin
        self._config = config
        self._now = now
        """Seconds on the clock of the network, as sessions have them."""

    async def request(self, command: HttpCommand[R]) -> R:
        """The result of a command. Raises what `HttpCaller.request` raises; a call that changes something is sent once."""
        return await self._run(self._caller.request(command, self._now()))

    async def call(self, method: str, path: str, /, **parameters: object) -> Json:
        """The `data` of any call as plain JSON: `call("GET", "/futures/ticker", market="BTCUSDT")`."""
        return await self.request(call(method, path, **parameters))

    async def resolve_order(
        self, client_id: str, *, market: str | None = None, market_type: MarketType | None = None
    ) -> ResolvedOrder:
        """What the venue knows of an order whose outcome is unknown. "not_found" is no proof right after sending."""
        return await self._run(
            self._caller.resolve_order(client_id, self._now(), market=market, market_type=market_type)
        )

    async def run(self, commands: HttpCommands[R]) -> R:
        """What comes of commands that follow from each other: those of an `OrderEntry`, a `Backfill`, of holdings."""
        return await self._run(self._caller.run(commands, self._now()))

    async def sync_clock(self) -> float:
        """Asks the venue's time, and gives its clock minus ours in seconds."""
        await self._run(self._caller.sync_clock(self._now()))
        return self._caller.clock_offset_ms / 1000

    @property
    def caller(self) -> HttpCaller:
        """Rate limits and clock, for those who look closer."""
        return self._caller

    async def _run(self, steps: Steps[R]) -> R:
        import trio

        _refuse_closed(self._pool)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Pause):
                    await trio.sleep(step.seconds)
                    step = steps.send(Woken(self._now()))
                else:
                    step = steps.send(await self._exchange(step.request))
        except StopIteration as stop:
            result: R = stop.value
            return result
        finally:
            steps.close()

    async def _exchange(self, request: HttpRequest) -> Reply | NoReply:
        import trio

        with trio.move_on_after(self._config.open_timeout + self._config.request_timeout):
            try:
                response = await self._pool.send(wire(self._origin, request), stream=True)
                try:
                    return await self._read(response)
                finally:
                    await response.aclose()
            except (httpx2.HTTPError, httpx2.StreamError) as error:
                why, was_sent, timed_out = what_is_proved(error)
                return NoReply(now=self._now(), why=why, was_sent=was_sent, timed_out=timed_out)
        return NoReply(now=self._now(), why=TOO_SLOW, was_sent=True, timed_out=True)

    async def _read(self, response: httpx2.Response) -> Reply | NoReply:
        body = bytearray()
        async with aclosing(response.aiter_bytes()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > self._config.max_message_bytes:
                    return NoReply(now=self._now(), why=TOO_LARGE, was_sent=True)
        headers = tuple(response.headers.multi_items())
        return Reply(now=self._now(), status=response.status_code, headers=headers, body=bytes(body))


def _refuse_closed(pool: httpx2.Client | httpx2.AsyncClient) -> None:
    if pool.is_closed:
        raise UsageError("this HTTP client is closed: nothing was sent")
