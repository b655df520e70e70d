"""`coinex relay`: market data of one connection, published on NATS for many programs."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from attrs import frozen

from coinex_proto import Closed, Dialect, Event, Lost, Restored, Retrying, SdkError, Topic, UsageError, coinex, qfex
from coinex_trio._cli.feeds import coinex_dialect
from coinex_trio._cli.lines import lines

if TYPE_CHECKING:
    from coinex_relay import EmbeddedServer, Nats, Relay, Shard

EXTRA: Final = frozenset({"nats", "nkeys"})
"""What the extra `relay` brings."""
MISSING: Final = (
    "the relay needs the extra \"relay\" (nats-py), which is not installed here: pip install 'coinex-sdk[relay]'"
)
EMBEDDED_PORT: Final = 4222
"""The port that NATS has by custom."""
WATCH_EVERY: Final = 0.5

Makers = dict[str, Callable[[str], Topic[Event]]]
COINEX: Final[Makers] = {
    "book": coinex.Depth,
    "quotes": coinex.BestQuote,
    "ticker": coinex.Ticker,
    "trades": coinex.Trades,
}
QFEX: Final[Makers] = {"book": qfex.Level2, "quotes": qfex.Bbo, "trades": qfex.Trades}
KINDS: Final = ("book", "quotes", "ticker", "trades")


@frozen(kw_only=True)
class Settings:
    """What the command line says."""

    venue: str
    markets: Sequence[str]
    kinds: Sequence[str]
    url: str | None
    is_futures: bool
    nats: str | None
    credentials: str | None
    allow_plaintext: bool
    shard: str
    relay_id: str | None
    embedded: bool
    directory: str | None
    seconds: float


def dialect_and_topics(settings: Settings) -> tuple[Dialect, list[Topic[Event]]]:
    """What is followed. Raises `UsageError`."""
    if settings.venue == "qfex":
        if settings.is_futures:
            raise UsageError("--futures is for CoinEx; QFEX has one socket for all its markets")
        makers = QFEX
        dialect: Dialect = qfex.mds() if settings.url is None else qfex.mds(url=settings.url)
    else:
        makers, dialect = COINEX, coinex_dialect(settings.url, None, is_futures=settings.is_futures)
    if not settings.markets:
        raise UsageError("relay: name at least one market with --markets, for example BTCUSDT,ETHUSDT")
    missing = [kind for kind in settings.kinds if kind not in makers]
    if missing:
        raise UsageError(f"relay: of {settings.venue} there is {', '.join(makers)}")
    kinds = settings.kinds or tuple(makers)
    return dialect, [makers[kind](market) for market in dict.fromkeys(settings.markets) for kind in kinds]


def run_relay(settings: Settings) -> int:
    """Publishes until Ctrl-C, SIGTERM, SIGHUP, or so many seconds. Raises `SdkError`."""
    if settings.nats is None and not settings.embedded:
        raise UsageError("relay: name the server with --nats nats://HOST:4222, or try it with --embedded")
    dialect, topics = dialect_and_topics(settings)
    try:
        from coinex_relay import EmbeddedServer, Nats, Shard
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in EXTRA:
            raise
        raise SdkError(MISSING) from None
    shard = Shard.of(settings.shard)
    with ExitStack() as stack:
        url, server = settings.nats, None
        if settings.embedded:
            if url is not None:
                raise UsageError("relay: --embedded starts a server of its own; leave --nats out")
            server = stack.enter_context(_embedded(EmbeddedServer, settings.directory))
            url = server.url
        assert url is not None
        to = Nats(url=url, credentials=settings.credentials, allow_plaintext=settings.allow_plaintext)
        asyncio.run(_run(settings, to, server, dialect, topics, shard))
    return 0


def _embedded(make: type[EmbeddedServer], directory: str | None) -> EmbeddedServer:
    """On the customary port where that is free, else on any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", EMBEDDED_PORT))
        except OSError:
            return make(directory)
    return make(directory, port=EMBEDDED_PORT)


async def _run(
    settings: Settings,
    to: Nats,
    server: EmbeddedServer | None,
    dialect: Dialect,
    topics: list[Topic[Event]],
    shard: Shard,
) -> None:
    from coinex_relay import open_publisher

    stop = asyncio.Event()
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGHUP):  # a server of our own must not outlive its terminal
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_publisher(to, dialect, topics, relay_id=settings.relay_id, shard=shard) as relay:
        said = lines(_say)
        for kind in (Closed, Lost, Restored, Retrying):
            relay.client.on(kind)(said.dispatch)
        count = len(relay.publisher.topics)
        _say(f"relay {relay.publisher.relay} publishes {count} topics of {dialect.name}, shard {shard}")
        if server is not None:
            _say(f"consumers on this machine: open_relay({server.url!r}, …); the server ends with this program")
        await _watch(relay, server, stop, settings.seconds)
    _say(f"published {relay.publisher.published} messages; {relay.publisher.dropped} could not be kept")


async def _watch(relay: Relay, server: EmbeddedServer | None, stop: asyncio.Event, seconds: float) -> None:
    """Until it is time to stop; says what is wrong when that changes. Raises `RelayFailed` when a server of our own has ended."""
    loop = asyncio.get_running_loop()
    until, trouble = loop.time() + seconds, ""
    while not stop.is_set() and (left := until - loop.time()) > 0:
        if server is not None:
            server.check()
        if relay.trouble != trouble:
            trouble = relay.trouble
            _say(f"NATS: {trouble}" if trouble else "NATS: all is stored again")
        try:
            async with asyncio.timeout(min(left, WATCH_EVERY)):
                await stop.wait()
        except TimeoutError:
            pass


def _say(text: str) -> None:
    print(text, flush=True)
