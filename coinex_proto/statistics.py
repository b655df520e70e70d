"""Counters of one session, for people and monitors to read at any time.

Plain attributes and no logic: whoever sees a thing happen adds to its counter. They count on across reconnects. This
module must not know any venue.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, final

from attrs import Factory, define

if TYPE_CHECKING:
    from coinex_proto.ids import TopicKey


@final
@define(kw_only=True)
class Statistics:
    """What one session sent and received, and what became of it."""

    messages: int = 0
    """Whole WebSocket messages received."""
    bytes_in: int = 0
    """Bytes received from the transport."""
    bytes_out: int = 0
    """Bytes handed to the transport."""
    events: int = 0
    """Events handed out by `next_event()`."""
    updates_by_topic: Counter[TopicKey] = Factory(Counter)
    """Updates delivered, by topic key with the market named; beyond 10,000 keys, new markets count as all markets."""

    connects: int = 0
    """Connections that became ready."""
    reconnects: int = 0
    """Connections that became ready after an earlier one had been."""
    pings: int = 0
    """Pings sent."""
    ping_round_trip: float | None = None
    """Seconds that the last answered ping took; None before the first."""

    gaps: int = 0
    """`Lost` events: times at which something may have been missed."""
    checksums_passed: int = 0
    """Order-book checksums that agreed."""
    checksums_failed: int = 0
    """Order-book checksums that did not; each makes its book untrusted."""

    absent_deletes: int = 0
    """Levels of order books that the venue removed and that were not there: harmless where a checksum fits."""
    late_pushes: int = 0
    """Updates dropped, since their topic was no longer wanted."""
    duplicates: int = 0
    """Trades and own fills taken out, since they had been delivered before."""
    order_differences: int = 0
    """Own orders that were not as the venue listed them, each time the list of open orders was compared."""
    stray_answers: int = 0
    """Answers that nobody waited for; not those that come after the time-out of their request."""
    unrecognised: int = 0
    """`Unrecognised` events of any cause, those of `decode_failures` too."""
    decode_failures: int = 0
    """What could not be inflated or decoded and may have been a push: something is missing."""
    private_checks: int = 0
    """Requests that only prove the sign-in."""
    unreadable_fields: int = 0
    """Members of pushes that were sent and could not be read (empty, or of another type): they are None, and the rest of
    their push was read."""
    timeouts: int = 0
    """Requests without an answer in time."""
