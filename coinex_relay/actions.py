"""What a session asks of a feed, and what a feed asks for on NATS, as values."""

from __future__ import annotations

from typing import TypeAlias, final

from attrs import frozen

from coinex_proto.ids import TopicKey


@final
@frozen
class Wanted:
    """One topic that a session asks for."""

    tail: str
    key: TopicKey
    needs_whole: bool
    is_state: bool


@final
@frozen
class Follow:
    """Subscribe to the live subject; report `followed`."""

    tail: str


@final
@frozen
class Leave:
    """Follow it no more."""

    tail: str


@final
@frozen
class Replay:
    """Read stored messages of one subject up to now; report `replayed` with the same number."""

    tail: str
    number: int
    after: int
    """Begin with this sequence number of the stream; 0: with the last whole state, or the last message."""
    from_whole: bool


@final
@frozen
class FetchRoster:
    """Read what this relay carries; report `roster`."""

    relay: str


@final
@frozen
class Prove:
    """Have the server answer; report `proved` with the same number."""

    number: int
    """Of the session's request; below 0: of the feed's own probe."""


Action: TypeAlias = Follow | Leave | Replay | FetchRoster | Prove
