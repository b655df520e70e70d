"""Which relays count as alive, and for what, by their heartbeats."""

import math

from coinex_relay import peers as module
from coinex_relay.messages import BEAT_EVERY, LOST_AFTER, Beat, Roster
from coinex_relay.peers import Peer, Peers
from coinex_relay.probe import LATE

START = 100.0


def beat(number: int, relay: str = "one", roster: int = 1) -> Beat:
    return Beat(relay=relay, number=number, every=BEAT_EVERY, roster=roster)


def roster(version: int = 1, subjects: tuple[str, ...] = ("a", "b"), **lost: str) -> Roster:
    return Roster(relay="one", version=version, subjects=subjects, lost=lost)


def paced(peers: Peers, count: int, start: float = START, first: int = 1) -> tuple[Peer, float]:
    """So many heartbeats at their pace; the time of the last."""
    for at in range(count):
        peer = peers.beat(beat(first + at), 10 + at, start + at * BEAT_EVERY)
    assert peer is not None
    return peer, start + (count - 1) * BEAT_EVERY


def alive() -> tuple[Peers, Peer, float]:
    peers = Peers()
    peer, now = paced(peers, 2)
    peers.roster(roster())
    assert peers.comes_alive(peer, now)
    return peers, peer, now


def test_two_heartbeats_at_their_pace_and_a_roster_make_a_relay_alive_once() -> None:
    peers = Peers()
    peer, now = paced(peers, 1)
    peers.roster(roster())
    assert not peers.comes_alive(peer, now)
    peer, now = paced(peers, 1, now + BEAT_EVERY, 2)
    assert not peers.carriers("a")
    assert peers.comes_alive(peer, now)
    assert not peers.comes_alive(peer, now)
    assert peers.carriers("a") == [peer]
    assert peers.carriers("c") == []


def test_before_it_is_known_what_a_relay_carries_it_is_not_alive() -> None:
    peers = Peers()
    peer, now = paced(peers, 2)
    assert not peers.comes_alive(peer, now)
    peers.roster(roster())
    assert peers.comes_alive(peer, now)


def test_a_roster_that_comes_long_after_the_last_heartbeat_makes_nobody_alive() -> None:
    peers = Peers()
    peer, now = paced(peers, 2)
    peers.roster(roster())
    assert not peers.comes_alive(peer, now + LOST_AFTER + 0.01)
    assert peers.comes_alive(peer, now + LOST_AFTER)


def test_heartbeats_that_come_all_at_once_prove_nothing() -> None:
    peers = Peers()
    peers.beat(beat(1), 10, START)
    peers.roster(roster())
    for number in range(2, 9):
        peer = peers.beat(beat(number), 10 + number, START + number * 0.001)
    assert peer is not None
    assert not peers.comes_alive(peer, START + 0.01)


def test_a_heartbeat_that_is_missing_or_late_begins_the_count_anew() -> None:
    for second, third in ((2, 4), (2, 3)):
        peers = Peers()
        paced(peers, second)
        peers.roster(roster())
        pause = BEAT_EVERY if third == 4 else 2 * LOST_AFTER
        now = START + BEAT_EVERY + pause
        peer = peers.beat(beat(third), 20, now)
        assert peer is not None
        assert not peers.comes_alive(peer, now)
        peer, now = paced(peers, 1, now + BEAT_EVERY, third + 1)
        assert peers.comes_alive(peer, now)


def test_a_living_relay_may_miss_heartbeats_until_its_time_is_over() -> None:
    peers, peer, now = alive()
    assert peers.next_deadline() == now + LOST_AFTER
    assert peers.overdue(now + LOST_AFTER - 0.01) == []
    now += LOST_AFTER - 0.01
    peers.beat(beat(9), 20, now)
    assert peers.overdue(now + LOST_AFTER - 0.01) == []
    assert peers.overdue(now + LOST_AFTER) == [peer]
    peers.died(peer)
    assert peers.carriers("a") == []
    assert peers.next_deadline() == math.inf
    assert peers.overdue(now + 100.0) == []


def test_asked_late_a_relay_has_a_moment_for_what_is_still_to_be_read() -> None:
    peers, peer, now = alive()
    late = now + 60.0
    assert peers.overdue(late) == []
    assert peers.next_deadline() == late + LATE
    peers.beat(beat(3), 20, late + LATE / 2)
    assert peers.overdue(late + LATE) == []
    assert peer.is_alive


def test_one_that_died_must_come_at_its_pace_again() -> None:
    peers, peer, now = alive()
    peers.died(peer)
    assert not peers.comes_alive(peer, now)
    now += 10.0
    peers.beat(beat(50), 20, now)
    assert not peers.comes_alive(peer, now)
    _, now = paced(peers, 1, now + BEAT_EVERY, 51)
    assert peers.comes_alive(peer, now)


def test_what_a_relay_has_lost_it_does_not_carry_and_an_older_roster_changes_nothing() -> None:
    peers, peer, _ = alive()
    peers.roster(roster(2, ("a", "b", "c"), b="the venue is away"))
    assert [bool(peers.carriers(tail)) for tail in "abc"] == [True, False, True]
    peers.roster(roster(1))
    assert peer.lost == {"b": "the venue is away"}
    assert [bool(peers.carriers(tail)) for tail in "abc"] == [True, False, True]


def test_the_place_in_the_stream_is_that_of_the_last_heartbeat() -> None:
    peers = Peers()
    peer, _ = paced(peers, 3)
    assert (peer.sequence, peer.announced) == (12, 1)


def test_the_roster_of_an_unknown_relay_is_not_kept() -> None:
    peers = Peers()
    assert peers.roster(roster()) is None
    assert peers.known == {}


def test_of_too_many_relays_a_dead_one_is_forgotten_and_a_living_one_never() -> None:
    peers, peer, now = alive()
    for number in range(module.MOST - 1):
        assert peers.beat(beat(1, f"made-up-{number}"), 1, now) is not None
    assert peers.beat(beat(1, "one more"), 1, now) is not None
    assert len(peers.known) == module.MOST
    assert "made-up-0" not in peers.known
    assert peers.known["one"] is peer
    for other in peers.known.values():
        other.is_alive = True
    assert peers.beat(beat(1, "too many"), 1, now) is None
    assert peers.beat(beat(3), 1, now) is peer
