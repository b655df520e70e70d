"""A link that holds bytes up: delayed, slow or frozen for a while.  Bytes come out in order and none is lost."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

PIECES_A_SECOND: Final = 20


class Link:
    """One direction of a connection."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._delay = (0.0, -math.inf)
        """Seconds, and until when."""
        self._rate = (0.0, -math.inf)
        """Bytes a second, and until when."""
        self.frozen_until: float = -math.inf
        """Nothing comes out before."""
        self._last_at = -math.inf

    def delay(self, seconds: float, until: float) -> None:
        """Everything put in before `until` comes out so much later."""
        self._delay = (seconds, until)

    def slow_down(self, bytes_per_second: float, until: float) -> None:
        """What comes out before `until` drips; then the rest comes at once."""
        self._rate = (bytes_per_second, until)

    def freeze(self, until: float) -> None:
        """Nothing comes out before."""
        self.frozen_until = max(until, self.frozen_until)

    def put(self, data: bytes, now: float) -> None:
        """Send bytes on their way."""
        seconds, until = self._delay
        at = max(self._last_at, now + seconds if now < until else now)
        rate, until = self._rate
        size = max(1, int(rate / PIECES_A_SECOND)) if at < until else len(data) or 1
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            if at < until:
                at = min(at + len(piece) / rate, until)
            self._waiting.append((at, piece))
        self._last_at = at

    def take(self, now: float) -> bytes:
        """What has arrived by now."""
        arrived = []
        while self._waiting and max(self._waiting[0][0], self.frozen_until) <= now:
            arrived.append(self._waiting.popleft()[1])
        return b"".join(arrived)

    @property
    def next_at(self) -> float:
        """When `take` has something to give; infinity for never."""
        return max(self._waiting[0][0], self.frozen_until) if self._waiting else math.inf

    def is_clear(self, now: float) -> bool:
        """Whether bytes would come out as they are put in."""
        return not self._waiting and now >= max(self.frozen_until, self._delay[1], self._rate[1])
