"""The two streams of a CoinFLEX connection: replies, which may overtake each other, and notices, which keep their order.

They are not in step: each message is held up a little, by chance from the seed. Source: CoinFLEX API v1, "message classes".
"""

from __future__ import annotations

import json
import math
from heapq import heappop, heappush
from random import Random
from typing import Any, Final

from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.hosting.fault_runner import FaultRunner

DELAYS: Final = (0.0, 0.0, 0.001, 0.003)
"""Seconds that a message is held up."""

Message = dict[str, Any]


class Streams:
    """Everything that is on its way to clients."""

    def __init__(self, faults: FaultRunner, seed: int | str, *, is_in_step: bool) -> None:
        self._faults = faults
        self._random = Random(f"{seed}:streams")
        self._is_in_step = is_in_step
        self._posted: list[tuple[float, int, ServerConnection, str, bytes]] = []
        """When, a number against ties, to whom, its name, and the text."""
        self._posts = 0
        self._noticed_at: dict[ServerConnection, float] = {}
        """When the last notice of a connection goes out: the next comes after it."""

    @property
    def next_at(self) -> float:
        """When the next message goes out; infinity for none."""
        return self._posted[0][0] if self._posted else math.inf

    def reply(self, connection: ServerConnection, reply: Message, now: float) -> None:
        """Send a reply."""
        self._post(now + self._delay(), now, connection, "reply", reply)

    def notify(self, connection: ServerConnection, notice: Message, now: float, delay: float = 0.0) -> None:
        """Send a notice, not before so many seconds."""
        at = max(self._noticed_at.get(connection, 0.0), now + max(delay, self._delay()))
        self._noticed_at[connection] = at
        self._post(at, now, connection, notice["notice"], notice)

    def deliver(self, now: float) -> None:
        """Send what is due."""
        while self._posted and self._posted[0][0] <= now:
            _, _, connection, name, payload = heappop(self._posted)
            self._send(connection, name, payload)

    def forget(self, connection: ServerConnection) -> None:
        """This connection is gone."""
        self._noticed_at.pop(connection, None)

    def _delay(self) -> float:
        return 0.0 if self._is_in_step else self._random.choice(DELAYS)

    def _post(self, at: float, now: float, connection: ServerConnection, name: str, message: Message) -> None:
        payload = json.dumps(message, separators=(",", ":")).encode("ascii")
        if at <= now:
            self._send(connection, name, payload)
            return
        self._posts += 1
        heappush(self._posted, (at, self._posts, connection, name, payload))

    def _send(self, connection: ServerConnection, name: str, payload: bytes) -> None:
        if connection.wants_close is not None:
            return
        self._faults.push_text(connection, name, payload)
