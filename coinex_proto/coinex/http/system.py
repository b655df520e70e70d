"""Whether CoinEx is there, what time it has, and when it will not be.

Source: CoinEx API v2, common.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from coinex_proto.coinex.http._routes import Route, get
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.fitting import EACH_ALONE
from coinex_proto.rows import Row


@frozen(kw_only=True)
class Pong(Row):
    """The answer to `Ping`.

    Nothing is essential: that it came is the answer.
    """

    result: str | None = None
    """Always "pong"."""


@frozen(kw_only=True)
class ServerTime(Row):
    """The venue's clock.

    Essential: all of it.
    """

    timestamp: int
    """Milliseconds."""


@frozen(kw_only=True)
class Maintenance(Row):
    """One window of maintenance.

    Essential: `started_at`.
    """

    started_at: int
    """Start of maintenance, milliseconds."""
    ended_at: int | None = None
    """End of maintenance, milliseconds."""
    scope: tuple[str, ...] = field(default=(), metadata=EACH_ALONE)
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

    route: ClassVar[Route] = get("/ping")


@frozen(kw_only=True)
class Time(HttpCommand[ServerTime]):
    """The venue's clock, to sign by. Source: CoinEx API v2, common/http/time."""

    route: ClassVar[Route] = get("/time")


@frozen(kw_only=True)
class Maintain(HttpCommand[tuple[Maintenance, ...]]):
    """Announced maintenance. In the protection period after it only cancels and maker_only limit orders are taken.

    Source: CoinEx API v2, common/http/maintain.
    """

    route: ClassVar[Route] = get("/maintain/info")
