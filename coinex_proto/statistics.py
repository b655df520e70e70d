"""Counters of one session, which you can read at any time.

Plain attributes and no logic. They keep counting across reconnects. This
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
    """What one session sent and received, and what happened to it."""

    messages: int = 0
    """Whole WebSocket messages received."""
    bytes_in: int = 0
    """Bytes received from the transport."""
    bytes_out: int = 0
    """Bytes handed to the transport."""
    events: int = 0
    """Events returned by `next_event()`."""
    updates_by_topic: Counter[TopicKey] = Factory(Counter)
    """Updates delivered, by topic key with the market named; beyond 10,000 keys, new markets count as all markets."""

    connects: int = 0
    """Connections that became ready."""
    reconnects: int = 0
    """Connections that became ready after an earlier one."""
    pings: int = 0
    """Pings sent."""
    ping_round_trip: float | None = None
    """Seconds until the last answered ping was answered; None before the first."""

    gaps: int = 0
    """`Lost` events: times at which something may have been missed."""
    checksums_passed: int = 0
    """Order-book checksums that matched."""
    checksums_failed: int = 0
    """Order-book checksums that did not match; each makes its book untrusted."""

    absent_deletes: int = 0
    """Book levels the venue removed that were not there: harmless if the checksum matches."""
    late_pushes: int = 0
    """Updates dropped because nobody was subscribed to their topic any more."""
    duplicates: int = 0
    """Trades and own fills dropped because they had been delivered before."""
    order_differences: int = 0
    """Own orders that differed from the venue's list of open orders, each time it was compared."""
    stray_answers: int = 0
    """Answers to nothing; an answer that comes after its request timed out does not count."""
    unrecognised: int = 0
    """`Unrecognised` events of any cause, including those in `decode_failures`."""
    decode_failures: int = 0
    """Messages that could not be decompressed or decoded and may have been pushes: something is missing."""
    private_checks: int = 0
    """Requests sent only to check the sign-in."""
    unreadable_fields: int = 0
    """Fields of pushes that could not be read (empty, or of another type): they are None, and the rest of
    the push was used."""
    timeouts: int = 0
    """Requests without an answer in time."""
