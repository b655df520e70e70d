"""What both HTTP drivers need of httpx2: the pool's settings, the request exactly as signed, and what a failure proves.

Must not know trio. Without httpx2 the import fails with an error that names the extra.
"""

from __future__ import annotations

import ipaddress
from ssl import SSLContext
from typing import Any, Final

from attrs import field, frozen

from coinex_driver.network_errors import describe
from coinex_driver.tls import check_ssl_context, default_ssl_context
from coinex_proto import Config, PayloadError, UsageError
from coinex_proto.coinex.http import BASE_PATH, HttpRequest
from coinex_proto.decoding import check_count


class MissingExtra(UsageError, ImportError):
    """The optional packages of an extra are not installed."""


try:
    import httpcore2 as httpcore2
    import httpx2 as httpx2
except ImportError as _problem:
    raise MissingExtra("HTTP needs httpx2: pip install 'coinex-sdk[http]'") from _problem

DEFAULT_URL: Final = "https://api.coinex.com/v2"

USER_AGENT: Final = "coinex-sdk"

CONNECTIONS: Final = httpx2.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=5.0)
"""Idle connections are dropped after 5 s: the more often the server closes one first, the more often an order that was
just written to it ends as `OutcomeUnknown`."""

UNTIL: Final = "coinex_until"
"""Extension of a request: when its answer must be complete, in seconds of the network's clock."""

_NOTHING_LEFT: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)
"""Failures before the first byte of the request was written."""


@frozen(kw_only=True)
class Place:
    """Where the calls go, taken from the base URL."""

    origin: str
    """Scheme, host and port."""
    host: str
    base_path: str
    is_loopback: bool


def place_of(url: str, *, has_credentials: bool, allow_plaintext: bool, base_path: str = BASE_PATH) -> Place:
    """The parts of a base URL; one without a path gets `base_path`.

    Raises `UsageError` for anything but http and https, for user names and queries in it, and for plain http to another
    machine with credentials, unless that is allowed: whoever listens could read balances and change answers.
    """
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, TypeError) as error:
        raise UsageError(f"url is not one: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UsageError('url must begin with "https://" (or "http://" for a local exchange) and name a host')
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise UsageError("url must not hold a user name, a query or a fragment")
    is_loopback = _is_loopback(parsed.host)
    if parsed.scheme == "http" and has_credentials and not is_loopback and not allow_plaintext:
        raise UsageError(f"refusing to send signed calls to {parsed.host} without TLS; allow_plaintext=True permits it")
    path = parsed.raw_path.decode("ascii").rstrip("/")
    port = f":{parsed.port}" if parsed.port is not None else ""
    host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
    return Place(
        origin=f"{parsed.scheme}://{host}{port}",
        host=parsed.host,
        base_path=path or base_path,
        is_loopback=is_loopback,
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_proxy(value: str) -> None:
    try:
        is_one = httpx2.URL(value).scheme in ("http", "https") and httpx2.URL(value).host != ""
    except (httpx2.InvalidURL, TypeError):
        is_one = False
    if not is_one:
        raise UsageError("proxy must look like http://host:port (its text is not shown, it may hold a password)")


@frozen(kw_only=True)
class PoolSettings:
    """How the connections are made. Raises `UsageError` for what is no proxy, and for credentials
    with a context that checks no certificate.
    """

    place: Place
    config: Config
    has_credentials: bool = False
    proxy: str | None = field(default=None, repr=False)
    """Hidden, since it may hold a password. A local exchange is never reached through it."""
    ssl_context: SSLContext | None = None

    def __attrs_post_init__(self) -> None:
        if self.proxy is not None:
            _check_proxy(self.proxy)
        check_ssl_context(self.ssl_context, has_credentials=self.has_credentials)

    def arguments(self) -> dict[str, Any]:
        """For `httpx2.Client` and `httpx2.AsyncClient`. The environment is not read: a proxy is only what was given."""
        return {
            "verify": self.ssl_context if self.ssl_context is not None else default_ssl_context(),
            "proxy": None if self.place.is_loopback else self.proxy,
            "trust_env": False,
            "follow_redirects": False,
            "limits": CONNECTIONS,
            "timeout": httpx2.Timeout(self.config.request_timeout, connect=self.config.open_timeout),
        }


TOO_LARGE: Final = "the answer is larger than max_message_bytes"
TOO_SLOW: Final = "no complete answer within request_timeout"


def wire(origin: str, request: HttpRequest) -> httpx2.Request:
    """The request as signed: target and body are sent byte for byte, not encoded again."""
    target = request.target.encode("ascii")
    return httpx2.Request(
        request.method,
        origin + request.target,
        headers=[*request.headers, ("User-Agent", USER_AGENT), ("Accept-Encoding", "gzip")],
        content=request.body if request.method == "POST" else None,
        extensions={"target": target},
    )


def what_is_proved(error: Exception) -> tuple[str, bool, bool]:
    """Why no answer came, whether the request may have left, and whether the time was up."""
    too_slow = isinstance(error, httpx2.TimeoutException)
    may_have_left = not isinstance(error, _NOTHING_LEFT)
    why = (TOO_SLOW if may_have_left else "no connection in time") if too_slow else describe(_root(error))
    return why, may_have_left, too_slow


def _root(error: BaseException) -> BaseException:
    """The operating system's or TLS's own error below those of the libraries, where there is one."""
    seen: BaseException | None = error
    found: BaseException = error
    while seen is not None:
        if isinstance(seen, BaseExceptionGroup):
            seen = seen.exceptions[0]
        if isinstance(seen, OSError):
            found = seen
        seen = seen.__cause__ or seen.__context__
    return found


def too_many(body: bytes | bytearray, config: Config) -> str | None:
    """Why this answer is not read, though it is not too large; None: it is."""
    try:
        check_count(body, config.max_message_values)
    except PayloadError as problem:
        return f"the answer has {problem}"
    return None
