"""What is known of the venue's clock, estimated from round trips.

A reply with the venue's time bounds the difference to our wall clock by half of its round trip, so the quickest of the
last few round trips is the best (the minimum filter of NTP, RFC 5905 section 10). What the peer says is not believed
blindly: values that cannot be are refused, and what is used for signing is bounded. This module must not know any venue
or clock: all times are arguments.
"""

from __future__ import annotations

from collections import deque
from typing import Final, final

from attrs import frozen

SAMPLES: Final = 8
"""So many round trips are compared."""
MAX_AGE: Final = 600.0
"""Seconds: an older round trip says nothing any more, since clocks drift and are set."""
SIGNING_LIMIT_NS: Final = 300 * 10**9
"""Five minutes: a peer that could move our clock further could make us sign a login that is valid much later."""

_MAX_ROUND_TRIP_NS: Final = 60 * 10**9
_MAX_SERVER_MS: Final = 253_402_300_799_999
"""The last millisecond of the year 9999."""
_MS_IN_NS: Final = 10**6
_DRIFT_NS: Final = 200_000
"""Nanoseconds a second that two clocks may drift apart: 200 ppm, far more than crystals do."""


@frozen
class _Sample:
    offset_ns: int
    error_ns: int
    at: float

    def contradicts(self, newer: _Sample) -> bool:
        """Whether not both can be true, unless one of the clocks was set in between."""
        drift = int((newer.at - self.at) * _DRIFT_NS)
        return abs(self.offset_ns - newer.offset_ns) > self.error_ns + newer.error_ns + drift


@final
class Clock:
    """The difference between the venue's clock and our wall clock."""

    __slots__ = ("_best", "_samples")

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES)
        self._best: _Sample | None = None

    def observe(self, sent_wall_ns: int, received_wall_ns: int, server_ms: int, now: float) -> bool:
        """Takes one round trip in; False (and nothing changes) when it cannot be true.

        `sent_wall_ns`, `received_wall_ns`: our wall clock when the question left and the answer came; `server_ms`: the
        answer, Unix milliseconds; `now`: seconds that never go back, tells how old a round trip is.
        """
        round_trip = received_wall_ns - sent_wall_ns
        if (
            type(server_ms) is not int
            or not 0 < server_ms <= _MAX_SERVER_MS
            or not 0 <= round_trip <= _MAX_ROUND_TRIP_NS
        ):
            return False
        # The venue cuts to whole milliseconds: half a one is the best guess, a whole one covers those that round.
        middle = server_ms * _MS_IN_NS + _MS_IN_NS // 2
        newest = _Sample(middle - (sent_wall_ns + received_wall_ns) // 2, round_trip - round_trip // 2 + _MS_IN_NS, now)
        kept = [s for s in self._samples if now - s.at <= MAX_AGE and not s.contradicts(newest)]
        self._samples = deque([*kept, newest], maxlen=SAMPLES)
        self._best = min(reversed(self._samples), key=lambda sample: sample.error_ns)
        return True

    def forget(self) -> None:
        """Our wall clock was set: what was measured against it says nothing any more."""
        self._samples.clear()
        self._best = None

    @property
    def is_known(self) -> bool:
        """Whether any round trip was seen."""
        return self._best is not None

    @property
    def offset_ns(self) -> int:
        """The venue's time minus ours in nanoseconds, as last measured; 0 while unknown."""
        return 0 if self._best is None else self._best.offset_ns

    @property
    def error_ns(self) -> int | None:
        """`offset_ns` is right to within so many nanoseconds, at the time it was measured; None while unknown."""
        return None if self._best is None else self._best.error_ns

    @property
    def signing_offset_ns(self) -> int:
        """`offset_ns`, but never more than five minutes either way: what signatures are dated with."""
        return max(-SIGNING_LIMIT_NS, min(SIGNING_LIMIT_NS, self.offset_ns))
