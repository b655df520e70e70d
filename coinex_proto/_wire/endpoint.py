"""A WebSocket address, taken apart and checked when a dialect is made, so that nothing fails for it later.

This module must not know any venue.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from coinex_proto.config import Endpoint
from coinex_proto.errors import UsageError, quoted

_PORTS: Final = {"wss": 443, "ws": 80}
_LOOPBACK: Final = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|::1")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_IPV6: Final = re.compile(r"[0-9a-f:.]{2,45}")
_TARGET: Final = re.compile(r"[!-~]*")


def endpoint_of(url: str, *, allow_plaintext: bool = False, headers: tuple[tuple[str, str], ...] = ()) -> Endpoint:
    """Host, port, TLS and target of a `wss://` (or, to loopback only, `ws://`) address.

    Raises `UsageError` for anything else: another scheme, blanks and control characters, a host that is no DNS name or IP
    address, a port outside 1…65535, user and password, a fragment. `allow_plaintext` lets `ws://` go to any host.
    """
    parts, port = _split(url)
    if parts.scheme not in _PORTS:
        raise UsageError(
            f"the address must start with wss:// (or ws:// for a local server), not {quoted(parts.scheme)}"
        )
    if parts.username is not None or parts.password is not None:
        raise UsageError("the address must not hold a user or a password: they would end up in logs")
    if "#" in url:
        raise UsageError("the address of a WebSocket has no fragment (#…)")
    host = parts.hostname or ""
    _check_host(host)
    if parts.scheme == "ws" and not allow_plaintext and not _LOOPBACK.fullmatch(host):
        raise UsageError(
            f"ws:// to {host} is not encrypted, and credentials would travel in clear: use wss://, "
            "or allow_plaintext=True if you know better"
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(
        host=host, port=port or _PORTS[parts.scheme], tls=parts.scheme == "wss", target=target, headers=headers
    )


def _split(url: str) -> tuple[SplitResult, int | None]:
    if not isinstance(url, str):
        raise UsageError(f"the address must be a str, not {type(url).__name__}")
    # urlsplit drops tabs and line ends in silence: look before it does.
    if not _TARGET.fullmatch(url):
        raise UsageError(
            "the address holds blanks, control characters or letters outside ASCII; write an IDN host as xn--…"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise UsageError(f"the address cannot be read: {problem}") from None
    if port == 0:
        raise UsageError("the address has port 0; ports go from 1 to 65535")
    return parts, port


def _check_host(host: str) -> None:
    if ":" in host:
        if not _IPV6.fullmatch(host):
            raise UsageError(f"the address has no valid IPv6 host: {quoted(host)}")
        return
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UsageError(f"the address has no valid host: {quoted(host)}")
