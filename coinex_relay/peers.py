"""Which relays are alive, by their heartbeats, without I/O.

A heartbeat goes the same way as the data, through the stream, so that it proves all of it. One that has been dead is alive again
when two heartbeats in a row came at their pace: what a stopped relay or a stalled network had kept comes all at once, and
proves nothing of now. No clock but the consumer's counts. Must not know NATS, nor any venue.
"""

from __future__ import annotations

import math
from typing import Final, final

from attrs import Factory, define

from coinex_relay.messages import LOST_AFTER, Beat, Roster
from coinex_relay.probe import Grace

MOST: Final = 1000
"""Relays that are remembered: anybody who may publish may make up more."""


@final
@define
class Peer:
    """One relay, as a consumer sees it."""

    relay: str
    last_at: float = -math.inf
    number: int = -1
    is_alive: bool = False
    has_paced: bool = False
    """Two heartbeats came at their pace; alive as soon as it is known what it carries."""
    version: int = 0
    """Of the roster that is known; 0: none."""
    announced: int = 0
    """Of the roster that there is."""
    subjects: frozenset[str] = frozenset()
    lost: dict[str, str] = Factory(dict)
    deadline: float = math.inf
    sequence: int = 0
    """Of the stream, of its last heartbeat."""

    def carries(self, tail: str) -> bool:
        """Whether it is alive, has this subject and trusts it."""
        return self.is_alive and tail in self.subjects and tail not in self.lost


@final
class Peers:
    """All relays of one venue's socket."""

    def __init__(self) -> None:
        self.known: dict[str, Peer] = {}
        self._grace = Grace()

    def beat(self, beat: Beat, sequence: int, now: float) -> Peer | None:
        """A heartbeat came; None: there are too many relays."""
        peer = self.known.get(beat.relay)
        if peer is None:
            if len(self.known) >= MOST and not self._forget():
                return None
            peer = self.known[beat.relay] = Peer(beat.relay)
        pause = now - peer.last_at
        if peer.is_alive or (
            beat.number == peer.number + 1 and beat.every / 2 <= pause <= max(LOST_AFTER, 2 * beat.every)
        ):
            peer.has_paced = True
        elif pause > LOST_AFTER or beat.number != peer.number + 1:
            peer.has_paced = False
        peer.number, peer.last_at, peer.announced, peer.sequence = beat.number, now, beat.roster, sequence
        if peer.is_alive:
            peer.deadline = now + LOST_AFTER
        return peer

    def roster(self, roster: Roster) -> Peer | None:
        """What a relay carries."""
        peer = self.known.get(roster.relay)
        if peer is not None and roster.version >= peer.version:
            peer.version, peer.subjects, peer.lost = roster.version, frozenset(roster.subjects), dict(roster.lost)
        return peer

    def comes_alive(self, peer: Peer, now: float) -> bool:
        """Whether it is alive from now on, and was not."""
        if peer.is_alive or not peer.has_paced or not peer.version or now - peer.last_at > LOST_AFTER:
            return False
        peer.is_alive, peer.deadline = True, now + LOST_AFTER
        return True

    def died(self, peer: Peer) -> None:
        """Nothing of it counts until it comes alive again."""
        peer.is_alive = peer.has_paced = False
        peer.deadline = math.inf

    def next_deadline(self) -> float:
        """When `overdue` must be asked."""
        return self._grace.at(self._first_deadline())

    def overdue(self, now: float) -> list[Peer]:
        """Those whose heartbeat is missing."""
        if not self._grace.is_over(self._first_deadline(), now):
            return []
        return [peer for peer in self.known.values() if peer.deadline <= now]

    def _first_deadline(self) -> float:
        return min((peer.deadline for peer in self.known.values()), default=math.inf)

    def carriers(self, tail: str) -> list[Peer]:
        """The living relays that carry this subject and trust it."""
        return [peer for peer in self.known.values() if peer.carries(tail)]

    def have(self, tail: str) -> bool:
        """Whether a living relay has this subject, whether it trusts it or not."""
        return any(peer.is_alive and tail in peer.subjects for peer in self.known.values())

    def why_not(self, tail: str) -> str:
        """Why nobody vouches for this subject."""
        living = [peer for peer in self.known.values() if peer.is_alive]
        if not living:
            return "no relay is heard that publishes this venue's market data"
        doubts = [f"relay {peer.relay}: {peer.lost[tail]}" for peer in living if tail in peer.lost]
        return doubts[0] if doubts else f"no relay that is heard carries {tail}"

    def _forget(self) -> bool:
        dead = next((name for name, peer in self.known.items() if not peer.is_alive), None)
        if dead is not None:
            del self.known[dead]
        return dead is not None
