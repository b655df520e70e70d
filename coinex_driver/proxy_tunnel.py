"""The way through an HTTP proxy without I/O: where the proxy is, what is requested of it, and what its answer means.

Every driver shares it. Must not know sockets, trio or venues. Nothing that the proxy says goes into a message: one that
sends our request back would show the password. Source: RFC 9110, 9.3.6 (CONNECT); RFC 7617 (Basic).
"""

from __future__ import annotations

import base64
import re
from http import HTTPStatus
from ipaddress import IPv6Address
from typing import Final, final
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

import h11

from coinex_proto import ProxyError, UsageError

PEEK_SIZE: Final = 4096
"""Bytes looked at in one read of the answer."""

MAX_ANSWER_BYTES: Final = 32 * 1024
"""A longer answer is refused, the interim ones before it counted in; real ones have some hundred bytes."""

_SHAPE: Final = (
    "the proxy must look like http://user:password@host:port (its text is not shown, it may hold a password)"
)

_HOST: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")

_HINTS: Final = {
    400: "it may not allow this address or port",
    403: "it does not allow this address, port or user",
    405: "it is no proxy, or does not tunnel",
    404: "it is no proxy, or does not tunnel",
    501: "it is no proxy, or does not tunnel",
    502: "it could not reach the venue",
    503: "it could not reach the venue, or is overloaded",
    504: "it could not reach the venue in time",
}
"""What a refusal mostly means, by HTTP status."""


@final
class Proxy:
    """An HTTP proxy and the login for it, which neither repr, vars, copy nor pickle can show.

    Raises `UsageError`, without any part of the text in it, for what is no `http://user:password@host:port`. User and
    password are percent-encoded UTF-8, and may be left out.
    """

    __slots__ = ("authorization", "host", "port", "url")

    host: str
    port: int
    authorization: str
    """Value of the header Proxy-Authorization; empty: no login."""
    url: str
    """As given: for httpx2, which reads it by itself."""

    def __init__(self, url: str) -> None:
        found = _parse(url)
        if isinstance(found, str):
            del url  # a traceback with locals must not show it
            raise UsageError(found)
        self.host, self.port, self.authorization = found
        self.url = url

    def __str__(self) -> str:
        return authority(self.host, self.port)

    def __repr__(self) -> str:
        return f"Proxy({str(self)!r})" if hasattr(self, "port") else "Proxy()"

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("the login for a proxy is not written to a pickle or copy; make the network anew")


def authority(host: str, port: int) -> str:
    """Host and port as in URLs: an IPv6 address has brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _parse(url: object) -> tuple[str, int, str] | str:
    """Host, port, and the value of Proxy-Authorization; or why this is no proxy. Raises nothing, and shows nothing."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return _SHAPE
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return _SHAPE
    if parts.scheme in ("https", "socks4", "socks5", "socks5h"):
        return "the proxy must begin with http://: neither TLS to the proxy nor SOCKS is spoken (its text is not shown)"
    is_bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    if parts.scheme != "http" or not is_bare or not port or not _is_host(parts.hostname or ""):
        return _SHAPE
    login = _login(parts)
    if login is None:
        return "user name or password for the proxy cannot be sent: no colon in the user name, no control characters"
    return parts.hostname or "", port, login


def _is_host(host: str) -> bool:
    if ":" not in host:
        return len(host) <= 253 and _HOST.fullmatch(host) is not None
    try:
        return IPv6Address(host).scope_id is None
    except ValueError:
        return False


def _login(parts: SplitResult) -> str | None:
    """The header's value, empty without a user; None when Basic cannot carry it (RFC 7617, 2)."""
    if parts.username is None:
        return ""
    user, password = unquote_to_bytes(parts.username), unquote_to_bytes(parts.password or "")
    if b":" in user or any(byte < 0x20 or byte == 0x7F for byte in user + password):
        return None
    return "Basic " + base64.b64encode(user + b":" + password).decode("ascii")


@final
class Tunnel:
    """One way through a proxy to one venue: send `unsent`, then feed what comes to `receive` until `is_open`."""

    def __init__(self, proxy: Proxy, host: str, port: int) -> None:
        self.is_open: bool = False
        self._proxy = proxy
        self._venue = authority(host, port)
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=2 * MAX_ANSWER_BYTES)
        self._start = b""
        self._received = 0
        headers = [("Host", self._venue)]
        if proxy.authorization:
            headers.append(("Proxy-Authorization", proxy.authorization))
        request = h11.Request(method="CONNECT", target=self._venue, headers=headers)
        self.unsent: bytes = self._http.send(request) or b""
        """Of the request. It holds the login: never keep it in a local variable where something may raise."""
        self._http.send(h11.EndOfMessage())

    def receive(self, data: bytes) -> int:
        """How many of these bytes belong to the proxy's answer; those behind them are the venue's. Empty: the end.

        Raises `ProxyError` for everything but an answer with a status of 200 to 299.
        """
        belonging, problem = self._read(data)
        del data  # a traceback with locals must not show what a proxy has sent back
        if problem is not None:
            raise problem
        return belonging

    def _read(self, data: bytes) -> tuple[int, ProxyError | None]:
        if not data:
            return 0, self.failed(f"it ended the connection {'within' if self._received else 'before'} its answer")
        self._start = (self._start + data)[:5]
        answer = self._next_answer(data)
        if answer is None or not b"HTTP/".startswith(self._start):
            return 0, self.failed("it did not answer in HTTP")
        belonging = len(data)
        if type(answer) is h11.Response:
            if not 200 <= answer.status_code < 300:
                return 0, self._refusal(answer.status_code)
            self.is_open = True
            belonging -= len(self._http.trailing_data[0])
        self._received += belonging
        if self._received > MAX_ANSWER_BYTES:
            return 0, self.failed(f"its answer has more than {MAX_ANSWER_BYTES} bytes")
        return belonging, None

    def failed(self, why: str, *, status: int | None = None) -> ProxyError:
        """This error, naming the venue and the proxy."""
        return ProxyError(f"cannot connect to {self._venue} through the proxy {self._proxy}: {why}", status=status)

    def _next_answer(self, data: bytes) -> type[h11.NEED_DATA | h11.PAUSED] | h11.Event | None:
        """The next that is no interim answer; None: this is no HTTP."""
        try:
            self._http.receive_data(data)
            while type(answer := self._http.next_event()) is h11.InformationalResponse:
                continue
        except h11.RemoteProtocolError:
            return None
        return answer

    def _refusal(self, status: int) -> ProxyError:
        named = f"{status} {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else str(status)
        if status == 407:
            hint = "the login was not accepted" if self._proxy.authorization else "user name and password are missing"
        else:
            hint = _HINTS.get(status, "")
        return self.failed(f"it answered {named}" + (f"; {hint}" if hint else ""), status=status)
