"""When a connection must prove that its peer is still there, and whether it did.

A ping is due one interval after our last text, since venues cut silent clients; or one interval after the peer's last
proof, when our own texts go unanswered. After a ping any whole message is proof; single bytes are none. Where more time has
passed than the peer may have outlived, what comes may have been sent before: then the answer to a new ping alone is proof.

Data does not prove that it is fresh: a peer that answers pings and leaves two unanswered is far behind, whatever comes. A
request always gets an answer; that WebSocket pings do is known when the first one has. After two requests without an answer the
peer may not hear us at all: a ping leaves at once, and from then on pings have to be answered as well.
This module must not know how a ping looks.
"""

from __future__ import annotations

import math
from typing import Final, final

from coinex_proto.config import Config

CLOCK_EVERY: Final = 300.0
"""Seconds after which the venue's clock is asked again, together with a ping."""

MOST_UNANSWERED: Final = 2
"""Requests in a row that may time out before a peer has to show that it hears us."""


@final
class Heartbeat:
    """When one connection was last proved, and when it must be again."""

    __slots__ = (
        "_answers",
        "_clock_due_at",
        "_interval",
        "_lag_due_at",
        "_last_text_at",
        "_proof_due_at",
        "_timeout",
        "_unanswered_at",
        "_unanswered_requests",
        "doubted_at",
        "fresh_at",
        "last_proof_at",
        "pinged_at",
    )

    def __init__(self, config: Config, *, answers: bool = False) -> None:
        """`answers`: the peer is known to answer pings."""
        self._answers = answers
        self._interval = config.ping_interval
        self._timeout = config.ping_timeout
        self._last_text_at = 0.0
        self._proof_due_at: float | None = None
        self._clock_due_at = -math.inf
        self.last_proof_at: float = 0.0
        """When the peer last proved that it is there."""
        self.pinged_at: float = 0.0
        """When the last ping left, or the connection began."""
        self._unanswered_at: float | None = None
        self._unanswered_requests = 0
        self._lag_due_at: float | None = None
        """After the second unanswered ping: when only an answer will have done."""
        self.fresh_at: float = 0.0
        """When the latest ping that was answered had left, or the connection began: what came after the answer is no older."""
        self.doubted_at: float | None = None
        """Since when only the answer to a later ping is proof; None, nearly always: any whole message is."""

    def start(self, now: float) -> None:
        """The connection is new."""
        self._last_text_at = self.last_proof_at = self.fresh_at = self.pinged_at = now

    def texted(self, now: float) -> None:
        """We said something. That puts the next ping off, but not for ever, and not while one waits for its answer."""
        if now - self.pinged_at < self._interval and not self.lags():
            self._last_text_at = now

    def proved(self, now: float) -> None:
        """The peer said something whole."""
        if self.doubted_at is None:
            self.last_proof_at = now
            self._proof_due_at = self._lag_due_at  # nearly always None

    def doubted(self, now: float) -> None:
        """Whatever comes may be old: a ping must leave at once."""
        self.doubted_at = now
        self._proof_due_at = self._lag_due_at = None

    def answered(self, pinged_at: float, now: float) -> bool:
        """A ping that left then was answered. True: that ended a doubt."""
        self._answers, self.fresh_at = True, pinged_at
        self._unanswered_at = None if pinged_at >= self.pinged_at else self.pinged_at
        self._lag_due_at = None
        was_doubted = self.doubted_at is not None
        if self.doubted_at is not None and pinged_at >= self.doubted_at:
            self.doubted_at = None
        self.proved(now)
        return was_doubted and self.doubted_at is None

    def request_timed_out(self) -> None:
        """A request was not answered, as where only what we send is lost."""
        self._unanswered_requests += 1
        if self._unanswered_requests == MOST_UNANSWERED:
            self._answers = True
            self._last_text_at = -math.inf

    def request_answered(self) -> None:
        """The peer hears us."""
        self._unanswered_requests = 0

    def clock_was_set(self) -> None:
        """The venue's clock is to be asked with the next ping."""
        self._clock_due_at = -math.inf

    def pinged(self, now: float) -> None:
        """A ping left: from now on a proof is waited for."""
        self._lag_due_at = now + self._timeout if self.lags() else None
        if self._unanswered_at is None:
            self._unanswered_at = now
        self._last_text_at = self.pinged_at = now
        self._proof_due_at = now + self._timeout

    @property
    def is_waiting(self) -> bool:
        """A ping left, and nothing whole has come since."""
        return self._proof_due_at is not None

    def lags(self) -> bool:
        """This peer answers pings, and has left one unanswered."""
        return self._answers and self._unanswered_at is not None

    def is_stale(self) -> bool:
        """When the proof was due: whether data came, which is old. Then nothing later than the last answer is proved."""
        if self.last_proof_at < self.pinged_at:
            return False
        self.last_proof_at = self.fresh_at
        return True

    def due(self) -> float:
        """When the next ping is due or, after one, the proof."""
        if self._proof_due_at is not None:
            return self._proof_due_at
        return min(self._last_text_at, self.last_proof_at) + self._interval

    def asks_clock(self, now: float) -> bool:
        """Whether the venue's clock should be asked with this ping; asking is what it counts from."""
        if now < self._clock_due_at:
            return False
        self._clock_due_at = now + CLOCK_EVERY
        return True
