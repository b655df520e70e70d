"""`open_relay`: a client under asyncio whose market data comes over a relay, with the surface of any other client."""

from __future__ import annotations

import asyncio
import os
import secrets
import ssl
from collections.abc import Callable
from typing import final

from coinex_asyncio import Client, open_client
from coinex_asyncio.client import Opening
from coinex_proto import Callbacks, Config, ConnectFailed, Dialect, Endpoint, Sources, UsageError
from coinex_relay.connecting import Nats, RelayFailed
from coinex_relay.dialect import RelayDialect
from coinex_relay.feed import Memory
from coinex_relay.line import Line
from coinex_relay.subjects import Names
from coinex_trio.network import SYSTEM


def open_relay(
    url: str,
    dialect: Dialect,
    *,
    callbacks: Callbacks | None = None,
    config: Config = Config(),  # noqa: B008  (frozen)
    credentials: str | os.PathLike[str] | None = None,
    ssl_context: ssl.SSLContext | None = None,
    allow_plaintext: bool = False,
) -> Opening[Client]:
    """A client on what relays publish of this venue's socket, as `coinex_asyncio.open_client` has it.

    `url`: of NATS. `credentials`: a NATS credentials file; keys of the venue are neither needed nor sent. TLS is demanded of every
    server that is not on this machine, unless `allow_plaintext`. Raises `UsageError` for what is no URL, and on entering `ConnectFailed`.
    A private topic and any command of the venue is `UsageError`.
    """
    to = Nats(url=url, credentials=credentials, ssl_context=ssl_context, allow_plaintext=allow_plaintext)
    network = RelayNetwork(to, Names.of(dialect))
    return open_client(relayed(dialect, network.where), callbacks=callbacks, config=config, network=network)


def relayed(dialect: Dialect, where: Endpoint) -> RelayDialect:
    """The dialect with the relay as its wire. Raises `UsageError` where there is nothing that can be relayed."""
    if isinstance(dialect, RelayDialect):
        raise UsageError("this dialect is of a relay already")
    return RelayDialect(venue=dialect, where=where)


@final
class RelayNetwork:
    """The system's clock and randomness; every address leads to the relay."""

    def __init__(self, to: Nats, names: Names) -> None:
        self.where: Endpoint = Endpoint(host="relay.invalid", port=1, tls=False, target=f"/{secrets.token_urlsafe(16)}")
        self.now: Callable[[], float] = SYSTEM.now
        """The system's clock."""
        self._to = to
        self._names = names
        self._memory = Memory()

    @property
    def sources(self) -> Sources:
        """The system's."""
        return SYSTEM.sources

    async def open_transport(
        self, protocol: asyncio.Protocol, host: str, port: int, ssl_context: ssl.SSLContext | None
    ) -> asyncio.Transport:
        """A connection to NATS, as a transport that speaks WebSocket. Raises `ConnectFailed`."""
        link = MemoryLink(protocol)
        line = Line(self._to, self._names, self._memory, link, self.now, self.where.target)
        try:
            await line.open()
        except RelayFailed as error:
            raise ConnectFailed(str(error)) from None
        link.line = line
        return link


@final
class MemoryLink(asyncio.Transport):
    """A session's end of a line in the same loop."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.line: Line | None = None
        self._protocol = protocol
        self.data_received: Callable[[bytes], None] = protocol.data_received
        """Takes bytes for the session."""

    # For the line -----------------------------------------------------------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        self._protocol.connection_lost(exc)

    # For the session --------------------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Everything is taken at once."""
        if self.line is not None:
            self.line.receive_data(bytes(data))

    def can_write_eof(self) -> bool:
        """As TCP."""
        return True

    def write_eof(self) -> None:
        """The session says nothing more, and what it still could hear is of no use to it."""
        self.abort()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever buffered."""

    def is_closing(self) -> bool:
        """The client looks at nothing but `connection_lost`."""
        return False

    def close(self) -> None:
        """Lets go of it."""
        self.abort()

    def abort(self) -> None:
        """Lets go of it."""
        if self.line is not None:
            self.line.end()
