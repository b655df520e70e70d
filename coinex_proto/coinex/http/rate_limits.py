"""When a command may leave: the venue's rate limits, one bucket a group and one for the address.

It trusts the venue's own count where an answer brings one (X-RateLimit headers), but only downwards: answers that are
still on their way have not been counted yet. No clock: `now` is seconds on any clock that never goes back.
Source: CoinEx API v2, "Rate limit".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, final

from coinex_proto._connection.token_bucket import Bucket
from coinex_proto.coinex.http._routes import IP_GROUP, LIMITS
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.errors import RateLimited
from coinex_proto.config import Rate

_LIMIT = "x-ratelimit-limit"
_REMAINING = "x-ratelimit-remaining"
_LONG_CYCLE = "x-ratelimit-longperiod-"


@final
class RateLimits:
    """The buckets of one account at one address."""

    def __init__(self) -> None:
        self._rates = dict(LIMITS)
        self._buckets = {group: Bucket(rate) for group, rate in LIMITS.items()}
        self.long_cycles: Mapping[str, int] = {}
        """Units left in the cycles of hours, as the venue last said: {"1H": 9000}. Empty: it has not said."""

    def wait(self, command: HttpCommand[Any], now: float) -> float:
        """Seconds until the command may leave; 0.0 means now."""
        group, cost = command.route.group, command.cost
        return max(self._buckets[group].wait(cost, now), self._buckets[IP_GROUP].wait(1, now))

    def take(self, command: HttpCommand[Any], now: float) -> float:
        """Takes the command's cost and gives 0.0, or gives the seconds to wait and takes nothing.

        Raises `RateLimited` for a command that must leave now or not at all.
        """
        seconds = self.wait(command, now)
        route = command.route
        if seconds > 0:
            if not route.may_wait:
                raise RateLimited(endpoint=str(route), group=route.group, seconds=seconds)
            return seconds
        self._buckets[IP_GROUP].take(1, now)
        if route.group != IP_GROUP:
            self._buckets[route.group].take(command.cost, now)
        return 0.0

    def note(self, command: HttpCommand[Any], headers: Iterable[tuple[str, str]], now: float) -> None:
        """Takes over what the answer says of the command's group."""
        said = {name.lower(): value for name, value in headers}
        group = command.route.group
        limit = _count(said.get(_LIMIT))
        if limit is not None and limit > 0 and limit != self._rates[group].per_second:
            believed = self._left(group, now)
            self._rates[group] = Rate(per_second=limit, burst=limit)
            self._buckets[group] = Bucket(self._rates[group])
            self._lower(group, believed, now)
        cycles = {name: _count(value) for name, value in said.items() if name.startswith(_LONG_CYCLE)}
        if cycles:
            self.long_cycles = {
                name.removeprefix(_LONG_CYCLE).removesuffix("-remaining").upper(): int(left)
                for name, left in cycles.items()
                if left is not None
            }
        remaining = _count(said.get(_REMAINING))
        if remaining is not None:
            self._lower(group, remaining, now)

    def empty(self, command: HttpCommand[Any], now: float) -> None:
        """After "too many requests": nothing of this group leaves until the command's cost has been regained."""
        self._lower(command.route.group, 0.0, now)

    def _left(self, group: str, now: float) -> float:
        rate = self._rates[group]
        return rate.burst - self._buckets[group].wait(rate.burst, now) * rate.per_second

    def _lower(self, group: str, left: float, now: float) -> None:
        self._buckets[group].take(max(0.0, self._left(group, now) - left), now)


def _count(text: str | None) -> float | None:
    """A header's number; anything else is as good as absent."""
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
