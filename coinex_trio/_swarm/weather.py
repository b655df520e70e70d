"""What goes wrong under one seed: which faults are on at all, and what the way of each connection is like.

Pure: a `Weather` is drawn from the seed, and each connection gets its `Way` from it in the order in which connections come.
"""

from __future__ import annotations

import math
from random import Random
from typing import Final, Literal, TypeAlias, final

from attrs import frozen

End: TypeAlias = Literal["fin", "rst", "hole", "stall"]
Direction: TypeAlias = Literal["up", "down", "both"]

QUICK: Final = 0.0005
"""Seconds, one way: no byte arrives in the moment in which it was sent."""
LATENCIES: Final = (0.002, 0.02, 0.15, 0.6)
LARGEST_SEGMENTS: Final = (3, 40, 600, 1460)
BANDWIDTHS: Final = (3_000.0, 20_000.0, 200_000.0)
"""Bytes a second."""
ROOMS: Final = (64, 700, 4000)
"""Bytes that may be on their way to the exchange; more is not taken from the client."""
NETWORK_FAULTS: Final = ("latency", "segments", "bandwidth", "room", "refused", "fin", "rst", "hole", "stall")
ENDS: Final[tuple[End, ...]] = ("fin", "rst", "hole", "stall")
DIRECTIONS: Final[tuple[Direction, ...]] = ("up", "down", "both")

VENUE_FAULTS: Final = {
    "coinex": (
        "every {t}s drop rst",
        "every {t}s drop fin",
        "every {t}s drop rst mid-frame",
        "every {t}s silence",
        "every {t}s stall {s}",
        "every {t}s slow 500 {s}",
        "every {t}s delay 1.5 {s}",
        "every {t}s sign-out",
        "every {t}s skew -90",
        "every {t}s pings off",
        "{p}% of depth.update lose",
        "{p}% of depth.update wrong-checksum",
        "{p}% of depth.update delta-first",
        "{p}% of messages corrupt",
        "{p}% of messages duplicate",
        "{p}% of connect http 503",
        "{p}% of connect http 429 3",
        "{p}% of connect hang",
        "{p}% of depth.subscribe ignore",
        "{p}% of order.subscribe lose-answer",
        "{p}% of server.ping late 9",
        "{p}% of /spot/order lose-answer",
        "{p}% of /spot/order ignore",
        "{p}% of /spot/order late 4",
        "{p}% of /spot/order http 502",
        "{p}% of /spot/cancel-order lose-answer",
        "{p}% of /spot/cancel-order http 500",
        "{p}% of /spot/pending-order http 503",
        "{p}% of /spot/order-status http 503",
        "{p}% of /futures/order lose-answer",
        "{p}% of /futures/cancel-order lose-answer",
        "{p}% of /futures/pending-order late 3",
    ),
    "qfex": (
        "every {t}s drop rst",
        "every {t}s drop fin",
        "every {t}s drop rst mid-frame",
        "every {t}s silence",
        "every {t}s stall {s}",
        "every {t}s slow 500 {s}",
        "every {t}s delay 1.5 {s}",
        "every {t}s pings off",
        "{p}% of level2 lose",
        "{p}% of level2 duplicate",
        "{p}% of messages corrupt",
        "{p}% of messages duplicate",
        "{p}% of connect http 503",
        "{p}% of connect hang",
        "{p}% of subscribe ignore",
        "{p}% of add_order lose-answer",
        "{p}% of add_order ignore",
        "{p}% of add_order late 4",
        "{p}% of cancel_order lose-answer",
        "{p}% of cancel_order ignore",
        "{p}% of get_user_orders ignore",
        "{p}% of get_user_trades late 3",
    ),
    "coinflex": (
        "every {t}s drop rst",
        "every {t}s drop fin",
        "every {t}s drop rst mid-frame",
        "every {t}s silence",
        "every {t}s stall {s}",
        "every {t}s slow 500 {s}",
        "every {t}s delay 1.5 {s}",
        "every {t}s pings off",
        "{p}% of messages corrupt",
        "{p}% of connect http 503",
        "{p}% of connect hang",
        "{p}% of WatchOrders ignore",
        "{p}% of WatchOrders lose-answer",
        "{p}% of PlaceOrder lose-answer",
        "{p}% of PlaceOrder ignore",
        "{p}% of PlaceOrder late 4",
        "{p}% of CancelOrder lose-answer",
        "{p}% of GetOrders ignore",
    ),
}
"""Faults of the local exchanges, by venue: {t} a time, {s} a short one, {p} a chance."""


@frozen(kw_only=True)
class Break:
    """How a way ends, or stands still for a while."""

    how: End
    direction: Direction = "both"
    """Of a hole: which bytes are swallowed. The others see both directions."""
    after_bytes: float = math.inf
    """Of the exchange, cut anywhere."""
    after_seconds: float = math.inf
    seconds: float = 0.0
    """Of a stall."""


@frozen(kw_only=True)
class Way:
    """What lies between a client and the exchange, for one connection."""

    latency: float = QUICK
    jitter: float = 0.0
    """At most so much more, for each segment."""
    largest_segment: int = 65536
    bandwidth: float = math.inf
    room: float = math.inf
    end: Break | None = None


@final
class Weather:
    """What a seed switches on, and the ways that it gives."""

    def __init__(self, venue: str, seed: int) -> None:
        self._random = random = Random(f"{venue}:{seed}:weather")
        count = random.choice((0, 1, 1, 2, 3, 5, len(NETWORK_FAULTS)))
        chosen = random.sample(NETWORK_FAULTS, count)
        self.network = tuple(fault for fault in NETWORK_FAULTS if fault in chosen)
        """Faults of the network that are on."""
        lines = VENUE_FAULTS[venue]
        self.venue = tuple(map(self._drawn, random.sample(lines, random.choice((0, 1, 2, 3, 6)))))
        """Faults of the exchange that are on, in the language of `faults=`."""
        self._slow = random.choice(LATENCIES)
        self.is_calm = False

    def _drawn(self, line: str) -> str:
        draw = self._random
        return line.format(t=draw.randint(7, 45), s=draw.randint(1, 12), p=draw.choice((3, 10, 30)))

    def refuses(self) -> bool:
        """Whether the next attempt to connect is refused."""
        return not self.is_calm and "refused" in self.network and self._random.random() < 0.35

    def way(self) -> Way:
        """What the next connection goes through."""
        draw, on = self._random, () if self.is_calm else self.network
        return Way(
            latency=self._slow * draw.uniform(0.5, 1.0) if "latency" in on else QUICK,
            jitter=self._slow if "latency" in on else 0.0,
            largest_segment=draw.choice(LARGEST_SEGMENTS) if "segments" in on else 65536,
            bandwidth=draw.choice(BANDWIDTHS) if "bandwidth" in on else math.inf,
            room=draw.choice(ROOMS) if "room" in on else math.inf,
            end=self._end([how for how in ENDS if how in on]),
        )

    def _end(self, possible: list[End]) -> Break | None:
        draw = self._random
        if not possible or draw.random() < 0.25:
            return None
        at_bytes = draw.random() < 0.5
        return Break(
            how=draw.choice(possible),
            direction=draw.choice(DIRECTIONS),
            after_bytes=draw.randint(0, draw.choice((300, 3_000, 30_000))) if at_bytes else math.inf,
            after_seconds=math.inf if at_bytes else draw.uniform(0, draw.choice((0.3, 5.0, 40.0))),
            seconds=draw.choice((0.5, 4.0, 15.0)),
        )
