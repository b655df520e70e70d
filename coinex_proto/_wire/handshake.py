"""The two ends of the upgrade that wsproto leaves open: what we may ask for, and how the answer's heads are cut.

`UpgradeRequest` refuses at construction whatever could not be sent, or would be sent as something else. `Heads` cuts
the answer into whole response heads and counts their bytes, so that the parser behind it sees the same input however
the network cut it. Sources: RFC 6455 section 4.1, RFC 9112. This module must not know frames or wsproto.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Final

from attrs import field, frozen

from coinex_proto.errors import UsageError, quoted

MAX_HEAD_BYTES: Final = 16 * 1024
"""Of one response head, with its blank line; h11's own limit depends on how the head is cut."""

_RESERVED: Final = frozenset(
    {"host", "upgrade", "connection", "content-length", "transfer-encoding", "expect"},
)
_RESERVED_PREFIX: Final = "sec-websocket-"
_DEFAULT_PORT: Final = {True: 443, False: 80}

_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
MAX_NAME: Final = 253
"""Characters of a host's name (RFC 1035, 2.3.4)."""
_IPV6 = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_TARGET = re.compile(r"/[!-\"$-~]*")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[!-~]([ \t!-~]*[!-~])?")

_END_OF_HEAD = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/([0-9]\.[0-9]) ([0-9]{3})[ \r\n]")
_ACCEPT_LINE = re.compile(rb"^sec-websocket-accept[ \t]*:", re.IGNORECASE | re.MULTILINE)
_TLS_RECORDS: Final = b"\x14\x15\x16\x17"


_KEY = re.compile(rb"(?i)\r\nsec-websocket-key: *(\S+)")
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, 1.3."""


def key_of(request: bytes) -> bytes:
    """The key in an upgrade request of ours."""
    found = _KEY.search(request)
    assert found is not None, "our own request"
    return found[1]


def accept_of(key: bytes) -> bytes:
    """What a server that has read this key answers."""
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())


def accepting(request: bytes) -> bytes:
    """The 101 that this upgrade request wants, for a socket that goes on where a recording does."""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept_of(key_of(request)) + b"\r\n\r\n"
    )


@frozen(kw_only=True)
class UpgradeRequest:
    """A checked request: nothing in it can fail later, or end a header line."""

    host: str
    """The Host header: with the port when it is not the scheme's own, IPv6 in brackets."""
    target: str = field(repr=False)
    """Hidden, as the headers are: it may carry a key."""
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)


def upgrade_request(
    *, host: str, port: int, tls: bool, target: str, headers: Sequence[tuple[str, str]]
) -> UpgradeRequest:
    """The request for these, or a `UsageError` that names what is wrong. Target and header values are never quoted:
    they may carry a key.
    """
    is_ipv6 = ":" in host
    if len(host) > MAX_NAME or not (_IPV6 if is_ipv6 else _NAME).fullmatch(host):
        raise UsageError(
            f"host {quoted(host)}: must be a name or an address in ASCII, without scheme, port, user or brackets "
            "(an international name in its xn-- form)"
        )
    if type(port) is not int or not 0 < port < 2**16:
        raise UsageError(f"port {port!r}: must be a whole number from 1 to 65535")
    if not _TARGET.fullmatch(target):
        raise UsageError("the request target must start with / and hold only printable ASCII, no space and no #")
    shown = f"[{host}]" if is_ipv6 else host
    if port != _DEFAULT_PORT[tls]:
        shown += f":{port}"
    try:
        shown.encode("idna")  # what wsproto does with it: it counts the port as a part of the last label
    except UnicodeError as error:
        raise UsageError(f"host {quoted(host)}: the last label is too long") from error
    return UpgradeRequest(host=shown, target=target, headers=tuple(_checked(name, value) for name, value in headers))


def _checked(name: str, value: str) -> tuple[bytes, bytes]:
    if not _TOKEN.fullmatch(name):
        raise UsageError(f"header name {quoted(name)}: not an HTTP token")
    lower = name.lower()
    if lower in _RESERVED or lower.startswith(_RESERVED_PREFIX):
        raise UsageError(f"header {name} belongs to the upgrade itself and cannot be set")
    if not _VALUE.fullmatch(value):
        raise UsageError(f"the value of header {name} must be printable ASCII in one line, without spaces around it")
    return name.encode(), value.encode()


class Heads:
    """Bytes in, whole response heads out. `fault` says why no further head can come; it is the same for every cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0

    def add(self, data: bytes) -> None:
        """More bytes of the answer."""
        self._buffer += data

    def next(self) -> bytes | None:
        """The next head with its blank line, as soon as it is whole; None: more bytes are needed, or there is a fault."""
        if self.fault is not None:
            return None
        found = _END_OF_HEAD.search(self._buffer, max(0, self._searched - 2), MAX_HEAD_BYTES)
        if found is None:
            self._searched = min(len(self._buffer), MAX_HEAD_BYTES)
            return None
        head = bytes(self._buffer[: found.end()])
        del self._buffer[: found.end()]
        self._searched = 0
        return head

    @property
    def fault(self) -> str | None:
        """Why this is no HTTP, at the first byte that shows it, or None."""
        start = bytes(self._buffer[:5])
        if not b"HTTP/".startswith(start):
            return (
                "the server speaks TLS here: use wss" if start[0] in _TLS_RECORDS else "the server does not speak HTTP"
            )
        if self._searched >= MAX_HEAD_BYTES:
            return f"the response head is longer than {MAX_HEAD_BYTES} bytes"
        return None

    def rest(self) -> bytes:
        """What follows the heads that were taken; it is the caller's from now on."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest


def status_of(head: bytes) -> int | None:
    """The status code of a response head; None when its first line is not a status line."""
    found = _STATUS_LINE.match(head)
    return int(found[2]) if found else None


def fault_of_interim(head: bytes) -> str | None:
    """Why a 1xx head cannot be accepted although wsproto would take it: its version, or two Accept headers."""
    found = _STATUS_LINE.match(head)
    if found and found[1] != b"1.1":
        return f"the server answered with HTTP/{found[1].decode()}; an upgrade needs HTTP/1.1"
    if len(_ACCEPT_LINE.findall(head)) > 1:
        return "the answer has more than one Sec-WebSocket-Accept header"
    return None
