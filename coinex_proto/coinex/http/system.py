"""Whether CoinEx is there, what time it has, and when it will not be.

Source: CoinEx API v2, common.
"""

from __future__ import annotations

from attrs import frozen

from coinex_proto.coinex.http._routes import get
from coinex_proto.coinex.http.command import HttpCommand


@frozen(kw_only=True)
class Pong:
    """The answer to `Ping`."""

    result: str
    """Always "pong"."""


@frozen(kw_only=True)
class ServerTime:
    """The venue's clock."""

    timestamp: int
    """Milliseconds."""


@frozen(kw_only=True)
class Maintenance:
    """One window of maintenance."""

    started_at: int
    """Start of maintenance, milliseconds."""
    ended_at: int
    """End of maintenance, milliseconds."""
    scope: tuple[str, ...]
    """FUTURES, SPOT or ALL_SITE."""
    announce_url: str | None = None
    """Announcement link, may be empty."""
    announce_enabled: bool | None = None
    """Whether a link exists."""
    protect_duration_start: int | None = None
    """Start of protection period, milliseconds; 0 when none."""
    protect_duration_end: int | None = None
    """End of protection period, milliseconds; 0 when none."""


@frozen(kw_only=True)
class Ping(HttpCommand[Pong]):
    """Whether the service answers. Source: CoinEx API v2, common/http/ping."""

    route = get("/ping")


@frozen(kw_only=True)
class Time(HttpCommand[ServerTime]):
    """The venue's clock, to sign by. Source: CoinEx API v2, common/http/time."""

    route = get("/time")


@frozen(kw_only=True)
class Maintain(HttpCommand[tuple[Maintenance, ...]]):
    """Announced maintenance. In the protection period after it only cancels and maker_only limit orders are taken.

    Source: CoinEx API v2, common/http/maintain.
    """

    route = get("/maintain/info")
