"""`coinex doctor`: why a connection does not work, stage by stage, one line each.

The exit status names the stage that failed (`STATUSES`), so that scripts can distinguish a wrong key from a dead connection.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from typing import Final

from attrs import define, field
from rich.console import Console
from rich.text import Text

from coinex_driver.tls import default_ssl_context
from coinex_proto import Config, Dialect, SdkError, UsageError
from coinex_proto.coinex import Credentials, Ping, ServerTime
from coinex_trio import BlockingClient

STATUSES: Final = {"name": 10, "TCP": 11, "TLS": 12, "handshake": 13, "ping": 14, "clock": 15, "sign-in": 16}
"""Exit status by failing stage."""
TIMEOUT: Final = 5.0
"""Seconds for each stage."""
CLOCK_WINDOW: Final = 5.0
"""Seconds that CoinEx lets a signature's time be off (HTTP; the socket's window is not documented)."""


class Failed(Exception):
    """A stage did not succeed; the text says why and what to do."""


@define
class Examination:
    """An endpoint, and the sockets that the stages open one after the other."""

    public: Dialect
    private: Dialect | None
    access_id: str | None
    addresses: tuple[str, ...] = ()
    _socket: socket.socket | None = field(default=None, repr=False)
    _client: BlockingClient | None = field(default=None, repr=False)

    def name(self) -> str:
        """Name resolution."""
        where = self.public.endpoint
        try:
            found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Failed(
                f"{where.host} has no address: {error.strerror or error}; check the name and the DNS"
            ) from error
        self.addresses = tuple(dict.fromkeys(str(info[4][0]) for info in found))
        return f"{where.host} is {', '.join(self.addresses)}"

    def tcp(self) -> str:
        """A TCP connection."""
        where = self.public.endpoint
        began = time.monotonic()
        try:
            self._socket = socket.create_connection((where.host, where.port), timeout=TIMEOUT)
        except OSError as error:
            raise Failed(f"no connection to {where.host} port {where.port}: {error.strerror or error}") from error
        return f"port {where.port} answered in {_ms(time.monotonic() - began)}"

    def tls(self) -> str:
        """Certificate chain, host name and TLS version."""
        where = self.public.endpoint
        if not where.tls:
            return "none: a plain connection"
        assert self._socket is not None
        try:
            self._socket = default_ssl_context().wrap_socket(self._socket, server_hostname=where.host)
        except ssl.SSLCertVerificationError as error:
            raise Failed(f"the certificate is not good for {where.host}: {error.verify_message}") from error
        except OSError as error:
            raise Failed(f"TLS failed: {error}") from error
        issuer = dict(pair for pairs in self._socket.getpeercert().get("issuer", ()) for pair in pairs)  # type: ignore[union-attr,misc]
        return f"{self._socket.version()}, certificate by {issuer.get('organizationName', 'an unnamed authority')}"

    def handshake(self) -> str:
        """The WebSocket upgrade."""
        self._leave()
        began = time.monotonic()
        self._client = BlockingClient(self.public, config=Config(open_timeout=TIMEOUT, request_timeout=TIMEOUT))
        self._client.ready(timeout=TIMEOUT)
        return f"upgraded in {_ms(time.monotonic() - began)}, name resolution and TCP included"

    def ping(self) -> str:
        """The round trip of the venue's own ping."""
        assert self._client is not None
        times = []
        for _ in range(3):
            began = time.monotonic()
            self._client.request(Ping())
            times.append(time.monotonic() - began)
        return f"round trip {_ms(min(times))} (best of {len(times)})"

    def clock(self) -> str:
        """How far our clock is off the venue's, and how sure that is."""
        assert self._client is not None
        before, began = time.time(), time.monotonic()
        server = self._client.request(ServerTime()) / 1000
        took = time.monotonic() - began
        offset = server - (before + took / 2)
        text = f"the exchange is {offset:+.3f} s from our clock, give or take {took / 2 + 0.001:.3f} s"
        if abs(offset) > CLOCK_WINDOW:
            raise Failed(f"{text}; signatures are refused beyond {CLOCK_WINDOW:g} s: set this machine's clock")
        return text

    def sign_in(self) -> str:
        """The sign-in with the user's key."""
        if self.private is None or self.access_id is None:
            return "not tried: set COINEX_ACCESS_ID and COINEX_SECRET_KEY"
        with BlockingClient(self.private, config=Config(open_timeout=TIMEOUT, login_timeout=TIMEOUT)):
            return f"access id {redacted(self.access_id)} was accepted"

    def close(self) -> None:
        """Lets go of whatever is open."""
        self._leave()
        if self._client is not None:
            self._client.close()

    def _leave(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def redacted(access_id: str) -> str:
    """Enough of an id to know it by."""
    return f"{access_id[:4]}…{access_id[-2:]}" if len(access_id) > 10 else "…"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _error(error: Exception) -> str:
    return str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"


def run_doctor(make: Callable[[Credentials | None], Dialect], credentials: Credentials | None, out: Console) -> int:
    """Exit status: 0, or that of the first stage that failed."""
    patient = Examination(
        make(None),
        None if credentials is None else make(credentials),
        None if credentials is None else credentials.access_id,
    )
    stages: dict[str, Callable[[], str]] = {
        "name": patient.name,
        "TCP": patient.tcp,
        "TLS": patient.tls,
        "handshake": patient.handshake,
        "ping": patient.ping,
        "clock": patient.clock,
        "sign-in": patient.sign_in,
    }
    try:
        for stage, examine in stages.items():
            try:
                said = examine()
            except UsageError:
                raise
            except (Failed, SdkError, TimeoutError) as error:
                out.print(Text.assemble((f"{stage:<10} ", "bold"), ("failed  ", "bold red"), _error(error)))
                return STATUSES[stage]
            out.print(Text.assemble((f"{stage:<10} ", "bold"), ("ok      ", "green"), said))
    finally:
        patient.close()
    return 0
