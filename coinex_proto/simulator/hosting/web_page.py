"""Who may see the page of a local exchange and work its controls; a page of any venue, without I/O.

Any web site that is open in the same browser can reach a server on this machine. So what works the exchange is given only
to a page that the exchange served itself: the `Origin` must be its own, and on loopback the `Host` must be a name of
this machine, or a foreign name that was made to lead here (DNS rebinding) would have the right origin. Where other machines
can reach it, names prove nothing, and a token is asked for.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from typing import Final

from attrs import field, frozen

from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse

PAGE_PATHS: Final = frozenset(("/", "/index.html"))
CONTROL_PATH: Final = "/control"
LOCAL_NAMES: Final = frozenset(("localhost", "127.0.0.1", "[::1]"))
LONGEST_NAME: Final = 80

_HOST: Final = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?", re.ASCII)
_NAMED: Final = re.compile(r"[?&]client=([\w.-]+)", re.ASCII)
_INLINE: Final = re.compile(rb"<(script|style)>(.*?)</\1>", re.DOTALL)


@frozen(kw_only=True)
class WebPage:
    """One page and who gets it."""

    html: bytes = field(repr=False)
    """All of it: its script and style stand in it, and nothing else is loaded."""
    names: frozenset[str] = LOCAL_NAMES
    """What this server is called, in small letters, as in `Host`; with a token any name will do."""
    token: str | None = field(default=None, repr=False)
    """What the control socket must be told first; None: whoever comes from a page of ours may work it."""

    def answer(self, request: HttpRequest) -> HttpResponse | None:
        """The page, or why it is not given; None for a request of something else."""
        if request.target.partition("?")[0] not in PAGE_PATHS:
            return None
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers=(("allow", "GET, HEAD"),))
        host = request.header("host")
        if not self._knows(host):
            return _refused("this exchange is not called so: use the address that it printed")
        return HttpResponse(
            body=self.html,
            headers=(
                ("content-type", "text/html; charset=utf-8"),
                ("content-security-policy", self._policy(host)),
                ("cache-control", "no-store"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
                ("referrer-policy", "no-referrer"),
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
            ),
        )

    def refusal(self, request: HttpRequest) -> HttpResponse | None:
        """Why this handshake gets no control socket; None: it gets one. A program that is no browser has no origin."""
        host, origins = request.header("host"), [value for name, value in request.headers if name == "origin"]
        if not self._knows(host):
            return _refused("this exchange is not called so")
        if any(origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower()) for origin in origins):
            return _refused("only a page of this exchange may work it")
        return None

    def _knows(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        return match is not None and (self.token is not None or match[1].lower() in self.names)

    def _policy(self, host: str) -> str:
        """What the page may do: run its own script, and talk to this server. `'self'` is not sockets in every browser."""
        inline = dict.fromkeys((b"script", b"style"), b"")
        for kind, text in _INLINE.findall(self.html):
            inline[kind] += b" 'sha256-" + b64encode(sha256(text).digest()) + b"'"
        return "; ".join(
            (
                "default-src 'none'",
                f"script-src{inline[b'script'].decode()}",
                f"style-src{inline[b'style'].decode()}",
                f"connect-src 'self' ws://{host} wss://{host}",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
                "require-trusted-types-for 'script'",
            )
        )


def client_name(request: HttpRequest) -> str:
    """What a client calls itself: `?client=NAME` of its URL, else its user agent; printable and short."""
    named = _NAMED.search(request.target)
    name = named[1] if named else request.header("user-agent")
    return "".join(character for character in name[:LONGEST_NAME] if character.isprintable())


def _refused(why: str) -> HttpResponse:
    return HttpResponse(status=403, body=f"{why}\n".encode(), headers=(("content-type", "text/plain; charset=utf-8"),))
